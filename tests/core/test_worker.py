"""The real worker process: jobs in, events out, and every way it can be interrupted."""

import contextlib
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.events import Event, JobFailed, parse_event
from core.experiment.jobs import Cancel, CheckData, Job, RunSweep, Train, to_line
from core.experiment.store import Study, TrialState
from core.section import override
from core.spec import TrialSpec, parse_spec

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 240


class Worker:
    """A worker process and the events it said so far."""

    def __init__(self, folder: Path, *switches: str) -> None:
        self._log = (folder / "worker.log").open("wb")
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TINYML_WORKBENCH_CACHE": str(folder / "cache"),
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "core.worker", *switches],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=environment,
            cwd=folder,
        )
        self.events: list[Event] = []
        self._fresh: queue.Queue[bytes] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self._fresh.put(line)
        self._fresh.put(b"")

    def send(self, request: Job | Cancel | bytes) -> None:
        self.process.stdin.write(request if isinstance(request, bytes) else to_line(request).encode())
        self.process.stdin.flush()

    def wait_for(self, kind: str, job: str = "", wanted: Callable[[Event], bool] = lambda event: True) -> Event:
        """Return the next event of a kind; every line on the way must be an event."""
        while True:
            line = self._fresh.get(timeout=TIMEOUT_S)
            assert line, f"the worker ended before {kind}; it said {[event.kind for event in self.events[-5:]]}"
            event = parse_event(line)
            self.events.append(event)
            if event.kind == kind and event.job == job and wanted(event):
                return event

    def outcome(self, job: str) -> Event:
        """Return how a job ended."""
        while True:
            event = parse_event(self._fresh.get(timeout=TIMEOUT_S))
            self.events.append(event)
            if event.job == job and event.kind in ("job_finished", "job_failed", "job_cancelled"):
                return event

    def kinds(self, job: str) -> list[str]:
        return [event.kind for event in self.events if event.job == job]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.stdin.close()
            self.process.wait(TIMEOUT_S)
        self._reader.join()
        self.process.stdout.close()
        if not self.process.stdin.closed:
            # What was still to be sent to a killed process is of no use.
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        self._log.close()


@pytest.fixture(scope="module")
def worker(tmp_path_factory) -> Iterator[Worker]:
    running = Worker(tmp_path_factory.mktemp("worker"), "--rehearse")
    yield running
    running.end()
    assert running.process.returncode == 0


@pytest.fixture
def new_worker(tmp_path) -> Iterator[Callable[[], Worker]]:
    started: list[Worker] = []

    def start() -> Worker:
        started.append(Worker(tmp_path))
        return started[-1]

    yield start
    for running in started:
        running.end()


def tiny(clips: Path, **changes) -> TrialSpec:
    values = {
        "dataset": {"folder": str(clips)},
        "features": {"frame_length_ms": 64, "frame_step_ms": 64},
        "model": {"family": "ds_cnn", "filters": [8, 8], "strides": [[2, 2], [1, 1]]},
        "training": {"epochs": 2, "batch_size": 20},
        "measurement": {"num_runs": 20, "warmup_runs": 2},
    }
    return parse_spec(values | changes)


def endless(clips: Path) -> TrialSpec:
    return tiny(clips, training={"epochs": 1000, "batch_size": 2, "initial_learning_rate": 0.0001})


@pytest.fixture
def study(tmp_path) -> Study:
    return Study.create(tmp_path / "eine Größe")


def test_two_jobs_queued_at_once_run_in_order(worker, study, tone_clips):
    first, second = study.add(tiny(tone_clips)), study.add(tiny(tone_clips, quantization={"scheme": "float32"}))
    worker.send(Train(job="one", study=str(study.folder), trials=(first,)))
    worker.send(Train(job="two", study=str(study.folder), trials=(second,)))
    assert worker.outcome("one").answer == [first]
    assert worker.outcome("two").answer == [second]
    jobs = [event.job for event in worker.events if event.job in ("one", "two")]
    assert jobs == sorted(jobs)
    kinds = worker.kinds("one")
    assert kinds[0] == "job_started"
    assert kinds[-2:] == ["trial_finished", "job_finished"]
    assert kinds.count("epoch_ended") == 2
    assert {event.trial for event in worker.events if event.job == "one" and event.kind == "epoch_ended"} == {first}
    study.refresh()
    assert [trial.state for trial in study.summaries()] == [TrialState.FINISHED] * 2
    assert study.reference == first
    assert study.summary(first).latencies[0].saving == 0
    (latency,) = study.result(second).latencies
    assert latency.reference_trial == first
    assert latency.reference_total_ms > 0
    assert not latency.contended
    written = [event.model_copy(update={"job": "one"}) for event in study.events(first)]
    assert written == [event for event in worker.events if event.job == "one" and event.trial]


def test_garbage_and_failures_cost_nothing_but_themselves(worker, study, tone_clips, tmp_path):
    for line in (
        b"no json\n",
        b'{"job": "x", "intention": "cook"}\n',
        b'{"intention": "train"}\n',
        b"\xff\xfe\n",
        b"\n",
    ):
        worker.send(line)
    messages = [worker.wait_for("job_failed").message for _ in range(4)]
    assert all(message.startswith("not a job: ") for message in messages)
    worker.send(Train(job="nowhere", study=str(tmp_path / "nowhere"), trials=("0001-x",)))
    failed = worker.outcome("nowhere")
    assert isinstance(failed, JobFailed)
    assert "is not a study" in failed.message
    assert failed.details == ""
    missing = study.add(tiny(tmp_path / "no clips"))
    good = study.add(tiny(tone_clips))
    worker.send(Train(job="mixed", study=str(study.folder), trials=(missing, good)))
    failed = worker.outcome("mixed")
    assert isinstance(failed, JobFailed)
    assert failed.message.startswith("1 of 2 trials failed. A: ")
    assert "no clips" in failed.message
    study.refresh()
    assert (study.summary(missing).state, study.summary(good).state) == (TrialState.FAILED, TrialState.FINISHED)
    assert "no clips" in study.summary(missing).message


def test_a_cancelled_trial_can_be_resumed_and_a_queued_job_dropped(worker, study, tone_clips):
    name = study.add(endless(tone_clips))
    worker.send(Train(job="long", study=str(study.folder), trials=(name,)))
    worker.send(Train(job="queued", study=str(study.folder), trials=(name,)))
    worker.send(Cancel(cancel="queued"))
    worker.wait_for("job_cancelled", "queued")
    worker.wait_for("epoch_ended", "long")
    study.refresh()
    assert study.summary(name).state is TrialState.RUNNING
    assert study.summary(name).validation_accuracy is not None
    worker.send(Cancel(cancel="long"))
    assert worker.outcome("long").kind == "job_cancelled"
    assert "job_started" not in worker.kinds("queued")
    assert study.refresh() == {name}
    assert study.summary(name).state is TrialState.CANCELLED
    reached = max(event.epoch for event in study.events(name) if event.kind == "epoch_ended")
    worker.send(Train(job="again", study=str(study.folder), trials=(name,)))
    assert worker.wait_for("trial_started", "again").resumed
    assert worker.wait_for("epoch_ended", "again").epoch == reached + 1
    worker.send(Cancel(cancel="again"))
    worker.outcome("again")


def test_a_trial_killed_mid_epoch_goes_on_from_its_checkpoint(new_worker, tone_trial, tone_clips, tmp_path):
    study = Study.open(shutil.copytree(tone_trial.parents[1], tmp_path / "study"))
    finished, name = tone_trial.name, study.add(endless(tone_clips))
    kept = study.result(finished)
    killed = new_worker()
    killed.send(Train(job="k", study=str(study.folder), trials=(finished, name)))
    checkpoint = study.folder_of(name) / "checkpoint" / "training.npz"
    killed.wait_for("epoch_ended", "k", lambda event: event.trial == name and checkpoint.exists())
    killed.wait_for("batch_ended", "k", lambda event: event.trial == name)
    killed.process.send_signal(signal.SIGKILL)
    killed.process.wait()
    study.refresh()
    assert study.summary(name).state is TrialState.FAILED
    assert "train the trial again to go on" in study.summary(name).message
    assert (study.summary(finished).state, study.result(finished)) == (TrialState.FINISHED, kept)
    again = new_worker()
    again.send(Train(job="r", study=str(study.folder), trials=(finished, name)))
    assert again.wait_for("trial_started", "r").trial == name
    assert again.wait_for("epoch_ended", "r").epoch > 1
    study.refresh()
    assert study.summary(name).state is TrialState.RUNNING
    again.send(Cancel(cancel="r"))
    assert again.outcome("r").kind == "job_cancelled"


@pytest.mark.parametrize("ending", ["input closed", "terminated"])
def test_without_its_parent_the_worker_stops_what_runs_and_quits(new_worker, study, tone_clips, ending):
    name = study.add(endless(tone_clips))
    orphan = new_worker()
    orphan.send(Train(job="o", study=str(study.folder), trials=(name,)))
    orphan.wait_for("epoch_ended", "o")
    if ending == "input closed":
        orphan.process.stdin.close()
    else:
        orphan.process.terminate()
    orphan.wait_for("trial_stopped", "o")
    assert orphan.process.wait(TIMEOUT_S) == 0
    study.refresh()
    assert study.summary(name).state is TrialState.CANCELLED


def test_a_worker_that_only_gets_ready_quits_at_once(tmp_path):
    leaving = Worker(tmp_path, "--rehearse")
    leaving.process.stdin.close()
    assert leaving.process.wait(TIMEOUT_S) == 0
    leaving.end()
    # It has not first become ready.
    assert leaving._fresh.get() == b""


def test_processes_of_a_sweep_end_with_a_killed_worker(new_worker, study, tone_clips):
    names = tuple(study.add(endless(tone_clips).model_copy(update={"name": str(n)})) for n in range(1))
    parent = new_worker()
    parent.send(RunSweep(job="s", study=str(study.folder), trials=names, num_workers=1))
    parent.wait_for("epoch_ended", "s")
    children = psutil.Process(parent.process.pid).children(recursive=True)
    assert children
    parent.process.send_signal(signal.SIGKILL)
    parent.process.wait()
    _, alive = psutil.wait_procs(children, timeout=TIMEOUT_S)
    assert not alive
    assert not list(study.folder.glob(".going-*"))
    study.refresh()
    assert study.summary(names[0]).state is TrialState.FAILED


def test_a_killed_process_of_a_sweep_ends_it_in_a_sentence(worker, study, tone_clips):
    left_behind = study.folder / ".going-left"
    left_behind.touch()
    values = endless(tone_clips).model_dump()
    names = tuple(study.add(parse_spec(override(values, "training.seed", seed))) for seed in (1, 2))
    before = set(psutil.Process(worker.process.pid).children(recursive=True))
    worker.send(RunSweep(job="s", study=str(study.folder), trials=names, num_workers=2))
    for name in names:
        worker.wait_for("epoch_ended", "s", lambda event, name=name: event.trial == name)
    assert not left_behind.exists()
    spawned = set(psutil.Process(worker.process.pid).children(recursive=True)) - before
    # The newest is the one that the executor does not know to wait for.
    newest = max((one for one in spawned if "spawn_main" in " ".join(one.cmdline())), key=psutil.Process.create_time)
    newest.kill()
    assert "a process of the sweep was killed" in worker.outcome("s").message
    assert not list(study.folder.glob(".going-*"))


def test_a_job_that_trains_nothing_answers_as_it_says(worker, tone_clips):
    worker.send(CheckData(job="c", folder=str(tone_clips)))
    assert "labels" in worker.outcome("c").answer
