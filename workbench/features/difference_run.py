"""Averages the clips of two labels a little at a time, so that the window stays free while it follows."""

import time
from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from core.datasets.class_difference import ClassDifference, Comparison, LabelClips, Labels
from core.errors import DataError
from core.spec import Dataset, Features

SLICE_S = 0.01
"""Work between two looks at the event queue."""
PATIENCE_S = 0.3
"""A run that is younger is let finish when other settings come, so that the picture follows a drag."""


class DifferenceRun(QObject):
    """Runs the latest request; clips read for one are kept for the next."""

    advanced = Signal(int, int)
    """Clips done, and clips in all."""
    finished = Signal(object, float)
    """A list of ClassDifference, and the seconds it took."""
    failed = Signal(str)
    """A sentence about why there is none."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._clips: LabelClips | None = None
        self._source: tuple[Dataset, Labels] | None = None
        self._comparison: Comparison | None = None
        self._next: tuple[Dataset, Labels, tuple[Features, ...]] | None = None
        self._started = 0.0
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_running(self) -> bool:
        """Tell whether anything is left to do."""
        return self._timer.isActive()

    def compare(self, dataset: Dataset, labels: Labels, variants: Sequence[Features]) -> None:
        """Average the clips of two labels under each setting, soon."""
        self._next = (dataset, labels, tuple(variants))
        if self._comparison is None or time.perf_counter() - self._started > PATIENCE_S:
            self._begin()

    def forget_clips(self) -> None:
        """Read the clips anew next time: they changed."""
        self._clips = self._source = None

    def stop(self) -> None:
        """Leave what runs."""
        self._timer.stop()
        self._comparison = self._next = None

    def _begin(self) -> None:
        assert self._next is not None
        dataset, labels, variants = self._next
        self._next = None
        self._started = time.perf_counter()
        try:
            if self._clips is None or (dataset, labels) != self._source:
                self._clips = LabelClips(dataset, labels)
                self._source = (dataset, labels)
            self._comparison = Comparison(self._clips, variants)
        except DataError as error:
            self._fail(error)
            return
        self._timer.start()

    def _go_on(self) -> None:
        assert self._comparison is not None
        try:
            more = self._comparison.advance(SLICE_S)
        except DataError as error:
            self._fail(error)
            return
        self.advanced.emit(self._comparison.done, self._comparison.total)
        if more:
            return
        results: list[ClassDifference] = self._comparison.results
        self._timer.stop()
        self._comparison = None
        self.finished.emit(results, time.perf_counter() - self._started)
        if self._next is not None:
            self._begin()

    def _fail(self, error: DataError) -> None:
        self.stop()
        self.forget_clips()
        self.failed.emit(str(error))
