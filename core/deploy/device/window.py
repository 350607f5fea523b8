"""The latest window of a series of measurements, or the sentence that says why there is none."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import numpy as np
from numpy.typing import NDArray

from core.datasets.time_texts import timespan
from core.deploy.device.forecast_settings import ForecastSettings, Rows
from core.errors import DataError

Float64 = NDArray[np.float64]

UTC = timezone.utc  # noqa: UP017 (Python 3.9 knows no `datetime.UTC`)
TOLERANCE = 0.1
"""Part of a step by which a row may be early or late."""

_OLDEST_STEPS = 2
_INTERVALS_SEEN = 50


class NotYetEnough(DataError):
    """The window is not full; time mends that."""


@dataclass(frozen=True)
class Series:
    """The latest rows of a source in the order of time, each time once."""

    source: str
    """What it is called in sentences."""
    times_s: Float64
    """Seconds since 1970 in the clock of the source, shape (n,)."""
    values: Float64
    """Shape (n, inputs of the model); NaN where nothing was measured."""
    is_local: bool
    """Whether its times are a wall clock's, which tells no time zone."""

    def now_s(self) -> float:
        """Return the time in the clock of the source, by that of this device."""
        now = datetime.now().astimezone()
        return now.replace(tzinfo=UTC).timestamp() if self.is_local else time.time()

    def moment(self, time_s: float) -> datetime:
        """Return a time as people read it: the source's own, or with this device's time zone."""
        at = datetime.fromtimestamp(time_s, UTC)
        return at.replace(tzinfo=None) if self.is_local else at.astimezone()

    def words(self, time_s: float) -> str:
        """Return a time in words."""
        form = "%Y-%m-%d %H:%M" if round(time_s) % 60 == 0 else "%Y-%m-%d %H:%M:%S"
        return self.moment(time_s).strftime(form)


@dataclass(frozen=True)
class Window:
    """What the model is given: rows one step apart, the oldest first."""

    series: Series
    times_s: Float64
    rows: Rows


def make_series(source: str, rows: Sequence[tuple[float, Sequence[float]]], *, is_local: bool) -> Series:
    """Sort rows of (time, values) by time; of a repeated time the first counts."""
    times_s, first = np.unique(np.array([time_s for time_s, _ in rows], np.float64), return_index=True)
    values = np.array([values for _, values in rows], np.float64)[first]
    return Series(source, times_s, values, is_local)


def latest_window(series: Series, settings: ForecastSettings, *, any_age: bool) -> Window:
    """Return the window that ends with the newest whole row.

    Raises NotYetEnough where rows are still missing, DataError where they are too old or not at the model's step.
    """
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(series.values).all(axis=1))
    if not whole.any():
        raise DataError(f"{series.source}: none of its last {len(whole)} rows has {_named(settings)}; see its sensor")
    known_s = series.times_s[whole]
    if not any_age:
        _check_age(series, known_s[-1], settings)
    wanted_s = known_s[-1] - settings.step_s * np.arange(settings.input_steps - 1, -1, -1)
    places = _nearest(known_s, wanted_s)
    is_met = np.abs(known_s[places] - wanted_s) <= TOLERANCE * settings.step_s
    if not is_met.all():
        raise _explain(series, settings, wanted_s, is_met)
    values = series.values[whole][places]
    return Window(series, wanted_s, [tuple(row) for row in values.tolist()])


def _check_age(series: Series, newest_s: float, settings: ForecastSettings) -> None:
    age_s = series.now_s() - newest_s
    when = f"{series.source}: its newest row with {_named(settings)} is of {series.words(newest_s)}"
    if age_s > (_OLDEST_STEPS + TOLERANCE) * settings.step_s:
        raise DataError(
            f"{when}, {timespan(age_s)} ago, too old to forecast from at steps of {timespan(settings.step_s)}; see "
            "that what writes it still runs, or take old rows as well (--any-age)"
        )
    if age_s < -settings.step_s:
        raise DataError(f"{when}, which is {timespan(-age_s)} to come; set the clock of this device, or of the sensor")


def _nearest(known_s: Float64, wanted_s: Float64) -> NDArray[np.int64]:
    after = np.searchsorted(known_s, wanted_s).clip(1, max(1, len(known_s) - 1))
    before = after - 1
    after = np.minimum(after, len(known_s) - 1)
    is_before = wanted_s - known_s[before] <= known_s[after] - wanted_s
    return np.asarray(np.where(is_before, before, after), np.int64)


def _explain(
    series: Series, settings: ForecastSettings, wanted_s: Float64, is_met: NDArray[np.bool_]
) -> NotYetEnough | DataError:
    """Say which rows the window lacks and what to do."""
    step_s, source = settings.step_s, series.source
    if len(series.times_s) > 1:
        usual_s = float(np.median(np.diff(series.times_s[-_INTERVALS_SEEN:])))
        rows_a_step = step_s / usual_s
        if rows_a_step < 1 - TOLERANCE or abs(rows_a_step - round(rows_a_step)) > TOLERANCE * rows_a_step:
            return DataError(
                f"{source}: has a row every {timespan(usual_s)}, but the model takes values {timespan(step_s)} apart; "
                f"write one every {timespan(step_s)}, or deploy a model of that step (window.step_minutes)"
            )
    lacking_s = wanted_s[~is_met][-1]
    count = int(is_met[np.flatnonzero(~is_met)[-1] :].sum())
    full = series.words(wanted_s[-1] + step_s * (settings.input_steps - count))
    have = f"has {count} of the {settings.input_steps} values, {timespan(step_s)} apart, that the model takes"
    near = np.abs(series.times_s - lacking_s) <= TOLERANCE * step_s
    if near.any():
        gaps = np.isnan(series.values[near][0])
        names = " and ".join(name for name, gap in zip(settings.inputs, gaps) if gap)  # noqa: B905
        why = f"{names} is missing at {series.words(lacking_s)}"
    elif lacking_s < series.times_s[0]:
        why = f"it begins at {series.words(series.times_s[0])}"
    else:
        why = f"there is no row of {series.words(lacking_s)}"
    return NotYetEnough(f"{source}: {have}: {why}; with a row at every step the window is full at {full}")


def _named(settings: ForecastSettings) -> str:
    return " and ".join(settings.inputs)
