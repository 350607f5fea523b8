"""Trials as points of a chart: how good they are over one quantity, which form the front, which are hollow."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.experiment.marks import latency_marks, quality_marks
from core.experiment.pareto import (
    ACCURACY,
    ERROR,
    TFLITE_BYTES,
    TOTAL_MS,
    ZIP_BYTES,
    Kind,
    Objective,
    front,
    kind_of,
    value_of,
)
from core.experiment.store import TrialState, TrialSummary
from workbench.number_format import BYTES_PER_KB


@dataclass(frozen=True)
class Quantity:
    """What lies on a chart's horizontal axis, always logarithmic."""

    objective: Objective
    title: str
    unit: str
    divisor: float
    """Turns the objective's own unit into the axis's."""
    limit: str
    """Field of Constraints that bounds it; empty where none does."""


ZIP_SIZE = Quantity(ZIP_BYTES, "zip size", "kB", BYTES_PER_KB, "zip_bytes_max")
PLAIN_SIZE = Quantity(TFLITE_BYTES, "plain size", "kB", BYTES_PER_KB, "")
TOTAL_LATENCY = Quantity(TOTAL_MS, "total latency", "ms", 1, "total_ms_max")


@dataclass(frozen=True)
class Rating:
    """What lies on a chart's vertical axis: how good a trial is, up or down as the objective's sign says."""

    objective: Objective
    title: str
    unit: str
    factor: float
    """Turns the objective's own unit into the axis's."""
    limit: str
    """The constraint that bounds it, named as in `Constraints.bounds`."""

    @property
    def column(self) -> str:
        """The quantity whose forecasts are rated; empty where words are."""
        return self.objective.key.removeprefix(ERROR) if self.objective.key.startswith(ERROR) else ""


ACCURACY_RATING = Rating(ACCURACY, "accuracy", "%", 100, "accuracy_min")
UNKNOWN_ERROR = Rating(Objective(ERROR, "error", ""), "error", "", 1, "")
"""Stands on a chart of forecasts until the first of them is judged."""


def rating_of(objective: Objective) -> Rating:
    """Return how trials are rated by accuracy, or by the error of a quantity they forecast."""
    if objective == ACCURACY:
        return ACCURACY_RATING
    column = objective.key.removeprefix(ERROR)
    return Rating(objective, objective.title, objective.unit, 1, f"mae_max.{column}")


@dataclass(frozen=True)
class TrialPoints:
    """Points of one chart. `x` is log10 of the quantity, `y` the rating, both in the unit of their axis."""

    names: tuple[str, ...]
    numbers: np.ndarray
    letters: tuple[str, ...]
    marks: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    hollow: np.ndarray
    """True where the trial still runs: validation accuracy so far over the estimated size."""
    on_front: np.ndarray
    """Of those of its kind."""
    kinds: np.ndarray
    """Number of the kind of each trial: those that forecast equally far are of one."""

    @cached_property
    def positions(self) -> dict[str, int]:
        """Position of each trial by name."""
        return {name: index for index, name in enumerate(self.names)}


NO_POINTS = TrialPoints(
    (), np.empty(0, int), (), (), np.empty(0), np.empty(0), np.empty(0, bool), np.empty(0, bool), np.empty(0, int)
)

Row = tuple[str, int, str, str, float, float, bool, bool, Kind]
"""Name, number, letter, marks, place across and up, whether hollow, whether its quality is its own, and its kind."""


class PointCollector:
    """Makes points of trials and keeps them: of 5,000 trials one changed, as a rule."""

    def __init__(self, quantity: Quantity, device: str = "", rating: Rating = ACCURACY_RATING) -> None:
        self.quantity, self.device, self.rating = quantity, device, rating
        self._rows: dict[str, Row] = {}
        self._points: TrialPoints | None = NO_POINTS

    def take(self, changed: Mapping[str, TrialSummary | None], estimates: Mapping[str, float] | None = None) -> None:
        """Take over trials that have both figures; None stands for one that is gone.

        `estimates` gives running ones a figure, in the axis's unit.
        """
        for name, trial in changed.items():
            row = None if trial is None else self._measured(trial)
            if row is None and trial is not None and estimates:
                row = self._expected(trial, estimates.get(name, 0))
            if row != self._rows.get(name):
                self._points = None
                if row is None:
                    del self._rows[name]
                else:
                    self._rows[name] = row

    @property
    def points(self) -> TrialPoints:
        """The points of all trials taken over; the same object until one of them changes."""
        if self._points is None:
            self._points = _as_points(self._rows, self.rating.objective.sign)
        return self._points

    def _measured(self, trial: TrialSummary) -> Row | None:
        value = value_of(trial, self.quantity.objective, self.device) / self.quantity.divisor
        rated = self.rating.factor * value_of(trial, self.rating.objective, self.device)
        if math.isnan(rated) or not value > 0:
            return None
        timed = latency_marks(trial.latency_on(self.device)) if self.quantity is TOTAL_LATENCY else ""
        marks = quality_marks(trial, self.rating.column) + timed
        place = math.log10(value), rated
        return trial.name, trial.number, trial.letter, marks, *place, False, not trial.origin, kind_of(trial)

    def _expected(self, trial: TrialSummary, value: float) -> Row | None:
        known = self.rating is ACCURACY_RATING and trial.validation_accuracy is not None
        if trial.state is not TrialState.RUNNING or not known or not value > 0:
            return None
        rated = 100 * trial.validation_accuracy
        return trial.name, trial.number, trial.letter, "", math.log10(value), rated, True, True, kind_of(trial)


def _as_points(rows: Mapping[str, Row], sign: int) -> TrialPoints:
    if not rows:
        return NO_POINTS
    names, numbers, letters, marks, x, y, hollow, own, kinds = zip(*rows.values(), strict=True)
    across, up, empty = np.array(x), np.array(y), np.array(hollow)
    judged = np.array(own) & ~empty
    place = {kind: number for number, kind in enumerate(dict.fromkeys(kinds))}
    alike = np.array([place[kind] for kind in kinds])
    on_front = np.zeros(len(names), bool)
    for number in place.values():
        on_front |= _on_front(names, across, -sign * up, judged & (alike == number))
    return TrialPoints(names, np.array(numbers), letters, marks, across, up, empty, on_front, alike)


def _on_front(names: tuple[str, ...], x: np.ndarray, y: np.ndarray, measured: np.ndarray) -> np.ndarray:
    """Tell which points no other one dominates: small x, large y."""
    # What lies below the best of everything further left cannot be on the front; few are left to be compared.
    order = np.argsort(x, kind="stable")
    reached = np.maximum.accumulate(np.where(measured, y, -np.inf)[order])
    hopeful = order[(y[order] >= reached) & measured[order]]
    best = front({names[index]: (x[index], y[index]) for index in hopeful}, (1, -1))
    found = np.zeros(len(names), bool)
    found[[index for index in hopeful if names[index] in best]] = True
    return found
