"""The command line on forecasts: tables, pictures and sheets with their baselines, in the words of forecasting."""

import csv
import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.datasets.frame import load_frame
from core.evaluation.forecasting import forecast
from core.experiment.store import Constraints, Study
from core.results import Errors, QuantityErrors, TrialResult
from workbench import console
from workbench.cli import app
from workbench.trials import search_outcome

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "resources/specs/system-f.toml"
STRANGERS = re.compile(r"clip|word|accuracy|keyword|label|speaker|sound", re.IGNORECASE)


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def study(series_study) -> Study:
    """A trained trial A, and B, which foretells temperature worse than persistence and humidity better."""
    made = Study.open(series_study)
    a = made.summaries()[0].name
    spec, result = made.spec(a), made.result(a)
    b = made.add(spec.model_copy(update={"name": "Poor", "training": spec.training.model_copy(update={"seed": 7})}))
    (made.folder_of(b) / "result.json").write_text(poor(result).model_dump_json(), encoding="utf-8")
    made.refresh()
    return made


def poor(result: TrialResult) -> TrialResult:
    def scaled(errors: Errors, factor: float) -> Errors:
        return Errors(
            by_horizon=tuple(factor * error for error in errors.by_horizon),
            by_hour=tuple(error and factor * error for error in errors.by_hour),
        )

    quantities = tuple(
        QuantityErrors(**{**dict(found), "file": scaled(found.persistence, factor)})
        for found, factor in zip(result.quality.quantities, (1.25, 0.5), strict=True)
    )
    return result.model_copy(update={"quality": result.quality.model_copy(update={"quantities": quantities})})


def test_trials_stand_beside_both_baselines(study):
    lines = run("trials", study.folder).stdout.splitlines()
    head, _, worse, still, linear = lines[1:6]
    assert head.split()[2:8] == ["T", "°C", "gain", "%", "rh", "%"] and "zip kB" in head
    assert "▽" in worse and "-25.0" in worse and "50.0" in worse
    assert "Persistence, 1 h ahead" in still and "Linear model, 1 h ahead" in linear
    assert "▽ worse than persistence" in lines
    assert not STRANGERS.search("\n".join(lines))


def test_before_anything_is_finished_no_accuracy_is_spoken_of(series_trial, tmp_path):
    made = Study.create(tmp_path / "study")
    made.add(Study.open(series_trial.parents[1]).spec(series_trial.name))
    assert not STRANGERS.search(run("trials", made.folder).stdout)


def test_a_narrow_terminal_leaves_out_columns_and_never_names(study, monkeypatch):
    narrow = console.Console(highlight=False, force_terminal=True, width=80, no_color=True)
    monkeypatch.setattr(console, "stdout", narrow)
    shown = run("trials", study.folder).stdout
    assert "Weather" in shown and "Poor" in shown and "total ms" in shown
    assert "Left out for want of room: p99 ms, window ms" in shown


def test_json_says_what_is_no_use(study):
    document = json.loads(run("trials", study.folder, "--json").stdout)
    good, bad = document["trials"]
    assert bad["worse_than_persistence"] and [error["worse_than_persistence"] for error in bad["errors"]] == [
        True,
        False,
    ]
    assert [error["gain"] for error in bad["errors"]] == pytest.approx([-0.25, 0.5])
    assert [one["title"] for one in document["baselines"]] == ["Persistence", "Linear model"]
    assert [error["mae"] for error in document["baselines"][1]["errors"]] == [
        error["linear_mae"] for error in good["errors"]
    ]


def test_csv_has_the_errors_of_each_quantity(study):
    rows = list(csv.DictReader(io.StringIO(run("trials", study.folder, "--csv").stdout)))
    assert float(rows[1]["mae T (degC)"]) == pytest.approx(1.25 * float(rows[1]["persistence T (degC)"]))
    assert rows[1]["worse_than_persistence"] == "True" and float(rows[0]["linear rh (%)"]) > 0


def test_a_trial_is_shown_by_horizon_and_hour_beside_its_baselines(study):
    shown = run("show", study.folder, "B").stdout
    assert "▽, 25.0 % more than persistence" in shown and "50.0 % less than persistence" in shown
    assert "▽ worse than persistence" in shown
    heads = [line.split() for line in shown.splitlines() if "persistence" in line and "linear" in line]
    assert ["ahead", "T", "°C", "persistence", "linear", "rh", "%", "persistence", "linear"] in heads
    ahead = re.findall(r"^ *(\d+ (?:min|h)) ", shown, re.MULTILINE)
    assert ahead == ["10 min", "20 min", "30 min", "40 min", "50 min", "1 h"]
    by_hour = study.result(study.find("B")).quality.quantities[0].file.by_hour
    hours = [line.split()[0] for line in shown.splitlines() if line.strip()[2:5] == ":00"]
    assert hours == [f"{hour:02}:00" for hour, error in enumerate(by_hour) if error is not None]
    assert not STRANGERS.search(shown.partition("Folder:")[0])
    assert json.loads(run("show", study.folder, "B", "--json").stdout)["worse_than_persistence"] is True


def test_what_never_changes_has_no_gain(study):
    b = study.find("B")
    result = study.result(b)
    still = Errors(by_horizon=(0.0,) * 6, by_hour=(0.0,) * 24)
    quantities = tuple(QuantityErrors(**{**dict(one), "persistence": still}) for one in result.quality.quantities)
    steady = result.model_copy(update={"quality": result.quality.model_copy(update={"quantities": quantities})})
    (study.folder_of(b) / "result.json").write_text(steady.model_dump_json(), encoding="utf-8")
    assert "▽, where nothing changes and persistence is right" in run("show", study.folder, "B").stdout
    assert run("trials", study.folder).exit_code == run("report", study.folder).exit_code == 0
    assert [one["gain"] for one in json.loads(run("trials", study.folder, "--json").stdout)["trials"][1]["errors"]] == [
        None, None,
    ]  # fmt: skip


def test_constraints_bound_each_quantity(study):
    wanted = ("--zip-kb-max", 2, "--mae-max", "T (degC)=100", "--mae-max", "rh (%)=100")
    assert json.loads(run("constrain", study.folder, *wanted, "--json").stdout)["constraints"] == {
        "zip_bytes_max": 2048, "mae_max.T (degC)": 100.0, "mae_max.rh (%)": 100.0,
    }  # fmt: skip
    shown = run("trials", study.folder).stdout
    assert "✓ meets the constraints of the study: zip ≤ 2 kB, T error ≤ 100 °C, rh error ≤ 100 %" in shown
    shown = run("constrain", study.folder, "--mae-max", "T (degC)=1e-6").stdout
    assert "None of them meets all constraints of the study: T error ≤" in shown
    assert run("constrain", study.folder, "--mae-max", "0.5").exit_code == 2
    assert "choose among T (degC), rh (%)" in run("constrain", study.folder, "--mae-max", "p (mbar)=1").stderr
    run("constrain", study.folder)
    assert not Study.open(study.folder).constraints.bounds()


def test_the_picture_has_the_baselines_of_the_quantity_asked_for(study, tmp_path, qapp):
    out = tmp_path / "front.svg"
    document = json.loads(run("pareto", study.folder, "--out", out, "--y", "rh (%)", "--json").stdout)
    errors = study.summaries()[0].errors[1]
    assert document["y"] == "mae.rh (%)"
    assert document["baselines"] == {
        "persistence, 60 min": errors.persistence_mae, "linear model, 60 min": errors.linear_mae,
    }  # fmt: skip
    assert [one["worse_than_persistence"] for one in document["trials"]] == [False, True]
    assert "Persistence" in out.read_text(encoding="utf-8")
    assert 'the error of rh (%); --y "rh (%)" draws that' in run("pareto", study.folder, "--out", out).stdout
    failed = run("pareto", study.folder, "--out", out, "--y", "p (mbar)")
    assert (failed.exit_code, "it has T (degC), rh (%)" in failed.stderr) == (1, True)


def test_a_model_leaves_the_study_with_what_it_takes_and_gives(study, tmp_path):
    assert run("export", study.folder, "A", "--format", "c-array", "--out", tmp_path).exit_code == 0
    header = (tmp_path / "weather.h").read_text(encoding="utf-8")
    assert "T +10 min, rh +10 min, T +20 min" in header
    assert "the latest 6 values, 10 min apart" in header
    run("export", study.folder, "A", "--out", tmp_path)
    judged = json.loads(
        run("evaluate", tmp_path / "weather.tflite", "--spec", SPEC, "--data", study.spec(study.find("A")).dataset.file,
            "--json").stdout
    )  # fmt: skip
    assert [error["mae"] for error in judged["errors"]] == [error.mae for error in study.summaries()[0].errors]


def test_the_end_of_a_table_is_forecast_as_a_device_does(study):
    table = Path(study.spec(study.find("A")).dataset.file)
    document = json.loads(run("forecast", study.folder, "A", table, "--json").stdout)
    folder = study.folder_of(study.find("A"))
    rows = [list(map(float, line.split(",")[1:])) for line in table.read_text(encoding="utf-8").splitlines()[-6:]]
    expected = forecast(folder / "model.tflite", np.float32([rows]), load_frame(folder))[0]
    assert [one["unit"] for one in document["coming"]["quantities"]] == ["°C", "%"]
    for place, quantity in enumerate(document["coming"]["quantities"]):
        assert quantity["values"] == pytest.approx(expected[:, place].tolist(), abs=1e-3)
    shown = run("forecast", study.folder, "A", table).stdout.splitlines()
    assert sum("measured" in line for line in shown) == sum("forecast" in line for line in shown) == 6
    failed = run("forecast", study.folder, "A", table, "--column", "T (degC)=warmth")
    assert (failed.exit_code, "no column 'warmth' for T (degC)" in failed.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [("forecast", "B"), ("export", "B")])
def test_a_trial_whose_spec_is_not_opened_says_so_wherever_its_model_is_asked_for(study, arguments, tmp_path):
    spec = study.folder_of(study.find("B")) / "spec.json"
    spec.rename(tmp_path / "spec.json")
    spec.symlink_to(tmp_path / "spec.json")
    command, letter = arguments
    table = Path(study.spec(study.find("A")).dataset.file)
    last = [table] if command == "forecast" else ["--out", tmp_path / "model.tflite"]
    failed = run(command, study.folder, letter, *last)
    assert failed.exit_code == 1
    assert "trial B has no model to" in failed.stderr and "spec.json is a symbolic link" in failed.stderr


@pytest.mark.parametrize("command", ["classify", "detect", "listen"])
def test_what_takes_sound_refuses_a_forecaster(study, command, tmp_path):
    failed = run(command, study.folder, "A", *([tmp_path / "clip.wav"] if command == "classify" else []))
    assert failed.exit_code == 1
    assert "forecasts and takes no sound; choose a model of keyword spotting" in failed.stderr


def test_a_spec_of_forecasts_names_its_own_sections(tmp_path):
    failed = run("train", SPEC, "--study", tmp_path / "study", "--set", "features.kind=mfcc")
    assert failed.exit_code == 2
    assert "dataset.file: no file given; choose a CSV file" in failed.stderr
    assert "features: unknown field" in failed.stderr and "window" in failed.stderr


def test_a_study_is_reported_with_what_others_published(study, tmp_path):
    page = tmp_path / "page.md"
    table = json.loads(run("report", study.folder, "--json").stdout)["table"]
    assert "| F 0.05 | CNN, α 0.05 | 0.410 °C · 1.76 % |" in table
    kept = table.replace("| 1.564 |  |  | not run yet |", "| 1.564 | 0.9 | 0.01 ms | weather.csv |")
    page.write_text(
        f"<!-- results: written by `workbench report`; do not edit -->\n{kept}<!-- end of results -->\n",
        encoding="utf-8",
    )
    assert run("report", study.folder, "--into", page).exit_code == 0
    renewed = page.read_text(encoding="utf-8")
    assert "| 1.564 | 0.9 | 0.01 ms | weather.csv |" in renewed


def test_a_search_learns_from_what_is_there_and_says_which_is_best(study, tmp_path):
    """With its only combination trained before, a search has nothing left to do but to measure."""
    a = study.summaries()[0]
    path = tmp_path / "search.toml"
    path.write_text(
        f'[base]\ntask = "forecasting"\ndataset.file = "{study.spec(a.name).dataset.file}"\n'
        'model = { family = "mlp", units = [4] }\nmeasurement = { num_runs = 20, warmup_runs = 2 }\n'
        "training = { epochs = 3, initial_learning_rate = 0.01 }\n[axes]\ntraining.seed = [0]\n"
        '[constraints]\nzip_kb_max = 50\nmae_max = { "T (degC)" = 1e-3 }\n[search]\nnum_trials = 8\n',
        encoding="utf-8",
    )
    shown = run("search", path, "--study", study.folder, "--trials", "1")
    assert shown.exit_code == 0, shown.output
    assert "Weather" in shown.stdout and "Poor" not in shown.stdout
    assert re.search(r"None of 1 trials meets .* A, Weather: T error ≤ 0.001 °C, is [0-9.]+ °C$", shown.stdout, re.M)
    assert [trial.name for trial in Study.open(study.folder).summaries()] == [trial.name for trial in study.summaries()]


def test_the_outcome_of_a_search_counts_those_that_meet_its_constraints(study):
    assert search_outcome.sentence(study, study.summaries()) == ""
    study.set_constraints(Constraints(zip_bytes_max=50 * 1024, mae_max={"rh (%)": 100.0}))
    assert search_outcome.sentence(study, study.summaries()).startswith(
        "2 of 2 trials meet the constraints. The smallest file of them: "
    )
    values = search_outcome.as_values(study, study.summaries())
    assert values["num_meeting"] == 2 and all(miss < 0 for miss in values["misses"].values())
