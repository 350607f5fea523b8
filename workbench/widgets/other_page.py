"""How one page leads to another, which it knows by its title alone."""

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget


def page_action(widget: QWidget, title: str) -> QAction | None:
    """Return the window's own action that shows a page, None where a page runs alone."""
    return next((action for action in widget.window().actions() if action.iconText() == title), None)
