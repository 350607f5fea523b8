"""The kinds of features by name. A new kind is one file, a line here, and its sizes in `settings.feature_sizes`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from core.features.mel import FeatureExtractor, Float32, Settings
from core.features.streaming import StreamingExtractor


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


_BY_TRANSFORM = Kind(FeatureExtractor, StreamingExtractor)

KINDS: Mapping[str, Kind] = {
    "spectrogram": _BY_TRANSFORM,
    "log_mel": _BY_TRANSFORM,
    "mfcc": _BY_TRANSFORM,
}


def make_extractor(settings: Settings, num_samples: int) -> Extractor:
    """Return what computes the features of clips of `num_samples`."""
    return KINDS[settings.kind].extractor(settings, num_samples)


def make_stream(settings: Settings, num_samples: int) -> Stream:
    """Return what computes the features of a stream, and those of its newest clip of `num_samples`."""
    return KINDS[settings.kind].stream(settings, num_samples)
