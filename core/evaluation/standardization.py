"""Means and deviations by which a forecaster from elsewhere wants its inputs standardized, and gives its outputs so."""

import math
from collections.abc import Mapping, Sequence
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
    columns = {"input": frame.inputs, "output": frame.targets}
    if not any(name.startswith("output") for name in given) and set(frame.targets) <= set(frame.inputs):
        given = {
            **given,
            **{
                name.replace("input", "output"): [numbers[place] for place in frame.places]
                for name, numbers in given.items()
                if len(numbers) == len(frame.inputs)
            },
        }
    problems = []
    for name in FIELDS:
        wanted, what = columns[name.partition("_")[0]], name.partition("_")[2]
        numbers = given.get(name, ())
        if len(numbers) != len(wanted) or not all(map(math.isfinite, numbers)):
            must = f"must be a {what} for each of {', '.join(wanted)}, in this order, is {list(numbers)}"
            problems.append(Problem(f"{SECTION}.{name}", must))
        elif what == "deviation" and min(numbers) <= 0:
            problems.append(Problem(f"{SECTION}.{name}", f"must be more than 0, is {min(numbers):g}"))
    if problems:
        raise SpecError(tuple(problems))
    return Standardization(**{name: tuple(map(float, given[name])) for name in FIELDS})
