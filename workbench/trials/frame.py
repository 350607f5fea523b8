"""The frame of the Trials page: how its parts are stacked, and what stands there while a study has no trials."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.experiment.store import Study

WORDS_WIDTH = 480


class EmptyTrials(QWidget):
    """Says what will be shown here, and holds the one button that starts it."""

    def __init__(self) -> None:
        super().__init__()
        self._action: QAction | None = None
        self.heading, self.words = QLabel(), QLabel(wordWrap=True)
        self.heading.setProperty("role", "heading")
        self.words.setProperty("role", "muted")
        self.words.setFixedWidth(WORDS_WIDTH)
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton("Set up a trial")
        self.button.setProperty("role", "primary")
        self.button.clicked.connect(self._act)
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        for widget in (self.heading, self.words, self.button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def show_study(self, study: Study | None, action: QAction | None) -> None:
        """Say what is missing; the button does the action, and is absent without one."""
        self.heading.setText("No trials yet" if study else "No study is open")
        self.words.setText(
            "Every trial of the study appears here: a row with how well it does, its size and latency, all measured on "
            "the deployed file, and a point on two charts that show which trials no other one beats."
        )
        # An aligned widget is not asked for its height at a width, so that lines would be cut off.
        self.words.setFixedHeight(self.words.heightForWidth(WORDS_WIDTH))
        self._action = action
        self.button.setVisible(action is not None)

    def _act(self) -> None:
        if self._action is not None:
            self._action.trigger()


def invitation(words: str) -> QLabel:
    """Return the sentence that stands where nothing is chosen yet."""
    label = QLabel(words, wordWrap=True, margin=24, alignment=Qt.AlignmentFlag.AlignCenter)
    label.setProperty("role", "muted")
    return label


def stack(owner: QWidget, *widgets: QWidget) -> None:
    """Put widgets below each other; the last one takes the room that is left."""
    column = QVBoxLayout(owner)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    column.setStretch(len(widgets) - 1, 1)


def padded(widget: QWidget, *margins: int) -> QWidget:
    """Return a frame with a widget within margins: left, top, right, bottom."""
    frame = QFrame()
    row = QHBoxLayout(frame)
    row.setContentsMargins(*margins)
    row.addWidget(widget)
    return frame
