"""Trials as CSV, to compute with: the same file from the window and from the command line."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any

from core.experiment import report_cells as cells
from core.experiment.pareto import best_of
from core.experiment.store import Constraints, DeviceLatency, Study, TrialState
from core.experiment.summary import ForecastError, TrialSummary
from core.visible_text import csv_cell

_ABOUT = ("letter", "number", "name", "title", "task", "state")
_FIGURES = (
    "accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy", "largest_share", "num_test_clips",
    "num_test_windows", "horizon_minutes",
    "tflite_bytes", "zip_bytes", "params", "nonzero_params", "macs", "peak_ram_bytes",
)  # fmt: skip
_LATENCY = (
    "device", "feature_ms", "inference_ms", "total_ms", "total_p99_ms", "latency_saving", "contended", "emulated",
    "slowed",
)  # fmt: skip
_MARKS = (
    "synthetic", "overstated", "origin", "worse_than_persistence", "on_front", "feasible", "warnings", "message",
    "data", "identity",
)  # fmt: skip


def to_csv(study: Study, trials: Sequence[TrialSummary]) -> str:
    """Return one line for each trial and device it was timed on, figures in plain units; empty was not measured.

    Forecasts have three columns more for each quantity: their error, that of persistence and that of a linear model.
    """
    errors = dict.fromkeys(column for trial in trials for error in trial.errors for column in _error_cells(error))
    text = io.StringIO()
    columns = (*_ABOUT, *errors, *_FIGURES, *_LATENCY, *_MARKS)
    writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
    writer.writerow({column: csv_cell(column) for column in columns})
    front, constraints = front_names(study), study.constraints
    for trial in trials:
        errors_of_it = {column: value for error in trial.errors for column, value in _error_cells(error).items()}
        row = {**asdict(trial), **errors_of_it, **judged(trial, front, constraints)}
        row |= {"state": trial.state.value, "warnings": " ".join(trial.warnings), "data": cells.data_of(study, trial)}
        writer.writerows(_cells({**row, **times}) for times in _times(trial.latencies))
    return text.getvalue()


def _cells(row: dict[str, Any]) -> dict[str, Any]:
    return {column: csv_cell(value) if isinstance(value, str) else value for column, value in row.items()}


def front_names(study: Study) -> set[str]:
    """Return the trials of a study that no other beats in quality, zipped size and total latency at once."""
    return best_of(summary for summary in study.summaries() if summary.state is TrialState.FINISHED)


def is_feasible(trial: TrialSummary, constraints: Constraints) -> bool:
    """Tell whether something is asked of trials, and a trial is all that."""
    return bool(constraints.bounds()) and constraints.met_by(trial)


def judged(trial: TrialSummary, front: set[str], constraints: Constraints) -> dict[str, bool]:
    """Return how a trial stands among the others and against what is asked."""
    return {
        "worse_than_persistence": trial.is_worse_than_persistence,
        "on_front": trial.name in front,
        "feasible": is_feasible(trial, constraints),
    }


def _times(latencies: Iterable[DeviceLatency]) -> Iterator[dict[str, Any]]:
    rows = [{**asdict(latency), "latency_saving": latency.saving} for latency in latencies]
    yield from rows or [{}]


def _error_cells(error: ForecastError) -> dict[str, float]:
    return {
        f"mae {error.name}": error.mae,
        f"persistence {error.name}": error.persistence_mae,
        f"linear {error.name}": error.linear_mae,
    }
