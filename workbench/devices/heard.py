"""The newest seconds of what a device hears: the features that its model gets, and under them what it makes of them."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from core.deploy.device.settings import FeatureSettings
from core.features.decibels import log_mel_decibels, magnitude_decibels
from workbench.plots.probability_timeline import LABEL_WIDTH, SPAN_S, ProbabilityTimeline
from workbench.plots.row_scale import RowScale
from workbench.plots.sound_frame import RIGHT
from workbench.plots.spectrogram import ScrollingPicture

Float32 = NDArray[np.float32]

TITLES = {"spectrogram": "Spectrogram", "log_mel": "Log-mel", "mfcc": "MFCC"}


class HeardTimeline(ProbabilityTimeline):
    """Stands under the features, on the same time axis."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._right = RIGHT


class HeardFeatures(ScrollingPicture):
    """Features before any normalization, in dB where they are levels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Features", parent)
        self._left = LABEL_WIDTH
        self.show_seconds(False)
        self._features: FeatureSettings | None = None

    def begin(self, features: FeatureSettings) -> None:
        """Begin anew with what the device says it computes."""
        self._features = features
        self.title = TITLES[features.kind]
        self.restart(row_scale(features), max(1, round(1000 * SPAN_S / features.frame_step_ms)), (-SPAN_S, 0.0))

    def hear(self, columns: Float32) -> None:
        """Go on with columns (k, coefficients) as the device computed them."""
        if self._features is None or columns.shape[1:] != (self.scale.count,):
            return
        if self._features.kind == "log_mel":
            columns = log_mel_decibels(columns, self._features.frame_length)
        elif self._features.kind == "spectrogram":
            columns = magnitude_decibels(columns, self._features.frame_length)
        self.append(columns)


def row_scale(features: FeatureSettings) -> RowScale:
    """Return what the rows of the features are."""
    if features.kind == "mfcc":
        return RowScale("mfcc", features.num_mfccs, unit="")
    if features.kind == "log_mel":
        return RowScale("mel", features.num_mel_bins, (features.lower_edge_hertz, features.upper_edge_hertz))
    return RowScale("hertz", features.effective_fft_length // 2 + 1, (0.0, features.sample_rate / 2))
