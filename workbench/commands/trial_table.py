"""Trials as a table for eyes, as JSON values and as CSV rows for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from core.experiment.pareto import ACCURACY, TOTAL_MS, ZIP_BYTES, front_of
from core.experiment.store import Study, TrialState, TrialSummary
from workbench import console
from workbench.number_format import NOTHING, count, kilobytes, milliseconds, percent_with_margin
from workbench.trial_facts import MEANINGS, STATE_NAMES, accuracy_marks, latency_marks, title_of

_HEADINGS = (
    ("trial", "left"),
    ("name", "left"),
    ("", "left"),
    ("accuracy %", "right"),
    ("zip kB", "right"),
    ("plain kB", "right"),
    ("parameters", "right"),
    ("feature ms", "right"),
    ("inference ms", "right"),
    ("total ms", "right"),
    ("p99 ms", "right"),
    ("", "left"),
)
_FIGURES = (
    "accuracy", "accuracy_low", "accuracy_high", "num_test_clips", "tflite_bytes", "zip_bytes", "params",
    "nonzero_params", "macs", "peak_ram_bytes",
)  # fmt: skip
_TIMES = (
    "device", "feature_ms", "inference_ms", "total_ms", "total_p99_ms", "saving", "contended", "emulated", "slowed",
)  # fmt: skip
CSV_COLUMNS = (
    "letter", "number", "name", "title", "state", *_FIGURES, *_TIMES, "synthetic", "on_front", "warnings", "message",
)  # fmt: skip


def words(study: Study, name: str) -> str:
    """Return what a trial is called while it runs: its letter and its title."""
    summary = study.summary(name)
    return f"{summary.letter} {summary.title}".rstrip()


def front_names(study: Study) -> set[str]:
    """Return the trials of a study that no other beats in accuracy, zipped size and total latency at once."""
    finished = [summary for summary in study.summaries() if summary.state is TrialState.FINISHED]
    return front_of(finished, (ACCURACY, ZIP_BYTES, TOTAL_MS))


def as_document(study: Study, summaries: Sequence[TrialSummary]) -> dict[str, Any]:
    """Return trials with the study they belong to, as JSON values."""
    front = front_names(study)
    return {
        "study": study.name,
        "folder": str(study.folder.resolve()),
        "reference": study.reference,
        "synthetic": any(summary.synthetic for summary in summaries),
        "trials": [{**asdict(summary), "on_front": summary.name in front} for summary in summaries],
    }


def as_rows(study: Study, summaries: Sequence[TrialSummary]) -> list[dict[str, Any]]:
    """Return trials flat, one row each, with the latencies of the device first measured."""
    front = front_names(study)
    rows = []
    for summary in summaries:
        latency = summary.latency_on()
        times = {name: value for name, value in asdict(latency).items() if name in _TIMES} if latency else {}
        row = {**asdict(summary), **times, "on_front": summary.name in front}
        rows.append({**row, "warnings": " ".join(summary.warnings), "state": summary.state.value})
    return rows


def show(study: Study, summaries: Sequence[TrialSummary]) -> None:
    """Draw trials on stdout, with the marks of truth explained beneath."""
    front = front_names(study)
    console.show_table(study.name, _HEADINGS, [_cells(summary, front) for summary in summaries])
    marks = "".join(accuracy_marks(summary) + latency_marks(summary.latency_on()) for summary in summaries)
    notes = [f"{mark} {meaning}" for mark, meaning in MEANINGS.items() if mark in marks]
    if any(summary.name in front for summary in summaries):
        notes.insert(0, "● not beaten in accuracy, zipped size and total latency at once")
    for note in notes:
        console.note(note)


def _cells(summary: TrialSummary, front: set[str]) -> list[str]:
    latency = summary.latency_on()
    if summary.state is not TrialState.FINISHED:
        said = f"{STATE_NAMES[summary.state].lower()}{': ' + summary.message if summary.message else ''}"
        return [summary.letter, title_of(summary), "", *([NOTHING] * 8), said]
    times = (
        (latency.feature_ms, latency.inference_ms, latency.total_ms, latency.total_p99_ms) if latency else [None] * 4
    )
    accuracy = percent_with_margin(summary.accuracy, summary.accuracy_low, summary.accuracy_high)
    return [
        summary.letter,
        title_of(summary),
        "●" if summary.name in front else "",
        accuracy + accuracy_marks(summary),
        kilobytes(summary.zip_bytes),
        kilobytes(summary.tflite_bytes),
        count(summary.params),
        *(milliseconds(time_ms) + latency_marks(latency) for time_ms in times),
        "",
    ]
