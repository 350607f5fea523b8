"""What the trials that run have said so far: their progress, and the sizes they are expected to have."""

from collections.abc import Iterator, Mapping

from core.errors import WorkbenchError
from core.estimate import Estimate, estimate
from core.events import BatchEnded, EpochEnded, Event, Progressed, StageStarted, TrialStarted
from core.experiment.store import TrialState, TrialSummary
from workbench.frame.progress import JobProgress
from workbench.session import Session

OVER = (TrialState.FINISHED, TrialState.FAILED, TrialState.CANCELLED)
TELLING = (TrialStarted, StageStarted, Progressed, BatchEnded, EpochEnded)


class RunningTrials:
    """One progress per running trial, from the worker's events and from what was written before the page was opened."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._progress: dict[str, JobProgress] = {}
        self._estimates: dict[str, Estimate | None] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._progress

    def __iter__(self) -> Iterator[str]:
        return iter(self._progress)

    def take(self, event: Event) -> bool:
        """Go on with an event; tell whether it changes what is shown of a trial."""
        if not event.trial or self._session.study is None:
            return False
        if not isinstance(event, TELLING):
            return True
        if event.trial not in self._progress:
            self._begin(event.trial)
        self._progress[event.trial].take(event)
        return True

    def keep(self, trials: Mapping[str, TrialSummary]) -> None:
        """Forget which of these no longer runs; catch up with what runs unheard, in another process or from before."""
        study = self._session.study
        for name, trial in trials.items():
            if trial.state in OVER:
                self.forget(name)
            elif trial.state is TrialState.RUNNING and name not in self._progress and study is not None:
                self._begin(name)
                for event in study.events(name):
                    self._progress[name].take(event.model_copy(update={"trial": name}))

    def progress(self) -> dict[str, tuple[str, float | None]]:
        """Return words and fraction done of each running trial."""
        return {name: (progress.words or "running", progress.fraction) for name, progress in self._progress.items()}

    def estimates(self) -> dict[str, Estimate]:
        """Return what each running trial is expected to be."""
        return {name: found for name, found in self._estimates.items() if found is not None}

    def forget(self, name: str) -> None:
        """Stop following a trial."""
        self._progress.pop(name, None)
        self._estimates.pop(name, None)

    def forget_all(self) -> None:
        """Follow nothing: another study is open."""
        self._progress.clear()
        self._estimates.clear()

    def _begin(self, name: str) -> None:
        progress = self._progress[name] = JobProgress()
        progress.take(TrialStarted(trial=name))
        try:
            spec = self._session.opened().spec(name)
            progress.plan(spec)
            self._estimates[name] = estimate(spec)
        except WorkbenchError:
            # A spec that cannot be estimated fails in the worker, with its own sentence.
            self._estimates[name] = None
