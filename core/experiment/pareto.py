"""The Pareto front: trials that no other trial beats in every objective at once."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from core.datasets.column_names import name_of
from core.experiment.summary import TrialSummary

Point = tuple[float, ...]
Kind = tuple[str, float | None]


@dataclass(frozen=True)
class Objective:
    """A figure of a trial that should be small, or large when `sign` is −1."""

    key: str
    title: str
    unit: str
    sign: int = 1


ACCURACY = Objective("accuracy", "Accuracy", "%", sign=-1)
ZIP_BYTES = Objective("zip_bytes", "Zipped size", "kB")
ERROR = "mae."
TFLITE_BYTES = Objective("tflite_bytes", "Size", "kB")
TOTAL_MS = Objective("total_ms", "Total latency", "ms")


def error_objective(name: str, unit: str) -> Objective:
    """Return the mean absolute error of a forecast quantity, named by its column, as an objective."""
    return Objective(f"{ERROR}{name}", f"{name_of(name)} error", unit)


def quality_objectives(trials: Iterable[TrialSummary]) -> tuple[Objective, ...]:
    """Return what tells how good trials are: accuracy, or the error of every quantity that any of them forecasts."""
    trials = tuple(trials)
    errors = {error.name: error_objective(error.name, error.unit) for trial in trials for error in trial.errors}
    has_accuracy = any(trial.task == "keyword_spotting" for trial in trials) or not trials
    return (*((ACCURACY,) if has_accuracy else ()), *errors.values())


def front(points: Mapping[str, Point], signs: Sequence[int]) -> set[str]:
    """Return the names of the points that no other point dominates.

    A point dominates another when it is no worse in every objective and better in one; equal points do not dominate
    each other. `signs` holds 1 for an objective to be small, −1 for one to be large. A point with a NaN cannot be
    compared and is left out.
    """
    names = np.array([name for name, point in points.items() if not np.isnan(point).any()])
    if not len(names):
        return set()
    costs = np.array([points[name] for name in names]) * np.asarray(signs)
    current = 0
    while current < len(costs):
        cost = costs[current]
        kept = (costs < cost).any(axis=1) | (costs == cost).all(axis=1)
        costs, names = costs[kept], names[kept]
        current = int(kept[:current].sum()) + 1
    return set(names.tolist())


def value_of(trial: TrialSummary, objective: Objective, device: str = "") -> float:
    """Return a trial's figure, NaN where it was not measured (on that device)."""
    if objective.key == "total_ms":
        latency = trial.latency_on(device)
        return latency.total_ms if latency else float("nan")
    if objective.key.startswith(ERROR):
        error = trial.error_of(objective.key.removeprefix(ERROR))
        return error.mae if error else float("nan")
    value = getattr(trial, objective.key)
    return float("nan") if value is None else float(value)


def kind_of(trial: TrialSummary) -> Kind:
    """Return what a trial does: only those of one task, and forecasting equally far, can be compared."""
    return trial.task, trial.horizon_minutes


def front_of(trials: Iterable[TrialSummary], objectives: Sequence[Objective], device: str = "") -> set[str]:
    """Return the names of the finished trials on the front of some objectives, each among those of its kind.

    A trial on every clip is on none: its accuracy is another trial's.
    """
    return set().union(*(_front_among(group, objectives, device) for group in _grouped(trials, kind_of)))


def best_of(trials: Iterable[TrialSummary], costs: Sequence[Objective] = (ZIP_BYTES, TOTAL_MS)) -> set[str]:
    """Return the names of the trials that no other beats in quality and all costs at once.

    Trials of a kind are compared that forecast the same quantities.
    """

    def same_work(trial: TrialSummary) -> tuple[Kind, frozenset[str]]:
        return kind_of(trial), frozenset(error.name for error in trial.errors)

    groups = _grouped(trials, same_work)
    return set().union(*(_front_among(group, (*quality_objectives(group), *costs)) for group in groups))


def _grouped(trials: Iterable[TrialSummary], key: Callable[[TrialSummary], Hashable]) -> list[list[TrialSummary]]:
    groups: dict[Hashable, list[TrialSummary]] = {}
    for trial in trials:
        groups.setdefault(key(trial), []).append(trial)
    return list(groups.values())


def _front_among(trials: Iterable[TrialSummary], objectives: Sequence[Objective], device: str = "") -> set[str]:
    judged = [trial for trial in trials if not trial.origin]
    points = {trial.name: tuple(value_of(trial, objective, device) for objective in objectives) for trial in judged}
    return front(points, [objective.sign for objective in objectives])
