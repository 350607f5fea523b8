"""Windows of a series: what is known, and what is to be forecast from it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.climate import Series
from core.datasets.split import PARTS
from core.datasets.time_texts import minute_of, timespan
from core.errors import DataError
from core.spec import TimeSplit, Window

# A series with fewer values than this for each step of its own interval is none.
_LEAST_FILLED = 0.05
_TOLERANCE = 0.01
# Numbers in all windows together, 0.4 GB: ten million rows must leave room for other programs. Jena's 420,000 rows
# need a tenth of it.
_MOST_NUMBERS = 100_000_000

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]


class StepError(DataError):
    """Steps of a window that are no multiple of a table's own."""


@dataclass(frozen=True)
class Windows:
    """Windows of one part of time, in order. No gap is in any of them."""

    inputs: Float32
    """Shape (n, input_steps, input columns)."""
    targets: Float32
    """Shape (n, output_steps, target columns)."""
    latest: Float32
    """Targets as they are when the forecast is made, shape (n, 1, target columns)."""
    times_s: Int64
    """When it is made: the time of the latest value that is known, in the clock of the file."""

    def __len__(self) -> int:
        return len(self.times_s)


@dataclass(frozen=True)
class Cut:
    """The windows of training, validation and test, and how many were left out for a gap."""

    train: Windows
    validation: Windows
    test: Windows
    num_left_out: int
    thinning: int = 1
    """Only every n-th window is taken, for all would not fit into memory."""


def cut_windows(series: Series, inputs: Sequence[str], targets: Sequence[str], window: Window, split: TimeSplit) -> Cut:
    """Cut a series into windows, each within one part: the parts follow one another in time and share no value.

    Of a very long series every n-th window is taken, evenly over time. Raises DataError when steps do not fit
    the series' interval, or a part has no window without a gap.
    """
    grid, cells = _on_a_grid(series)
    first_test = len(cells) - round(len(cells) * split.test_fraction)
    first_validation = first_test - round(len(cells) * split.validation_fraction)
    bounds = [0, *(int(cells[min(row, len(cells) - 1)]) for row in (first_validation, first_test)), len(grid)]
    parts, num_left_out, thinning = _cut(
        series, grid, (inputs, targets), window, dict(zip(PARTS, pairwise(bounds), strict=True))
    )
    return Cut(parts[0], parts[1], parts[2], num_left_out, thinning)


def whole_windows(
    series: Series, inputs: Sequence[str], targets: Sequence[str], window: Window
) -> tuple[Windows, int, int]:
    """Return all windows of a series, how many were left out for a gap, and that every n-th was taken.

    Raises DataError as `cut_windows` does.
    """
    grid, _ = _on_a_grid(series)
    (windows,), num_left_out, thinning = _cut(series, grid, (inputs, targets), window, {"whole": (0, len(grid))})
    return windows, num_left_out, thinning


def _cut(
    series: Series,
    grid: Float32,
    names: tuple[Sequence[str], Sequence[str]],
    window: Window,
    stretches: Mapping[str, tuple[int, int]],
) -> tuple[list[Windows], int, int]:
    """Return the windows within each stretch of a grid, how many have a gap, and that every n-th was taken."""
    step = rows_a_step(series.path, series.interval_s, window)
    columns = [list(map(series.columns.index, side)) for side in names]
    known = np.asarray(np.isfinite(grid).all(axis=1))
    numbers_a_window = window.input_steps * len(names[0]) + window.output_steps * len(names[1])
    thinning = max(1, math.ceil(len(grid) / window.stride * numbers_a_window / _MOST_NUMBERS))
    stride = window.stride * thinning
    parts, num_left_out = [], 0
    for name, (start, stop) in stretches.items():
        starts = np.arange(start, stop - (window.num_steps - 1) * step, stride, dtype=np.int64)
        whole = np.ones(len(starts), bool)
        for place in range(window.num_steps):
            whole &= known[starts + place * step]
        if not whole.any():
            rows = f"{stop - start:,} row{'s' * (stop - start != 1)}"
            raise DataError(
                f"{series.path}: the {name} part ({rows} of {timespan(series.interval_s)}) has no window of "
                f"{window.num_steps} steps of {window.step_minutes:g} min without a gap; give it more rows "
                "(split), or use fewer or shorter steps (window)"
            )
        num_left_out += int((~whole).sum())
        parts.append(_gather(series, grid, starts[whole], step, window, columns))
    return parts, num_left_out, thinning


def _gather(
    series: Series, grid: Float32, starts: Int64, step: int, window: Window, columns: Sequence[Sequence[int]]
) -> Windows:
    latest = window.input_steps - 1
    times_s = series.times_s[0] + (starts + latest * step) * series.interval_s
    places = (range(window.input_steps), range(window.input_steps, window.num_steps))
    inputs, targets = (
        np.stack([grid[starts + place * step][:, chosen] for place in steps], axis=1)
        for steps, chosen in zip(places, columns, strict=True)
    )
    return Windows(inputs, targets, grid[starts + latest * step][:, np.newaxis, columns[1]], times_s)


def _on_a_grid(series: Series) -> tuple[Float32, Int64]:
    """Return the values at every interval, NaN where there is no row, and the place of each row in it.

    A clock that is late by seconds changes nothing. Raises DataError for times without a common interval.
    """
    cells = np.round((series.times_s - series.times_s[0]) / series.interval_s).astype(np.int64)
    cells, first = np.unique(cells, return_index=True)
    size = int(cells[-1]) + 1
    if len(cells) < _LEAST_FILLED * size:
        longest = int(np.argmax(np.diff(series.times_s)))
        before, after = (minute_of(time_s) for time_s in series.times_s[longest : longest + 2])
        raise DataError(
            f"{series.path}: has a row every {timespan(series.interval_s)} as a rule, but only {len(cells):,} of the "
            f"{size:,} steps from first to last have one, and none is between {before} and {after}; remove what stands "
            "apart, or choose a series of even steps"
        )
    grid = np.full((size, len(series.columns)), np.nan, np.float32)
    grid[cells] = series.values[first]
    return grid, cells


def rows_a_step(file: Path, interval_s: int, window: Window) -> int:
    """Return how many rows of a file, so many seconds apart, go to a step. Raises StepError where none fits."""
    ratio = window.step_minutes * 60 / interval_s
    rows = round(ratio)
    if rows < 1 or abs(ratio - rows) > _TOLERANCE * rows:
        raise StepError(
            f"{file}: has a row every {timespan(interval_s)}, so a step of {window.step_minutes:g} min does not fit; "
            f"use {interval_s / 60:.10g} min or a multiple of it (window.step_minutes)"
        )
    return rows
