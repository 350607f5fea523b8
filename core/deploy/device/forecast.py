"""The forecast of the deployed model, of the last window of a table or a sensor.

    python -m core.deploy.device.forecast (--csv FILE | --sqlite FILE [--table NAME] | --command LINE) [--follow]
                                          [--column INPUT=COLUMN …] [--time-column NAME] [--any-age] [--json]
                                          [--state FILE] [--keep FILE]

Run in a release folder. `--command` runs a line that reads a sensor once and keeps the reading in `readings.sqlite` in
the folder --data, so that a window fills up; with --follow it is run at every step of the model. With --state the last
word about its state stays in a file, with --keep the last forecast. Prints a table, or with --json these lines:

    forecasting pid: it begins; with --follow only
    reading    time, values: {name: number}; of a command only
    forecast   source, step_minutes, past and coming, both {times, quantities: [{column, name, unit, values}, …]}
    waiting    message: what is missing yet; with --follow it goes on
    warned     message: this step was missed; with --follow it goes on
    failed     message
"""

from __future__ import annotations

import core.deploy.device.one_thread  # noqa: F401 (before numpy)  # isort: skip

import argparse
import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from core.datasets.column_names import name_of, unit_of
from core.deploy.device import lines
from core.deploy.device.forecast_settings import ForecastSettings, read_forecast_settings
from core.deploy.device.runtime import open_network
from core.deploy.device.sensor import Readings, read_sensor
from core.deploy.device.tables import read_csv, read_sqlite
from core.deploy.device.window import NotYetEnough, Series, Window, latest_window
from core.errors import DataError
from core.evaluation.network import Network

DATA = Path("~/.local/share/tinyml-workbench/data")

_DIGITS = 4
_LEAST_STEP_S = 2.0

Say = Callable[..., None]


@dataclass(frozen=True)
class Forecaster:
    """A release with its model."""

    settings: ForecastSettings
    network: Network

    def forecast(self, window: Window) -> dict[str, Any]:
        """Return the values of the line `forecast`. Raises DataError where they are no numbers."""
        settings = self.settings
        coming = self.network.run(settings.preparation()(window.rows)).reshape(settings.output_steps, -1)
        if not np.isfinite(coming).all():
            raise DataError(
                f"{window.series.source}: its latest values lead to a forecast beyond all numbers; see its sensor"
            )
        coming_s = window.times_s[-1] + settings.step_s * np.arange(1, settings.output_steps + 1)
        return {
            "source": window.series.source,
            "step_minutes": settings.step_minutes,
            "past": _stretch(window.series, window.times_s, settings.inputs, np.array(window.rows)),
            "coming": _stretch(window.series, coming_s, settings.targets, coming),
        }


def _stretch(series: Series, times_s: Any, columns: Sequence[str], values: Any) -> dict[str, Any]:
    told = values.astype(np.float64).round(_DIGITS).T.tolist()
    quantities = [
        {"column": column, "name": name_of(column), "unit": unit_of(column), "values": own}
        for column, own in zip(columns, told)  # noqa: B905 (Python 3.9 knows no `strict`)
    ]
    return {"times": [series.moment(time_s).isoformat() for time_s in times_s], "quantities": quantities}


def say_table(kind: str, **values: Any) -> None:
    """Write what a line says for people."""
    if kind == "forecast":
        sys.stdout.write(table_text(values))
    elif kind == "reading":
        told = ", ".join(f"{name} {value:g}" for name, value in values["values"].items())
        sys.stdout.write(f"{_clock(values['time'])}  {told}\n")
    else:
        sys.stdout.write(f"{values['message']}\n")
    sys.stdout.flush()


def table_text(told: Mapping[str, Any]) -> str:
    """Return a forecast as a table, the measured values above those to come."""
    names = [(each["column"], f"{each['name']} {each['unit']}".strip()) for each in told["coming"]["quantities"]]
    widths = [max(8, len(heading)) for _, heading in names]
    rows = [("", "", [heading for _, heading in names])]
    for stretch, mark in ((told["past"], "measured"), (told["coming"], "forecast")):
        values = {each["column"]: each["values"] for each in stretch["quantities"]}
        for place, at in enumerate(stretch["times"]):
            figures = [f"{values[column][place]:.2f}" if column in values else "" for column, _ in names]
            rows.append((_clock(at), mark, figures))
    width = max(len(at) for at, _, _ in rows)
    text = [f"{told['source']}, {told['step_minutes']:g} min from row to row"]
    for at, mark, figures in rows:
        aligned = [f"{figure:>{size}}" for figure, size in zip(figures, widths)]  # noqa: B905
        text.append(f"{at:<{width}}  {mark:<8}  {'  '.join(aligned)}".rstrip())
    return "\n".join(text) + "\n"


def _clock(at: str) -> str:
    return at[:16].replace("T", " ") if at[17:19] == "00" else at[:19].replace("T", " ")


def main() -> None:
    """Forecast as the command line says."""
    parser = argparse.ArgumentParser("forecast")
    parser.add_argument("--release", type=Path, default=Path())
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--csv", type=Path)
    source.add_argument("--sqlite", type=Path)
    source.add_argument("--command")
    parser.add_argument("--table", default="")
    parser.add_argument("--time-column", default="")
    parser.add_argument("--column", action="append", default=[])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--any-age", action="store_true")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--state", type=Path)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    say = lines.say if options.json else say_table
    if options.state:
        lines.keep_state(options.state)
    settings = read_forecast_settings(options.release)
    forecaster = Forecaster(settings, open_network(options.release, settings))
    try:
        follow(forecaster, options, say) if options.follow else once(forecaster, options, say)
    except DataError as error:
        if options.json:
            raise
        sys.stderr.write(f"{error}\n")
        sys.exit(lines.FAILED)


def once(forecaster: Forecaster, options: argparse.Namespace, say: Say) -> None:
    """Forecast now. Raises DataError with a sentence when it cannot be done."""
    window = latest_window(_latest(forecaster.settings, options, say), forecaster.settings, any_age=options.any_age)
    told = forecaster.forecast(window)
    if options.keep:
        _keep(options.keep, told)
    say("forecast", **told)


def _keep(path: Path, told: Mapping[str, Any]) -> None:
    """Leave a forecast where other programs find it, whole at every moment."""
    unfinished = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise DataError(f"{path}: the forecast cannot be kept ({error.strerror}); free space on the device") from error


def follow(forecaster: Forecaster, options: argparse.Namespace, say: Say) -> None:
    """Forecast at every step, until the process is ended; a step that fails is told and left behind."""
    step_s = max(_LEAST_STEP_S, forecaster.settings.step_s)
    due_s = _first_due_s(options, step_s)
    if options.json:
        say("forecasting", pid=os.getpid())
    if due_s > time.time():
        at = datetime.fromtimestamp(due_s)
        say("waiting", message=f"the next reading is taken at {at:%H:%M:%S}, a step after the last that was kept")
    while True:
        time.sleep(max(0.0, due_s - time.time()))
        try:
            once(forecaster, options, say)
        except NotYetEnough as error:
            say("waiting", message=str(error))
        except DataError as error:
            say("warned", message=str(error))
        # After a pause of the whole device there is nothing to catch up on.
        due_s = max(due_s + step_s, time.time())


def _first_due_s(options: argparse.Namespace, step_s: float) -> float:
    """Return when to begin: a step after the last reading that is kept, so that the window goes on."""
    now_s = time.time()
    if not options.command:
        return now_s
    readings = Readings(options.data.expanduser())
    last_s = readings.last_s()
    readings.close()
    return now_s if last_s is None or not last_s < now_s < last_s + step_s else last_s + step_s


def _latest(settings: ForecastSettings, options: argparse.Namespace, say: Say) -> Series:
    given = _columns(options.column)
    if options.csv:
        return read_csv(options.csv.expanduser(), settings, given, options.time_column)
    if options.sqlite:
        return read_sqlite(options.sqlite.expanduser(), settings, given, options.table, options.time_column)
    return _sense(settings, options, given, say)


def _sense(settings: ForecastSettings, options: argparse.Namespace, given: Mapping[str, str], say: Say) -> Series:
    """Take a reading, keep it, and return those that are kept."""
    values = read_sensor(options.command)
    try:
        readings = Readings(options.data.expanduser())
        now_s = time.time()
        readings.add(now_s, values)
        readings.close()
    except (sqlite3.Error, OSError) as error:
        raise DataError(f"{options.data}: the reading cannot be kept ({error}); free space on the device") from error
    series = replace(read_sqlite(readings.path, settings, given), source="the sensor’s readings")
    say("reading", time=series.moment(now_s).isoformat(timespec="seconds"), values=values)
    return series


def _columns(given: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in given:
        wanted, mark, column = text.rpartition("=")
        if not mark or not wanted or not column:
            raise DataError(f"--column {text}: must look like INPUT=COLUMN")
        found[wanted] = column
    return found


if __name__ == "__main__":
    sys.exit(lines.run(main))
