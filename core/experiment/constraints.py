"""What the user wants of a trial, and whether a trial is that."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from core.experiment.summary import TrialSummary

ERROR = "mae_max"


@dataclass(frozen=True)
class Constraints:
    """What the user wants of a trial; None where nothing is asked. Accuracy is a fraction, kB are 1024 bytes.

    Raises ValueError for a bound that is negative or not finite, or an accuracy above 1.
    """

    accuracy_min: float | None = None
    zip_bytes_max: int | None = None
    total_ms_max: float | None = None
    mae_max: Mapping[str, float] = field(default_factory=dict)
    """Largest mean absolute error of forecast quantities, by column, in their units."""

    def __post_init__(self) -> None:
        """Raise ValueError with a sentence for what no figure could be held against."""
        for name, bound in self.bounds().items():
            if not (0 <= bound < math.inf):
                raise ValueError(f"{name} must be a finite number from 0 on, is {bound:g}")
            if name == "accuracy_min" and bound > 1:
                raise ValueError(f"{name} is a fraction and must be at most 1, is {bound:g}")

    def bounds(self) -> dict[str, float]:
        """Return all that is asked by its field; that of an error is `mae_max.` and the column."""
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name != ERROR}
        errors = {f"{ERROR}.{name}": most for name, most in self.mae_max.items()}
        return {name: bound for name, bound in {**plain, **errors}.items() if bound is not None}

    def with_bound(self, name: str, bound: float | None) -> "Constraints":
        """Return constraints with one of them changed, named as in `bounds`; None takes it away. Sizes are whole.

        Raises ValueError for a bound that is negative or not finite.
        """
        head, _, column = name.partition(".")
        if head == ERROR:
            others = {known: most for known, most in self.mae_max.items() if known != column}
            return replace(self, mae_max=others if bound is None else {**others, column: bound})
        if name == "zip_bytes_max" and bound is not None and math.isfinite(bound):
            bound = round(bound)
        return replace(self, **{name: bound})  # type: ignore[arg-type]

    def met_by(self, trial: TrialSummary, device: str = "") -> bool:
        """Tell whether everything asked was measured of a trial, on that device, and met."""
        return all(is_met(trial, name, bound, device) is True for name, bound in self.bounds().items())

    def misses(self, trial: TrialSummary, device: str = "") -> dict[str, float]:
        """Return how far a trial is from each bound, as a part of it: below 0 with room to spare, 1 if not measured."""
        return {name: _miss(trial, name, bound, device) for name, bound in self.bounds().items()}


def _miss(trial: TrialSummary, name: str, bound: float, device: str) -> float:
    figure = figure_of(trial, name, device)
    if figure is None:
        return 1.0
    beyond = bound - figure if name == "accuracy_min" else figure - bound
    return beyond / bound if bound else beyond


def is_met(trial: TrialSummary, name: str, bound: float, device: str = "") -> bool | None:
    """Tell whether a trial keeps one bound, named as in `Constraints.bounds`; None where it was not measured."""
    figure = figure_of(trial, name, device)
    if figure is None:
        return None
    return figure >= bound if name == "accuracy_min" else figure <= bound


def figure_of(trial: TrialSummary, name: str, device: str = "") -> float | None:
    """Return the figure of a trial that a constraint bounds, in the constraint's unit; None where not measured."""
    head, _, column = name.partition(".")
    if head == ERROR:
        error = trial.error_of(column)
        return error.mae if error else None
    if name == "total_ms_max":
        latency = trial.latency_on(device)
        return latency.total_ms if latency else None
    return {"accuracy_min": trial.accuracy, "zip_bytes_max": trial.zip_bytes}[name]
