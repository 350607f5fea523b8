"""The folder of one trial: its files, and the state and figures that follow from them.

spec.json      the spec, when it was made         written once, rewritten by a rename
events.jsonl   what the trial said, line by line  appended while it runs
result.json    what was measured                  there if and only if the trial is finished
.lock          held by the process that runs it   tells a running trial from a killed one
"""

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from pydantic import ValidationError

from core.errors import StudyError
from core.events import Event
from core.experiment.event_file import EVENTS, EventFile
from core.experiment.files import require_plain_folder, write_atomically
from core.experiment.story import Story
from core.experiment.summary import TrialState, TrialSummary, letter_of, measured, without_savings
from core.files import open_plain, read_plain, require_plain_file
from core.json_text import load_json
from core.results import TrialResult
from core.section import with_implied
from core.spec import SCHEMA_VERSION, SPECS, TrialSpec, identity, parse_spec, spec_type_of

NAME = re.compile(r"(\d{4,9})-(.+)")
_SPEECHLESS = (
    "It ended before its first word could be written, most often because the disk was full; "
    "free some space and train it again."
)


class TrialFolder:
    """Reads one trial and remembers what it read, so that looking again costs a stat or two."""

    def __init__(
        self, parent: str, name: str, known: TrialSummary | None = None, signature: tuple[int, int] = (0, -1)
    ) -> None:
        self._parent = parent
        self.name = name
        self.signature = signature
        """Modification time of the folder in nanoseconds and bytes of the events, when last read."""
        self.known = known
        self._story: Story | None = None
        self._against: tuple[str | None, TrialSummary | None, TrialSummary] | None = None

    @property
    def path(self) -> Path:
        """The folder."""
        # Made when asked for: thousands of them would cost more than all else about opening a study.
        return Path(self._parent, self.name)

    def summary(self, reference: str | None) -> TrialSummary:
        """Return what was last read; latency is only saved against today's reference trial."""
        known = self.known
        assert known is not None
        if all(latency.saving is None or latency.reference_trial == reference for latency in known.latencies):
            return known
        if self._against is None or self._against[:2] != (reference, known):
            self._against = (reference, known, without_savings(known, reference))
        return self._against[2]

    def read_if_changed(self, mtime_ns: int, now_ns: int) -> bool:
        """Read the files again if anything about them changed; tell whether the summary did.

        Atomic writes rename within the folder, so its own modification time covers all files but the
        growing events, and those of a finished trial no longer grow.
        """
        known = self.known
        finished = known is not None and known.state is TrialState.FINISHED
        signature = (mtime_ns, self.signature[1] if finished else _size(self.path / EVENTS))
        state = known.state if known is not None and signature == self.signature else None
        if state is not None and (state is not TrialState.RUNNING or is_locked(self.path)):
            return False
        # A folder that changed within the clock's grain may change again without showing it.
        self.signature = signature if now_ns - mtime_ns > 50_000_000 else (0, -1)
        self.known = self._read(mtime_ns)
        return self.known != known

    def _read(self, mtime_ns: int) -> TrialSummary:
        match = NAME.fullmatch(self.name)
        assert match is not None
        number = int(match[1])
        blank = TrialSummary(self.name, number, letter_of(number), "", match[2], TrialState.FAILED, mtime_ns / 1e9)
        try:
            require_plain_folder(self.path)
            values = _read_object(self.path / "spec.json")
            created_s, title = float(values["created_s"]), str(values["spec"]["name"])
            SPECS[values["spec"]["task"]].model_validate(values["spec"])
        except StudyError as error:
            return replace(blank, message=str(error))
        except (LookupError, TypeError, ValueError, ArithmeticError):
            return replace(blank, message=f"{self.path / 'spec.json'} is not the spec of a trial; delete the trial")
        blank = replace(blank, title=title, created_s=created_s, task=values["spec"]["task"])
        try:
            result = read_result(self.path)
        except StudyError as error:
            return replace(blank, message=str(error))
        if result is not None:
            return replace(blank, state=TrialState.FINISHED, **measured(result))
        return self._read_unfinished(blank)

    def _read_unfinished(self, blank: TrialSummary) -> TrialSummary:
        story = self._story = self._story or Story(self.path / EVENTS)
        story.read_on()
        told = replace(
            blank, validation_accuracy=story.validation_accuracy, warnings=tuple(story.warnings), message=story.message
        )
        if story.ending is not None:
            return replace(told, state=story.ending)
        if is_locked(self.path):
            return replace(told, state=TrialState.RUNNING)
        if not story.started:
            num_bytes = _size(self.path / EVENTS)
            if num_bytes < 0:
                return replace(told, state=TrialState.QUEUED)
            damaged = f"{self.path / EVENTS} is damaged; delete that file and train the trial again"
            return replace(told, state=TrialState.FAILED, message=damaged if num_bytes else _SPEECHLESS)
        return replace(told, state=TrialState.FAILED, message=story.interruption)


def write_spec(folder: Path, spec: TrialSpec, created_s: float) -> None:
    """Write a trial's spec.json. Raises StudyError when it cannot be written."""
    values = {"schema": SCHEMA_VERSION, "created_s": created_s, "identity": identity(spec)}
    content = json.dumps({**values, "spec": spec.model_dump(mode="json")}, indent=1, ensure_ascii=False)
    write_atomically(folder / "spec.json", content + "\n")


def read_spec(folder: Path) -> TrialSpec:
    """Return the spec of a trial. Raises StudyError when its file is damaged, SpecError when its values are."""
    path = folder / "spec.json"
    values = _read_object(path).get("spec")
    if not isinstance(values, dict):
        raise StudyError(f"{path} is not the spec of a trial; delete the trial")
    return parse_spec(values, str(path))


def read_result(folder: Path) -> TrialResult | None:
    """Return what was measured of a trial, None while it is not finished. Raises StudyError on a damaged file."""
    path = folder / "result.json"
    try:
        return TrialResult.model_validate_json(read_plain(path))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise StudyError(f"{path} is damaged; delete that file and train the trial again") from error


def read_events(folder: Path) -> list[Event]:
    """Return what a trial said so far; lines cut by a kill or said by another version are left out."""
    return list(EventFile(folder / EVENTS).fresh())


def lock_path(folder: Path) -> Path:
    """Return the file that the process running a trial holds locked."""
    return folder / ".lock"


def is_locked(folder: Path) -> bool:
    """Tell whether a living process holds a trial."""
    if sys.platform == "win32":
        return _is_locked_by_trying(folder)
    import fcntl

    # A shared lock, so that two windows asking at once do not take each other for the process that runs it.
    try:
        with open_plain(lock_path(folder)) as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _is_locked_by_trying(folder: Path) -> bool:
    try:
        require_plain_file(lock_path(folder))
        with FileLock(lock_path(folder), timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False


def _read_object(path: Path) -> dict[str, Any]:
    try:
        values = load_json(read_plain(path))
    except FileNotFoundError as error:
        raise StudyError(f"{path} is missing; delete the trial, or put the file back from a backup") from error
    except (OSError, ValueError) as error:
        raise StudyError(f"{path} is damaged; delete the trial, or put the file back from a backup") from error
    if not isinstance(values, dict) or not isinstance(values.get("schema"), int):
        raise StudyError(f"{path} is not the spec of a trial; delete the trial")
    if values["schema"] > SCHEMA_VERSION:
        raise StudyError(f"{path} was written by a newer version (schema {values['schema']}); update this program")
    spec = values.get("spec")
    if values["schema"] < SCHEMA_VERSION and isinstance(spec, dict):
        values["spec"] = with_implied(spec_type_of(spec), spec)
    return values


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return -1
