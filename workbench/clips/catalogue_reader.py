"""Catalogues of a folder of clips, made by a worker of their own: a folder opens while another one trains."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from core.datasets.catalogue import open_catalogue
from core.events import Event, Progressed
from core.experiment.jobs import Catalogue
from core.spec import Dataset, Split
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.session import Session

COMMAND = ["-m", "core.worker"]
"""Without a rehearsal it never loads TensorFlow."""


class CatalogueReader(QObject):
    """Makes one catalogue at a time, and of several asked for meanwhile only the last."""

    read = Signal(object)
    """A Catalogue."""
    failed = Signal(str)
    """Why there is none, in a sentence."""
    progressed = Signal(float, float)
    """Clips listened to so far, and in all."""

    def __init__(self, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        # A session of its own, so that its events are nobody else's.
        session = Session()
        self._worker = Jobs(session, self)
        self._worker.command = COMMAND
        self._worker.ended.connect(self._take)
        session.event_received.connect(self._take_event)
        self._asked: Catalogue | None = None
        self._making: Catalogue | None = None
        jobs.closing.connect(self._worker.wait_closed)

    @property
    def is_busy(self) -> bool:
        """Tell whether a catalogue is being made."""
        return self._making is not None

    def ask(self, dataset: Dataset, split: Split) -> None:
        """Have a catalogue made; listening to the same folder goes on, to another one it ends."""
        self._asked = Catalogue(dataset=dataset, split=split)
        running = self._worker.running
        if self._making is None:
            self._make()
        elif running is not None and self._making.dataset.folder != dataset.folder:
            self._worker.cancel(running.id)

    def _make(self) -> None:
        self._making, self._asked = self._asked, None
        if self._making is not None:
            self._worker.submit(self._making)

    def _take(self, job: QueuedJob) -> None:
        # What was asked for meanwhile is about the same clips or takes their place.
        outdated = self._asked is not None
        self._make()
        if outdated:
            return
        assert isinstance(job.intention, Catalogue)
        if job.state is JobState.FINISHED:
            self.read.emit(open_catalogue(Path(job.answer), Path(job.intention.dataset.folder).expanduser()))
        elif job.state is JobState.FAILED:
            self.failed.emit(job.message)

    def _take_event(self, event: Event) -> None:
        if isinstance(event, Progressed):
            self.progressed.emit(event.done, event.total)
