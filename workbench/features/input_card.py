"""What the model will get: the picture of the newest clip, its shape and bytes, and what it costs to compute."""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.spec import Features
from workbench import number_format
from workbench.form.feature_timer import FeatureTimer
from workbench.plots.spectrogram import PictureView
from workbench.sound.seen_picture import seen

Float32 = NDArray[np.float32]

SETTLED_MS = 250
"""Timing begins when the settings have been still for so long."""
FIGURES = (
    ("shape", "Input", "Frames × coefficients × channels; of a waveform its samples"),
    ("float_bytes", "As float32", "Bytes of one input as it leaves the features"),
    ("int8_bytes", "As int8", "Bytes of one input of a model that is quantized to int8"),
    (
        "time",
        "Features",
        "Time to compute one clip's features on this machine, the least of some runs",
    ),
)


class InputCard(QFrame):
    """Follows the settings; times them once they are still."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.features = Features()
        self.clip_duration_ms = 1000
        self.picture = PictureView("Input")
        self.figures: dict[str, QLabel] = {}
        self.note = QLabel(wordWrap=True)
        self.note.setProperty("role", "muted")
        self._build()
        self._timer = FeatureTimer(self, SETTLED_MS)
        self._timer.timed.connect(self._show_time)

    def _build(self) -> None:
        title = QLabel("What the model gets")
        title.setProperty("role", "section")
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(2)
        for row, (key, words, explained) in enumerate(FIGURES):
            name = QLabel(words)
            name.setProperty("role", "muted")
            name.setToolTip(explained)
            figure = QLabel(number_format.NOTHING)
            figure.setAccessibleName(words)
            grid.addWidget(name, row, 0)
            grid.addWidget(figure, row, 1)
            self.figures[key] = figure
        grid.setColumnStretch(1, 1)
        facts = QVBoxLayout()
        facts.setSpacing(6)
        facts.addWidget(title)
        facts.addLayout(grid)
        facts.addWidget(self.note)
        facts.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(16)
        row.addLayout(facts)
        row.addWidget(self.picture, 1)

    def show_settings(self, features: Features, clip_duration_ms: int) -> None:
        """Show shape, bytes and filters of these settings, and time them soon."""
        self.features, self.clip_duration_ms = features, clip_duration_ms
        shape = features.input_shape(self._num_samples)
        values = math.prod(shape)
        self.figures["shape"].setText(" × ".join(map(str, shape)))
        self.figures["float_bytes"].setText(f"{number_format.count(4 * values)} bytes")
        self.figures["int8_bytes"].setText(f"{number_format.count(values)} bytes")
        self.picture.setVisible(features.has_picture)
        self.note.setText(_note(features))
        self.note.setVisible(bool(self.note.text()))
        self._time()

    def show_input(self, picture: Float32 | None) -> None:
        """Show the picture (frames, coefficients) that the network would get now."""
        if picture is None:
            self.picture.clear()
            return
        if not self.features.has_picture:
            return
        shown = seen(picture, self.features, normalized=self.features.normalization == "clip_mean")
        self.picture.show_picture(
            shown.values, self.clip_duration_ms / 1000, shown.rows, shown.row_range, shown.levels, shown.unit
        )

    @property
    def cost_ms(self) -> float | None:
        """Milliseconds of computing one clip; None while it is not timed yet."""
        return self._timer.cost_ms

    @property
    def _num_samples(self) -> int:
        return round(self.features.sample_rate * self.clip_duration_ms / 1000)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Time what is in sight."""
        super().showEvent(event)
        self._time()

    def _time(self) -> None:
        if self.isVisible():
            self._timer.time(self.features, self._num_samples)
        if self._timer.cost_ms is None:
            self.figures["time"].setText("…")

    def _show_time(self, cost_ms: float) -> None:
        self.figures["time"].setText(f"{number_format.milliseconds(cost_ms)} ms a clip")


def _note(features: Features) -> str:
    if not features.has_picture:
        return "The model gets the samples themselves, so there is no picture. Only models made elsewhere take them."
    if features.normalization == "standardize":
        return "Standardizing follows in training: its mean and deviation come from the training part."
    return ""
