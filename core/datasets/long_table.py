"""Long tables turned wide: a column for each series, at times that all of them share."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import Arrays, cached_arrays
from core.datasets.csv_form import CsvForm
from core.datasets.digest import digest
from core.datasets.long_form import MOST_SERIES, LongForm, series_name
from core.datasets.table_blocks import Block, read_in_blocks
from core.errors import DataError
from core.events import Emit, ignore

_VERSION = "1"
_NICE_STEPS_S = (
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400,
)  # fmt: skip
# Rows of the series stand at the same times where all times together are hardly more than those of one series.
_SHARED_TIMES = 1.2
_MOST_CELLS = 200_000_000
OUTAGE_S = 6 * 3600
"""A history of changes in which nothing at all changes for longer was not being written."""
HELD_INTERVALS = 2.0
"""A measured value stands for so many intervals of its series at most; that of a change until the next."""

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int32 = NDArray[np.int32]
Names = tuple[tuple[str, ...], ...]
"""The texts that name each series; the last is its unit."""


@dataclass(frozen=True)
class LongRows:
    """Rows of a long table, the series of each as its place among the names."""

    times_s: Float64
    series: Int32
    values: Float32
    """NaN where nothing was measured."""
    names: Names
    num_rows: int
    num_broken: int


@dataclass(frozen=True)
class TurnedWide:
    """Series at times that all share, seconds since 1970."""

    times_s: NDArray[np.int64]
    values: Float32
    """Shape (times, series)."""
    num_repeated: int
    step_s: int
    """Step that the series were brought to; 0 where their rows stand at the same times already."""
    num_rows: int
    """Rows of the file, those left out included."""
    num_broken: int
    """Rows without a time, or with more or fewer cells than the header."""


def with_all_series(path: Path, form: CsvForm) -> CsvForm:
    """Return the form of a long table with every series that holds numbers, read through once for each file.

    Columns whose text never changes name nothing and are left out. Raises DataError as reading does.
    """
    assert form.long is not None
    stat = path.stat()
    key = digest("names", _VERSION, str(path), f"{stat.st_size} {stat.st_mtime_ns}", repr(form))

    def check(arrays: Arrays) -> None:
        _found(arrays)

    found = _found(cached_arrays("series", key, partial(_found_series, path, form), check))
    if not found["names"]:
        raise DataError(
            f"{path}: column {form.long.value_column!r} holds no numbers; choose a file of measurements, or name the "
            "column of values (dataset.value_column)"
        )
    long = replace(form.long, series_columns=tuple(found["series_columns"]))
    return replace(form, numeric=tuple(found["names"]), long=long)


def _found(kept: Arrays) -> dict[str, list[str]]:
    """Return columns and names of series as they were kept. Raises KeyError or ValueError for what is damaged."""
    found = json.loads(kept["found"].tobytes().decode())
    return {name: [str(each) for each in found[name]] for name in ("series_columns", "names")}


def _found_series(path: Path, form: CsvForm) -> dict[str, np.ndarray]:
    assert form.long is not None
    rows = _read_rows(path, form, form.long, ignore)
    counted = np.bincount(rows.series[np.isfinite(rows.values)], minlength=len(rows.names))
    names = [name for name, count in zip(rows.names, counted, strict=True) if count]
    columns = form.long.series_columns
    # Which texts vary is known when all rows were read.
    varying = [place for place in range(len(columns)) if len({name[place] for name in names}) > 1]
    chosen = varying or [columns.index("_field") if "_field" in columns else 0]
    found = {
        "series_columns": [columns[place] for place in chosen],
        "names": list(dict.fromkeys(series_name([name[place] for place in chosen], name[-1]) for name in names)),
    }
    return {"found": np.frombuffer(json.dumps(found).encode(), np.uint8)}


def read_long(path: Path, form: CsvForm, wanted: Sequence[str], missing: Sequence[float], emit: Emit) -> TurnedWide:
    """Read series of a long table by their names, as a form of `with_all_series` has them.

    `missing` are numbers that stand where nothing was measured. Returns a column for each name, with `num_repeated`
    rows left out for another of the same series at the same time. Raises DataError.
    """
    assert form.long is not None
    rows = _read_rows(path, form, form.long, emit)
    rows.values[np.isin(rows.values, np.array(missing, np.float32)) | ~np.isfinite(rows.values)] = np.nan
    named = [series_name(name[:-1], name[-1]) for name in rows.names]
    series = [_of_one(rows, np.flatnonzero([name == column for name in named])) for column in wanted]
    first_s = [times_s for times_s, _ in series if len(times_s) > 1]
    if not first_s:
        raise DataError(f"{path}: none of its series has two rows; a forecast needs rows over time")
    together = np.unique(np.concatenate([times_s.astype(np.int64) for times_s, _ in series]))
    if len(together) <= _SHARED_TIMES * max(map(len, first_s)) and not form.long.is_held:
        return _at_their_times(rows, together, series)
    return _on_steps(path, form.long, rows, series)


def _of_one(rows: LongRows, places: NDArray[np.int64]) -> tuple[Float64, Float32]:
    """Return times, ascending, and values of a series, which may be of several names."""
    mine = np.isin(rows.series, places)
    times_s, values = rows.times_s[mine], rows.values[mine]
    order = np.argsort(times_s, kind="stable")
    return times_s[order], values[order]


def _at_their_times(
    rows: LongRows, together: NDArray[np.int64], series: Sequence[tuple[Float64, Float32]]
) -> TurnedWide:
    values = np.full((len(together), len(series)), np.nan, np.float32)
    num_repeated = 0
    for place, (times_s, measured) in enumerate(series):
        seconds, first = np.unique(times_s.astype(np.int64), return_index=True)
        num_repeated += len(times_s) - len(seconds)
        values[np.searchsorted(together, seconds), place] = measured[first]
    return TurnedWide(together, values, num_repeated, 0, rows.num_rows, rows.num_broken)


def _on_steps(path: Path, long: LongForm, rows: LongRows, series: Sequence[tuple[Float64, Float32]]) -> TurnedWide:
    """Bring series whose rows stand at times of their own to a common step, each value held from its row on."""
    intervals_s = [_usual_interval_s(times_s) for times_s, _ in series]
    step_s = min(_NICE_STEPS_S, key=lambda step: abs(np.log(step / max(1.0, float(np.median(intervals_s))))))
    first_s = min(times_s[0] for times_s, _ in series if len(times_s))
    last_s = max(times_s[-1] for times_s, _ in series if len(times_s))
    # The first step is the first whose values are known by then.
    begin, end = int(np.ceil(first_s / step_s)), int(np.floor(last_s / step_s))
    if (end - begin + 1) * len(series) > _MOST_CELLS:
        raise DataError(
            f"{path}: reaches over {(end - begin + 1):,} steps of {step_s} s for {len(series):,} series, more than fit "
            "into memory; remove rows that stand apart, or export fewer series"
        )
    grid_s = np.arange(begin, end + 1, dtype=np.int64) * step_s
    values = np.full((len(grid_s), len(series)), np.nan, np.float32)
    written_s = np.unique(rows.times_s)
    for place, ((times_s, measured), interval_s) in enumerate(zip(series, intervals_s, strict=True)):
        latest = np.searchsorted(times_s, grid_s, side="right") - 1
        known = latest >= 0
        age_s = grid_s[known] - times_s[latest[known]]
        held = _is_written(written_s, grid_s[known]) if long.is_held else age_s < HELD_INTERVALS * interval_s
        values[known, place] = np.where(held, measured[latest[known]], np.nan)
    return TurnedWide(grid_s, values, 0, step_s, rows.num_rows, rows.num_broken)


def _is_written(written_s: Float64, grid_s: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Tell at which times a history was being written: something changed a while before and a while after."""
    after = np.searchsorted(written_s, grid_s, side="right")
    before_s = written_s[after - 1]
    after_s = written_s[np.minimum(after, len(written_s) - 1)]
    return np.asarray((after_s - before_s <= OUTAGE_S) | (grid_s == before_s))


def _usual_interval_s(times_s: Float64) -> float:
    steps_s = np.diff(times_s)
    steps_s = steps_s[steps_s > 0]
    return float(np.median(steps_s)) if len(steps_s) else np.inf


def _read_rows(path: Path, form: CsvForm, long: LongForm, emit: Emit) -> LongRows:
    columns = dict.fromkeys((*long.series_columns, *filter(None, [long.unit_column]), long.value_column), "string")
    rows, broken = read_in_blocks(path, form, columns, emit, partial(_gather, form=form, long=long))
    broken.require_few(path, form, len(rows.times_s))
    if len(rows.names) > MOST_SERIES:
        raise DataError(
            f"{path}: {' and '.join(long.series_columns)} name {len(rows.names):,} series, more than {MOST_SERIES:,}; "
            "name the columns of their names (dataset.series_columns)"
        )
    return replace(rows, num_rows=rows.num_rows + broken.count, num_broken=rows.num_broken + broken.count)


def _gather(blocks: Iterator[Block], form: CsvForm, long: LongForm) -> LongRows:
    seen: dict[tuple[str, ...], int] = {}
    times, places, values = [np.zeros(0)], [np.zeros(0, np.int32)], [np.zeros(0, np.float32)]
    num_timeless = 0
    for block in blocks:
        times.append(block.times_s)
        places.append(_places(block, long, seen))
        values.append(_numbers(block.cells[long.value_column], form.decimal))
        num_timeless += block.num_timeless
        if len(seen) > MOST_SERIES:
            break
    times_s = np.concatenate(times)
    names, renumbered = _with_units(tuple(seen))
    series = renumbered[np.concatenate(places)] if len(names) else np.concatenate(places)
    return LongRows(times_s, series, np.concatenate(values), names, len(times_s) + num_timeless, num_timeless)


def _places(block: Block, long: LongForm, seen: dict[tuple[str, ...], int]) -> Int32:
    """Return the place of each row's series among those seen, which grow by those that are new."""
    num_rows = len(block.times_s)
    codes = np.zeros(num_rows, np.int64)
    texts: list[list[str]] = []
    for name in (*long.series_columns, long.unit_column):
        if name not in block.cells:
            texts.append([""])
            continue
        encoded = block.cells[name].fill_null("").dictionary_encode()
        texts.append([text.strip() for text in encoded.dictionary.to_pylist()])
        codes = codes * max(1, len(texts[-1])) + np.asarray(encoded.indices, np.int64)
    distinct, inverse = np.unique(codes, return_inverse=True)
    places = np.empty(len(distinct), np.int32)
    for at, code in enumerate(distinct.tolist()):
        parts = []
        for words in reversed(texts):
            code, index = divmod(code, max(1, len(words)))
            parts.append(words[index])
        places[at] = seen.setdefault(tuple(reversed(parts)), len(seen))
    return np.asarray(places[inverse], np.int32)


def _with_units(names: Names) -> tuple[Names, Int32]:
    """Give the rows that lack a unit to the series of the same name that has one; return names and their new places.

    A sensor that is unavailable has no unit in a history, and is the same sensor.
    """
    units: dict[tuple[str, ...], list[str]] = {}
    for *base, unit in names:
        if unit:
            units.setdefault(tuple(base), []).append(unit)
    whole = [
        (*base, units[tuple(base)][0]) if not unit and len(units.get(tuple(base), ())) == 1 else (*base, unit)
        for *base, unit in names
    ]
    kept = {name: place for place, name in enumerate(dict.fromkeys(whole))}
    return tuple(kept), np.array([kept[name] for name in whole], np.int32)


def _numbers(cells: object, decimal: str) -> Float32:
    """Return cells as numbers, NaN where they hold anything else, such as on and off."""
    from pyarrow import compute, float32

    texts = compute.utf8_trim_whitespace(cells)
    if decimal == ",":
        texts = compute.replace_substring(texts, ",", ".")
    is_number = compute.match_substring_regex(texts, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
    numbers = compute.cast(compute.if_else(is_number, texts, None), float32())
    return np.array(numbers.fill_null(float("nan")), np.float32)
