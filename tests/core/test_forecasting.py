"""Forecasts held against what came, persistence and a linear model; trials, constraints and fronts of them."""

import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from core.datasets.frame import fit_frame, load_frame
from core.datasets.windows import Windows
from core.errors import DataError, ModelError
from core.estimate import estimate
from core.evaluation import forecasting
from core.events import ignore
from core.experiment.baselines import baselines_of
from core.experiment.constraints import Constraints, is_met
from core.experiment.model_choice import choose_model
from core.experiment.pareto import ZIP_BYTES, best_of, error_objective, front_of, quality_objectives
from core.experiment.quickstart import find_data, quickstart_specs
from core.experiment.report import to_csv
from core.experiment.spec_file import load_values, with_data
from core.experiment.store import Study
from core.experiment.summary import ForecastError, TrialState, TrialSummary
from core.models import registry
from core.pipeline import run_trial
from core.results import Errors, Forecast, QuantityErrors
from core.section import override
from core.spec import Window, parse_spec
from core.tasks.registry import TASKS
from core.training.criterion import Regression
from tests.series import weather, write_series

SPECS = Path(__file__).parents[2] / "resources" / "specs"
COLUMNS = ("T (degC)", "rh (%)")
HOUR_S = 3600


@pytest.fixture
def test_part() -> Windows:
    """Windows of half-hour steps: two in, three out, made every hour from 22:00."""
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 2, 2)).astype(np.float32)
    targets = rng.normal(size=(200, 3, 2)).astype(np.float32)
    return Windows(inputs, targets, inputs[:, -1:], (22 + np.arange(200)) * HOUR_S)


@pytest.fixture
def frame(test_part):
    window = Window(step_minutes=30, input_steps=2, output_steps=3)
    return fit_frame((COLUMNS, COLUMNS), window, "value", test_part.inputs, test_part.targets)


def test_errors_are_counted_by_quantity_horizon_and_hour(test_part, frame):
    forecasts = test_part.targets + np.float32([[1, 10], [2, 20], [3, 30]])
    judged = forecasting.judge(forecasts, test_part, frame, test_part.targets)
    temperature, humidity = judged.quantities
    assert (temperature.name, temperature.unit, humidity.unit) == ("T (degC)", "°C", "%")
    assert temperature.file.by_horizon == pytest.approx((1, 2, 3), abs=1e-5)
    assert humidity.file.mae == pytest.approx(20, abs=1e-4)
    assert temperature.linear.mae == 0
    still = np.abs(test_part.targets - test_part.latest)[:, :, 0]
    assert temperature.persistence.by_horizon == pytest.approx(still.mean(axis=0), rel=1e-5)
    # Made on the hour, a forecast is for half past it, the next hour, and half past that.
    assert temperature.file.by_hour == pytest.approx([2.0] * 24, abs=0.1)
    assert judged.worse_than_persistence == ("T (degC)", "rh (%)")


def test_an_hour_without_a_forecast_has_no_error(test_part, frame):
    first = Windows(*(getattr(test_part, name)[:1] for name in ("inputs", "targets", "latest", "times_s")))
    by_hour = forecasting.judge(first.targets, first, frame, first.targets).quantities[0].file.by_hour
    assert [hour for hour, error in enumerate(by_hour) if error is not None] == [22, 23]


def test_the_linear_model_is_that_of_least_squares(test_part):
    weights = forecasting.fit_linear(replace(test_part, inputs=test_part.inputs + 1000))
    rows = np.concatenate([test_part.inputs.reshape(200, -1) + 1000, np.ones((200, 1))], axis=1).astype(np.float64)
    expected = rows @ np.linalg.lstsq(rows, test_part.targets.reshape(200, -1), rcond=None)[0]
    found = forecasting.forecast_linearly(weights, replace(test_part, inputs=test_part.inputs + 1000))
    assert np.allclose(found.reshape(200, -1), expected, atol=1e-3)


def test_forecasts_are_kept_with_what_came(test_part, frame, tmp_path):
    half_hours = replace(test_part, times_s=np.arange(200) * 1800)
    steady = replace(half_hours, latest=np.float32(np.arange(200))[:, None, None].repeat(2, axis=2))
    steps = np.arange(1, 4)[None, :, None]
    steady = replace(steady, targets=np.float32(steady.latest + steps))
    forecasting.save_forecasts(steady.targets + 0.5, steady.targets - 0.5, steady, frame, tmp_path)
    kept = forecasting.load_forecasts(tmp_path)
    assert np.array_equal(kept.times_s, steady.times_s)
    assert np.array_equal(kept.forecasts, steady.targets + 0.5) and np.array_equal(kept.linear, steady.targets - 0.5)
    assert np.array_equal(kept.truth_times_s, np.arange(203) * 1800)
    assert np.array_equal(kept.truth[:, 0], np.arange(203))
    assert np.array_equal(kept.latest, steady.latest[:, 0])


def test_damaged_forecasts_are_named(tmp_path):
    (tmp_path / forecasting.FORECASTS).write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"forecasts\.npz: cannot be read; train the trial again"):
        forecasting.load_forecasts(tmp_path)


@pytest.mark.parametrize(("loss", "expected"), [("mae", 0.55), ("mse", 0.505), ("huber", 0.5)])
def test_losses_are_in_standard_deviations_and_figures_in_units(loss, expected):
    criterion = Regression(loss, {"T (degC)": 2.0, "rh (%)": 5.0})
    outputs, targets = np.float32([[1.0, 0.1], [1.0, 0.1]]), np.zeros((2, 2), np.float32)
    assert criterion.losses(outputs, targets).numpy() == pytest.approx([expected] * 2)
    sums = criterion.tally(outputs, targets).numpy()
    assert criterion.figures(sums, 2)["mae"] == pytest.approx({"T (degC)": 2.0, "rh (%)": 0.5})


OTHERS = {
    "dataset.targets": ["rh (%)"],
    "dataset.inputs": ["rh (%)", "T (degC)"],
    "dataset.time_column": "later",
    "dataset.missing_value": 7.0,
    "dataset.invalid_values": [-999.0, 7.0],
    "window.step_minutes": 20.0,
    "window.input_steps": 5,
    "window.output_steps": 2,
    "window.stride": 3,
    "split.validation_fraction": 0.3,
    "split.test_fraction": 0.2,
    "model.family": "lstm",
    "model.filters": [5],
    "model.kernel": 2,
    "model.units": [],
    "model.predict": "value",
    "model.width_multiplier": 0.5,
    "model.filter_divisor": 7,
}


@pytest.mark.parametrize("path", OTHERS)
def test_no_setting_is_without_an_effect(path, tmp_path):
    rows = [(time, f"{degrees:.1f}", f"{damp:.1f}") for time, degrees, damp in weather(num_rows=300)]
    rows[40] = (rows[40][0], "7.0", rows[40][2])
    lines = [f"{time},{degrees},{damp},{time + timedelta(hours=1)}" for time, degrees, damp in rows]
    table = tmp_path / "weather.csv"
    table.write_text("\n".join(["date,T (degC),rh (%),later", *lines]) + "\n", encoding="utf-8")
    base = {"task": "forecasting", "dataset": {"file": str(table)}, "model": {"width_multiplier": 0.4}}
    assert prepared(override(base, path, OTHERS[path])) != prepared(base) == prepared(base)


def prepared(values) -> list[object]:
    """Return all that training begins with: arrays, frame and network."""
    spec = parse_spec(values)
    data = TASKS["forecasting"].prepare(spec, ignore)
    parts = (data.train, data.validation, data.test)
    arrays = [array.tobytes() for part in parts for array in (part.inputs, part.targets)]
    return [
        *arrays,
        data.cut.test.times_s.tolist(),
        data.frame,
        registry.build(spec.model, data.input_shape, data.num_outputs).layers,
    ]


def test_a_trial_keeps_all_that_was_judged(series_trial):
    study = Study.open(series_trial.parents[1])
    summary = study.summary(series_trial.name)
    quality = study.result(series_trial.name).quality
    kept, frame = forecasting.load_forecasts(series_trial), load_frame(series_trial)
    assert summary.task == "forecasting" and summary.accuracy is None
    assert summary.horizon_minutes == 60 and summary.num_test_windows == quality.num_windows == len(kept.times_s)
    rows = np.searchsorted(kept.truth_times_s, kept.times_s[:, None] + 600 * np.arange(1, 7))
    for place, (error, found) in enumerate(zip(summary.errors, quality.quantities, strict=True)):
        truth = kept.truth[rows][:, :, place]
        assert error.name == found.name == frame.targets[place]
        assert error.mae == pytest.approx(np.abs(kept.forecasts[:, :, place] - truth).mean(), rel=1e-5)
        assert error.linear_mae == pytest.approx(np.abs(kept.linear[:, :, place] - truth).mean(), rel=1e-5)
        assert error.persistence_mae == pytest.approx(np.abs(kept.latest[:, place, None] - truth).mean(), rel=1e-5)


def test_a_file_is_judged_again_as_when_it_was_trained(series_trial):
    study = Study.open(series_trial.parents[1])
    spec, quality = study.spec(series_trial.name), study.result(series_trial.name).quality
    task = TASKS["forecasting"]
    assert task.judge_file(series_trial / "model.tflite", spec, (), "test", ignore).quality == quality
    with pytest.raises(ModelError, match="labels were named"):
        task.judge_file(series_trial / "model.tflite", spec, ("go", "stop"), "test", ignore)
    shorter = spec.model_copy(update={"window": spec.window.model_copy(update={"output_steps": 3})})
    with pytest.raises(ModelError, match=r"gives 1 × 6 × 2 numbers, but the forecast has 3 steps of 2 columns"):
        task.judge_file(series_trial / "model.tflite", shorter, (), "test", ignore)


def test_a_forecaster_takes_no_sound(series_trial):
    with pytest.raises(ModelError, match="forecasts and takes no sound"):
        choose_model(series_trial)


def test_the_estimate_is_near_the_file(series_trial):
    study = Study.open(series_trial.parents[1])
    guess, found = estimate(study.spec(series_trial.name)), study.result(series_trial.name).footprint
    assert (guess.params, guess.macs) == (found.params, found.macs)
    assert guess.tflite_bytes == pytest.approx(found.tflite_bytes, rel=0.06)
    assert guess.zip_bytes == pytest.approx(found.zip_bytes, rel=0.1)


def test_errors_stand_beside_their_baselines_as_csv(series_trial):
    study = Study.open(series_trial.parents[1])
    (trial,) = study.summaries()
    (row,) = csv.DictReader(io.StringIO(to_csv(study, [trial])))
    error = trial.errors[0]
    assert [float(row[f"{what} T (degC)"]) for what in ("mae", "persistence", "linear")] == [
        error.mae, error.persistence_mae, error.linear_mae,
    ]  # fmt: skip


def trial(name: str, mae: float, zip_bytes: int, *, ahead: float = 60, humidity: float = 2.0) -> TrialSummary:
    errors = (
        ForecastError("T (degC)", "°C", mae, persistence_mae=0.7, linear_mae=0.5),
        ForecastError("rh (%)", "%", humidity, persistence_mae=2.5, linear_mae=2.1),
    )
    return TrialSummary(
        name, 1, "A", name, "", TrialState.FINISHED, 0.0, task="forecasting", errors=errors, zip_bytes=zip_bytes,
        num_test_windows=10, horizon_minutes=ahead,
    )  # fmt: skip


def test_each_quantity_is_bounded_on_its_own():
    asked = Constraints(zip_bytes_max=1024).with_bound("mae_max.T (degC)", 0.5).with_bound("mae_max.rh (%)", 1.8)
    assert asked.bounds() == {"zip_bytes_max": 1024, "mae_max.T (degC)": 0.5, "mae_max.rh (%)": 1.8}
    assert asked.met_by(trial("small and good", 0.5, 1024, humidity=1.8))
    assert not asked.met_by(trial("too damp", 0.4, 900, humidity=1.9))
    assert is_met(trial("other", 0.4, 900), "mae_max.p (mbar)", 1.0) is None
    assert asked.with_bound("mae_max.rh (%)", None).met_by(trial("too damp", 0.4, 900, humidity=1.9))


def test_only_what_forecasts_equally_far_is_compared():
    trials = [trial("hour", 0.5, 900), trial("half", 0.3, 800, ahead=30), trial("beaten", 0.6, 950)]
    temperature = error_objective("T (degC)", "°C")
    assert front_of(trials, (temperature, ZIP_BYTES)) == {"hour", "half"}
    assert best_of(trials, (ZIP_BYTES,)) == {"hour", "half"}
    alone = replace(trials[0], name="alone", errors=trials[0].errors[:1])
    assert "alone" in best_of([*trials, alone], (ZIP_BYTES,))
    assert [objective.key for objective in quality_objectives(trials)] == ["mae.T (degC)", "mae.rh (%)"]
    assert temperature.title == "T error"


def test_baselines_are_told_once_for_each_horizon():
    trials = [trial("a", 0.5, 900), trial("b", 0.8, 900), trial("c", 0.3, 800, ahead=30)]
    found = [(one.title, one.horizon_minutes, one.error_of("T (degC)").mae) for one in baselines_of(trials)]
    assert found == [
        ("Persistence", 60, 0.7), ("Linear model", 60, 0.5), ("Persistence", 30, 0.7), ("Linear model", 30, 0.5),
    ]  # fmt: skip
    assert baselines_of(trials)[1].error_of("T (degC)").gain == pytest.approx(1 - 0.5 / 0.7)
    assert [one.is_worse_than_persistence for one in trials] == [False, True, False]


def test_a_quantity_that_is_forecast_worse_than_by_persistence_is_named():
    def errors(mae: float) -> Errors:
        return Errors(by_horizon=(mae,), by_hour=(mae,) * 24)

    quantities = tuple(
        QuantityErrors(name=name, unit="", file=errors(mae), persistence=errors(1.0), linear=errors(0.9))
        for name, mae in (("good", 0.75), ("bad", 1.5))
    )
    judged = Forecast(quantities=quantities, step_minutes=10, num_windows=5)
    assert judged.worse_than_persistence == ("bad",)
    assert [found.gain for found in quantities] == pytest.approx([0.25, -0.5])
    assert QuantityErrors(**{**dict(quantities[0]), "persistence": errors(0.0)}).gain is None


def test_the_quick_start_takes_a_table(tmp_path):
    table = write_series(tmp_path / "weather.csv", num_rows=300)
    assert find_data(table) == table
    specs = quickstart_specs(table)
    assert [spec.model.family for spec in specs] == ["conv1d", "conv1d", "mlp"]
    assert {spec.dataset.file for spec in specs} == {str(table)}


GAINS = {"system-f": (0.25, 0.17, 1024), "system-f-tiny": (0.20, 0.14, round(0.8 * 1024))}


def hold(name: str, seed: int, table: Path, folder: Path) -> None:
    values = override(with_data(load_values(SPECS / f"{name}.toml"), table), "training.seed", seed)
    folder.mkdir()
    result = run_trial(parse_spec(values), folder)
    temperature, humidity, most_bytes = GAINS[name]
    assert result.quality.quantities[0].gain >= temperature
    assert result.quality.quantities[1].gain >= humidity
    assert result.footprint.zip_bytes <= most_bytes


def test_the_smallest_starter_beats_persistence_on_real_weather(real_climate, tmp_path):
    hold("system-f-tiny", 1, real_climate, tmp_path / "trial")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", GAINS)
def test_starters_beat_persistence_on_real_weather_from_any_seed(name, seed, real_climate, tmp_path):
    hold(name, seed, real_climate, tmp_path / "trial")
