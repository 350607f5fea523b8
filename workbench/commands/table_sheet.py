"""What `data check` found in a CSV file, on a page."""

from datetime import UTC, datetime

from core.datasets.table_check import TableReport
from workbench import console
from workbench.number_format import NOTHING, count, three_digits


def show(report: TableReport) -> None:
    """Draw a report on stdout."""
    step = f"{report.interval_s / 60:g} min" if report.interval_s >= 60 else f"{report.interval_s} s"
    console.note(f"{report.file}: {count(report.num_rows)} rows, every {step}")
    console.note(report.understood)
    headings: console.Headings = (
        ("column", "left"), ("unit", "left"), ("lowest", "right"), ("median", "right"), ("highest", "right"),
        ("missing", "right"),
    )  # fmt: skip
    rows = [
        (column.name, column.unit, *map(three_digits, (column.low, column.median, column.high)),
         count(column.num_missing) if column.num_missing else NOTHING)
        for column in report.columns
    ]  # fmt: skip
    console.show_table("", headings, rows)
    console.note("")
    console.note(f"Times      {_in_words(report.first_s)} to {_in_words(report.last_s)}")
    separator = {"\t": "tab"}.get(report.separator, report.separator)
    written = f"column {report.time_column}, {report.time_format}; separator {separator}; {report.encoding}"
    console.note(f"Written    {written}")
    console.note(f"Forecast   {', '.join(report.forecast) or 'name the columns to forecast (dataset.targets)'}")
    console.note("" if report.findings else "Nothing wrong was found.")
    for finding in report.findings:
        console.note(f"{finding}.")
    for gap in report.gaps:
        console.note(f"    no rows between {_in_words(gap.last_before_s)} and {_in_words(gap.first_after_s)}")


def _in_words(time_s: int) -> str:
    # The clock of the file, whatever its zone.
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M")
