"""What a release says about a model that forecasts: which columns at which steps, in the order of its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.deploy.device.settings import FILE_NAME, SettingsError, as_text, load_values, parsed

FORECASTING = "forecasting"

Float32 = NDArray[np.float32]
Rows = list[tuple[float, ...]]

_DIGITS = 6
_SPARE_STEPS = 3


@dataclass(frozen=True)
class ForecastSettings:
    """The window of a model that takes and gives quantities in their own units."""

    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    step_minutes: float
    input_steps: int
    output_steps: int
    typical: tuple[float, ...]
    """A value of each input, to time with."""

    @property
    def step_s(self) -> float:
        """Seconds from one value to the next."""
        return 60 * self.step_minutes

    @property
    def reach_s(self) -> float:
        """Seconds of the past that are looked at: the window, and some steps whose values may be missing."""
        return (self.input_steps + _SPARE_STEPS) * self.step_s

    @property
    def example_shape(self) -> tuple[int, ...]:
        """Shape of a window."""
        return self.input_steps, len(self.inputs)

    @property
    def example_type(self) -> type[Any]:
        """Type of its values."""
        return np.float32

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The same: the model takes values as they are measured."""
        return self.example_shape

    @property
    def num_outputs(self) -> int:
        """One for each step to come and target."""
        return self.output_steps * len(self.targets)

    def noise(self) -> Float32:
        """Return a window in which nothing changes."""
        return np.tile(np.array(self.typical, np.float32), (1, self.input_steps, 1))

    def received(self, example: Float32) -> Rows:
        """Return a window as rows, as a table or a sensor gives them."""
        return [tuple(row) for row in example[0].tolist()]

    def preparation(self) -> Callable[[Rows], Float32]:
        """Return what puts the latest rows together."""
        return lambda rows: np.array(rows, np.float32)[np.newaxis]

    def answers(self, outputs: Float32, targets: NDArray[Any]) -> tuple[str, dict[str, Any]]:  # noqa: ARG002
        """Tell the forecasts of each window, step by step, in the order of the targets."""
        return "forecasts", {"forecasts": outputs.astype(np.float64).round(_DIGITS).tolist()}


def forecast_settings_text(frame: Mapping[str, Any], typical: tuple[float, ...]) -> str:
    """Return the content of `settings.json`; `frame` as in a trial's `preprocessing.json`."""
    return as_text(FORECASTING, {"frame": dict(frame), "typical": list(typical)})


def forecast_settings(values: dict[str, Any]) -> ForecastSettings:
    """Return the settings that values stand for."""
    given = {**values["frame"], "typical": values["typical"]}
    chosen = {field.name: given[field.name] for field in fields(ForecastSettings)}
    for name in ("inputs", "targets", "typical"):
        chosen[name] = tuple(chosen[name])
    return ForecastSettings(**chosen)


def read_forecast_settings(folder: Path) -> ForecastSettings:
    """Read `settings.json` of a release that forecasts. Raises SettingsError with a sentence when it is no use."""
    task, values = load_values(folder)
    if task != FORECASTING:
        raise SettingsError(
            f"{folder / FILE_NAME}: the model here does not forecast ({task}); deploy a trial that forecasts"
        )
    return parsed(folder, values, forecast_settings)
