"""What is done when a word is heard: nothing, a shell command, an MQTT message, or the battery monitor.

The table is `actions.json` in the service's folder, so that it outlives releases:

    {"schema_version": 1,
     "words": {"go": {"kind": "monitor", "do": "start"}, "stop": {"kind": "monitor", "do": "stop"},
               "up": {"kind": "command", "command": "aplay ~/yes.wav"}, "down": {"kind": "mqtt", "topic": "home/lamp"}},
     "broker": {"host": "127.0.0.1", "port": 1883},
     "monitor": {"interval_s": 1.0, "battery_command": ""},
     "microphone": "", "wav": ""}

Words that are not in it do nothing. No password stands in it: a broker that wants one gets MQTT_USERNAME and
MQTT_PASSWORD from the environment.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Union

from core.deploy.device.monitor import INTERVAL_S, Monitor
from core.deploy.device.settings import SettingsError
from core.evaluation.detection import Detection

FILE_NAME = "actions.json"
SCHEMA_VERSION = 1
_MOST_COMMANDS = 8


@dataclass(frozen=True)
class Command:
    """A line for /bin/sh; it finds the word in KEYWORD, its score in KEYWORD_SCORE, its time in KEYWORD_TIME_S."""

    command: str
    kind: Literal["command"] = "command"


@dataclass(frozen=True)
class Message:
    """An MQTT message; without a payload it carries word, score and time as a JSON object."""

    topic: str
    payload: str = ""
    kind: Literal["mqtt"] = "mqtt"


@dataclass(frozen=True)
class Logging:
    """The battery monitor starts or stops."""

    do: Literal["start", "stop"]
    kind: Literal["monitor"] = "monitor"


# Evaluated when the module is loaded, where Python 3.9 knows no `|`.
Action = Union[Command, Message, Logging]  # noqa: UP007
_KINDS: dict[str, type[Any]] = {"command": Command, "mqtt": Message, "monitor": Logging}


@dataclass(frozen=True)
class Actions:
    """The table, and what its actions need."""

    words: Mapping[str, Action] = field(default_factory=dict)
    broker_host: str = "127.0.0.1"
    broker_port: int = 1883
    monitor_interval_s: float = INTERVAL_S
    battery_command: str = ""
    microphone: str = ""
    wav: str = ""
    """What is heard in place of a microphone, for who looks at the table: the program is told by its command line."""

    def needs(self, kind: str) -> bool:
        """Tell whether a word has an action of a kind."""
        return any(action.kind == kind for action in self.words.values())


def actions_text(actions: Actions) -> str:
    """Return the content of `actions.json`."""
    values = {
        "schema_version": SCHEMA_VERSION,
        "words": {word: asdict(action) for word, action in actions.words.items()},
        "broker": {"host": actions.broker_host, "port": actions.broker_port},
        "monitor": {"interval_s": actions.monitor_interval_s, "battery_command": actions.battery_command},
        "microphone": actions.microphone,
        "wav": actions.wav,
    }
    return json.dumps(values, indent=1, ensure_ascii=False) + "\n"


def parse_actions(text: str | bytes, source: str = FILE_NAME) -> Actions:
    """Read what `actions_text` wrote. Raises SettingsError with a sentence, also for what a newer program wrote."""
    try:
        values = json.loads(text)
        version = values["schema_version"]
        if version == SCHEMA_VERSION:
            return Actions(
                words={word: _action(entry) for word, entry in values["words"].items()},
                broker_host=str(values["broker"]["host"]),
                broker_port=int(values["broker"]["port"]),
                monitor_interval_s=float(values["monitor"]["interval_s"]),
                battery_command=str(values["monitor"]["battery_command"]),
                microphone=str(values["microphone"]),
                wav=str(values.get("wav", "")),
            )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise SettingsError(f"{source}: is not a table of actions ({error!r}); install the service again") from error
    raise SettingsError(
        f"{source}: has schema {version}, the program here reads schema {SCHEMA_VERSION}; "
        "install the service again, so that both are of one version"
    )


def read_actions(path: Path) -> Actions:
    """Read the table. Raises SettingsError with a sentence when it cannot be used."""
    try:
        return parse_actions(path.read_bytes(), str(path))
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); install the service again") from error


def _action(entry: Mapping[str, Any]) -> Action:
    given = dict(entry)
    action: Action = _KINDS[given.pop("kind")](**given)
    return action


class Actor:
    """Does what the table says. Nothing here waits: the microphone must be heard meanwhile.

    `warn` hears a sentence when something cannot be done.
    """

    def __init__(self, actions: Actions, monitor: Monitor, warn: Callable[[str], None]) -> None:
        self._actions = actions
        self._monitor = monitor
        self._warn = warn
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._publish = _publisher(actions, warn) if actions.needs("mqtt") else None
        if actions.needs("monitor"):
            self._try(monitor.resume)

    def act(self, detection: Detection) -> str:
        """Do what a word asks for, and return in a few words what that is; nothing where nothing is to be done."""
        action = self._actions.words.get(detection.label)
        if isinstance(action, Command):
            return self._run(action, detection)
        if isinstance(action, Message):
            return self._send(action, detection)
        if isinstance(action, Logging):
            if action.do == "start":
                return "monitor started" if self._try(self._monitor.start) else ""
            return "monitor stopped" if self._try(self._monitor.stop) else ""
        return ""

    def look_after(self) -> None:
        """See which commands ended, and say which of them failed."""
        for entry in [entry for entry in self._running if entry[1].poll() is not None]:
            self._running.remove(entry)
            word, process = entry
            if process.returncode:
                self._warn(f"the command of “{word}” ended with status {process.returncode}")

    def _run(self, action: Command, detection: Detection) -> str:
        if len(self._running) >= _MOST_COMMANDS:
            self._warn(f"{_MOST_COMMANDS} commands are still running, so that of “{detection.label}” was left out")
            return ""
        told = {
            "KEYWORD": detection.label,
            "KEYWORD_SCORE": f"{detection.score:.4f}",
            "KEYWORD_TIME_S": f"{time.time():.3f}",
        }
        # What it writes goes to the journal beside our lines, not among them.
        process = subprocess.Popen(
            ["/bin/sh", "-c", action.command], env={**os.environ, **told}, stdin=subprocess.DEVNULL, stdout=2
        )
        self._running.append((detection.label, process))
        return "command"

    def _send(self, action: Message, detection: Detection) -> str:
        if self._publish is None:
            return ""
        said = {"word": detection.label, "score": round(detection.score, 4), "time_s": round(time.time(), 3)}
        self._publish(action.topic, action.payload or json.dumps(said, ensure_ascii=False))
        return f"mqtt {action.topic}"

    def _try(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except (sqlite3.Error, OSError) as error:
            self._warn(f"the monitor cannot use its file ({error}); free space on the device")
            return False


def _publisher(actions: Actions, warn: Callable[[str], None]) -> Callable[[str, str], None] | None:
    """Return what sends a message to a topic, through a connection that mends itself; None without paho-mqtt."""
    try:
        from paho.mqtt import client as mqtt
    except ImportError:
        warn("paho-mqtt is not installed on this device, so no MQTT message is sent; provision the device with it")
        return None
    # Version 2 wants to be told which form its callbacks have; version 1, of Debian 12, does not know that.
    form = getattr(mqtt, "CallbackAPIVersion", None)
    client = mqtt.Client(form.VERSION2) if form else mqtt.Client()
    user = os.environ.get("MQTT_USERNAME")
    if user:
        client.username_pw_set(user, os.environ.get("MQTT_PASSWORD"))
    client.reconnect_delay_set(1, 60)
    client.max_queued_messages_set(100)
    client.connect_async(actions.broker_host, actions.broker_port)
    client.loop_start()

    def publish(topic: str, payload: str) -> None:
        # Once at least: what is said while the broker is away is sent when it is back.
        client.publish(topic, payload, qos=1)

    return publish
