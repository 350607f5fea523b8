"""What a release says about its model: `settings.json`, written by the desktop and read on the device."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.errors import WorkbenchError
from core.evaluation.detection import DetectionSettings
from core.features.kinds import Extractor, as_inputs, make_extractor
from core.settings.feature_sizes import FeatureSizes, KindName

SCHEMA_VERSION = 1
FILE_NAME = "settings.json"

SPOTTING = "keyword_spotting"

Float32 = NDArray[np.float32]
Int16 = NDArray[np.int16]

_Parsed = TypeVar("_Parsed")

_FULL_SCALE = np.float32(32768)


class SettingsError(WorkbenchError):
    """Settings that will not work however often they are tried; names the file."""


class TaskSettings(Protocol):
    """What every program needs to know of a release, whatever its model is for."""

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of one example as it was measured."""

    @property
    def example_type(self) -> type[Any]:
        """Type of its numbers."""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example as the network sees it."""

    @property
    def num_outputs(self) -> int:
        """Numbers that the network gives for one example."""

    def noise(self) -> NDArray[Any]:
        """Return an example (1, *example_shape) that costs the time of any other."""

    def received(self, example: NDArray[Any]) -> Any:
        """Return an example (1, *example_shape) as it comes from where it is measured."""

    def preparation(self) -> Callable[[Any], Float32]:
        """Return what makes the network's input (1, *input_shape) of what was received."""

    def answers(self, outputs: Float32, targets: NDArray[Any]) -> tuple[str, dict[str, Any]]:
        """Return the kind and the values of the line that tells what the network gave (n, num_outputs)."""


@dataclass(frozen=True)
class FeatureSettings(FeatureSizes):
    """The section `Features` of a spec without its bounds and words; `core.features` takes either."""

    kind: KindName
    sample_rate: int
    frame_length_ms: float
    frame_step_ms: float
    fft_length: int
    num_mel_bins: int
    lower_edge_hertz: float
    upper_edge_hertz: float
    num_mfccs: int
    peak_normalization: bool
    normalization: str


@dataclass(frozen=True)
class Settings:
    """How sound becomes the model's input, what its outputs stand for, and when a word counts as heard."""

    labels: tuple[str, ...]
    features: FeatureSettings
    clip_duration_ms: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    detection: DetectionSettings

    @property
    def num_samples(self) -> int:
        """Samples of one clip."""
        return round(self.features.sample_rate * self.clip_duration_ms / 1000)

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of a clip."""
        return (self.num_samples,)

    @property
    def example_type(self) -> type[Any]:
        """Type of its samples."""
        return np.int16

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of a picture as the network sees it."""
        return self.features.input_shape(self.num_samples)

    @property
    def num_outputs(self) -> int:
        """One for each label."""
        return len(self.labels)

    def noise(self) -> Int16:
        """Return a clip of noise."""
        heard = np.random.default_rng(0).normal(0, 0.1, (1, self.num_samples))
        return np.asarray((heard * _FULL_SCALE).clip(-_FULL_SCALE, _FULL_SCALE - 1), np.int16)

    def received(self, example: Int16) -> Float32:
        """Return a clip as the microphone gives it."""
        waveform: Float32 = np.divide(example, _FULL_SCALE, dtype=np.float32)
        return waveform

    def preparation(self) -> Callable[[Float32], Float32]:
        """Return what makes the picture of a waveform."""
        extractor = self.extractor()
        return lambda waveform: self.scale(extractor.compute(waveform))

    def answers(self, outputs: Float32, targets: NDArray[Any]) -> tuple[str, dict[str, Any]]:
        """Tell the place of the label and its probability for each clip."""
        places = outputs.argmax(axis=1)
        highest = outputs.max(axis=1).astype(np.float64).round(6)
        return "predicted", {
            "labels": self.labels,
            "num_clips": len(outputs),
            "num_right": int((places == targets).sum()),
            "predictions": list(zip(places.tolist(), highest.tolist())),  # noqa: B905 (Python 3.9 knows no `strict`)
        }

    def extractor(self) -> Extractor:
        """Return what computes the pictures."""
        return make_extractor(self.features, self.num_samples)

    def scale(self, pictures: Float32) -> Float32:
        """Return network inputs (n, *input_shape) of pictures (n, frames, coefficients)."""
        if self.mean:
            mean: Float32 = np.array(self.mean, np.float32)
            deviation: Float32 = np.array(self.deviation, np.float32)
            pictures = (pictures - mean) / deviation
        return as_inputs(self.features, pictures)


def settings_text(labels: Sequence[str], preprocessing: Mapping[str, Any], detection: DetectionSettings) -> str:
    """Return the content of `settings.json`; `preprocessing` as in a trial's `preprocessing.json`."""
    return as_text(
        SPOTTING, {"labels": list(labels), "preprocessing": dict(preprocessing), "detection": asdict(detection)}
    )


def as_text(task: str, values: Mapping[str, Any]) -> str:
    """Return the content of `settings.json` for a task."""
    whole = {"schema_version": SCHEMA_VERSION, "task": task, **values}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def read_settings(folder: Path) -> Settings:
    """Read `settings.json` of a release that spots words. Raises SettingsError with a sentence when it is no use."""
    task, values = load_values(folder)
    if task != SPOTTING:
        raise SettingsError(
            f"{folder / FILE_NAME}: the model here does not spot words ({task}), so there is nothing to listen for; "
            "deploy a trial that spots keywords"
        )
    return parsed(folder, values, spotting_settings)


def load_values(folder: Path) -> tuple[str, dict[str, Any]]:
    """Return the task and the values in `settings.json`. Raises SettingsError when it is not there or of no use."""
    path = folder / FILE_NAME
    try:
        values = json.loads(path.read_bytes())
        version, task = values["schema_version"], values.get("task", SPOTTING)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); deploy the model again") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SettingsError(f"{path}: is not the settings of a release; deploy the model again") from error
    if version != SCHEMA_VERSION:
        raise SettingsError(
            f"{path}: has schema {version}, the program beside it reads schema {SCHEMA_VERSION}; "
            "deploy the model again, so that model and program are of one version"
        )
    return task, values


def parsed(folder: Path, values: dict[str, Any], parse: Callable[[dict[str, Any]], _Parsed]) -> _Parsed:
    """Return what `parse` makes of the values. Raises SettingsError when they are damaged."""
    try:
        return parse(values)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{folder / FILE_NAME}: is damaged ({error}); deploy the model again") from error


def spotting_settings(values: dict[str, Any]) -> Settings:
    """Return the settings that values stand for."""
    preprocessing = values["preprocessing"]
    given = preprocessing["features"]
    return Settings(
        labels=tuple(values["labels"]),
        features=FeatureSettings(**{field.name: given[field.name] for field in fields(FeatureSettings)}),
        clip_duration_ms=preprocessing["clip_duration_ms"],
        mean=tuple(preprocessing["mean"]),
        deviation=tuple(preprocessing["deviation"]),
        detection=DetectionSettings(**values["detection"]),
    )
