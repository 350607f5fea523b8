"""The listening service: the deployed model as a systemd user unit that acts on words."""

import contextlib
import json
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.deploy import programs
from core.deploy.connection import Connection
from core.deploy.device.actions import (
    FILE_NAME,
    Action,
    Actions,
    Command,
    Logging,
    Message,
    actions_text,
    parse_actions,
)
from core.deploy.device.settings import FILE_NAME as SETTINGS
from core.deploy.device.settings import SCHEMA_VERSION, SettingsError
from core.deploy.layout import Layout
from core.deploy.told import objects
from core.deploy.user_units import UserUnits
from core.errors import DeviceError

UNIT = "tinyml-workbench-listener.service"

_STATE_FILE = "state.json"
_ENVIRONMENT_FILE = "environment"
_TROUBLES = ("failed", "interrupted", "warned")
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
Description=TinyML Workbench: listens for words and acts on them
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

State = Literal["absent", "running", "starting", "stopping", "stopped", "failed"]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True)


class ServiceStatus(_Told):
    """How the listening service of a device does."""

    device: str
    state: State
    release: str = Field("", description="Folder name of the release that it runs, or would run.")
    running_s: float | None = Field(None, description="Since it was started.")
    restarts: int = Field(0, description="After failures, since it was started by hand or with the device.")
    cpu_share: float | None = Field(None, description="Of one core, since it was started.")
    memory_bytes: int | None = None
    lingers: bool | None = Field(None, description="Whether it starts with the device, without a login.")
    words: dict[str, str] = Field(default_factory=dict, description="What each word does, in a few words.")
    message: str = Field("", description="The last thing that went wrong, or a sentence with what is to be done.")


class HeardWord(_Told):
    """A detection on the device."""

    word: str
    score: float
    time_s: float = Field(description="Seconds since 1970, by the device's clock.")
    did: str = ""


class ListeningService:
    """The service at the other end of a connection. Methods raise DeviceError with a sentence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._layout = Layout(connection.home)
        self._units = UserUnits(connection)

    def install(self, actions: Actions, wav: PurePosixPath | None = None) -> ServiceStatus:
        """Put the deployed model to work, in place of what was installed before, and see that it listens.

        Without a microphone it hears `wav`, a file or folder on the device, at the pace of real time.
        """
        labels = self.deployed_labels()
        strangers = sorted(set(actions.words) - set(labels))
        if strangers:
            raise DeviceError(
                f"{self._connection.name}: its model does not know {', '.join(strangers)}; "
                f"choose among its words: {', '.join(labels)}"
            )
        folder = self._layout.service
        made = self._connection.run("mkdir", "-p", str(folder))
        made.required(f"{self._connection.name}: {folder} could not be made")
        self._connection.put(actions_text(actions).encode(), folder / FILE_NAME)
        self._units.install(UNIT, unit_text(self._layout, wav))
        hint = self._units.linger()
        self.start()
        status = self.status()
        return status.model_copy(update={"message": status.message or hint})

    def start(self) -> None:
        """Start it, or start it anew with what is deployed now. Raises DeviceError with why when it ends at once."""
        self._must_be_there()
        self._units.control("restart", UNIT)
        until_s = time.monotonic() + _STARTING_S
        while time.monotonic() < until_s:
            found = self._units.show(UNIT, "ActiveState", "MainPID", "NRestarts")
            if found["ActiveState"] == "failed" or _count(found["NRestarts"]):
                raise DeviceError(f"{self._connection.name}: the listening service ended at once: {self._last_words()}")
            said = self._state_said()
            if said.get("pid") == _count(found["MainPID"]) and said.get("kind") != "failed":
                return
            if found["ActiveState"] == "inactive" and said.get("kind") == "ended":
                # A short file was heard to its end meanwhile.
                return
            time.sleep(_LOOK_S)
        raise DeviceError(f"{self._connection.name}: the listening service did not start within {_STARTING_S:.0f} s")

    def stop(self) -> None:
        """Stop it; it starts again with the device."""
        self._must_be_there()
        self._units.control("stop", UNIT)

    def restart_if_running(self) -> None:
        """Let a running service take up the release that was just activated; nothing happens where there is none."""
        if self._is_installed():
            self._units.control("try-restart", UNIT)

    def uninstall(self) -> None:
        """Take it away, with its table of actions; what it heard and measured stays in the device's data folder.

        Nothing happens where there is none.
        """
        if self._is_installed():
            self._units.remove(UNIT)
        self._connection.run("rm", "-f", str(self._layout.service / FILE_NAME))

    def status(self) -> ServiceStatus:
        """Return how it does."""
        name = self._connection.name
        if not self._is_installed():
            return ServiceStatus(device=name, state="absent", release=self._release())
        found = self._units.show(
            UNIT,
            "ActiveState",
            "NRestarts",
            "CPUUsageNSec",
            "MemoryCurrent",
            "ActiveEnterTimestampMonotonic",
        )
        state = _STATES.get(found["ActiveState"], "stopped")
        running_s = self._running_s(found) if state == "running" else None
        cpu_s = _count(found["CPUUsageNSec"]) / 1e9
        return ServiceStatus(
            device=name,
            state=state,
            release=self._release(),
            running_s=running_s,
            restarts=_count(found["NRestarts"]),
            cpu_share=cpu_s / running_s if running_s and cpu_s else None,
            memory_bytes=_count(found["MemoryCurrent"]) or None,
            lingers=self._units.lingers(),
            words={word: describe(action) for word, action in self.actions().words.items()},
            message="" if state == "stopped" else self._trouble(state),
        )

    def actions(self) -> Actions:
        """Return the table of actions that is installed."""
        try:
            return parse_actions(self._connection.get(self._layout.service / FILE_NAME), f"{self._connection.name}")
        except SettingsError as error:
            raise DeviceError(str(error)) from error

    def deployed_labels(self) -> tuple[str, ...]:
        """Return the labels of the model in force, the words among which can act."""
        if self._connection.run("test", "-x", str(self._layout.python)).status:
            raise DeviceError(f"{self._connection.name}: is not provisioned yet; provision it and deploy a model first")
        try:
            content = self._connection.get(self._layout.current / SETTINGS)
        except DeviceError as error:
            raise DeviceError(f"{self._connection.name}: has no model yet; deploy one first") from error
        try:
            values = json.loads(content)
            if values["schema_version"] > SCHEMA_VERSION:
                raise DeviceError(
                    f"{self._connection.name}: its model was deployed by a newer version of this program; update this "
                    "one, or deploy the model again"
                )
            return tuple(values["labels"])
        except (ValueError, LookupError, TypeError) as error:
            raise DeviceError(
                f"{self._connection.name}: the settings of its model cannot be read; deploy the model again"
            ) from error

    def detections(self, count: int = 20) -> list[HeardWord]:
        """Return the last words it heard, the newest at the end; they outlive restarts, releases and the journal."""
        lines = programs.lines(self._connection, "history", str(self._layout.data), "detections", f"--count={count}")
        told = objects(lines, self._connection.name)
        return [HeardWord.model_validate(values) for values in told if values["kind"] == "detected"]

    def _is_installed(self) -> bool:
        return self._connection.run("test", "-e", str(self._units.path(UNIT))).status == 0

    def _must_be_there(self) -> None:
        if not self._is_installed():
            raise DeviceError(f"{self._connection.name}: has no listening service yet; install it first")

    def _release(self) -> str:
        answer = self._connection.run("readlink", str(self._layout.current))
        return PurePosixPath(answer.out.strip()).name

    def _running_s(self, found: Mapping[str, str]) -> float | None:
        uptime = self._connection.run("cat", "/proc/uptime").out.split()
        since_s = _count(found["ActiveEnterTimestampMonotonic"]) / 1e6
        return float(uptime[0]) - since_s if uptime and since_s else None

    def _state_said(self) -> dict[str, Any]:
        """Return the last thing the service said about its state; nothing before it ever ran."""
        try:
            values = json.loads(self._connection.get(self._layout.service / _STATE_FILE))
        except (DeviceError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _trouble(self, state: str) -> str:
        """Return what is wrong at the moment; nothing where all is well."""
        if state == "failed":
            return self._last_words()
        said = self._state_said()
        return str(said.get("message", "")) if said.get("kind") in _TROUBLES else ""

    def _last_words(self) -> str:
        """Return why the service ended, in its own words or, where it had none, in the journal's."""
        said = self._state_said()
        if said.get("kind") == "failed":
            return str(said.get("message", ""))
        last = next(iter(self._units.journal(UNIT, 1)), "it ended without a word; see its journal")
        with contextlib.suppress(ValueError, LookupError, TypeError):
            last = str(json.loads(last)["message"])
        return programs.told_plainly(self._connection.name, last)


def unit_text(layout: Layout, wav: PurePosixPath | None = None) -> str:
    """Return the unit that listens with the current release. Raises DeviceError for a folder systemd cannot name."""
    service = layout.service
    # By way of a shell, because systemd takes no program whose path holds a quote or a backslash.
    command = ["/bin/sh", "-c", 'exec "$@"', "sh", str(layout.python), "-m", "core.deploy.device.spot"]
    command += [
        "--actions",
        str(service / FILE_NAME),
        "--data",
        str(layout.data),
        "--state",
        str(service / _STATE_FILE),
    ]
    if wav is not None:
        command += ["--wav", str(wav), "--pace", "1"]
    if any(letter in word for word in command for letter in "\n\r"):
        raise DeviceError(f"{layout.home}: a service cannot be in a folder whose name holds a line break; rename it")
    return _UNIT_TEXT.format(
        folder=_specifiers(str(layout.current)),
        command=" ".join(map(_word, command)),
        environment=_specifiers(str(service / _ENVIRONMENT_FILE)),
    )


def default_actions(labels: tuple[str, ...]) -> Actions:
    """Return what a model is put to when nothing else is said: “go” starts the battery monitor and “stop” ends it."""
    table: dict[str, Literal["start", "stop"]] = {"go": "start", "stop": "stop"}
    return Actions({word: Logging(do) for word, do in table.items() if {"go", "stop"} <= set(labels)})


def describe(action: Action) -> str:
    """Return what an action does, in a few words."""
    if isinstance(action, Command):
        return f"runs {action.command}"
    if isinstance(action, Message):
        return f"sends to {action.topic}"
    return f"{action.do}s the monitor".replace("stops", "ends")


def _word(text: str) -> str:
    """Return one argument of a command line as systemd.service(5) reads it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{_specifiers(escaped)}"'


def _specifiers(text: str) -> str:
    return text.replace("%", "%%")


def _count(text: str) -> int:
    """Return a number that systemd writes; it says “[not set]” and 2⁶⁴ − 1 for what it does not know."""
    return int(text) if text.isdigit() and int(text) < 1 << 63 else 0
