"""Series of measurements from any CSV with a column of times, such as the Jena climate files in all their variants.

Rows may be unsorted, repeated or missing, numbers may be missing; what comes out is sorted, each time once, with NaN
where nothing was measured.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cache import Arrays, cached_arrays, require_shape
from core.datasets.column_names import temperature_and_humidity
from core.datasets.csv_form import NOTHING, CsvForm, line_of, listed, mixed_times, recognise
from core.datasets.digest import digest
from core.datasets.progress import Progress, notices
from core.datasets.time_texts import EPOCH, ISO_ZONED
from core.errors import DataError
from core.events import Emit, ignore
from core.spec import SeriesData

MISSING = -9999.0
"""What Jena's files write where an instrument failed."""

_NUM_COUNTS = 4
"""Of rows: in all, out of order, repeated, left out."""
_VERSION = "2"
_BLOCK_BYTES = 1 << 24
_BROKEN_SHARE = 0.01
_ROW_SHOWN = 80

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

    @property
    def interval_s(self) -> int:
        """Usual time from one row to the next."""
        return int(np.median(np.diff(self.times_s)))

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


def form_of(data: SeriesData) -> CsvForm:
    """Return how a spec's file is written, as `recognise` does; found once for as long as the file is the same."""
    path = Path(data.file).expanduser().resolve()
    try:
        stat = path.stat()
    except OSError:
        # What is wrong with it is said where it is opened.
        stat = None
    return _form_of(path, data.time_column, stat and (stat.st_size, stat.st_mtime_ns))


@lru_cache
def _form_of(path: Path, time_column: str, _version: tuple[int, int] | None) -> CsvForm:
    """Keep what was recognised: an estimate asks at every key that is typed."""
    return recognise(path, time_column)


def read_series(
    path: Path,
    columns: Sequence[str] = (),
    time_column: str = "",
    missing_value: float = MISSING,
    emit: Emit = ignore,
) -> Series:
    """Read columns of a CSV file over time, all that hold numbers when none is named; from the cache if it is there.

    Raises DataError naming file, column and row, with what to do.
    """
    path = path.expanduser().resolve()
    form = recognise(path, time_column)
    wanted = tuple(columns) or form.numeric
    _check_columns(path, form, wanted)
    stat = path.stat()
    facts = f"{_VERSION} {stat.st_size} {stat.st_mtime_ns} {missing_value}"
    key = digest(str(path), facts, form.time_column, *wanted)

    def check(arrays: Arrays) -> None:
        require_shape(arrays["values"], (len(arrays["times_s"]), len(wanted)))
        require_shape(arrays["counts"], (_NUM_COUNTS,))

    compute = partial(_read, path, form, wanted, missing_value, emit)
    kept = cached_arrays("series", key, compute, check, notices=notices(emit, "Reading rows"))
    series = Series(path, wanted, kept["times_s"], kept["values"], *kept["counts"].tolist())
    empty = [name for place, name in enumerate(wanted) if np.isnan(series.values[:, place]).all()]
    if empty and (columns or len(empty) == len(wanted)):
        raise DataError(
            f"{path}: column {empty[0]!r} is missing in all {series.num_rows:,} rows (empty or {missing_value:g}); "
            "choose another column"
        )
    return series


def _check_columns(path: Path, form: CsvForm, wanted: Sequence[str]) -> None:
    """Make sure that a file has these columns and that they hold numbers. Raises DataError."""
    for name in wanted:
        if name not in form.columns:
            raise DataError(f"{path}: has no column {name!r}; choose among {listed(form.numeric)}")
        if name not in form.numeric:
            what = "the time" if name == form.time_column else "no numbers"
            raise DataError(f"{path}: column {name!r} holds {what}; choose among {listed(form.numeric)}")


def _read(path: Path, form: CsvForm, wanted: Sequence[str], missing_value: float, emit: Emit) -> dict[str, np.ndarray]:
    times_s, values, num_broken = _read_blocks(path, form, wanted, emit)
    num_rows = len(times_s) + num_broken
    values[(values == np.float32(missing_value)) | ~np.isfinite(values)] = np.nan
    num_unsorted = int((np.diff(times_s) < 0).sum())
    if num_unsorted:
        order = np.argsort(times_s, kind="stable")
        times_s, values = times_s[order], values[order]
    first = np.concatenate(([True], np.diff(times_s) > 0))
    num_repeated = int((~first).sum())
    if num_repeated:
        times_s, values = times_s[first], values[first]
    if len(times_s) < 2:
        raise DataError(
            f"{path}: has rows of {len(times_s)} time{'s' * (len(times_s) != 1)} only; a forecast needs a series, "
            "so choose a file with rows over time"
        )
    return {
        "times_s": times_s,
        "values": values,
        "counts": np.array([num_rows, num_unsorted, num_repeated, num_broken]),
    }


def _read_blocks(path: Path, form: CsvForm, wanted: Sequence[str], emit: Emit) -> tuple[Int64, Float32, int]:
    """Read a file block by block, so that ten million rows need little more memory than their numbers.

    Return times (rows,), values (rows, columns), and how many rows were left out.
    """
    # 0.3 s that only those pay who read a table.
    import pyarrow as arrow
    from pyarrow import csv

    broken = _BrokenRows()
    times, values = [], []
    num_timeless = 0
    progress = Progress(emit, "Reading rows, MB", max(1, path.stat().st_size >> 20))
    try:
        with (
            arrow.OSFile(str(path)) as file,
            csv.open_csv(file, *_options(form, wanted, broken)) as blocks,
        ):
            read_mb = 0
            for block in blocks:
                stamps = _trimmed(block.column(0), form) if _is_padded(form) else block.column(0)
                timed = ~np.asarray(stamps.is_null())
                num_timeless += int((~timed).sum())
                times.append(_seconds(stamps, form)[timed])
                numbers = [np.asarray(block.column(place + 1)) for place in range(len(wanted))]
                values.append(np.stack(numbers, axis=1)[timed])
                now_mb = file.tell() >> 20
                progress.advance(now_mb - read_mb)
                read_mb = now_mb
    except arrow.ArrowInvalid as error:
        raise _explain(path, form, wanted, str(error)) from error
    broken.require_few(path, form, sum(map(len, times)))
    return np.concatenate(times), np.concatenate(values), broken.count + num_timeless


class _BrokenRows:
    """Counts rows with more or fewer cells than the header; to keep all of them could take much memory."""

    def __init__(self) -> None:
        self.count = 0
        self._first = ""
        self._swallowed = ""
        """Beginning of a row that goes on over several lines."""

    def leave_out(self, row: Any) -> str:
        """Note a row that the reader of CSV met, and have it skipped."""
        text = row.text
        self.count += 1
        self._first = self._first or text[:_ROW_SHOWN]
        if "\n" in text and not self._swallowed:
            self._swallowed = text.partition("\n")[0][:_ROW_SHOWN]
        return "skip"

    def require_few(self, path: Path, form: CsvForm, num_rows: int) -> None:
        """Raise DataError where rows were swallowed, or too many beside `num_rows` whole ones are broken."""
        if self._swallowed:
            raise DataError(
                f"{path}: a quotation mark is opened and not closed in {self._swallowed!r}, which hides the rows after "
                "it; close or remove it"
            )
        if self.count > _BROKEN_SHARE * num_rows:
            raise DataError(
                f"{path}: {self.count:,} of its rows do not have {len(form.columns)} cells as the header has; the "
                f"first: {self._first!r}; mend them, or quote texts that contain the separator"
            )


def _options(form: CsvForm, wanted: Sequence[str], broken: _BrokenRows) -> tuple[Any, Any, Any]:
    """Return how a file of this form is read, cut into cells, and turned into times and numbers."""
    from pyarrow import csv, float32, string

    # Latin-1 differs from UTF-8 in names of columns alone, which are given here: no need to recode every row.
    encoding = form.encoding if form.encoding == "utf-16" else "utf-8"
    read = csv.ReadOptions(
        column_names=list(form.columns), skip_rows=form.header_lines, block_size=_BLOCK_BYTES, encoding=encoding
    )
    parse = csv.ParseOptions(delimiter=form.separator, invalid_row_handler=broken.leave_out)
    time_type = string() if _is_padded(form) else _time_type(form)
    convert = csv.ConvertOptions(
        include_columns=[form.time_column, *wanted],
        column_types={form.time_column: time_type, **dict.fromkeys(wanted, float32())},
        timestamp_parsers=[form.time_format if "%" in form.time_format else csv.ISO8601],
        decimal_point=form.decimal,
        null_values=NOTHING,
        strings_can_be_null=True,
        check_utf8=False,
    )
    return read, parse, convert


def _time_type(form: CsvForm) -> Any:
    from pyarrow import float64, timestamp

    if form.time_format == EPOCH:
        return float64()
    return timestamp("us", "UTC" if form.time_format == ISO_ZONED else None)


def _is_padded(form: CsvForm) -> bool:
    """Tell whether spaces stand around times, which are beyond the reader of CSV."""
    return form.first_time != form.first_time.strip()


def _trimmed(stamps: Any, form: CsvForm) -> Any:
    """Return times of a block that were read as texts."""
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(stamps)
    if "%" in form.time_format:
        return compute.strptime(texts, format=form.time_format, unit="us")
    return compute.cast(texts, _time_type(form))


def _seconds(stamps: Any, form: CsvForm) -> Int64:
    """Return times of a block as seconds since 1970; those that are missing mean nothing."""
    if form.time_format == EPOCH:
        return np.nan_to_num(np.asarray(stamps, np.float64)).astype(np.int64)
    microseconds = np.asarray(stamps.cast("int64").fill_null(0), np.int64)
    return microseconds // 1_000_000


def _explain(path: Path, form: CsvForm, wanted: Sequence[str], said: str) -> DataError:
    """Say in which column and row the reader met what it could not read."""
    found = re.search(r"conversion error to (\w+).*invalid value '(.*)'", said, re.DOTALL)
    if found is None:
        return DataError(f"{path}: cannot be read as CSV ({said}); mend the file or export it again")
    kind, value = found[1], found[2]
    if kind.startswith("timestamp") or kind == "double":
        return mixed_times(path, form, value)
    for name in wanted:
        if line := line_of(path, form, name, value):
            return DataError(
                f"{path}: line {line:,}: column {name!r} holds {value!r}, which is no number; mend it, "
                f"or leave the cell empty or write {MISSING:g} where nothing was measured"
            )
    return DataError(f"{path}: {value!r} is no number; mend it, or leave the cell empty where nothing was measured")
