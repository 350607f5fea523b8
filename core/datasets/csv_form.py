"""How a CSV of measurements is written: encoding, separator, decimal mark, time format, which columns hold numbers.

Only the beginning and the end of a file are looked at, so that a file of any size is recognised at once. Standard
library alone: a device recognises its files by this same one.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.datasets.long_form import LongForm, Shape, recognise_long, series_name, station_column
from core.datasets.table_cells import cells_of, is_number, is_numeric, separator_of
from core.datasets.table_header import TIME_OF_DAY, header_place, is_named_as_time
from core.datasets.time_texts import COUNTS, format_in_words, formats_of, interval_s, length_s, reads
from core.errors import DataError

_SAMPLE_BYTES = 1 << 17
_TIME_SHOWN = 40
_NAMES_SHOWN = 8
MIDNIGHT = re.compile(r"[T ]0{1,2}:00(:00)?$")
"""What programs for tables write after days that stand alone."""
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})")
# What a text never holds: the control characters without tab, line feed, form feed and carriage return.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\f\r")
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class CsvForm:
    """The form of one file. `header_lines` come before the first row; `columns` are all of them, in order."""

    encoding: str
    separator: str
    decimal: str
    header_lines: int
    columns: tuple[str, ...]
    time_column: str
    clock_column: str
    """Column of the times of day where the one of times holds days alone; empty where it holds both."""
    time_format: str
    """A format of `strptime`, ISO, ISO_ZONED or one of COUNTS, of both columns with a space between."""
    first_time: str
    """The first time, as it is written; that of two columns with a space between."""
    numeric: tuple[str, ...]
    """Columns that hold numbers and have a name, the time left out; of a long table series of the file's two ends."""
    interval_s: int
    """Time from one row to the next, where beginning and end of the file agree on it; else 0."""
    long: LongForm | None = None
    """How series are named where the table is long; None where each has a column."""
    station_column: str = ""
    """Of a wide table: column that seems to say of which of several stations a row is; their rows are mixed then."""

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The columns that say the time of a row."""
        return (self.time_column, self.clock_column) if self.clock_column else (self.time_column,)

    def time_text(self, cells: Sequence[str]) -> str:
        """Return the time of a row as it is written; nothing where a part of it is missing."""
        parts = [cells[self.columns.index(name)].strip() for name in self.time_columns]
        if len(parts) == 1:
            return cells[self.columns.index(self.time_column)]
        return f"{MIDNIGHT.sub('', parts[0])} {parts[1]}" if all(parts) else ""


def recognise(path: Path, time_column: str = "", shape: Shape = Shape()) -> CsvForm:  # noqa: B008
    """Recognise how a file is written; `time_column` and `shape` say what is not to be found out.

    Raises DataError naming the file and what is wrong with it: missing, empty, binary, a single row, no header,
    no column of times or of numbers, times written in several ways.
    """
    head, tail = _read_ends(path)
    encoding = _encoding(path, head)
    lines = head.decode(encoding, "replace").splitlines()
    if len(head) == _SAMPLE_BYTES:
        lines.pop()
    header = _header_place(path, head, lines)
    separator = separator_of(lines[header:])
    columns = tuple(name.strip() for name in cells_of([lines[header]], separator)[0])
    beginning = cells_of(_first_table(lines[header + 1 :], columns), separator)
    is_alone = len(beginning) == sum(bool(line.strip()) for line in lines[header + 1 :])
    last_lines = tail.decode(encoding, "replace").splitlines()[1:] if is_alone else []
    ending = cells_of(_first_table(last_lines, columns), separator)
    rows = [row for row in (*beginning, *ending) if len(row) == len(columns)]
    _check_shape(path, columns, rows, max(map(len, (*beginning, *ending)), default=0))
    decimal = "," if _has_decimal_commas(rows, separator) else "."
    time_column, clock_column = _time_columns(path, columns, rows, time_column)
    numeric = tuple(
        name
        for index, name in enumerate(columns)
        if name and name not in (time_column, clock_column) and is_numeric([row[index] for row in rows], decimal)
    )
    form = CsvForm(
        encoding, separator, decimal, header + 1, columns, time_column, clock_column, "", "", numeric, interval_s=0
    )
    form = _with_series(path, form, rows, shape)
    if not form.numeric:
        raise DataError(
            f"{path}: none of its columns holds numbers ({listed(columns)}); choose a file of measurements, "
            "with a point or a comma as the decimal mark"
        )
    first_time = next(filter(str.strip, map(form.time_text, rows)))
    form = replace(form, first_time=first_time, time_format=formats_of(first_time)[0])
    stretches = [[form.time_text(row) for row in part if len(row) == len(columns)] for part in (beginning, ending)]
    time_format = _common_format(path, form, [text for texts in stretches for text in texts])
    return replace(form, time_format=time_format, interval_s=0 if form.long else interval_s(stretches, time_format))


def is_other_table(line: str) -> bool:
    """Tell whether a line of InfluxDB's annotated CSV is an annotation, or the header of a table."""
    return line.startswith("#") or line.lstrip(",").startswith("result,table,")


def _first_table(lines: Sequence[str], columns: Sequence[str]) -> Sequence[str]:
    """Return the rows of a table; in an export of InfluxDB another with other columns may follow it."""
    if "_time" not in columns:
        return lines
    return lines[: next((place for place, line in enumerate(lines) if is_other_table(line)), len(lines))]


def _with_series(path: Path, form: CsvForm, rows: Sequence[Sequence[str]], shape: Shape) -> CsvForm:
    """Return a form with the series of a long table as its columns of numbers, where it is long."""
    try:
        long = recognise_long(form.columns, rows, form.numeric, form.time_columns, shape)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if long is None:
        is_said = shape.kind == "wide"
        stations = "" if is_said else station_column(form.columns, rows, form.numeric, form.time_columns)
        return replace(form, station_column=stations)
    places = [form.columns.index(name) for name in long.series_columns]
    value = form.columns.index(long.value_column)
    unit = form.columns.index(long.unit_column) if long.unit_column else None
    named = dict.fromkeys(
        series_name([row[place] for place in places], "" if unit is None else row[unit])
        for row in rows
        if is_number(row[value], form.decimal)
    )
    return replace(form, numeric=tuple(named), long=long)


def _header_place(path: Path, head: bytes, lines: Sequence[str]) -> int:
    """Return the place of the line with the names of the columns. Raises DataError where there is none."""
    place = header_place(lines)
    if place is None and len(head) == _SAMPLE_BYTES and head.strip():
        raise DataError(
            f"{path}: its first {_SAMPLE_BYTES:,} bytes have no end of a line, so it is no CSV file; export it with a "
            "line for each row"
        )
    if place is None:
        raise DataError(f"{path}: is empty; choose a CSV file with a row of column names and rows of measurements")
    return place


def listed(names: Sequence[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_NAMES_SHOWN])} and {more:,} more"


def line_of(path: Path, form: CsvForm, column: str, value: str) -> int | None:
    """Return the line, from 1, on which a column holds a text; read through from the beginning, so for errors only."""
    place = form.columns.index(column)
    with path.open(encoding=form.encoding, errors="replace", newline="") as file:
        for number, line in enumerate(file, 1):
            if number > form.header_lines and value in line:
                (cells,) = cells_of([line], form.separator)
                if place < len(cells) and cells[place].strip() == value.strip():
                    return number
    return None


def _read_ends(path: Path) -> tuple[bytes, bytes]:
    """Return the beginning of a file, and its end where that is somewhere else."""
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a folder; choose a CSV file in it")
        # A pipe would be waited for, and a device never ends.
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is not an ordinary file; choose a CSV file")
        with path.open("rb") as file:
            head = file.read(_SAMPLE_BYTES)
            size = file.seek(0, 2)
            file.seek(max(len(head), size - _SAMPLE_BYTES // 2))
            tail = file.read()
    except OSError as error:
        remedy = "correct its permissions" if isinstance(error, PermissionError) else "check the path"
        raise DataError(f"{path}: cannot be read ({error.strerror}); {remedy}") from error
    return head, tail


def _encoding(path: Path, head: bytes) -> str:
    """Return UTF-8 unless a mark at the beginning or a byte says otherwise; Jena's older files are Latin-1."""
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    if any(code in _CONTROLS for code in head):
        raise DataError(f"{path}: is a binary file, not text; unpack it or save the table as CSV, and choose that file")
    try:
        # A character of several bytes may be cut at the end.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _check_shape(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]], widest: int) -> None:
    if len(columns) < 2:
        raise DataError(
            f"{path}: its first line has one column ({columns[0][:40]!r}); a file with columns separated by comma, "
            "semicolon or tab is needed, one of them with the time"
        )
    repeated = {name for name in columns if columns.count(name) > 1}
    if "" in repeated:
        raise DataError(
            f"{path}: {columns.count('')} columns have no name in its first line "
            f"({listed([name for name in columns if name])}); give each a name, and remove lines above those names"
        )
    if repeated:
        raise DataError(f"{path}: two columns are called {min(repeated)!r}; give each a name of its own")
    if all(is_number(name, ".") or formats_of(name) for name in columns if name):
        raise DataError(f"{path}: its first line holds values, not the names of the columns; write the names above it")
    if len(rows) < 2 and widest > len(columns):
        raise DataError(
            f"{path}: its rows have {widest} cells, its header {len(columns)}; where numbers have decimal commas, "
            "separate the columns by semicolons, else give every column a name"
        )
    if not rows and widest:
        raise DataError(
            f"{path}: its header has {len(columns)} columns, its rows {widest} at most; see that all of them are "
            "separated by the same sign and that the first line holds the names"
        )
    if len(rows) < 2:
        raise DataError(
            f"{path}: has {len(rows)} row{'s' * (len(rows) != 1)} of {len(columns)} columns; "
            "a forecast needs a series, so choose a file with rows over time"
        )


def _time_columns(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]], wanted: str) -> tuple[str, str]:
    """Return the column of times, and that of the times of day where the first holds days alone."""

    def first_value(name: str) -> str:
        place = columns.index(name)
        return next((row[place] for row in rows if row[place].strip()), "")

    if wanted and wanted not in columns:
        raise DataError(f"{path}: has no column {wanted!r} for the time; its columns are {listed(columns)}")
    named = list(filter(is_named_as_time, columns))
    for name in [wanted] if wanted else [*named, *columns]:
        formats = formats_of(first_value(name))
        # Elsewhere a large number is a measurement.
        if formats and (formats[0] not in COUNTS or name in (*named, wanted)):
            return name, _clock_column(columns, rows, name)
    seen = f"there are {listed(columns)}"
    if wanted or named:
        likely = wanted or named[0]
        seen = f"{likely!r} begins with {first_value(likely)[:_TIME_SHOWN]!r}"
    raise DataError(
        f"{path}: has no column of times that can be read ({seen}); write times such as 2024-05-31 14:10, "
        "31.05.2024 14:10:00 or 2024/5/31 14:10"
    )


def _clock_column(columns: Sequence[str], rows: Sequence[Sequence[str]], days: str) -> str:
    """Return the column with the time of day of each row, where one of days says the same of several rows."""

    def cells(name: str) -> list[str]:
        place = columns.index(name)
        return [row[place].strip() for row in rows if row[place].strip()]

    dates = [MIDNIGHT.sub("", date) for date in cells(days)]
    # A row for each day may well have a column of times: that of its sunrise.
    if any(":" in date for date in dates) or len(set(dates)) > len(dates) / 2:
        return ""
    others = [name for name in columns if name != days and name]
    likely = sorted(others, key=lambda name: not is_named_as_time(name))
    found = (name for name in likely if cells(name) and TIME_OF_DAY.fullmatch(cells(name)[0]))
    return next((name for name in found if formats_of(f"{dates[0]} {cells(name)[0]}")), "")


def _common_format(path: Path, form: CsvForm, texts: Sequence[str]) -> str:
    """Return the format that all times of the sample are written in. Raises DataError where there is none."""
    left = formats_of(form.first_time)
    for text in filter(str.strip, texts):
        still = [time_format for time_format in left if reads(text, time_format)]
        if not still:
            raise mixed_times(path, form, text)
        left = still
    # 03/04/2024 may be of March or of April: of the right order the rows follow one another closely.
    return left[0] if len(left) == 1 else min(left, key=lambda time_format: length_s(texts, time_format))


def mixed_times(path: Path, form: CsvForm, other: str) -> DataError:
    """Return the error of a file whose times are not all written alike."""
    line = line_of(path, form, form.time_column, other)
    where = f" in line {line:,}" if line else ""
    if "\0" in other:
        return DataError(f"{path}: holds bytes of zero{where}, as files do whose writer lost its power; remove them")
    other = other if len(other) <= _TIME_SHOWN else f"{other[:_TIME_SHOWN]}…"
    return DataError(
        f"{path}: the times in column {form.time_column!r} are written in several ways: first {form.first_time!r} "
        f"({format_in_words(form.time_format)}), but {other!r}{where}; write all of them alike"
    )


def _has_decimal_commas(rows: Sequence[Sequence[str]], separator: str) -> bool:
    cells = [cell.strip() for row in rows[:20] for cell in row if "," in cell]
    if separator == ",":
        # In quotes: 1,013 is a thousand there as often as it is one.
        return any(map(_DECIMAL_COMMA.fullmatch, cells))
    return any(is_number(cell, ",") for cell in cells)
