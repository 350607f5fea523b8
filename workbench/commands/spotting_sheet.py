"""What a model made of clips, of a recording and of a microphone, on a page."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.errors import DataError
from core.evaluation.detection import Detection
from core.evaluation.model_form import ModelForm
from core.experiment.clip_classification import ClassifiedClip
from core.experiment.detection_report import DetectionReport
from core.experiment.model_choice import ChosenModel
from workbench import console
from workbench.model_words import form_words
from workbench.number_format import count, duration, milliseconds, percent, three_digits

THRESHOLDS_SHOWN = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MISSED_SHOWN = 8


def clips_document(
    chosen: ChosenModel, form: ModelForm, found: Sequence[tuple[Path, ClassifiedClip]], faults: Sequence[DataError]
) -> dict[str, Any]:
    """Return classified clips as JSON values, with what hindered the others."""
    return {
        "model": str(chosen.path),
        "synthetic": chosen.synthetic,
        "labels": list(chosen.preprocessing.labels),
        "form": form.as_values(),
        "clips": [
            {
                "file": str(path),
                "label": clip.label,
                "probabilities": dict(zip(clip.labels, map(float, clip.probabilities), strict=True)),
                "margin": clip.margin,
                "advice": clip.advice(),
                "start_s": clip.start_s,
                "unlikeness": clip.unlikeness,
                "feature_ms": clip.feature_ms,
                "inference_ms": clip.inference_ms,
                "loudness": {
                    name: value if abs(value) != float("inf") else None for name, value in asdict(clip.loudness).items()
                },
            }
            for path, clip in found
        ],
        "faults": [str(fault) for fault in faults],
    }


def show_clips(chosen: ChosenModel, form: ModelForm, found: Sequence[tuple[Path, ClassifiedClip]]) -> None:
    """Draw classified clips on stdout: a row each, with what would help beneath those where something would."""
    headings: console.Headings = (
        ("clip", "left"),
        ("label", "left"),
        *((label, "right") for label in chosen.preprocessing.labels),
    )
    rows = [(str(path), clip.label, *map(percent, clip.probabilities.tolist())) for path, clip in found]
    console.show_table("Probabilities in %", headings, rows)
    for path, clip in found:
        if not clip.is_flawless:
            console.note(f"{path.name}: {clip.advice()}")
    show_form(form, chosen.preprocessing.labels)
    _show_synthetic(chosen.synthetic)


def show_form(form: ModelForm, labels: Sequence[str]) -> None:
    """Say what is particular about how a model takes sound and gives probabilities."""
    for sentence in form_words(form, labels):
        console.note(f"Model       {sentence}")


def show_report(report: DetectionReport, saved: str) -> None:
    """Draw what came of a long recording on stdout."""
    settings = report.settings
    console.note(f"Recording   {report.wav}, {duration(3600 * report.hours)} ({three_digits(report.hours)} hours)")
    console.note(
        f"Settings    threshold {settings.threshold:g}, averaged over {settings.average_window_ms:g} ms, suppression "
        f"{settings.suppression_ms:g} ms, at least {settings.minimum_count} posteriors, hop {settings.hop_ms:g} ms"
    )
    console.note(
        f"Cost        a hop takes {milliseconds(report.feature_ms)} ms for features and "
        f"{milliseconds(report.inference_ms)} ms for inference"
    )
    if report.num_words is None:
        console.note(f"Found       {_words(len(report.detections))}; what was said is not known (--truth)")
        for detection in report.detections:
            show_fired(detection)
    else:
        _show_errors(report)
    show_form(report.form, report.labels)
    for warning in report.warnings:
        console.note(f"Warning     {warning}")
    if saved:
        console.note(f"Saved       {saved}")
    _show_synthetic(report.synthetic)


def show_fired(detection: Detection) -> None:
    """Draw one detection on stdout."""
    minutes, seconds = divmod(detection.time_s, 60)
    console.note(f"{minutes:3.0f}:{seconds:05.2f}  {detection.label}  {percent(detection.score)} %")


def show_heard(heard: dict[str, Any]) -> None:
    """Draw what listening came to on stdout."""
    console.note(
        f"{_words(heard['num_detections'])} in {duration(heard['seconds'])} from {heard['device']}; a hop took "
        f"{milliseconds(heard['feature_ms'])} ms for features and {milliseconds(heard['inference_ms'])} ms for "
        f"inference, {percent(heard['cpu'])} % of one core in all"
    )
    if heard["dropped_blocks"]:
        console.note(f"{heard['dropped_blocks']} blocks of sound were lost: the machine was too busy.")
    _show_synthetic(heard["synthetic"])


def _words(number: int) -> str:
    return "1 word" if number == 1 else f"{count(number)} words"


def _show_errors(report: DetectionReport) -> None:
    hours = f"over {three_digits(report.hours)} hours"
    delay = report.median_delay_s
    when = "" if delay is None else f", {three_digits(delay)} s after their beginning (median)"
    console.note(
        f"Words       {count(report.num_hits)} of {count(report.num_words)} found: false reject rate "
        f"{percent(report.false_reject_rate)} %{when}"
    )
    console.note(
        f"Mistakes    {count(report.num_false_accepts)} false accepts: "
        f"{three_digits(report.false_accepts_per_hour)} per hour {hours}"
    )
    if report.missed:
        told = ", ".join(f"{word.label} at {duration(word.time_s)}" for word in report.missed[:MISSED_SHOWN])
        more = len(report.missed) - MISSED_SHOWN
        console.note(f"Missed      {told}{f' and {more} more' if more > 0 else ''}")
    headings: console.Headings = (
        ("label", "left"), ("words", "right"), ("found", "right"), ("false accepts", "right"),
    )  # fmt: skip
    rows = [
        (one.label, count(one.num_words), count(one.num_hits), count(one.num_false_accepts)) for one in report.per_label
    ]
    console.note("")
    console.show_table("", headings, rows)
    headings = (("threshold", "right"), (f"false accepts per hour, {hours}", "right"), ("false rejects %", "right"))
    points = [
        (f"{point.threshold:g}", three_digits(point.false_accepts_per_hour), percent(point.false_reject_rate))
        for point in report.det
        if point.threshold in THRESHOLDS_SHOWN
    ]
    console.note("")
    console.show_table("", headings, points)
    console.note("")


def _show_synthetic(synthetic: bool) -> None:  # noqa: FBT001
    if synthetic:
        console.note("Synthetic clips: these figures say little about people's voices.")
