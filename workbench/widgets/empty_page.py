"""What stands on a page, or in a part of one, that has nothing to show yet."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyPage(QWidget):
    """Says what will be shown here, and holds the one button that starts it."""

    def __init__(self, verb: str, words_width: int) -> None:
        super().__init__()
        self._words_width = words_width
        self.heading, self.words = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self.heading.setProperty("role", "heading")
        self.words.setProperty("role", "muted")
        for label in (self.heading, self.words):
            label.setFixedWidth(words_width)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.button = QPushButton(verb)
        self.button.setProperty("role", "primary")
        column = QVBoxLayout(self)
        column.setSpacing(16)
        column.addStretch(2)
        for widget in (self.heading, self.words, self.button):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(3)

    def show_words(self, heading: str, words: str) -> None:
        """Show a heading and the words beneath it."""
        self.heading.setText(heading)
        self.words.setText(words)
        # An aligned widget is not asked for its height at a width, so that lines would be cut off.
        for label in (self.heading, self.words):
            # Before it is first shown a label does not know the size of its type.
            label.ensurePolished()
            label.setFixedHeight(label.heightForWidth(self._words_width))


def invitation(words: str) -> QLabel:
    """Return the sentence that stands where nothing is chosen yet."""
    label = QLabel(words, wordWrap=True, margin=24, alignment=Qt.AlignmentFlag.AlignCenter)
    label.setProperty("role", "muted")
    return label
