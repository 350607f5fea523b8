"""An aarch64 Linux with systemd as the Pi: the emulator of `../shared/rigs/pi-vm`, where it is there and built.

Its times are emulation and never a Pi's.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.deploy.authentication import Access
from core.deploy.connection import Connection
from core.deploy.devices import Device
from core.errors import UnknownHostKey
from tests.conftest import ROOT

RIG = ROOT.parent / "shared" / "rigs" / "pi-vm"
START_S = 240


class PiVm:
    """The emulated machine while it runs; what is written in it is thrown away at its end."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._environment = {**os.environ, "PI_PORT": str(probe.getsockname()[1])}

    def start(self) -> str:
        """Start it and return nothing, or what is missing."""
        if not RIG.is_file():
            return f"needs {RIG}"
        said = self._rig("env").stdout.split()
        facts = dict(pair.split("=", 1) for pair in said)
        if not Path(facts["key"]).exists():
            return f"needs the emulated machine that `{RIG} build` makes"
        self.device = Device(
            name="pi-vm", host=facts["host"], port=int(facts["port"]), user=facts["user"], key=facts["key"]
        )
        self._rig("start")
        self._rig("wait", str(START_S)).check_returncode()
        return ""

    def stop(self) -> None:
        """End it."""
        self._rig("stop")

    def connect(self) -> Connection:
        """Connect, confirming the key at the first contact."""
        try:
            return Connection.open(self.device)
        except UnknownHostKey as question:
            return Connection.open(self.device, Access(accepted_fingerprint=question.fingerprint))

    def _rig(self, *args: str) -> "subprocess.CompletedProcess[str]":
        # The machine itself goes on in the background and must not hold a pipe open.
        quiet = subprocess.DEVNULL if args[0] == "start" else subprocess.PIPE
        return subprocess.run([str(RIG), *args], env=self._environment, stdout=quiet, stderr=quiet, text=True)


@pytest.fixture(scope="module")
def pi_vm() -> Iterator[PiVm]:
    """A machine that nothing is installed on; skipped by name where it is not built."""
    machine = PiVm()
    missing = machine.start()
    if missing:
        pytest.skip(missing)
    yield machine
    machine.stop()
