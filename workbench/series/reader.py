"""Tables looked through by a worker of their own: one opens while another trial trains, and however long it is."""

from PySide6.QtCore import QObject, Signal

from core.datasets.table_check import TableReport
from core.events import Event, Progressed
from core.experiment.jobs import CheckData
from core.spec import SeriesData
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.session import Session

COMMAND = ["-m", "core.worker"]
"""Without a rehearsal it never loads TensorFlow."""


class TableReader(QObject):
    """Looks through one table at a time, and of several asked for meanwhile only the last."""

    read = Signal(object)
    """A TableReport."""
    failed = Signal(str)
    """Why there is none, in a sentence."""
    progressed = Signal(float, float)

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        # A session of its own, so that its events are nobody else's.
        session = Session()
        self._worker = Jobs(session, self)
        self._worker.command = COMMAND
        self._worker.ended.connect(self._take)
        session.event_received.connect(self._take_event)
        self._asked: SeriesData | None = None
        self._reading: SeriesData | None = None
        jobs.closing.connect(self._worker.wait_closed)

    @property
    def is_busy(self) -> bool:
        """Tell whether a table is being looked through."""
        return self._reading is not None

    def ask(self, data: SeriesData) -> None:
        """Have a table looked through; another one that is being so is given up."""
        self._asked = data
        if self._reading is None:
            self._next()
        elif self._worker.running is not None:
            self._worker.cancel(self._worker.running.id)

    def _next(self) -> None:
        self._reading, self._asked = self._asked, None
        if self._reading is not None:
            data = self._reading
            job = CheckData(folder=data.file, time_column=data.time_column, missing_value=data.missing_value)
            self._worker.submit(job)

    def _take(self, job: QueuedJob) -> None:
        outdated = self._asked is not None
        self._next()
        if outdated:
            return
        if job.state is JobState.FINISHED:
            self.read.emit(TableReport.model_validate(job.answer))
        elif job.state is JobState.FAILED:
            self.failed.emit(job.message)

    def _take_event(self, event: Event) -> None:
        if isinstance(event, Progressed):
            self.progressed.emit(event.done, event.total)
