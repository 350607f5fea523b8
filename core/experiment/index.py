"""`.index.json`: the summaries of a study's trials, so that thousands open without reading their folders.

Derived, and so never more than a shortcut. Values stand without their names: a third of the bytes, and as much less
time.
"""

import contextlib
import json
import types
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from core.errors import StudyError
from core.experiment.files import write_atomically
from core.experiment.summary import DeviceLatency, ForecastError, TrialSummary
from core.files import read_plain

FILE_NAME = ".index.json"
_MOST_BYTES = 128 * 1024**2
"""Of a quarter of a million trials."""
_ROW = [field.name for field in fields(TrialSummary)]
_LATENCIES, _ERRORS = map(_ROW.index, ("latencies", "errors"))

Signature = tuple[int, int]
"""Modification time of a trial's folder in nanoseconds and bytes of its events, when it was read."""
Known = tuple[TrialSummary, Signature]


def read_index(folder: Path) -> list[Known]:
    """Return what was known of the trials of a study; nothing where there is no index or it is not one of these."""
    try:
        kept = _document().validate_json(read_plain(folder / FILE_NAME, _MOST_BYTES))
    except (OSError, ValueError):
        return []
    return [(_summary(row), (mtime_ns, events_bytes)) for mtime_ns, events_bytes, row in kept[1]]


def write_index(folder: Path, known: Iterable[Known]) -> None:
    """Replace the index of a study; one on a full or read-only disk does without."""
    content = json.dumps([_ROW, [(*signature, _row(trial)) for trial, signature in known]], separators=(",", ":"))
    with contextlib.suppress(StudyError):
        write_atomically(folder / FILE_NAME, content)


def _row(trial: TrialSummary) -> list[Any]:
    values = list(vars(trial).values())
    for place in (_LATENCIES, _ERRORS):
        values[place] = [list(vars(part).values()) for part in values[place]]
    return values


def _summary(row: Iterable[Any]) -> TrialSummary:
    values = list(row)
    values[_LATENCIES] = tuple(DeviceLatency(*latency) for latency in values[_LATENCIES])
    values[_ERRORS] = tuple(ForecastError(*error) for error in values[_ERRORS])
    return TrialSummary(*values)


@cache
def _document() -> TypeAdapter[Any]:
    """Return what checks every value: whoever sent the study may have sent the index with it."""
    parts = {"latencies": _many(_row_of(DeviceLatency)), "errors": _many(_row_of(ForecastError))}
    trial = _tuple(int, int, _row_of(TrialSummary, **parts))
    names = _tuple(*(Literal[name] for name in _ROW))
    return TypeAdapter(_tuple(names, _many(trial)), config=ConfigDict(allow_inf_nan=False))


def _row_of(kind: type, **parts: Any) -> Any:
    return _tuple(*(get_type_hints(kind) | parts).values())


def _many(kind: Any) -> Any:
    return _tuple(kind, ...)


def _tuple(*kinds: Any) -> Any:
    """Return the type of tuples of types that are known only here."""
    return types.GenericAlias(tuple, kinds)
