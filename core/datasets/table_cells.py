"""Cells of a table as texts: how lines are cut into them, which hold numbers, and which say that nothing was measured.

Standard library alone: a device reads its tables by this same module.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence

NOTHING = (
    "", "-", "--", "---", "?", "None", "none", "missing", "unavailable", "unknown", "NA", "N/A", "n/a", "#N/A", "#NA",
    "#N/A N/A", "NULL", "null", "NaN", "nan", "-NaN", "-nan", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
)  # fmt: skip
"""What stands in tables where nothing was measured, besides numbers such as -9999."""

_SEPARATORS = (",", ";", "\t", "|")
_ROWS_COMPARED = 20
# A cell may be as long as its line, which is in memory already; the reader's own limit is an error of no kind of ours.
csv.field_size_limit(2**31 - 1)


def cells_of(lines: Iterable[str], separator: str) -> list[list[str]]:
    """Return the cells of each line that has any."""
    rows = csv.reader((line for line in lines if line.strip()), delimiter=separator, skipinitialspace=True)
    return list(rows)


def separator_of(lines: Sequence[str]) -> str:
    """Return the separator that cuts the header into most columns, and the first rows into as many."""

    def agreeing(separator: str) -> tuple[int, int]:
        widths = [len(row) for row in cells_of(lines[:_ROWS_COMPARED], separator)]
        return sum(width == widths[0] for width in widths) if widths[0] > 1 else 0, widths[0]

    return max(_SEPARATORS, key=agreeing)


def is_number(text: str, decimal: str) -> bool:
    """Tell whether a cell holds a number."""
    try:
        float(text.replace(decimal, "."))
    except ValueError:
        return False
    return True


def is_numeric(cells: Sequence[str], decimal: str) -> bool:
    """Tell whether a column holds numbers; words among them are found when the file is read."""
    filled = [cell for cell in cells if cell.strip() not in NOTHING]
    return bool(filled) and sum(is_number(cell, decimal) for cell in filled) > len(filled) / 2
