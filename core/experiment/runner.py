"""Runs trials of a study: gives the pipeline a folder, writes down what it says and what it returns."""

import shutil
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

from core.errors import TrialCancelled, WorkbenchError, part_missing
from core.events import Emit, TrialFailed, TrialFinished, TrialStarted, TrialStopped, ignore
from core.experiment.files import NO_ROOM, writing_failed
from core.experiment.final import load_origin
from core.experiment.latencies import held, keep_result, set_against, timed_reference, with_latency
from core.experiment.recorder import Recorder
from core.experiment.store import Study
from core.results import TrialResult


def run(study: Study, name: str, emit: Emit = ignore, *, contended: bool = False) -> TrialResult:
    """Run a trial from where it stands and keep its result; a finished one is only read.

    `contended` says that other trials train meanwhile, so that its latency is marked as too high. Raises
    TrialCancelled, or a WorkbenchError with a sentence for the user; both are in the trial's events by then.
    """
    folder = study.folder_of(name)
    with held(folder):
        finished = study.result(name)
        if finished is not None:
            return finished
        with Recorder(folder, emit) as record:
            try:
                record(TrialStarted(resumed=(folder / "checkpoint").is_dir()))
                result = _run(study, name, record, contended=contended)
            except TrialCancelled:
                record(TrialStopped())
                raise
            except Exception as error:
                message, details = explain(error, folder)
                record(TrialFailed(message=message, details=details))
                raise WorkbenchError(message) from error
            record(TrialFinished(result=result))
            # It held the optimizer's state as well, several times the size of the model.
            shutil.rmtree(folder / "checkpoint", ignore_errors=True)
            return result


def run_all(study: Study, names: Sequence[str], emit: Emit = ignore) -> list[str]:
    """Run trials one after another and return their names; a failed one does not stop the others.

    Raises TrialCancelled, or at the end a WorkbenchError that says which trials failed and why.
    """
    failures: dict[str, str] = {}
    for name in names:
        try:
            run(study, name, emit)
        except WorkbenchError as error:
            failures[name] = str(error)
    raise_failures(study, names, failures)
    return list(names)


def raise_failures(study: Study, names: Sequence[str], failures: Mapping[str, str]) -> None:
    """Raise a WorkbenchError with the sentences of the trials that failed, if there are any."""
    if len(names) == 1:
        sentence = "".join(failures.values())
    else:
        listed = " ".join(f"{study.summary(name).letter}: {message}." for name, message in failures.items())
        sentence = f"{len(failures)} of {len(names)} trials failed. {listed}"
    if failures:
        raise WorkbenchError(sentence)


def _run(study: Study, name: str, record: Recorder, *, contended: bool) -> TrialResult:
    # Imported where a trial runs, because it brings TensorFlow (3.4 s): a sweep's own process, a benchmark and a check
    # of data do without it.
    from core.pipeline import run_trial

    folder = study.folder_of(name)
    result = run_trial(study.spec(name), folder, record, load_origin(folder))
    (latency,) = result.latencies
    if contended:
        latency = latency.model_copy(update={"contended": True})
        result = result.model_copy(update={"latencies": (latency,)})
        keep_result(folder, result)
        return result
    # Kept before the reference trial is timed, so that an end meanwhile costs nothing.
    keep_result(folder, result)
    reference = timed_reference(study, name, latency, record)
    result = with_latency(result, set_against(latency, *reference) if reference else latency)
    keep_result(folder, result)
    return result


def explain(error: Exception, folder: Path) -> tuple[str, str]:
    """Return a sentence for the user about an error of a trial, and a traceback where the sentence is not enough."""
    details = "".join(traceback.format_exception(error))
    text = str(error)
    if isinstance(error, WorkbenchError):
        return text, ""
    # TensorFlow reports a full disk and a full memory with its own class and the system's words.
    if (isinstance(error, OSError) and error.errno in NO_ROOM) or "No space left on device" in text:
        shown = error if isinstance(error, OSError) else OSError(NO_ROOM[0], text)
        return writing_failed(folder, shown), details
    if isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError":
        return (
            "memory ran out; use a smaller batch_size or fewer filters, or close other programs, then resume",
            details,
        )
    if isinstance(error, ImportError):
        return part_missing(error), details
    if isinstance(error, OSError):
        return writing_failed(Path(error.filename or folder), error), details
    return f"an unexpected {type(error).__name__}: {text or 'no message'}; the trial's log.txt has the details", details
