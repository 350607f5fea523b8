"""The listening service: the deployed model as a systemd user unit that acts on words."""

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Literal

from pydantic import BaseModel, Field

from core.deploy import monitor_log, programs
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
from core.deploy.service_unit import ServiceUnit, UnitStatus
from core.deploy.service_unit import unit_text as text_of_unit
from core.deploy.told import TOLD, TimeSeconds, objects, understood
from core.errors import DeviceError
from core.json_text import load_object

UNIT = "tinyml-workbench-listener.service"


class ServiceStatus(UnitStatus):
    """How the listening service of a device does."""

    words: dict[str, str] = Field(default_factory=dict, description="What each word does, in a few words.")


class HeardWord(BaseModel):
    """A detection on the device."""

    model_config = TOLD

    word: str
    score: float
    time_s: TimeSeconds = Field(description="Seconds since 1970, by the device's clock.")
    did: str = ""


class ListeningService(ServiceUnit):
    """The listening service at the other end of a connection. Methods raise DeviceError with a sentence."""

    name = UNIT
    what = "listening service"
    state_name = "state.json"
    settings_name = FILE_NAME

    def install(self, actions: Actions, wav: PurePosixPath | None = None) -> ServiceStatus:
        """Put the deployed model to work, in place of what was installed before, and see that it listens.

        Without a microphone it hears `wav`, a file or folder on the device, at the pace of real time.
        """
        labels = self.deployed_labels()
        if not labels:
            raise DeviceError(
                f"{self._connection.name}: its model forecasts and knows no words; deploy a trial that spots keywords"
            )
        strangers = sorted(set(actions.words) - set(labels))
        if strangers:
            raise DeviceError(
                f"{self._connection.name}: its model does not know {', '.join(strangers)}; "
                f"choose among its words: {', '.join(labels)}"
            )
        table = actions_text(replace(actions, wav=str(wav or "")))
        hint = self._put_to_work(unit_text(self.layout, wav), table.encode())
        status = self.status()
        return status.model_copy(update={"message": status.message or hint})

    def uninstall(self) -> None:
        """Take it away, and end the monitor, which another one would else go on with unasked. Raises DeviceError."""
        super().uninstall()
        monitor_log.end_session(self._connection)

    def status(self) -> ServiceStatus:
        """Return how it does."""
        found = super().status()
        installed = {} if found.state == "absent" else self.actions().words
        words = {word: describe(action) for word, action in installed.items()}
        return ServiceStatus(**found.model_dump(), words=words)

    def actions(self) -> Actions:
        """Return the table of actions that is installed."""
        try:
            return parse_actions(self._connection.get(self.settings_file), f"{self._connection.name}")
        except SettingsError as error:
            raise DeviceError(str(error)) from error

    def deployed_labels(self) -> tuple[str, ...]:
        """Return the labels of the model in force, the words among which can act; none of one that forecasts."""
        programs.require_python(self._connection)
        told = self._connection.run("cat", str(self.layout.current / SETTINGS))
        if told.status:
            raise DeviceError(f"{self._connection.name}: has no model yet; deploy one first")
        try:
            values = load_object(told.out)
            if values["schema_version"] > SCHEMA_VERSION:
                raise DeviceError(
                    f"{self._connection.name}: its model was deployed by a newer version of this program; update this "
                    "one, or deploy the model again"
                )
            return tuple(str(label) for label in values.get("labels", ()))
        except (ValueError, LookupError, TypeError) as error:
            raise DeviceError(
                f"{self._connection.name}: the settings of its model cannot be read; deploy the model again"
            ) from error

    def detections(self, count: int = 20) -> list[HeardWord]:
        """Return the last words it heard, the newest at the end; they outlive restarts, releases and the journal."""
        lines = programs.lines(self._connection, "history", str(self.layout.data), "detections", f"--count={count}")
        told = objects(lines, self._connection.name)
        name = self._connection.name
        return [understood(HeardWord, values, name) for values in told if values["kind"] == "detected"]


def unit_text(layout: Layout, wav: PurePosixPath | None = None) -> str:
    """Return the unit that listens with the current release. Raises DeviceError for a folder systemd cannot name."""
    service = layout.service
    arguments = ["--actions", str(service / FILE_NAME), "--data", str(layout.data)]
    arguments += ["--state", str(service / ListeningService.state_name)]
    if wav is not None:
        arguments += ["--wav", str(layout.path(str(wav))), "--pace", "1"]
    return text_of_unit(layout, "listens for words and acts on them", "spot", arguments)


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
