"""`python -m workbench …` as a user types it, on clips made of tones: real worker, real files, real interrupts."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from core.events import EpochEnded, TrialFinished, TrialStarted
from core.experiment.store import Study, TrialState
from tests.series import write_series

ROOT = Path(__file__).parents[2]
TINY = """\
name = "Tiny"
[features]
num_mel_bins = 20
[model]
family = "ds_cnn"
filters = [8, 8]
strides = [[2, 2], [1, 1]]
[training]
epochs = 4
[measurement]
num_runs = 20
warmup_runs = 2
"""


@dataclass
class Terminal:
    """A folder to type commands in, with cache and data folders of its own."""

    folder: Path

    @property
    def environment(self):
        """What the processes see: no display, and nothing of the user's."""
        shown = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        own = {f"TINYML_WORKBENCH_{name}": str(self.folder / name.lower()) for name in ("CACHE", "DATA", "CONFIG")}
        return {**shown, **own, "PYTHONPATH": str(ROOT)}

    def command(self, *arguments):
        return [sys.executable, "-m", "workbench", *map(str, arguments)]

    def run(self, *arguments):
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, cwd=self.folder, env=self.environment, check=False
        )

    @contextlib.contextmanager
    def start(self, *arguments):
        """Give the process of a command, to be interrupted while it runs; it ends with the `with` at the latest."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(self.command(*arguments), cwd=self.folder, env=self.environment, **pipes) as process:
            try:
                yield process
            finally:
                process.kill()

    def ask(self, *arguments):
        """Run a command with --json and return its document; nothing else may stand on stdout."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def wait_for(words, process):
    """Read what a process says until the words come."""
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"ended with {process.wait()} without saying {words!r}")


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    folder = tmp_path_factory.mktemp("a terminal")
    (folder / "tiny.toml").write_text(TINY, encoding="utf-8")
    return Terminal(folder)


@pytest.fixture(scope="module")
def trained(terminal, tone_clips):
    """The answer of `train`; its study is `study` in the terminal's folder."""
    arguments = ("--study", "study", "--data", tone_clips, "--set", "training.seed=3", "--set", "name=Tone deaf")
    return terminal.ask("train", "tiny.toml", *arguments)["trials"][0]


def test_train_measures_a_trial(trained, terminal):
    assert (trained["letter"], trained["title"], trained["state"]) == ("A", "Tone deaf", "finished")
    assert trained["accuracy"] > 0.5
    folder = terminal.folder / "study" / "trials" / trained["name"]
    assert trained["tflite_bytes"] == (folder / "model.tflite").stat().st_size
    assert trained["zip_bytes"] == (folder / "model.tflite.zip").stat().st_size
    assert trained["latencies"][0]["total_ms"] > 0
    assert not trained["synthetic"]


def test_trials_and_show_tell_the_same(trained, terminal):
    assert terminal.ask("trials", "study")["trials"] == [trained]
    sheet = terminal.ask("show", "study", "A")
    quality = sheet["result"]["quality"]
    right = sum(row[index] for index, row in enumerate(quality["confusion"]))
    assert right / trained["num_test_clips"] == pytest.approx(trained["accuracy"])
    assert sheet["spec"]["training"]["seed"] == 3
    assert {"model.tflite", "model.tflite.zip", "preprocessing.json", "result.json"} <= set(sheet["files"])
    assert "Tone deaf" in terminal.run("show", "study", "A").stdout


def test_pareto_writes_pictures_without_a_display(trained, terminal):
    assert terminal.ask("pareto", "study", "--out", "front.png")["trials"][0]["on_front"]
    terminal.ask("pareto", "study", "--x", "latency", "--out", "front.svg")
    assert (terminal.folder / "front.png").read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(terminal.folder / "front.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("form", ["tflite", "zip", "keras", "c-array"])
def test_export_writes_each_format(trained, terminal, form):
    files = [Path(file) for file in terminal.ask("export", "study", "A", "--format", form, "--out", "out")["files"]]
    original = (terminal.folder / "study" / "trials" / trained["name"] / "model.tflite").read_bytes()
    assert files and all(file.stat().st_size > 0 for file in files)
    if form == "tflite":
        assert files[0].read_bytes() == original
    if form == "zip":
        with zipfile.ZipFile(files[0]) as package:
            assert [package.read(name) for name in package.namelist()] == [original]
    if form == "keras":
        assert zipfile.is_zipfile(files[0]) or files[0].read_bytes()[:4] == b"\x89HDF"
    if form == "c-array":
        assert f"0x{original[0]:02x}, 0x{original[1]:02x}" in files[1].read_text(encoding="utf-8")


def test_evaluate_agrees_with_the_trial(trained, terminal, tone_clips):
    model = terminal.folder / "study" / "trials" / trained["name"] / "model.tflite"
    judged = terminal.ask("evaluate", model, "--spec", "tiny.toml", "--data", tone_clips)
    assert judged["accuracy"] == pytest.approx(trained["accuracy"])
    assert judged["num_clips"] == trained["num_test_clips"]


def test_evaluate_takes_the_labels_in_the_order_of_the_outputs(trained, terminal, tone_clips):
    model = terminal.folder / "study" / "trials" / trained["name"] / "model.tflite"
    straight = terminal.ask("show", "study", "A")["result"]["quality"]
    assert straight["labels"] == ["high", "low", "rising"]
    swapped = terminal.ask(
        "evaluate", model, "--spec", "tiny.toml", "--data", tone_clips, "--labels", "low,high,rising"
    )
    # The file's first two outputs are now called by each other's names: the same clips, the same columns, other rows.
    assert [straight["confusion"][row] for row in (1, 0, 2)] == swapped["confusion"]


def test_benchmark_times_each_file(trained, terminal):
    model = terminal.folder / "study" / "trials" / trained["name"] / "model.tflite"
    timed = terminal.ask("benchmark", model, model, "--runs", "30", "--warmup", "3")
    for entry in timed["models"]:
        timing = entry["timing"]
        assert 0 < timing["median_ms"] <= timing["p90_ms"] <= timing["p99_ms"]
        assert timing["num_runs"] == 30


def test_sweep_shares_work_between_two_processes(terminal, tone_clips):
    (terminal.folder / "sweep.toml").write_text(
        'base = "tiny.toml"\n[axes]\n"pruning.schedule" = ["none", "polynomial"]\n"quantization.scheme" = ["int8"]\n',
        encoding="utf-8",
    )
    arguments = ("--study", "swept", "--workers", "2", "--data", tone_clips, "--set", "pruning.fine_tuning_epochs=2")
    swept = terminal.ask("sweep", "sweep.toml", *arguments)["trials"]
    assert [trial["state"] for trial in swept] == ["finished", "finished"]
    assert not any(trial["latencies"][0]["contended"] for trial in swept)
    assert swept[1]["nonzero_params"] < swept[0]["nonzero_params"] == swept[0]["params"]
    assert len({trial["title"] for trial in swept}) == 2
    again = terminal.ask("sweep", "sweep.toml", *arguments)["trials"]
    assert [trial["name"] for trial in again] == [trial["name"] for trial in swept]
    assert [trial["accuracy"] for trial in again] == [trial["accuracy"] for trial in swept]


def test_quickstart_does_the_whole_job(terminal, tone_clips):
    done = terminal.ask("quickstart", "--data", tone_clips, "--study", "first")
    assert [trial["state"] for trial in done["trials"]] == ["finished"] * 3
    assert done["data"] == str(tone_clips)
    assert done["synthetic"] is False
    assert Path(done["picture"]).read_bytes().startswith(b"\x89PNG")
    assert len(Study.open(terminal.folder / "first").summaries()) == 3


def test_an_interrupted_trial_is_cancelled_and_can_be_resumed(terminal, tone_clips):
    arguments = ("--study", "interrupted", "--data", tone_clips, "--set", "training.epochs=120")
    with terminal.start("train", "tiny.toml", *arguments) as process:
        wait_for("epoch 3 of 120", process)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait() == 130, said
    assert "Cancelled." in said
    study = Study.open(terminal.folder / "interrupted")
    (cancelled,) = study.summaries()
    assert cancelled.state is TrialState.CANCELLED

    resumed = terminal.ask("resume", "interrupted", "A")["trials"][0]
    assert resumed["state"] == "finished"
    events = study.events(cancelled.name)
    assert [event.resumed for event in events if isinstance(event, TrialStarted)] == [False, True]
    epochs = [event.epoch for event in events if isinstance(event, EpochEnded)]
    assert set(epochs) == set(range(1, 121))
    assert len(epochs) <= 121

    timed = terminal.ask("remeasure", "interrupted")["trials"][0]
    assert timed["state"] == "finished"
    measured = [event.result.latencies[0] for event in study.events(cancelled.name) if isinstance(event, TrialFinished)]
    assert measured[-1].total != measured[0].total
    assert study.result(cancelled.name).latencies[0] == measured[-1]


def test_a_killed_worker_is_a_sentence_and_leaves_a_trial_to_resume(terminal, tone_clips):
    arguments = ("--study", "killed", "--data", tone_clips, "--set", "training.epochs=500")
    with terminal.start("train", "tiny.toml", *arguments) as process:
        # The first checkpoint is written after two seconds of training; every epoch is a line.
        while not list((terminal.folder / "killed").glob("trials/*/checkpoint")):
            assert process.stderr.readline()
        (worker,) = psutil.Process(process.pid).children()
        worker.kill()
        said = process.stderr.read()
        assert process.wait() == 1, said
    assert "killed by signal 9" in said and "resume" in said and "Traceback" not in said
    (summary,) = Study.open(terminal.folder / "killed").summaries()
    assert summary.state is TrialState.FAILED
    assert "epoch" in summary.message


def test_a_model_that_does_not_fit_is_a_sentence(trained, terminal, tone_clips):
    model = terminal.folder / "study" / "trials" / trained["name"] / "model.tflite"
    half = terminal.folder / "half of it.tflite"
    half.write_bytes(model.read_bytes()[: model.stat().st_size // 2])
    alone = terminal.folder / "alone" / "model.tflite"
    alone.parent.mkdir()
    shutil.copyfile(model, alone)
    on_tones = ("--spec", "tiny.toml", "--data", tone_clips)
    other = terminal.folder / "other.toml"
    other.write_text(TINY.replace("[features]\n", "[features]\nnum_mfccs = 12\n"), encoding="utf-8")
    for arguments, reason in (
        ((half, *on_tones), "half of it.tflite"),
        ((alone, "--spec", other, "--data", tone_clips), "49 × 12"),
        ((model, "--spec", other, "--data", tone_clips), "was trained with other features (num_mfccs)"),
        ((model, *on_tones, "--labels", "high,low"), "rising"),
        ((model, *on_tones, "--labels", "high,low,rising,silence"), "3 outputs"),
    ):
        refused = terminal.run("evaluate", *arguments)
        assert refused.returncode == 1, refused.stderr
        assert reason in refused.stderr
        assert "Traceback" not in refused.stderr
    refused = terminal.run("benchmark", half)
    assert (refused.returncode, "half of it.tflite" in refused.stderr) == (1, True)


def test_data_that_cannot_be_used_is_refused_before_a_trial_is_made(terminal, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    hollow = tmp_path / "hollow"
    for label in ("no", "yes"):
        (hollow / label).mkdir(parents=True)
    for folder, reason in ((empty, "at least two"), (hollow, "no clips"), (tmp_path / "nowhere", "not a folder")):
        refused = terminal.run("train", "tiny.toml", "--study", "never", "--data", folder)
        assert refused.returncode == 1
        assert reason in refused.stderr and str(folder) in refused.stderr
    assert not (terminal.folder / "never").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that nobody may write to: /sys")
def test_a_study_that_may_not_be_written_is_a_sentence(terminal, tone_clips):
    refused = terminal.run("train", "tiny.toml", "--study", "/sys/study", "--data", tone_clips)
    assert refused.returncode == 1
    assert "/sys/study" in refused.stderr and "Traceback" not in refused.stderr


def test_data_check_counts_and_names_what_is_wrong(terminal, own_tone_clips):
    (own_tone_clips / "high" / "cut short.wav").write_bytes(b"RIFF\x10\x00\x00\x00WAVE")
    (own_tone_clips / "über laut").mkdir()
    report = terminal.ask("data", "check", own_tone_clips)
    assert {label["label"]: label["num_clips"] for label in report["labels"]} == {
        "high": 17, "low": 16, "rising": 16, "über laut": 0,
    }  # fmt: skip
    findings = {finding["kind"]: finding["files"] for finding in report["findings"]}
    assert "cut short.wav" in findings["corrupt"][0]
    assert findings["empty_label"] == ["über laut"]
    shown = terminal.run("data", "check", own_tone_clips)
    assert shown.returncode == 0
    assert "cut short.wav" in shown.stdout and "über laut" in shown.stdout


def test_data_synthesize_marks_its_clips(terminal):
    if subprocess.run(["which", "espeak-ng"], capture_output=True, check=False).returncode:
        pytest.skip("needs espeak-ng")
    folder = Path(terminal.ask("data", "synthesize", "spoken", "--labels", "go,stop", "--clips", "4")["folder"])
    report = terminal.ask("data", "check", folder)
    assert report["synthetic"] is True
    assert {label["label"]: label["num_clips"] for label in report["labels"]} == {"go": 4, "stop": 4}


def test_a_forecaster_is_trained_by_the_same_command(terminal):
    table = write_series(terminal.folder / "weather.csv")
    starter = ROOT / "resources/specs/system-f-tiny.toml"
    quick = (
        "--set",
        "training.epochs=3",
        "--set",
        "pruning.schedule=polynomial",
        "--set",
        "pruning.fine_tuning_epochs=2",
    )
    done = terminal.run("train", starter, "--study", "weather", "--data", table, *quick)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "validation error T 0." in line]
    assert len(told) == 5 and "fine-tuning, epoch 2 of 2" in told[-1] and "sparsity" in told[-1]
    assert " °C, rh " in told[0] and "clip" not in done.stdout + done.stderr
    trial = Study.open(terminal.folder / "weather").summaries()[0]
    assert (trial.state, trial.task, trial.horizon_minutes) == (TrialState.FINISHED, "forecasting", 60)
    assert trial.zip_bytes < 1024 and trial.nonzero_params < trial.params
