"""Values that a sensor gives when it failed: marked where they cannot have been measured, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.datasets.climate import Series, columns_of, read_table
from core.datasets.sensor_faults import find_faults
from core.datasets.table_check import check_table
from core.events import ignore
from core.spec import SeriesData, parse_spec
from core.tasks.registry import TASKS
from tests.series import REAL_CLIMATE, write_series

COLUMNS = ("T (degC)", "rh (%)")


@pytest.fixture
def values() -> NDArray[np.float32]:
    """Three days of ten minutes, in steps of a tenth as sensors give them."""
    number = np.arange(432)
    day = 2 * np.pi * number / 144
    return np.stack([12 - 8 * np.cos(day), 60 + 20 * np.cos(day)], axis=1).round(1).astype(np.float32)


def series(values: NDArray[np.float32], columns: tuple[str, ...] = COLUMNS) -> Series:
    times_s = 1_700_000_400 + 600 * np.arange(len(values))
    return Series(Path("t.csv"), columns, times_s, values, len(values), 0, 0, 0)


@pytest.mark.parametrize(
    ("value", "kind"), [(-127, "disconnected"), (85, "power_on"), (-45, "bus_low"), (130, "bus_high")]
)
def test_what_a_failed_thermometer_says_is_marked(values, value, kind):
    assert find_faults(series(values)) == ()
    values[100:105, 0] = values[300, 0] = value
    (fault,) = find_faults(series(values))
    assert (fault.column, fault.kind, fault.value) == ("T (degC)", kind, value)
    assert (fault.num_rows, fault.num_runs) == (6, 2)
    assert (fault.first_s, fault.last_s) == tuple(1_700_000_400 + 600 * place for place in (100, 104))
    assert f"(dataset.invalid_values = {value})" in fault.sentence


def test_a_feed_without_units_is_looked_through_too(values):
    values[100, 0] = -127
    assert [fault.kind for fault in find_faults(series(values, ("field1", "field2")))] == ["disconnected"]


def test_a_boiler_that_comes_to_85_degrees_is_none(values):
    values[:, 0] = 80 + 8 * np.sin(np.arange(len(values)) / 30).round(1)
    values[50, 0] = 85
    assert find_faults(series(values)) == ()


def test_zeros_of_both_quantities_and_humidity_beyond_its_range_are_marked(values):
    values[50:53] = 0
    values[200, 1] = 118.5
    marked = {fault.kind: fault for fault in find_faults(series(values))}
    assert set(marked) == {"both_zero", "impossible"}
    assert marked["both_zero"].num_rows == 3 and marked["impossible"].value == np.float32(118.5)


def test_a_value_that_stands_still_is_marked_unless_it_is_an_end_of_its_range(values):
    values[150:200, 0] = 11.3
    # Saturated air stays so for hours.
    values[150:230, 1] = 100
    (fault,) = find_faults(series(values))
    assert (fault.column, fault.kind, fault.value, fault.num_rows) == ("T (degC)", "held", np.float32(11.3), 50)


def test_a_sensor_that_hung_at_the_highest_value_it_gave_is_marked_and_rest_that_comes_again_is_not(values):
    values[150:, 1] = 93.7
    # Nothing falls for a day at a time, and once it never falls at all.
    values[:, 0] = 0
    values[290:293, 0] = 1.5
    (fault,) = find_faults(series(values))
    assert (fault.column, fault.kind, fault.value) == ("rh (%)", "held", np.float32(93.7))
    assert fault.num_rows == len(values) - 150
    values[:, 1] = np.where(np.arange(len(values)) % 100 < 60, 93.7, 80 + np.arange(len(values)) % 7)
    assert not find_faults(series(values))


def test_a_table_and_a_trial_say_what_was_not_measured_until_it_is_left_out(tmp_path):
    path = write_series(tmp_path / "weather.csv", num_rows=600)
    lines = path.read_text().splitlines()
    for place in (100, 101, 102, 350):
        time, _, damp = lines[place].split(",")
        lines[place] = f"{time},{'85' if place == 350 else '-127'},{damp}"
    path.write_text("\n".join(lines) + "\n")
    data = SeriesData(file=str(path))
    report = check_table(data)
    assert [(fault.kind, fault.num_rows) for fault in report.faults] == [("disconnected", 3), ("power_on", 1)]
    assert any("T (degC) is -127, as a DS18B20 that does not answer" in said for said in report.findings)

    def warnings(invalid: list[float]) -> list[str]:
        spec = {"task": "forecasting", "dataset": {"file": str(path), "invalid_values": invalid}}
        return [said for said in TASKS["forecasting"].prepare(parse_spec(spec), ignore).warnings if "DS18B20" in said]

    assert len(warnings([])) == 2 and not warnings([-127, 85])
    left_out = read_table(data.model_copy(update={"invalid_values": (-127.0, 85.0)}))
    assert np.isnan(left_out.values[:, 0]).sum() == 4


def test_nothing_is_marked_in_real_weather():
    if not REAL_CLIMATE.is_file():
        pytest.skip(f"needs real measurements in {REAL_CLIMATE}")
    data = SeriesData(file=str(REAL_CLIMATE))
    assert find_faults(read_table(data, columns_of(data)[1])) == ()
