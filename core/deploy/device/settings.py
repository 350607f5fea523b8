"""What a release says about its model: `settings.json`, written by the desktop and read on the device."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import WorkbenchError
from core.evaluation.detection import DetectionSettings
from core.features.mel import FeatureExtractor

SCHEMA_VERSION = 1
FILE_NAME = "settings.json"

Float32 = NDArray[np.float32]


class SettingsError(WorkbenchError):
    """Settings that will not work however often they are tried; names the file."""


@dataclass(frozen=True)
class FeatureSettings:
    """The section `Features` of a spec without its bounds and words; `mel.py` takes either."""

    kind: Literal["spectrogram", "log_mel", "mfcc"]
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

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round(self.sample_rate * self.frame_length_ms / 1000)

    @property
    def frame_step(self) -> int:
        """Samples from one frame to the next."""
        return round(self.sample_rate * self.frame_step_ms / 1000)

    @property
    def effective_fft_length(self) -> int:
        """Samples of the Fourier transform."""
        return self.fft_length or 1 << (self.frame_length - 1).bit_length()


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

    def extractor(self) -> FeatureExtractor:
        """Return what computes the pictures."""
        return FeatureExtractor(self.features, self.num_samples)

    def scale(self, pictures: Float32) -> Float32:
        """Return network inputs (n, frames, coefficients, 1) of pictures (n, frames, coefficients)."""
        if self.mean:
            mean: Float32 = np.array(self.mean, np.float32)
            deviation: Float32 = np.array(self.deviation, np.float32)
            pictures = (pictures - mean) / deviation
        return np.ascontiguousarray(pictures)[..., np.newaxis]


def settings_text(labels: Sequence[str], preprocessing: Mapping[str, Any], detection: DetectionSettings) -> str:
    """Return the content of `settings.json`; `preprocessing` as in a trial's `preprocessing.json`."""
    values = {
        "schema_version": SCHEMA_VERSION,
        "labels": list(labels),
        "preprocessing": dict(preprocessing),
        "detection": asdict(detection),
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def read_settings(folder: Path) -> Settings:
    """Read `settings.json` of a release. Raises SettingsError with a sentence when it cannot be used here."""
    path = folder / FILE_NAME
    try:
        values = json.loads(path.read_bytes())
        version = values["schema_version"]
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); deploy the model again") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path}: is not the settings of a release; deploy the model again") from error
    if version != SCHEMA_VERSION:
        raise SettingsError(
            f"{path}: has schema {version}, the program beside it reads schema {SCHEMA_VERSION}; "
            "deploy the model again, so that model and program are of one version"
        )
    try:
        return _settings(values)
    except (ValueError, KeyError, TypeError) as error:
        raise SettingsError(f"{path}: is damaged ({error}); deploy the model again") from error


def _settings(values: dict[str, Any]) -> Settings:
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
