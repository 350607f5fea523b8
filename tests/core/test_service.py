"""The listening service on a real SSH server: installed, heard, stopped, started again after failures, taken away."""

import json
import os
import re
import signal
from pathlib import PurePosixPath

import pytest

from core.deploy.device.actions import Actions, Command, Logging
from core.deploy.layout import Layout
from core.deploy.live import LiveBeginning, LiveStep, LiveWord, hear_live
from core.deploy.monitor_log import MonitorState, Reading, follow_readings, last_readings
from core.deploy.release import deploy
from core.deploy.service import UNIT, ListeningService, default_actions, unit_text
from core.errors import DeviceError
from core.events import Warned
from core.experiment.device_trials import deploy_trial, release_of, roll_back
from core.experiment.store import Study
from tests import user_systemd
from tests.waiting import until

RATE = 16000
SPOT = "core.deploy.device.spot"
TABLE = Actions({"high": Logging("start"), "rising": Logging("stop")}, monitor_interval_s=0.1)


@pytest.fixture
def device(speaking_device):
    """A device that hears words, whose user's services may not linger."""
    (speaking_device.folder / "systemd" / "lingering").write_text("refused")
    return speaking_device


@pytest.fixture
def connection(device):
    with device.connect() as opened:
        yield opened


@pytest.fixture
def service(connection):
    return ListeningService(connection)


def test_a_model_listens_and_acts_until_it_is_taken_away(device, connection, service):
    assert service.status().state == "absent"
    status = service.install(TABLE, wav=connection.home / "words.wav")
    assert status.state == "running" and status.release.startswith("tones-")
    assert status.words == {"high": "starts the monitor", "rising": "ends the monitor"}
    # Refused here, so a sentence says how.
    assert status.lingers is False
    assert status.message.endswith(f"type there: sudo loginctl enable-linger {device.account.name}")
    _follow_one_session(device, connection)
    until(lambda: len(service.detections()) >= 2)
    heard = service.detections(2)
    assert [(each.word, each.did) for each in heard] in (
        [("high", "monitor started"), ("rising", "monitor stopped")],
        [("rising", "monitor stopped"), ("high", "monitor started")],
    )
    monitor, *readings = last_readings(connection, 100)
    assert isinstance(monitor, MonitorState) and monitor.session and len(readings) >= 5
    service.stop()
    assert service.status().state == "stopped" and not device.processes(SPOT)
    service.start()
    assert service.status().state == "running" and len(device.processes(SPOT)) == 1
    service.uninstall()
    assert service.status().state == "absent" and not device.processes(SPOT)
    monitor, newest = last_readings(connection, 1)
    assert not monitor.running and newest.session == monitor.session
    assert not (device.home / ".config/systemd/user" / UNIT).exists()
    assert len(service.detections(2)) == 2
    # A device that is removed may have none.
    service.uninstall()


def test_a_service_that_is_killed_comes_back_and_lingers_where_that_is_allowed(device, connection, service):
    (device.folder / "systemd" / "lingering").write_text("granted")
    status = service.install(Actions(), wav=connection.home / "words.wav")
    assert (status.lingers, status.message, status.words) == (True, "", {})
    (before,) = device.processes(SPOT)
    os.kill(before.pid, signal.SIGKILL)
    until(lambda: service.status().restarts == 1)
    until(lambda: service.status().state == "running")
    (after,) = device.processes(SPOT)
    assert after.pid != before.pid


def test_settings_of_a_newer_schema_end_it_for_good_with_a_sentence(device, connection, service):
    service.install(TABLE, wav=connection.home / "words.wav")
    settings = device.base / "current" / "settings.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"schema_version": 7}))
    with pytest.raises(DeviceError, match=r"ended at once: settings\.json: has schema 7, the program beside it reads"):
        service.start()
    status = service.status()
    assert status.state == "failed" and "has schema 7" in status.message
    assert not device.processes(SPOT)


def test_what_another_version_deployed_is_a_sentence_and_no_word_of_argparse(device, connection, service):
    programs = device.base / "current" / "core" / "deploy" / "device"
    spot = programs / "spot.py"
    mine = "\n".join(
        line for line in spot.read_text().splitlines() if "--state" not in line and "--features" not in line
    )
    sentence = (
        r"loop: .*(another version of this program|does not understand what it was asked).*deploy the model again"
    )
    wav = connection.home / "words.wav"
    for parser in ("lines.CommandLine", "argparse.ArgumentParser"):
        spot.write_text(mine.replace("lines.CommandLine", parser))
        with pytest.raises(DeviceError, match=sentence):
            list(hear_live(connection, "features", wav=(str(wav),)))
    with pytest.raises(DeviceError, match=sentence):
        service.install(TABLE, wav=wav)
    assert "deploy the model again" in service.status().message
    for said, told in (("hello", r"said something unexpected \(hello\)"), ("{}", "said something unexpected")):
        (programs / "history.py").write_text(f"print({said!r})")
        with pytest.raises(DeviceError, match=f"loop: {told}.*; deploy the model again"):
            service.detections()
    (programs / "history.py").write_text("import sys\nwhile True: sys.stdout.write('x' * 65536)")
    with pytest.raises(DeviceError, match="gave a line without end"):
        list(last_readings(connection, 5))
    (programs / "history.py").unlink()
    with pytest.raises(DeviceError, match=sentence):
        service.detections()
    with pytest.raises(DeviceError, match=sentence):
        list(last_readings(connection, 5))
    settings = device.base / "current" / "settings.json"
    settings.write_text(json.dumps(json.loads(settings.read_text()) | {"schema_version": 7}))
    with pytest.raises(DeviceError, match="was deployed by a newer version of this program"):
        service.install(TABLE)
    settings.write_text('["no settings"]')
    with pytest.raises(DeviceError, match="settings of its model cannot be read; deploy the model again"):
        service.install(TABLE)


def test_the_microphone_being_gone_is_said_while_it_keeps_trying(device, service):
    for tool in ("arecord", "parec"):
        device.put_tool(tool, f'echo "{tool}: audio open error: No such file or directory" >&2; exit 1')
    service.install(TABLE)
    until(lambda: "there is none; plug it in" in service.status().message)
    assert service.status().state == "running"


def test_the_next_release_is_taken_up_by_a_running_service(device, connection, service, tone_trial):
    study = Study.open(tone_trial.parents[1])
    service.take_up_release()
    service.install(TABLE, wav=connection.home / "words.wav")
    (before,) = device.processes(SPOT)
    made = release_of(study, tone_trial.name)
    other = deploy(connection, type(made)("another", {**made.files, "more.txt": b"more"}))
    service.take_up_release()
    until(lambda: [process.pid for process in device.processes(SPOT)] not in ([], [before.pid]))
    (after,) = device.processes(SPOT)
    assert after.cwd().endswith(other)
    service.stop()
    service.take_up_release()
    assert service.status().state == "stopped"


def test_a_service_goes_on_by_itself_once_a_model_for_it_is_in_force_again(device, connection, service, series_trial):
    service.install(TABLE, wav=connection.home / "words.wav")
    said = []
    deploy_trial(connection, Study.open(series_trial.parents[1]), series_trial.name, said.append)
    (warned,) = [event.message for event in said if isinstance(event, Warned)]
    assert re.match(r"weather-.* is active, but loop: the listening service ended at once: .*not spot words", warned)
    assert service.status().state == "failed" and not device.processes(SPOT)
    said.clear()
    assert roll_back(connection, said.append).startswith("tones-")
    assert service.status().state == "running" and not said


def test_what_is_missing_is_said_before_anything_is_installed(ssh_device, tone_trial):
    user_systemd.put_tools(ssh_device)
    with ssh_device.connect() as connection:
        service = ListeningService(connection)
        asked = (lambda: list(hear_live(connection)), lambda: list(last_readings(connection, 5)), service.detections)
        for work in (lambda: service.install(TABLE), lambda: roll_back(connection)):
            with pytest.raises(DeviceError, match="loop: is not provisioned yet"):
                work()
        ssh_device.provision()
        for ask in asked:
            with pytest.raises(DeviceError, match="loop: there is no model on it yet; deploy one first"):
                ask()
        with pytest.raises(DeviceError, match="has no model yet; deploy one first"):
            service.install(TABLE)
        for verb in (service.start, service.stop):
            with pytest.raises(DeviceError, match="has no listening service yet; install it first"):
                verb()
        deploy(connection, release_of(Study.open(tone_trial.parents[1]), tone_trial.name))
        with pytest.raises(DeviceError, match="does not know go, stop; choose among its words: _silence_, high, low"):
            service.install(default_actions(("go", "stop")))
        said = 'echo "Failed to connect to bus: No medium found" >&2; exit 1'
        for tool in (said, "exit 127"):
            ssh_device.put_tool("systemctl", tool)
            with pytest.raises(DeviceError, match=r"has no systemd for its users|its systemd does not answer"):
                service.install(TABLE)
    assert not (ssh_device.home / ".config").exists()


def test_what_is_heard_comes_live_and_ends_with_the_reader(device, connection):
    told = hear_live(connection, "features", wav=("words.wav",))
    beginning = next(told)
    assert isinstance(beginning, LiveBeginning) and "high" in beginning.labels
    kinds = []
    for line in told:
        kinds.append(type(line))
        if isinstance(line, LiveStep):
            assert len(line.probabilities) == len(beginning.labels) and len(line.columns[0]) == 10
        if isinstance(line, LiveWord):
            assert line.word == "high"
            break
    assert kinds.count(LiveStep) > 20
    assert device.processes(SPOT)
    told.close()
    until(lambda: not device.processes(SPOT))


def _follow_one_session(device, connection):
    """Follow the monitor until it was running and ended, then go away."""
    told = follow_readings(connection, 10)
    states, numbers = [], []
    for line in told:
        if isinstance(line, Reading):
            numbers.append(line.id)
        else:
            states.append(line.running)
        if states.count(True) and states[-1] is False and len(numbers) > 3:
            break
    told.close()
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    until(lambda: not device.processes("core.deploy.device.history"))


@pytest.mark.parametrize(
    "home", ["/home/ada", "/home/a b'c\"d", r"/home/$(touch never)`x`\n%n%h$HOME", "/home/Größe;&|"]
)
def test_a_home_folder_of_any_name_is_named_to_systemd(home):
    layout = Layout(PurePosixPath(home))
    text = unit_text(layout, PurePosixPath("~/my words.wav"))
    lines = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    command = user_systemd.parse_command(lines["ExecStart"])
    assert command[:7] == ["/bin/sh", "-c", 'exec "$@"', "sh", str(layout.python), "-m", SPOT]
    assert command[command.index("--data") + 1] == str(layout.data)
    assert command[command.index("--wav") + 1] == f"{home}/my words.wav"
    assert lines["WorkingDirectory"].replace("%%", "%") == str(layout.current)


def test_a_home_folder_with_a_line_break_is_refused():
    with pytest.raises(DeviceError, match="line break"):
        unit_text(Layout(PurePosixPath("/home/a\nb")))


def test_go_and_stop_are_for_the_monitor_when_nothing_else_is_said():
    assert default_actions(("go", "stop", "up")).words == {"go": Logging("start"), "stop": Logging("stop")}
    assert default_actions(("go", "up")).words == {}
    assert Actions({"go": Command("true")}).needs("command")
