"""Releases on a real SSH server: whole or not at all, one desktop at a time, and back again."""

import contextlib
import io
import os
import shutil
import socket
import subprocess
import tarfile
import threading
from pathlib import Path, PurePosixPath

import pytest

from core.deploy.connection import Connection
from core.deploy.device.actions import Actions
from core.deploy.devices import Device
from core.deploy.layout import Layout
from core.deploy.lock import held
from core.deploy.release import Release, deploy, make_release, place, roll_back
from core.deploy.service import ListeningService
from core.errors import DeviceError, StudyError
from core.evaluation.detection import DetectionSettings
from core.events import ignore
from core.experiment import device_trials
from core.experiment.model_choice import choose_model
from core.experiment.spotting import save_working_point
from core.experiment.store import Study
from tests import user_systemd
from tests.ssh_server import SshDevice, mounted_for_reading, tiny_disk


@pytest.fixture
def connection(ssh_device):
    ssh_device.provision()
    with ssh_device.connect() as opened:
        yield opened


@pytest.fixture
def study(tone_trial, tmp_path) -> Study:
    return Study.open(shutil.copytree(tone_trial.parents[1], tmp_path / "study"))


@pytest.fixture
def name(tone_trial) -> str:
    return tone_trial.name


def changed(study: Study, name: str, threshold: float) -> Release:
    """Return the release of a trial with another working point than before."""
    save_working_point(choose_model(study.folder_of(name)), DetectionSettings(threshold=threshold))
    return device_trials.release_of(study, name)


def current(device: SshDevice) -> str:
    link = device.base / "current"
    return link.readlink().name if link.is_symlink() else ""


def is_whole(device: SshDevice) -> bool:
    """Tell whether the release in force is what was sent, by a program that knows nothing of ours."""
    checked = subprocess.run(
        ["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=device.base / "current", capture_output=True
    )
    return checked.returncode == 0


def test_deploy_again_roll_back_and_forward(connection, ssh_device, study, name):
    first = deploy(connection, changed(study, name, 0.5))
    assert current(ssh_device) == first and is_whole(ssh_device)
    assert first.startswith("tones-") and first.endswith("-1")
    second = deploy(connection, changed(study, name, 0.6))
    assert (current(ssh_device), (ssh_device.base / "previous").readlink().name) == (second, first)
    assert roll_back(connection) == first == current(ssh_device)
    assert roll_back(connection) == second == current(ssh_device)
    # What is there already is neither sent nor stored again.
    uploaded = []
    assert deploy(connection, changed(study, name, 0.5), uploaded.append) == first
    assert not uploaded and len(list((ssh_device.base / "releases").iterdir())) == 2


def test_there_is_nothing_to_roll_back(connection, study, name):
    with pytest.raises(DeviceError, match="loop: there is no release before the current one"):
        roll_back(connection)
    deploy(connection, device_trials.release_of(study, name))
    with pytest.raises(DeviceError, match="loop: there is no release before the current one"):
        roll_back(connection)


def test_what_arrives_otherwise_than_it_was_sent_is_refused(connection, ssh_device, study, name, monkeypatch):
    first = deploy(connection, changed(study, name, 0.5))
    release = changed(study, name, 0.6)

    def tampered(self: Release) -> bytes:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as content:
            for path, data in (*self.files.items(), ("SHA256SUMS", self.sums)):
                member = tarfile.TarInfo(path)
                member.size = len(data)
                content.addfile(member, io.BytesIO(data[:-1] + b"x" if path == "model.tflite" else data))
        return packed.getvalue()

    # The last hundred bytes or so are what fills an archive up, which nobody misses.
    archive = release.archive()
    for damaged, reason in (
        (tampered, "model.tflite of the release .* is not what was sent"),
        (lambda self: archive[:-1000], "arrived damaged"),
        (lambda self: b"nonsense", "arrived damaged"),
    ):
        monkeypatch.setattr(Release, "archive", damaged)
        with pytest.raises(DeviceError, match=reason):
            deploy(connection, release)
    assert current(ssh_device) == first and is_whole(ssh_device)
    assert [path.name for path in (ssh_device.base / "releases").iterdir()] == [first]


def test_a_model_that_does_not_run_there_is_not_put_in_force(connection, ssh_device, study, name):
    first = deploy(connection, device_trials.release_of(study, name))
    good = device_trials.release_of(study, name)
    broken = Release("broken-1", {**good.files, "model.tflite": b"\0" * 100})
    with pytest.raises(DeviceError, match="the model does not run there"):
        deploy(connection, broken)
    assert current(ssh_device) == first


class CuttingProxy:
    """Passes a connection on until so many bytes went to the server, then cuts both ends; counts them otherwise."""

    def __init__(self, port: int, most_bytes: int = 10**9) -> None:
        self.sent = 0
        self._most_bytes = most_bytes
        self._server_port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._serve)]
        self._threads[0].start()

    def _serve(self) -> None:
        try:
            self._client, _ = self._listener.accept()
        except OSError:
            return
        self._server = socket.create_connection(("127.0.0.1", self._server_port))
        back = threading.Thread(target=self._pass_back)
        back.start()
        while data := self._receive(self._client):
            data = data[: self._most_bytes - self.sent]
            self.sent += len(data)
            if not self._pass(self._server, data) or self.sent == self._most_bytes:
                break
        self._hang_up()
        back.join()

    def _pass_back(self) -> None:
        while data := self._receive(self._server):
            if not self._pass(self._client, data):
                break
        self._hang_up()

    def _receive(self, end: socket.socket) -> bytes:
        try:
            return end.recv(2048)
        except OSError:
            return b""

    def _pass(self, end: socket.socket, data: bytes) -> bool:
        try:
            end.sendall(data)
        except OSError:
            return False
        return True

    def _hang_up(self) -> None:
        for end in (self._client, self._server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Cut what is left."""
        self._listener.close()
        self._threads[0].join(10)
        for end in ("_client", "_server"):
            if hasattr(self, end):
                getattr(self, end).close()


def deploy_through(proxy: CuttingProxy, device: Device, study: Study, name: str) -> None:
    try:
        through = device.model_copy(update={"port": proxy.port})
        with Connection.open(through) as connection:
            device_trials.deploy_trial(connection, study, name, ignore)
    finally:
        proxy.close()


def test_a_connection_cut_at_any_byte_leaves_the_old_release_in_force(
    connection, ssh_device, study, name, own_ssh_folder, tmp_path
):
    kind, key = (ssh_device.folder / "host.pub").read_text().split()[:2]
    # The proxy's ports are other ones each time, so the host is known by an alias.
    (own_ssh_folder / "config").write_text("Host cut\n  HostName 127.0.0.1\n  HostKeyAlias device\n")
    ports = []

    def known(proxy: CuttingProxy) -> CuttingProxy:
        ports.append(proxy.port)
        (own_ssh_folder / "known_hosts").write_text("".join(f"[device]:{port} {kind} {key}\n" for port in ports))
        return proxy

    device = ssh_device.device.model_copy(update={"host": "cut"})
    first = deploy(connection, changed(study, name, 0.5))
    changed(study, name, 0.6)
    whole = known(CuttingProxy(ssh_device.port))
    deploy_through(whole, device, study, name)
    second = current(ssh_device)
    assert second != first
    in_force = {second}
    for part in (0.05, 0.4, 0.8, 0.95, 0.995):
        changed(study, name, 0.6 + part / 10)
        # Signs of life count too: one that took less time than the whole may be done before so many bytes.
        cut = pytest.raises(DeviceError) if part < 0.99 else contextlib.suppress(DeviceError)
        with cut:
            deploy_through(known(CuttingProxy(ssh_device.port, int(part * whole.sent))), device, study, name)
        # In the last bytes it may be done already; it is never anything between.
        assert is_whole(ssh_device) and (current(ssh_device) in in_force or part > 0.9)
    after = device_trials.deploy_trial(connection, study, name, ignore)
    assert current(ssh_device) == after and is_whole(ssh_device)
    assert not [path.name for path in ssh_device.base.glob(".arriving-*")]
    assert not [path.name for path in ssh_device.base.glob("releases/.*")]


def test_a_second_desktop_is_told_who_deploys(connection, ssh_device, study, name):
    python = str(Layout(connection.home).python)
    with held(connection, python, "deploying"):
        told = pytest.raises(DeviceError, match=r"loop is in use by .* on .*, deploying since \d\d:\d\d; wait")
        with ssh_device.connect() as second, told:
            device_trials.deploy_trial(second, study, name, ignore)
        assert current(ssh_device) == ""
        with ssh_device.connect() as second:
            for work in (
                lambda: device_trials.benchmark_trials(second, study, [name], device_trials.Benchmarking(), ignore),
                lambda: device_trials.roll_back(second),
            ):
                with pytest.raises(DeviceError, match="loop is in use by"):
                    work()
        ssh_device.cut()
    with ssh_device.connect() as third:
        assert device_trials.deploy_trial(third, study, name, ignore) == current(ssh_device)


def test_a_disk_that_fills_up_leaves_the_old_release(connection, ssh_device, study, name):
    first = deploy(connection, changed(study, name, 0.5))
    with tiny_disk(ssh_device, ssh_device.base / "releases" / "tiny", kilobytes=128) as _:
        # The new release is unpacked on a disk that is too small for it.
        layout = Layout(PurePosixPath(ssh_device.base / "releases" / "tiny"))
        connection._home = layout.home
        (ssh_device.base / "releases" / "tiny" / ".local" / "share").mkdir(parents=True)
        base = Path(layout.base)
        base.mkdir()
        (base / "venv").symlink_to(ssh_device.base / "venv")
        ssh_device.account.give(ssh_device.home)
        with pytest.raises(DeviceError, match=r"No space left|disk is full"):
            place(connection, changed(study, name, 0.6))
        assert not list(base.glob("releases/*"))
    assert current(ssh_device) == first and is_whole(ssh_device)


def test_a_card_that_became_read_only_keeps_what_is_in_force_and_is_named(connection, ssh_device, study, name):
    user_systemd.put_tools(ssh_device)
    first = deploy(connection, changed(study, name, 0.5))
    changed(study, name, 0.6)
    service = ListeningService(connection)
    with mounted_for_reading(ssh_device.base):
        for write in (
            lambda: device_trials.deploy_trial(connection, study, name, ignore),
            lambda: device_trials.roll_back(connection),
            lambda: device_trials.benchmark_trials(connection, study, [name], device_trials.Benchmarking(), ignore),
            lambda: service.install(Actions()),
            service.detections,
        ):
            with pytest.raises(DeviceError, match=r"loop: /.*tinyml-workbench.*Read-only file system"):
                write()
    assert current(ssh_device) == first and is_whole(ssh_device)


def test_titles_and_home_folders_of_any_name(connection, ssh_device, study, name):
    wild = ssh_device.home / "a b'c\"$(touch never)\n`id`"
    shutil.copytree(ssh_device.home / ".local", wild / ".local", symlinks=True)
    ssh_device.account.give(ssh_device.home)
    connection._home = PurePosixPath(wild)
    study.rename(name, "../$(touch never) 'x'\n\"y\"")
    deployed = device_trials.deploy_trial(connection, study, name, ignore)
    assert deployed.startswith("touch-never-x-y-")
    assert (wild / ".local/share/tinyml-workbench/current").readlink().name == deployed
    assert not list(ssh_device.folder.rglob("never"))


def test_only_finished_trials_and_the_newest_releases(connection, ssh_device, study, name, monkeypatch):
    queued = study.add(study.spec(name))
    with pytest.raises(StudyError, match="has no model to deploy"):
        device_trials.release_of(study, queued)
    first = deploy(connection, device_trials.release_of(study, name))
    folder = ssh_device.base / "releases"
    for number in range(2, 16):
        shutil.copytree(folder / first, folder / f"many-{number}")
        os.utime(folder / f"many-{number}", (number, number))
    ssh_device.account.give(folder)
    newest = place(connection, Release("many", {"number": b"16"}))
    kept = {path.name for path in folder.iterdir()}
    assert newest == "many-16" and kept == {first, *(f"many-{number}" for number in range(6, 17))}


def test_a_release_holds_the_code_that_runs_it(study, name):
    release = make_release("Über go!", "0123456789ab", b"model", "{}")
    assert release.label == "ber-go-0123456789ab"
    assert {"core/features/mel.py", "core/deploy/device/bench.py", "settings.json"} <= set(release.files)
    assert release.sums.decode().count("\n") == len(release.files)
    assert os.path.commonpath([f"/r/{path}" for path in release.files]) == "/r"
