"""How far a trial came, told by its events.jsonl, which is read on from where it was left."""

import json
from pathlib import Path
from typing import Any

from core.experiment.summary import TrialState

ENDINGS = {"trial_failed": TrialState.FAILED, "trial_stopped": TrialState.CANCELLED}


class Story:
    """The events of a trial folded into what a summary needs."""

    def __init__(self) -> None:
        self.started = False
        self.ending: TrialState | None = None
        self.message = ""
        self.validation_accuracy: float | None = None
        self.warnings: list[str] = []
        self._last = "its start"
        self._offset = 0

    @property
    def interruption(self) -> str:
        """The sentence for a trial whose process is gone without a word."""
        return f"The program was ended after {self._last}; train the trial again to go on from there."

    def read_on(self, path: Path) -> None:
        """Take in the whole lines written since the last call."""
        try:
            with path.open("rb") as file:
                file.seek(self._offset)
                fresh = file.read()
        except OSError:
            return
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._offset += len(whole)
        for line in whole.splitlines():
            try:
                event = json.loads(line)
                self._take(event)
            except (ValueError, KeyError, TypeError):
                continue

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["kind"]
        if kind == "trial_started":
            self.started, self.ending, self.message, self.warnings = True, None, "", []
        elif kind in ENDINGS:
            self.ending, self.message = ENDINGS[kind], event.get("message", "")
        elif kind == "epoch_ended":
            self.validation_accuracy = event["validation_accuracy"]
            phase = "fine-tuning epoch" if event["phase"] == "fine_tuning" else "epoch"
            self._last = f"{phase} {event['epoch']} of {event['epochs']}"
        elif kind == "stage_started":
            self._last = f"the start of the stage “{event['stage']}”"
        elif kind == "warned":
            self.warnings.append(event["message"])
