"""Lists as people type them: ``go, stop`` for labels, ``16,16`` for filters, ``3x3,5x3`` for kernels."""

import csv
import re
from typing import Any, get_args, get_origin

from pydantic.fields import FieldInfo


def texts_of(text: str) -> tuple[str, ...]:
    """Return texts separated by commas; one that has commas of its own stands in quotes."""
    parts = next(csv.reader([text], skipinitialspace=True), [])
    return tuple(part.strip() for part in parts if part.strip())


def is_list(field: FieldInfo) -> bool:
    """Tell whether a field holds a list."""
    return get_origin(field.annotation) is tuple


def listed(field: FieldInfo, text: str) -> list[Any]:
    """Return what was typed for a field that holds a list; what is no whole number or pair stays text."""
    element = get_args(field.annotation)[0]
    parts = texts_of(text)
    if element is str:
        return list(parts)
    if get_origin(element) is tuple:
        return [[_whole(side) for side in re.split(r"\s*[×xX*]\s*", part)] for part in parts]
    return [_whole(part) for part in parts]


def _whole(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else text
