"""Reads the settings of many trials a few at a time, so that the filter can look into them and nothing waits."""

from collections.abc import Collection

from PySide6.QtCore import QObject, QTimer, Signal

from workbench.trials.facts import Differences

SLICE = 25
"""Specs read between two looks at the event queue: about 10 ms of work."""


class DifferenceReader(QObject):
    """Fills a study's `Differences` in the background of the event loop."""

    progressed = Signal(int)
    """How many trials are still unread; the last one says 0."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._differences: Differences | None = None
        self._unread: list[str] = []
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._read_more)

    def read(self, differences: Differences, names: Collection[str]) -> None:
        """Read the trials among these that are not read yet."""
        self._differences = differences
        self._unread = [name for name in names if not differences.knows(name)]
        self._timer.start()

    def stop(self) -> None:
        """Leave the rest unread."""
        self._timer.stop()
        self._unread = []

    def _read_more(self) -> None:
        now, self._unread = self._unread[:SLICE], self._unread[SLICE:]
        for name in now:
            if self._differences is not None:
                self._differences.words(name)
        if not self._unread:
            self._timer.stop()
        self.progressed.emit(len(self._unread))
