"""How far a job is, in words and figures, from what it says. Knows nothing of Qt."""

from collections import deque
from statistics import median

from core.events import (
    BatchEnded,
    EpochEnded,
    Event,
    Progressed,
    StageStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    TrialStopped,
)
from core.spec import TrialSpec
from workbench import number_format
from workbench.stage_words import STAGE_WORDS

BEFORE_EPOCHS = ("prepare", "build", "train")
"""Stages that begin with an empty bar; what comes after the epochs leaves theirs full."""
RECENT_EPOCHS = 5


class JobProgress:
    """What the job strip shows of the running job: `words`, `fraction` and `seconds_left`, None where unknown."""

    def __init__(self) -> None:
        self.trial = ""
        """Name of the trial that the figures are of; empty where none is concerned."""
        self.words = ""
        self.fraction: float | None = None
        self.seconds_left: float | None = None
        self.trials_over = 0
        self.trials_at_work: set[str] = set()
        """Names of the trials that began and did not end: of a sweep there are several."""
        self._planned = {"training": 0, "fine_tuning": 0}
        self._started_s: float | None = None
        self._seconds: deque[float] = deque(maxlen=RECENT_EPOCHS)
        self._epoch_ended_s: float | None = None
        self._in_epochs = False

    def plan(self, spec: TrialSpec) -> None:
        """Take the number of epochs from the trial's spec, so that time left counts the fine-tuning too."""
        prunes = spec.pruning.schedule != "none"
        self._planned = {
            "training": spec.training.epochs,
            "fine_tuning": spec.pruning.fine_tuning_epochs if prunes else 0,
        }

    def take(self, event: Event) -> None:
        """Go on with what the job said."""
        if isinstance(event, TrialStarted):
            self.trial, self.words = event.trial, "resuming" if event.resumed else "starting"
            self.trials_at_work.add(event.trial)
            self.fraction = self.seconds_left = None
            self._planned = {"training": 0, "fine_tuning": 0}
            self._seconds.clear()
            self._in_epochs = False
        elif isinstance(event, TrialFinished | TrialFailed | TrialStopped):
            self.trials_over += 1
            self.trials_at_work.discard(event.trial)
        elif event.trial != self.trial:
            # Trials run side by side in a sweep; the strip follows the one that started last.
            return
        elif isinstance(event, StageStarted):
            self.words = event.note or STAGE_WORDS[event.stage]
            self.seconds_left = None
            self._started_s = self._epoch_ended_s = None
            self._in_epochs = False
            if event.stage in BEFORE_EPOCHS:
                self.fraction = None
        elif isinstance(event, Progressed):
            # What the next epoch waits for is a part of training, which has a measure of its own.
            if not self._in_epochs:
                self._count(event)
        elif isinstance(event, BatchEnded):
            self._train(event, event.epoch - 1 + event.batch / max(1, event.batches))
        elif isinstance(event, EpochEnded):
            # From end to end, as an epoch may wait for its clips before it begins to count.
            waited_s = event.time_s - self._epoch_ended_s if self._epoch_ended_s is not None else 0
            self._seconds.append(max(event.seconds, waited_s))
            self._epoch_ended_s = event.time_s
            self._train(event, event.epoch)

    def _count(self, event: Progressed) -> None:
        self.words = f"{event.what} {number_format.amounts(event.done, event.total, event.unit)}".rstrip()
        self.fraction = min(1.0, event.done / event.total) if event.total > 0 else None
        if self._started_s is None or event.done == 0:
            self._started_s = event.time_s
        elapsed_s = event.time_s - self._started_s
        measurable = self.fraction is not None and self.fraction > 0 and elapsed_s > 1
        self.seconds_left = elapsed_s * (1 - self.fraction) / self.fraction if measurable and self.fraction else None

    def _train(self, event: BatchEnded | EpochEnded, epochs_done: float) -> None:
        self._in_epochs = True
        planned = {**self._planned, event.phase: event.epochs}
        before = planned["training"] if event.phase == "fine_tuning" else 0
        total = sum(planned.values())
        self.words = f"{'fine-tuning ' if event.phase == 'fine_tuning' else ''}epoch {event.epoch}/{event.epochs}"
        self.fraction = min(1.0, (before + epochs_done) / total)
        self.seconds_left = median(self._seconds) * (total - before - epochs_done) if self._seconds else None
