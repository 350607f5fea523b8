"""The kinds of features by name. A new kind is one file, a line here, and its sizes in `settings.feature_sizes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import numpy as np

from core.features import micro_frontend
from core.features.mel import FeatureExtractor, Float32, Settings
from core.features.micro_frontend import MicroExtractor, MicroStream
from core.features.streaming import StreamingExtractor
from core.features.waveform import WaveformExtractor, WaveformStream


class Extractor(Protocol):
    """Turns clips of one length into pictures."""

    def compute(self, waveforms: Float32) -> Float32:
        """Return float32 pictures (n, frames, coefficients) of waveforms (n, num_samples) in [-1, 1]."""


class Stream(Protocol):
    """Turns a sound that does not end into columns, and its newest clip into a picture."""

    def push(self, samples: Float32) -> Float32:
        """Take samples (n,) and return the new columns (k, coefficients), before any normalization."""

    def window(self) -> Float32 | None:
        """Return the picture (frames, coefficients) of the newest complete clip; None before there is one."""


class Kind(NamedTuple):
    """What computes a kind of features for clips of `num_samples`, alone and in a stream."""

    extractor: Callable[[Settings, int], Extractor]
    stream: Callable[[Settings, int], Stream]
    lead_in: Callable[[Float32], Float32] = lambda clip: clip[:0]
    """Returns what goes before a clip (n,), so that a stream shows it as the extractor does."""
    recipe: str = ""
    """How firmware computes it, where the settings of features do not say it all."""
    package: str = ""
    """What must be installed besides the program to compute it, which no device gets."""
    require: Callable[[], object] = tuple
    """Raises FeatureError where the package is missing."""


_BY_TRANSFORM = Kind(FeatureExtractor, StreamingExtractor)

KINDS: Mapping[str, Kind] = {
    "spectrogram": _BY_TRANSFORM,
    "log_mel": _BY_TRANSFORM,
    "mfcc": _BY_TRANSFORM,
    "micro_frontend": Kind(
        MicroExtractor,
        MicroStream,
        micro_frontend.lead_in,
        micro_frontend.RECIPE,
        micro_frontend.PACKAGE,
        micro_frontend.require_package,
    ),
    "waveform": Kind(WaveformExtractor, WaveformStream),
}


def make_extractor(settings: Settings, num_samples: int) -> Extractor:
    """Return what computes the features of clips of `num_samples`."""
    return KINDS[settings.kind].extractor(settings, num_samples)


def make_stream(settings: Settings, num_samples: int) -> Stream:
    """Return what computes the features of a stream, and those of its newest clip of `num_samples`."""
    return KINDS[settings.kind].stream(settings, num_samples)


def as_inputs(settings: Settings, pictures: Float32) -> Float32:
    """Return pictures (n, frames, coefficients) as networks take them: with a channel, waveforms as (n, samples)."""
    return np.ascontiguousarray(pictures)[..., np.newaxis] if settings.has_picture else pictures[..., 0].copy()
