"""The forecast on a device: of a CSV, of SQLite, of a sensor's command, and why there is none."""

import os
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.datasets.frame import load_frame
from core.deploy.device.forecast import main
from core.deploy.device.forecast_settings import ForecastSettings
from core.deploy.device.history import History
from core.deploy.device.sensor import Readings, parse_reading, read_sensor
from core.deploy.device.tables import read_csv, read_sqlite
from core.deploy.device.window import NotYetEnough, latest_window
from core.errors import DataError
from core.evaluation.forecasting import forecast
from core.experiment.device_tasks import DEVICE_TASKS
from core.experiment.forecasts import forecast_table
from tests.device import bare_environment, fill_release, run_program
from tests.series import HEADER, weather, write_series

STEP = timedelta(minutes=10)
SETTINGS = ForecastSettings(("T (degC)", "rh (%)"), ("T (degC)", "rh (%)"), 10.0, 6, 6, (0.0, 0.0))


@pytest.fixture(scope="module")
def release(series_trial, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("device") / "release"
    return fill_release(folder, series_trial, DEVICE_TASKS["forecasting"].settings(series_trial))


def now() -> datetime:
    """Return the latest full minute, as a wall clock shows it."""
    return datetime.now().replace(second=0, microsecond=0)


def recent(path: Path, num_rows: int = 20, step: timedelta = STEP) -> Path:
    return write_series(path, num_rows=num_rows, begin=now() - (num_rows - 1) * step, step=step)


def rows_of(path: Path) -> list[list[str]]:
    return [line.split(",") for line in path.read_text().splitlines()[1:]]


def window(path: Path, settings: ForecastSettings = SETTINGS, *, any_age: bool = False, **columns: str):
    return latest_window(read_csv(path, settings, columns), settings, any_age=any_age)


def test_a_forecast_is_the_one_of_this_machine_with_times_and_units(release, series_trial, tmp_path):
    path = recent(tmp_path / "weather.csv")
    (told,), status, _ = run_program(release, "forecast", "--csv", path, "--json")
    assert status == 0 and told["kind"] == "forecast" and told["step_minutes"] == 10
    last = rows_of(path)[-6:]
    given = np.array([[row[1:] for row in last]], np.float32)
    expected = forecast(series_trial / "model.tflite", given, load_frame(series_trial))[0]
    for place, quantity in enumerate(told["coming"]["quantities"]):
        assert quantity["values"] == pytest.approx(expected[:, place].tolist(), abs=1e-3)
    assert [(each["name"], each["unit"]) for each in told["coming"]["quantities"]] == [("T", "°C"), ("rh", "%")]
    assert [datetime.fromisoformat(at) for at in told["past"]["times"]] == [
        datetime.fromisoformat(row[0]) for row in last
    ]
    assert datetime.fromisoformat(told["coming"]["times"][-1]) == datetime.fromisoformat(last[-1][0]) + 6 * STEP


def test_a_forecast_that_is_no_number_is_told_by_its_source(release, series_trial, tmp_path):
    path = recent(tmp_path / "weather.csv")
    *lines, last = path.read_text().splitlines()
    path.write_text("\n".join([*lines, f"{last.partition(',')[0]},3.4e38,50", ""]))
    (told,), status, _ = run_program(release, "forecast", "--csv", path, "--json")
    sentence = f"{path}: its latest values lead to a forecast beyond all numbers; see its sensor"
    assert (status, told) == (1, {"kind": "failed", "message": sentence})
    with pytest.raises(DataError, match="lead to a forecast beyond all numbers"):
        forecast_table(series_trial, path)


def test_people_get_a_table_and_sentences(release, tmp_path):
    def run(*arguments: object) -> subprocess.CompletedProcess:
        command = [sys.executable, "-m", "core.deploy.device.forecast", *map(str, arguments)]
        environment = bare_environment(tmp_path / "bare")
        return subprocess.run(command, cwd=release, env=environment, capture_output=True, text=True)

    path = recent(tmp_path / "weather.csv")
    lines = run("--csv", path).stdout.splitlines()
    assert lines[1].split() == ["T", "°C", "rh", "%"] and len(lines) == 14
    assert lines[7].split()[:3] == [*rows_of(path)[-1][0][:16].split(), "measured"]
    assert lines[13].split()[2] == "forecast"
    failed = run("--csv", tmp_path / "none.csv")
    assert failed.returncode == 1 and failed.stderr.splitlines()[-1].endswith(
        "No such file or directory); check the path"
    )
    assert "required" in run().stderr


@pytest.mark.parametrize(
    "damage",
    [
        "", "broken", "an open quote", "decimal commas", "Latin-1 and repeated", "newest first", "two columns of times",
        "lines above the header",
    ],
)  # fmt: skip
def test_tables_are_read_as_they_are_for_training(tmp_path, damage):
    path = recent(tmp_path / "weather.csv")
    expected = [tuple(map(float, row[1:])) for row in rows_of(path)[-6:]]
    header, *lines = path.read_text().splitlines()
    if damage == "broken":
        lines[3:3] = ["no,row", "", "2024-01-01,x"]
    elif damage == "an open quote":
        lines[3:3] = ['"2024-01-01 00:00:00,1,2']
    elif damage == "decimal commas":
        header, *lines = (line.replace(",", ";").replace(".", ",") for line in (header, *lines))
    elif damage == "Latin-1 and repeated":
        header, lines = header.replace("degC", "°C"), [*lines, lines[-1].replace(",", ",9", 1), lines[0]]
    elif damage == "newest first":
        lines.reverse()
    elif damage == "two columns of times":
        header = header.replace("date", "day,time")
        lines = [line.replace(" ", ",", 1) for line in lines]
    elif damage == "lines above the header":
        header = f"latitude,longitude\n52.5,13.4\n\n{header}"
    path.write_bytes("\n".join([header, *lines, ""]).encode("latin-1"))
    assert window(path).rows == expected


def test_times_of_utc_are_no_wall_clocks(tmp_path):
    path = recent(tmp_path / "weather.csv")
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *(line.replace(",", " UTC,", 1) for line in lines), ""]))
    series = read_csv(path, SETTINGS, {})
    assert not series.is_local
    local = [datetime.fromisoformat(row[:19]).replace(tzinfo=UTC).timestamp() for row in lines[-3:]]
    assert series.times_s[-3:].tolist() == local


def test_a_device_says_that_it_reads_no_long_table(tmp_path):
    path = tmp_path / "history.csv"
    rows = [f"sensor.{name},{number},2024-03-20T00:{number}:00Z" for name in ("a", "b") for number in range(10, 30)]
    path.write_text("\n".join(["entity_id,state,last_changed", *rows, ""]))
    with pytest.raises(DataError, match="holds the values of several series in column 'state'; here forecasts are"):
        read_csv(path, SETTINGS, {})


def test_a_row_that_is_still_being_written_does_not_count(tmp_path):
    path = recent(tmp_path / "weather.csv")
    whole = window(path)
    next_time = datetime.fromisoformat(rows_of(path)[-1][0]) + STEP
    with path.open("a") as file:
        file.write(f"{next_time},7.25,4")
    assert window(path).rows == whole.rows
    # Nobody writes any more: its last row merely has no end of line.
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    assert window(path, any_age=True).rows[-1] == (7.25, 4.0)


def test_of_a_large_file_the_end_is_read_and_of_a_reversed_one_the_beginning(tmp_path):
    path = recent(tmp_path / "weather.csv", num_rows=40_000)
    size = path.stat().st_size
    assert size > 1_000_000
    expected = [tuple(map(float, row[1:])) for row in rows_of(path)[-6:]]
    assert window(path).rows == expected
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *reversed(lines), ""]))
    found = window(path)
    assert found.rows == expected and len(found.series.times_s) < 20_000


def test_a_step_may_be_a_multiple_of_the_rows(tmp_path):
    path = recent(tmp_path / "weather.csv", num_rows=70, step=timedelta(minutes=1))
    found = window(path)
    assert found.rows == [tuple(map(float, row[1:])) for row in rows_of(path)[-51::10]]


@pytest.mark.parametrize(
    ("rows", "error", "sentence"),
    [
        (slice(-4, None), NotYetEnough, r"has 4 of the 6 values, 10 min apart, .*: it begins at \d.*window is full at"),
        ([-8, -7, -6, -4, -3, -2, -1], NotYetEnough, r"has 4 of the 6 values.*there is no row of \d{4}-"),
        (slice(-20, -5), DataError, r"its newest row .* is of .*, 5[01].* min ago, too old .* or take old rows"),
        (slice(0, 0), DataError, r"has 0 rows of 3 columns; a forecast needs a series"),
    ],
)
def test_rows_that_are_missing_or_too_old_are_told(tmp_path, rows, error, sentence):
    path = recent(tmp_path / "weather.csv")
    lines = np.array(path.read_text().splitlines()[1:])
    path.write_text("\n".join([HEADER, *lines[rows], ""]))
    with pytest.raises(error, match=sentence) as told:
        window(path)
    assert isinstance(told.value, NotYetEnough) == (error is NotYetEnough)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: [*lines[:-3], lines[-3].rsplit(",", 1)[0] + ",-9999", *lines[-2:]], r"rh \(%\) is missing at"),
        (lambda lines: [line.rsplit(",", 1)[0] + ",nan" for line in lines[:-1]] + lines[-1:], r"has 1 of the 6 values"),
        (lambda lines: [line.rsplit(",", 1)[0] + "," + "-9999" for line in lines], "none of its last 20 rows has T"),
        (lambda lines: [line.replace(line[:4], "2199", 1) for line in lines], "to come; set the clock of this device"),
    ],
)
def test_what_is_wrong_with_values_and_times_is_told(tmp_path, change, sentence):
    path = recent(tmp_path / "weather.csv")
    header, *lines = path.read_text().splitlines()
    path.write_text("\n".join([header, *change(lines), ""]))
    with pytest.raises(DataError, match=sentence):
        window(path)


@pytest.mark.parametrize("minutes", [7, 60])
def test_rows_at_another_step_are_told(tmp_path, minutes):
    path = recent(tmp_path / "weather.csv", step=timedelta(minutes=minutes))
    every = "1 h" if minutes == 60 else "7 min"
    with pytest.raises(DataError, match=f"has a row every {every}, but the model takes values 10 min apart"):
        window(path)


def test_columns_are_found_by_name_by_quantity_or_as_told(tmp_path):
    path = recent(tmp_path / "weather.csv")
    expected = window(path).rows
    text = path.read_text()
    path.write_text(text.replace(HEADER, "time,temperature,humidity"))
    assert window(path).rows == expected
    path.write_text(text.replace(HEADER, "time,indoor,damp"))
    with pytest.raises(
        DataError, match=r"none of its columns \(indoor, damp\) is called T \(degC\) .*--column 'T'=COLUMN"
    ):
        window(path)
    assert window(path, **{"T": "indoor", "rh (%)": "damp"}).rows == expected
    with pytest.raises(DataError, match=r"has no column 'there' for T \(degC\); choose among indoor, damp"):
        window(path, T="there")


@pytest.mark.parametrize(
    "clock", ["seconds", "milliseconds", "nanoseconds", "ISO", "ISO with zone", "ISO of UTC", "dd.mm.yyyy"]
)
def test_tables_of_sqlite_with_times_of_all_kinds(tmp_path, clock):
    path = tmp_path / "log's %20.sqlite"
    rows = list(weather(num_rows=600, begin=now() - 599 * STEP))
    forms = {
        "seconds": lambda time: time.timestamp(),
        "milliseconds": lambda time: int(1000 * time.timestamp()),
        "nanoseconds": lambda time: int(time.timestamp()) * 10**9,
        "ISO": lambda time: time.isoformat(sep=" "),
        "ISO of UTC": lambda time: f"{time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
        "ISO with zone": lambda time: time.astimezone(UTC).isoformat(),
        "dd.mm.yyyy": lambda time: f"{time:%d.%m.%Y %H:%M}",
    }
    with sqlite3.connect(path) as file:
        file.execute("CREATE TABLE other (a, b)")
        file.execute('CREATE TABLE "in\'door" (id INTEGER PRIMARY KEY, date, humidity REAL, "Temp (C)" REAL)')
        file.executemany(
            'INSERT INTO "in\'door" (date, "Temp (C)", humidity) VALUES (?, ?, ?)',
            [(forms[clock](at), warmth, damp) for at, warmth, damp in rows],
        )
    file.close()
    found = latest_window(read_sqlite(path, SETTINGS, {}), SETTINGS, any_age=False)
    assert np.allclose(found.rows, [row[1:] for row in rows[-6:]])
    assert found.series.moment(found.times_s[-1]).replace(tzinfo=None) == rows[-1][0]


def test_the_file_of_the_battery_monitor_is_such_a_table(tmp_path):
    history = History(tmp_path)
    for number in range(8):
        history.add_reading(1, time.time() - 60 * (8 - number), {"cpu_temperature_c": 40.0 + number})
    history.close()
    settings = ForecastSettings(("cpu_temperature_c",), ("cpu_temperature_c",), 1.0, 6, 6, (0.0,))
    found = latest_window(read_sqlite(tmp_path / "history.sqlite", settings, {}), settings, any_age=False)
    assert [row[0] for row in found.rows] == [42.0, 43.0, 44.0, 45.0, 46.0, 47.0]


def test_files_that_are_no_table_are_told(tmp_path):
    broken, empty = tmp_path / "broken.sqlite", tmp_path / "empty.sqlite"
    broken.write_bytes(b"no database at all, but long enough to be looked at")
    mixed = tmp_path / "mixed.sqlite"
    with sqlite3.connect(mixed) as file:
        file.execute("CREATE TABLE log (time, temperature, humidity)")
        file.executemany(
            "INSERT INTO log VALUES (?, ?, ?)", [("yesterday", 1, 2), (None, 1, 2), ("2024-01-01", "x", 2)]
        )
    file.close()
    sqlite3.connect(empty).execute("CREATE TABLE log (time_s, temperature, humidity)").connection.close()
    for path, table, sentence in (
        (broken, "", "cannot be read as SQLite"),
        (tmp_path, "", "is a folder"),
        (tmp_path / "none", "", "is not there"),
        (empty, "", "table log: has no row yet"),
        (empty, "there", "has no table 'there'; it has log"),
        (mixed, "", "column 'time' holds 'yesterday', which cannot be read as a time"),
    ):
        with pytest.raises(DataError, match=sentence):
            read_sqlite(path, SETTINGS, {}, table)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("Temp=21.3*  Humidity=45.2%\n", {"temperature": 21.3, "humidity": 45.2}),
        ("Temp: 21.3 C    Humidity: 45.2% ", {"temperature": 21.3, "humidity": 45.2}),
        ("Temperature = -3,5°C, relative humidity = 80 %", {"temperature": -3.5, "humidity": 80.0}),
        ('{"temperature": 21.3, "humidity": 45.2, "ok": true}', {"temperature": 21.3, "humidity": 45.2}),
        ('{"temp_c": 21.3, "pressure": 1013}', {"temperature": 21.3, "pressure": 1013.0}),
        ("21.3 45.2", {"temperature": 21.3, "humidity": 45.2}),
        ("[21.3, 45.2]", {"temperature": 21.3, "humidity": 45.2}),
        ("21.3*C 45.2%", {"temperature": 21.3, "humidity": 45.2}),
    ],
)
def test_readings_in_the_forms_that_sensors_programs_write(text, values):
    assert parse_reading(text) == values


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Failed to get reading. Try again!", "it wrote: Failed to get reading"),
        ("", "it wrote: nothing"),
        ("21.3", "two numbers"),
        ("{}", "a JSON object or two numbers"),
        ("Temp=70.3F Humidity=45%", "tells °F"),
        ("Temp=21.3* Humidity=1507.2%", "a humidity of 1507.2, which cannot be"),
    ],
)
def test_what_is_no_reading_is_told(text, sentence):
    with pytest.raises(DataError, match=sentence):
        parse_reading(text)


def test_a_sensors_window_fills_up(release, tmp_path):
    command = "echo 'Temp=21.3*  Humidity=45.2%'"
    arguments = ("--command", command, "--data", tmp_path / "data", "--json")
    said, status, _ = run_program(release, "forecast", *arguments)
    assert [line["kind"] for line in said] == ["reading", "failed"] and status == 1
    assert said[0]["values"] == {"temperature": 21.3, "humidity": 45.2}
    assert "has 1 of the 6 values" in said[1]["message"]
    readings = Readings(tmp_path / "data")
    for number in range(1, 6):
        readings.add(time.time() - 600 * number, {"temperature": 20.0 + number, "humidity": 50.0})
    readings.close()
    said, status, _ = run_program(release, "forecast", *arguments)
    assert [line["kind"] for line in said] == ["reading", "forecast"] and status == 0
    past = said[1]["past"]["quantities"][0]
    assert (past["column"], past["values"]) == ("T (degC)", [25.0, 24.0, 23.0, 22.0, 21.0, 21.3])


def test_a_sensor_that_fails_is_tried_again(tmp_path, monkeypatch):
    monkeypatch.setattr("core.deploy.device.sensor.time.sleep", lambda _: None)
    count = tmp_path / "count"
    command = f"echo x >> {count}; [ $(wc -l < {count}) -gt 1 ] && echo 20 50 || {{ echo broken >&2; exit 3; }}"
    assert read_sensor(command) == {"temperature": 20, "humidity": 50} and count.read_text() == "x\nx\n"
    with pytest.raises(DataError, match=r"echo no; exit 3: .* ended with status 3: no"):
        read_sensor("echo no; exit 3")


class Clock:
    """Time that passes by being waited for, until somebody has waited often enough."""

    def __init__(self, patience: int) -> None:
        self.now_s = 1.7e9
        self.waited: list[float] = []
        self._patience = patience

    def time(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        if len(self.waited) > self._patience:
            raise KeyboardInterrupt
        self.now_s += seconds


def test_forecasts_follow_at_the_step_of_the_model(release, tmp_path, monkeypatch):
    clock = Clock(patience=9)
    monkeypatch.setattr("core.deploy.device.forecast.time", clock)
    arguments = ["--release", release, "--command", "echo 20 50", "--data", tmp_path, "--any-age", "--json", "--follow"]
    monkeypatch.setattr(sys, "argv", ["forecast", *map(str, arguments)])
    said = []
    monkeypatch.setattr("core.deploy.device.lines.say", lambda kind, **values: said.append(kind))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            main()
        # As after a restart: the window goes on a step after the last reading.
        clock.now_s += 60
        clock._patience += 4
    before = ["forecasting", *["reading", "waiting"] * 5, *["reading", "forecast"] * 4]
    assert said == [*before, "forecasting", "waiting", *["reading", "forecast"] * 3]
    assert clock.waited[:2] == [0, 600] and clock.waited[10] == 540
