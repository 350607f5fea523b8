"""Waveform and pictures of a LiveSound, one above the other on one time axis."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from core.features.live import Columns
from core.settings.feature_sizes import KindName
from workbench.features.live_sound import LiveSound
from workbench.plots.sound_frame import SoundFrame
from workbench.plots.spectrogram import ScrollingPicture
from workbench.plots.waveform import ScrollingWaveform
from workbench.sound.feature_rows import TITLES, as_seen, row_scale

Float32 = NDArray[np.float32]

HEIGHTS = (72, 150, 130, 120, 120)
BENEATH: Mapping[KindName, tuple[KindName, ...]] = {
    "spectrogram": ("spectrogram",),
    "log_mel": ("spectrogram", "log_mel"),
    "mfcc": ("spectrogram", "log_mel", "mfcc"),
    "micro_frontend": ("micro_frontend",),
    "waveform": (),
}
"""Pictures that are shown for each kind, down to the one that is given to the network."""


class LiveView(QWidget):
    """Shows a sound; the pictures beyond the one given to the network are absent."""

    pointed = Signal(str)
    """What lies under the pointer, in words."""

    def __init__(self, sound: LiveSound, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sound = sound
        self.waveform = ScrollingWaveform("Wave")
        self.pictures = {kind: ScrollingPicture(title) for kind, title in TITLES.items()}
        self.frames: tuple[SoundFrame, ...] = (self.waveform, *self.pictures.values())
        self.splitter = QSplitter(Qt.Orientation.Vertical)
        for number, frame in enumerate(self.frames):
            frame.pointed.connect(self.pointed)
            self.splitter.addWidget(frame)
            self.splitter.setStretchFactor(number, 1 if number else 0)
        self.splitter.setSizes(HEIGHTS)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.splitter)
        sound.restarted.connect(self._restart)
        sound.heard.connect(self._append)
        self._restart()

    def set_cursor(self, seconds: float | None) -> None:
        """Draw a line at what is heard now."""
        for frame in self.frames:
            frame.set_cursor(seconds)

    def _restart(self) -> None:
        features, num_columns = self.sound.features, self.sound.num_columns
        span_s = (0.0, self.sound.span_s) if self.sound.clip else (-self.sound.span_s, 0.0)
        self.waveform.restart(round(self.sound.span_s * features.sample_rate), span_s)
        shown = BENEATH[features.kind]
        for kind, picture in self.pictures.items():
            picture.setVisible(kind in shown)
            if kind in shown:
                picture.restart(row_scale(kind, features), num_columns, span_s)
        given: SoundFrame = self.pictures.get(features.kind, self.waveform)
        for frame in self.frames:
            frame.set_marked(frame is given)
            frame.show_seconds(frame is given)

    def _append(self, samples: Float32, columns: Columns) -> None:
        self.waveform.append(samples)
        for kind, values in columns.items():
            if len(values):
                self.pictures[kind].append(as_seen(kind, values, self.sound.features))
