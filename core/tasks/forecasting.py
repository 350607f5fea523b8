"""Forecasting: the next values of some quantities from their latest ones."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import explaining_cache_errors
from core.datasets.climate import SET_BACK, Series, columns_of, form_of, read_table
from core.datasets.column_names import name_of
from core.datasets.csv_form import CsvForm
from core.datasets.frame import Frame, fit_frame, load_frame, save_frame
from core.datasets.prepared import Examples, PreparedData, Shape
from core.datasets.sensor_faults import find_faults
from core.datasets.table_check import mixed_stations
from core.datasets.windows import Cut, Windows, cut_windows, rows_a_step
from core.errors import DataError, ModelError
from core.evaluation import forecasting, latency
from core.evaluation.standardization import standardization_of
from core.events import Emit
from core.results import Forecast, Latency
from core.spec import ForecastingSpec
from core.tasks.description import Description
from core.tasks.judgement import Hint, Judgement, LinearOf, Part

_USUAL_COLUMNS = ("temperature", "humidity")
# No forecaster that means the same numbers by a quantity is worse by so much than its mean.
_WORSE_THAN_MEAN = 1.2

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Linear:
    """The linear model that stands beside a file, and what it was fitted to."""

    weights: NDArray[np.float64] | None
    of: LinearOf


@dataclass(frozen=True)
class PreparedSeries(PreparedData):
    """Windows as the network sees them, and `cut` as they were measured."""

    cut: Cut | None = None


class Forecasting:
    """The task of foretelling values; see `tasks.registry.Task` for what each method owes."""

    def input_shape(self, spec: ForecastingSpec) -> Shape:
        """Return (steps, columns)."""
        return spec.window.input_steps, len(_expected_columns(spec)[0])

    def num_outputs(self, spec: ForecastingSpec) -> int:
        """Return steps times columns."""
        return spec.window.output_steps * len(_expected_columns(spec)[1])

    def find_data(self, spec: ForecastingSpec) -> None:
        """Look at the header and some rows of the file. Raises DataError naming it, StepError for wrong steps."""
        _columns(spec)
        if interval_s := form_of(spec.dataset).interval_s:
            rows_a_step(Path(spec.dataset.file), interval_s, spec.window)

    def prepare(self, spec: ForecastingSpec, emit: Emit) -> PreparedSeries:
        """Read the file and cut it into windows. Raises DataError naming it."""
        with explaining_cache_errors():
            return self._prepare(spec, emit)

    def _prepare(self, spec: ForecastingSpec, emit: Emit) -> PreparedSeries:
        data = spec.dataset
        inputs, targets = _columns(spec)
        wanted = tuple(dict.fromkeys((*inputs, *targets)))
        series = read_table(data, wanted, emit)
        cut = cut_windows(series, inputs, targets, spec.window, spec.split)
        frame = fit_frame((inputs, targets), spec.window, spec.model.predict, cut.train.inputs, cut.train.targets)
        train, validation, test = (_scaled(part, frame) for part in (cut.train, cut.validation, cut.test))
        return PreparedSeries(
            labels=(),
            train=train,
            validation=validation,
            test=test,
            epoch_inputs=lambda _: train.inputs,
            fingerprint=series.fingerprint,
            synthetic=False,
            warnings=tuple(_warnings(form_of(data), series, cut)),
            deviations=frame.deviations,
            frame=frame,
            preprocessing=frame.model_dump(mode="json"),
            cut=cut,
        )

    def save_preprocessing(self, spec: ForecastingSpec, data: PreparedData, folder: Path) -> None:  # noqa: ARG002
        """Write `preprocessing.json`: columns, window, means and deviations."""
        assert data.frame is not None
        save_frame(data.frame, folder)

    def evaluate(self, model: Path, data: PreparedData, emit: Emit) -> Forecast:
        """Judge the deployed file on the test part, and keep its forecasts beside it."""
        cut, frame = measured(data)
        forecasts = forecasting.forecast(model, cut.test.inputs, frame, emit)
        weights = forecasting.fit_linear(cut.train)
        linear = forecasting.forecast_linearly(weights, cut.test)
        forecasting.save_linear(weights, model.parent)
        forecasting.save_forecasts(forecasts, linear, cut.test, frame, model.parent)
        return forecasting.judge(forecasts, cut.test, frame, linear)

    def judge_file(
        self, model: Path, spec: ForecastingSpec, outputs: tuple[str, ...], part: Part, emit: Emit
    ) -> Judgement:
        """Judge any file that takes and gives quantities in their own units."""
        if outputs:
            raise ModelError(f"{model}: labels were named, but this spec forecasts; leave them out")
        if part == "all":
            raise ModelError(f"{model}: forecasts, and is judged on the test part of a table; leave out --all")
        return judge_on_test_part(model, *measured(self.prepare(spec, emit)), {}, emit)

    def measure_latency(self, model: Path, spec: ForecastingSpec, emit: Emit) -> Latency:
        """Time taking the latest values, inference and both together, at batch 1."""
        frame = load_frame(model.parent)
        levels = frame.input_mean or (0.0,) * len(frame.inputs)
        latest = deque([levels] * frame.input_steps, frame.input_steps)

        def make_input() -> Float32:
            latest.append(levels)
            return np.array(latest, np.float32)[np.newaxis]

        return latency.measure(model, make_input, spec.measurement, emit)

    def describe(self, folder: Path) -> Description:
        """Say what the outputs of a trial's model are and what it must be given."""
        frame = load_frame(folder)
        outputs = tuple(
            f"{name_of(target)} +{step * frame.step_minutes:g} min"
            for step in range(1, frame.output_steps + 1)
            for target in frame.targets
        )
        about = (
            f"Input: the latest {frame.input_steps} values, {frame.step_minutes:g} min apart, the oldest first, "
            f"each of {', '.join(frame.inputs)}, as measured.",
            f"Output: the next {frame.output_steps} values of {', '.join(frame.targets)}.",
        )
        return Description(outputs, "outputs", about)


def judge_on_test_part(
    model: Path, cut: Cut, frame: Frame, scaling: Mapping[str, Sequence[float]], emit: Emit
) -> Judgement:
    """Judge any file on the test part of a table, beside a linear model fitted to its training part."""
    weights = forecasting.fit_linear(cut.train)
    num_found = sum(map(len, (cut.train, cut.validation, cut.test)))
    return judge_on_windows(model, cut.test, frame, Linear(weights, "spec"), scaling, emit, "test", num_found)


def judge_on_windows(
    model: Path,
    windows: Windows,
    frame: Frame,
    linear: Linear,
    scaling: Mapping[str, Sequence[float]],
    emit: Emit,
    part: Part,
    num_found: int,
    warnings: tuple[str, ...] = (),
) -> Judgement:
    """Judge any file on windows; `scaling` holds the means and deviations that it wants, if any, by their names.

    Raises ModelError when the file does not fit, SpecError for means and deviations of other columns.
    """
    standardization = standardization_of(scaling, frame) if scaling else None
    fitted = None if linear.weights is None else forecasting.forecast_linearly(linear.weights, windows)
    with forecasting.open_forecaster(model, frame) as opened:
        forecasts = forecasting.forecast_with(opened, windows.inputs, frame, emit, standardization)
        quality = forecasting.judge(forecasts, windows, frame, fitted)
        hints = () if standardization else _hints(quality, windows)
        return Judgement(quality, opened.form, part, num_found, warnings=warnings, linear_of=linear.of, hints=hints)


def _hints(quality: Forecast, windows: Windows) -> tuple[Hint, ...]:
    """Return the quantities that always saying their mean forecasts better: the file may mean other numbers by them."""
    means = zip(quality.quantities, forecasting.mae_of_means(windows.targets), strict=True)
    return tuple(
        Hint("standardized", found.name, found.unit, found.file.mae, of_mean)
        for found, of_mean in means
        if found.file.mae > _WORSE_THAN_MEAN * of_mean
    )


def _expected_columns(spec: ForecastingSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of a spec, or how many there would be as a rule where its file cannot be read."""
    try:
        return columns_of(spec.dataset)
    except DataError:
        targets = spec.dataset.targets or _USUAL_COLUMNS
        return spec.dataset.inputs or targets, targets


def _columns(spec: ForecastingSpec) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns that the network sees, and those that it forecasts. Raises DataError naming the file."""
    data = spec.dataset
    inputs, targets = columns_of(data)
    if spec.model.predict == "change" and (missing := [name for name in targets if name not in inputs]):
        raise DataError(
            f"{data.file}: the change of {missing[0]!r} is forecast from its latest value, so it must be among the "
            "inputs (dataset.inputs); add it, or forecast values (model.predict = value)"
        )
    return inputs, targets


def _scaled(part: Windows, frame: Frame) -> Examples:
    return Examples(frame.scale(part.inputs), frame.scale_targets(part.targets, part.inputs))


def ordinal(number: int) -> str:
    """Return 2nd, 3rd, 4th and so on."""
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{'th' if 10 <= number % 100 <= 20 else ending}"


def measured(data: PreparedData) -> tuple[Cut, Frame]:
    """Return the windows of a prepared series as they were measured, and the frame around the network."""
    assert isinstance(data, PreparedSeries) and data.cut is not None and data.frame is not None
    return data.cut, data.frame


def _warnings(form: CsvForm, series: Series, cut: Cut) -> list[str]:
    warnings = [f"The {mixed_stations(form)}."] if form.station_column else []
    if series.num_repeated or series.num_broken:
        warnings.append(
            f"Of {series.num_rows:,} rows {series.num_repeated:,} repeat an earlier time and {series.num_broken:,} are "
            "broken or have no time; they were left out."
        )
    if series.was_set_back:
        warnings.append(f"{SET_BACK[0].upper()}{SET_BACK[1:]}.")
    warnings += [f"{fault.sentence}." for fault in find_faults(series)]
    if cut.num_left_out:
        whole = sum(map(len, (cut.train, cut.validation, cut.test)))
        warnings.append(f"Of {whole + cut.num_left_out:,} windows {cut.num_left_out:,} have a gap and were left out.")
    if cut.thinning > 1:
        warnings.append(
            f"Of the windows every {ordinal(cut.thinning)} was taken, for all of them would not fit into memory; a "
            "larger window.stride or longer steps choose them otherwise."
        )
    return warnings
