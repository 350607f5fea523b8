"""Latencies of finished trials: timed on this machine or brought from a device, and kept in their results.

Loads no TensorFlow, so that a device is deployed to and a sweep begins without it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import StudyError
from core.events import Emit, Progressed, TrialFinished, ignore
from core.experiment.files import write_atomically, writing_failed
from core.experiment.recorder import Recorder
from core.experiment.store import Study, TrialState
from core.experiment.trial_folder import lock_path
from core.files import require_plain_file
from core.results import Latency, TrialResult
from core.tasks.registry import TASKS


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
            latency = set_against(latency, reference, timed.total.median_ms)
        _keep_latency(study, name, latency, with_latency, emit)
    emit(Progressed(what="Measuring latency", done=len(finished), total=len(finished)))
    study.refresh()
    return finished


def keep_device_latency(study: Study, name: str, latency: Latency, emit: Emit) -> None:
    """Put what was measured on a device into a finished trial, in place of what was known of that device.

    Raises StudyError when the trial runs again meanwhile, or its result cannot be written.
    """
    _keep_latency(study, name, latency, _with_device_latency, emit)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold a trial, which is what makes it RUNNING in every window that looks at the study."""
    lock = FileLock(lock_path(folder))
    try:
        require_plain_file(lock_path(folder))
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


def timed_reference(study: Study, name: str, latency: Latency, emit: Emit) -> tuple[str, float] | None:
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


def set_against(latency: Latency, reference: str, total_ms: float) -> Latency:
    """Return the latency beside the total of the reference trial in the same session."""
    return latency.model_copy(update={"reference_trial": reference, "reference_total_ms": total_ms})


def with_latency(result: TrialResult, latency: Latency) -> TrialResult:
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
    with held(folder):
        result = study.result(name)
        if result is None:
            raise StudyError(f"trial {name} has no result any more; train it again")
        result = put_in(result, latency)
        keep_result(folder, result)
        with Recorder(folder, emit) as record:
            record(TrialFinished(result=result))


def keep_result(folder: Path, result: TrialResult) -> None:
    """Write a trial's result."""
    write_atomically(folder / "result.json", result.model_dump_json(indent=1) + "\n")
