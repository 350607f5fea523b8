"""A sentence for the user at the top of a page, with at most one thing to do about it. Never modal."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from core.visible_text import visible_lines
from workbench import theme
from workbench.widgets.focus import FocusReturn


class MessageBar(QFrame):
    """Shows one sentence until it is closed or followed by another."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.text = QLabel(wordWrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.button = QPushButton()
        self.button.clicked.connect(self._act)
        self.dismiss = QToolButton(toolTip="Close this message (Esc)")
        self.dismiss.setAccessibleName("Close this message")
        self.dismiss.setProperty("role", "mark")
        theme.set_icon(self.dismiss, "ph.x", "muted")
        self._focus = FocusReturn(self)
        self.dismiss.clicked.connect(self._focus.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        row.addWidget(self.dismiss)
        self._action: Callable[[], object] | None = None
        self.hide()

    def show_message(self, sentence: str, verb: str = "", action: Callable[[], object] | None = None) -> None:
        """Show a sentence, and a button that does something about it."""
        sentence = visible_lines(sentence[:1].upper() + sentence[1:])
        self.text.setText(sentence if sentence.endswith((".", "?")) else f"{sentence}.")
        self.setAccessibleName(sentence)
        self.button.setText(verb)
        self.button.setVisible(bool(verb))
        self._action = action
        self._focus.remember()
        self.show()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc closes the message."""
        if event.key() == Qt.Key.Key_Escape:
            self._focus.close()
        else:
            super().keyPressEvent(event)

    def _act(self) -> None:
        self._focus.close()
        if self._action is not None:
            self._action()
