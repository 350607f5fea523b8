"""The rail of pages at the left: icon and word, one of them marked."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QToolButton, QVBoxLayout, QWidget

from workbench import theme

WIDTH = 96
ICON_SIZE = 22


class PageRail(QFrame):
    """Says which page was chosen; shows which one is in sight."""

    chosen = Signal(str)

    def __init__(self, pages: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "rail")
        self.setFixedWidth(WIDTH)
        self.setAccessibleName("Pages")
        self.buttons: dict[str, QToolButton] = {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 8)
        column.setSpacing(4)
        for number, (title, icon) in enumerate(pages, 1):
            button = QToolButton(text=title.replace("&", "&&"), checkable=True, toolTip=f"{title} (Ctrl+{number})")
            button.setProperty("role", "page")
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
            button.setFixedWidth(WIDTH - 1)
            theme.set_icon(button, icon)
            button.clicked.connect(lambda _=False, title=title: self.chosen.emit(title))
            group.addButton(button)
            column.addWidget(button)
            self.buttons[title] = button
        column.addStretch(1)

    def mark(self, title: str) -> None:
        """Show a page as the one in sight."""
        self.buttons[title].setChecked(True)
        for name, button in self.buttons.items():
            # One stop for Tab, on the page in sight; arrows go on from there.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus if name == title else Qt.FocusPolicy.NoFocus)
