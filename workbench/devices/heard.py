"""The newest seconds of what a device hears: the features that its model gets, and under them what it makes of them."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtWidgets import QWidget

from core.deploy.device.settings import FeatureSettings
from workbench.plots.probability_timeline import LABEL_WIDTH, SPAN_S, ProbabilityTimeline
from workbench.plots.sound_frame import RIGHT
from workbench.plots.spectrogram import ScrollingPicture
from workbench.sound.feature_rows import TITLES, as_seen, row_scale

Float32 = NDArray[np.float32]


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
        self.title = TITLES.get(features.kind, "")
        num_columns = max(1, round(SPAN_S * features.sample_rate / features.frame_step))
        self.restart(row_scale(features.kind, features), num_columns, (-SPAN_S, 0.0))

    def hear(self, columns: Float32) -> None:
        """Go on with columns (k, coefficients) as the device computed them."""
        if self._features is None or columns.shape[1:] != (self.scale.count,):
            return
        self.append(as_seen(self._features.kind, columns, self._features))
