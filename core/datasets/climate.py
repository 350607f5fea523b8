"""Series of measurements from any CSV with a column of times, such as the Jena climate files in all their variants.

Rows may be unsorted, repeated or missing, numbers may be missing; what comes out is sorted, each time once, with NaN
where nothing was measured.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import Arrays, cached_arrays, require_shape
from core.datasets.column_names import temperature_and_humidity
from core.datasets.csv_form import CsvForm, listed, recognise
from core.datasets.digest import digest
from core.datasets.long_form import Shape
from core.datasets.long_table import read_long, with_all_series
from core.datasets.progress import notices
from core.datasets.table_blocks import Block, read_in_blocks
from core.errors import DataError
from core.events import Emit, ignore
from core.spec import SeriesData

MISSING = -9999.0
"""What Jena's files write where an instrument failed."""

_NUM_COUNTS = 5
"""Of rows: in all, out of order, repeated, left out; and the step that a long table was brought to, in seconds."""
SET_BACK = (
    "the clock was set back: of an hour that came twice the second one is left out, and no gap shows where it was; "
    "write the times in UTC or with their offset"
)
_SET_BACK_S = 3600
_VERSION = "3"

Float32 = NDArray[np.float32]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """Values of some columns over time. Times are seconds since 1970, ascending, in the clock of the file."""

    path: Path
    columns: tuple[str, ...]
    times_s: Int64
    values: Float32
    """Shape (rows, columns); NaN where nothing was measured."""
    num_rows: int
    """Rows of the file, those left out included."""
    num_unsorted: int
    """Rows that stand before an earlier time."""
    num_repeated: int
    """Rows left out because their time had come before."""
    num_broken: int
    """Rows left out because they have no time, or more or fewer cells than the header."""
    step_s: int = 0
    """Step that series of a long table were brought to, whose rows stand at times of their own; else 0."""

    @property
    def interval_s(self) -> int:
        """Usual time from one row to the next."""
        return int(np.median(np.diff(self.times_s)))

    @property
    def was_set_back(self) -> bool:
        """Tell whether rows repeat earlier times as they do of the hour that comes twice when summer time ends."""
        repeated_s = self.num_repeated * self.interval_s
        return self.num_unsorted > 0 and repeated_s == self.num_unsorted * _SET_BACK_S

    @property
    def fingerprint(self) -> str:
        """Digest of all times and values."""
        return digest(*self.columns, self.times_s, self.values)


def columns_of(data: SeriesData) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that the network sees, and those that it forecasts.

    Raises DataError naming the file and column, as `recognise` does.
    """
    form = form_of(data)
    path = Path(data.file).expanduser().resolve()
    targets = data.targets or temperature_and_humidity(form.numeric)
    if not targets:
        raise DataError(
            f"{path}: none of its columns is called temperature or humidity; name those to forecast "
            f"(dataset.targets) among {listed(form.numeric)}"
        )
    inputs = data.inputs or targets
    _check_columns(path, form, (*inputs, *targets))
    return inputs, targets


def shape_of(data: SeriesData) -> Shape:
    """Return what a spec says of the shape of its table."""
    return Shape(data.shape, data.series_columns, data.value_column)


def form_of(data: SeriesData) -> CsvForm:
    """Return how a spec's file is written, as `table_form` does."""
    return table_form(Path(data.file), data.time_column, shape_of(data))


def table_form(path: Path, time_column: str = "", shape: Shape = Shape()) -> CsvForm:  # noqa: B008
    """Return how a file is written, as `recognise` does, with every series of a long table.

    Found once for as long as the file is the same. Raises DataError naming the file.
    """
    path = path.expanduser().resolve()
    try:
        stat = path.stat()
    except OSError:
        # What is wrong with it is said where it is opened.
        stat = None
    return _form_of(path, time_column, shape, stat and (stat.st_size, stat.st_mtime_ns))


@lru_cache
def _form_of(path: Path, time_column: str, shape: Shape, _version: tuple[int, int] | None) -> CsvForm:
    """Keep what was recognised: an estimate asks at every key that is typed."""
    form = recognise(path, time_column, shape)
    return with_all_series(path, form) if form.long else form


def read_table(data: SeriesData, columns: Sequence[str] = (), emit: Emit = ignore) -> Series:
    """Read columns of a spec's table, as `read_series` does."""
    missing = (data.missing_value, *data.invalid_values)
    return read_series(Path(data.file), columns, data.time_column, missing, emit, shape_of(data))


def read_series(
    path: Path,
    columns: Sequence[str] = (),
    time_column: str = "",
    missing: Sequence[float] = (MISSING,),
    emit: Emit = ignore,
    shape: Shape = Shape(),  # noqa: B008
) -> Series:
    """Read columns of a CSV file over time, all that hold numbers when none is named; from the cache if it is there.

    `missing` are the numbers that stand where nothing was measured. Raises DataError naming file, column and row, with
    what to do.
    """
    path = path.expanduser().resolve()
    form = table_form(path, time_column, shape)
    wanted = tuple(columns) or form.numeric
    _check_columns(path, form, wanted)
    stat = path.stat()
    facts = f"{_VERSION} {stat.st_size} {stat.st_mtime_ns} {list(missing)} {form.long}"
    key = digest(str(path), facts, form.time_column, *wanted)
    read = _read_long if form.long else _read_wide

    def check(arrays: Arrays) -> None:
        require_shape(arrays["values"], (len(arrays["times_s"]), len(wanted)))
        require_shape(arrays["counts"], (_NUM_COUNTS,))

    compute = partial(read, path, form, wanted, missing, emit)
    kept = cached_arrays("series", key, compute, check, notices=notices(emit, "Reading rows"))
    series = Series(path, wanted, kept["times_s"], kept["values"], *kept["counts"].tolist())
    empty = [name for place, name in enumerate(wanted) if np.isnan(series.values[:, place]).all()]
    if empty and (columns or len(empty) == len(wanted)):
        raise DataError(
            f"{path}: column {empty[0]!r} is missing in all {series.num_rows:,} rows (empty or "
            f"{' or '.join(f'{number:g}' for number in missing)}); choose another column"
        )
    return series


def _check_columns(path: Path, form: CsvForm, wanted: Sequence[str]) -> None:
    """Make sure that a file has these columns and that they hold numbers. Raises DataError."""
    for name in wanted:
        if name not in form.numeric and (form.long or name not in form.columns):
            what = "series" if form.long else "column"
            raise DataError(f"{path}: has no {what} {name!r}; choose among {listed(form.numeric)}")
        if name not in form.numeric:
            what = "the time" if name in form.time_columns else "no numbers"
            raise DataError(f"{path}: column {name!r} holds {what}; choose among {listed(form.numeric)}")


def _read_wide(
    path: Path, form: CsvForm, wanted: Sequence[str], missing: Sequence[float], emit: Emit
) -> dict[str, np.ndarray]:
    columns = dict.fromkeys(wanted, "float")
    (times_s, values, num_timeless), broken = read_in_blocks(path, form, columns, emit, partial(_gather, wanted=wanted))
    broken.require_few(path, form, len(times_s))
    num_broken = broken.count + num_timeless
    num_rows = len(times_s) + num_broken
    for number in missing:
        values[values == np.float32(number)] = np.nan
    values[~np.isfinite(values)] = np.nan
    num_unsorted = int((np.diff(times_s) < 0).sum())
    if num_unsorted:
        order = np.argsort(times_s, kind="stable")
        times_s, values = times_s[order], values[order]
    first = np.concatenate(([True], np.diff(times_s) > 0))
    num_repeated = int((~first).sum())
    if num_repeated:
        times_s, values = times_s[first], values[first]
    _require_times(path, len(times_s))
    return {
        "times_s": times_s,
        "values": values,
        "counts": np.array([num_rows, num_unsorted, num_repeated, num_broken, 0]),
    }


def _gather(blocks: Iterator[Block], wanted: Sequence[str]) -> tuple[Int64, Float32, int]:
    """Return times (rows,), values (rows, columns), and how many rows were left out."""
    times, values = [np.zeros(0, np.int64)], [np.zeros((0, len(wanted)), np.float32)]
    num_timeless = 0
    for block in blocks:
        times.append(np.floor(block.times_s).astype(np.int64))
        values.append(np.stack([np.asarray(block.cells[name]) for name in wanted], axis=1))
        num_timeless += block.num_timeless
    return np.concatenate(times), np.concatenate(values), num_timeless


def _read_long(
    path: Path, form: CsvForm, wanted: Sequence[str], missing: Sequence[float], emit: Emit
) -> dict[str, np.ndarray]:
    wide = read_long(path, form, wanted, missing, emit)
    _require_times(path, len(wide.times_s))
    return {
        "times_s": wide.times_s,
        "values": wide.values,
        "counts": np.array([wide.num_rows, 0, wide.num_repeated, wide.num_broken, wide.step_s]),
    }


def _require_times(path: Path, num_times: int) -> None:
    if num_times < 2:
        raise DataError(
            f"{path}: has rows of {num_times} time{'s' * (num_times != 1)} only; a forecast needs a series, "
            "so choose a file with rows over time"
        )
