"""The worker process as the window sees it: a real process, its events, its death."""

import os
import signal
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from core.events import EpochEnded, TrialStarted
from core.experiment.jobs import CheckData, Train
from core.experiment.store import TrialState
from core.section import override
from core.spec import TrialSpec, parse_spec
from tests.workbench.conftest import WORKER_MS
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.session import Session


@pytest.fixture
def study(tmp_path: Path, session: Session) -> str:
    session.open_study(tmp_path / "study")
    return str(session.opened().folder)


def longer(spec: TrialSpec, epochs: int) -> TrialSpec:
    return parse_spec(override(spec.model_dump(), "training.epochs", epochs))


def test_a_job_runs_and_its_events_reach_the_session(
    qtbot: QtBot, session: Session, jobs: Jobs, study: str, tiny_spec: TrialSpec
) -> None:
    seen: list[object] = []
    session.event_received.connect(seen.append)
    [name] = session.add_trials([tiny_spec])
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS) as ended:
        job_id = jobs.submit(Train(study=study, trials=(name,)))
        assert jobs.running is None or jobs.running.id == job_id
    job: QueuedJob = ended.args[0]
    assert (job.id, job.state) == (job_id, JobState.FINISHED)
    assert [event.epoch for event in seen if isinstance(event, EpochEnded)] == [1, 2, 3]
    assert {event.job for event in seen if isinstance(event, EpochEnded)} == {job_id}
    qtbot.waitUntil(lambda: session.opened().summary(name).state is TrialState.FINISHED)


def test_jobs_wait_for_one_another_and_a_waiting_one_can_be_taken_out(
    qtbot: QtBot, session: Session, jobs: Jobs, study: str, tiny_spec: TrialSpec
) -> None:
    names = session.add_trials([longer(tiny_spec, 900)])
    first = jobs.submit(Train(study=study, trials=tuple(names)))
    second = jobs.submit(Train(study=study, trials=tuple(names)))
    assert [job.id for job in jobs.waiting][-1] == second
    with qtbot.waitSignal(jobs.ended) as ended:
        jobs.cancel(second)
    assert (ended.args[0].id, ended.args[0].state) == (second, JobState.CANCELLED)
    wait_for_epoch(qtbot, session)
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS) as ended:
        jobs.cancel(first)
        assert jobs.running is not None
        assert jobs.running.state is JobState.CANCELLING
    assert (ended.args[0].id, ended.args[0].state) == (first, JobState.CANCELLED)
    qtbot.waitUntil(lambda: session.opened().summary(names[0]).state is TrialState.CANCELLED)


def test_a_killed_worker_becomes_a_sentence_and_another_worker(
    qtbot: QtBot, session: Session, jobs: Jobs, study: str, tiny_spec: TrialSpec
) -> None:
    jobs.command = [*jobs.command, "--rehearse"]
    [name] = session.add_trials([longer(tiny_spec, 900)])
    jobs.submit(Train(study=study, trials=(name,)))
    wait_for_epoch(qtbot, session)
    checkpoint = session.opened().folder_of(name) / "checkpoint"
    qtbot.waitUntil(lambda: any(checkpoint.glob("*.npz")), timeout=WORKER_MS)
    killed = jobs.process_id
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS) as ended:
        os.kill(killed, signal.SIGKILL)
    job: QueuedJob = ended.args[0]
    assert job.state is JobState.FAILED
    assert "killed by signal 9" in job.message
    assert "go on from the last epoch" in job.message
    qtbot.waitUntil(lambda: session.opened().summary(name).state is TrialState.FAILED)
    qtbot.waitUntil(lambda: jobs.ready, timeout=WORKER_MS)
    assert jobs.process_id not in (0, killed)
    resumed: list[TrialStarted] = []
    session.event_received.connect(lambda event: resumed.append(event) if isinstance(event, TrialStarted) else None)
    job_id = jobs.submit(Train(study=study, trials=(name,)))
    wait_for_epoch(qtbot, session)
    assert resumed[0].resumed
    jobs.cancel(job_id)


def test_what_the_worker_prints_is_logged_and_what_is_no_event_too(qtbot: QtBot, session: Session) -> None:
    jobs = Jobs(session)
    jobs.command = ["-c", "import sys; print('not an event'); print('a warning', file=sys.stderr)"]
    with qtbot.waitSignal(jobs.logged, timeout=WORKER_MS):
        jobs.start()
    qtbot.waitUntil(lambda: bool(jobs.trouble), timeout=WORKER_MS)
    assert "a warning" in jobs.log
    assert "not an event: not an event" in jobs.log
    assert "3 times" in jobs.trouble
    jobs.wait_closed()


def test_a_failed_job_says_why(qtbot: QtBot, jobs: Jobs, tmp_path: Path) -> None:
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS) as ended:
        jobs.submit(CheckData(folder=str(tmp_path / "nowhere")))
    job: QueuedJob = ended.args[0]
    assert job.state is JobState.FAILED
    assert "nowhere" in job.message


def test_closing_stops_the_worker_and_leaves_the_trial_resumable(
    qtbot: QtBot, session: Session, jobs: Jobs, study: str, tiny_spec: TrialSpec
) -> None:
    [name] = session.add_trials([longer(tiny_spec, 900)])
    jobs.submit(Train(study=study, trials=(name,)))
    wait_for_epoch(qtbot, session)
    process_id = jobs.process_id
    jobs.wait_closed()
    assert not psutil.pid_exists(process_id) or psutil.Process(process_id).status() == psutil.STATUS_ZOMBIE
    session.refresh()
    assert session.opened().summary(name).state is TrialState.CANCELLED
    assert any(isinstance(event, EpochEnded) for event in session.opened().events(name))


def wait_for_epoch(qtbot: QtBot, session: Session) -> None:
    seen: list[object] = []

    def take(event: object) -> None:
        if isinstance(event, EpochEnded):
            seen.append(event)

    session.event_received.connect(take)
    qtbot.waitUntil(lambda: bool(seen), timeout=WORKER_MS)
    session.event_received.disconnect(take)
