"""JSON and tables from elsewhere, which may be nested beyond measure or hold what no file or path can be called."""

import json
import math
import re
from collections.abc import Iterable
from typing import Any

_DEEPEST = 64
_SUSPECT = re.compile(rb"\\u|[eE]\+?\d{3}|\d{300}|NaN|Infinity|\xed[\xa0-\xbf]|\0")
"""Escapes, numbers that may be beyond all bounds, halves of characters, and texts that are no UTF-8."""


def load_json(content: bytes | str) -> Any:
    """Return JSON as values. Raises ValueError where it is none, or nested deeper than 64.

    Also refused is what Python's reader takes and JSON (RFC 8259) has not, numbers that are not finite and half
    characters, and the character NUL, which no path may hold.
    """
    try:
        values = json.loads(content)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    if _may_be_wrong(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")):
        for leaf in leaves_of(values):
            if isinstance(leaf, str):
                _require_text(leaf)
            elif isinstance(leaf, float) and not math.isfinite(leaf):
                raise ValueError("holds a number that is not finite")
    return values


def load_object(content: bytes | str) -> dict[str, Any]:
    """Return a JSON object as a dictionary. Raises ValueError as `load_json` does, and where it is something else."""
    values = load_json(content)
    if not isinstance(values, dict):
        raise ValueError(f"must be an object, is {type(values).__name__}")
    return values


def leaves_of(values: Any) -> list[Any]:
    """Return every key and every plain value of nested ones. Raises ValueError where they are nested deeper than 64.

    Beyond that depth whatever walks through them, such as writing them again, could exhaust Python's stack.
    """
    leaves: list[Any] = []
    level = [values]
    for _ in range(_DEEPEST + 1):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                leaves += value
                below += value.values()
            elif isinstance(value, list):
                below += value
            else:
                leaves.append(value)
        if not below:
            return leaves
        level = below
    raise ValueError(_TOO_DEEP)


def has_nul(values: Iterable[Any]) -> bool:
    """Tell whether a text among values holds the character NUL."""
    return any("\0" in value for value in values if isinstance(value, str))


def _may_be_wrong(content: bytes) -> bool:
    """Tell whether JSON holds what could stand for something refused: the files of thousands of trials do not."""
    return _SUSPECT.search(content) is not None or content.count(b"[") + content.count(b"{") > _DEEPEST


def _require_text(text: str) -> None:
    # Names of files that are no UTF-8 are text to Python by surrogates of its own.
    text.encode("utf-8", "surrogateescape")
    if "\0" in text:
        raise ValueError("holds the character NUL")


_TOO_DEEP = f"is nested deeper than {_DEEPEST}"
