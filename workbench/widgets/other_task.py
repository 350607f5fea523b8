"""What stands on a page that the experiment at hand has no use for, and what the page is for."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

WORDS_WIDTH = 520


class OtherTask(QWidget):
    """A heading and a few sentences in the middle of the page."""

    def __init__(self, heading: str, sentences: str) -> None:
        super().__init__()
        self.heading, self.words = QLabel(heading), QLabel(sentences, wordWrap=True)
        self.heading.setProperty("role", "heading")
        self.words.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        for label in (self.heading, self.words):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setFixedWidth(WORDS_WIDTH)
            label.ensurePolished()
            # An aligned widget is not asked for its height at a width, so that lines would be cut off.
            label.setFixedHeight(label.heightForWidth(WORDS_WIDTH) + 8)
            column.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)
