"""A device to deploy to: a real OpenSSH server on loopback, an ordinary user with a home folder of its own.

Run as root, it makes an ordinary user for the session, which also lets a password be tried; else it is the user who
runs the tests. The home folder and the search path are set by the server, so nothing of the real ones is touched.
"""

import contextlib
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.deploy.authentication import Access
from core.deploy.connection import Connection
from core.deploy.devices import Device
from core.deploy.layout import Layout
from core.deploy.provision import Environment
from core.deploy.runtimes import RUNTIMES
from core.errors import UnknownHostKey
from tests.waiting import until

SSHD = Path("/usr/sbin/sshd")
TOOL_FOLDERS = (Path("/usr/bin"), Path("/bin"), Path("/usr/sbin"))
START_S = 30
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = (Path(sys.base_prefix) / "bin" / f"python{PYTHON_VERSION}", Path(f"/usr/bin/python{PYTHON_VERSION}"))
PACKAGES = Path(np.__file__).parents[1]


class Account:
    """The user that devices of a test session log in as; `password` is empty where it is not ours to set."""

    def __init__(self) -> None:
        self.name = pwd.getpwuid(os.geteuid()).pw_name
        self.password = ""
        self.python = PYTHONS[0]
        # What lies in root's own folder is out of reach for others.
        within_reach = [python for python in PYTHONS if python.exists() and _is_open(python.resolve())]
        self.is_ours = os.geteuid() == 0 and bool(within_reach) and _is_open(PACKAGES)
        if self.is_ours:
            self.python = within_reach[0]
        if self.is_ours:
            self.name, self.password = f"wb{secrets.token_hex(5)}", secrets.token_urlsafe(12)
            making = ["useradd", "--no-create-home", "--home-dir", "/", "--shell", "/bin/sh", self.name]
            subprocess.run(making, check=True, capture_output=True)
            subprocess.run(["chpasswd"], input=f"{self.name}:{self.password}", text=True, check=True)

    def close(self) -> None:
        """Remove the user again."""
        if self.is_ours:
            for process in psutil.process_iter(["username"]):
                if process.info["username"] == self.name:
                    process.kill()
            # By force, because a process that was killed counts until it is seen off.
            subprocess.run(["userdel", "--force", self.name], check=False, capture_output=True)

    def give(self, folder: Path) -> None:
        """Make a folder and all in it this user's."""
        if self.is_ours:
            subprocess.run(["chown", "-R", self.name, str(folder)], check=True)


class SshDevice:
    """An SSH server with a home folder behind it; `tools` comes first in its search path."""

    def __init__(self, folder: Path, account: Account, tools: Path, *extra_lines: str) -> None:
        self.folder = folder
        self.account = account
        self.home = folder / "home"
        self.tools = folder / "tools"
        self.key = folder / "client"
        self.port = _free_port()
        self._all_tools = tools
        self._extra_lines = extra_lines
        self._process: subprocess.Popen[bytes] | None = None
        for made in (self.home, self.tools):
            made.mkdir(parents=True)
        for name in ("host", "client"):
            make_key(folder / name)
        shutil.copyfile(f"{self.key}.pub", folder / "authorized_keys")
        self.put_tool("python3", f'exec {account.python} "$@"')
        folder.chmod(0o755)
        account.give(self.home)

    @property
    def device(self) -> Device:
        """The device as the user would add it."""
        return Device(name="loop", host="127.0.0.1", port=self.port, user=self.account.name, key=str(self.key))

    @property
    def base(self) -> Path:
        """Everything that the program puts on it."""
        return Path(Layout(self.home).base)  # type: ignore[arg-type]

    def start(self) -> None:
        """Start the server and wait until it answers."""
        config = self.folder / "sshd_config"
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            f"HostKey {self.folder / 'host'}",
            f"PidFile {self.folder / 'pid'}",
            f"AuthorizedKeysFile {self.folder / 'authorized_keys'} {self.home / '.ssh' / 'authorized_keys'}",
            "UsePAM no",
            "StrictModes no",
            "MaxStartups 50",
            "Subsystem sftp internal-sftp",
            f"SetEnv HOME={self.home} PATH={self.tools}:{self._all_tools}",
            *self._extra_lines,
        ]
        config.write_text("\n".join(lines) + "\n")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(exist_ok=True)
        with (self.folder / "sshd.log").open("ab") as log:
            self._process = subprocess.Popen([str(SSHD), "-D", "-e", "-f", str(config)], stderr=log)
        self._wait_until(lambda: self._process is None or self._process.poll() is not None or self._answers())
        if self._process.poll() is not None:
            raise RuntimeError((self.folder / "sshd.log").read_text())

    def stop(self) -> None:
        """End the server and its connections."""
        if self._process is not None:
            self.cut()
            self._process.terminate()
            self._process.wait(START_S)
            self._process = None
            # A child that was just born holds the listening socket as well.
            self._wait_until(lambda: not self._answers())

    def cut(self) -> None:
        """Kill the processes of the server's connections, as when a network cable is pulled."""
        killed = self._signal_connections(signal.SIGKILL)
        # Their parent was killed as well, and the machine's first process may take seconds to see zombies off.
        self._wait_until(lambda: not any(map(is_alive, killed)))

    def freeze(self) -> None:
        """Stop the processes of the server's connections, as when a device is out of memory; its kernel still acts."""
        self._signal_connections(signal.SIGSTOP)

    def _signal_connections(self, number: signal.Signals) -> list[psutil.Process]:
        assert self._process is not None
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name().startswith("sshd"):
                    process.send_signal(number)
                    found.append(process)
        return found

    def _answers(self) -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex(("127.0.0.1", self.port)) == 0

    def _wait_until(self, is_so: Callable[[], bool]) -> None:
        try:
            until(is_so, START_S)
        except AssertionError as error:
            raise RuntimeError((self.folder / "sshd.log").read_text()) from error

    def change_host_key(self) -> None:
        """Set the device up anew, under the same address."""
        self.stop()
        make_key(self.folder / "host")
        self.start()

    def put_tool(self, name: str, script: str) -> None:
        """Put a command of one's own before that of the system."""
        path = self.tools / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def connect(self, password: str = "") -> Connection:
        """Connect, confirming the key at the first contact."""
        try:
            return Connection.open(self.device, Access(password))
        except UnknownHostKey as question:
            return Connection.open(self.device, Access(password, question.fingerprint))

    def provision(self) -> None:
        """Give it the environment of these tests in place of one of its own, which takes seconds to make."""
        environment = self.base / "environments" / "tests"
        (environment / "bin").mkdir(parents=True)
        python = environment / "bin" / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH={PACKAGES} exec {self.account.python} "$@"\n')
        python.chmod(0o755)
        runtime = RUNTIMES[0]
        made = Environment(python=PYTHON_VERSION, runtime=runtime.name, requirements=runtime.requirements)
        (environment / "provisioned.json").write_text(made.model_dump_json() + "\n")
        (self.base / "venv").symlink_to("environments/tests")
        self.account.give(self.home)

    def processes(self, words: str) -> list[psutil.Process]:
        """Return the device's live processes whose command line holds words."""
        found = []
        for process in psutil.process_iter(["cmdline", "username", "status"]):
            mine = process.info["username"] == self.account.name and process.info["status"] != psutil.STATUS_ZOMBIE
            if mine and words in " ".join(process.info["cmdline"] or ()):
                found.append(process)
        return found

    def wait_until_gone(self, words: str) -> None:
        """Wait for the end of the device's processes whose command line holds words."""
        until(lambda: not self.processes(words))


def is_alive(process: psutil.Process) -> bool:
    """Tell whether a process does anything yet; what was killed is a zombie for a while."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    if not SSHD.is_file():
        pytest.skip(f"needs {SSHD}; `resources/system-packages test` installs it")
    found = Account()
    yield found
    found.close()


@pytest.fixture(scope="session")
def device_tools(account: Account) -> Iterator[Path]:
    with commands_without_python() as folder:
        yield folder


@contextlib.contextmanager
def commands_without_python() -> Iterator[Path]:
    """Give a folder with every command of this machine but Python and a firmware's."""
    folder = Path(tempfile.mkdtemp(prefix="device-tools-"))
    folder.chmod(0o755)
    for source in TOOL_FOLDERS:
        for command in source.iterdir() if source.is_dir() else ():
            if not command.name.startswith(("python", "vcgencmd")) and not (folder / command.name).exists():
                (folder / command.name).symlink_to(command)
    yield folder
    shutil.rmtree(folder)


@contextlib.contextmanager
def running_device(account: Account, tools: Path) -> Iterator[SshDevice]:
    """Give a device that nothing is installed on."""
    # Below pytest's own folders another user may not look.
    folder = Path(tempfile.mkdtemp(prefix="device-"))
    device = SshDevice(folder, account, tools)
    try:
        device.start()
        yield device
    finally:
        device.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def own_ssh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The desktop's own ~/.ssh, empty, and no agent."""
    monkeypatch.setenv("HOME", str(tmp_path / "desktop"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    folder = tmp_path / "desktop" / ".ssh"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def ssh_device(account: Account, device_tools: Path, own_ssh_folder: Path) -> Iterator[SshDevice]:
    with running_device(account, device_tools) as device:
        yield device


@pytest.fixture
def connection(ssh_device: SshDevice) -> Iterator[Connection]:
    """A connection to it."""
    with ssh_device.connect() as opened:
        yield opened


@contextlib.contextmanager
def tiny_disk(device: SshDevice, folder: Path, kilobytes: int = 512) -> Iterator[None]:
    """Put a disk of its own, almost too small for anything, in a folder's place."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k,mode=0777", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("needs root, who may mount a disk in memory")
    try:
        device.account.give(device.home)
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@contextlib.contextmanager
def mounted_for_reading(folder: Path) -> Iterator[None]:
    """Let a folder be read alone, as Linux does with a card whose writing fails."""
    mounts = (["mount", "--bind", str(folder), str(folder)], ["mount", "-o", "remount,ro,bind", str(folder)])
    if os.geteuid() or any(subprocess.run(command, capture_output=True).returncode for command in mounts):
        pytest.skip("needs root, who may mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def make_key(path: Path, kind: str = "ed25519") -> None:
    """Make a key pair in place of the one that is there."""
    for stale in (path, path.with_name(f"{path.name}.pub")):
        stale.unlink(missing_ok=True)
    making = ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", path.name, "-f", str(path)]
    subprocess.run(making, check=True)


def _is_open(path: Path) -> bool:
    """Tell whether every user may read or run a file."""
    return all(each.stat().st_mode & 0o005 == 0o005 for each in (path, *path.parents))


def _free_port() -> int:
    """Return a port that nobody gets by chance while the server is not up: the system gives out higher ones."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
