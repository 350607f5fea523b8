"""Forecasters judged where they were not trained: on another table as a whole, and such as want standardized values."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.datasets.climate import read_table
from core.datasets.frame import load_frame
from core.datasets.windows import whole_windows
from core.evaluation import forecasting
from core.experiment.store import Study
from core.experiment.trial_folder import read_spec
from core.spec import SeriesData, Window
from tests.series import write_series
from workbench.cli import app

COLUMNS = ("T (degC)", "rh (%)")
WINDOW = Window(step_minutes=10, input_steps=6, output_steps=6)


def evaluate(*arguments: object, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.output


def ask(*arguments: object) -> dict:
    return json.loads(evaluate(*arguments, "--json"))


@pytest.fixture
def trial(series_study) -> Path:
    """Folder of a trial of one's own."""
    study = Study.open(series_study)
    return study.folder_of(study.find("A"))


@pytest.fixture
def other(tmp_path) -> Path:
    """Another year's table, in other words."""
    path = write_series(tmp_path / "other.csv", num_rows=700, begin=datetime(2025, 7, 1))
    path.write_text(path.read_text().replace("date,T (degC),rh (%)", "time,temperature (°C),humidity (%)"))
    return path


def test_a_trial_is_judged_on_all_of_another_table_beside_its_own_baseline(trial, other):
    found = ask(trial, "--data", other)
    frame = load_frame(trial)
    series = read_table(SeriesData(file=str(other)))
    windows, _, _ = whole_windows(series, series.columns, series.columns, WINDOW)
    assert found["num_windows"] == found["num_found"] == len(windows) == 700 - 11
    assert (found["part"], found["linear_of"], found["hints"]) == ("all", "training", [])
    kept = forecasting.load_linear(trial, frame)
    expected = (
        forecasting.forecast(trial / "model.tflite", windows.inputs, frame),
        forecasting.forecast_linearly(kept, windows),
    )
    for place, error in enumerate(found["errors"]):
        truth = windows.targets[:, :, place]
        maes = [np.abs(said[:, :, place] - truth).mean() for said in expected]
        assert [error["mae"], error["linear_mae"]] == pytest.approx(maes, rel=1e-4)
    anew = forecasting.forecast_linearly(forecasting.fit_linear(windows), windows)
    assert np.abs(anew - windows.targets).mean(axis=(0, 1))[0] < found["errors"][0]["linear_mae"]
    assert "T (degC) is taken from column temperature (°C)." in found["warnings"]
    shown = evaluate(trial, "--data", other)
    assert "689 of the whole table" in shown and "that of the trial's own training, not fitted to this table" in shown


def test_on_its_own_table_it_is_judged_on_the_test_part(trial):
    found = ask(trial)
    assert (found["part"], found["linear_of"]) == ("test", "spec")
    result = json.loads((trial / "result.json").read_text())
    assert found["num_windows"] == result["quality"]["num_windows"]


def test_an_older_trial_fits_its_baseline_anew_or_says_that_it_is_missing(trial, other, tmp_path):
    expected = ask(trial, "--data", other)
    (trial / forecasting.LINEAR).unlink()
    anew = ask(trial, "--data", other)
    assert anew["linear_of"] == "training"
    assert [error["linear_mae"] for error in anew["errors"]] == pytest.approx(
        [error["linear_mae"] for error in expected["errors"]]
    )
    table = read_spec(trial).dataset.file
    gone = tmp_path / "gone.csv"
    (trial / "spec.json").write_text((trial / "spec.json").read_text().replace(table, str(gone)))
    for _ in ("not there", "another table"):
        found = ask(trial, "--data", other)
        assert found["linear_of"] == "nothing" and found["errors"][0]["linear_mae"] is None
        write_series(gone, num_rows=900)
    assert "there is no linear model of its own training" in evaluate(trial, "--data", other)


def test_a_file_with_its_frame_beside_it_needs_no_spec(trial, other, tmp_path):
    for source, name in (("model.tflite", "weather.tflite"), ("preprocessing.json", "weather.preprocessing.json")):
        (tmp_path / name).write_bytes((trial / source).read_bytes())
    found = ask(tmp_path / "weather.tflite", "--data", other)
    assert (found["part"], found["linear_of"]) == ("all", "nothing")
    assert found["errors"][0]["mae"] == ask(trial, "--data", other)["errors"][0]["mae"]


@pytest.fixture(scope="module")
def standardized(tmp_path_factory) -> Path:
    """A file that takes and gives standardized values, and says that all stays as it is."""
    import tensorflow as tf

    class Still(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((1, 6, 2), tf.float32)])
        def tell(self, values):
            return tf.tile(tf.clip_by_value(values[:, -1:], -4.0, 4.0), (1, 6, 1))

    still = Still()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([still.tell.get_concrete_function()], still)
    path = tmp_path_factory.mktemp("standardized") / "still.tflite"
    path.write_bytes(converter.convert())
    return path


def test_a_file_that_wants_standardized_values_gets_a_hint_and_then_its_means(standardized, tmp_path):
    table = write_series(tmp_path / "weather.csv")
    spec = tmp_path / "spec.toml"
    spec.write_text('task = "forecasting"\n[dataset]\nfile = "weather.csv"\n')
    bare = ask(standardized, "--spec", spec)
    assert [hint["kind"] for hint in bare["hints"]] == ["standardized"] * 2
    assert bare["hints"][1]["mae"] > 50 > bare["hints"][1]["mae_of_mean"]
    assert "give the mean and deviation of each column" in " ".join(evaluate(standardized, "--spec", spec).split())
    values = read_table(SeriesData(file=str(table))).values
    mean, deviation = (list(map(float, found)) for found in (values.mean(axis=0), values.std(axis=0)))
    given = [option for name, numbers in (("mean", mean), ("deviation", deviation))
             for option in (f"--input-{name}", ",".join(map(str, numbers)))]  # fmt: skip
    by_options = ask(standardized, "--spec", spec, *given)
    assert by_options["hints"] == []
    for error in by_options["errors"]:
        assert error["mae"] == pytest.approx(error["persistence_mae"], rel=1e-3)
    spec.write_text(spec.read_text() + f"[standardization]\ninput_mean = {mean}\ninput_deviation = {deviation}\n")
    assert ask(standardized, "--spec", spec)["errors"] == by_options["errors"]


def test_means_of_other_columns_are_refused(standardized, trial, tmp_path):
    write_series(tmp_path / "weather.csv")
    spec = tmp_path / "spec.toml"
    spec.write_text('task = "forecasting"\n[dataset]\nfile = "weather.csv"\n')
    said = evaluate(standardized, "--spec", spec, "--input-mean", "1", "--input-deviation", "1,1", status=2)
    assert "standardization.input_mean" in said and "must be a mean for each of T (degC), rh (%)" in said
    assert "output" not in said
    said = evaluate(standardized, "--spec", spec, "--input-mean", "1,2", "--input-deviation", "1,0", status=2)
    assert "must be more than 0, is 0" in said
    assert "are for a forecaster from elsewhere" in evaluate(trial, "--input-mean", "1,2", status=1)
