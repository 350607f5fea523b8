"""Runs trials of a study: gives the pipeline a folder, writes down what it says and what it returns."""

import shutil
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import StudyError, TrialCancelled, WorkbenchError
from core.events import (
    Emit,
    Progressed,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    TrialStopped,
    ignore,
)
from core.experiment.files import NO_ROOM, write_atomically, writing_failed
from core.experiment.recorder import Recorder
from core.experiment.store import Study, TrialState
from core.experiment.trial_folder import lock_path
from core.results import Latency, TrialResult
from core.tasks.registry import TASKS


def run(study: Study, name: str, emit: Emit = ignore, *, contended: bool = False) -> TrialResult:
    """Run a trial from where it stands and keep its result; a finished one is only read.

    `contended` says that other trials train meanwhile, so that its latency is marked as too high. Raises
    TrialCancelled, or a WorkbenchError with a sentence for the user; both are in the trial's events by then.
    """
    folder = study.folder_of(name)
    with _held(folder):
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
    result = run_trial(study.spec(name), folder, record)
    (latency,) = result.latencies
    if contended:
        latency = latency.model_copy(update={"contended": True})
        result = result.model_copy(update={"latencies": (latency,)})
        _keep(folder, result)
        return result
    # Kept before the reference trial is timed, so that an end meanwhile costs nothing.
    _keep(folder, result)
    reference = _timed_reference(study, name, latency, record)
    result = _with_latency(result, _against(latency, *reference) if reference else latency)
    _keep(folder, result)
    return result


def remeasure(study: Study, names: Sequence[str], emit: Emit = ignore) -> list[str]:
    """Time finished trials one after another in one session, beside the reference trial, and keep the new times.

    Returns the names of those measured; trials without a result are passed over. Raises TrialCancelled between two.
    """
    study.refresh()
    finished = [name for name in names if study.summary(name).state is TrialState.FINISHED]
    if not finished:
        return []
    if study.reference is None:
        study.set_reference(min(finished))
    reference = study.reference
    for done, name in enumerate(finished):
        emit(Progressed(what="Measuring latency", done=done, total=len(finished), trial=name))
        latency = _time(study, name, emit)
        # The reference again beside each trial: a machine's pace was seen to change by half within one session.
        timed = latency if name == reference else None
        if timed is None and reference is not None and study.result(reference) is not None:
            timed = _time(study, reference, emit)
        if reference is not None and timed is not None:
            latency = _against(latency, reference, timed.total.median_ms)
        _keep_latency(study, name, latency, _with_latency, emit)
    emit(Progressed(what="Measuring latency", done=len(finished), total=len(finished)))
    study.refresh()
    return finished


def keep_device_latency(study: Study, name: str, latency: Latency, emit: Emit) -> None:
    """Put what was measured on a device into a finished trial, in place of what was known of that device.

    Raises StudyError when the trial runs again meanwhile, or its result cannot be written.
    """
    _keep_latency(study, name, latency, _with_device_latency, emit)


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
    if isinstance(error, OSError):
        return writing_failed(Path(error.filename or folder), error), details
    return f"an unexpected {type(error).__name__}: {text or 'no message'}; the trial's log.txt has the details", details


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Hold a trial, which is what makes it RUNNING in every window that looks at the study."""
    lock = FileLock(lock_path(folder))
    try:
        # Others look whether it is held by taking it for a moment.
        lock.acquire(timeout=2)
    except Timeout as error:
        raise StudyError(
            f"trial {folder.name} is running in another process; wait for it or cancel it there"
        ) from error
    except OSError as error:
        raise StudyError(writing_failed(folder, error)) from error
    try:
        yield
    finally:
        lock.release()


def _time(study: Study, name: str, emit: Emit) -> Latency:
    spec = study.spec(name)
    return TASKS[spec.task].measure_latency(study.folder_of(name) / "model.tflite", spec, emit)


def _timed_reference(study: Study, name: str, latency: Latency, emit: Emit) -> tuple[str, float] | None:
    """Return the reference trial and its median total in this session; the first trial finished becomes it."""
    study.refresh()
    if study.reference is None:
        study.set_reference(name)
    reference = study.reference
    if reference is None or reference == name:
        return name, latency.total.median_ms
    if study.summary(reference).state is not TrialState.FINISHED:
        return None
    return reference, _time(study, reference, emit).total.median_ms


def _against(latency: Latency, reference: str, total_ms: float) -> Latency:
    return latency.model_copy(update={"reference_trial": reference, "reference_total_ms": total_ms})


def _with_latency(result: TrialResult, latency: Latency) -> TrialResult:
    """Return the result with the latency of this machine replaced, and those of other devices kept."""
    others = tuple(known for known in result.latencies if known.device != latency.device)
    return result.model_copy(update={"latencies": (latency, *others)})


def _with_device_latency(result: TrialResult, latency: Latency) -> TrialResult:
    """Return the result with the latency of a device replaced or added, this machine's staying first."""
    known = [known for known in result.latencies if known.device != latency.device]
    return result.model_copy(update={"latencies": (*known, latency)})


def _keep_latency(
    study: Study, name: str, latency: Latency, put_in: Callable[[TrialResult, Latency], TrialResult], emit: Emit
) -> None:
    folder = study.folder_of(name)
    with _held(folder):
        result = study.result(name)
        if result is None:
            raise StudyError(f"trial {name} has no result any more; train it again")
        result = put_in(result, latency)
        _keep(folder, result)
        with Recorder(folder, emit) as record:
            record(TrialFinished(result=result))


def _keep(folder: Path, result: TrialResult) -> None:
    write_atomically(folder / "result.json", result.model_dump_json(indent=1) + "\n")
