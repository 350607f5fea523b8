"""A forecaster on an emulated aarch64 machine: deployed, measured, asked, and forecasting by itself under systemd."""

from datetime import datetime, timedelta

import pytest

from core.deploy.forecast import ForecastSource, forecast_once
from core.deploy.forecast_service import UNIT, ForecastingService
from core.deploy.provision import provision
from core.events import ignore
from core.experiment.device_trials import Benchmarking, Plan, benchmark_trials
from core.experiment.store import Study
from tests.pi_vm import pi_vm as pi_vm
from tests.series import write_series
from tests.waiting import until

STEP = timedelta(minutes=10)
SLOW_S = 120


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_forecaster_gives_the_same_there_and_goes_on_by_itself(pi_vm, series_study, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYML_WORKBENCH_CONFIG", str(tmp_path / "config"))
    study = Study.open(series_study)
    name = study.summaries()[0].name
    with pi_vm.connect() as connection:
        provision(connection)
        benchmark_trials(connection, study, [name], Benchmarking(Plan(num_runs=50), 100), ignore, deploy=name)
        latency = study.result(name).latency_on("pi-vm")
        assert latency.emulated and latency.run.machine == "aarch64"
        assert latency.run.errors.agrees and latency.run.errors.num_windows == 100
        clock = datetime.fromisoformat(connection.run("date", "+%Y-%m-%d %H:%M:00").out.strip())
        table = write_series(tmp_path / "weather.csv", num_rows=20, begin=clock - 19 * STEP)
        connection.put(table, connection.home / "weather.csv")
        source = ForecastSource(kind="csv", place="weather.csv")
        found, _ = forecast_once(connection, source)
        assert found.coming.times[0] == clock + STEP
        service = ForecastingService(connection)
        assert service.install(source).state == "running"
        until(lambda: service.status().forecast is not None, SLOW_S)
        assert service.status().forecast.coming == found.coming
        assert '"kind": "forecast"' in connection.run("journalctl", "--user", "-u", UNIT, "-o", "cat").out
        service.uninstall()
        assert service.status().state == "absent"
