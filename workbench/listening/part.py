"""What a page of the microphone asks of its parts, and what stands in their place while no model can listen."""

from typing import Protocol

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

WORDS_WIDTH = 480


class Listener(Protocol):
    """A part that takes the microphone's sound while it is in sight; `microphone_wanted` asks for it."""

    microphone_wanted: Signal
    said: Signal

    @property
    def is_active(self) -> bool:
        """Tell whether it wants sound now."""

    def toggle(self) -> None:
        """Begin, or end it."""

    def stop(self) -> None:
        """End what goes on."""

    def hear(self, samples: np.ndarray) -> None:
        """Take what is new, at 16 kHz."""

    def end_listening(self) -> None:
        """The microphone is closed, for whatever reason."""


class NoModel(QWidget):
    """Says what will be seen once a model listens, and holds the one button that leads there."""

    trial_wanted = Signal()

    def __init__(self, words: str) -> None:
        super().__init__()
        heading = QLabel("No trained trial yet")
        heading.setProperty("role", "heading")
        explained = QLabel(words, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        explained.setProperty("role", "muted")
        explained.setFixedWidth(WORDS_WIDTH)
        # An aligned widget is not asked for its height at a width, so that lines would be cut off.
        explained.setFixedHeight(explained.heightForWidth(WORDS_WIDTH))
        self.button = QPushButton("Set up a trial")
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(self.trial_wanted)
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        for widget in (heading, explained, self.button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
