"""A picture of the features in the units of the eye: dB where it is a level, plain where it is a coefficient."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.features.decibels import DECIBELS_PER_NEPER
from core.spec import Features
from workbench.plots.row_scale import RowKind
from workbench.plots.spectrogram import DECIBELS_SHOWN
from workbench.sound.feature_rows import as_seen, row_scale

Float32 = NDArray[np.float32]
Levels = tuple[float, float]

LEVEL_STEP = 5.0
"""Ends of the colours keep to steps of so many dB, or of half a power of ten: a scale that moved with every word could
not be read."""


@dataclass(frozen=True)
class SeenPicture:
    """Values (frames, rows) with their unit, and what the rows are."""

    values: Float32
    unit: str
    rows: RowKind
    row_range: tuple[float, float]
    is_signed: bool
    """Whether nothing lies in the middle of the values, as for coefficients and whatever had its mean taken away."""

    @property
    def levels(self) -> Levels:
        """Return the values for the two ends of the colours."""
        if self.is_signed:
            most = signed_range(self.values, self.rows)
            step = 10 ** math.floor(math.log10(most)) / 2
            most = step * math.ceil(most / step)
            return -most, most
        low, high = _quantile(self.values, 0.02), _quantile(self.values, 0.999)
        # Silence that holds nothing but zeros lies so deep that the rest would be one colour.
        first, last = math.floor(max(low, high - DECIBELS_SHOWN) / LEVEL_STEP), math.ceil(high / LEVEL_STEP)
        return LEVEL_STEP * first, LEVEL_STEP * max(first + 1, last)


def seen(picture: Float32, features: Features, *, normalized: bool) -> SeenPicture:
    """Return a picture (frames, coefficients) to show; `normalized` when the setting's normalization was applied."""
    scale = row_scale(features.kind, features)
    if normalized and features.normalization != "none":
        values, unit = seen_difference(picture, features)
        return SeenPicture(values, unit, scale.kind, scale.span, is_signed=True)
    values = as_seen(features.kind, picture, features)
    return SeenPicture(values, scale.unit, scale.kind, scale.span, is_signed=features.kind == "mfcc")


def seen_difference(difference: Float32, features: Features) -> tuple[Float32, str]:
    """Return a difference of two pictures, or of one and its mean, to show, and its unit."""
    if features.normalization == "standardize":
        return difference, "σ"
    # Of a difference of logarithms the reference is gone.
    return (difference * DECIBELS_PER_NEPER, "dB") if features.kind == "log_mel" else (difference, "")


def signed_range(values: Float32, rows: RowKind) -> float:
    """Return the largest size to tell apart by colour; the zeroth MFCC is loudness and would hide the others."""
    kept = values[:, 1:] if rows == "mfcc" and values.shape[1] > 1 else values
    return max(1e-6, _quantile(np.abs(kept), 0.995))


def _quantile(values: Float32, fraction: float) -> float:
    """Return the value that such a fraction lies below: one that is there, so ten times as fast as a percentile."""
    place = round(fraction * (values.size - 1))
    return float(np.partition(values, place, axis=None)[place])
