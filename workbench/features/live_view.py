"""Waveform, spectrogram, log-mel picture and MFCCs of a LiveSound, one above the other on one time axis."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from core.features.decibels import log_mel_decibels, magnitude_decibels
from core.features.live import Columns
from core.spec import Features
from workbench.features.live_sound import LiveSound
from workbench.plots.row_scale import RowScale
from workbench.plots.sound_frame import SoundFrame
from workbench.plots.spectrogram import ScrollingPicture
from workbench.plots.waveform import ScrollingWaveform

Float32 = NDArray[np.float32]

HEIGHTS = (72, 150, 130, 120)
GIVEN = {"spectrogram": "spectrogram", "log_mel": "log_mel", "mfcc": "mfccs"}


class LiveView(QWidget):
    """Shows a sound; the pictures beyond the one given to the network are absent."""

    pointed = Signal(str)
    """What lies under the pointer, in words."""

    def __init__(self, sound: LiveSound, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sound = sound
        self.waveform = ScrollingWaveform("Wave")
        self.spectrogram = ScrollingPicture("Spectrogram")
        self.log_mel = ScrollingPicture("Log-mel")
        self.mfccs = ScrollingPicture("MFCC")
        self.frames: tuple[SoundFrame, ...] = (self.waveform, self.spectrogram, self.log_mel, self.mfccs)
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
        scales = _scales(features)
        for name in GIVEN.values():
            picture: ScrollingPicture = getattr(self, name)
            picture.setVisible(name in scales)
            picture.set_marked(name == GIVEN[features.kind])
            if name in scales:
                picture.restart(scales[name], num_columns, span_s)
        last = getattr(self, GIVEN[features.kind])
        for frame in self.frames:
            frame.show_seconds(frame is last)

    def _append(self, samples: Float32, columns: Columns) -> None:
        self.waveform.append(samples)
        if len(columns.magnitudes):
            self.spectrogram.append(magnitude_decibels(columns.magnitudes, self.sound.features.frame_length))
            if columns.log_mel is not None:
                self.log_mel.append(log_mel_decibels(columns.log_mel, self.sound.features.frame_length))
            if columns.mfccs is not None:
                self.mfccs.append(columns.mfccs)


def _scales(features: Features) -> dict[str, RowScale]:
    """Return the rows of each picture up to the one that is given to the network, by the name of its view."""
    scales = {
        "spectrogram": RowScale("hertz", features.effective_fft_length // 2 + 1, (0.0, features.sample_rate / 2)),
        "log_mel": RowScale("mel", features.num_mel_bins, (features.lower_edge_hertz, features.upper_edge_hertz)),
        "mfccs": RowScale("mfcc", features.num_mfccs, unit=""),
    }
    until = list(scales).index(GIVEN[features.kind]) + 1
    return dict(list(scales.items())[:until])
