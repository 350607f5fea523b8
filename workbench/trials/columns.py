"""The columns of the trials table: each with its heading and unit, its text, and what it sorts by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.experiment.store import DeviceLatency, TrialState, TrialSummary
from workbench import number_format
from workbench.trials.facts import STATE_NAMES, accuracy_marks, latency_marks, title_of

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


def _size(name: str, heading: str, meaning: str, attribute: str) -> Column:
    return Column(
        name,
        heading,
        f"{meaning}; kB are 1024 bytes",
        76,
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
        "letter", "", "Sign and letter of the trial, the same in the charts", 62,
        lambda trial, _: trial.letter, lambda trial, _: trial.number, is_figure=False,
    ),
    Column(
        "name", "Name", "F2 renames", 172,
        lambda trial, _: title_of(trial), lambda trial, _: title_of(trial).lower(), is_figure=False,
    ),
    Column(
        "state", "State", "Where the trial stands", 96,
        lambda trial, _: STATE_NAMES[trial.state], lambda trial, _: STATE_ORDER[trial.state], is_figure=False,
    ),
    Column(
        "accuracy", "Accuracy, %", "Of the deployed file on the test part, with its Wilson 95 % margin", 106,
        _accuracy_text, lambda trial, _: trial.accuracy,
    ),
    _size("zip", "zip, kB", "Size of the deployed file, zipped", "zip_bytes"),
    _size("plain", "Plain, kB", "Size of the deployed file", "tflite_bytes"),
    _time("feature", "Feature, ms", "Time to compute the features of one clip", "feature_ms", 96),
    _time("inference", "Inference, ms", "Time of the network alone", "inference_ms", 106),
    _time("total", "Total, ms", "Time from clip to answer, measured as a whole", "total_ms", 82),
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
    _size("ram", "RAM, kB", "Tensor memory of the interpreter", "peak_ram_bytes"),
)  # fmt: skip
NAMES = tuple(column.name for column in COLUMNS)
