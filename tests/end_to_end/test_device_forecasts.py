"""`workbench device forecast` and `forecaster` against a real SSH server: once, followed, and as a service."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.deploy.devices import keep_device
from core.deploy.release import deploy
from core.experiment.device_trials import release_of
from core.experiment.store import Study
from tests import user_systemd
from tests.series import write_series
from tests.ssh_server import SshDevice
from tests.waiting import until
from workbench.cli import app

STEP = timedelta(minutes=10)
SENSOR = "echo 'Temp=21.3*  Humidity=45.2%'"


def run(*arguments: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["device", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.output


@pytest.fixture
def device(ssh_device: SshDevice, series_trial: Path) -> Iterator[SshDevice]:
    """A device with a model that forecasts, and a table there that ends a moment ago."""
    user_systemd.put_tools(ssh_device, lingering="on")
    ssh_device.provision()
    keep_device(ssh_device.device)
    with ssh_device.connect() as connection:
        deploy(connection, release_of(Study.open(series_trial.parents[1]), series_trial.name))
    now = datetime.now().replace(second=0, microsecond=0)
    write_series(ssh_device.home / "weather.csv", num_rows=20, begin=now - 19 * STEP)
    yield ssh_device
    for process in ssh_device.processes("user_systemd.py supervise"):
        process.terminate()
    until(lambda: not ssh_device.processes("user_systemd.py supervise"))


def test_forecasts_as_json_and_in_words(device: SshDevice) -> None:
    found = json.loads(run("forecast", "loop", "--csv", "weather.csv", "--json"))
    assert found["reading"] is None and len(found["forecast"]["coming"]["times"]) == 6
    said = run("forecast", "loop", "--csv", device.home / "weather.csv", "--column", "T=T (degC)")
    assert said.splitlines()[1].split() == ["time", "T", "°C", "rh", "%"] and said.count("forecast") == 6
    assert "has 1 of the 6 values" in run("forecast", "loop", "--command", SENSOR, status=1)
    assert "name one of them" in run("forecast", "loop", status=2)
    assert "INPUT=COLUMN is wanted" in run("forecast", "loop", "--csv", "a", "--column", "b", status=2)
    told = run("forecast", "loop", "--sqlite", ".local/share/tinyml-workbench/data/readings.sqlite", status=1)
    assert "readings.sqlite, table readings: has 1 of the 6 values" in told
    refused = run("service", "loop", "install", status=1)
    assert "its model forecasts and knows no words; deploy a trial that spots keywords" in " ".join(refused.split())


@pytest.mark.slow
def test_a_service_forecasts_at_every_step_until_it_is_taken_away(device: SshDevice) -> None:
    assert json.loads(run("forecaster", "loop", "status", "--json"))["state"] == "absent"
    status = json.loads(run("forecaster", "loop", "install", "--csv", "weather.csv", "--json"))
    assert (status["state"], status["source"]["place"], status["message"]) == ("running", "weather.csv", "")
    kept = device.base / "data" / "forecast.json"
    until(kept.exists)
    said = run("forecaster", "loop", "status")
    assert "loop: running, weather-" in said and said.count("forecast") >= 6
    assert json.loads(run("forecaster", "loop", "stop", "--json"))["state"] == "stopped"
    status = json.loads(run("forecaster", "loop", "install", "--command", SENSOR, "--json"))
    until(lambda: "has 1 of the 6 values" in run("forecaster", "loop", "status"))
    assert (device.base / "data" / "readings.sqlite").exists()
    status = json.loads(run("forecaster", "loop", "uninstall", "--json"))
    assert status["state"] == "absent" and status["source"] is None and len(status["forecast"]["coming"]["times"]) == 6
    assert not device.processes("core.deploy.device.forecast")
    assert "has no forecasting service yet; install it first" in run("forecaster", "loop", "start", status=1)
