"""How a CSV of measurements is written: encoding, separator, decimal mark, time format, which columns hold numbers.

Only the beginning and the end of a file are looked at, so that a file of any size is recognised at once. Standard
library alone: a device recognises its files by this same one.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.datasets.time_texts import EPOCH, format_in_words, formats_of, interval_s, length_s, reads
from core.errors import DataError

NOTHING = (
    "", "-", "--", "---", "?", "None", "none", "missing", "unavailable", "unknown", "NA", "N/A", "n/a", "#N/A", "#NA",
    "#N/A N/A", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
"""What stands in tables where nothing was measured, besides numbers such as -9999."""

_SAMPLE_BYTES = 1 << 17
_SEPARATORS = (",", ";", "\t", "|")
_TIME_NAMES = ("date", "time", "datum", "zeit", "stamp", "epoch", "data")
_TIME_SHOWN = 40
_NAMES_SHOWN = 8
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,(\d{1,2}|\d{4,})")
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}")
# Excel writes this line above the header.
_EXCEL_MARK = "sep="
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
    time_format: str
    """A format of `strptime`, ISO or EPOCH."""
    first_time: str
    """The first time, as it is written."""
    numeric: tuple[str, ...]
    """Columns that hold numbers and have a name, the time left out."""
    interval_s: int
    """Time from one row to the next, where beginning and end of the file agree on it; else 0."""


def recognise(path: Path, time_column: str = "") -> CsvForm:
    """Recognise how a file is written; `time_column` names the column of times where it is not to be found out.

    Raises DataError naming the file and what is wrong with it: missing, empty, binary, a single row, no header,
    no column of times or of numbers, times written in several ways.
    """
    head, tail = _read_ends(path)
    encoding = _encoding(path, head)
    lines = head.decode(encoding, "replace").splitlines()
    if len(head) == _SAMPLE_BYTES:
        lines.pop()
    header = _header_place(path, head, lines)
    separator = _separator(lines[header:])
    columns = tuple(name.strip() for name in cells_of([lines[header]], separator)[0])
    beginning = cells_of(lines[header + 1 :], separator)
    ending = cells_of(tail.decode(encoding, "replace").splitlines()[1:], separator)
    rows = [row for row in (*beginning, *ending) if len(row) == len(columns)]
    _check_shape(path, columns, rows, max(map(len, (*beginning, *ending)), default=0))
    decimal = "," if _has_decimal_commas(rows, separator) else "."
    time_column = _time_column(path, columns, rows, time_column)
    place = columns.index(time_column)
    numeric = tuple(
        name
        for index, name in enumerate(columns)
        if name and name != time_column and _is_numeric([row[index] for row in rows], decimal)
    )
    if not numeric:
        raise DataError(
            f"{path}: none of its columns holds numbers ({listed(columns)}); choose a file of measurements, "
            "with a point or a comma as the decimal mark"
        )
    first_time = next(row[place] for row in rows if row[place].strip())
    form = CsvForm(
        encoding, separator, decimal, header + 1, columns, time_column, formats_of(first_time)[0], first_time, numeric,
        interval_s=0,
    )  # fmt: skip
    stretches = [[row[place] for row in part if len(row) == len(columns)] for part in (beginning, ending)]
    time_format = _common_format(path, form, [text for texts in stretches for text in texts])
    return replace(form, time_format=time_format, interval_s=interval_s(stretches, time_format))


def _header_place(path: Path, head: bytes, lines: Sequence[str]) -> int:
    """Return the place of the line with the names of the columns. Raises DataError where there is none."""
    place = next((index for index, line in enumerate(lines) if _is_said(line)), None)
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
                if place < len(cells) and cells[place] == value:
                    return number
    return None


def _read_ends(path: Path) -> tuple[bytes, bytes]:
    """Return the beginning of a file, and its end where that is somewhere else."""
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a folder; choose a CSV file in it")
        # A pipe would be waited for, and a device never ends.
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is no ordinary file; choose a CSV file")
        with path.open("rb") as file:
            head = file.read(_SAMPLE_BYTES)
            size = file.seek(0, 2)
            file.seek(max(len(head), size - _SAMPLE_BYTES // 2))
            tail = file.read()
    except OSError as error:
        remedy = "mend its permissions" if isinstance(error, PermissionError) else "check the path"
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


def _is_said(line: str) -> bool:
    """Tell whether a line can be the header: it is not blank, no comment, and no word to Excel about separators."""
    return bool(line.strip()) and not line.startswith("#") and not line.lower().lstrip('"').startswith(_EXCEL_MARK)


def _separator(lines: Sequence[str]) -> str:
    """Return the separator that cuts the header into most columns, and the first rows into as many."""

    def agreeing(separator: str) -> tuple[int, int]:
        widths = [len(row) for row in cells_of(lines[:20], separator)]
        return sum(width == widths[0] for width in widths) if widths[0] > 1 else 0, widths[0]

    return max(_SEPARATORS, key=agreeing)


def cells_of(lines: Iterable[str], separator: str) -> list[list[str]]:
    """Return the cells of each line that has any."""
    rows = csv.reader((line for line in lines if line.strip()), delimiter=separator, skipinitialspace=True)
    return list(rows)


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
    if all(_is_number(name, ".") or formats_of(name) for name in columns if name):
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


def _time_column(path: Path, columns: Sequence[str], rows: Sequence[Sequence[str]], wanted: str) -> str:
    def first_value(name: str) -> str:
        place = columns.index(name)
        return next((row[place] for row in rows if row[place].strip()), "")

    if wanted and wanted not in columns:
        raise DataError(f"{path}: has no column {wanted!r} for the time; its columns are {listed(columns)}")
    named = list(filter(is_named_as_time, columns))
    for name in [wanted] if wanted else [*named, *columns]:
        formats = formats_of(first_value(name))
        # Elsewhere a large number is a measurement.
        if formats and (formats != [EPOCH] or name in (*named, wanted)):
            clock = next((other for other in named if _TIME_OF_DAY.match(first_value(other))), "")
            if clock and not wanted and ":" not in first_value(name):
                raise DataError(
                    f"{path}: column {name!r} holds days and column {clock!r} times of day; write both in one column, "
                    "such as 2024-05-31 14:10"
                )
            return name
    seen = f"there are {listed(columns)}"
    if wanted or named:
        likely = wanted or named[0]
        seen = f"{likely!r} begins with {first_value(likely)[:_TIME_SHOWN]!r}"
    raise DataError(
        f"{path}: has no column of times that can be read ({seen}); write times such as 2024-05-31 14:10, "
        "31.05.2024 14:10:00 or 2024/5/31 14:10"
    )


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


def is_named_as_time(column: str) -> bool:
    """Tell whether the name of a column promises times."""
    return any(hint in column.lower() for hint in _TIME_NAMES)


def _has_decimal_commas(rows: Sequence[Sequence[str]], separator: str) -> bool:
    cells = [cell.strip() for row in rows[:20] for cell in row if "," in cell]
    if separator == ",":
        # In quotes: 1,013 is a thousand there as often as it is one.
        return any(map(_DECIMAL_COMMA.fullmatch, cells))
    return any(_is_number(cell, ",") for cell in cells)


def _is_numeric(cells: Sequence[str], decimal: str) -> bool:
    """Tell whether a column holds numbers; words among them are found when the file is read."""
    filled = [cell for cell in cells if cell.strip() not in NOTHING]
    return bool(filled) and sum(_is_number(cell, decimal) for cell in filled) > len(filled) / 2


def _is_number(text: str, decimal: str) -> bool:
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True
