"""Times as tables write them: which format a text is in, and what it stands for.

Standard library alone: a device reads the times of its files by this same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from statistics import median_low

ISO = "ISO 8601"
ISO_ZONED = "ISO 8601 with a time zone"
EPOCH = "seconds since 1970"

_EPOCH_RANGE_S = (3e8, 5e9)
# The order decides where a file leaves it open: the order of day and month of 01/02/2020 is then the European one.
_TIME_FORMATS = (
    "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%Y",
    "%m/%d/%Y", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %I:%M %p", "%d.%m.%y %H:%M:%S", "%d.%m.%y %H:%M",
)  # fmt: skip
_ROWS_TIMED = 500
_EVENNESS = 0.01
_CODES = {
    "%d": "dd", "%m": "mm", "%Y": "yyyy", "%y": "yy", "%H": "hh", "%I": "hh", "%M": "mm", "%S": "ss", "%p": "AM/PM",
}  # fmt: skip
_UTC = timezone.utc  # noqa: UP017 (Python 3.9 knows no `datetime.UTC`)


def formats_of(text: str) -> list[str]:
    """Return the formats that a text can be read in as a time."""
    return [time_format for time_format in (ISO, ISO_ZONED, *_TIME_FORMATS, EPOCH) if reads(text, time_format)]


def iso_time(text: str) -> datetime:
    """Return the time that a text of ISO 8601 stands for. Raises ValueError."""
    # Before Python 3.11 a Z was not understood.
    return datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", text.strip()))


def seconds_of(text: str, time_format: str) -> float:
    """Return the time a text stands for, in the clock it was written by. Raises ValueError."""
    if time_format == EPOCH:
        return float(text)
    at = datetime.strptime(text.strip(), time_format) if "%" in time_format else iso_time(text)
    return (at if at.tzinfo else at.replace(tzinfo=_UTC)).timestamp()


def reads(text: str, time_format: str) -> bool:
    """Tell whether a text is a time of a format."""
    try:
        if time_format == EPOCH:
            return _EPOCH_RANGE_S[0] < float(text) < _EPOCH_RANGE_S[1]
        if time_format in (ISO, ISO_ZONED):
            # Python reads 20200101 as well, which may be a number.
            is_zoned = iso_time(text).tzinfo is not None
            return text.strip()[4:5] == "-" and is_zoned == (time_format == ISO_ZONED)
        return bool(datetime.strptime(text.strip(), time_format))
    except ValueError:
        return False


def format_in_words(time_format: str) -> str:
    """Return a time format as people write it: dd.mm.yyyy hh:mm:ss."""
    for code, words in _CODES.items():
        time_format = time_format.replace(code, words)
    return time_format


def length_s(texts: Iterable[str], time_format: str) -> float:
    """Return the way from each time to the next, forth and back, in seconds."""
    return sum(map(abs, _steps_s(texts, time_format)))


def interval_s(stretches: Iterable[Sequence[str]], time_format: str) -> int:
    """Return the usual time between rows of a file's beginning and end, 0 where it is not to be told from them."""
    found = []
    for texts in stretches:
        steps_s = _steps_s(texts[-_ROWS_TIMED:], time_format)
        if any(step_s < 0 for step_s in steps_s):
            return 0
        forward_s = [step_s for step_s in steps_s if step_s]
        if not forward_s:
            continue
        usual_s = round(median_low(forward_s))
        if sum(abs(step_s - usual_s) <= _EVENNESS * usual_s for step_s in forward_s) <= len(forward_s) / 2:
            return 0
        found.append(usual_s)
    is_even = bool(found) and max(found) - min(found) <= _EVENNESS * min(found)
    return found[0] if is_even else 0


def _steps_s(texts: Iterable[str], time_format: str) -> list[float]:
    times_s = [seconds_of(text, time_format) for text in texts if text.strip()]
    return [later - earlier for earlier, later in zip(times_s, times_s[1:])]  # noqa: B905, RUF007 (Python 3.9)


def minute_of(time_s: float) -> str:
    """Return seconds since 1970 as a date and a time of day, in the clock that they were counted by."""
    return datetime.fromtimestamp(int(time_s), _UTC).strftime("%Y-%m-%d %H:%M")


def timespan(seconds: float) -> str:
    """Return a length of time in the unit people would use."""
    for size, unit in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 2 * size or (seconds >= size and unit != "days"):
            return f"{seconds / size:,.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds:.0f} s"
