"""What stands around a network for forecasts, so that the deployed file takes and gives quantities in their own units.

Kept beside the model as `preprocessing.json`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

from core.datasets.column_names import unit_of
from core.datasets.preprocessing import FILE_NAME
from core.errors import DataError
from core.files import read_bounded, replace_file
from core.section import faults_in
from core.spec import Window

_LEAST_DEVIATION = 1e-5

Float32 = NDArray[np.float32]


class Frame(BaseModel):
    """The way from measured values to the network and back; means and deviations come from the training part.

    The network sees (x − centre) / deviation and gives (y − centre) / deviation of the targets. The centre is the
    mean, or, where changes are forecast, the latest value of the same window. Raises ValueError for windows that no
    spec may have, and for means and deviations of other columns.
    """

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    schema_version: Literal[1] = 1
    task: Literal["forecasting"] = "forecasting"
    inputs: tuple[str, ...] = Field(min_length=1, description="Columns in the order of the input.")
    targets: tuple[str, ...] = Field(min_length=1, description="Columns in the order of the output.")
    step_minutes: float
    input_steps: int
    output_steps: int
    predict: Literal["change", "value"]
    input_mean: tuple[float, ...] = Field(description="Empty where changes are forecast.")
    input_deviation: tuple[PositiveFloat, ...]
    target_mean: tuple[float, ...] = Field(description="Empty where changes are forecast.")
    target_deviation: tuple[PositiveFloat, ...]

    @model_validator(mode="after")
    def _of_one_window(self) -> "Frame":
        Window(step_minutes=self.step_minutes, input_steps=self.input_steps, output_steps=self.output_steps)
        is_change = self.predict == "change"
        sides = {
            "input": (self.inputs, self.input_mean, self.input_deviation),
            "target": (self.targets, self.target_mean, self.target_deviation),
        }
        for name, (columns, mean, deviation) in sides.items():
            expected = (0 if is_change else len(columns), len(columns))
            if len(set(columns)) != len(columns) or (len(mean), len(deviation)) != expected:
                raise ValueError(
                    f"{name}s: must have a name and a deviation each, and a mean where values are forecast"
                )
        if is_change and not set(self.targets) <= set(self.inputs):
            raise ValueError("targets: must be among the inputs where changes are forecast")
        return self

    @property
    def places(self) -> tuple[int, ...]:
        """Places of the targets among the inputs, where all of them are inputs too."""
        return tuple(self.inputs.index(name) for name in self.targets)

    @property
    def units(self) -> tuple[str, ...]:
        """Unit of each target."""
        return tuple(map(unit_of, self.targets))

    @property
    def deviations(self) -> dict[str, float]:
        """Deviation of each target by its name."""
        return dict(zip(self.targets, self.target_deviation, strict=True))

    def scale(self, inputs: Float32) -> Float32:
        """Return what the network sees of inputs (n, input_steps, columns), of the same shape."""
        centre = inputs[:, -1:] if self.predict == "change" else np.array(self.input_mean, np.float32)
        scaled: Float32 = np.divide(inputs - centre, np.array(self.input_deviation, np.float32))
        return scaled

    def scale_targets(self, targets: Float32, inputs: Float32) -> Float32:
        """Return what the network shall give for targets (n, output_steps, columns), in one row for each window."""
        scaled: Float32 = np.divide(targets - self._centre(inputs), np.array(self.target_deviation, np.float32))
        return scaled.reshape(len(targets), -1)

    def _centre(self, inputs: Float32) -> Float32:
        if self.predict == "change":
            return inputs[:, -1:, list(self.places)]
        return np.array(self.target_mean, np.float32)


def fit_frame(
    columns: tuple[Sequence[str], Sequence[str]],
    window: Window,
    predict: Literal["change", "value"],
    inputs: Float32,
    targets: Float32,
) -> Frame:
    """Make the frame of training windows; `columns` are those of the inputs and of the targets.

    Inputs are (n, input_steps, columns), targets (n, output_steps, columns), both in the units of their quantities.
    """
    names, target_names = tuple(columns[0]), tuple(columns[1])
    inputs_seen, targets_seen = inputs, targets
    if predict == "change":
        latest = inputs[:, -1:]
        # The latest value differs from itself by nothing, which would make all others look larger.
        inputs_seen = (inputs - latest)[:, : max(1, inputs.shape[1] - 1)]
        targets_seen = targets - latest[:, :, [names.index(name) for name in target_names]]
    is_change = predict == "change"
    return Frame(
        inputs=names,
        targets=target_names,
        step_minutes=window.step_minutes,
        input_steps=window.input_steps,
        output_steps=window.output_steps,
        predict=predict,
        input_mean=() if is_change else _means(inputs_seen),
        input_deviation=_deviations(inputs_seen),
        target_mean=() if is_change else _means(targets_seen),
        target_deviation=_deviations(targets_seen),
    )


def save_frame(frame: Frame, folder: Path) -> None:
    """Write `preprocessing.json` into a folder."""
    replace_file(folder / FILE_NAME, (frame.model_dump_json(indent=1) + "\n").encode())


def load_frame(folder: Path) -> Frame:
    """Read `preprocessing.json` from a folder. Raises DataError naming the file when it cannot be used."""
    path = folder / FILE_NAME
    try:
        return Frame.model_validate_json(read_bounded(path))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{path}: cannot be read as that of a forecast{faults_in(error)}; train the trial again"
        ) from error


def is_frame(content: bytes) -> bool:
    """Tell whether the content of a `preprocessing.json` is that of a forecast."""
    try:
        Frame.model_validate_json(content)
    except ValueError:
        return False
    return True


def _means(values: Float32) -> tuple[float, ...]:
    return tuple(values.mean(axis=(0, 1), dtype=np.float64).tolist())


def _deviations(values: Float32) -> tuple[float, ...]:
    found = values.std(axis=(0, 1), dtype=np.float64)
    # What never varies stays as it is instead of being blown up.
    return tuple(np.where(found > _LEAST_DEVIATION, found, 1.0).tolist())
