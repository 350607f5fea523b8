"""Times as tables write them: which format a text is in, and what it stands for.

Standard library alone: a device reads the times of its files by this same one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from statistics import median_low

ISO = "ISO 8601"
ISO_ZONED = "ISO 8601 with a time zone"
EPOCH = "seconds since 1970"
COUNTS = {
    EPOCH: 1, "milliseconds since 1970": 10**3, "microseconds since 1970": 10**6, "nanoseconds since 1970": 10**9,
}  # fmt: skip
"""What tables count since 1970, by how many make a second."""
UTC_MARK = " Z"
"""Ends a format of `strptime` whose times are said to be of UTC."""

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
# Wider than the standard, as people write it: 2020-1-1 0:10, nanoseconds, "UTC" for Z. Names of other zones are left
# out: CET is an hour off for half of the year wherever a clock keeps it.
_ISO_TIME = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|\s+)(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?)?"
    r"\s*(?:([Zz]|UTC|GMT)|([+-])(\d{2}):?(\d{2})?)?",
    re.ASCII,
)
_UTC_WORD = re.compile(r"\s*(?:Z|UTC|GMT)$")


def formats_of(text: str) -> list[str]:
    """Return the formats that a text can be read in as a time."""
    patterns = [time_format + UTC_MARK for time_format in _TIME_FORMATS] if _UTC_WORD.search(text) else _TIME_FORMATS
    return [time_format for time_format in (ISO, ISO_ZONED, *patterns, *COUNTS) if reads(text, time_format)]


def counts_a_second(number: float) -> int:
    """Return how many of what a number counts since 1970 make a second: seconds, milli-, micro- or nanoseconds."""
    return next((count for count in COUNTS.values() if number < _EPOCH_RANGE_S[1] * count), max(COUNTS.values()))


def is_zoned(time_format: str) -> bool:
    """Tell whether times of a format are of a known zone, not of whatever clock hung there."""
    return time_format in COUNTS or time_format == ISO_ZONED or time_format.endswith(UTC_MARK)


def iso_time(text: str) -> datetime:
    """Return the time that a text of ISO 8601, or nearly so, stands for. Raises ValueError."""
    found = _ISO_TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not an ISO 8601 time")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    microseconds = int((found[7] or "").ljust(6, "0")[:6])
    zone = _UTC if found[8] else None
    if found[9]:
        ahead = timedelta(hours=int(found[10]), minutes=int(found[11] or 0))
        zone = timezone(-ahead if found[9] == "-" else ahead)
    return datetime(year, month, day, hour, minute, second, microseconds, zone)


def seconds_of(text: str, time_format: str) -> float:
    """Return the time a text stands for, in the clock it was written by. Raises ValueError."""
    if time_format in COUNTS:
        return float(text) / COUNTS[time_format]
    at = _by_pattern(text, time_format) if "%" in time_format else iso_time(text)
    return (at if at.tzinfo else at.replace(tzinfo=_UTC)).timestamp()


def _by_pattern(text: str, time_format: str) -> datetime:
    text = text.strip()
    if time_format.endswith(UTC_MARK):
        text = _UTC_WORD.sub(UTC_MARK, text)
    return datetime.strptime(text, time_format)


def reads(text: str, time_format: str) -> bool:
    """Tell whether a text is a time of a format."""
    try:
        if time_format in COUNTS:
            return _EPOCH_RANGE_S[0] < float(text) / COUNTS[time_format] < _EPOCH_RANGE_S[1]
        if time_format in (ISO, ISO_ZONED):
            return (iso_time(text).tzinfo is not None) == (time_format == ISO_ZONED)
        return bool(_by_pattern(text, time_format))
    except (ValueError, OverflowError):
        return False


def format_in_words(time_format: str) -> str:
    """Return a time format as people write it: dd.mm.yyyy hh:mm:ss."""
    time_format = re.sub(UTC_MARK + "$", " UTC", time_format)
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
