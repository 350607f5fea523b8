"""Cells of Markdown tables: the figures of a trial in words."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.errors import WorkbenchError
from core.experiment.baselines import Baseline
from core.experiment.store import Study, TrialSummary
from core.results import wilson_interval
from core.section import value_at

SYNTHETIC_MARK = "synthetic clips"
CONTENDED_MARK = "†"
WORSE_MARK = "▽"
ERRORS_NOTE = "Errors are mean absolute ones of the `.tflite` file over all horizons"


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


def tested_on(trial: TrialSummary) -> str:
    """Return how many examples a trial was judged on."""
    if trial.num_test_windows:
        return f"{trial.num_test_windows:,} test windows"
    return f"{trial.num_test_clips} test clips" if trial.num_test_clips else ""


def errors(judged: TrialSummary | Baseline) -> str:
    """Return the errors of forecasts: "0.540 °C · 2.05 %"; one that is worse than persistence carries a mark."""
    return " · ".join(
        f"{error.mae:#.3g} {error.unit}{WORSE_MARK if error.is_worse_than_persistence else ''}"
        for error in judged.errors
    )


def accuracy(trial: TrialSummary) -> str:
    """Return an accuracy with half of its 95 % interval."""
    assert trial.accuracy is not None and trial.num_test_clips is not None
    low, high = wilson_interval(round(trial.accuracy * trial.num_test_clips), trial.num_test_clips)
    return f"{100 * trial.accuracy:.1f} % ± {50 * (high - low):.1f}"


def kilobytes(num_bytes: int | None) -> str:
    """Return a size in kB of 1024 bytes, nothing where there is none."""
    return (
        "" if num_bytes is None else f"{num_bytes / 1024:.3g}" if num_bytes < 1024_000 else f"{num_bytes / 1024:,.0f}"
    )


def milliseconds(value: float) -> str:
    """Return a time in milliseconds."""
    return f"{value:.3g}"


def percent(fraction: float | None) -> str:
    """Return a fraction in percent, nothing where there is none."""
    return "" if fraction is None else f"{100 * fraction:.1f} %"


def total_ms(trial: TrialSummary) -> str:
    """Return the total latency on this machine."""
    latency = trial.latency_on()
    return f"{milliseconds(latency.total_ms)} ms{CONTENDED_MARK if latency.contended else ''}" if latency else ""


def latency_of(trial: TrialSummary) -> str:
    """Return the total latency on this machine, and what of it is saved."""
    latency = trial.latency_on()
    saved = latency is not None and latency.saving is not None and latency.saving > 0
    return total_ms(trial) + (f", {percent(latency.saving)} saved" if latency and saved else "")
