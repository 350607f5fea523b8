"""One trial in a few numbers: all that a table row and a point on a chart need, cheap to keep by the thousand."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.results import Forecast, Quality, TrialResult, gain_over


class TrialState(StrEnum):
    """Where a trial stands, read off the files in its folder."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class DeviceLatency:
    """Median times per clip on one device, in milliseconds; `saving` against the study's reference trial."""

    device: str
    feature_ms: float
    inference_ms: float
    total_ms: float
    total_p99_ms: float
    saving: float | None
    contended: bool
    emulated: bool
    reference_trial: str = ""
    """Name of the trial that `saving` is against."""
    slowed: bool = False
    """The board was throttled."""


@dataclass(frozen=True)
class ForecastError:
    """Mean absolute error of one quantity over all horizons, in its unit, and what any model must beat."""

    name: str
    unit: str
    mae: float
    persistence_mae: float
    linear_mae: float

    @property
    def gain(self) -> float | None:
        """1 − error ÷ error of persistence; None where that is never wrong."""
        return gain_over(self.persistence_mae, self.mae)

    @property
    def is_worse_than_persistence(self) -> bool:
        """Whether saying that nothing changes would have been better."""
        return self.mae > self.persistence_mae


@dataclass(frozen=True)
class TrialSummary:
    """One row of the trials table; None where nothing was measured yet. Accuracies are fractions.

    A trial of keyword spotting has an accuracy, one of forecasting `errors`.
    """

    name: str
    number: int
    letter: str
    title: str
    identity: str
    state: TrialState
    created_s: float
    accuracy: float | None = None
    accuracy_low: float | None = None
    accuracy_high: float | None = None
    balanced_accuracy: float | None = None
    """Mean recall of the labels."""
    largest_share: float | None = None
    """Part of the test clips that are of the largest label: the accuracy of always saying it."""
    num_test_clips: int | None = None
    tflite_bytes: int | None = None
    zip_bytes: int | None = None
    params: int | None = None
    nonzero_params: int | None = None
    macs: int | None = None
    peak_ram_bytes: int | None = None
    latencies: tuple[DeviceLatency, ...] = ()
    synthetic: bool = False
    warnings: tuple[str, ...] = ()
    message: str = ""
    """Why it failed, as a sentence."""
    validation_accuracy: float | None = None
    """Of the latest epoch while it runs, of the kept weights once it is finished."""
    task: str = "keyword_spotting"
    errors: tuple[ForecastError, ...] = ()
    """Of each forecast quantity; empty where none is forecast or nothing was measured yet."""
    num_test_windows: int | None = None
    horizon_minutes: float | None = None
    """How far ahead the last value of a forecast is."""
    overstated: bool = False
    """Whether a voice may be in training and test, so that the accuracy is too high."""
    origin: str = ""
    """Name of the trial whose accuracy this is: this one was trained on every clip and has no test of its own."""

    @property
    def is_worse_than_persistence(self) -> bool:
        """Whether any quantity would have been forecast better by saying that nothing changes."""
        return any(error.is_worse_than_persistence for error in self.errors)

    @property
    def plight(self) -> str:
        """What an unfinished trial is, and what to do: the end of a sentence that says what cannot be had of it."""
        if self.state is TrialState.FAILED and self.message:
            return f"it failed: {self.message}"
        return f"it is {self.state.value}; train it first"

    def error_of(self, name: str) -> ForecastError | None:
        """Return the error of a quantity by its column, None where it is not forecast."""
        return next((error for error in self.errors if error.name == name), None)

    def latency_on(self, device: str = "") -> DeviceLatency | None:
        """Return the latency on a device; on the first one measured when none is named."""
        for latency in self.latencies:
            if not device or latency.device == device:
                return latency
        return None


def letter_of(number: int) -> str:
    """Return the letter of a trial: 1 → A … 26 → Z, 27 → AA."""
    letters = ""
    while number > 0:
        number, digit = divmod(number - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def measured(result: TrialResult) -> dict[str, Any]:
    """Return the fields of a summary that a result fills."""
    footprint = result.footprint
    return {
        **_judged(result.quality),
        "tflite_bytes": footprint.tflite_bytes,
        "zip_bytes": footprint.zip_bytes,
        "params": footprint.params,
        "nonzero_params": footprint.nonzero_params,
        "macs": footprint.macs,
        "peak_ram_bytes": footprint.peak_ram_bytes,
        "latencies": tuple(
            DeviceLatency(
                device=latency.device,
                feature_ms=latency.feature.median_ms,
                inference_ms=latency.inference.median_ms,
                total_ms=latency.total.median_ms,
                total_p99_ms=latency.total.p99_ms,
                saving=latency.saving,
                contended=latency.contended,
                emulated=latency.emulated,
                reference_trial=latency.reference_trial,
                slowed=latency.slowed,
            )
            for latency in result.latencies
        ),
        "synthetic": result.synthetic,
        "warnings": result.warnings,
        "validation_accuracy": result.validation_accuracy,
        "origin": result.origin,
        "overstated": result.is_overstated,
    }


def _judged(quality: Quality) -> dict[str, Any]:
    if isinstance(quality, Forecast):
        # A trial's result has both baselines.
        errors = tuple(
            ForecastError(found.name, found.unit, *(rival.mae for rival in found.rivals))
            for found in quality.quantities
        )
        return {
            "errors": errors,
            "num_test_windows": quality.num_windows,
            "horizon_minutes": quality.step_minutes * len(quality.quantities[0].file.by_horizon),
        }
    low, high = quality.interval
    return {
        "accuracy": quality.accuracy,
        "accuracy_low": low,
        "accuracy_high": high,
        "balanced_accuracy": quality.balanced_accuracy,
        "largest_share": quality.largest_share,
        "num_test_clips": quality.num_clips,
    }


def without_savings(trial: TrialSummary, reference: str | None) -> TrialSummary:
    """Return a summary without the savings that are against another trial than `reference`."""
    latencies = tuple(
        latency if latency.reference_trial == reference else replace(latency, saving=None)
        for latency in trial.latencies
    )
    return replace(trial, latencies=latencies)
