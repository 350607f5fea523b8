"""A control beneath the words that name it, and what hangs together in forms of a few such controls."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget


def labelled(words: str, control: QWidget) -> QWidget:
    """Return a control beneath its name, which a screen reader says and which takes the focus to it."""
    whole = QWidget()
    name = QLabel(words)
    name.setProperty("role", "muted")
    name.setBuddy(control)
    control.setAccessibleName(words)
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(name)
    column.addWidget(control)
    return whole


def side_by_side(*widgets: QWidget) -> QWidget:
    """Return widgets in a row of equal shares."""
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for widget in widgets:
        # Beside a higher control the others begin where it does.
        row.addWidget(widget, 1, Qt.AlignmentFlag.AlignTop)
    return whole
