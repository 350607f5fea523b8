"""How good a file is, on a page: accuracy with labels and confusion, or errors of forecasts beside their baselines."""

from dataclasses import asdict
from typing import Any

from core.datasets.column_names import name_of
from core.datasets.time_texts import timespan
from core.experiment.marks import MEANINGS, WORSE
from core.results import Classification, Errors, Forecast, Quality, QuantityErrors
from core.tasks.judgement import Judgement
from workbench import console
from workbench.model_words import form_words, in_alphabetical_order
from workbench.number_format import accuracy_in_words, balance_in_words, count, percent, three_digits


def as_document(quality: Quality) -> dict[str, Any]:
    """Return a judgement as JSON values, what is computed from its counts included."""
    if isinstance(quality, Forecast):
        return {**quality.model_dump(mode="json"), "errors": [_in_short(found) for found in quality.quantities]}
    low, high = quality.interval
    figures = {
        "accuracy": quality.accuracy, "accuracy_low": low, "accuracy_high": high, **beside_accuracy(quality),
    }  # fmt: skip
    return {**figures, "num_clips": quality.num_clips, **quality.model_dump(mode="json")}


def beside_accuracy(quality: Quality) -> dict[str, Any]:
    """Return, as JSON values, what an accuracy must be read beside: nothing of a forecast."""
    if isinstance(quality, Forecast):
        return {}
    return {
        "balanced_accuracy": quality.balanced_accuracy,
        "largest_label": quality.largest_label,
        "largest_share": quality.largest_share,
    }


def show(quality: Quality, synthetic: bool) -> None:  # noqa: FBT001
    """Draw a judgement on stdout; `synthetic` clips are said beside the accuracy."""
    if isinstance(quality, Forecast):
        _show_forecast(quality, "of the test part")
        return
    spoken = " on synthetic clips" if synthetic else ""
    console.note(f"Accuracy    {accuracy_in_words(quality.num_right, quality.num_clips)}{spoken}")
    console.note(f"Balance     {balance_in_words(quality)}")
    _show_labels(quality)
    _show_confusion(quality)


def judged_document(judged: Judgement) -> dict[str, Any]:
    """Return a judgement of any file as JSON values, with the part it was judged on and how it was fed and read."""
    return {
        **as_document(judged.quality),
        "part": judged.part,
        "num_found": judged.num_found,
        "form": judged.form.as_values(),
        "scaled_by": judged.scaled_by,
        "labels_by": judged.labels_by,
        "warnings": list(judged.warnings),
        "linear_of": judged.linear_of,
        "hints": [asdict(hint) for hint in judged.hints],
    }


def show_judged(judged: Judgement, synthetic: bool) -> None:  # noqa: FBT001
    """Draw a judgement of any file on stdout."""
    if isinstance(judged.quality, Forecast):
        _show_forecast(judged.quality, "of the test part" if judged.part == "test" else "of the whole table")
    else:
        show(judged.quality, synthetic)
    console.note("")
    if isinstance(judged.quality, Forecast):
        _show_what_was_judged(judged)
    elif judged.part == "all":
        console.note(f"Judged      all {count(judged.num_found)} clips that can be read")
    else:
        num_clips = count(judged.quality.num_clips)
        console.note(
            f"Judged      {num_clips} of {count(judged.num_found)} clips: the test part; --all judges every one"
        )
    for sentence in (*form_words(judged.form, _labels(judged.quality)), *_guesses(judged)):
        console.note(f"Model       {sentence}")
    for warning in judged.warnings:
        console.note(f"Warning     {warning}")


def _show_what_was_judged(judged: Judgement) -> None:
    if judged.part == "test":
        console.note(f"Judged      the test part of the table, of {count(judged.num_found)} windows in all")
    else:
        console.note(f"Judged      all {count(judged.num_found)} windows of the table without a gap")
    if judged.linear_of == "training":
        console.note("Baseline    the linear model is that of the trial's own training, not fitted to this table")
    elif judged.linear_of == "nothing":
        console.note(
            "Baseline    there is no linear model of its own training: none is kept with the file, and the table of "
            "its training is not there as it was"
        )
    for hint in judged.hints:
        console.note(
            f"Hint        {hint.name} is forecast worse ({three_digits(hint.mae)} {hint.unit}) than by always saying "
            f"its mean ({three_digits(hint.mae_of_mean)}); the model seems to want standardized values: give the mean "
            "and deviation of each column (--input-mean, --input-deviation)"
        )


def _labels(quality: Quality) -> tuple[str, ...]:
    return () if isinstance(quality, Forecast) else quality.labels


def _guesses(judged: Judgement) -> list[str]:
    said = []
    if judged.labels_by == "data":
        said.append(in_alphabetical_order(_labels(judged.quality)))
    if judged.scaled_by == "data":
        said.append(
            "No mean and deviation are kept beside it, so its features were standardized by those of these clips; put "
            "the preprocessing.json of its training beside it for a true figure."
        )
    return said


def error_in_words(found: QuantityErrors) -> str:
    """Return the error of a quantity against persistence: "0.540 °C, 26.7 % less than persistence (0.737)"."""
    mark = f" {WORSE}" if found.is_worse_than_persistence else ""
    if found.gain is None:
        return f"{three_digits(found.file.mae)} {found.unit}{mark}, where nothing changes and persistence is right"
    share = f"{percent(abs(found.gain))} % {'less' if found.gain >= 0 else 'more'} than persistence"
    return f"{three_digits(found.file.mae)} {found.unit}{mark}, {share} ({three_digits(found.persistence.mae)})"


def _in_short(found: QuantityErrors) -> dict[str, Any]:
    return {
        "name": found.name,
        "unit": found.unit,
        "mae": found.file.mae,
        "persistence_mae": found.persistence.mae,
        "linear_mae": found.linear.mae if found.linear else None,
        "gain": found.gain,
        "worse_than_persistence": found.is_worse_than_persistence,
    }


def _show_forecast(quality: Forecast, where: str) -> None:
    for found in quality.quantities:
        linear = f", linear model {three_digits(found.linear.mae)}" if found.linear else ""
        console.note(f"{name_of(found.name):<11} {error_in_words(found)}{linear}")
    console.note(f"Windows     {count(quality.num_windows)} {where}")
    if quality.worse_than_persistence:
        console.note(f"{WORSE} {MEANINGS[WORSE]}")
    _show_horizons(quality)
    _show_hours(quality)


def _show_horizons(quality: Forecast) -> None:
    rows = [
        (
            timespan(60 * (place + 1) * quality.step_minutes),
            *(three_digits(rival.by_horizon[place]) for rival in _rivals(quality)),
        )
        for place in range(len(quality.quantities[0].file.by_horizon))
    ]
    console.note("")
    console.show_table("Mean absolute error", [("ahead", "right"), *_rival_headings(quality)], rows)


def _show_hours(quality: Forecast) -> None:
    rows = [
        (f"{hour:02}:00", *(three_digits(rival.by_hour[hour]) for rival in _rivals(quality)))
        for hour in range(24)
        if any(found.file.by_hour[hour] is not None for found in quality.quantities)
    ]
    console.note("")
    console.show_table("By hour of the day", [("from", "right"), *_rival_headings(quality)], rows)


def _rivals(quality: Forecast) -> list[Errors]:
    return [rival for found in quality.quantities for rival in found.rivals]


def _rival_headings(quality: Forecast) -> list[tuple[str, console.Side]]:
    headings: list[tuple[str, console.Side]] = []
    for found in quality.quantities:
        names = (f"{name_of(found.name)} {found.unit}", "persistence", "linear")
        headings += [(name, "right") for name in names[: len(found.rivals)]]
    return headings


def _show_labels(quality: Classification) -> None:
    rows = [
        (score.label, count(score.num_clips), percent(score.precision), percent(score.recall))
        for score in quality.per_label
    ]
    headings: console.Headings = (
        ("label", "left"), ("clips", "right"), ("precision %", "right"), ("recall %", "right"),
    )  # fmt: skip
    console.note("")
    console.show_table("", headings, rows)


def _show_confusion(quality: Classification) -> None:
    headings: console.Headings = (("true \\ predicted", "left"), *((label, "right") for label in quality.labels))
    rows = [(label, *map(str, row)) for label, row in zip(quality.labels, quality.confusion, strict=True)]
    console.note("")
    console.show_table("", headings, rows)
