"""What a command says: progress and sentences to stderr, the answer to stdout as text or as one JSON document."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Literal

from rich import markup
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from core.datasets.column_names import name_of, unit_of
from core.errors import SpecError
from core.events import (
    BatchEnded,
    EpochEnded,
    Event,
    JobStarted,
    LatencyMeasured,
    Progressed,
    StageStarted,
    TrialFailed,
    TrialFinished,
    TrialStarted,
    TrialStopped,
    Warned,
)
from core.results import Classification, Quality
from core.visible_text import visible, visible_lines
from workbench.number_format import amounts, kilobytes, milliseconds, percent, three_digits
from workbench.stage_words import PHASE_WORDS, STAGE_WORDS

Side = Literal["left", "right"]
Headings = Sequence[tuple[str, Side]]
"""Of a table: the words above each column, and the side it is aligned to."""
_Column = tuple[str, Side, Sequence[str]]
"""A heading, its side and the cells beneath it."""
_LEAST_TEXT = 12
SECONDS_BETWEEN_LINES = 2
"""Without a terminal, of progress within a stage."""

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
stdout = Console(highlight=False)


def answer(document: Any) -> None:
    """Write one JSON document to stdout."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def answer_text(text: str) -> None:
    """Write text that is the answer to stdout, as it is."""
    sys.stdout.write(text)


def show_table(
    title: str,
    headings: Headings,
    rows: Iterable[Sequence[str]],
    spared: Sequence[str] = (),
) -> None:
    """Draw a table on stdout, each column with its heading and the side it is aligned to.

    On a terminal that is too narrow the columns `spared` are left out, one after another, and said so.
    """
    if title:
        note(title)
    # Piped into a file a table is as wide as it needs to be.
    console = stdout if stdout.is_terminal else Console(highlight=False, width=400)
    columns = [
        (visible(heading), side, list(map(visible, cells)))
        for (heading, side), *cells in zip(headings, *rows, strict=True)
    ]
    left_out = []
    for heading in spared:
        if _width(columns) > console.width and any(column[0] == heading for column in columns):
            columns = [column for column in columns if column[0] != heading]
            left_out.append(heading)
    if _width(columns) <= console.width:
        _print_lines(console, columns)
    else:
        _print_wrapped(console, columns)
    if left_out:
        note(f"Left out for want of room: {', '.join(left_out)}; a wider terminal, --csv and --json have them.")


def _print_lines(console: Console, columns: Sequence[_Column]) -> None:
    """Print a table that fits, a line each row: thousands of rows in a fraction of what rich's table takes."""
    padded = []
    for heading, side, cells in columns:
        widths = [cell_len(cell) for cell in (heading, *cells)]
        room = max(widths)
        blanks = (" " * (room - width) for width in widths)
        pairs = zip((heading, *cells), blanks, strict=True)
        padded.append([blank + cell if side == "right" else cell + blank for cell, blank in pairs])
    head, *lines = ("  ".join(row).rstrip() for row in zip(*padded, strict=True))
    console.print(escape(head), style="bold", soft_wrap=True)
    console.file.write("".join(f"{line}\n" for line in lines))


def _print_wrapped(console: Console, columns: Sequence[_Column]) -> None:
    """Print a table whose texts must share the room that there is."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading, side, cells in columns:
        least = None if side == "right" else min(_LEAST_TEXT, _width([(heading, side, cells)]) - 2)
        table.add_column(escape(heading), justify=side, no_wrap=side == "right", min_width=least)
    for row in zip(*(cells for *_, cells in columns), strict=True):
        table.add_row(*(escape(cell) for cell in row))
    console.print(table)


def _width(columns: Iterable[_Column]) -> int:
    return sum(2 + max(map(cell_len, (heading, *cells))) for heading, _, cells in columns)


def escape(text: str) -> str:
    """Return a text, also one that was received, so that rich prints it as it is and a terminal obeys nothing in it."""
    return markup.escape(visible_lines(text))


def say(sentence: str) -> None:
    """Write a sentence to stderr."""
    stderr.print(escape(sentence))


def note(sentence: str) -> None:
    """Write a line of the answer to stdout, never wrapped, so that a path in it can be copied."""
    stdout.print(escape(sentence), soft_wrap=True)


def complain(error: Exception) -> None:
    """Write an error to stderr; a spec's problems on a line each, with their paths."""
    if not isinstance(error, SpecError):
        stderr.print(f"[red]error:[/] {escape(str(error))}")
        return
    head = f"{error.source}: " if error.source else ""
    for problem in error.problems:
        stderr.print(f"[red]error:[/] {escape(head)}{escape(str(problem))}")


@contextlib.contextmanager
def progress(title_of: Callable[[str], str] = str, opening: str = "") -> Iterator["Narrator"]:
    """Show events as they come: bars on a terminal, a line for each epoch elsewhere.

    `title_of` gives the words for a trial's folder name; `opening` says what is waited for until a job starts.
    """
    bars = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[figures]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=stderr,
        transient=True,
        disable=not stderr.is_terminal,
    )
    with bars:
        yield Narrator(bars, cache(title_of), opening)


class Narrator:
    """Turns events into bars and lines; call it with each event."""

    def __init__(self, bars: Progress, title_of: Callable[[str], str], opening: str) -> None:
        self._bars = bars
        self._title_of = title_of
        self._tasks: dict[str, TaskID] = {}
        self._last_line_s = time.monotonic()
        if opening:
            self._show("", opening, None)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        match event:
            case JobStarted():
                self._end("")
            case TrialStarted():
                self._line(event.trial, "going on from its checkpoint" if event.resumed else "started")
            case StageStarted():
                self._show(event.trial, STAGE_WORDS[event.stage].capitalize(), None)
            case Progressed():
                self._show_progressed(event)
            case BatchEnded():
                done = event.epoch - 1 + event.batch / event.batches
                what = f"{PHASE_WORDS[event.phase]}, epoch {event.epoch} of {event.epochs}"
                self._show(event.trial, what, (done, event.epochs), f"loss {event.loss:.3f}")
            case EpochEnded():
                self._show_epoch(event)
            case Warned():
                stderr.print(f"[yellow]{escape(self._prefix(event.trial))}{escape(event.message)}[/]")
            case LatencyMeasured():
                self._line(event.trial, _timed_in_brief(event))
            case TrialFinished():
                self._end(event.trial)
                self._line(event.trial, _in_brief(event))
            case TrialFailed():
                self._end(event.trial)
                stderr.print(f"[red]{escape(self._prefix(event.trial))}{escape(event.message)}[/]")
            case TrialStopped():
                self._end(event.trial)
                self._line(event.trial, "cancelled; `workbench resume` goes on from its last epoch")
            case _:
                pass

    def _prefix(self, trial: str) -> str:
        return f"{self._title_of(trial)}: " if trial else ""

    def _line(self, trial: str, sentence: str) -> None:
        stderr.print(escape(self._prefix(trial) + sentence))

    def _show(self, trial: str, what: str, done_of: tuple[float, float] | None, figures: str = "") -> None:
        description = visible(self._prefix(trial) + what)
        if trial not in self._tasks:
            self._tasks[trial] = self._bars.add_task(description, total=None, figures="")
        done, total = done_of if done_of else (0, None)
        self._bars.update(
            self._tasks[trial], description=description, completed=done, total=total, figures=visible(figures)
        )

    def _end(self, trial: str) -> None:
        if trial in self._tasks:
            self._bars.remove_task(self._tasks.pop(trial))

    def _show_progressed(self, event: Progressed) -> None:
        figures = amounts(event.done, event.total, event.unit)
        self._show(event.trial, event.what, (event.done, event.total), figures)
        if self._bars.disable and time.monotonic() - self._last_line_s > SECONDS_BETWEEN_LINES:
            self._last_line_s = time.monotonic()
            self._line(event.trial, f"{event.what}{figures and f': {figures}'}")

    def _show_epoch(self, event: EpochEnded) -> None:
        figures = f"loss {event.loss:.3f}, {_validation(event)}"
        what = f"{PHASE_WORDS[event.phase]}, epoch {event.epoch} of {event.epochs}"
        self._show(event.trial, what, (event.epoch, event.epochs), figures)
        if self._bars.disable:
            sparse = f", sparsity {percent(event.sparsity)} %" if event.sparsity else ""
            self._line(event.trial, f"{what}: {figures}{sparse}, {event.seconds:.1f} s")


def _validation(event: EpochEnded) -> str:
    if event.validation_loss is None:
        return "no validation"
    if event.validation_accuracy is not None:
        return f"validation {percent(event.validation_accuracy)} %"
    errors = [_error_in_brief(quantity, error) for quantity, error in event.validation_mae.items()]
    return f"validation error {', '.join(errors)}"


def _error_in_brief(column: str, error: float) -> str:
    return f"{name_of(column)} {three_digits(error)} {unit_of(column)}".rstrip()


def _timed_in_brief(event: LatencyMeasured) -> str:
    latency = event.latency
    threads = f"{latency.num_threads} thread{'s' if latency.num_threads > 1 else ''}"
    return f"{milliseconds(latency.total.median_ms)} ms in all on {latency.device}, {threads}"


def _in_brief(event: TrialFinished) -> str:
    result = event.result
    spoken = " on synthetic clips" if result.synthetic else ""
    latency = result.latency_on()
    total = f", {milliseconds(latency.total.median_ms)} ms in all" if latency else ""
    of_other = f" of trial {result.origin}" if result.origin else ""
    return f"{_quality(result.quality)}{of_other}{spoken}, {kilobytes(result.footprint.zip_bytes)} kB zipped{total}"


def _quality(quality: Quality) -> str:
    if isinstance(quality, Classification):
        return f"{percent(quality.accuracy)} %"
    errors = [
        _error_in_brief(found.name, found.file.mae) + " (worse than persistence)" * found.is_worse_than_persistence
        for found in quality.quantities
    ]
    return f"error {', '.join(errors)}"
