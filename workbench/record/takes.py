"""Takes of words, one after another: a pause, the time to say the word, the loudest second saved. Knows nothing of Qt.

Time is counted in samples heard, so that a busy window cuts nothing off.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from core.audio.loudness import measure_loudness
from core.datasets.recordings import (
    SAMPLE_RATE,
    Take,
    check_folder,
    check_label,
    delete_take,
    restore_take,
    save_take,
    speaker_id,
    trim_take,
)
from core.errors import DataError

Float32 = NDArray[np.float32]

TAKE_S = 2.0
MOST_SILENT_TAKES = 3
ONCE_MORE = "Nothing was heard; once more."
GIVEN_UP = "Nothing was heard in three takes: check that the right microphone is chosen and not muted."


class Phase(Enum):
    """What the speaker is to do."""

    IDLE = "idle"
    PAUSE = "pause"
    SPEAK = "speak"


@dataclass(frozen=True)
class Batch:
    """Words to record in turns, each so many times; `person` may be empty."""

    folder: Path
    labels: tuple[str, ...]
    takes_per_label: int = 10
    person: str = ""
    pause_s: float = 1.0

    def check(self) -> None:
        """Make sure that takes can be saved under these names. Raises DataError."""
        if not self.labels:
            raise DataError("name at least one word to record")
        for label in self.labels:
            check_label(label)
        if self.folder == Path():
            raise DataError("choose a folder that the takes go to")
        check_folder(self.folder)


@dataclass(frozen=True)
class Prompt:
    """One take that is wanted: `place` of `total`; `replaces` goes once there is a better one."""

    folder: Path
    label: str
    speaker: str
    place: int = 1
    total: int = 1
    replaces: Take | None = None


class TakeRecorder:
    """Hears a stream and makes takes of it, until the batch is through."""

    changed = Signal()
    """Another phase began."""
    taken = Signal(object)
    """A Take was saved."""
    removed = Signal(object)
    """A Take is gone."""
    deleted = Signal(str, object)
    """What was done, in words, and a function that brings the take back, raising DataError."""
    failed = Signal(str)
    """A sentence: why a take was not kept."""

    def __init__(self) -> None:
        self.takes: list[Take] = []
        """Those made here, oldest first."""
        self.phase = Phase.IDLE
        self.pause_s = 1.0
        self._prompts: deque[Prompt] = deque()
        # Who gives no name is the same unknown person all the while.
        self._anonymous = speaker_id()
        self._heard: Float32 = np.zeros(0, np.float32)
        self._silent_takes = 0

    @property
    def prompt(self) -> Prompt | None:
        """The take that is wanted now; None between batches."""
        return self._prompts[0] if self._prompts else None

    @property
    def remaining_s(self) -> float:
        """Seconds of this phase that are left."""
        return max(0.0, self._phase_s - len(self._heard) / SAMPLE_RATE)

    @property
    def elapsed(self) -> float:
        """How much of this phase is over, 0 to 1."""
        return 1 - self.remaining_s / self._phase_s if self._phase_s else 0.0

    def speaker_of(self, person: str) -> str:
        """Return the eight digits that stand for a person in file names."""
        return speaker_id(person) if person.strip() else self._anonymous

    def start(self, batch: Batch) -> None:
        """Begin a batch. Raises DataError for names that cannot be used."""
        batch.check()
        self.pause_s = batch.pause_s
        speaker = self.speaker_of(batch.person)
        wanted = [label for _ in range(batch.takes_per_label) for label in batch.labels]
        self._prompts = deque(
            Prompt(batch.folder, label, speaker, place, len(wanted)) for place, label in enumerate(wanted, 1)
        )
        self._silent_takes = 0
        self._begin(Phase.PAUSE)

    def take_again(self, take: Take) -> None:
        """Record the word of a take next, by the same speaker; then the batch goes on."""
        self._prompts.appendleft(
            Prompt(take.path.parents[1], take.path.parent.name, take.path.name.partition("_")[0], replaces=take)
        )
        self._silent_takes = 0
        self._begin(Phase.PAUSE)

    def stop(self) -> None:
        """End the batch; what is saved stays, the take in progress is forgotten."""
        self._prompts.clear()
        self._begin(Phase.IDLE)

    def delete(self, take: Take) -> None:
        """Delete a take's file, which `deleted` tells how to take back. Raises DataError."""
        content = delete_take(take)
        self.takes.remove(take)
        self.removed.emit(take)
        if content:
            words = f"delete {take.path.parent.name}/{take.path.name}"
            self.deleted.emit(words, lambda: self._note(restore_take(take, content)))

    def hear(self, samples: Float32) -> None:
        """Take what is new of the stream, at 16 kHz."""
        if self.phase is Phase.IDLE:
            return
        self._heard = np.concatenate((self._heard, samples))
        wanted = round(self._phase_s * SAMPLE_RATE)
        if len(self._heard) < wanted:
            return
        heard, rest = self._heard[:wanted], self._heard[wanted:]
        if self.phase is Phase.PAUSE:
            self._begin(Phase.SPEAK, rest)
        else:
            self._keep(heard)

    @property
    def _phase_s(self) -> float:
        return {Phase.IDLE: 0.0, Phase.PAUSE: self.pause_s, Phase.SPEAK: TAKE_S}[self.phase]

    def _begin(self, phase: Phase, heard: Float32 | None = None) -> None:
        self.phase = phase
        self._heard = np.zeros(0, np.float32) if heard is None else heard
        self.changed.emit()

    def _keep(self, heard: Float32) -> None:
        clip = trim_take(heard, SAMPLE_RATE)
        if measure_loudness(clip, SAMPLE_RATE).is_silent:
            self._refuse_silence()
            return
        prompt = self._prompts[0]
        try:
            self._note(save_take(prompt.folder, prompt.label, prompt.speaker, clip))
            if prompt.replaces in self.takes:
                self.delete(prompt.replaces)
        except DataError as error:
            self.stop()
            self.failed.emit(str(error))
            return
        self._silent_takes = 0
        self._prompts.popleft()
        self._begin(Phase.PAUSE if self._prompts else Phase.IDLE)

    def _note(self, take: Take) -> None:
        self.takes.append(take)
        self.taken.emit(take)

    def _refuse_silence(self) -> None:
        self._silent_takes += 1
        if self._silent_takes < MOST_SILENT_TAKES:
            self._begin(Phase.PAUSE)
            self.failed.emit(ONCE_MORE)
        else:
            self.stop()
            self.failed.emit(GIVEN_UP)
