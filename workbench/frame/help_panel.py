"""A page's help, in the program: two paragraphs above the page, opened by F1."""

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from workbench import theme
from workbench.widgets.focus import FocusReturn


class HelpPanel(QFrame):
    """Title, paragraphs and a button that closes them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.title = QLabel()
        self.title.setProperty("role", "section")
        self.text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.dismiss = QToolButton(toolTip="Close the help (Esc)")
        self.dismiss.setAccessibleName("Close the help")
        self.dismiss.setProperty("role", "mark")
        theme.set_icon(self.dismiss, "ph.x", "muted")
        self._focus = FocusReturn(self)
        self.dismiss.clicked.connect(self.close_help)
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(self.title)
        column.addWidget(self.text)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 8, 12)
        row.addLayout(column, 1)
        row.addWidget(self.dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_help(self, title: str, paragraphs: str) -> None:
        """Show the help of a page."""
        self.title.setText(title)
        self.text.setText(
            "".join(f"<p style='margin:0 0 6px 0'>{escape(text)}</p>" for text in paragraphs.split("\n\n"))
        )
        self.setAccessibleName(f"Help: {title}")
        self.setAccessibleDescription(paragraphs)
        self._focus.remember()
        self.show()
        self.setFocus()

    def close_help(self) -> None:
        """Go back to what had the focus."""
        self._focus.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc and F1 close the help."""
        if event.key() in (Qt.Key.Key_Escape, Qt.Key.Key_F1):
            self.close_help()
        else:
            super().keyPressEvent(event)
