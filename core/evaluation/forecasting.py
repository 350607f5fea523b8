"""Judge forecasts of a `.tflite` file, and of the two baselines that any model must beat."""

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.array_archive import read_arrays
from core.cache import require_shape
from core.datasets.frame import Frame
from core.datasets.windows import Windows
from core.errors import DataError, ModelError
from core.evaluation.guarded_model import GuardedModel
from core.evaluation.standardization import Standardization
from core.events import Emit, Progressed, ignore
from core.results import Errors, Forecast, QuantityErrors

FORECASTS = "forecasts.npz"
LINEAR = "linear.npz"

_MOST_KEPT = 100_000
_MOST_FORECAST_BYTES = 1024**3
"""Unpacked: those of 100,000 windows take a third of it at most."""
_WINDOWS_PER_REPORT = 2048
_HOURS = 24

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class KeptForecasts:
    """Forecasts of the test part and the values that came, in their units; times in the clock of the file."""

    times_s: NDArray[np.int64]
    """When each forecast was made, ascending, shape (n,)."""
    forecasts: Float32
    """Shape (n, output_steps, targets)."""
    linear: Float32
    """Those of a linear model, of the same shape."""
    truth_times_s: NDArray[np.int64]
    """Times of the values that came, ascending, shape (m,); gaps are left out."""
    truth: Float32
    """Shape (m, targets)."""

    @property
    def latest(self) -> Float32:
        """Values when each forecast was made, which persistence says of all steps, shape (n, targets)."""
        return np.asarray(self.truth[np.searchsorted(self.truth_times_s, self.times_s)])


def judge(forecasts: Float32, test: Windows, frame: Frame, linear: Float32 | None) -> Forecast:
    """Hold forecasts of the test windows, and those of a linear model where there is one, against what came.

    All have shape (n, output_steps, targets), in the units of the quantities. Raises ModelError for forecasts that are
    no numbers.
    """
    if not np.isfinite(forecasts).all():
        raise ModelError(
            "the model forecasts values that are not finite numbers, so it has no error; where it was trained here, "
            "training diverged: lower training.learning_rate"
        )
    hours = _hours(test, frame)
    rivals = {"file": forecasts, "persistence": persistence(test, frame)} | (
        {} if linear is None else {"linear": linear}
    )
    quantities = []
    for place, (name, unit) in enumerate(zip(frame.targets, frame.units, strict=True)):
        truth = test.targets[:, :, place]
        errors = {rival: _errors(np.abs(said[:, :, place] - truth), hours) for rival, said in rivals.items()}
        quantities.append(QuantityErrors(name=name, unit=unit, **errors))
    return Forecast(quantities=tuple(quantities), step_minutes=frame.step_minutes, num_windows=len(test))


def forecast(model: Path, inputs: Float32, frame: Frame, emit: Emit = ignore) -> Float32:
    """Run a file over inputs (n, input_steps, columns), in their own units; return (n, output_steps, targets).

    Raises ModelError when the file does not take or give as many numbers.
    """
    with open_forecaster(model, frame) as opened:
        return forecast_with(opened, inputs, frame, emit)


def open_forecaster(model: Path, frame: Frame) -> GuardedModel:
    """Open a file for the windows of a frame. Raises ModelError when it does not take or give as many numbers."""
    opened = GuardedModel(model)
    taken, given = (frame.input_steps, len(frame.inputs)), (frame.output_steps, len(frame.targets))
    try:
        _check_fit(opened, taken, given)
        opened.fit_values(taken, given[0] * given[1])
    except ModelError:
        opened.close()
        raise
    return opened


def forecast_with(
    opened: GuardedModel, inputs: Float32, frame: Frame, emit: Emit = ignore, scaling: Standardization | None = None
) -> Float32:
    """Return what `forecast` does, of an open model; `scaling` is that of a file that takes no values as measured."""
    parts = []
    if scaling is not None:
        inputs = scaling.scale(inputs)
    for start in range(0, len(inputs), _WINDOWS_PER_REPORT):
        parts.append(opened.run(inputs[start : start + _WINDOWS_PER_REPORT]))
        done = min(start + _WINDOWS_PER_REPORT, len(inputs))
        emit(Progressed(what="windows judged", done=done, total=len(inputs)))
    outputs = np.concatenate(parts).reshape(len(inputs), frame.output_steps, len(frame.targets))
    return outputs if scaling is None else scaling.restore(outputs)


def save_forecasts(forecasts: Float32, linear: Float32, test: Windows, frame: Frame, folder: Path) -> None:
    """Keep the forecasts of the latest test windows beside a model, with what came, for charts over time.

    Those of the file and of a linear model have shape (n, output_steps, targets).
    """
    kept = slice(max(0, len(test) - _MOST_KEPT), None)
    ahead_s = np.arange(frame.output_steps + 1) * round(60 * frame.step_minutes)
    times_s = (test.times_s[kept, np.newaxis] + ahead_s).ravel()
    values = np.concatenate([test.latest[kept], test.targets[kept]], axis=1).reshape(len(times_s), -1)
    truth_times_s, first = np.unique(times_s, return_index=True)
    np.savez_compressed(
        folder / FORECASTS,
        times_s=test.times_s[kept],
        forecasts=forecasts[kept],
        linear=linear[kept],
        truth_times_s=truth_times_s,
        truth=values[first],
    )


def load_forecasts(folder: Path) -> KeptForecasts:
    """Read what `save_forecasts` kept. Raises DataError naming the file when it is missing or damaged."""
    path = folder / FORECASTS
    try:
        arrays = read_arrays(path, _MOST_FORECAST_BYTES)
        kept = KeptForecasts(**{field.name: arrays[field.name] for field in fields(KeptForecasts)})
        _require_consistent(kept)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read; train the trial again") from error
    return kept


def _require_consistent(kept: KeptForecasts) -> None:
    """Raise ValueError where arrays do not fit each other, or hold what no times and values are."""
    num, steps, targets = kept.forecasts.shape
    require_shape(kept.linear, (num, steps, targets))
    require_shape(kept.times_s, (num,))
    require_shape(kept.truth, (len(kept.truth_times_s), targets))
    require_shape(kept.truth_times_s, (len(kept.truth),))
    if not (num and steps and targets) or not np.isin(kept.times_s, kept.truth_times_s).all():
        raise ValueError("forecasts are made at times whose values are not kept")
    for times in (kept.times_s, kept.truth_times_s):
        if not np.issubdtype(times.dtype, np.int64) or (np.diff(times) < 0).any():
            raise ValueError("times are not ascending")
    for values in (kept.forecasts, kept.linear, kept.truth):
        if not np.issubdtype(values.dtype, np.float32):
            raise ValueError("values are of another type")


def persistence(windows: Windows, frame: Frame) -> Float32:
    """Forecast that every target stays as it is, shape (n, output_steps, targets)."""
    return np.repeat(windows.latest, frame.output_steps, axis=1)


def fit_linear(train: Windows) -> NDArray[np.float64]:
    """Fit targets as a linear function of all inputs and one, by least squares; shape (inputs + 1, targets)."""
    steps, columns = train.inputs.shape[1:]
    squares = np.zeros((steps * columns + 1, steps * columns + 1))
    products = np.zeros((len(squares), train.targets[0].size))
    centre = train.inputs.mean(axis=(0, 1), dtype=np.float64)
    for start in range(0, len(train), 1 << 16):
        part = slice(start, start + (1 << 16))
        rows = _with_one(train.inputs[part] - centre)
        squares += rows.T @ rows
        products += rows.T @ train.targets[part].reshape(len(rows), -1)
    weights = np.linalg.lstsq(squares, products, rcond=None)[0]
    # The centre was only taken out so that little numbers are multiplied.
    weights[-1] -= np.tile(centre, steps) @ weights[:-1]
    return np.asarray(weights)


def forecast_linearly(weights: NDArray[np.float64], windows: Windows) -> Float32:
    """Forecast with the weights of `fit_linear`, shape (n, output_steps, targets)."""
    return np.asarray((_with_one(windows.inputs) @ weights).reshape(windows.targets.shape), np.float32)


def save_linear(weights: NDArray[np.float64], folder: Path) -> None:
    """Keep the weights of `fit_linear` beside a model, so that it can be judged beside them on other tables."""
    np.savez(folder / LINEAR, weights=weights)


def load_linear(folder: Path, frame: Frame) -> NDArray[np.float64] | None:
    """Read what `save_linear` kept, None where nothing was. Raises DataError naming the file when it is damaged."""
    path = folder / LINEAR
    try:
        weights = read_arrays(path)["weights"]
        require_shape(weights, (frame.input_steps * len(frame.inputs) + 1, frame.output_steps * len(frame.targets)))
        if weights.dtype != np.float64 or not np.isfinite(weights).all():
            raise ValueError("holds no finite weights")
        return weights
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read; remove it, so that it is computed anew") from error


def mae_of_means(truth: Float32) -> tuple[float, ...]:
    """Return the mean absolute error of always saying the mean of what came, (n, output_steps, targets), by target."""
    means = truth.mean(axis=(0, 1), dtype=np.float64)
    return tuple(np.abs(truth - means).mean(axis=(0, 1), dtype=np.float64).tolist())


def _with_one(inputs: NDArray[np.floating]) -> NDArray[np.float64]:
    flat = inputs.reshape(len(inputs), -1).astype(np.float64)
    return np.concatenate([flat, np.ones((len(flat), 1))], axis=1)


def _errors(errors: Float32, hours: NDArray[np.int64]) -> Errors:
    """Average absolute errors (n, output_steps) by horizon, and by the hour (n, output_steps) they fall into."""
    counts = np.bincount(hours.ravel(), minlength=_HOURS)
    sums = np.bincount(hours.ravel(), errors.ravel().astype(np.float64), minlength=_HOURS)
    by_hour = tuple(float(total / count) if count else None for total, count in zip(sums, counts, strict=True))
    return Errors(by_horizon=tuple(errors.mean(axis=0, dtype=np.float64).tolist()), by_hour=by_hour)


def _hours(test: Windows, frame: Frame) -> NDArray[np.int64]:
    ahead_s = np.arange(1, frame.output_steps + 1) * round(60 * frame.step_minutes)
    return (test.times_s[:, np.newaxis] + ahead_s) // 3600 % _HOURS


def _check_fit(opened: GuardedModel, taken: tuple[int, int], given: tuple[int, int]) -> None:
    sides = ((opened.takes, taken, "takes", "window"), (opened.gives, given, "gives", "forecast"))
    for ports, expected, verb, what in sides:
        # More ports are refused where it is fitted.
        batch = ports[0][0] if len(ports[0]) > 1 else 1
        if int(np.prod(ports[0])) not in (expected[0] * expected[1], batch * expected[0] * expected[1]):
            shape = " × ".join(map(str, ports[0]))
            raise ModelError(
                f"{opened.path}: {verb} {shape} numbers, but the {what} has {expected[0]} steps of {expected[1]} "
                "columns; use the columns and window that the model was trained with"
            )
