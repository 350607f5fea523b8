"""A sensor that a command reads, as the examples for DHT11 and DHT22 do, and its readings in SQLite.

The command writes one reading: `Temp=21.3*  Humidity=45.2%`, a JSON object of numbers, or two numbers, of which the
first is the temperature.
"""

from __future__ import annotations

import json
import math
import re
import sqlite3
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from core.datasets.column_names import quantity_of
from core.errors import DataError

FILE_NAME = "readings.sqlite"

_COMMAND_S = 20.0
_ATTEMPTS = 3
_PAUSE_S = 2.0
"""A DHT22 needs so long between two readings, and every few of them fail."""
_MOST_READINGS = 525_600
_NAMED = re.compile(r"([A-Za-z][\w .]*?)\s*[=:]\s*(-?\d+(?:[.,]\d+)?)\s*(°?[CF]\b)?")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_BEYOND = 1e12
_LIMITS = {"temperature": (-80.0, 125.0), "humidity": (0.0, 100.0)}


def parse_reading(text: str) -> dict[str, float]:
    """Return the numbers in what a command wrote, by name. Raises DataError when it is no reading."""
    values = _from_json(text) or _from_words(text)
    if not values:
        shown = " ".join(text.split())[:120] or "nothing"
        raise DataError(
            "the sensor's command must write a reading such as “Temp=21.3*  Humidity=45.2%”, a JSON object or two "
            f"numbers, it wrote: {shown}"
        )
    for name, value in values.items():
        low, high = _LIMITS.get(name, (-math.inf, math.inf))
        if not (low <= value <= high and abs(value) < _BEYOND):
            raise DataError(f"the sensor's command tells a {name} of {value:g}, which cannot be; see its wiring")
    return values


def _from_json(text: str) -> dict[str, float]:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if isinstance(told, list) and len(told) == len(_LIMITS):
        told = dict(zip(_LIMITS, told))  # noqa: B905 (Python 3.9 knows no `strict`)
    if not isinstance(told, dict):
        return {}
    found = {}
    for name, value in told.items():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < _BEYOND:
            found[quantity_of(name) or str(name)] = float(value)
    return found


def _from_words(text: str) -> dict[str, float]:
    named = _NAMED.findall(text)
    if any(unit.endswith("F") for _, _, unit in named):
        raise DataError("the sensor's command tells °F; let it tell °C, as the model was trained on")
    if named:
        return {quantity_of(name.strip()) or name.strip(): _number(value) for name, value, _ in named}
    words = text.split()
    if len(words) == len(_LIMITS) and all(_NUMBER.match(word) for word in words):
        return dict(zip(_LIMITS, (_number(_NUMBER.findall(word)[0]) for word in words)))  # noqa: B905
    return {}


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def read_sensor(command: str) -> dict[str, float]:
    """Run a command by the shell until it gives a reading, three times at most. Raises DataError with the cause."""
    for attempt in range(_ATTEMPTS):
        try:
            return parse_reading(_run(command))
        except DataError as error:
            if attempt == _ATTEMPTS - 1:
                raise DataError(f"{command}: {error}") from error
            time.sleep(_PAUSE_S)
    raise AssertionError


def _run(command: str) -> str:
    try:
        asked = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=Path.home(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_S,
        )
    except subprocess.TimeoutExpired:
        raise DataError(f"the sensor's command took longer than {_COMMAND_S:.0f} s") from None
    said = asked.stdout.decode("utf-8", "replace")
    if asked.returncode:
        why = (asked.stderr.decode("utf-8", "replace").strip() or said.strip()).splitlines()
        raise DataError(f"the sensor's command ended with status {asked.returncode}: {(why or ['nothing said'])[-1]}")
    return said


class Readings:
    """Readings of a sensor, one column for each name, in a file of their own. Raises sqlite3.Error."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / FILE_NAME
        self._file = sqlite3.connect(self.path, timeout=5, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        self._file.execute("CREATE TABLE IF NOT EXISTS readings (time_s REAL PRIMARY KEY)")

    def add(self, time_s: float, values: Mapping[str, float]) -> None:
        """Keep a reading, and forget those beyond a year of one each minute."""
        there = {row[1] for row in self._file.execute("PRAGMA table_info(readings)")}
        for name in values:
            if name not in there:
                self._file.execute(f"ALTER TABLE readings ADD COLUMN {_quoted(name)} REAL")
        names = ", ".join(["time_s", *map(_quoted, values)])
        marks = ", ".join("?" * (len(values) + 1))
        self._file.execute(f"INSERT OR REPLACE INTO readings ({names}) VALUES ({marks})", (time_s, *values.values()))
        self._file.execute(
            "DELETE FROM readings WHERE time_s < (SELECT time_s FROM readings ORDER BY time_s DESC LIMIT 1 OFFSET ?)",
            (_MOST_READINGS,),
        )

    def last_s(self) -> float | None:
        """Return the time of the newest reading; None where there is none."""
        newest = self._file.execute("SELECT max(time_s) FROM readings").fetchone()[0]
        return None if newest is None else float(newest)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
