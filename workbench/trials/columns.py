"""The columns of the trials table: each with its heading and unit, its text, and what it sorts by."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.datasets.column_names import name_of
from core.experiment.marks import accuracy_marks, latency_marks, quality_marks
from core.experiment.store import DeviceLatency, TrialState, TrialSummary
from workbench import number_format
from workbench.trials.facts import STATE_NAMES, title_of

Latency = DeviceLatency | None
STATE_ORDER = {state: index for index, state in enumerate(TrialState)}


@dataclass(frozen=True)
class Column:
    """One column. `text` and `key` take the trial and its latency on the device shown; a key of None sorts last."""

    name: str
    heading: str
    meaning: str
    width: int
    text: Callable[[TrialSummary, Latency], str]
    key: Callable[[TrialSummary, Latency], Any]
    is_figure: bool = True


def _size(name: str, heading: str, meaning: str, attribute: str, width: int) -> Column:
    return Column(
        name,
        heading,
        f"{meaning}; kB are 1024 bytes",
        width,
        lambda trial, _: _blank(getattr(trial, attribute), number_format.kilobytes),
        lambda trial, _: getattr(trial, attribute),
    )


def _count(name: str, heading: str, meaning: str, attribute: str) -> Column:
    return Column(
        name,
        heading,
        meaning,
        86,
        lambda trial, _: _blank(getattr(trial, attribute), number_format.count),
        lambda trial, _: getattr(trial, attribute),
    )


def _time(name: str, heading: str, meaning: str, attribute: str, width: int) -> Column:
    def text(_trial: TrialSummary, latency: Latency) -> str:
        return number_format.milliseconds(getattr(latency, attribute)) + latency_marks(latency) if latency else ""

    return Column(
        name,
        heading,
        f"{meaning}: median at batch 1",
        width,
        text,
        lambda _, latency: getattr(latency, attribute) if latency else None,
    )


def _blank(value: Any, write: Callable[[Any], str]) -> str:
    return "" if value is None else write(value)


def _accuracy_text(trial: TrialSummary, _latency: Latency) -> str:
    if trial.accuracy is None:
        return ""
    words = number_format.percent_with_margin(trial.accuracy, trial.accuracy_low, trial.accuracy_high)
    return words + accuracy_marks(trial)


def _saving(_trial: TrialSummary, latency: Latency) -> float | None:
    return latency.saving if latency else None


COLUMNS = (
    Column(
        "letter", "", "Sign and letter of the trial, the same in the charts", 58,
        lambda trial, _: trial.letter, lambda trial, _: trial.number, is_figure=False,
    ),
    Column(
        "name", "Name", "F2 renames", 148,
        lambda trial, _: title_of(trial), lambda trial, _: title_of(trial).lower(), is_figure=False,
    ),
    Column(
        "state", "State", "Where the trial stands", 92,
        lambda trial, _: STATE_NAMES[trial.state], lambda trial, _: STATE_ORDER[trial.state], is_figure=False,
    ),
    Column(
        "accuracy", "Accuracy, %", "Of the deployed file on the test part, with its Wilson 95 % margin", 104,
        _accuracy_text, lambda trial, _: trial.accuracy,
    ),
    _size("zip", "Zip, kB", "Size of the deployed file, zipped", "zip_bytes", 64),
    _size("plain", "Plain, kB", "Size of the deployed file", "tflite_bytes", 74),
    _time("feature", "Feature, ms", "Time to compute the features of one clip", "feature_ms", 90),
    _time("inference", "Inference, ms", "Time of the network alone", "inference_ms", 102),
    _time("total", "Total, ms", "Time from clip to answer, measured as a whole", "total_ms", 76),
    Column(
        "saving", "Saving, %", "Total latency saved against the reference trial, timed beside it in one session", 92,
        lambda trial, latency: _blank(_saving(trial, latency), number_format.percent), _saving,
    ),
    _count("params", "Params", "Parameters of the network", "params"),
    _count("nonzero", "Non-zero", "Parameters that pruning left", "nonzero_params"),
    Column(
        "macs", "MACs, M", "Multiply-accumulates for one clip, in millions", 80,
        lambda trial, _: _blank(trial.macs, number_format.millions), lambda trial, _: trial.macs,
    ),
    _size("ram", "RAM, kB", "Tensor memory of the interpreter", "peak_ram_bytes", 76),
)  # fmt: skip
NAMES = tuple(column.name for column in COLUMNS)

_OF_FORECASTS = {
    "feature": _time("feature", "Input, ms", "Time to take the latest values up", "feature_ms", 82),
    "total": _time("total", "Total, ms", "Time from latest values to forecast, measured as a whole", "total_ms", 82),
    "macs": _count("macs", "MACs", "Multiply-accumulates for one forecast", "macs"),
}
"""What columns that clips have mean where nothing hears."""


def columns_for(trials: Iterable[TrialSummary]) -> tuple[Column, ...]:
    """Return the columns that trials fill: accuracy where they tell words, the error of each quantity forecast."""
    trials = tuple(trials)
    errors = dict.fromkeys((error.name, error.unit) for trial in trials for error in trial.errors)
    hears = not trials or any(trial.task == "keyword_spotting" for trial in trials)
    found: list[Column] = []
    for column in COLUMNS:
        if column.name != "accuracy":
            found.append(column if hears else _OF_FORECASTS.get(column.name, column))
            continue
        if hears:
            found.append(column)
        found += [_error(name, unit) for name, unit in errors]
    return tuple(found)


def _error(name: str, unit: str) -> Column:
    def text(trial: TrialSummary, _latency: Latency) -> str:
        error = trial.error_of(name)
        return number_format.three_digits(error.mae) + quality_marks(trial, name) if error else ""

    def key(trial: TrialSummary, _latency: Latency) -> float | None:
        error = trial.error_of(name)
        return error.mae if error else None

    heading = f"{name_of(name)} error, {unit}" if unit else f"{name_of(name)} error"
    meaning = f"Mean absolute error of forecasts of {name} over all horizons, of the deployed file on the test part"
    return Column(f"mae.{name}", heading, meaning, 104, text, key)
