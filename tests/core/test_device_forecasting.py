"""Forecasting trials on a real SSH server: deployed, measured, and compared with this machine window by window."""

import numpy as np
import pytest

from core.datasets.frame import load_frame
from core.errors import DataError, StudyError
from core.evaluation.forecasting import forecast
from core.events import Warned, ignore
from core.experiment.device_tasks import DEVICE_TASKS
from core.experiment.device_trials import Benchmarking, Plan, benchmark_trials, release_of
from core.experiment.store import Study

QUICK = Benchmarking(Plan(warmup_runs=2, num_runs=20), num_clips=40)


@pytest.fixture
def study(series_study) -> Study:
    return Study.open(series_study)


@pytest.fixture
def name(study) -> str:
    return study.summaries()[0].name


def test_errors_on_a_device_are_those_of_this_machine(ssh_device, study, name):
    ssh_device.provision()
    with ssh_device.connect() as connection:
        assert benchmark_trials(connection, study, [name], QUICK, ignore, deploy=name) == [name]
    assert (ssh_device.base / "current").readlink().name.startswith("weather-")
    latency = study.result(name).latency_on("loop")
    assert 0 < latency.inference.median_ms < latency.total.p99_ms and latency.saving == 0
    run = latency.run
    assert run.peak_resident_bytes > 10_000_000 and run.accuracy is None
    assert run.errors.num_windows == 40 and run.errors.agrees and run.errors.num_differences == 0
    assert [(each.name, each.unit) for each in run.errors.quantities] == [("T (degC)", "°C"), ("rh (%)", "%")]
    examples = DEVICE_TASKS["forecasting"].pick(study.spec(name), 40, ignore)
    here = forecast(study.folder_of(name) / "model.tflite", examples.inputs, load_frame(study.folder_of(name)))
    expected = np.abs(here - examples.targets).mean(axis=(0, 1))
    assert [each.mae for each in run.errors.quantities] == pytest.approx(expected.tolist(), rel=1e-4)


def test_forecasts_that_differ_are_listed_the_largest_first(study, name):
    task, folder = DEVICE_TASKS["forecasting"], study.folder_of(name)
    examples = task.pick(study.spec(name), 10, ignore)
    there = forecast(folder / "model.tflite", examples.inputs, load_frame(folder)).astype(np.float64)
    there[7, 2, 1] += 1
    there[4, 0, 0] -= 30
    errors = task.compare(folder, examples, there.reshape(10, -1))["errors"]
    first, second = errors.differences
    assert (first.name, first.horizon, str(first.time_s)) == ("T (degC)", 1, examples.names[4])
    assert first.there - first.here == pytest.approx(-30)
    assert (second.name, second.horizon) == ("rh (%)", 3) and errors.num_differences == 2
    assert not errors.agrees


def test_without_its_file_a_trial_is_timed_all_the_same(ssh_device, study, name, monkeypatch):
    spec = study.spec(name)
    moved = spec.model_copy(update={"dataset": spec.dataset.model_copy(update={"file": "/nowhere.csv"})})
    monkeypatch.setattr(Study, "spec", lambda self, name: moved)
    ssh_device.provision()
    said = []
    with ssh_device.connect() as connection:
        benchmark_trials(connection, study, [name], QUICK, said.append)
    assert any(isinstance(event, Warned) and "nowhere.csv" in event.message for event in said)
    assert study.result(name).latency_on("loop").run.errors is None


def test_a_trial_without_its_model_or_frame_is_not_deployed(study, name):
    (study.folder_of(name) / "model.tflite").unlink()
    with pytest.raises(StudyError, match=r"model\.tflite: cannot be read \(No such file.*train the trial again"):
        release_of(study, name)
    (study.folder_of(name) / "preprocessing.json").write_text("{}")
    with pytest.raises(DataError, match=r"cannot be read as that of a forecast \(.*\); train the trial again"):
        release_of(study, name)
