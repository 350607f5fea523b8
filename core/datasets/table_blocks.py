"""Rows of a table in blocks, so that ten million of them need little more memory than their numbers."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.datasets.csv_form import MIDNIGHT, CsvForm, is_other_table, line_of, mixed_times
from core.datasets.progress import Progress
from core.datasets.table_cells import NOTHING, cells_of
from core.datasets.time_texts import COUNTS, ISO, ISO_ZONED, UTC_MARK
from core.errors import DataError
from core.events import Emit

_BLOCK_BYTES = 1 << 24
_BROKEN_SHARE = 0.01
_ROW_SHOWN = 80
_UNCHECKED, _ANY_BYTES = "utf-8", "latin-1"
"""Encodings that take bytes as they are: the one without a look at them, the other whatever they are."""
_OTHER_TABLE = re.compile(rb"^(?:#|,?result,table,)[^\r\n]*\r?\n?", re.MULTILINE)
_PLAIN_TIME = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?(Z|[+-]\d{2}:?\d{2})?")
"""What the reader of CSV reads by itself."""
_NOT_LEFT_OUT = re.compile(r"Expected \d+ columns, got \d+")
"""What is said of a row that could not be handed over to be left out."""
_TO_ISO = (
    (r"^(\d{4})-(\d)-", r"\1-0\2-"),
    (r"^(\d{4}-\d{2})-(\d)(\D|$)", r"\1-0\2\3"),
    (r"^(\d{4}-\d{2}-\d{2})[Tt\s]+(\d{1,2}:)", r"\1 \2"),
    (r" (\d:)", r" 0\1"),
    (r"[.,](\d{1,6})\d*", r".\1"),
    (r"\s*(?:[Zz]|UTC|GMT)$", "Z"),
    (r"\s+([+-]\d{2}:?(?:\d{2})?)$", r"\1"),
)

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Read = TypeVar("Read")


class BrokenRows:
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
                f"first: {self._first!r}; fix them, or quote texts that contain the separator"
            )


@dataclass(frozen=True)
class Block:
    """Some rows of a file that have a time."""

    times_s: Float64
    """Seconds since 1970 in the clock of the file, shape (rows,)."""
    cells: dict[str, Any]
    """Arrays of pyarrow by column, each of as many rows."""
    num_timeless: int
    """Rows that were left out because they have no time."""


Columns = Mapping[str, str]
"""Columns to read, and the type of pyarrow that each is to be of: float or string."""
Reader = Callable[[Iterator[Block]], Read]


def read_in_blocks(
    path: Path, form: CsvForm, columns: Columns, emit: Emit, gather: Reader[Read]
) -> tuple[Read, BrokenRows]:
    """Have `gather` take the blocks of a file; begun again where its times or texts turn out to need a closer look.

    Raises DataError naming column and row of what cannot be read.
    """
    # 0.3 s that only those pay who read a table.
    import pyarrow as arrow

    look = _Look(
        closely=not _is_plain(form), encoding=_UNCHECKED if form.encoding.startswith("utf-8") else form.encoding
    )
    while True:
        broken = BrokenRows()
        try:
            return gather(_blocks(path, form, columns, emit, broken, look)), broken
        except (UnicodeDecodeError, arrow.ArrowInvalid) as error:
            closer = _closer(look, error)
            if closer is None:
                raise _explain(path, form, columns, error) from error
            look = closer


@dataclass(frozen=True)
class _Look:
    """How closely a file is read: its times as texts first, its bytes recoded from an encoding."""

    closely: bool
    encoding: str


def _closer(look: _Look, error: Exception) -> _Look | None:
    """Return how to look closer after an error that this may mend; None where the file is at fault."""
    if not look.closely and _is_of_time(str(error)):
        return replace(look, closely=True)
    # Rows that are left out are handed over as texts, which not all bytes are in UTF-8.
    if look.encoding == _UNCHECKED and (isinstance(error, UnicodeDecodeError) or _NOT_LEFT_OUT.search(str(error))):
        return replace(look, encoding=_ANY_BYTES)
    return None


def _blocks(
    path: Path, form: CsvForm, columns: Columns, emit: Emit, broken: BrokenRows, look: _Look
) -> Iterator[Block]:
    """Yield the blocks of a file."""
    from pyarrow import csv

    progress = Progress(emit, "Reading rows, MB", max(1, path.stat().st_size >> 20))
    for file, part in _parts(path, form):
        there = {name: kind for name, kind in columns.items() if name in part.columns}
        with file, csv.open_csv(file, *_options(part, there, broken, look)) as blocks:
            read_mb = 0
            for block in blocks:
                stamps = block.column(part.time_column)
                if look.closely:
                    stamps = _closely_read(stamps, block, part)
                timed = ~np.asarray(stamps.is_null())
                cells = {name: block.column(name) for name in there}
                if not timed.all():
                    cells = {name: column.filter(timed) for name, column in cells.items()}
                yield Block(_seconds(stamps, form)[timed], cells, int((~timed).sum()))
                now_mb = file.tell() >> 20
                progress.advance(now_mb - read_mb)
                read_mb = now_mb


def _parts(path: Path, form: CsvForm) -> Iterator[tuple[Any, CsvForm]]:
    """Yield a file and its form; of an export of InfluxDB each of the tables in it with its own columns."""
    import pyarrow as arrow

    if form.long is None or not form.long.is_influx:
        yield arrow.OSFile(str(path)), form
        return
    with arrow.memory_map(str(path)) as whole:
        content = whole.read_buffer()
        # No copy: the pages are read from the disk as they are looked at.
        view = memoryview(content)
        marks = list(_OTHER_TABLE.finditer(view))
        for mark, following in zip(marks, [*marks[1:], None], strict=True):
            stop = following.start() if following else len(view)
            header = mark.group().decode("utf-8", "replace").strip("\r\n")
            rows = content.slice(mark.end(), stop - mark.end())
            if header.startswith("#") or not is_other_table(header) or not bytes(rows[:2]).strip():
                continue
            names = tuple(name.strip() for name in cells_of([header], form.separator)[0])
            if form.time_column in names:
                yield arrow.BufferReader(rows), replace(form, columns=names, header_lines=0)


def _options(form: CsvForm, columns: Columns, broken: BrokenRows, look: _Look) -> tuple[Any, Any, Any]:
    """Return how a file of this form is read, cut into cells, and turned into times and numbers."""
    import pyarrow as arrow
    from pyarrow import csv

    read = csv.ReadOptions(
        column_names=list(form.columns), skip_rows=form.header_lines, block_size=_BLOCK_BYTES, encoding=look.encoding
    )
    parse = csv.ParseOptions(delimiter=form.separator, invalid_row_handler=broken.leave_out)
    times = dict.fromkeys(form.time_columns, arrow.string() if look.closely else _time_type(form))
    convert = csv.ConvertOptions(
        include_columns=list(dict.fromkeys((*form.time_columns, *columns))),
        column_types={
            **{name: arrow.string() if kind == "string" else arrow.float32() for name, kind in columns.items()},
            **times,
        },
        timestamp_parsers=[form.time_format if "%" in form.time_format else csv.ISO8601],
        decimal_point=form.decimal,
        null_values=NOTHING,
        strings_can_be_null=True,
        check_utf8=False,
    )
    return read, parse, convert


def _time_type(form: CsvForm) -> Any:
    from pyarrow import float64, timestamp

    if form.time_format in COUNTS:
        return float64()
    return timestamp("us", "UTC" if form.time_format == ISO_ZONED else None)


def _is_plain(form: CsvForm) -> bool:
    """Tell whether times, as far as they were seen, are such as the reader of CSV reads by itself."""
    if form.clock_column or form.time_format.endswith(UTC_MARK):
        return False
    if form.time_format in (ISO, ISO_ZONED):
        return _PLAIN_TIME.fullmatch(form.first_time) is not None
    return form.first_time == form.first_time.strip()


def _closely_read(stamps: Any, block: Any, form: CsvForm) -> Any:
    """Return times of a block that were read as texts: with spaces around, single digits, words for a zone."""
    from pyarrow import compute

    texts = compute.utf8_trim_whitespace(stamps)
    if form.clock_column:
        texts = compute.replace_substring_regex(texts, MIDNIGHT.pattern, "")
        clock = compute.utf8_trim_whitespace(block.column(form.clock_column))
        texts = compute.binary_join_element_wise(texts, clock, " ")
    if "%" in form.time_format:
        if form.time_format.endswith(UTC_MARK):
            texts = compute.replace_substring_regex(texts, r"\s*(?:Z|UTC|GMT)$", UTC_MARK)
        return compute.strptime(texts, format=form.time_format, unit="us")
    if form.time_format in (ISO, ISO_ZONED):
        for pattern, written in _TO_ISO:
            texts = compute.replace_substring_regex(texts, pattern, written)
    return compute.cast(texts, _time_type(form))


def _seconds(stamps: Any, form: CsvForm) -> Float64:
    """Return times of a block as seconds since 1970; those that are missing mean nothing."""
    if form.time_format in COUNTS:
        return np.nan_to_num(np.asarray(stamps, np.float64)) / COUNTS[form.time_format]
    microseconds = np.asarray(stamps.cast("int64").fill_null(0), np.int64)
    return microseconds / 1_000_000


def _is_of_time(said: str) -> bool:
    return "timestamp" in said


def _explain(path: Path, form: CsvForm, columns: Columns, error: Exception) -> DataError:
    """Say in which column and row the reader met what it could not read."""
    if isinstance(error, UnicodeDecodeError):
        return DataError(
            f"{path}: holds bytes that are not text in {form.encoding.upper()}; save or export it again, as UTF-8"
        )
    said = str(error)
    found = re.search(r"conversion error to (\w+).*invalid value '(.*)'", said, re.DOTALL)
    unread = re.search(r"[Ff]ailed to parse string: '(.*)' as a scalar of type", said, re.DOTALL)
    if unread is not None:
        return mixed_times(path, form, unread[1])
    if found is None:
        return DataError(f"{path}: cannot be read as CSV ({said}); fix the file or export it again")
    kind, value = found[1], found[2]
    if kind.startswith("timestamp") or kind == "double":
        return mixed_times(path, form, value)
    for name in columns:
        if line := line_of(path, form, name, value):
            return DataError(
                f"{path}: line {line:,}: column {name!r} holds {value!r}, which is not a number; correct it, "
                "or leave the cell empty or write -9999 where nothing was measured"
            )
    return DataError(
        f"{path}: {value!r} is not a number; correct it, or leave the cell empty where nothing was measured"
    )
