"""How far a trial came, folded from its events as they come."""

from pathlib import Path

from core.events import EpochEnded, Event, StageStarted, TrialFailed, TrialStarted, TrialStopped, Warned
from core.experiment.event_file import EventFile
from core.experiment.summary import TrialState


class Story:
    """The events of a trial folded into what a summary needs."""

    def __init__(self, path: Path) -> None:
        self.started = False
        self.ending: TrialState | None = None
        self.message = ""
        self.validation_accuracy: float | None = None
        self.warnings: list[str] = []
        self._last = "its start"
        self._events = EventFile(path)

    @property
    def interruption(self) -> str:
        """The sentence for a trial whose process is gone without a word."""
        return f"The program was ended after {self._last}; train the trial again to go on from there."

    def read_on(self) -> None:
        """Take in what was said since the last call."""
        for event in self._events.fresh():
            self._take(event)

    def _take(self, event: Event) -> None:
        match event:
            case TrialStarted():
                self.started, self.ending, self.message, self.warnings = True, None, "", []
            case TrialFailed():
                self.ending, self.message = TrialState.FAILED, event.message
            case TrialStopped():
                self.ending, self.message = TrialState.CANCELLED, ""
            case EpochEnded():
                self.validation_accuracy = event.validation_accuracy
                phase = "fine-tuning epoch" if event.phase == "fine_tuning" else "epoch"
                self._last = f"{phase} {event.epoch} of {event.epochs}"
            case StageStarted():
                self._last = f"the start of the stage “{event.stage}”"
            case Warned():
                self.warnings.append(event.message)
            case _:
                pass
