"""What a trial says, written into its folder as it is said: `events.jsonl` for programs, `log.txt` for people."""

import contextlib
import io
import time
from pathlib import Path
from types import TracebackType

from core.errors import StudyError, TrialCancelled
from core.events import (
    BatchEnded,
    Emit,
    EpochEnded,
    Event,
    Progressed,
    StageStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    TrialStopped,
    Warned,
    to_line,
)
from core.experiment.event_file import EVENTS
from core.experiment.files import writing_failed
from core.files import open_plain
from core.results import Classification, TrialResult
from core.visible_text import visible_lines

ENDINGS = (TrialFinished, TrialFailed, TrialStopped)


class Recorder:
    """An `Emit` that writes every event of a trial into its folder, then hands it on."""

    def __init__(self, folder: Path, emit: Emit) -> None:
        self._folder = folder
        self._emit = emit

    def __enter__(self) -> "Recorder":
        try:
            with contextlib.ExitStack() as opened:
                self._events = opened.enter_context(open_plain(self._folder / EVENTS, "ab"))
                log = open_plain(self._folder / "log.txt", "ab")
                self._log = opened.enter_context(io.TextIOWrapper(log, "utf-8", "backslashreplace"))
                if not _ends_with_newline(self._folder / EVENTS):
                    self._events.write(b"\n")
                # From here on they are closed at the end.
                opened.pop_all()
        except OSError as error:
            raise StudyError(writing_failed(self._folder, error)) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in (self._events, self._log):
            # On a full disk closing tries once more to write what is left over.
            with contextlib.suppress(OSError):
                file.close()

    def __call__(self, event: Event) -> None:
        """Write an event and hand it on. Raises StudyError when it cannot be written, TrialCancelled at the end."""
        told = event.model_copy(update={"trial": self._folder.name})
        try:
            self._events.write(to_line(told).encode())
            self._events.flush()
            if line := _in_words(told):
                self._log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {visible_lines(line)}\n")
                self._log.flush()
        except OSError as error:
            # How a trial ended is worth saying even where it cannot be kept.
            if not isinstance(event, ENDINGS):
                raise StudyError(writing_failed(self._folder, error)) from error
        if isinstance(event, ENDINGS):
            with contextlib.suppress(TrialCancelled):
                self._emit(told)
        else:
            self._emit(told)


def _in_words(event: Event) -> str:
    match event:
        case BatchEnded() | Progressed():
            return ""
        case TrialStarted():
            return "resumed" if event.resumed else "started"
        case StageStarted():
            return f"{event.stage}{': ' if event.note else ''}{event.note}"
        case EpochEnded():
            return (
                f"{event.phase} epoch {event.epoch}/{event.epochs}: loss {event.loss:.4f}, "
                f"{_validation(event)}{_figures(event)}"
                f"sparsity {event.sparsity:.3f}, {event.seconds:.1f} s"
            )
        case Warned():
            return f"warning: {event.message}"
        case TrialFailed():
            return f"failed: {event.message}\n{event.details}".rstrip()
        case TrialFinished():
            return f"finished: {_quality(event.result)}, {event.result.footprint.zip_bytes} bytes zipped"
        case _:
            return event.kind.replace("_", " ")


def _validation(event: EpochEnded) -> str:
    return "" if event.validation_loss is None else f"validation {event.validation_loss:.4f}, "


def _quality(result: TrialResult) -> str:
    quality = result.quality
    if isinstance(quality, Classification):
        return f"accuracy {quality.accuracy:.4f}" + (f" of trial {result.origin}" if result.origin else "")
    return ", ".join(f"MAE {found.file.mae:.4g} of {found.name}" for found in quality.quantities)


def _figures(event: EpochEnded) -> str:
    if event.accuracy is not None and event.validation_accuracy is None:
        return f"accuracy {event.accuracy:.4f} on training clips, "
    if event.validation_accuracy is not None:
        return f"accuracy {event.accuracy:.4f}, validation {event.validation_accuracy:.4f}, "
    return "".join(f"validation MAE {error:.4g} of {quantity}, " for quantity, error in event.validation_mae.items())


def _ends_with_newline(path: Path) -> bool:
    with open_plain(path) as file:
        if file.seek(0, 2) == 0:
            return True
        file.seek(-1, 2)
        return file.read() == b"\n"
