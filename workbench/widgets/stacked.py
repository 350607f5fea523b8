"""How a page puts its parts below each other."""

from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget


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
