"""Making clips by speech synthesis: words, and how different the voices are that speak them."""

import hashlib
import json

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QSpinBox, QVBoxLayout, QWidget

from core.audio.synthesis import SPEEDS, VoiceRange
from core.experiment.jobs import Synthesize
from workbench import theme
from workbench.form.fields import guard_wheel

FIRST_WORDS = ("go", "stop")
LONGEST_NAME = 60
"""Letters of the words that the folder's name takes up."""
EXPLAINED = (
    "Words spoken by espeak-ng in many voices, a second each. The clips carry “synthetic” in their names for ever, and "
    "so does every result: an accuracy on them says little about people."
)


class SynthesisForm(QFrame):
    """Asks for clips of any words."""

    wanted = Signal(object)
    """A Synthesize job, its folder's name alone."""
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.setAccessibleName("Make clips by speech synthesis")
        usual = VoiceRange()
        self.words = QLineEdit(", ".join(FIRST_WORDS))
        self.words.setAccessibleName("Words to be spoken")
        self.words.setToolTip("One label each, separated by commas")
        self.clips = _number("Clips of each word", 2, 5000, 100, "")
        self.voices = _number("Voices that share them", 1, 5000, 50, "")
        self.voices.setToolTip("Each voice counts as one speaker and speaks every word")
        self.slowest = _number("Slowest voice", *SPEEDS, usual.speeds[0], " words/min")
        self.fastest = _number("Fastest voice", *SPEEDS, usual.speeds[1], " words/min")
        self.lowest = _number("Lowest pitch", 0, 99, usual.pitches[0], "")
        self.highest = _number("Highest pitch", 0, 99, usual.pitches[1], "")
        self.make_button = QPushButton("Make clips")
        self.make_button.setProperty("role", "primary")
        self.make_button.clicked.connect(self._make)
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "problem")
        self.problem.hide()
        self._build()

    def _build(self) -> None:
        explained = QLabel(EXPLAINED, wordWrap=True)
        explained.setProperty("role", "muted")
        close = QPushButton("Close")
        close.setProperty("role", "flat")
        close.clicked.connect(self.closed)
        theme.set_icon(close, "ph.x", "muted")
        upper, lower = QHBoxLayout(), QHBoxLayout()
        for row in (upper, lower):
            row.setSpacing(8)
        _add(upper, "Words", self.words)
        upper.setStretch(1, 1)
        upper.addWidget(self.make_button)
        upper.addWidget(close)
        _add(lower, "Clips of each", self.clips)
        _add(lower, "Voices", self.voices)
        _add(lower, "Speed", self.slowest, QLabel("to"), self.fastest)
        _add(lower, "Pitch", self.lowest, QLabel("to"), self.highest)
        lower.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 12)
        column.setSpacing(8)
        column.addWidget(explained)
        column.addLayout(upper)
        column.addLayout(lower)
        column.addWidget(self.problem)

    def job(self) -> Synthesize:
        """Return what the form asks for, into a folder named after it. Raises ValueError saying what is wrong."""
        words = tuple(dict.fromkeys(word.strip() for word in self.words.text().split(",") if word.strip()))
        if len(words) < 2:
            raise ValueError("At least two words are needed to tell apart; separate them by commas.")
        unfit = [word for word in words if "/" in word or "\\" in word or word[0] in "._"]
        if unfit:
            raise ValueError(f"{unfit[0]!r} cannot be the name of a folder; write the word without signs.")
        for what, low, high in (("speed", self.slowest, self.fastest), ("pitch", self.lowest, self.highest)):
            if low.value() > high.value():
                raise ValueError(f"The lower {what} must not exceed the higher; swap {low.value()} and {high.value()}.")
        asked = Synthesize(
            folder="",
            labels=words,
            clips_per_label=self.clips.value(),
            num_voices=min(self.voices.value(), self.clips.value()),
            speeds=(self.slowest.value(), self.fastest.value()),
            pitches=(self.lowest.value(), self.highest.value()),
        )
        # The same settings find the clips they made before.
        digest = hashlib.sha256(json.dumps(asked.model_dump()).encode()).hexdigest()[:6]
        return asked.model_copy(update={"folder": f"synthetic-{'-'.join(words)[:LONGEST_NAME]}-{digest}"})

    def _make(self) -> None:
        try:
            job = self.job()
        except ValueError as error:
            self.problem.setText(str(error))
            self.problem.show()
            self.words.setFocus()
            return
        self.problem.hide()
        self.wanted.emit(job)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter makes the clips; Esc closes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._make()
        elif event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)


def _number(name: str, least: int, most: int, value: int, suffix: str) -> QSpinBox:
    box = QSpinBox(minimum=least, maximum=most, value=value, suffix=suffix)
    box.setAccessibleName(name)
    guard_wheel(box)
    return box


def _add(row: QHBoxLayout, words: str, *fields: QWidget) -> None:
    label = QLabel(words)
    label.setProperty("role", "muted")
    if row.count():
        row.addSpacing(16)
    for widget in (label, *fields):
        row.addWidget(widget)
