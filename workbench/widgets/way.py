"""A way to data: the button that goes it, and in the button's place the progress while it is gone."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from workbench import number_format, theme

STEPS = 1000
ICON_SIZE = 28


class Way(QFrame):
    """The button, the progress that takes its place, and why it led nowhere; laid out by those who derive from it."""

    wanted = Signal()
    cancelled = Signal()

    def __init__(self, title: str, verb: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.failure = QLabel(wordWrap=True)
        self.failure.setProperty("role", "problem")
        self.failure.hide()
        self.button = QPushButton(verb)
        self.button.setAccessibleName(title)
        self.button.clicked.connect(self.wanted)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancelled)
        self.bar = QProgressBar(textVisible=False, maximum=STEPS)
        self.bar.setAccessibleName(f"Progress: {title}")
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.row = QHBoxLayout()
        self.row.setSpacing(8)
        self.row.addWidget(self.button)
        self.row.addWidget(self.bar, 1)
        self.row.addWidget(self.words)
        self.row.addWidget(self.cancel)
        self.row.addStretch(0)
        self._parts: tuple[QWidget, ...] = (self.button,)

    def put_before_button(self, part: QWidget) -> None:
        """Put something before the button that goes and comes with it."""
        self.row.insertWidget(0, part)
        self._parts = (*self._parts, part)

    def rest(self, *, enabled: bool) -> None:
        """Offer the button, unless another way is gone."""
        for part in self._parts:
            part.show()
            part.setEnabled(enabled)
        for part in (self.bar, self.words, self.cancel):
            part.hide()
        self.row.setStretch(self.row.count() - 1, 1)

    def show_progress(self, words: str, fraction: float | None, seconds_left: float | None) -> None:
        """Show how far it is, with a way to end it."""
        for part in self._parts:
            part.hide()
        for part in (self.bar, self.words, self.cancel):
            part.show()
        self.row.setStretch(self.row.count() - 1, 0)
        self.failure.hide()
        self.bar.setValue(round((fraction or 0) * STEPS))
        left = "" if seconds_left is None else f", {number_format.duration(seconds_left)} left"
        self.words.setText(words + left)

    def show_failure(self, sentence: str) -> None:
        """Say why there are no data."""
        self.failure.setText(sentence[:1].upper() + sentence[1:])
        self.failure.show()
        self.button.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter does what the focused button says; Esc cancels."""
        if event.key() == Qt.Key.Key_Escape and self.cancel.isVisible():
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.button.isVisible():
            focused = self.focusWidget()
            (focused if isinstance(focused, QPushButton) else self.button).click()
        else:
            super().keyPressEvent(event)


class Choice(Way):
    """A way in a card of its own, with a picture and what it leads to."""

    def __init__(self, icon: str, title: str, explained: str, verb: str) -> None:
        super().__init__(title, verb)
        self.setProperty("role", "card")
        picture = QPushButton()
        picture.setProperty("role", "picture")
        picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        picture.setEnabled(False)
        picture.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        theme.set_icon(picture, icon, "accent")
        name = QLabel(title)
        name.setProperty("role", "title")
        text = QLabel(explained, wordWrap=True)
        text.setProperty("role", "muted")
        column = QVBoxLayout()
        column.setSpacing(8)
        for widget in (name, text, self.failure):
            column.addWidget(widget)
        column.addLayout(self.row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(16)
        whole.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(column, 1)
        self.rest(enabled=True)


class Aside(Way):
    """A way in one line beneath the others, with a second button that goes it differently."""

    other_wanted = Signal()

    def __init__(self, title: str, explained: str, verb: str, other_verb: str) -> None:
        super().__init__(title, verb)
        text = QLabel(explained, wordWrap=True)
        text.setProperty("role", "muted")
        self.other = QPushButton(other_verb)
        self.other.clicked.connect(self.other_wanted)
        self.row.insertWidget(1, self.other)
        self._parts = (*self._parts, self.other)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (text, self.failure):
            column.addWidget(widget)
        column.addLayout(self.row)
        self.rest(enabled=True)
