"""Trials as points of a chart: accuracy over one quantity, which of them form the front, which are hollow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from core.experiment.pareto import ACCURACY, TFLITE_BYTES, TOTAL_MS, ZIP_BYTES, Objective, front, value_of
from core.experiment.store import TrialState, TrialSummary
from workbench.number_format import BYTES_PER_KB
from workbench.trial_facts import accuracy_marks, latency_marks


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
class TrialPoints:
    """Points of one chart. `x` is log10 of the quantity in the axis's unit, `y` the accuracy in percent."""

    names: tuple[str, ...]
    numbers: np.ndarray
    letters: tuple[str, ...]
    marks: tuple[str, ...]
    x: np.ndarray
    y: np.ndarray
    hollow: np.ndarray
    """True where the trial still runs: validation accuracy so far over the estimated size."""
    on_front: np.ndarray

    def index_of(self, name: str | None) -> int | None:
        """Return the position of a trial, None when it is not on this chart."""
        return self.names.index(name) if name in self.names else None


NO_POINTS = TrialPoints((), np.empty(0, int), (), (), np.empty(0), np.empty(0), np.empty(0, bool), np.empty(0, bool))


def collect_points(
    summaries: Iterable[TrialSummary], quantity: Quantity, device: str = "", estimates: Mapping[str, float] = {}
) -> TrialPoints:
    """Make points of the trials that have both figures; `estimates` gives running ones theirs, in the axis's unit."""
    rows = []
    for trial in summaries:
        if trial.accuracy is not None:
            value = value_of(trial, quantity.objective, device) / quantity.divisor
            if value > 0:
                rows.append((trial, value, trial.accuracy, False))
        elif trial.state is TrialState.RUNNING and trial.validation_accuracy is not None:
            value = estimates.get(trial.name, 0)
            if value > 0:
                rows.append((trial, value, trial.validation_accuracy, True))
    if not rows:
        return NO_POINTS
    measured = {trial.name: (value, accuracy) for trial, value, accuracy, running in rows if not running}
    best = front(measured, (quantity.objective.sign, ACCURACY.sign))
    timed = quantity is TOTAL_LATENCY
    marks = (accuracy_marks(trial) + (latency_marks(trial.latency_on(device)) if timed else "") for trial, *_ in rows)
    return TrialPoints(
        names=tuple(trial.name for trial, *_ in rows),
        numbers=np.array([trial.number for trial, *_ in rows]),
        letters=tuple(trial.letter for trial, *_ in rows),
        marks=tuple(marks),
        x=np.log10([value for _, value, _, _ in rows]),
        y=100 * np.array([accuracy for _, _, accuracy, _ in rows]),
        hollow=np.array([running for *_, running in rows]),
        on_front=np.array([trial.name in best for trial, *_ in rows]),
    )
