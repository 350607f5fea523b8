"""Specs on their way to the worker: written to the study a few at a time, then trained by one job."""

from PySide6.QtCore import QObject, QTimer, Signal

from core.errors import WorkbenchError
from core.experiment.jobs import RunSweep, Train
from core.experiment.search import search_job
from core.spec import TrialSpec
from core.tasks.registry import find_data
from workbench.form.ready_sweeps import ReadySweep
from workbench.jobs import Jobs
from workbench.preferences import default_study_folder
from workbench.session import Session

ADDED_AT_ONCE = 4
"""Trials written to the study between two looks at the event queue."""


class TrialQueue(QObject):
    """Adds trials to the open study, or to the first one where none is open."""

    advanced = Signal(int, int)
    """How many of how many trials are written."""
    ended = Signal()
    """All are written and with the worker, or what was wrong was told."""
    failed = Signal(str)

    def __init__(self, session: Session, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self.session, self.jobs = session, jobs

    def train(self, specs: list[TrialSpec], num_workers: int) -> None:
        """Train specs one after another, several at a time where there are workers."""
        try:
            self._open_study()
        except WorkbenchError as error:
            self.failed.emit(str(error))
            return
        self._add_some(specs, [], num_workers)

    def begin(self, ready: ReadySweep, num_workers: int) -> None:
        """Train what a ready sweep has, or search, under its constraints."""
        try:
            specs = ready.specs()
            find_data(specs)
            self._open_study()
            if ready.sweep.constraints is not None:
                self.session.set_constraints(ready.sweep.constraints)
        except WorkbenchError as error:
            self.failed.emit(str(error))
            return
        if ready.search:
            self.jobs.submit(search_job(ready.search, self.session.opened(), num_workers))
        else:
            self._add_some(specs, [], num_workers)

    def _open_study(self) -> None:
        if self.session.study is None:
            self.session.open_study(default_study_folder())

    def _add_some(self, specs: list[TrialSpec], names: list[str], num_workers: int) -> None:
        """Write a few trials, so that a sweep of hundreds does not hold up the window."""
        try:
            names += self.session.add_trials(specs[len(names) : len(names) + ADDED_AT_ONCE])
        except WorkbenchError as error:
            self.failed.emit(str(error))
            self.ended.emit()
            return
        if len(names) < len(specs):
            self.advanced.emit(len(names), len(specs))
            QTimer.singleShot(0, self, lambda: self._add_some(specs, names, num_workers))
            return
        study = str(self.session.opened().folder)
        if num_workers:
            self.jobs.submit(RunSweep(study=study, trials=tuple(names), num_workers=num_workers))
        else:
            self.jobs.submit(Train(study=study, trials=tuple(names)))
        self.ended.emit()
