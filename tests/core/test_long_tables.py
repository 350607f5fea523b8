"""Long tables turned wide: histories of Home Assistant, exports of InfluxDB, logs of several sensors."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.datasets import table_blocks
from core.datasets.climate import columns_of, form_of, read_table
from core.datasets.table_check import check_table
from core.errors import DataError
from core.events import ignore
from core.experiment.forecasts import forecast_table
from core.spec import SeriesData, parse_spec
from core.tasks.registry import TASKS
from tests.series import weather, write_series

BEGIN = datetime(2024, 3, 1, tzinfo=UTC)
TEMPERATURE, HUMIDITY = "sensor.garden_temperature", "sensor.garden_humidity"


def write(path: Path, lines: Iterable[str]) -> SeriesData:
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return SeriesData(file=str(path))


def stamp(second: float) -> str:
    return (BEGIN + timedelta(seconds=second)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def history(changes: Iterable[tuple[str, float, str]]) -> Iterator[str]:
    yield "entity_id,state,last_changed"
    for entity, second, state in changes:
        yield f"{entity},{state},{stamp(second)}"


def changes(entity: str, num: int, late_s: float, first: float) -> list[tuple[str, float, str]]:
    """Changes about every ten minutes, a little late, each by 0.1."""
    return [(entity, 600 * number + late_s, f"{first + number / 10:.1f}") for number in range(num)]


def test_a_value_of_home_assistant_holds_until_it_changes(tmp_path):
    rows = [*changes(TEMPERATURE, 20, 3.5, 10), *changes(HUMIDITY, 20, 7.25, 50)]
    # From 01:40 the temperature is not there for two steps; that of 00:30 never changed.
    rows[10:12] = [(TEMPERATURE, 6003.5, "unavailable")]
    del rows[3]
    data = write(tmp_path / "history.csv", history(rows))
    series = read_table(data)
    assert series.columns == (TEMPERATURE, HUMIDITY) == columns_of(data)[1]
    assert (series.interval_s, series.step_s, series.num_rows) == (600, 600, 38)
    assert series.times_s[0] == BEGIN.timestamp() + 600
    temperature = np.float32([10 + number / 10 for number in range(19)])
    temperature[3], temperature[10:12] = temperature[2], np.nan
    np.testing.assert_array_equal(series.values[:, 0], temperature)
    np.testing.assert_array_equal(series.values[:, 1], np.float32([50 + number / 10 for number in range(19)]))
    said = check_table(data).understood
    assert said.startswith("Read as a long table: 2 series named by entity_id, values in state; each value holds until")


@pytest.mark.parametrize("block_bytes", [1 << 10, 1 << 12])
def test_a_history_read_in_many_blocks_is_the_same(tmp_path, monkeypatch, block_bytes):
    rows = sorted([*changes(TEMPERATURE, 300, 1, 10), *changes(HUMIDITY, 300, 2, 50), *changes("sensor.c", 200, 3, 0)])
    whole = read_table(write(tmp_path / "history.csv", history(rows)))
    monkeypatch.setattr(table_blocks, "_BLOCK_BYTES", block_bytes)
    parted = read_table(write(tmp_path / "again.csv", history(rows)))
    assert parted.columns == whole.columns and len(parted.columns) == 3
    np.testing.assert_array_equal(parted.values, whole.values)
    np.testing.assert_array_equal(parted.times_s, whole.times_s)


def test_while_no_history_was_written_nothing_is_known(tmp_path):
    rows = [
        *changes(TEMPERATURE, 20, 1, 10),
        *((name, at + 86_400, state) for name, at, state in changes(TEMPERATURE, 20, 1, 30)),
    ]
    series = read_table(write(tmp_path / "history.csv", history(rows)))
    known = np.isfinite(series.values[:, 0])
    assert known[:19].all() and known[-19:].all() and not known[20:-20].any()


def test_texts_of_other_entities_are_no_series(tmp_path):
    doors = [("binary_sensor.door", 500 * number, "on" if number % 2 else "off") for number in range(20)]
    data = write(tmp_path / "history.csv", history([*doors, *changes(TEMPERATURE, 20, 1, 10)]))
    assert form_of(data).numeric == (TEMPERATURE,)


def test_what_a_unit_column_says_stands_in_the_name(tmp_path):
    rows = [
        f"{name},unavailable,{stamp(600 * number)},"
        if number == 4
        else f"{name},{value + number / 10},{stamp(600 * number)},{unit}"
        for name, value, unit in (("sensor.a", 10, "°C"), ("sensor.b", 50, "%"))
        for number in range(30)
    ]
    data = write(tmp_path / "history.csv", ["entity_id,state,last_changed,unit_of_measurement", *rows])
    assert columns_of(data)[1] == ("sensor.a (°C)", "sensor.b (%)")
    assert [report.num_missing for report in check_table(data).columns] == [1, 1]


ANNOTATIONS = (
    "#group,false,false,true,true,false,false,true,true,true",
    "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string,string",
    "#default,_result,,,,,,,,",
)


def influx(field: str, table: int, first: float, num: int = 40, host: str = "garden") -> Iterator[str]:
    for number in range(num):
        at = stamp(600 * number).replace(".000Z", ".000000001Z" if number % 2 else "Z")
        value = f"{first + number / 10:.1f}"
        yield f",,{table},2024-03-01T00:00:00Z,2024-04-01T00:00:00Z,{at},{value},{field},weather,{host}"


@pytest.mark.parametrize("annotations", [ANNOTATIONS, ()])
def test_every_table_of_an_export_of_influxdb_is_read(tmp_path, annotations):
    header = ",result,table,_start,_stop,_time,_value,_field,_measurement,host"
    other = ",result,table,_start,_stop,_time,host,_value,_field,_measurement"
    second = (line.split(",") for line in influx("humidity", 1, 50))
    turned = (",".join([*cells[:6], cells[9], *cells[6:9]]) for cells in second)
    lines = [*annotations, header, *influx("temperature", 0, 10), "", *annotations, other, *turned, ""]
    data = write(tmp_path / "export.csv", lines)
    series = read_table(data)
    assert series.columns == ("temperature", "humidity")
    assert (series.interval_s, series.num_repeated, series.num_broken, series.step_s) == (600, 0, 0, 0)
    np.testing.assert_array_equal(series.values[:, 0], np.float32([10 + number / 10 for number in range(40)]))
    np.testing.assert_array_equal(series.values[:, 1], np.float32([50 + number / 10 for number in range(40)]))


def test_tags_of_influxdb_that_vary_name_the_series(tmp_path):
    header = ",result,table,_start,_stop,_time,_value,_field,_measurement,host"
    rows = [*influx("temperature", 0, 10), *influx("temperature", 1, 20, host="roof")]
    form = form_of(write(tmp_path / "export.csv", [*ANNOTATIONS, header, *rows]))
    assert form.long is not None and form.long.series_columns == ("host",)
    assert form.numeric == ("garden", "roof")


def sensors(names: tuple[str, ...], apart_s: float, num: int = 60) -> list[str]:
    return [
        f"{stamp(600 * number + apart_s * place)},{name},{20 * (place + 1) + number / 10:.1f}"
        for number in range(num)
        for place, name in enumerate(names)
    ]


def test_rows_of_several_sensors_become_a_column_each(tmp_path):
    data = write(tmp_path / "log.csv", ["time,sensor,value", *sensors(("temperature", "humidity"), 0)])
    series = read_table(data)
    assert series.columns == ("temperature", "humidity") and series.step_s == 0
    np.testing.assert_array_equal(series.values[:, 1], np.float32([40 + number / 10 for number in range(60)]))


def test_sensors_with_times_of_their_own_come_to_a_common_step(tmp_path):
    rows = sensors(("temperature", "humidity"), 120)
    # A sensor that says nothing for an hour: the value of before is not held over all of it.
    rows = [row for row in rows if not (",humidity," in row and stamp(12_000) < row[:24] < stamp(15_600))]
    data = write(tmp_path / "log.csv", ["time,sensor,value", *rows])
    series = read_table(data)
    assert (series.interval_s, series.step_s) == (600, 600)
    humidity = series.values[:, 1]
    place = int(np.searchsorted(series.times_s, BEGIN.timestamp() + 600 * 10))
    # At 01:40 that of 01:32 is the latest.
    assert humidity[place] == np.float32(40.9)
    assert int(np.isnan(humidity).sum()) == 1 + 5
    assert "the latest value is taken every 10 min" in check_table(data).understood


@pytest.mark.parametrize("words", ["weather", "wd_name", "status"])
def test_a_wide_table_with_words_stays_wide(tmp_path, words):
    rows = [f"{stamp(600 * number)},{number / 10:.1f},{('sunny', 'rain')[number % 2]}" for number in range(60)]
    form = form_of(write(tmp_path / "wide.csv", [f"time,temperature,{words}", *rows]))
    assert form.long is None and form.numeric == ("temperature",)


def test_what_was_understood_can_be_corrected(tmp_path):
    rows = sensors(("a", "b"), 0)
    path = tmp_path / "log.csv"
    data = write(path, ["time,colour,value", *rows])
    wide = data.model_copy(update={"shape": "wide"})
    assert form_of(data).numeric == ("a", "b") and form_of(wide).numeric == ("value",)
    data = write(path, ["time,colour,value,mark", *(f"{row},{number % 3}" for number, row in enumerate(rows))])
    # Two columns of numbers: which holds the values is not to be guessed.
    assert form_of(data).long is None
    named = data.model_copy(update={"series_columns": ("colour",), "value_column": "mark"})
    assert form_of(named).numeric == ("a", "b")
    assert read_table(named).values.max() == 2
    with pytest.raises(DataError, match=r"has no column 'nowhere' for its series; its columns are time, colour"):
        form_of(data.model_copy(update={"value_column": "nowhere"}))
    with pytest.raises(DataError, match=r"name those that name the series \(dataset.series_columns\)"):
        form_of(data.model_copy(update={"shape": "long"}))


def test_a_long_table_trains_and_forecasts_as_the_wide_one_does(tmp_path, series_trial):
    wide = write_series(tmp_path / "weather.csv", num_rows=1200)
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S},{name},{value}"
        for time, warmth, damp in weather(1200)
        for name, value in (("T (degC)", f"{warmth:.2f}"), ("rh (%)", f"{damp:.1f}"))
    ]
    long = Path(write(tmp_path / "long.csv", ["time,quantity,value", *rows]).file)

    def prepare(path: Path):
        return TASKS["forecasting"].prepare(parse_spec({"task": "forecasting", "dataset": {"file": str(path)}}), ignore)

    assert np.array_equal(prepare(long).train.inputs, prepare(wide).train.inputs)
    told, expected = (forecast_table(series_trial, path).model_dump() for path in (long, wide))
    assert {**told, "source": ""} == {**expected, "source": ""}
