"""A series of measurements that a tiny network can forecast, and a finished trial that does."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from core.events import ignore
from core.spec import parse_spec
from core.tasks.forecasting import PreparedSeries
from core.tasks.registry import TASKS

HEADER = "date,T (degC),rh (%)"
BEGIN = datetime(2024, 3, 1)
STEP = timedelta(minutes=10)

REAL_CLIMATE = Path(__file__).resolve().parents[2] / "shared" / "data" / "climate" / "jena_2020.csv"

_ROWS_AT_ONCE = 500_000

Row = tuple[datetime, float, float]


def weather(num_rows: int = 1200, begin: datetime = BEGIN, step: timedelta = STEP) -> Iterator[Row]:
    """Yield time, temperature and humidity of days that are warm at noon and damp at night."""
    rng = np.random.default_rng(3)
    drift = np.cumsum(rng.normal(0, 0.05, num_rows))
    for number in range(num_rows):
        day = 2 * np.pi * number * step / timedelta(days=1)
        temperature = 8 + drift[number] - 5 * np.cos(day)
        yield begin + number * step, temperature, 70 + 15 * np.cos(day) - drift[number]


def write_series(path: Path, **how: object) -> Path:
    """Write a CSV as Jena's exports are."""
    rows = [f"{time:%Y-%m-%d %H:%M:%S},{warmth:.2f},{damp:.1f}" for time, warmth, damp in weather(**how)]  # type: ignore[arg-type]
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


def prepare_series(path: Path, **settings: object) -> PreparedSeries:
    """Prepare a file as the data of a forecast with some settings."""
    spec = parse_spec({"task": "forecasting", "dataset": {"file": str(path)}, **settings})
    prepared = TASKS["forecasting"].prepare(spec, ignore)
    assert isinstance(prepared, PreparedSeries)
    return prepared


@pytest.fixture(scope="session")
def real_climate() -> Path:
    """CSV of real measurements every ten minutes."""
    if not REAL_CLIMATE.is_file():
        pytest.skip(f"needs real measurements in {REAL_CLIMATE}")
    return REAL_CLIMATE


def write_long_series(path: Path, num_rows: int) -> Path:
    """Write a CSV with a row for each minute, without taking minutes for it."""
    begin = np.datetime64("2005-01-01T00:00:00")
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER + "\n")
        for first in range(0, num_rows, _ROWS_AT_ONCE):
            numbers = range(first, min(first + _ROWS_AT_ONCE, num_rows))
            times = (begin + np.array(numbers) * np.timedelta64(60, "s")).astype(str).tolist()
            lines = zip(numbers, times, strict=True)
            file.writelines(f"{time},{number % 7}.25,{60 + number % 5}\n" for number, time in lines)
    return path


def write_long_history(path: Path, num_rows: int) -> Path:
    """Write a history of four sensors as Home Assistant exports it, each with a change in every minute."""
    begin = np.datetime64("2005-01-01T00:00:00.123")
    rows_a_sensor = num_rows // 4
    with path.open("w", encoding="utf-8") as file:
        file.write("entity_id,state,last_changed\n")
        for sensor in range(4):
            for first in range(0, rows_a_sensor, _ROWS_AT_ONCE):
                numbers = range(first, min(first + _ROWS_AT_ONCE, rows_a_sensor))
                times = (begin + np.array(numbers) * np.timedelta64(60, "s")).astype(str).tolist()
                lines = zip(numbers, times, strict=True)
                name = f"sensor.room_{sensor}_temperature"
                file.writelines(f"{name},{20 + number % 97 / 10:.1f},{time}Z\n" for number, time in lines)
    return path


@pytest.fixture(scope="session")
def series_trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished trial that forecasts, in a study of its own beside `weather.csv`; not to be changed."""
    root = tmp_path_factory.mktemp("series trial")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYML_WORKBENCH_CACHE", str(root / "cache"))
        return train_on_weather(root)


def train_on_weather(root: Path) -> Path:
    """Train a trial that forecasts in a study below `root`, beside its table; return the trial's folder."""
    from core.experiment import runner
    from core.experiment.store import Study
    from core.spec import parse_spec

    root.mkdir(exist_ok=True)
    values = {
        "task": "forecasting",
        "name": "Weather",
        "dataset": {"file": str(write_series(root / "weather.csv"))},
        "model": {"family": "mlp", "units": [4]},
        "training": {"epochs": 3, "initial_learning_rate": 0.01},
        "measurement": {"num_runs": 20, "warmup_runs": 2},
    }
    study = Study.create(root / "study")
    name = study.add(parse_spec(values))
    runner.run(study, name)
    return study.folder_of(name)


@pytest.fixture
def series_study(series_trial: Path, tmp_path: Path) -> Path:
    """A study of one's own with a finished trial that forecasts."""
    return Path(shutil.copytree(series_trial.parents[1], tmp_path / "study"))
