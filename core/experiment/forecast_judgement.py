"""Forecasters judged: on the test part of a spec's table, or on another table as a whole beside their own baselines."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.cache import explaining_cache_errors
from core.datasets.climate import form_of, read_table
from core.datasets.column_names import column_for
from core.datasets.csv_form import listed
from core.datasets.frame import Frame, is_frame, load_frame
from core.datasets.preprocessing import beside
from core.datasets.sensor_faults import find_faults
from core.datasets.windows import whole_windows
from core.errors import DataError, Problem, SpecError, WorkbenchError
from core.evaluation import forecasting
from core.evaluation.standardization import FIELDS, SECTION
from core.events import Emit
from core.experiment.trial_folder import read_spec
from core.files import read_bounded
from core.spec import ForecastingSpec, ForecastModel, SeriesData, Window, of_task
from core.tasks.forecasting import Forecasting, Linear, judge_on_test_part, judge_on_windows, measured
from core.tasks.judgement import Judgement

Scaling = Mapping[str, Sequence[float]]
"""Means and deviations that a file wants, by their names in FIELDS."""


def take_scaling(values: Mapping[str, Any], options: Mapping[str, Sequence[float]]) -> tuple[dict[str, Any], Scaling]:
    """Return the values of a spec file without its table of means and deviations, and these under those of options.

    Raises SpecError where the table holds anything else.
    """
    rest = dict(values)
    kept = rest.pop(SECTION, {})
    if not isinstance(kept, Mapping) or not all(_is_numbers(numbers) for numbers in kept.values()):
        raise SpecError((Problem(SECTION, "must be a table of lists of numbers, such as input_mean = [9.5, 76.0]"),))
    strangers = [name for name in kept if name not in FIELDS]
    if strangers:
        raise SpecError((Problem(f"{SECTION}.{strangers[0]}", f"unknown field; use one of: {', '.join(FIELDS)}"),))
    return rest, {**kept, **{name: numbers for name, numbers in options.items() if numbers}}


def _is_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(number, int | float) and not isinstance(number, bool) for number in value
    )


def frame_beside(model: Path) -> Frame | None:
    """Return the frame of a forecaster that lies beside it, as trials and exports have it; None where there is none."""
    for path in beside(model):
        if path.is_file() and is_frame(content := read_bounded(path)):
            return Frame.model_validate_json(content)
    return None


def spec_of_frame(frame: Frame, table: Path) -> ForecastingSpec:
    """Return a spec that asks of a table what a model with this frame takes and gives."""
    return ForecastingSpec(
        dataset=SeriesData(file=str(table.expanduser().resolve()), inputs=frame.inputs, targets=frame.targets),
        window=Window(step_minutes=frame.step_minutes, input_steps=frame.input_steps, output_steps=frame.output_steps),
        model=ForecastModel(family="mlp", predict=frame.predict),
    )


def reads_own_table(trial: Path, spec: ForecastingSpec) -> bool:
    """Tell whether a spec is of the table that a trial was trained on."""
    own = of_task(read_spec(trial), ForecastingSpec)
    first, second = (Path(each.dataset.file).expanduser().resolve() for each in (own, spec))
    return first == second


def judge_test_part(model: Path, spec: ForecastingSpec, scaling: Scaling, emit: Emit) -> Judgement:
    """Judge any file on the test part of a spec's table; `scaling` is what a file from elsewhere wants.

    Raises ModelError, DataError or SpecError with a sentence where that cannot be done.
    """
    return judge_on_test_part(model, *measured(Forecasting().prepare(spec, emit)), scaling, emit)


def judge_whole_table(model: Path, trial: Path | None, frame: Frame, data: SeriesData, emit: Emit) -> Judgement:
    """Judge a file on all windows of a table that it was not trained on.

    Beside it stand persistence and the linear model that was fitted to the training part of its own trial, not to this
    table. Columns are found by name or quantity where the table calls them otherwise. Raises WorkbenchError.
    """
    with explaining_cache_errors():
        chosen = _columns_for(frame, data)
        series = read_table(data, tuple(dict.fromkeys(chosen.values())), emit)
        window = Window(step_minutes=frame.step_minutes, input_steps=frame.input_steps, output_steps=frame.output_steps)
        inputs, targets = ([chosen[name] for name in names] for names in (frame.inputs, frame.targets))
        windows, num_left_out, thinning = whole_windows(series, inputs, targets, window)
        warnings = [f"{name} is taken from column {column}." for name, column in chosen.items() if name != column]
        warnings += [f"{fault.sentence}." for fault in find_faults(series)]
        if num_left_out:
            whole = len(windows) + num_left_out
            warnings.append(f"Of {whole:,} windows {num_left_out:,} have a gap and were left out.")
        if thinning > 1:
            warnings.append(f"Of the windows one in {thinning:,} was taken, for all would not fit into memory.")
        linear = _linear_of(trial, frame, emit)
        return judge_on_windows(model, windows, frame, linear, {}, emit, "all", len(windows), tuple(warnings))


def _columns_for(frame: Frame, data: SeriesData) -> dict[str, str]:
    """Return the column of a table for each of a frame. Raises DataError naming the one that has none."""
    there = form_of(data).numeric
    found = {name: column_for(name, there) for name in dict.fromkeys((*frame.inputs, *frame.targets))}
    if missing := [name for name, column in found.items() if not column]:
        raise DataError(
            f"{data.file}: none of its columns ({listed(there)}) is called {missing[0]} as the model's is; rename it"
        )
    if len(set(found.values())) < len(found):
        raise DataError(
            f"{data.file}: one column would stand for several of {', '.join(found)}; name its columns as the model does"
        )
    return found


def _linear_of(trial: Path | None, frame: Frame, emit: Emit) -> Linear:
    """Return the linear model of a trial's own training: as it was kept, or fitted anew where its table is the same."""
    if trial is None:
        return Linear(None, "nothing")
    weights = forecasting.load_linear(trial, frame)
    if weights is None:
        try:
            cut, fitted = measured(Forecasting().prepare(of_task(read_spec(trial), ForecastingSpec), emit))
        except WorkbenchError:
            # Its table is gone: that the baseline is missing is said with the judgement.
            return Linear(None, "nothing")
        if not _is_same(fitted, load_frame(trial)):
            return Linear(None, "nothing")
        weights = forecasting.fit_linear(cut.train)
    return Linear(weights, "training")


def _is_same(fitted: Frame, kept: Frame) -> bool:
    """Tell whether a table still has the means and deviations of when the trial was trained on it."""
    names = ("input_mean", "input_deviation", "target_mean", "target_deviation")
    return (fitted.inputs, fitted.targets) == (kept.inputs, kept.targets) and all(
        np.allclose(getattr(fitted, name), getattr(kept, name), rtol=1e-5, atol=1e-6) for name in names
    )
