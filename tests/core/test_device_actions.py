"""What words set off on a device: messages over MQTT, commands, and the battery monitor on files of one's own."""

import json
import socket
import sqlite3
import struct
import threading

import pytest

from core.deploy.device.actions import Actions, Actor, Command, Logging, Message, actions_text, parse_actions
from core.deploy.device.history import History
from core.deploy.device.monitor import Monitor
from core.deploy.device.power import read_power
from core.evaluation.detection import Detection
from tests.waiting import until

WORD = Detection("go “”", 3.5, 0.91234)


class Broker(threading.Thread):
    """As much of an MQTT 3.1.1 broker as one publishing client needs; `heard` are its messages."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(daemon=True)
        self._server = socket.create_server(("127.0.0.1", port))
        self.port = self._server.getsockname()[1]
        self.heard: list[tuple[str, str]] = []
        self.user = b""
        self.start()

    def run(self) -> None:
        try:
            while True:
                client, _ = self._server.accept()
                with client, client.makefile("rb") as stream:
                    self._serve(client, stream)
        except OSError:
            return

    def close(self) -> None:
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self, client, stream) -> None:
        while head := stream.read(1):
            body = stream.read(self._length(stream))
            kind = head[0] >> 4
            if kind == 1:
                self.user = body[-20:]
                client.sendall(b"\x20\x02\x00\x00")
            elif kind == 3:
                (size,) = struct.unpack(">H", body[:2])
                self.heard.append((body[2 : 2 + size].decode(), body[4 + size :].decode()))
                client.sendall(b"\x40\x02" + body[2 + size : 4 + size])
            elif kind == 12:
                client.sendall(b"\xd0\x00")

    @staticmethod
    def _length(stream) -> int:
        length = shift = 0
        while (byte := stream.read(1)[0]) & 0x80:
            length |= (byte & 0x7F) << shift
            shift += 7
        return length | byte << shift


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def supplies(tmp_path):
    """Return what writes a power supply as the kernel shows it."""

    def write(name, **files):
        folder = tmp_path / "root/sys/class/power_supply" / name
        folder.mkdir(parents=True, exist_ok=True)
        for file, content in files.items():
            (folder / file).write_text(f"{content}\n")
        return tmp_path / "root"

    return write


def test_a_word_becomes_a_message(tmp_path, warnings, monkeypatch):
    monkeypatch.setenv("MQTT_USERNAME", "ada")
    monkeypatch.setenv("MQTT_PASSWORD", "secret")
    broker = Broker()
    table = Actions({WORD.label: Message("home/lamp"), "stop": Message("a/b", "off")}, broker_port=broker.port)
    actor = Actor(table, Monitor(tmp_path, warnings.append), warnings.append)
    assert actor.act(WORD) == "mqtt home/lamp"
    assert actor.act(Detection("stop", 4, 0.9)) == "mqtt a/b"
    until(lambda: len(broker.heard) == 2)
    (topic, said), plain = broker.heard
    assert topic == "home/lamp" and plain == ("a/b", "off")
    assert json.loads(said)["word"] == WORD.label and json.loads(said)["score"] == 0.9123
    assert b"ada" in broker.user and b"secret" in broker.user
    assert not warnings
    broker.close()


def test_messages_said_while_the_broker_is_away_come_when_it_is_back(tmp_path, warnings):
    with socket.create_server(("127.0.0.1", 0)) as ending:
        port = ending.getsockname()[1]
        table = Actions({WORD.label: Message("home/lamp", "on")}, broker_port=port)
        actor = Actor(table, Monitor(tmp_path, warnings.append), warnings.append)
        ending.accept()[0].close()
    assert actor.act(WORD) == "mqtt home/lamp"
    broker = Broker(port)
    until(lambda: broker.heard == [("home/lamp", "on")])
    broker.close()


def test_a_table_comes_back_as_it_was_written():
    table = Actions(
        {"go": Command("echo 'a b' \"$KEYWORD\""), "stop": Logging("stop"), "ja “”": Message("t", "p")},
        broker_host="broker.local",
        broker_port=1884,
        monitor_interval_s=2.5,
        battery_command="cat /battery",
        microphone="plughw:1,0",
        wav="~/words.wav",
    )
    assert parse_actions(actions_text(table)) == table


def test_commands_that_never_end_are_not_started_without_limit(tmp_path, warnings):
    actor = Actor(Actions({WORD.label: Command("exec sleep 30")}), Monitor(tmp_path, warnings.append), warnings.append)
    assert [actor.act(WORD) for _ in range(9)] == ["command"] * 8 + [""]
    assert "8 commands are still running" in warnings[0]
    for _, process in actor._running:
        process.kill()
        process.wait()
    actor.look_after()
    assert actor.act(WORD) == "command"
    actor._running[0][1].kill()
    actor._running[0][1].wait()


def test_the_kernel_tells_battery_and_mains(supplies):
    root = supplies("BAT0", type="Battery", capacity=73, status="Discharging", voltage_now=3912000)
    assert read_power(root) == {"battery_percent": 73, "battery_volts": 3.912, "on_mains": False}
    # A keyboard's battery does not feed the board, and a charger says more than the battery's status.
    supplies("A_keyboard", type="Battery", scope="Device", capacity=5)
    supplies("AC", type="Mains", online=1)
    assert read_power(root) == {"battery_percent": 73, "battery_volts": 3.912, "on_mains": True}


def test_a_board_without_a_battery_tells_nothing(tmp_path):
    assert read_power(tmp_path) == {"battery_percent": None, "battery_volts": None, "on_mains": None}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("87.5", {"battery_percent": 87.5}),
        ('{"battery_volts": 4.1, "on_mains": true, "cells": 2}', {"battery_volts": 4.1, "on_mains": True}),
    ],
)
def test_the_command_of_a_battery_hat_comes_first(supplies, written, expected):
    root = supplies("BAT0", type="Battery", capacity=10, status="Full")
    known = {"battery_percent": 10, "battery_volts": None, "on_mains": True}
    assert read_power(root, f"echo '{written}'") == {**known, **expected}


@pytest.mark.parametrize("written", ["", "eighty", '{"cells": 2}', '{"battery_percent": "80"}', "[80]"])
def test_a_command_that_tells_no_number_is_explained(tmp_path, written):
    with pytest.raises(ValueError, match="the battery's command must"):
        read_power(tmp_path, f"printf %s '{written}'")


def test_the_monitor_writes_until_it_is_stopped_and_goes_on_after_a_restart(tmp_path, supplies, warnings):
    root = supplies("BAT0", type="Battery", capacity=73, status="Charging")
    history = History(tmp_path / "data")

    def rows():
        return list(history.readings())

    monitor = Monitor(tmp_path / "data", warnings.append, interval_s=0.02, root=root)
    assert monitor.start() and not monitor.start()
    until(lambda: len(rows()) >= 3)
    # The process ends without a word, as when the device is switched off.
    monitor._ending.set()
    later = Monitor(tmp_path / "data", warnings.append, interval_s=0.02, root=root)
    assert later.resume()
    count = len(rows())
    until(lambda: len(rows()) >= count + 3)
    assert later.stop() and not later.stop()
    session = history.last_session()
    assert session["ended_s"] >= session["began_s"]
    stopped = rows()
    assert {row["session"] for row in stopped} == {1}
    assert {(row["battery_percent"], row["on_mains"]) for row in stopped} == {(73, 1)}
    assert not Monitor(tmp_path / "data", warnings.append).resume()
    assert not warnings


def test_a_battery_that_cannot_be_read_is_said_once_and_the_rest_is_kept(tmp_path, warnings):
    monitor = Monitor(tmp_path / "data", warnings.append, interval_s=0.01, command="echo oops >&2; false")
    monitor.start()
    history = History(tmp_path / "data")
    until(lambda: len(list(history.readings())) >= 3)
    monitor.stop()
    assert warnings == ["the battery's command must write a percentage or a JSON object, it wrote: oops"]
    assert all(row["load_1min"] >= 0 for row in history.readings())


def test_a_folder_that_cannot_be_written_is_a_warning(tmp_path, warnings):
    (tmp_path / "data").write_text("a file where the folder should be")
    monitor = Monitor(tmp_path / "data", warnings.append)
    actor = Actor(Actions({"go": Logging("start")}), monitor, warnings.append)
    assert actor.act(Detection("go", 1, 0.9)) == ""
    assert len(warnings) == 2 and all("the monitor cannot use its file" in warning for warning in warnings)


def test_old_rows_make_room(tmp_path, monkeypatch):
    from core.deploy.device import history as module

    monkeypatch.setattr(module, "_MOST_READINGS", 5)
    monkeypatch.setattr(module, "_MOST_DETECTIONS", 3)
    history = History(tmp_path)
    for number in range(9):
        history.add_reading(1, float(number), {"load_1min": number})
        history.add_detection(float(number), "go", 0.9, 0.0, "")
    assert [row["time_s"] for row in history.readings()] == [4, 5, 6, 7, 8]
    assert [row["time_s"] for row in history.detections(20)] == [6, 7, 8]
    # A reader beside the writer sees what is there, and needs no turn.
    assert sqlite3.connect(tmp_path / module.FILE_NAME).execute("SELECT count(*) FROM readings").fetchone() == (5,)
