"""What the picture of each kind of features is to the eye: its name, its rows, and dB where its values are levels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from core.features.decibels import log_mel_decibels, magnitude_decibels
from core.features.mel import Settings
from core.features.micro_frontend import HIGHEST_HERTZ, LOWEST_HERTZ, NUM_CHANNELS
from core.settings.feature_sizes import KindName
from workbench.plots.row_scale import RowScale

Float32 = NDArray[np.float32]

TITLES: Mapping[KindName, str] = {
    "spectrogram": "Spectrogram",
    "log_mel": "Log-mel",
    "mfcc": "MFCC",
    "micro_frontend": "Micro",
}
"""Of the kinds that have a picture."""


def row_scale(kind: KindName, features: Settings) -> RowScale:
    """Return what the rows are of the picture of a kind under settings of features."""
    if kind == "mfcc":
        return RowScale("mfcc", features.num_mfccs, unit="")
    if kind == "log_mel":
        return RowScale("mel", features.num_mel_bins, (features.lower_edge_hertz, features.upper_edge_hertz))
    if kind == "micro_frontend":
        return RowScale("channel", NUM_CHANNELS, (LOWEST_HERTZ, HIGHEST_HERTZ), unit="")
    return RowScale("hertz", features.effective_fft_length // 2 + 1, (0.0, features.sample_rate / 2))


def as_seen(kind: KindName, columns: Float32, features: Settings) -> Float32:
    """Return columns (k, rows) before any normalization in the unit of their scale."""
    if kind == "log_mel":
        return log_mel_decibels(columns, features.frame_length)
    if kind == "spectrogram":
        return magnitude_decibels(columns, features.frame_length)
    return columns
