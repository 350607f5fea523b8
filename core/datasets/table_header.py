"""Where the names of a table's columns stand: in its first line, or below lines about the file as Open-Meteo has them.

Standard library alone: a device reads its tables by this same module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.datasets.table_cells import NOTHING, cells_of, is_number, separator_of
from core.datasets.time_texts import COUNTS, formats_of

TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:\d{2})?(\s?[AaPp][Mm])?")
# The hints that the name of a column promises times.
_TIME_NAMES = ("date", "time", "datum", "zeit", "stamp", "epoch", "data")
# Excel writes this line above the header.
_EXCEL_MARK = "sep="
_MOST_PREFACE_LINES = 60


def header_place(lines: Sequence[str]) -> int | None:
    """Return the place of the line that names the columns; None where every line is blank or a comment.

    It is the first that is followed by a row with a time. Where none is, it is the first that says anything: what is
    wrong with the rows is found out from there.
    """
    said = [place for place, line in enumerate(lines) if _is_said(line)]
    for place, row in zip(said[:_MOST_PREFACE_LINES], said[1:]):  # noqa: B905, RUF007 (Python 3.9)
        if _is_header(lines, place, row):
            return place
    return said[0] if said else None


def is_named_as_time(column: str) -> bool:
    """Tell whether the name of a column promises times."""
    return any(hint in column.lower() for hint in _TIME_NAMES)


def _is_said(line: str) -> bool:
    """Tell whether a line can be the header: it is not blank, no comment, and no word to Excel about separators."""
    return bool(line.strip()) and not line.startswith("#") and not line.lower().lstrip('"').startswith(_EXCEL_MARK)


def _is_header(lines: Sequence[str], place: int, row: int) -> bool:
    separator = separator_of([lines[place], *lines[row : row + 20]])
    names, values = (cells_of([lines[at]], separator)[0] for at in (place, row))
    if len(names) != len(values) or any(map(_is_value, names)) or sum(not name.strip() for name in names) > 1:
        return False
    # A row of units has none above the times.
    return any(name.strip() and _is_time(name, cell) for name, cell in zip(names, values))  # noqa: B905


def _is_value(cell: str) -> bool:
    cell = cell.strip()
    return (
        (bool(cell) and cell in NOTHING)
        or is_number(cell, ".")
        or is_number(cell, ",")
        or bool(TIME_OF_DAY.fullmatch(cell))
        or bool(formats_of(cell))
    )


def _is_time(name: str, cell: str) -> bool:
    formats = formats_of(cell)
    # Elsewhere a large number is a measurement, or that of a device.
    return bool(formats) and (formats[0] not in COUNTS or is_named_as_time(name))
