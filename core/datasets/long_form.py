"""Long tables: one column holds the values of several series, and others say which series each value is of.

Histories of Home Assistant are written so, exports of InfluxDB, and many logs of sensors. Standard library alone: a
device recognises them by this same module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.datasets.table_cells import is_number
from core.errors import DataError

MOST_SERIES = 1000

_SERIES_NAMES = re.compile(
    r"^name$|(^|[ _.-])(entity|sensor|device|station|node|parameter|variable|quantity|metric|topic|field|series|"
    r"channel|tag|location|room|site|point|measurement|measure|item|key|attribute|feed|property|sensorname|messstelle|"
    r"messgröße|gerät)s?([ _.-]?(id|name|type|key|no))?$",
    re.IGNORECASE,
)
_UNIT_NAMES = re.compile(r"^(unit|units|einheit|uom|unit[ _]of[ _]measurement)$", re.IGNORECASE)
_COUNTER_NAMES = re.compile(r"^(id|index|no|nr|row|entry_id|)$", re.IGNORECASE)
_INFLUX = ("_time", "_value", "_field")
_INFLUX_FRAME = ("", "result", "table", "_start", "_stop", "_time", "_value")
_HOME_ASSISTANT = ("entity_id", "state")
_ROWS_A_SERIES = 3

Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Shape:
    """What is said of the shape of a table; what is left empty is found out."""

    kind: str = "automatic"
    """automatic, wide or long."""
    series_columns: tuple[str, ...] = ()
    value_column: str = ""


@dataclass(frozen=True)
class LongForm:
    """Which columns say what in a long table."""

    series_columns: tuple[str, ...]
    """Whose texts together name a series."""
    value_column: str
    unit_column: str = ""
    """Empty where no column says units."""
    is_held: bool = False
    """Whether rows are of changes, so that a value stays until the next row of its series."""
    is_influx: bool = False
    """Whether several tables, each with a header of its own, may follow one another in the file."""


def recognise_long(
    columns: Sequence[str], rows: Rows, numeric: Sequence[str], times: Sequence[str], shape: Shape
) -> LongForm | None:
    """Return how a table is long, None where it is wide; `times` are its columns of times, `numeric` of numbers.

    Raises DataError, without the file's name, where a column is not there or is to be named.
    """
    if shape.kind == "wide":
        return None
    for name in (*shape.series_columns, *filter(None, [shape.value_column])):
        if name not in columns:
            raise DataError(f"has no column {name!r} for its series; its columns are {', '.join(columns)}")
    found = _known(columns) or _generic(columns, rows, numeric, times, shape)
    if found is None and (shape.kind == "long" or shape.series_columns or shape.value_column):
        raise DataError(
            "is to be read as a long table, but its columns do not show how; name those that name the series "
            "(dataset.series_columns) and the one of the values (dataset.value_column)"
        )
    if found is None:
        return None
    return LongForm(
        shape.series_columns or found.series_columns,
        shape.value_column or found.value_column,
        found.unit_column,
        found.is_held,
        found.is_influx,
    )


def _known(columns: Sequence[str]) -> LongForm | None:
    unit = next(filter(_UNIT_NAMES.match, columns), "")
    if set(_HOME_ASSISTANT) <= set(columns):
        return LongForm(("entity_id",), "state", unit, is_held=True)
    if set(_INFLUX) <= set(columns):
        series = tuple(name for name in columns if name not in (*_INFLUX_FRAME, unit))
        return LongForm(series, "_value", unit, is_influx=True)
    return None


def _generic(
    columns: Sequence[str], rows: Rows, numeric: Sequence[str], times: Sequence[str], shape: Shape
) -> LongForm | None:
    """Recognise a table of a time, names and one value by the names of its columns, or by times that repeat."""
    unit = next((name for name in columns if _UNIT_NAMES.match(name) and name not in numeric), "")
    others = [name for name in columns if name not in times and name != unit and not _COUNTER_NAMES.match(name)]
    keys = [name for name in others if _is_key(_column(columns, rows, name), name, numeric)]
    named = [name for name in keys if _SERIES_NAMES.search(name)]
    chosen = shape.series_columns or tuple(named or [name for name in keys if name not in numeric])
    values = [name for name in others if name in numeric and name not in chosen]
    value = shape.value_column or (values[0] if len(values) == 1 else "")
    if not chosen or not value or value in chosen:
        return None
    is_said = bool(shape.series_columns) or shape.kind == "long"
    is_plain = bool(named)
    if not (is_said or is_plain or _repeat_times(columns, rows, times, chosen)):
        return None
    return LongForm(chosen, value, unit)


def station_column(columns: Sequence[str], rows: Rows, numeric: Sequence[str], times: Sequence[str]) -> str:
    """Return the column that names the station, or sensor, of each row of a table with several columns of numbers."""
    texts = [name for name in columns if name not in (*times, *numeric) and _SERIES_NAMES.search(name)]
    return next((name for name in texts if _is_key(_column(columns, rows, name), name, numeric)), "")


def _is_key(cells: Sequence[str], name: str, numeric: Sequence[str]) -> bool:
    """Tell whether a column can name series: a few texts come again and again; numbers only under such a name."""
    distinct = set(cells)
    if name in numeric and (not _SERIES_NAMES.search(name) or any(not _is_whole(cell) for cell in distinct)):
        return False
    return 2 <= len(distinct) <= min(MOST_SERIES, len(cells) / _ROWS_A_SERIES)


def _is_whole(cell: str) -> bool:
    return is_number(cell, ".") and float(cell).is_integer()


def _repeat_times(columns: Sequence[str], rows: Rows, times: Sequence[str], series: Sequence[str]) -> bool:
    """Tell whether most times come for several series, as no row of a wide table would."""
    clocks = list(zip(*(_column(columns, rows, name) for name in times)))  # noqa: B905 (Python 3.9)
    named = list(zip(*(_column(columns, rows, name) for name in series)))  # noqa: B905
    pairs = set(zip(clocks, named))  # noqa: B905
    return len(set(clocks)) <= len(pairs) * 2 / 3 and len(pairs) > len(rows) * 2 / 3


def _column(columns: Sequence[str], rows: Rows, name: str) -> list[str]:
    place = columns.index(name)
    return [row[place].strip() for row in rows]


def series_name(parts: Sequence[str], unit: str) -> str:
    """Return what a series is called as a column: its names, and its unit in brackets as other tables have it."""
    name = " ".join(filter(None, (part.strip() for part in parts))) or "value"
    return f"{name} ({unit.strip()})" if unit.strip() else name
