"""The latest rows of a table that something on the device writes: a CSV file or one in SQLite."""

from __future__ import annotations

import math
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.datasets.column_names import column_for, name_of
from core.datasets.csv_form import CsvForm, listed, recognise
from core.datasets.long_form import Shape
from core.datasets.table_cells import cells_of
from core.datasets.table_header import is_named_as_time
from core.datasets.time_texts import EPOCH, counts_a_second, formats_of, is_zoned, seconds_of
from core.deploy.device.forecast_settings import ForecastSettings
from core.deploy.device.window import Series, make_series
from core.errors import DataError

MISSING = -9999.0
"""What stands in tables of weather stations where an instrument failed."""

_FIRST_BYTES = 1 << 18

Row = tuple[float, list[float]]


def pick_columns(
    source: str, there: Sequence[str], settings: ForecastSettings, given: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the column of a table for each input of a model: as given, of the same name, or of the same quantity.

    Raises DataError naming the one that has none.
    """
    return tuple(_pick(source, there, wanted, given) for wanted in settings.inputs)


def _pick(source: str, there: Sequence[str], wanted: str, given: Mapping[str, str]) -> str:
    told = given.get(wanted) or given.get(name_of(wanted))
    if told and told not in there:
        raise DataError(f"{source}: has no column {told!r} for {wanted}; choose among {listed(there)}")
    found = told or column_for(wanted, there)
    if not found:
        raise DataError(
            f"{source}: none of its columns ({listed(there)}) is called {wanted} as the model's input is; name it "
            f"(--column {name_of(wanted)!r}=COLUMN)"
        )
    return found


def read_csv(
    path: Path,
    settings: ForecastSettings,
    given: Mapping[str, str],
    time_column: str = "",
    shape: Shape = Shape(),  # noqa: B008
) -> Series:
    """Read as much of a CSV file's end as a window needs; a file that begins with the newest row, of its beginning.

    Raises DataError naming the file and what is wrong with it.
    """
    form = recognise(path, time_column, shape)
    if form.long:
        raise DataError(
            f"{path}: holds the values of several series in column {form.long.value_column!r}; here forecasts are made "
            "from tables with a column for each quantity, so have them written so"
        )
    columns = pick_columns(str(path), form.numeric, settings, given)
    places = [form.columns.index(name) for name in columns]
    size = path.stat().st_size
    num_bytes = size if form.encoding == "utf-16" else _FIRST_BYTES
    from_end = True
    while True:
        rows = list(_csv_rows(form, _block(path, form, num_bytes, settings, from_end=from_end), places))
        if not rows:
            raise DataError(f"{path}: none of its last rows can be read; see what writes it")
        times_s = [time_s for time_s, _ in rows]
        if from_end and num_bytes < size and seconds_of(form.first_time, form.time_format) > max(times_s):
            from_end = False
            continue
        if num_bytes >= size or max(times_s) - min(times_s) > settings.reach_s:
            return make_series(str(path), rows, is_local=not is_zoned(form.time_format))
        num_bytes *= 4


def _block(path: Path, form: CsvForm, num_bytes: int, settings: ForecastSettings, *, from_end: bool) -> list[str]:
    """Return whole lines of a file's end, or beginning, without its header."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - num_bytes) if from_end else 0
        file.seek(start)
        content = file.read(num_bytes)
        age_s = time.time() - os.fstat(file.fileno()).st_mtime
    lines = content.decode(form.encoding, "replace").splitlines(keepends=True)
    is_ended = lines[-1].endswith(("\n", "\r"))
    # Who writes through a buffer leaves half a line for a while, and half a number reads like a whole one.
    if not is_ended and (age_s < settings.step_s or not from_end):
        lines.pop()
    return lines[1:] if start else lines[form.header_lines :]


def _csv_rows(form: CsvForm, lines: Sequence[str], places: Sequence[int]) -> Iterator[Row]:
    for line in lines:
        # Line by line, for a quotation mark that is never closed must not hide the rows after it.
        for cells in cells_of([line], form.separator):
            if len(cells) != len(form.columns):
                continue
            try:
                time_s = seconds_of(form.time_text(cells), form.time_format)
            except ValueError:
                continue
            yield time_s, [_number(cells[place].replace(form.decimal, ".")) for place in places]


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return math.nan if number == MISSING or not math.isfinite(number) else number


def read_sqlite(
    path: Path, settings: ForecastSettings, given: Mapping[str, str], table: str = "", time_column: str = ""
) -> Series:
    """Read the latest rows of a table with a column of times: numbers since 1970, or texts as a CSV has them.

    Without a name it is the first table that has the columns. Raises DataError naming file and table.
    """
    if not path.is_file():
        what = "is a folder; name" if path.is_dir() else "is not there; name"
        raise DataError(f"{path}: {what} a file of SQLite")
    try:
        file = sqlite3.connect(f"file:{quote(str(path.absolute()))}?mode=ro", uri=True, timeout=5)
        try:
            return _read_table(file, path, settings, given, table, time_column)
        finally:
            file.close()
    except sqlite3.Error as error:
        raise DataError(
            f"{path}: cannot be read as SQLite ({error}); name another file, or see that it is whole"
        ) from error


def _read_table(
    file: sqlite3.Connection,
    path: Path,
    settings: ForecastSettings,
    given: Mapping[str, str],
    table: str,
    time_column: str,
) -> Series:
    there = [name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
    if not there or (table and table not in there):
        lacking = f"has no table {table!r}; it has {listed(there)}" if there else "has no table yet"
        raise DataError(f"{path}: {lacking}")
    trouble = None
    for name in [table] if table else there:
        columns = [row[1] for row in file.execute(f"PRAGMA table_info({_quoted(name)})")]
        source = f"{path}, table {name}"
        try:
            clock = _time_column(source, columns, time_column)
            picked = pick_columns(source, [each for each in columns if each != clock], settings, given)
        except DataError as error:
            trouble = trouble or error
            continue
        return _read_rows(file, source, name, clock, picked, settings)
    assert trouble is not None
    raise trouble


def _read_rows(
    file: sqlite3.Connection, source: str, table: str, clock: str, picked: Sequence[str], settings: ForecastSettings
) -> Series:
    wanted = ", ".join(map(_quoted, (clock, *picked)))
    newest = file.execute(f"SELECT max({_quoted(clock)}) FROM {_quoted(table)}").fetchone()[0]
    if newest is None:
        raise DataError(f"{source}: has no row yet; see that what writes it runs")
    time_format = next(iter(formats_of(newest)), "") if isinstance(newest, str) else EPOCH
    if not time_format:
        raise DataError(f"{source}: column {clock!r} holds {newest!r}, which cannot be read as a time")
    rows: list[Row] = []
    query = f"SELECT {wanted} FROM {_quoted(table)} {_latest(clock, newest, time_format, settings)}"
    for stamp, *values in file.execute(query):
        try:
            time_s = _stamp_s(stamp, time_format)
        except (TypeError, ValueError):
            continue
        rows.append((time_s, [_number(value) for value in values]))
        if rows[0][0] - time_s > settings.reach_s:
            break
    return make_series(source, rows, is_local=not is_zoned(time_format))


def _latest(clock: str, newest: Any, time_format: str, settings: ForecastSettings) -> str:
    """Return how a query finds the latest rows first, without sorting a month of them where that can be."""
    if not isinstance(newest, str):
        reach = settings.reach_s * counts_a_second(newest)
        return f"WHERE {_quoted(clock)} >= {newest - reach!r} ORDER BY {_quoted(clock)} DESC"
    # Days before months are in no order that SQLite knows; who logs adds rows at the end.
    return "ORDER BY rowid DESC" if "%" in time_format else f"ORDER BY {_quoted(clock)} DESC"


def _stamp_s(stamp: Any, time_format: str) -> float:
    if isinstance(stamp, str):
        return seconds_of(stamp, time_format)
    return float(stamp / counts_a_second(stamp))


def _time_column(source: str, columns: Sequence[str], given: str) -> str:
    if given and given not in columns:
        raise DataError(f"{source}: has no column {given!r} for the time; its columns are {listed(columns)}")
    found = given or next(filter(is_named_as_time, columns), "")
    if not found:
        raise DataError(
            f"{source}: none of its columns ({listed(columns)}) is called time or date; name it (--time-column)"
        )
    return found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
