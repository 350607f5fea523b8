"""Means and deviations by which a forecaster from elsewhere wants its inputs standardized, and gives its outputs so."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.frame import Frame
from core.errors import Problem, SpecError

SECTION = "standardization"
"""Table of a spec file in which they may stand."""
FIELDS = ("input_mean", "input_deviation", "output_mean", "output_deviation")

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Standardization:
    """A file sees (x − mean) / deviation of each input, and gives (y − mean) / deviation of each target."""

    input_mean: tuple[float, ...]
    input_deviation: tuple[float, ...]
    output_mean: tuple[float, ...]
    output_deviation: tuple[float, ...]

    def scale(self, inputs: Float32) -> Float32:
        """Return what a file sees of inputs (n, input_steps, columns), of the same shape."""
        return np.asarray((inputs - self.input_mean) / np.array(self.input_deviation), np.float32)

    def restore(self, outputs: Float32) -> Float32:
        """Return what a file gave, (n, output_steps, targets), in the units of the quantities."""
        return np.asarray(outputs * np.array(self.output_deviation) + self.output_mean, np.float32)


def standardization_of(given: Mapping[str, Sequence[float]], frame: Frame) -> Standardization:
    """Return means and deviations by their names in FIELDS; those of outputs left out are those of the same inputs.

    Raises SpecError where some lack, or are not as many as there are columns.
    """
    follows = not any(name.startswith("output") for name in given) and set(frame.targets) <= set(frame.inputs)
    problems = [
        problem
        for name in FIELDS
        if not (follows and name.startswith("output"))
        for problem in _problems(name, given.get(name, ()), frame)
    ]
    if problems:
        raise SpecError(tuple(problems))
    whole = {name: tuple(map(float, numbers)) for name, numbers in given.items()}
    if follows:
        for what in ("mean", "deviation"):
            whole[f"output_{what}"] = tuple(whole[f"input_{what}"][place] for place in frame.places)
    return Standardization(**whole)


def _problems(name: str, numbers: Sequence[float], frame: Frame) -> Iterator[Problem]:
    side, _, what = name.partition("_")
    columns = frame.inputs if side == "input" else frame.targets
    if len(numbers) != len(columns) or not all(map(math.isfinite, numbers)):
        must = f"must be a {what} for each of {', '.join(columns)}, in this order, is {list(numbers)}"
        yield Problem(f"{SECTION}.{name}", must)
    elif what == "deviation" and min(numbers) <= 0:
        yield Problem(f"{SECTION}.{name}", f"must be more than 0, is {min(numbers):g}")
