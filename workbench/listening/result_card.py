"""What a model made of one clip: the label, every probability, the features it saw, and what would help."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.datasets.preprocessing import Preprocessing
from workbench import number_format
from workbench.clips.waveform import ClipWaveform
from workbench.form.fields import guard_wheel
from workbench.listening.tested_clips import TestedClip
from workbench.plots.probability_bars import ProbabilityBars
from workbench.plots.spectrogram import PictureView
from workbench.sound.seen_picture import seen
from workbench.widgets.card import icon_button
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.plain_text import verbatim

Float32 = NDArray[np.float32]

UNSAID = "not said"
WAVE_HEIGHT = 76
ADVICE_HEIGHT = 40
LABEL_WIDTH, ADD_WIDTH = 120, 144


class ResultCard(QFrame):
    """Shows one clip; the user says what it was meant to be, hears it, adds it to the data."""

    expected_chosen = Signal(str)
    """The label that was meant; empty when nobody says."""
    play_clicked = Signal()
    add_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.label = QLabel()
        self.label.setProperty("role", "heading")
        self.label.setAccessibleName("Heard as")
        self.verdict = QLabel()
        self.expected = QComboBox()
        self.expected.setAccessibleName("What this clip was meant to be")
        self.expected.activated.connect(lambda index: self.expected_chosen.emit(self.expected.itemData(index)))
        guard_wheel(self.expected)
        self.advice = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self.advice.setFixedHeight(ADVICE_HEIGHT)
        self.advice.setAccessibleName("What would help")
        self.bars = ProbabilityBars()
        self.wave = ClipWaveform("Clip")
        # What a model hears of a long clip is seen here, not chosen.
        self.wave.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.wave.setFixedHeight(WAVE_HEIGHT)
        self.wave.show_seconds(False)
        self.picture = PictureView("Features")
        self.play: QPushButton = icon_button("Play", "ph.play", "Play the clip (P)")
        self.add: QPushButton = icon_button("Add to the data", "ph.plus", "")
        self.costs = ElidedLabel()
        self.costs.setProperty("role", "muted")
        self.play.clicked.connect(self.play_clicked)
        self.add.clicked.connect(self.add_clicked)
        self._lay_out()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self.label)
        head.addWidget(self.verdict)
        head.addStretch(1)
        said = QLabel("Said")
        said.setProperty("role", "muted")
        head.addWidget(said)
        head.addWidget(self.expected)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.play)
        foot.addWidget(self.add)
        foot.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 12, 12)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.advice)
        column.addWidget(self.bars, 3)
        column.addWidget(self.wave)
        column.addWidget(self.picture, 2)
        column.addWidget(self.costs)
        column.addLayout(foot)

    def offer(self, labels: tuple[str, ...]) -> None:
        """Offer the labels that a clip may have been meant to be."""
        fill_labels(self.expected, labels)

    def show_clip(self, clip: TestedClip, advice: str, preprocessing: Preprocessing) -> None:
        """Show a clip as the model with this preprocessing heard it."""
        heard = clip.heard
        self.label.setText(f"{_short(self.label, heard.label, LABEL_WIDTH)}  {100 * heard.top_probability:.0f} %")
        self.label.setToolTip(heard.label)
        self.verdict.setText({True: "right", False: "wrong", None: ""}[clip.is_right])
        self.verdict.setProperty("role", "good" if clip.is_right else "bad")
        self.verdict.style().polish(self.verdict)
        self.expected.setCurrentIndex(max(0, self.expected.findData(clip.expected)))
        self.advice.setText(advice)
        self.advice.setToolTip(advice)
        self.bars.show_probabilities(heard.labels, tuple(heard.probabilities.tolist()), clip.expected)
        self.wave.show_samples(clip.sound.samples, clip.sound.sample_rate)
        self._show_picture(heard.picture, preprocessing)
        milliseconds = number_format.milliseconds
        costs = f"features {milliseconds(heard.feature_ms)} ms · network {milliseconds(heard.inference_ms)} ms"
        length_ms = round(1000 * len(clip.sound.samples) / clip.sound.sample_rate)
        is_longer = length_ms > preprocessing.clip_duration_ms
        self.costs.setText(f"From {heard.start_s:.2f} s on · {costs}" if is_longer else costs.capitalize())
        used_ms = preprocessing.clip_duration_ms if is_longer else length_ms
        self.wave.show_used(round(1000 * heard.start_s), used_ms, length_ms)
        self.show_adding(clip)

    def _show_picture(self, picture: Float32, preprocessing: Preprocessing) -> None:
        """Show what the network saw; what hears the samples themselves saw no picture."""
        self.picture.setVisible(preprocessing.features.has_picture)
        if preprocessing.features.has_picture:
            given = preprocessing.scale(picture[np.newaxis])[0, ..., 0]
            shown = seen(given, preprocessing.features, normalized=True)
            seconds = preprocessing.clip_duration_ms / 1000
            self.picture.show_picture(shown.values, seconds, shown.rows, shown.row_range, shown.levels, shown.unit)

    def show_adding(self, clip: TestedClip) -> None:
        """Let the button say what it adds, or that it was added."""
        word = clip.expected or clip.heard.label
        self.add.setText(
            "In the data" if clip.added else f"Add to the data as {verbatim(_short(self.add, word, ADD_WIDTH))}"
        )
        self.add.setEnabled(clip.added is None and not word.startswith("_"))
        self.add.setToolTip(str(clip.added) if clip.added else f"Save its loudest second as a clip of {word}")


def _short(widget: QWidget, label: str, width: int) -> str:
    return widget.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, width)


def fill_labels(menu: QComboBox, labels: tuple[str, ...]) -> None:
    """Offer labels, and that nobody says; the one chosen before stays so while it is there."""
    before = menu.currentData()
    menu.clear()
    menu.addItem(UNSAID, "")
    for label in labels:
        menu.addItem(label, label)
    menu.setCurrentIndex(max(0, menu.findData(before)))
