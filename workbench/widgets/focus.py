"""Where the keyboard goes when something that came over a page goes away."""

import shiboken6
from PySide6.QtWidgets import QApplication, QWidget


class FocusReturn:
    """Remembers what had the focus before a part was shown, and gives it back when the part closes."""

    def __init__(self, part: QWidget) -> None:
        self._part = part
        self._before: QWidget | None = None

    def remember(self) -> None:
        """Keep what has the focus now, unless it is the part itself."""
        focused = QApplication.focusWidget()
        if not self._holds(focused):
            self._before = focused

    def close(self) -> None:
        """Hide the part; Qt alone would pass the focus on to whatever comes next in the window."""
        held = self._holds(QApplication.focusWidget())
        self._part.hide()
        before = self._before
        if held and before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus()

    def _holds(self, widget: QWidget | None) -> bool:
        return widget is not None and (widget is self._part or self._part.isAncestorOf(widget))
