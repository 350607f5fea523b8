"""The commands and jobs of the listening service, on a real SSH server."""

import csv
import json

import pytest
from typer.testing import CliRunner

from core.deploy.device.actions import Command, Logging, Message
from core.deploy.devices import keep_device
from core.deploy.live import LiveStep
from core.errors import TrialCancelled
from core.events import DeviceSaid
from core.experiment import device_intentions
from core.experiment.service_jobs import HearDevice
from tests.waiting import until
from workbench.cli import app
from workbench.commands import service_sheet
from workbench.commands.service_actions import parse_actions

RATE = 16000


@pytest.fixture
def device(speaking_device):
    """A device that the user added, and which hears words."""
    keep_device(speaking_device.device)
    return speaking_device


def run(*arguments):
    return CliRunner().invoke(app, ["device", *map(str, arguments)])


def asked(*arguments):
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_service_is_installed_watched_and_taken_away_by_commands(device, tmp_path):
    wav = device.home / "words.wav"
    table = ("--do", "high=monitor:start", "--do", "rising=run:true", "--do", "low=nothing")
    installed = asked("service", "loop", "install", *table, "--wav", wav, "--every", 0.1)
    assert installed["state"] == "running" and installed["lingers"] is True
    assert installed["words"] == {"high": "starts the monitor", "rising": "runs true"}
    until(lambda: {each["word"] for each in asked("service", "loop", "detections")} >= {"high", "rising"})
    heading, *rows = run("service", "loop", "detections", "--last", 2).stdout.splitlines()
    assert heading.split() == ["time", "word", "score", "did"] and len(rows) == 2
    assert "Service  running for 0:" in run("service", "loop", "status").stdout
    until(lambda: len(asked("monitor", "loop")["readings"]) >= 3)
    assert asked("monitor", "loop", "--last", 2)["monitor"]["ended_s"] is None
    page = run("monitor", "loop").stdout
    assert "The monitor of loop has been running since 2" in page and "\nload " in page
    written = asked("monitor", "loop", "--csv", tmp_path / "monitor.csv")
    rows = list(csv.DictReader((tmp_path / "monitor.csv").read_text().splitlines()))
    assert written["num_readings"] == len(rows) >= 3
    assert rows[0]["session"] == "1" and rows[0]["time"].endswith("+00:00") and float(rows[0]["load_1min"]) >= 0
    assert asked("service", "loop", "stop")["state"] == "stopped"
    assert asked("service", "loop", "uninstall")["state"] == "absent"
    assert "has no listening service" in run("service", "loop", "status").stdout


def test_an_error_of_the_service_is_a_sentence_and_a_document(device):
    result = run("service", "loop", "start", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"].endswith("has no listening service yet; install it first")


def test_hearing_a_device_is_a_job_that_ends_there_when_it_is_cancelled_here(device):
    told = []

    def emit(event):
        if isinstance(event, DeviceSaid):
            told.append(event)
        if len(told) >= 20:
            raise TrialCancelled

    with pytest.raises(TrialCancelled):
        device_intentions.carry_out(HearDevice(device="loop", wav=(str(device.home / "words.wav"),)), emit)
    assert told[0].what == "LiveBeginning" and told[0].device == "loop"
    steps = [LiveStep.model_validate(each.values) for each in told if each.what == "LiveStep"]
    assert len(steps) > 15 and sum(steps[-1].probabilities) == pytest.approx(1, abs=0.02)
    until(lambda: not device.processes("core.deploy.device.spot"))


def test_actions_are_typed_in_a_word():
    assert parse_actions(
        [
            "go=monitor:start",
            "stop=monitor:stop",
            "up=run:echo a=b:c",
            "no=mqtt:home/lamp=off",
            "yes=mqtt:t",
            "on=nothing",
        ]
    ) == {
        "go": Logging("start"),
        "stop": Logging("stop"),
        "up": Command("echo a=b:c"),
        "no": Message("home/lamp", "off"),
        "yes": Message("t"),
    }


@pytest.mark.parametrize("typed", ["go", "go=", "=run:x", "go=run:", "go=sing", "go=monitor:pause"])
def test_an_action_that_cannot_be_read_is_bad_usage(typed):
    result = CliRunner().invoke(app, ["device", "service", "loop", "install", "--do", typed])
    assert result.exit_code == 2 and "WORD=monitor:start" in result.output.replace("\n", " ")


@pytest.mark.parametrize("typed", ["0", "1,x", "-1"])
def test_numbers_of_threads_are_numbers_from_one_on(typed, tone_trial):
    study = str(tone_trial.parents[1])
    result = CliRunner().invoke(app, ["device", "benchmark", "loop", study, "--threads", typed])
    assert result.exit_code == 2 and "numbers from 1 on" in result.output


def test_a_curve_of_letters_goes_from_its_least_to_its_greatest_value():
    assert service_sheet.bars([0, 1, 2, 7]) == "▁▂▃█"
    assert service_sheet.bars([3.0, 3.0]) == "▁▁"
    assert len(service_sheet.bars(list(range(1000)))) == service_sheet.MOST_COLUMNS
