"""Benchmarks on a real SSH server, by functions and by the worker's jobs, with what may go wrong meanwhile."""

import json
import os
import shutil
import signal
import subprocess
import sys

import keyring
import pytest
from keyring.backend import KeyringBackend
from pydantic import SecretStr

from core.deploy import passwords
from core.deploy.devices import config_root, find_device, keep_device, list_devices
from core.deploy.endpoint import resolve
from core.deploy.lock import held
from core.errors import DeviceError, PasswordWanted, TrialCancelled, UnknownHostKey
from core.events import LatencyMeasured, Progressed, Warned, ignore
from core.experiment.device_intentions import carry_out
from core.experiment.device_jobs import AddDevice, BenchmarkOnDevice, CheckDevice, DeployTrial, RemoveDevice, RollBack
from core.experiment.device_tasks import DEVICE_TASKS
from core.experiment.device_trials import Benchmarking, Plan, benchmark_trials
from core.experiment.jobs import parse_job, to_line
from core.experiment.store import Study
from tests.conftest import ROOT
from tests.ssh_server import make_key
from workbench.worker_process import run_job

QUICK = Benchmarking(Plan(warmup_runs=2, num_runs=20), num_clips=12)


@pytest.fixture
def device(ssh_device):
    """A provisioned device that the program knows."""
    ssh_device.provision()
    ssh_device.connect().close()
    keep_device(ssh_device.device)
    return ssh_device


@pytest.fixture
def study(tone_trial, tmp_path) -> Study:
    opened = Study.open(shutil.copytree(tone_trial.parents[1], tmp_path / "study"))
    twin = tone_trial.name.replace("0001", "0002")
    shutil.copytree(opened.folder / "trials" / tone_trial.name, opened.folder / "trials" / twin)
    opened.refresh()
    return opened


@pytest.fixture
def names(study) -> list[str]:
    return [trial.name for trial in study.summaries()]


def result_texts(study: Study) -> list[str]:
    return [(study.folder_of(trial.name) / "result.json").read_text() for trial in study.summaries()]


def test_figures_of_a_device_land_in_the_trials_beside_this_machines(device, study, names):
    said = []
    with device.connect() as connection:
        measured = benchmark_trials(connection, study, names[1:], QUICK, said.append, deploy=names[1])
    # The reference trial is measured in the same session, so that the saving holds.
    assert measured == [names[1], names[0]] and study.reference == names[0]
    assert (device.base / "current").readlink().name.startswith("tones-")
    timed = [event for event in said if isinstance(event, LatencyMeasured)]
    assert {event.trial for event in timed} == set(names) and timed[0].latency.device == "loop"
    own, there = study.result(names[1]).latencies
    assert (own.device, own.run) == (study.result(names[0]).latency_on().device, None)
    assert there.device == "loop" and there.reference_trial == names[0]
    assert there.reference_total_ms == study.result(names[0]).latency_on("loop").total.median_ms
    run = there.run
    assert [each.num_threads for each in run.by_threads] == list(range(1, run.cores + 1))
    assert 0 < there.inference.median_ms < there.total.p99_ms <= there.total.max_ms
    assert run.peak_resident_bytes >= run.resident_bytes > 10_000_000
    assert run.accuracy.num_clips == 12 and run.accuracy.agrees and run.accuracy.differences == ()
    assert run.after.load_1min is not None and not there.slowed and not there.emulated
    assert [latency.device for latency in study.summary(names[0]).latencies] == [own.device, "loop"]
    # A second session replaces the first.
    with device.connect() as connection:
        benchmark_trials(connection, study, names[:1], QUICK, ignore)
    assert len(study.result(names[0]).latencies) == 2


def test_a_throttled_board_marks_its_figures(device, study, names):
    device.put_tool("vcgencmd", "echo throttled=0x4")
    with device.connect() as connection:
        benchmark_trials(connection, study, names[:1], QUICK, ignore)
    latency = study.result(names[0]).latency_on("loop")
    assert latency.slowed and latency.run.before.throttled["now"] == ("throttled",)
    assert study.summary(names[0]).latency_on("loop").slowed


def test_answers_that_differ_are_listed(study, names):
    spec = study.spec(names[0])
    task = DEVICE_TASKS[spec.task]
    clips = task.pick(spec, 12, ignore)
    flipped = clips.targets.copy()
    flipped[3] = (flipped[3] + 1) % 4
    accuracy = task.compare(study.folder_of(names[0]), clips, flipped)["accuracy"]
    (difference,) = accuracy.differences
    assert difference.clip == clips.names[3] and difference.here == difference.label != difference.there
    assert not accuracy.agrees and len(set(clips.targets.tolist())) == 4


def test_without_its_clips_a_trial_is_timed_all_the_same(device, study, names, monkeypatch):
    spec = study.spec(names[0])
    moved = spec.model_copy(update={"dataset": spec.dataset.model_copy(update={"folder": "/nowhere"})})
    monkeypatch.setattr(Study, "spec", lambda self, name: moved)
    said = []
    with device.connect() as connection:
        benchmark_trials(connection, study, names[:1], QUICK, said.append)
    assert any(isinstance(event, Warned) and "are not judged" in event.message for event in said)
    assert study.result(names[0]).latency_on("loop").run.accuracy is None


def test_cancelling_ends_what_runs_on_the_device(device, study, names):
    before = result_texts(study)

    def cancel(event):
        if isinstance(event, Progressed) and event.what.startswith("timed runs"):
            assert device.processes("core.deploy.device.bench")
            raise TrialCancelled

    long = Benchmarking(Plan(num_runs=1_000_000), num_clips=0)
    with device.connect() as connection, pytest.raises(TrialCancelled):
        benchmark_trials(connection, study, names, long, cancel)
    device.wait_until_gone("core.deploy.device.bench")
    assert result_texts(study) == before


def test_a_connection_cut_meanwhile_keeps_the_old_figures(device, study, names):
    before = result_texts(study)

    def cut(event):
        if isinstance(event, Progressed) and event.what.startswith("timed runs"):
            device.cut()

    with device.connect() as connection, pytest.raises(DeviceError, match="the connection was lost"):
        benchmark_trials(connection, study, names, Benchmarking(Plan(num_runs=1_000_000)), cut)
    assert result_texts(study) == before
    # It notices at its next line that nobody listens any more.
    device.wait_until_gone("core.deploy.device.bench")
    with device.connect() as connection:
        benchmark_trials(connection, study, names[:1], QUICK, ignore)


@pytest.mark.parametrize(
    ("instead", "sentence"),
    [
        ("yes this is not what was meant", "said 'this is not what was meant', which is not what was expected"),
        ("head -c 200000000 /dev/zero", "a line without end"),
        ('echo "{}"', "is not what was expected"),
        ("exit 0", "ended before it was done"),
        ("echo Illegal instruction >&2; exit 132", "failed: Illegal instruction"),
    ],
)
def test_output_that_is_not_a_benchmarks(device, study, names, instead, sentence):
    before = result_texts(study)
    python = device.base / "venv" / "bin" / "python"
    real = python.with_name("real")
    python.rename(real)
    python.write_text(f'#!/bin/sh\ncase "$*" in *device.bench*) {instead}; exit;; esac\nexec {real} "$@"\n')
    python.chmod(0o755)
    with device.connect() as connection, pytest.raises(DeviceError, match=sentence):
        benchmark_trials(connection, study, names[:1], QUICK, ignore)
    assert result_texts(study) == before
    device.wait_until_gone("yes this is not")


def test_jobs_from_the_first_contact_to_the_removal(ssh_device, study, names):
    about = {"device": "loop", "host": "127.0.0.1", "port": ssh_device.port}
    adding = AddDevice(**about, user=ssh_device.account.name, key=str(ssh_device.key))
    with pytest.raises(UnknownHostKey) as asked:
        carry_out(adding, ignore)
    assert list_devices() == ()
    report = carry_out(adding.model_copy(update={"fingerprint": asked.value.fingerprint}), ignore)
    assert report["facts"]["cores"] > 0 and find_device("loop").port == ssh_device.port
    ssh_device.provision()
    where = {"device": "loop", "study": str(study.folder)}
    first = carry_out(DeployTrial(**where, trial=names[0]), ignore)["release"]
    assert carry_out(CheckDevice(device="loop"), ignore)["facts"]["release"] == first
    answer = carry_out(BenchmarkOnDevice(**where, trials=names, num_runs=20, num_clips=4, threads=[1]), ignore)
    assert [each["trial"] for each in answer["trials"]] == names
    assert all(each["latency"]["run"]["accuracy"]["num_clips"] == 4 for each in answer["trials"])
    with pytest.raises(DeviceError, match="no release before"):
        carry_out(RollBack(device="loop"), ignore)
    removing = RemoveDevice(device="loop", uninstall=True)
    python = str(ssh_device.base / "venv" / "bin" / "python")
    refused = pytest.raises(DeviceError, match=r"loop is in use by .* deploying")
    with ssh_device.connect() as other, held(other, python, "deploying"), refused:
        carry_out(removing, ignore)
    assert (ssh_device.base / "current").exists()
    carry_out(removing, ignore)
    assert list_devices() == () and not list(ssh_device.base.parent.iterdir())
    assert str(ssh_device.port) not in (config_root() / "known_hosts").read_text()
    with pytest.raises(DeviceError, match="no device called 'loop'"):
        carry_out(CheckDevice(device="loop"), ignore)


class InMemory(KeyringBackend):
    """A system keyring that goes with the test."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


@pytest.fixture
def kept():
    """What is in the system keyring."""
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield keyring.get_keyring().kept
    keyring.set_keyring(before)


def test_a_password_is_kept_in_the_keyring_alone_and_only_when_asked_to(ssh_device, own_ssh_folder, tmp_path, kept):
    if not ssh_device.account.password:
        pytest.skip("needs a user whose password is known: run the tests as root")
    ssh_device.connect().close()
    make_key(tmp_path / "other")
    keep_device(ssh_device.device.model_copy(update={"key": str(tmp_path / "other")}))
    with pytest.raises(PasswordWanted):
        carry_out(CheckDevice(device="loop"), ignore)
    job = CheckDevice(device="loop", password=SecretStr(ssh_device.account.password))
    carry_out(job, ignore)
    assert not kept
    carry_out(job.model_copy(update={"keep_password": True}), ignore)
    assert list(kept.values()) == [ssh_device.account.password]
    carry_out(CheckDevice(device="loop"), ignore)
    passwords.forget_password(resolve(find_device("loop")))
    assert not kept


# The daemon unlocks its collection by a password of its own; ours comes on stdin, and never to the second command.
IN_A_SESSION = """
printf unlocked | gnome-keyring-daemon --unlock --components=secrets >/dev/null || exit 9
"$@" --password-stdin --keep-password && "$@" </dev/null
"""


@pytest.mark.skipif(shutil.which("gnome-keyring-daemon") is None, reason="needs gnome-keyring")
def test_the_keyring_of_a_desktop_keeps_a_password_across_commands(ssh_device, own_ssh_folder, tmp_path):
    """A real Secret Service on a session bus of its own, and the real command."""
    secret = ssh_device.account.password
    if not secret:
        pytest.skip("needs a user whose password is known: run the tests as root")
    ssh_device.connect().close()
    make_key(tmp_path / "other")
    keep_device(ssh_device.device.model_copy(update={"key": str(tmp_path / "other")}))
    command = [sys.executable, "-m", "workbench", "device", "check", "loop", "--json"]
    (tmp_path / "bus").mkdir(mode=0o700)
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", IN_A_SESSION, "sh", *command],
        input=f"{secret}\n",
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "bus"), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count('"clock_skew_s"') == 2 and secret not in done.stdout + done.stderr
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any("keyrings" in path.parts for path in kept)
    for path in (*kept, *(path for path in config_root().rglob("*") if path.is_file())):
        assert secret.encode() not in path.read_bytes(), path


def test_a_password_is_in_no_file_log_event_or_command_line(ssh_device, tmp_path, study, names, capfd):
    """The same way as the window's: a job over the pipe of a worker, which fails and succeeds with it."""
    secret = ssh_device.account.password or "correct horse battery staple"
    ssh_device.provision()
    ssh_device.connect().close()
    make_key(tmp_path / "other")
    keep_device(ssh_device.device.model_copy(update={"key": str(tmp_path / "other")}))
    job = DeployTrial(device="loop", study=str(study.folder), trial=names[0], password=SecretStr(secret))
    assert secret in to_line(job) and parse_job(to_line(job)).password.get_secret_value() == secret
    assert secret not in repr(job) + str(job) + job.model_dump_json() + json.dumps(job.model_dump(mode="json"))
    said: list[str] = []

    def hear(event):
        said.append(event.model_dump_json() + repr(event))
        said.extend(" ".join(process.cmdline()) for process in ssh_device.processes("") if process.is_running())

    for each in (job, job.model_copy(update={"trial": "9999-unknown"})):
        try:
            run_job(each, hear)
        except Exception as error:
            said.append(repr(error))
    assert secret not in "".join(said) and len(said) > 4
    assert secret not in "".join(capfd.readouterr())
    for folder in (tmp_path, config_root().parent, ssh_device.folder, study.folder):
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                assert secret.encode() not in path.read_bytes(), path


def test_a_cancelled_job_of_the_worker_ends_the_process_group_on_the_device(device, study, names):
    job = BenchmarkOnDevice(device="loop", study=str(study.folder), trials=names, num_runs=1_000_000, num_clips=0)

    def stop(event):
        if isinstance(event, Progressed) and event.what.startswith("timed runs") and not stopped:
            stopped.append(event)
            os.kill(os.getpid(), signal.SIGINT)

    stopped: list[Progressed] = []
    with pytest.raises(TrialCancelled):
        run_job(job, stop)
    device.wait_until_gone("core.deploy.device.bench")
