"""Data looked through by a light worker of their own: they open while a trial trains, however much they are."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from core.events import Event, Progressed
from core.experiment.jobs import AnyJob
from workbench.jobs import Jobs, JobState, QueuedJob


class LightReader(QObject):
    """Does one job at a time, and of several asked for meanwhile only the last.

    `opened` makes of a job that is done what is read. `serves` tells whether a job in hand is worth its end where
    another one is asked for.
    """

    read = Signal(object)
    """What `opened` makes of the answer."""
    failed = Signal(str)
    """Why there is none, in a sentence."""
    progressed = Signal(float, float)
    """How much was read so far, and in all."""

    def __init__(
        self,
        jobs: Jobs,
        parent: QObject,
        opened: Callable[[QueuedJob], object],
        serves: Callable[[AnyJob, AnyJob], bool] = lambda *_: False,
    ) -> None:
        super().__init__(parent)
        self._opened, self._serves = opened, serves
        self._worker = jobs.beside()
        self._worker.ended.connect(self._take)
        self._worker.session.event_received.connect(self._take_event)
        self._asked: AnyJob | None = None
        self._doing: AnyJob | None = None

    @property
    def is_busy(self) -> bool:
        """Tell whether something is being read."""
        return self._doing is not None

    def _ask(self, job: AnyJob) -> None:
        self._asked = job
        running = self._worker.running
        if self._doing is None:
            self._next()
        elif running is not None and not self._serves(self._doing, job):
            self._worker.cancel(running.id)

    def _next(self) -> None:
        self._doing, self._asked = self._asked, None
        if self._doing is not None:
            self._worker.submit(self._doing)

    def _take(self, job: QueuedJob) -> None:
        # What was asked for meanwhile is about the same data or takes their place.
        outdated = self._asked is not None
        self._next()
        if outdated:
            return
        if job.state is JobState.FINISHED:
            self.read.emit(self._opened(job))
        elif job.state is JobState.FAILED:
            self.failed.emit(job.message)

    def _take_event(self, event: Event) -> None:
        if isinstance(event, Progressed):
            self.progressed.emit(event.done, event.total)
