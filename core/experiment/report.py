"""Studies as tables: Markdown to read, CSV to compute with."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from core.experiment import report_cells as cells
from core.experiment.baselines import baselines_of
from core.experiment.store import DeviceLatency, Study, TrialState, TrialSummary

COLUMNS = (
    "trial",
    "title",
    "state",
    "accuracy",
    "accuracy_low",
    "accuracy_high",
    "num_test_clips",
    "num_test_windows",
    "horizon_minutes",
    "tflite_bytes",
    "zip_bytes",
    "params",
    "nonzero_params",
    "macs",
    "peak_ram_bytes",
    "device",
    "feature_ms",
    "inference_ms",
    "total_ms",
    "total_p99_ms",
    "latency_saving",
    "contended",
    "emulated",
    "slowed",
    "synthetic",
    "data",
    "identity",
    "folder",
    "message",
)


def to_csv(trials: Iterable[TrialSummary], study: Study | None = None) -> str:
    """Return one line per trial and device, figures in plain units; an empty cell was not measured.

    Forecasts have three columns more for each quantity: their error, that of persistence and that of a linear model.
    """
    trials = tuple(trials)
    quantities = dict.fromkeys(error.name for trial in trials for error in trial.errors)
    errors = [f"{what} {name}" for name in quantities for what in ("mae", "persistence", "linear")]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*COLUMNS, *errors], lineterminator="\n")
    writer.writeheader()
    for trial in trials:
        writer.writerows(_rows(trial, study))
    return text.getvalue()


def to_markdown(study: Study) -> str:
    """Return the study as a Markdown table, one row per trial and device."""
    head = (
        "",
        "trial",
        "quality",
        "tested on",
        "zip kB",
        "plain kB",
        "parameters",
        "feature ms",
        "inference ms",
        "total ms",
        "saved",
        "device",
        "data",
    )
    rows = []
    for trial in study.summaries():
        data = cells.data_of(study, trial)
        if trial.state is not TrialState.FINISHED:
            rows.append([trial.letter, trial.title, trial.state.value, *[""] * 9, data])
            continue
        for latency in trial.latencies:
            mark = cells.CONTENDED_MARK if latency.contended else ""
            rows.append(
                [
                    trial.letter,
                    trial.title,
                    cells.errors(trial) if trial.errors else cells.accuracy(trial),
                    cells.tested_on(trial),
                    cells.kilobytes(trial.zip_bytes),
                    cells.kilobytes(trial.tflite_bytes),
                    f"{trial.params:,}",
                    cells.milliseconds(latency.feature_ms),
                    cells.milliseconds(latency.inference_ms),
                    cells.milliseconds(latency.total_ms) + mark,
                    "" if latency.saving is None else cells.percent(latency.saving),
                    latency.device + _marks(latency),
                    data,
                ]
            )
    trials = study.summaries()
    rows += [["", *row, *[""] * 9] for row in _baseline_rows(trials)]
    notes = ["Quality of the `.tflite` file on the test part; kB = 1024 bytes."]
    if any(trial.accuracy is not None for trial in trials):
        notes.append("Accuracy: ± half of the 95 % interval.")
    if any(trial.errors for trial in trials):
        notes.append(f"{cells.ERRORS_NOTE}; {cells.WORSE_MARK} worse than persistence.")
    if any(latency.contended for trial in study.summaries() for latency in trial.latencies):
        notes.append(f"{cells.CONTENDED_MARK} measured while other trials were training: too high.")
    return f"# {study.name}\n\n{cells.table(head, rows)}\n" + "\n".join(notes) + "\n"


def _baseline_rows(trials: Iterable[TrialSummary]) -> list[list[str]]:
    """Return what any model must beat: title, errors and what they were tested on."""
    rows = []
    for baseline in baselines_of(trials):
        title = f"{baseline.title}, {baseline.horizon_minutes:g} min ahead"
        rows.append([title, cells.errors(baseline), f"{baseline.num_test_windows:,} test windows"])
    return rows


def _rows(trial: TrialSummary, study: Study | None) -> list[dict[str, Any]]:
    same = {name: getattr(trial, name) for name in COLUMNS if hasattr(trial, name)}
    same |= {"trial": trial.letter, "state": trial.state.value, "folder": trial.name}
    same |= {"data": cells.data_of(study, trial)} if study is not None else {}
    for error in trial.errors:
        same |= {f"mae {error.name}": error.mae, f"persistence {error.name}": error.persistence_mae}
        same |= {f"linear {error.name}": error.linear_mae}
    shown = {name: "" if value is None else value for name, value in same.items()}
    return [
        shown
        | {
            "device": latency.device,
            "feature_ms": latency.feature_ms,
            "inference_ms": latency.inference_ms,
            "total_ms": latency.total_ms,
            "total_p99_ms": latency.total_p99_ms,
            "latency_saving": "" if latency.saving is None else latency.saving,
            "contended": latency.contended,
            "emulated": latency.emulated,
            "slowed": latency.slowed,
        }
        for latency in trial.latencies
    ] or [shown]


def _marks(latency: DeviceLatency) -> str:
    return (" (emulated)" if latency.emulated else "") + (" (throttled)" if latency.slowed else "")
