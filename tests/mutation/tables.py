"""Tables of measurements in the forms people have them in, damaged: read, looked through, cut, forecast from."""

import itertools
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from random import Random

from core.datasets.climate import columns_of, read_series
from core.datasets.column_names import temperature_and_humidity
from core.datasets.csv_form import recognise
from core.datasets.frame import load_frame
from core.datasets.table_check import check_table
from core.datasets.windows import cut_windows
from core.deploy.device.forecast_settings import forecast_settings
from core.deploy.device.tables import read_csv
from core.deploy.device.window import latest_window
from core.experiment.forecasts import forecast_table
from core.experiment.long_recording import read_truth
from core.spec import SeriesData, TimeSplit, Window
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_text
from tests.series import Row, weather, write_series

_NUM_ROWS = 150
# A process is started for the model.
_FORECAST_ONE_IN = 20
_TRUTH = "truth.csv"
_LONG = ("history.csv", "influx.csv")
"""Tables that no device reads."""


class Tables:
    """A CSV file of one of several forms, damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = {path.name: path.read_bytes() for path in sorted((seeds / "tables").iterdir())}
        self._trial = seeds
        self._scratch = scratch
        self._folder = scratch / "tables"
        self._folder.mkdir()
        self._count = itertools.count()
        frame = load_frame(seeds).model_dump(mode="json")
        self._settings = forecast_settings({"frame": frame, "typical": [0.0] * len(frame["inputs"])})

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Write the same measurements in each form, and a model that forecasts them."""
        for name in ("model.tflite", "preprocessing.json"):
            shutil.copyfile(trials.forecasting / name, seeds / name)
        folder = seeds / "tables"
        folder.mkdir()
        write_series(folder / "jena.csv", num_rows=_NUM_ROWS)
        rows = list(weather(_NUM_ROWS))
        for name, (encoding, head, line) in _FORMS.items():
            text = "\n".join([head, *map(line, rows)]) + "\n"
            (folder / name).write_bytes(text.encode(encoding))
        for name, lines in (("history.csv", _history(rows)), ("influx.csv", _influx(rows))):
            (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")
        (folder / _TRUTH).write_text("time_s,label\n1.50,go\n3.25,stop\n12.00,go\n", encoding="utf-8")

    def whole(self) -> Iterator[tuple[str, bytes, bool]]:
        """Yield each table as it is."""
        for name, content in self._seeds.items():
            yield name, content, True

    def damaged(self, rng: Random) -> tuple[str, bytes, bool]:
        """Return a table's name and its bytes, and whether a model forecasts from it."""
        name = rng.choice(list(self._seeds))
        content = mutate_text(rng, self._seeds[name], list(self._seeds.values()))
        return name, content, rng.randrange(_FORECAST_ONE_IN) == 0

    def attempts(self, given: tuple[str, bytes, bool]) -> Iterator[Attempt]:
        """Read the table every way there is."""
        name, content, is_forecast = given
        # By a name of its own, for what was read of a file is kept by name, size and time.
        path = self._folder / f"{next(self._count)}.csv"
        path.write_bytes(content)
        if name == _TRUTH:
            yield lambda: read_truth(path)
        else:
            yield lambda: recognise(path)
            yield lambda: check_table(SeriesData(file=str(path)))
            yield lambda: columns_of(SeriesData(file=str(path)))
            yield lambda: _cut(path)
            if name not in _LONG:
                yield lambda: latest_window(
                    read_csv(path, self._settings, _renamed(path)), self._settings, any_age=True
                )
            if is_forecast:
                yield lambda: forecast_table(self._trial, path, columns=_renamed(path))
        path.unlink()

    def tidy(self) -> None:
        """Empty the cache."""
        shutil.rmtree(self._scratch / "cache", ignore_errors=True)


def _cut(path: Path) -> None:
    series = read_series(path)
    cut_windows(series, series.columns, series.columns[:1], Window(input_steps=3, output_steps=2), TimeSplit())


def _renamed(path: Path) -> dict[str, str]:
    """Return which columns of a table stand for those that the model knows."""
    return dict(zip(("T (degC)", "rh (%)"), temperature_and_humidity(recognise(path).numeric), strict=False))


def _german(row: Row) -> str:
    return f"{row[0]:%d.%m.%Y %H:%M};{row[1]:.1f};{row[2]:.1f}".replace(".", ",").replace(",", ".", 2)


def _zoned(row: Row) -> str:
    return f'"{row[0]:%Y-%m-%dT%H:%M:%S}+01:00",{row[1]:.2f},{row[2]:.1f}'


def _epoch(row: Row) -> str:
    return f"{(row[0] - datetime(1970, 1, 1)).total_seconds():.0f}\t{row[1]:.2f}\t{row[2]:.1f}"


def _parted(row: Row) -> str:
    return f"{row[0]:%Y-%m-%d},{row[0]:%H:%M},{row[1]:.2f},{row[2]:.1f}"


def _utc(row: Row) -> str:
    return f"{row[0].year}-{row[0].month}-{row[0].day} {row[0].hour}:{row[0]:%M} UTC,{row[1]:.2f},{row[2]:.1f}"


def _history(rows: Sequence[Row]) -> Iterator[str]:
    yield "entity_id,state,last_changed"
    for place, name in ((1, "sensor.garden_temperature"), (2, "sensor.garden_humidity")):
        for number, row in enumerate(rows):
            yield f"{name},{row[place]:.1f},{row[0]:%Y-%m-%dT%H:%M}:{number % 60:02}.403Z"


def _influx(rows: Sequence[Row]) -> Iterator[str]:
    for place, name in ((1, "temperature"), (2, "humidity")):
        yield "#group,false,false,true,true,false,false,true"
        yield "#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string"
        yield ",result,table,_start,_stop,_time,_value,_field"
        for row in rows:
            at = f"{row[0]:%Y-%m-%dT%H:%M:%S}.000000001Z"
            yield f",,{place},2024-03-01T00:00:00Z,2024-04-01T00:00:00Z,{at},{row[place]:.1f},{name}"
        yield ""


_FORMS = {
    "german.csv": ("utf-8-sig", "Datum;Temperatur [°C];Luftfeuchte [%]", _german),
    "latin.csv": ("latin-1", "Datum;Temperatur [°C];Luftfeuchte [%]", _german),
    "excel.csv": ("utf-16", "Zeit;Temperatur;Feuchte", _german),
    "epoch.tsv": ("utf-8", "timestamp\ttemperature\thumidity", _epoch),
    "zoned.csv": ("utf-8", "time,temperature,humidity", _zoned),
    "parted.csv": ("utf-8", "Station 12\n\ndate,time,temperature,humidity", _parted),
    "utc.csv": ("utf-8", "# station 12\ntime,temperature,humidity", _utc),
}  # fmt: skip
"""Encoding, header and row of each form."""
