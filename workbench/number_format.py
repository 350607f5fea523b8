"""Numbers as the window shows them: three significant digits, kB of 1024 bytes, percent with one decimal.

Units stand in headers and labels, so these functions return the figure alone unless their name says otherwise.
"""

from core import number_format
from core.number_format import BYTES_PER_KB
from core.results import Classification, wilson_interval

__all__ = [
    "BYTES_PER_KB", "NOTHING", "accuracy_in_words", "amounts", "count", "counted", "duration", "kilobytes", "millions",
    "milliseconds", "percent", "percent_with_margin", "plain", "signed", "three_digits",
]  # fmt: skip

NOTHING = "–"
"""Stands where nothing was measured."""


def three_digits(value: float | None) -> str:
    """Return a figure with three significant digits and no exponent; from 1,000 on it keeps every whole unit."""
    return NOTHING if value is None else number_format.three_digits(value)


def count(value: int | None) -> str:
    """Return an exact count with its thousands separated."""
    return NOTHING if value is None else f"{value:,}"


def counted(value: int, what: str) -> str:
    """Return a count of things, by the name of one of them."""
    return f"{value:,} {what}{'' if value == 1 else 's'}"


def kilobytes(num_bytes: float | None) -> str:
    """Return a size in kB of 1024 bytes."""
    return NOTHING if num_bytes is None else three_digits(num_bytes / BYTES_PER_KB)


def amounts(done: float, total: float, unit: str = "") -> str:
    """Return how far work is, as in "2,000 of 8,000" or "2.5 of 2.6 MB"; nothing for work in one piece."""
    if unit == "bytes":
        size, name = (BYTES_PER_KB**2, "MB") if total >= BYTES_PER_KB**2 else (BYTES_PER_KB, "kB")
        decimals = 0 if total >= 10 * size else 1
        return f"{done / size:.{decimals}f} of {total / size:.{decimals}f} {name}"
    if total == 1:
        return ""
    return f"{done:,.0f} of {total:,.0f}" if total > 0 else f"{done:,.0f}"


def millions(value: float | None) -> str:
    """Return a count in millions."""
    return NOTHING if value is None else three_digits(value / 1e6)


def milliseconds(value: float | None) -> str:
    """Return a time in milliseconds."""
    return three_digits(value)


def percent(fraction: float | None) -> str:
    """Return a fraction in percent with one decimal."""
    return NOTHING if fraction is None else f"{100 * fraction:.1f}"


def percent_with_margin(fraction: float | None, low: float | None, high: float | None) -> str:
    """Return a fraction in percent with half the width of its interval: "98.2 ± 1.0"."""
    if fraction is None or low is None or high is None:
        return percent(fraction)
    return f"{100 * fraction:.1f} ± {50 * (high - low):.1f}"


def accuracy_in_words(num_right: int, num_clips: int) -> str:
    """Return an accuracy with its Wilson 95 % interval and the number of clips behind it."""
    low, high = wilson_interval(num_right, num_clips)
    margin = percent_with_margin(num_right / num_clips, low, high)
    return f"{margin} % ({percent(low)}–{percent(high)} %, {num_right:,} of {num_clips:,} clips)"


def balance_in_words(quality: Classification) -> str:
    """Return what an accuracy must be read beside where labels differ in their number of clips."""
    return (
        f"Mean recall of the labels {percent(quality.balanced_accuracy)} %; always saying {quality.largest_label} "
        f"would be right for {percent(quality.largest_share)} %"
    )


def signed(text: str, value: float) -> str:
    """Return a formatted difference with its sign: a true minus below zero, a plus above."""
    if value < 0:
        return "−" + text.lstrip("-")
    return f"+{text}" if value > 0 else text


def duration(seconds: float) -> str:
    """Return a stretch of time as a clock shows it: "0:42", "12:05", "1:02:30"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def plain(value: float) -> str:
    """Return a figure without needless zeros, for ticks and for what a user typed: "0.5", "4", "1,000"."""
    text = f"{value:,.10f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")
