"""Trials as a table for eyes and as JSON values for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.datasets.column_names import name_of
from core.datasets.time_texts import timespan
from core.experiment.baselines import Baseline, baselines_of
from core.experiment.marks import MEANINGS, WORSE, accuracy_marks, latency_marks
from core.experiment.report import front_names, is_feasible, judged
from core.experiment.store import Constraints, Study, TrialState, TrialSummary
from core.experiment.summary import ForecastError
from workbench import console
from workbench.number_format import NOTHING, count, kilobytes, milliseconds, percent, percent_with_margin, three_digits
from workbench.trials.facts import STATE_NAMES, limits_of, title_of

_SPARED = ("p99 ms", "feature ms", "window ms", "inference ms", "plain kB", "parameters", "gain %")
"""Columns that a narrow terminal does without, the first to go first."""
ON_FRONT, FEASIBLE = "●", "✓"


def words(study: Study, name: str) -> str:
    """Return what a trial is called while it runs: its letter and its title."""
    summary = study.summary(name)
    return f"{summary.letter} {summary.title}".rstrip()


def as_document(study: Study, summaries: Sequence[TrialSummary]) -> dict[str, Any]:
    """Return trials with the study they belong to, as JSON values."""
    front, constraints = front_names(study), study.constraints
    return {
        "study": study.name,
        "folder": str(study.folder.resolve()),
        "reference": study.reference,
        "constraints": constraints.bounds(),
        "synthetic": any(summary.synthetic for summary in summaries),
        "baselines": [_baseline_values(baseline) for baseline in baselines_of(summaries)],
        "trials": [{**as_values(summary), **judged(summary, front, constraints)} for summary in summaries],
    }


def as_values(summary: TrialSummary) -> dict[str, Any]:
    """Return a trial as JSON values, with what its errors come to beside persistence."""
    return {**asdict(summary), "errors": [_error_values(error) for error in summary.errors]}


def show(study: Study, summaries: Sequence[TrialSummary]) -> None:
    """Draw trials on stdout, with the marks of truth explained beneath."""
    front, constraints = front_names(study), study.constraints
    quantities = {error.name: error for summary in summaries for error in summary.errors}
    has_accuracy = any(summary.task == "keyword_spotting" for summary in summaries)
    input_part = "feature ms" if has_accuracy else "window ms"
    headings: list[tuple[str, console.Side]] = [("trial", "left"), ("name", "left"), ("", "left")]
    headings += [("accuracy %", "right")] * has_accuracy
    for name, error in quantities.items():
        headings += [(f"{name_of(name)} {error.unit}", "right"), ("gain %", "right")]
    headings += [
        (text, "right")
        for text in ("zip kB", "plain kB", "parameters", input_part, "inference ms", "total ms", "p99 ms")
    ]
    headings.append(("", "left"))
    rows = []
    for summary in summaries:
        signs = (ON_FRONT if summary.name in front else "") + (FEASIBLE if is_feasible(summary, constraints) else "")
        quality = [_accuracy(summary)] * has_accuracy
        for name in quantities:
            quality += _error(summary.error_of(name))
        rows.append(_cells(summary, signs, quality))
    for baseline in baselines_of(summaries):
        quality = [""] * has_accuracy
        for name in quantities:
            quality += _error_of_baseline(baseline.error_of(name))
        rows.append(["", f"{baseline.title}, {timespan(60 * baseline.horizon_minutes)} ahead", "", *quality, *[""] * 8])
    console.show_table(study.name, headings, rows, spared=_SPARED)
    _show_notes(summaries, front, constraints)


def _show_notes(summaries: Sequence[TrialSummary], front: set[str], constraints: Constraints) -> None:
    marks = "".join(accuracy_marks(summary) + latency_marks(summary.latency_on()) for summary in summaries)
    notes = [f"{mark} {meaning}" for mark, meaning in MEANINGS.items() if mark in marks]
    limits = [limit.words for limit in limits_of(summaries[0], constraints)] if summaries else []
    if any(is_feasible(summary, constraints) for summary in summaries):
        notes.insert(0, f"{FEASIBLE} meets the constraints of the study: {', '.join(limits)}")
    elif limits and any(summary.state is TrialState.FINISHED for summary in summaries):
        notes.insert(0, f"None of them meets all constraints of the study: {', '.join(limits)}")
    if any(summary.name in front for summary in summaries):
        notes.insert(0, f"{ON_FRONT} not beaten in quality, zipped size and total latency at once")
    if any(summary.errors for summary in summaries):
        notes.append("Errors are mean absolute ones over all horizons; gain: how much less than that of persistence.")
    for note in notes:
        console.note(note)


def _cells(summary: TrialSummary, signs: str, quality: Sequence[str]) -> list[str]:
    latency = summary.latency_on()
    if summary.state is not TrialState.FINISHED:
        said = f"{STATE_NAMES[summary.state].lower()}{': ' + summary.message if summary.message else ''}"
        return [summary.letter, title_of(summary), "", *([NOTHING] * (len(quality) + 7)), said]
    times = (
        (latency.feature_ms, latency.inference_ms, latency.total_ms, latency.total_p99_ms) if latency else [None] * 4
    )
    return [
        summary.letter,
        title_of(summary),
        signs,
        *quality,
        kilobytes(summary.zip_bytes),
        kilobytes(summary.tflite_bytes),
        count(summary.params),
        *(milliseconds(time_ms) + latency_marks(latency) for time_ms in times),
        "",
    ]


def _accuracy(summary: TrialSummary) -> str:
    accuracy = percent_with_margin(summary.accuracy, summary.accuracy_low, summary.accuracy_high)
    return accuracy + (accuracy_marks(summary) if summary.accuracy is not None else "")


def _error(error: ForecastError | None) -> tuple[str, str]:
    if error is None:
        return NOTHING, NOTHING
    return three_digits(error.mae) + (WORSE if error.is_worse_than_persistence else ""), percent(error.gain)


def _error_of_baseline(error: ForecastError | None) -> tuple[str, str]:
    return ("", "") if error is None else (three_digits(error.mae), percent(error.gain))


def _error_values(error: ForecastError) -> dict[str, Any]:
    return {**asdict(error), "gain": error.gain, "worse_than_persistence": error.is_worse_than_persistence}


def _baseline_values(baseline: Baseline) -> dict[str, Any]:
    errors = [
        {"name": error.name, "unit": error.unit, "mae": error.mae, "gain": error.gain} for error in baseline.errors
    ]
    return {**asdict(baseline), "errors": errors}
