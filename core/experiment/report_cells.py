"""Cells of Markdown tables: the figures of a trial in words."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import WorkbenchError
from core.experiment.baselines import Baseline
from core.experiment.marks import MEANINGS, WORSE, accuracy_marks, latency_marks
from core.experiment.store import Study, TrialSummary
from core.number_format import BYTES_PER_KB, three_digits
from core.section import value_at

SYNTHETIC_MARK = "synthetic clips"


def data_of(study: Study, trial: TrialSummary) -> str:
    """Return the name of a trial's data, how much of them it was judged on, and the mark of synthetic clips."""
    try:
        spec = study.spec(trial.name)
    except WorkbenchError:
        return ""
    parts = [Path(value_at(spec, spec.data_field)).name]
    if judged_on := tested_on(trial):
        parts.append(judged_on)
    if trial.synthetic:
        parts.append(f"**{SYNTHETIC_MARK}**")
    return ", ".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return rows under a head as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of all tables on a Markdown page."""
    lines = [line.strip() for line in page.splitlines()]
    rows = [re.split(r"(?<!\\)\|", line[1:-1]) for line in lines if line.startswith("|") and line.endswith("|")]
    return [[cell.strip().replace("\\|", "|") for cell in row] for row in rows]


def meanings_in(rows: Iterable[Sequence[str]]) -> str:
    """Return what the marks of truth in rows mean, to follow a note; nothing where there is none."""
    text = "".join(cell for row in rows for cell in row)
    return "".join(f" {mark} {meaning}." for mark, meaning in MEANINGS.items() if mark in text)


def tested_on(trial: TrialSummary) -> str:
    """Return how many examples a trial was judged on."""
    if trial.num_test_windows:
        return f"{trial.num_test_windows:,} test windows"
    return f"{trial.num_test_clips} test clips" if trial.num_test_clips else ""


def errors(judged: TrialSummary | Baseline) -> str:
    """Return the errors of forecasts: "0.540 °C · 2.05 %"; one that is worse than persistence carries a mark."""
    return " · ".join(
        f"{three_digits(error.mae)} {error.unit}{WORSE if error.is_worse_than_persistence else ''}"
        for error in judged.errors
    )


def accuracy(trial: TrialSummary) -> str:
    """Return an accuracy with half of its 95 % interval."""
    assert trial.accuracy is not None and trial.accuracy_low is not None and trial.accuracy_high is not None
    margin = 50 * (trial.accuracy_high - trial.accuracy_low)
    return f"{100 * trial.accuracy:.1f} % ± {margin:.1f}{accuracy_marks(trial)}"


def kilobytes(num_bytes: int | None) -> str:
    """Return a size in kB of 1024 bytes, nothing where there is none."""
    return "" if num_bytes is None else three_digits(num_bytes / BYTES_PER_KB)


def percent(fraction: float | None) -> str:
    """Return a fraction in percent, nothing where there is none."""
    return "" if fraction is None else f"{100 * fraction:.1f} %"


def total_ms(trial: TrialSummary) -> str:
    """Return the total latency on this machine."""
    latency = trial.latency_on()
    return f"{three_digits(latency.total_ms)} ms{latency_marks(latency)}" if latency else ""


def latency_of(trial: TrialSummary) -> str:
    """Return the total latency on this machine, and what of it is saved."""
    latency = trial.latency_on()
    saved = latency is not None and latency.saving is not None and latency.saving > 0
    return total_ms(trial) + (f", {percent(latency.saving)} saved" if latency and saved else "")
