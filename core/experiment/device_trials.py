"""Trials on a device: deployed there, measured there beside the reference trial, and the figures put back into them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.deploy import programs, release
from core.deploy.benchmark import Plan, Session, benchmark, put_examples
from core.deploy.connection import Connection
from core.deploy.forecast_service import ForecastingService
from core.deploy.layout import Layout
from core.deploy.lock import held
from core.deploy.provision import provisioned
from core.deploy.service import ListeningService
from core.errors import DataError, DeviceError, StudyError
from core.events import Emit, LatencyMeasured, Progressed, Warned, ignore
from core.experiment.device_tasks import DEVICE_TASKS, TestExamples
from core.experiment.latencies import keep_device_latency
from core.experiment.model_choice import MODEL
from core.experiment.store import Study, TrialState
from core.results import DeviceRun, Latency, ThreadTiming
from core.spec import TrialSpec, identity


@dataclass(frozen=True)
class Benchmarking:
    """How trials are measured on a device; `num_clips` clips or windows of the test part are judged there."""

    plan: Plan = field(default_factory=Plan)
    num_clips: int = 200


@dataclass(frozen=True)
class _Measured:
    name: str
    spec: TrialSpec
    folder: Path
    release: str
    examples: TestExamples | None


def release_of(study: Study, name: str) -> release.Release:
    """Return what goes to a device for a finished trial, at its saved working point. Raises StudyError."""
    summary = study.summary(name)
    if summary.state is not TrialState.FINISHED:
        raise StudyError(f"trial {summary.letter} has no model to deploy, for {summary.plight}")
    folder = study.folder_of(name)
    spec = study.spec(name)
    settings = DEVICE_TASKS[spec.task].settings(folder)
    title = summary.title or f"trial-{summary.letter}"
    try:
        model = (folder / MODEL).read_bytes()
    except OSError as error:
        raise StudyError(f"{folder / MODEL}: cannot be read ({error.strerror}); train the trial again") from error
    return release.make_release(title, identity(spec), model, settings)


def deploy_trial(connection: Connection, study: Study, name: str, emit: Emit) -> str:
    """Put a trial in force on a device, which is provisioned first if it has to be; return the release's name.

    A service that runs goes on with the new model; one that cannot is told by a Warned, and goes on with a later one
    that it can. Raises DeviceError or StudyError.
    """
    made = release_of(study, name)
    provisioned(connection, emit)
    with held(connection, str(Layout(connection.home).python), "deploying"):
        return _put_in_force(connection, made, emit)


def roll_back(connection: Connection, emit: Emit = ignore) -> str:
    """Put the release before the current one in force again on a device, and return its name. Raises DeviceError."""
    with held(connection, str(programs.require_python(connection)), "rolling back"):
        name = release.roll_back(connection)
        _take_up(connection, name, emit)
        return name


def benchmark_trials(
    connection: Connection, study: Study, names: Sequence[str], how: Benchmarking, emit: Emit, deploy: str = ""
) -> list[str]:
    """Measure trials on a device in one session, beside the study's reference trial, and keep the figures in them.

    `deploy` names a trial that is put in force first. Returns the names of all that were measured. Raises DeviceError,
    StudyError, or TrialCancelled, after which nothing of it runs on the device any more.
    """
    study.refresh()
    wanted = list(dict.fromkeys([*([deploy] if deploy else []), *names]))
    if study.reference is None and wanted:
        study.set_reference(min(wanted))
    reference = study.reference
    if reference and reference not in wanted and study.result(reference) is not None:
        wanted.append(reference)
    releases = [release_of(study, name) for name in wanted]
    # Before the device is held: a large folder takes its time, in which the device would hear nothing.
    examples = _pick(study, wanted, how.num_clips, emit)
    provisioned(connection, emit)
    with held(connection, str(Layout(connection.home).python), "benchmarking"):
        if deploy:
            _put_in_force(connection, releases[0], emit)
        trials = [
            _Measured(
                name, study.spec(name), study.folder_of(name), release.place(connection, made, emit), examples[name]
            )
            for name, made in zip(wanted, releases, strict=True)
        ]
        # Examples go with the first folders named.
        trials.sort(key=lambda trial: trial.examples is None)
        session = _measure(connection, trials, how.plan, emit)
    _keep(connection.name, study, trials, session, emit)
    return wanted


def _put_in_force(connection: Connection, made: release.Release, emit: Emit) -> str:
    emit(Progressed(what="Deploying", done=0, total=1))
    name = release.deploy(connection, made, emit)
    _take_up(connection, name, emit)
    emit(Progressed(what="Deploying", done=1, total=1))
    return name


def _take_up(connection: Connection, name: str, emit: Emit) -> None:
    """Let the services go on with the release in force, which stays so whatever becomes of them."""
    for service in (ListeningService(connection), ForecastingService(connection)):
        try:
            service.take_up_release()
        except DeviceError as error:
            emit(Warned(message=f"{name} is active, but {error}"))


def _pick(study: Study, names: Sequence[str], count: int, emit: Emit) -> dict[str, TestExamples | None]:
    """Return the examples to judge each trial by, the same ones for trials of the same data."""
    picked: dict[str, TestExamples | None] = {}
    of_trial = {}
    for name in names:
        spec = study.spec(name)
        data = DEVICE_TASKS[spec.task].data_of(spec)
        if data not in picked:
            picked[data] = _picked(spec, count, emit)
        of_trial[name] = picked[data]
    return of_trial


def _picked(spec: TrialSpec, count: int, emit: Emit) -> TestExamples | None:
    try:
        return DEVICE_TASKS[spec.task].pick(spec, count, emit) if count else None
    except DataError as error:
        emit(Warned(message=f"The answers on the device are not judged: {error}"))
        return None


def _measure(connection: Connection, trials: Sequence[_Measured], plan: Plan, emit: Emit) -> Session:
    given = [trial.examples for trial in trials if trial.examples]
    files = [put_examples(connection, examples.inputs, examples.targets, emit) for examples in given]

    def tell(index: int, timing: ThreadTiming, session: Session) -> None:
        trial = trials[index]
        emit(LatencyMeasured(trial=trial.name, latency=_latency(connection.name, timing, session)))

    return benchmark(connection, [trial.release for trial in trials], files, plan, tell, emit)


def _keep(device: str, study: Study, trials: Sequence[_Measured], session: Session, emit: Emit) -> None:
    """Put the figures of a session into its trials."""
    totals = {}
    measured = {}
    for index, trial in enumerate(trials):
        timings = session.timings[index]
        wanted = trial.spec.measurement.num_threads
        timing = next((timing for timing in timings if timing.num_threads == wanted), timings[0])
        totals[trial.name] = timing.total.median_ms
        latency = _latency(device, timing, session)
        measured[trial.name] = latency.model_copy(update={"run": _run(trial, index, session)})
    reference = study.reference
    for trial in trials:
        latency = measured[trial.name]
        if reference in totals:
            latency = latency.model_copy(update={"reference_trial": reference, "reference_total_ms": totals[reference]})
        keep_device_latency(study, trial.name, latency, emit)
    study.refresh()


def _latency(device: str, timing: ThreadTiming, session: Session) -> Latency:
    assert session.board is not None
    return Latency(
        device=device,
        num_threads=timing.num_threads,
        feature=timing.feature,
        inference=timing.inference,
        total=timing.total,
        emulated=session.board.emulated,
        slowed=timing.slowed or session.before.slowed or session.after.slowed,
    )


def _run(trial: _Measured, index: int, session: Session) -> DeviceRun:
    board, resident = session.board, session.resident[index]
    assert board is not None
    compared = (
        DEVICE_TASKS[trial.spec.task].compare(trial.folder, trial.examples, session.answers[index])
        if trial.examples
        else {}
    )
    return DeviceRun(
        board=board.device,
        machine=board.machine,
        cores=board.cores,
        python=board.python,
        runtime=board.runtime,
        release=trial.release,
        by_threads=tuple(session.timings[index]),
        before=session.before,
        after=session.after,
        resident_bytes=resident.resident_bytes,
        peak_resident_bytes=resident.peak_resident_bytes,
        **compared,
    )
