"""Trials on a device: deployed there, measured there beside the reference trial, and the figures put back into them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.clips import Clip, find_clips
from core.datasets.preprocessing import load_preprocessing
from core.datasets.split import split_clips
from core.datasets.waveforms import FULL_SCALE, read_clip
from core.deploy import release
from core.deploy.benchmark import Plan, Session, benchmark, put_clips
from core.deploy.connection import Connection
from core.deploy.device.settings import settings_text
from core.deploy.layout import Layout
from core.deploy.lock import held
from core.deploy.provision import provisioned
from core.deploy.service import ListeningService
from core.errors import DataError, StudyError
from core.evaluation.interpreter import LoadedModel
from core.events import Emit, LatencyMeasured, Progressed, Warned
from core.experiment.latencies import keep_device_latency
from core.experiment.model_choice import choose_model
from core.experiment.spotting import load_working_point
from core.experiment.store import Study, TrialState
from core.results import ClipDifference, DeviceAccuracy, DeviceRun, Latency, ThreadTiming
from core.spec import KeywordSpottingSpec, TrialSpec, identity, of_task

Int16 = NDArray[np.int16]


@dataclass(frozen=True)
class Benchmarking:
    """How trials are measured on a device; `num_clips` of the test part are uploaded to be judged there."""

    plan: Plan = field(default_factory=Plan)
    num_clips: int = 200


@dataclass(frozen=True)
class TestClips:
    """Clips of a test part: samples (n, num_samples), places of their labels (n,), and their files."""

    samples: Int16
    targets: NDArray[np.int64]
    names: tuple[str, ...]


@dataclass(frozen=True)
class _Measured:
    name: str
    spec: TrialSpec
    folder: Path
    release: str
    clips: TestClips | None


def release_of(study: Study, name: str) -> release.Release:
    """Return what goes to a device for a finished trial, at its saved working point. Raises StudyError."""
    summary = study.summary(name)
    if summary.state is not TrialState.FINISHED:
        raise StudyError(
            f"trial {summary.letter} is {summary.state.value}, so it has no model to deploy; train it first"
        )
    folder = study.folder_of(name)
    chosen = choose_model(folder)
    settings = settings_text(
        chosen.preprocessing.labels, chosen.preprocessing.model_dump(mode="json"), load_working_point(chosen)
    )
    title = summary.title or f"trial-{summary.letter}"
    return release.make_release(title, identity(study.spec(name)), chosen.path.read_bytes(), settings)


def deploy_trial(connection: Connection, study: Study, name: str, emit: Emit) -> str:
    """Put a trial in force on a device, which is provisioned first if it has to be; return the release's name.

    A listening service that runs goes on with the new model. Raises DeviceError or StudyError.
    """
    made = release_of(study, name)
    provisioned(connection, emit)
    with held(connection, str(Layout(connection.home).python), "deploying"):
        return _put_in_force(connection, made, emit)


def roll_back(connection: Connection) -> str:
    """Put the release before the current one in force again on a device, and return its name. Raises DeviceError."""
    with held(connection, str(Layout(connection.home).python), "rolling back"):
        name = release.roll_back(connection)
        ListeningService(connection).restart_if_running()
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
    clips = _pick(study, wanted, how.num_clips, emit)
    provisioned(connection, emit)
    with held(connection, str(Layout(connection.home).python), "benchmarking"):
        if deploy:
            _put_in_force(connection, releases[0], emit)
        trials = [
            _Measured(name, study.spec(name), study.folder_of(name), release.place(connection, made, emit), clips[name])
            for name, made in zip(wanted, releases, strict=True)
        ]
        # Clips go with the first folders named.
        trials.sort(key=lambda trial: trial.clips is None)
        session = _measure(connection, trials, how.plan, emit)
    _keep(connection.name, study, trials, session, emit)
    return wanted


def pick_test_clips(spec: KeywordSpottingSpec, count: int) -> TestClips:
    """Return so many clips of a trial's test part, evenly over its labels. Raises DataError when they are not there."""
    found = find_clips(spec.dataset)
    rows = split_clips(found, spec.split).test
    chosen = rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))]
    read: list[tuple[Int16, Clip]] = []
    for row in chosen.tolist():
        clip = found.clips[row]
        try:
            read.append((read_clip(clip, spec.features.sample_rate, spec.num_samples), clip))
        except DataError:
            continue
    if not read:
        raise DataError(f"{found.folder}: none of its test clips can be read; check the folder")
    return TestClips(
        np.stack([samples for samples, _ in read]),
        np.array([clip.target for _, clip in read], np.int64),
        tuple(str(clip.path.relative_to(found.folder)) for _, clip in read),
    )


def _put_in_force(connection: Connection, made: release.Release, emit: Emit) -> str:
    emit(Progressed(what="Deploying", done=0, total=1))
    name = release.deploy(connection, made, emit)
    ListeningService(connection).restart_if_running()
    emit(Progressed(what="Deploying", done=1, total=1))
    return name


def _pick(study: Study, names: Sequence[str], num_clips: int, emit: Emit) -> dict[str, TestClips | None]:
    """Return the clips to judge each trial by, the same ones for trials of the same data."""
    picked: dict[str, TestClips | None] = {}
    of_trial = {}
    for name in names:
        spec = of_task(study.spec(name), KeywordSpottingSpec)
        data = spec.dataset.model_dump_json() + spec.split.model_dump_json() + str(spec.features.sample_rate)
        if data not in picked:
            picked[data] = _picked(spec, num_clips, emit)
        of_trial[name] = picked[data]
    return of_trial


def _picked(spec: KeywordSpottingSpec, num_clips: int, emit: Emit) -> TestClips | None:
    try:
        return pick_test_clips(spec, num_clips) if num_clips else None
    except DataError as error:
        emit(Warned(message=f"Accuracy on the device is not measured: {error}"))
        return None


def _measure(connection: Connection, trials: Sequence[_Measured], plan: Plan, emit: Emit) -> Session:
    clips = [put_clips(connection, trial.clips.samples, trial.clips.targets, emit) for trial in trials if trial.clips]

    def tell(index: int, timing: ThreadTiming, session: Session) -> None:
        trial = trials[index]
        emit(LatencyMeasured(trial=trial.name, latency=_latency(connection.name, timing, session)))

    return benchmark(connection, [trial.release for trial in trials], clips, plan, tell, emit)


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
        accuracy=_accuracy(trial, trial.clips, session.predictions[index]) if trial.clips else None,
    )


def _accuracy(trial: _Measured, clips: TestClips, there: Sequence[int]) -> DeviceAccuracy:
    """Judge the same clips here by the same file, and list where the answers differ."""
    preprocessing = load_preprocessing(trial.folder)
    pictures = preprocessing.extractor().compute(np.divide(clips.samples, FULL_SCALE, dtype=np.float32))
    here = LoadedModel(trial.folder / "model.tflite").run(preprocessing.scale(pictures)).argmax(axis=1).tolist()
    labels = preprocessing.labels
    differences = tuple(
        ClipDifference(clip=name, label=labels[target], here=labels[own], there=labels[other])
        for name, target, own, other in zip(clips.names, clips.targets.tolist(), here, there, strict=True)
        if own != other
    )
    return DeviceAccuracy(
        num_clips=len(here),
        num_right=int((np.array(there) == clips.targets).sum()),
        num_right_here=int((np.array(here) == clips.targets).sum()),
        differences=differences,
    )
