"""What every service that runs the deployed model is: a systemd user unit, and what it says of its state."""

import contextlib
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.deploy import programs
from core.deploy.connection import Connection
from core.deploy.layout import Layout
from core.deploy.told import MOST_SHOWN, message_in
from core.deploy.user_units import UserUnits
from core.errors import DeviceError
from core.json_text import load_object

_ENVIRONMENT_FILE = "environment"
_TROUBLES = ("failed", "interrupted", "warned", "waiting")
_STARTING_S = 60.0
_LOOK_S = 0.3
_STATES = {
    "active": "running",
    "activating": "starting",
    "reloading": "running",
    "deactivating": "stopping",
    "inactive": "stopped",
    "failed": "failed",
}
_UNIT_TEXT = """\
[Unit]
Description=TinyML Workbench: {what}
StartLimitIntervalSec=0

[Service]
WorkingDirectory={folder}
ExecStart={command}
EnvironmentFile=-{environment}
Restart=on-failure
RestartSec=5
# Settings that cannot be used are no better the next time.
RestartPreventExitStatus=2
SyslogIdentifier=tinyml-workbench
CPUAccounting=yes

[Install]
WantedBy=default.target
"""

_AT_REST = ("inactive", "deactivating")

State = Literal["absent", "running", "starting", "stopping", "stopped", "failed"]


class UnitStatus(BaseModel):
    """How a service of a device does."""

    model_config = ConfigDict(frozen=True)

    device: str
    state: State
    release: str = Field("", description="Folder name of the release that it runs, or would run.")
    running_s: float | None = Field(None, description="Since it was started.")
    restarts: int = Field(0, description="After failures, since it was started by hand or with the device.")
    cpu_share: float | None = Field(None, description="Of one core, since it was started.")
    memory_bytes: int | None = None
    lingers: bool | None = Field(None, description="Whether it starts with the device, without a login.")
    message: str = Field("", description="The last thing that went wrong, or a sentence with what is to be done.")


class ServiceUnit:
    """A service at the other end of a connection, by its unit. Methods raise DeviceError with a sentence.

    A kind of service names its unit, what it is called, and its files in the service folder: the one where its program
    keeps its state, and the one with the settings that it was installed with.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    state_name: ClassVar[str]
    settings_name: ClassVar[str]

    def __init__(self, connection: Connection) -> None:
        self.layout = Layout(connection.home)
        self._connection = connection
        self._units = UserUnits(connection)

    @property
    def state_file(self) -> PurePosixPath:
        """Where its program keeps its state on the device."""
        return self.layout.service / self.state_name

    @property
    def settings_file(self) -> PurePosixPath:
        """Where the settings are on the device that it was installed with."""
        return self.layout.service / self.settings_name

    def _put_to_work(self, text: str, settings: bytes) -> str:
        """Write the unit and its settings, start it, and return a sentence where it will not start with the device."""
        folder = self.layout.service
        made = self._connection.run("mkdir", "-p", str(folder))
        made.required(f"{self._connection.name}: {folder} could not be made")
        self._connection.put(settings, self.settings_file)
        self._units.install(self.name, text)
        hint = self._units.linger()
        self.start()
        return hint

    def start(self) -> None:
        """Start it, or start it anew with what is deployed now. Raises DeviceError with why when it ends at once."""
        self._must_be_there()
        self._units.control("restart", self.name)
        until_s = time.monotonic() + _STARTING_S
        while time.monotonic() < until_s:
            found = self._units.show(self.name, "ActiveState", "MainPID", "NRestarts")
            if found["ActiveState"] == "failed" or _count(found["NRestarts"]):
                raise DeviceError(f"{self._connection.name}: the {self.what} ended at once: {self._last_words()}")
            said = self._state_said()
            if said.get("pid") == _count(found["MainPID"]) and said.get("kind") != "failed":
                return
            if found["ActiveState"] == "inactive" and said.get("kind") == "ended":
                # A short file was heard to its end meanwhile.
                return
            time.sleep(_LOOK_S)
        raise DeviceError(f"{self._connection.name}: the {self.what} did not start within {_STARTING_S:.0f} s")

    def stop(self) -> None:
        """Stop it; it starts again with the device."""
        self._must_be_there()
        self._units.control("stop", self.name)

    def take_up_release(self) -> None:
        """Start it anew with the release that was just activated, unless it was stopped by hand or is not there.

        One that failed may have done so over the release before. Raises DeviceError with why when it ends at once.
        """
        if self.is_installed() and self._units.show(self.name, "ActiveState")["ActiveState"] not in _AT_REST:
            self.start()

    def uninstall(self) -> None:
        """Take it away, with its settings; what it wrote stays in the device's data folder.

        Nothing happens where there is none.
        """
        if self.is_installed():
            self._units.remove(self.name)
        self._connection.run("rm", "-f", str(self.settings_file))

    def is_installed(self) -> bool:
        """Tell whether it is there."""
        return self._connection.run("test", "-e", str(self._units.path(self.name))).status == 0

    def status(self) -> UnitStatus:
        """Return how it does."""
        name = self._connection.name
        if not self.is_installed():
            return UnitStatus(device=name, state="absent", release=self._release())
        found = self._units.show(
            self.name,
            "ActiveState",
            "NRestarts",
            "CPUUsageNSec",
            "MemoryCurrent",
            "ActiveEnterTimestampMonotonic",
        )
        state = _STATES.get(found["ActiveState"], "stopped")
        running_s = self._running_s(found) if state == "running" else None
        cpu_s = _count(found["CPUUsageNSec"]) / 1e9
        return UnitStatus(
            device=name,
            state=state,
            release=self._release(),
            running_s=running_s,
            restarts=_count(found["NRestarts"]),
            cpu_share=cpu_s / running_s if running_s and cpu_s else None,
            memory_bytes=_count(found["MemoryCurrent"]) or None,
            lingers=self._units.lingers(),
            message="" if state == "stopped" else self._trouble(state),
        )

    def _must_be_there(self) -> None:
        if not self.is_installed():
            raise DeviceError(f"{self._connection.name}: has no {self.what} yet; install it first")

    def _release(self) -> str:
        answer = self._connection.run("readlink", str(self.layout.current))
        return PurePosixPath(answer.out.strip()).name

    def _running_s(self, found: Mapping[str, str]) -> float | None:
        said = self._connection.run("cat", "/proc/uptime").out
        since_s = _count(found["ActiveEnterTimestampMonotonic"]) / 1e6
        try:
            running_s = float(said.partition(" ")[0]) - since_s
        except ValueError:
            return None
        return running_s if since_s and 0 <= running_s < math.inf else None

    def _state_said(self) -> dict[str, Any]:
        """Return the last thing the service said about its state; nothing before it ever ran."""
        try:
            return load_object(self._connection.run("cat", str(self.state_file)).out)
        except ValueError:
            return {}

    def _trouble(self, state: str) -> str:
        """Return what is wrong at the moment; nothing where all is well."""
        if state == "failed":
            return self._last_words()
        said = self._state_said()
        return message_in(said) if said.get("kind") in _TROUBLES else ""

    def _last_words(self) -> str:
        """Return why the service ended, in its own words or, where it had none, in the journal's."""
        said = self._state_said()
        if said.get("kind") == "failed":
            return message_in(said)
        last = next(iter(self._units.journal(self.name, 1)), "it ended without a word; see its journal")
        with contextlib.suppress(ValueError, LookupError):
            last = message_in(load_object(last)) or last
        return programs.told_plainly(self._connection.name, last[:MOST_SHOWN])


def unit_text(layout: Layout, what: str, program: str, arguments: Sequence[str]) -> str:
    """Return a unit that runs a program of the current release. Raises DeviceError for a folder systemd cannot name."""
    # By way of a shell, because systemd takes no program whose path holds a quote or a backslash.
    command = [
        "/bin/sh",
        "-c",
        'exec "$@"',
        "sh",
        str(layout.python),
        "-m",
        f"core.deploy.device.{program}",
        *arguments,
    ]
    if any(letter in word for word in command for letter in "\n\r"):
        raise DeviceError(f"{layout.home}: a service cannot be in a folder whose name holds a line break; rename it")
    return _UNIT_TEXT.format(
        what=what,
        folder=_specifiers(str(layout.current)),
        command=" ".join(map(_word, command)),
        environment=_specifiers(str(layout.service / _ENVIRONMENT_FILE)),
    )


def _word(text: str) -> str:
    """Return one argument of a command line as systemd.service(5) reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specifiers(escaped)}"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _count(text: str) -> int:
    """Return a number that systemd writes; it says “[not set]” and 2⁶⁴ − 1 for what it does not know."""
    # A digit of another script is one to Python, though not always a number; from 20 digits on none is of 64 bits.
    is_number = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_number and int(text) < 1 << 63 else 0
