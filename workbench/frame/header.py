"""The line at the top of the window: the program's name, the study's menu, the theme's, and the palette."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QToolButton

from workbench import theme
from workbench.frame.command_palette import palette_button_text
from workbench.widgets.elided_label import shortened
from workbench.widgets.plain_text import verbatim

HEIGHT = 40
UNNAMED = "No study yet"
LONGEST_NAME = 40
"""Letters of a study's name; the window's title has all of it."""


class Header(QFrame):
    """Shows which study is open; everything in it is a menu or opens one."""

    def __init__(self, title: str, study_menu: QMenu, theme_menu: QMenu) -> None:
        super().__init__()
        self.setProperty("role", "header")
        self.setFixedHeight(HEIGHT)
        name = QLabel(title)
        name.setProperty("role", "section")
        self.study = _menu_button("Study", "ph.folder-open", study_menu)
        self.theme = _menu_button("Theme", "ph.sun-horizon", theme_menu)
        self.search = QToolButton(text=palette_button_text(), toolTip="Find any command by its name")
        self.search.setProperty("role", "flat")
        self.search.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.search.setAccessibleName("Command palette")
        theme.set_icon(self.search, "ph.magnifying-glass", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(name)
        row.addStretch(1)
        for button in (self.study, self.theme, self.search):
            row.addWidget(button)

    def show_study(self, name: str, folder: str) -> None:
        """Show which study is open; none without a name."""
        self.study.setText(verbatim(shortened(name, LONGEST_NAME)) or UNNAMED)
        self.study.setToolTip(folder)


def _menu_button(text: str, icon: str, menu: QMenu) -> QToolButton:
    button = QToolButton(text=text, popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
    button.setProperty("role", "menu")
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAccessibleName(f"{text} menu")
    theme.set_icon(button, icon, "muted")
    button.setMenu(menu)
    return button
