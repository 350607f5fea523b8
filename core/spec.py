"""Every setting of the program on one page, in the order of the journey.

The sections stand in `core.settings`, a module for each part of the journey. A field is written once, with its
bounds, default, unit and one sentence. The form, the tooltips, ``--set a.b=v``, TOML files, validation and sweep axes
all follow from it. Because the sections stand in journey order, the hash of the first *n* of them is the cache key of
stage *n* (`stage_key`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from core.errors import Problem, SpecError
from core.section import Section, examine, sections, setting
from core.settings.clips import Augmentation, Dataset, Split
from core.settings.deployment import Conversion, ForecastQuantization, Measurement, Quantization
from core.settings.features import Features
from core.settings.networks import ForecastModel, Model
from core.settings.series import SeriesData, TimeSplit, Window
from core.settings.training import ForecastTraining, Pruning, Training

__all__ = [
    "SCHEMA_VERSION", "SPECS", "Augmentation", "Conversion", "Dataset", "Features", "ForecastModel",
    "ForecastQuantization", "ForecastTraining", "ForecastingSpec", "KeywordSpottingSpec", "Measurement", "Model",
    "Pruning", "Quantization", "SeriesData", "Split", "TimeSplit", "Training", "TrialSpec", "Window",
    "canonical_json", "identity", "of_task", "parse_spec", "spec_type_of", "stage_key",
]  # fmt: skip

SCHEMA_VERSION = 2
"""Of spec.json. Schema 1 lacks the fields that are declared with what they then imply."""
_IDENTITY_SCHEMA = 1


class KeywordSpottingSpec(Section):
    """Everything that decides a keyword-spotting trial."""

    title: ClassVar[str] = "Keyword spotting"
    data_field: ClassVar[str] = "dataset.folder"
    """Path of the field that says where the data are."""

    task: Literal["keyword_spotting"] = setting("keyword_spotting", "What the network is for.")
    name: str = setting("", "What the trial is called in tables and charts.", recorded=False, max_length=80)
    dataset: Dataset = setting(Dataset(), "Data")
    features: Features = setting(Features(), "Features")
    split: Split = setting(Split(), "Split")
    augmentation: Augmentation = setting(Augmentation(), "Augmentation")
    model: Model = setting(Model(), "Model")
    training: Training = setting(Training(), "Training")
    pruning: Pruning = setting(Pruning(), "Pruning")
    quantization: Quantization = setting(Quantization(), "Quantization")
    conversion: Conversion = setting(Conversion(), "File")
    measurement: Measurement = setting(Measurement(), "Measurement")

    @property
    def num_samples(self) -> int:
        """Samples of one clip at the features' rate."""
        return round(self.features.sample_rate * self.dataset.clip_duration_ms / 1000)

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.features.frame_length > self.num_samples:
            yield Problem(
                "features.frame_length_ms",
                f"a frame must fit into a clip of {self.dataset.clip_duration_ms} ms, "
                f"is {self.features.frame_length_ms:g} ms",
            )


class ForecastingSpec(Section):
    """Everything that decides a forecasting trial."""

    title: ClassVar[str] = "Forecasting"
    data_field: ClassVar[str] = "dataset.file"
    """Path of the field that says where the data are."""

    task: Literal["forecasting"] = setting("forecasting", "What the network is for.")
    name: str = setting("", "What the trial is called in tables and charts.", recorded=False, max_length=80)
    dataset: SeriesData = setting(SeriesData(), "Data")
    window: Window = setting(Window(), "Window")
    split: TimeSplit = setting(TimeSplit(), "Split")
    model: ForecastModel = setting(ForecastModel(), "Model")
    training: ForecastTraining = setting(
        ForecastTraining(batch_size=64, epochs=50, keep="best_on_validation"), "Training"
    )
    pruning: Pruning = setting(Pruning(), "Pruning")
    quantization: ForecastQuantization = setting(ForecastQuantization(), "Quantization")
    conversion: Conversion = setting(Conversion(), "File")
    measurement: Measurement = setting(Measurement(), "Measurement")

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        targets, inputs = self.dataset.targets, self.dataset.inputs
        strangers = [name for name in targets if name not in inputs]
        if self.model.predict == "change" and targets and inputs and strangers:
            yield Problem(
                "dataset.inputs",
                f"the change of {strangers[0]!r} is forecast from its latest value, so it must be among the inputs; "
                "add it, or forecast values (model.predict = value)",
            )
        model = self.model
        seen = model.kernel + (len(model.filters) - 1) * (model.kernel - 1)
        if model.family == "conv1d" and seen > self.window.input_steps:
            yield Problem(
                "model.kernel",
                f"{len(model.filters)} convolutions of {model.kernel} steps see {seen} steps, but the window has "
                f"{self.window.input_steps}; shorten the kernel, leave out a layer, or lengthen the window",
            )
        if model.family == "lstm" and self.quantization.scheme == "int16x8":
            yield Problem(
                "quantization.scheme",
                "LSTM cells cannot be converted to int16x8; use int8 or float16, or another family",
            )


# Another task joins with `|` and an entry in SPECS.
TrialSpec = KeywordSpottingSpec | ForecastingSpec
SPECS: Mapping[str, type[KeywordSpottingSpec] | type[ForecastingSpec]] = {
    "keyword_spotting": KeywordSpottingSpec,
    "forecasting": ForecastingSpec,
}


def spec_type_of(values: Mapping[str, Any]) -> type[KeywordSpottingSpec] | type[ForecastingSpec]:
    """Return the kind of spec that nested values are of: keyword spotting where they name no task that there is."""
    return SPECS.get(str(values.get("task")), KeywordSpottingSpec)


Kind = TypeVar("Kind", KeywordSpottingSpec, ForecastingSpec)


def of_task(spec: TrialSpec, kind: type[Kind]) -> Kind:
    """Return a spec as one of a task. Raises SpecError when it is of another."""
    if not isinstance(spec, kind):
        task = kind.title.lower()
        raise SpecError(
            (Problem("task", f"must be {task}, is {spec.title.lower()}; choose a trial or spec of {task}"),)
        )
    return spec


def parse_spec(values: Mapping[str, Any], source: str = "") -> TrialSpec:
    """Make a spec from nested plain values.

    Raises SpecError with every problem at once, each with its path.
    """
    task = values.get("task", "keyword_spotting")
    if not isinstance(task, str) or task not in SPECS:
        raise SpecError((Problem("task", f"must be one of {', '.join(SPECS)}, is {task!r}"),), source)
    spec, problems = examine(SPECS[task], values)
    if problems:
        raise SpecError(tuple(problems), source)
    assert isinstance(spec, KeywordSpottingSpec | ForecastingSpec)
    return spec


def canonical_json(spec: TrialSpec, last_section: str = "measurement") -> str:
    """Return the recorded fields up to and with a section, as JSON that is the same for the same trial."""
    kept: dict[str, Any] = {"schema": _IDENTITY_SCHEMA, "task": spec.task}
    for name in sections(type(spec)):
        kept[name] = getattr(spec, name).recorded()
        if name == last_section:
            break
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def stage_key(spec: TrialSpec, last_section: str) -> str:
    """Return the cache key of the stage that depends on everything up to and with a section."""
    return hashlib.sha256(canonical_json(spec, last_section).encode()).hexdigest()[:24]


def identity(spec: TrialSpec) -> str:
    """Return the first 12 digits of the SHA-256 of the recorded fields."""
    return stage_key(spec, "measurement")[:12]
