"""A framed part of a page, and the buttons around it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QPushButton, QToolButton, QVBoxLayout, QWidget

from workbench import theme


def card(*widgets: QWidget, margins: tuple[int, int, int, int] = (2, 4, 2, 2), spacing: int = 0) -> QFrame:
    """Return widgets one above the other in a frame."""
    frame = QFrame()
    frame.setProperty("role", "card")
    column = QVBoxLayout(frame)
    column.setContentsMargins(*margins)
    column.setSpacing(spacing)
    for widget in widgets:
        column.addWidget(widget)
    return frame


def icon_button(text: str, icon: str, explained: str) -> QPushButton:
    """Return a button with an icon before its verb."""
    button = QPushButton(text, toolTip=explained)
    theme.set_icon(button, icon, "muted")
    return button


def flat_button(text: str, icon: str, explained: str) -> QToolButton:
    """Return a button without a frame, as it stands in the head of a page."""
    button = QToolButton(text=text, toolTip=explained)
    button.setProperty("role", "flat")
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    theme.set_icon(button, icon, "muted")
    return button
