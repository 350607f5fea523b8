"""What was measured. Definitions of every figure are in the README, section "What is measured"."""

import math
from typing import Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    model_validator,
)

_HOURS = 24
FORECAST_TOLERANCE = 0.005
"""Part of an error by which a device's may differ from this machine's, and by which single forecasts may."""


class _Measured(BaseModel):
    # A figure that is not finite could be written to no JSON and set beside no other.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class Timing(_Measured):
    """Quantiles of one repeated call, in milliseconds."""

    median_ms: NonNegativeFloat
    p90_ms: NonNegativeFloat
    p99_ms: NonNegativeFloat
    max_ms: NonNegativeFloat | None = None
    num_runs: NonNegativeInt
    warmup_runs: NonNegativeInt


class ThreadTiming(_Measured):
    """Times of one trial on a device with one number of threads."""

    num_threads: int
    slowed: bool = Field(description="The board was throttled meanwhile.")
    feature: Timing
    inference: Timing
    total: Timing


class Conditions(_Measured):
    """State of a board; None where it does not tell."""

    temperature_c: float | None = None
    governor: str | None = None
    frequency_hertz: float | None = None
    throttled: dict[str, tuple[str, ...]] | None = Field(None, description="What slows it `now`, and `since_boot`.")
    slowed: bool = False
    load_1min: float | None = None


class ClipDifference(_Measured):
    """A clip that the device and this machine answered differently."""

    clip: str
    label: str = Field(description="The true one.")
    here: str = Field(description="This machine's answer.")
    there: str = Field(description="The device's answer.")


class DeviceAccuracy(_Measured):
    """Accuracy of the deployed file on the device, beside this machine's on the same clips."""

    num_clips: int
    num_right: int
    num_right_here: int
    differences: tuple[ClipDifference, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether both accuracies are equal within half a point."""
        return abs(self.num_right - self.num_right_here) <= 0.005 * self.num_clips


class ForecastDifference(_Measured):
    """A value that the device and this machine forecast differently."""

    time_s: int = Field(description="When the forecast was made, in the clock of the file.")
    name: str = Field(description="Column of the quantity.")
    horizon: int = Field(description="Steps ahead, from 1.")
    here: float
    there: float


class DeviceQuantity(_Measured):
    """Mean absolute error of one quantity on the device, beside this machine's on the same windows."""

    name: str
    unit: str
    mae: float
    mae_here: float

    @property
    def agrees(self) -> bool:
        """Whether both errors are equal within half a percent."""
        return abs(self.mae - self.mae_here) <= FORECAST_TOLERANCE * self.mae_here


class DeviceErrors(_Measured):
    """Errors of the deployed file on the device, beside this machine's on the same windows."""

    num_windows: int
    quantities: tuple[DeviceQuantity, ...]
    num_differences: int = Field(0, description="Values that differ by more than half a percent of the error.")
    differences: tuple[ForecastDifference, ...] = Field((), description="The largest of them first.")

    @property
    def agrees(self) -> bool:
        """Whether the errors of all quantities are equal within half a percent."""
        return all(quantity.agrees for quantity in self.quantities)


class DeviceRun(_Measured):
    """What else a benchmark on a device found."""

    board: str
    machine: str
    cores: int
    python: str
    runtime: str
    release: str = Field(description="Folder of the deployed files that were measured.")
    by_threads: tuple[ThreadTiming, ...]
    before: Conditions
    after: Conditions
    resident_bytes: int
    peak_resident_bytes: int
    accuracy: DeviceAccuracy | None = Field(None, description="None where the clips were not at hand.")
    errors: DeviceErrors | None = Field(None, description="Of a forecast; None where the file was not at hand.")


class Latency(_Measured):
    """Time per clip at batch 1 on one device. `total` is measured as a whole, not added up."""

    device: str
    num_threads: int
    feature: Timing
    inference: Timing
    total: Timing
    reference_trial: str = Field("", description="Trial measured beside it in the same session.")
    reference_total_ms: NonNegativeFloat | None = Field(None, description="That trial's median total, same session.")
    contended: bool = Field(False, description="Other trials were training meanwhile: too high, to be measured again.")
    emulated: bool = False
    slowed: bool = Field(False, description="The board was throttled before, meanwhile or after.")
    run: DeviceRun | None = Field(None, description="None for this machine.")

    @property
    def saving(self) -> float | None:
        """1 − total ÷ total of the reference trial, None without one."""
        if not self.reference_total_ms:
            return None
        return 1 - self.total.median_ms / self.reference_total_ms


class LabelScore(_Measured):
    """How one label fared on the test part, as fractions; None where nothing could be counted."""

    label: str
    num_clips: int
    precision: float | None
    recall: float | None


class Classification(_Measured):
    """Judgement of a `.tflite` file on clips, run by the LiteRT interpreter."""

    kind: Literal["classification"] = "classification"
    labels: tuple[str, ...]
    confusion: tuple[tuple[NonNegativeInt, ...], ...] = Field(
        description="Rows: true label; columns: predicted label; clips."
    )
    per_label: tuple[LabelScore, ...]

    @model_validator(mode="after")
    def _of_some_clips(self) -> "Classification":
        size = len(self.labels)
        if len(self.per_label) != size or [len(row) for row in self.confusion] != [size] * size:
            raise ValueError(f"must have {size} rows and columns, and {size} scores, for as many labels")
        if not self.num_clips:
            raise ValueError("must be of at least one clip")
        return self

    @property
    def num_clips(self) -> int:
        """Clips judged."""
        return sum(sum(row) for row in self.confusion)

    @property
    def num_right(self) -> int:
        """Clips whose label was predicted."""
        return sum(row[index] for index, row in enumerate(self.confusion))

    @property
    def accuracy(self) -> float:
        """Fraction predicted right."""
        return self.num_right / self.num_clips

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the accuracy (Wilson 1927) from the number of clips."""
        return wilson_interval(self.num_right, self.num_clips)

    @property
    def balanced_accuracy(self) -> float:
        """Mean recall of the labels that have clips: chance is 1 ÷ their number, however many clips each has."""
        recalls = [row[index] / sum(row) for index, row in enumerate(self.confusion) if sum(row)]
        return math.fsum(recalls) / len(recalls)

    @property
    def largest_label(self) -> str:
        """Label of most clips."""
        return self.labels[max(range(len(self.labels)), key=lambda index: sum(self.confusion[index]))]

    @property
    def largest_share(self) -> float:
        """Part of the clips that are of that label: the accuracy of always saying it."""
        return max(map(sum, self.confusion)) / self.num_clips


class Errors(_Measured):
    """Mean absolute errors of forecasts of one quantity, in its unit."""

    by_horizon: tuple[NonNegativeFloat, ...] = Field(min_length=1, description="From the next step to the last.")
    by_hour: tuple[NonNegativeFloat | None, ...] = Field(
        min_length=_HOURS,
        max_length=_HOURS,
        description="Of forecasts for a time within each hour of the day, from 0; None where there is none.",
    )

    @property
    def mae(self) -> float:
        """Mean over all horizons."""
        return math.fsum(self.by_horizon) / len(self.by_horizon)


class QuantityErrors(_Measured):
    """How one quantity was forecast: by the file, and by what any model must beat."""

    name: str = Field(description="Column of the quantity.")
    unit: str
    file: Errors
    persistence: Errors = Field(description="Of the latest value as the forecast for all steps.")
    linear: Errors | None = Field(
        None,
        description="Of a linear model of all inputs, fitted to the training part; None for a file without its own.",
    )

    @property
    def rivals(self) -> tuple[Errors, ...]:
        """The file's errors and those of the baselines that there are: of persistence, of a linear model."""
        fitted = () if self.linear is None else (self.linear,)
        return (self.file, self.persistence, *fitted)

    @property
    def gain(self) -> float | None:
        """1 − error ÷ error of persistence; None where that is never wrong."""
        return gain_over(self.persistence.mae, self.file.mae)

    @property
    def is_worse_than_persistence(self) -> bool:
        """Whether saying that nothing changes would have been better."""
        return self.file.mae > self.persistence.mae


class Forecast(_Measured):
    """Judgement of a `.tflite` file on windows of the test part, run by the LiteRT interpreter."""

    kind: Literal["forecast"] = "forecast"
    quantities: tuple[QuantityErrors, ...] = Field(min_length=1)
    step_minutes: PositiveFloat
    num_windows: PositiveInt

    @property
    def worse_than_persistence(self) -> tuple[str, ...]:
        """Names of the quantities for which the file is no use."""
        return tuple(found.name for found in self.quantities if found.is_worse_than_persistence)


Quality = Classification | Forecast


def gain_over(persistence_mae: float, mae: float) -> float | None:
    """Return what part of persistence's error is gained; None where nothing ever changes, and it has none."""
    return 1 - mae / persistence_mae if persistence_mae > 0 else None


def wilson_interval(num_right: int, num_clips: int) -> tuple[float, float]:
    """Return the 95 % interval of a fraction (Wilson 1927)."""
    z = 1.959964
    share = num_right / num_clips
    centre = (share + z * z / (2 * num_clips)) / (1 + z * z / num_clips)
    half = z / (1 + z * z / num_clips) * math.sqrt(share * (1 - share) / num_clips + z * z / (4 * num_clips**2))
    return centre - half, centre + half


class Origin(_Measured):
    """The trial whose settings were trained once more on every clip, and how good its file was."""

    trial: str = Field(description="Its name.")
    letter: str
    quality: Quality
    overstated: bool = False
    warnings: tuple[str, ...] = ()


class Footprint(_Measured):
    """What the deployed file costs. `macs` are multiply-accumulates per clip; RAM is the interpreter's tensors."""

    tflite_bytes: NonNegativeInt
    zip_bytes: NonNegativeInt
    full_tflite_bytes: NonNegativeInt = Field(
        description="Before slimming; equal to tflite_bytes where nothing was slimmed."
    )
    params: NonNegativeInt
    nonzero_params: NonNegativeInt
    macs: NonNegativeInt
    peak_ram_bytes: NonNegativeInt


class TrialResult(_Measured):
    """Everything measured of one trial."""

    quality: Quality = Field(description="Of the deployed file; of that of `origin` where there is one.")
    footprint: Footprint
    latencies: tuple[Latency, ...] = Field(description="One per device; this machine's first.")
    validation_accuracy: float | None = Field(None, description="Of the Keras model whose weights were kept.")
    training_seconds: float
    num_training_examples: int = Field(validation_alias=AliasChoices("num_training_examples", "num_training_clips"))
    synthetic: bool = Field(False, description="Clips spoken by a synthesizer: the accuracy says little about people.")
    decoders: dict[str, str] = Field(
        {}, description="Name and version of what decoded clips that are not plain WAV, by format."
    )
    warnings: tuple[str, ...] = ()
    overstated: bool | None = Field(
        None, description="A voice may be in training and test; None in results from before this was kept."
    )
    origin: str = Field(
        "", description="Name of the trial whose quality this is: this one was trained on every clip and has no test."
    )

    @model_validator(mode="after")
    def _beside_both_baselines(self) -> "TrialResult":
        if isinstance(self.quality, Forecast) and any(found.linear is None for found in self.quality.quantities):
            raise ValueError("quality: must have the errors of a linear model beside those of the file")
        return self

    @property
    def is_overstated(self) -> bool:
        """Whether a voice may be in training and test, so that the accuracy is too high."""
        if self.overstated is None:
            return any("random" in warning.lower() for warning in self.warnings)
        return self.overstated

    @property
    def accuracy(self) -> float | None:
        """Fraction of the test part that the `.tflite` file predicted right; None for a forecast."""
        return self.quality.accuracy if isinstance(self.quality, Classification) else None

    def latency_on(self, device: str = "") -> Latency | None:
        """Return the latency measured on a device; on this machine when none is named."""
        for latency in self.latencies:
            if not device or latency.device == device:
                return latency
        return None
