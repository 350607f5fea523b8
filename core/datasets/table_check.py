"""Looking through a CSV of measurements for what would spoil a forecast."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.datasets.climate import SET_BACK, Series, form_of, read_table
from core.datasets.column_names import quantity_of, temperature_and_humidity, unit_of
from core.datasets.csv_form import CsvForm, listed
from core.datasets.long_table import HELD_INTERVALS, OUTAGE_S
from core.datasets.sensor_faults import SensorFault, find_faults
from core.datasets.time_texts import format_in_words, minute_of, timespan
from core.events import Emit, ignore
from core.spec import SeriesData

_GAPS_NAMED = 10
_COLUMNS_NAMED = 5
_TABLES = (".csv", ".tsv", ".txt")
# Of a column that never changes nothing can be forecast.
_LEAST_SPREAD = 1e-6


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True)


class ColumnReport(_Reported):
    """What the numbers of one column are like; all None where none is known."""

    name: str
    unit: str
    num_missing: int
    low: float | None
    median: float | None
    high: float | None


class Gap(_Reported):
    """A stretch of time without rows, as far as the rows around it."""

    last_before_s: int = Field(description="Seconds since 1970, in the clock of the file.")
    first_after_s: int


class TableReport(_Reported):
    """Everything that `data check` tells of a CSV file. Times are seconds since 1970, in the clock of the file."""

    file: str
    understood: str = Field("", description="How its columns were read, in a sentence.")
    encoding: str
    separator: str
    time_column: str
    time_format: str
    first_s: int
    last_s: int
    interval_s: int
    num_rows: int
    num_unsorted: int
    num_repeated: int
    num_broken: int
    num_missing_steps: int = Field(description="Steps of the interval, from the first row to the last, without one.")
    gaps: tuple[Gap, ...] = Field(description="The longest, in the order of time.")
    columns: tuple[ColumnReport, ...]
    forecast: tuple[str, ...] = Field(description="Columns that are forecast where none is named.")
    faults: tuple[SensorFault, ...] = Field((), description="Values that were not measured, by column.")
    findings: tuple[str, ...] = Field(description="Sentences about what is wrong, those of the faults included.")


def is_table(path: Path) -> bool:
    """Tell whether a path means a table, also one that is not there, rather than a folder of clips."""
    return path.is_file() or (path.suffix.lower() in _TABLES and not path.is_dir())


def check_table(data: SeriesData, emit: Emit = ignore) -> TableReport:
    """Read every row of a spec's CSV file and report what is in it, and what is wrong with it.

    Raises DataError when it cannot be read as a series over time.
    """
    form = form_of(data)
    series = read_table(data, emit=emit)
    steps_s = np.diff(series.times_s)
    places = np.flatnonzero(steps_s > 1.5 * series.interval_s)
    longest = np.sort(places[np.argsort(-steps_s[places], kind="stable")][:_GAPS_NAMED])
    columns = tuple(_describe(series, place) for place in range(len(series.columns)))
    wordy = [name for name in form.columns if not form.long and name not in form.numeric and quantity_of(name)]
    faults = find_faults(series)
    num_missing_steps = int((np.round(steps_s[places] / series.interval_s) - 1).sum())
    return TableReport(
        file=data.file,
        understood=understood(form, series),
        encoding=form.encoding,
        separator=form.separator,
        time_column=" and ".join(form.time_columns),
        time_format=format_in_words(form.time_format),
        first_s=int(series.times_s[0]),
        last_s=int(series.times_s[-1]),
        interval_s=series.interval_s,
        num_rows=series.num_rows,
        num_unsorted=series.num_unsorted,
        num_repeated=series.num_repeated,
        num_broken=series.num_broken,
        num_missing_steps=num_missing_steps,
        gaps=tuple(
            Gap(last_before_s=int(series.times_s[place]), first_after_s=int(series.times_s[place + 1]))
            for place in longest
        ),
        columns=columns,
        forecast=temperature_and_humidity(form.numeric),
        faults=faults,
        findings=(
            *_findings(form, series, columns, wordy, num_missing_steps, len(places)),
            *(fault.sentence for fault in faults),
        ),
    )


def understood(form: CsvForm, series: Series) -> str:
    """Say in a sentence how the columns of a table were read."""
    num_columns = len(form.numeric)
    columns = f"{num_columns:,} column{'s' * (num_columns != 1)} of numbers"
    said = [] if form.long else [f"Read as a wide table: {columns}, times in {form.time_column}"]
    if form.long is not None:
        named = " and ".join(form.long.series_columns)
        said.append(
            f"Read as a long table: {len(form.numeric):,} series named by {named}, values in {form.long.value_column}"
        )
        if series.step_s and form.long.is_held:
            said.append(
                f"each value holds until it changes, taken every {timespan(series.step_s)}, but over no more than "
                f"{timespan(OUTAGE_S)} in which nothing changes at all"
            )
        elif series.step_s:
            said.append(
                f"the series have times of their own, so the latest value is taken every {timespan(series.step_s)}, "
                f"where it is no older than {HELD_INTERVALS:g} intervals"
            )
    if form.clock_column:
        said.append(f"days in {form.time_column} and times of day in {form.clock_column}")
    if form.header_lines > 1:
        said.append(f"names of the columns in line {form.header_lines:,}")
    return f"{'; '.join(said)}."


def _describe(series: Series, place: int) -> ColumnReport:
    values = series.values[:, place]
    known = values[np.isfinite(values)]
    low, median, high = (float(np.quantile(known, share)) if len(known) else None for share in (0, 0.5, 1))
    name = series.columns[place]
    return ColumnReport(
        name=name, unit=unit_of(name), num_missing=len(values) - len(known), low=low, median=median, high=high
    )


def mixed_stations(form: CsvForm) -> str:
    """Say that rows of several stations would be taken for one, and what to do."""
    return (
        f"rows of several stations, named in column {form.station_column}, are mixed; name that column and the one of "
        "a quantity's values (dataset.series_columns, dataset.value_column)"
    )


def _findings(
    form: CsvForm,
    series: Series,
    columns: tuple[ColumnReport, ...],
    wordy: Sequence[str],
    num_missing_steps: int,
    num_gaps: int,
) -> list[str]:
    found = []
    if series.num_unsorted:
        found.append(f"{_so_many(series.num_unsorted, 'stands', 'stand')} after a later one; they are sorted when read")
    if series.num_repeated:
        repeated = _so_many(series.num_repeated, "repeats", "repeat")
        found.append(f"{repeated} an earlier time; the first of each time counts")
        if series.was_set_back:
            found.append(SET_BACK)
        if series.num_repeated > series.num_rows / 2 and not form.station_column:
            found.append(
                "rows of several stations need the columns of their names and of values named (dataset.series_columns, "
                "dataset.value_column), those less than a second apart a table of their own"
            )
    if form.station_column:
        found.append(mixed_stations(form))
    if series.num_broken:
        found.append(f"{_so_many(series.num_broken, 'is', 'are')} cut short or without a time, and left out")
    if num_gaps:
        longest = int(np.argmax(np.diff(series.times_s)))
        before, after = (minute_of(time_s) for time_s in series.times_s[longest : longest + 2])
        gaps = f"{num_gaps:,} gaps, the longest" if num_gaps > 1 else "1 gap,"
        missing = _so_many(num_missing_steps, "is", "are")
        found.append(f"{missing} missing in {gaps} from {before} to {after}; windows over a gap are left out")
    for name in wordy:
        found.append(f"{name} holds texts that are not numbers, so it cannot be forecast; see how they are written")
    return [*found, *_findings_of_columns(columns)]


def _findings_of_columns(columns: Sequence[ColumnReport]) -> list[str]:
    gappy = [column for column in columns if column.num_missing]
    constant = [
        column
        for column in columns
        if column.low is not None and column.high is not None and column.high - column.low < _LEAST_SPREAD
    ]
    if len(gappy) > _COLUMNS_NAMED:
        names = listed([column.name for column in gappy])
        found = [f"{len(gappy):,} columns are missing in some rows: {names}; windows that lack one in use are left out"]
    else:
        left_out = "where it is used, windows that lack it are left out"
        found = [f"{column.name} is missing in {_rows(column.num_missing)}; {left_out}" for column in gappy]
    if len(constant) > _COLUMNS_NAMED:
        return [*found, f"{len(constant):,} columns never change: {listed([column.name for column in constant])}"]
    return [*found, *(f"{column.name} never changes from {column.low:g}" for column in constant)]


def _rows(number: int) -> str:
    return f"{number:,} row{'s' if number != 1 else ''}"


def _so_many(number: int, verb: str, verb_of_many: str) -> str:
    return f"{_rows(number)} {verb if number == 1 else verb_of_many}"
