"""What goes to a device: complete, readable by old Pythons, and the same numbers there as here."""

import ast
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from core.audio.wav import read_wav, to_int16
from core.datasets.clips import sound_files
from core.datasets.preprocessing import load_preprocessing
from core.deploy.device import board, release_files
from core.deploy.device.settings import FeatureSettings, read_settings
from core.evaluation.classification import predict
from core.evaluation.detection import DetectionSettings
from core.spec import Features
from tests.device import bare_environment, make_release, run_program


@pytest.fixture
def release(tone_trial, tmp_path):
    return make_release(tmp_path / "release", tone_trial, DetectionSettings(threshold=0.6))


@pytest.fixture(scope="module")
def clips(tone_trial):
    """Test clips (samples, targets) with the labels' places in the trial."""
    labels = load_preprocessing(tone_trial).labels
    samples, targets = [], []
    for label in ("high", "low", "rising"):
        for path in sound_files(tone_trial.parents[2] / "clips" / label)[:8]:
            samples.append(to_int16(read_wav(path).samples))
            targets.append(labels.index(label))
    return np.stack(samples), np.array(targets)


def test_an_old_python_can_read_every_file():
    for name, path in release_files().items():
        tree = ast.parse(path.read_text(encoding="utf-8"), name, feature_version=(3, 9))
        later = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
        annotations = [getattr(node, name, None) for node in ast.walk(tree) for name in ("annotation", "returns")]
        unions = [part for whole in annotations if whole for part in ast.walk(whole) if isinstance(part, ast.BitOr)]
        assert later or not unions, f"{name}: Python 3.9 evaluates `X | Y` without the annotations of the future"


@pytest.mark.parametrize(
    "features",
    [
        Features(),
        Features(kind="log_mel", sample_rate=8000, frame_length_ms=33.3, frame_step_ms=10.1, upper_edge_hertz=4000),
        Features(kind="spectrogram", frame_length_ms=16, frame_step_ms=16, fft_length=1024, peak_normalization=True),
    ],
)
def test_settings_of_a_device_mean_what_the_spec_means(features):
    there = FeatureSettings(**features.model_dump(mode="json"))
    for name in ("frame_length", "frame_step", "effective_fft_length", "num_coefficients"):
        assert getattr(there, name) == getattr(features, name)
    assert there.input_shape(15_000) == features.input_shape(15_000)


def test_settings_come_back_as_they_were_sent(tone_trial, release):
    here, there = load_preprocessing(tone_trial), read_settings(release)
    assert there.labels == here.labels
    assert there.detection == DetectionSettings(threshold=0.6)
    assert there.num_samples == here.num_samples
    pictures = np.random.default_rng(0).normal(size=(2, 49, there.features.num_mfccs)).astype(np.float32)
    assert np.array_equal(there.scale(pictures), here.scale(pictures))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"schema_version": 2}, "has schema 2, the program beside it reads schema 1; deploy the model again"),
        ({"detection": {"threshold": 7}}, r"is damaged \(threshold must lie between 0 and 1, is 7\)"),
        ({"preprocessing": {}}, "is damaged"),
    ],
)
@pytest.mark.parametrize("program", ["spot", "bench"])
def test_settings_of_another_version_are_refused_with_a_sentence(release, change, sentence, program):
    values = json.loads((release / "settings.json").read_text())
    (release / "settings.json").write_text(json.dumps(values | change))
    said, status, err = run_program(release, program)
    assert status == 2 and not err
    assert [line["kind"] for line in said] == ["failed"]
    assert re.search(sentence, said[0]["message"])


def test_the_benchmark_times_judges_and_weighs_with_numpy_and_litert_alone(tone_trial, release, clips, tmp_path):
    samples, targets = clips
    np.savez(tmp_path / "clips.npz", samples=samples, targets=targets)
    other = make_release(tmp_path / "other", tone_trial)
    said, status, err = run_program(
        release, "bench", ".", other, "--clips", tmp_path / "clips.npz", "--threads", "1,2", "--runs", "30"
    )
    assert status == 0, err
    kinds = [line["kind"] for line in said if line["kind"] != "progressed"]
    assert kinds == [
        "started",
        "conditions",
        *["timed"] * 4,
        "predicted",
        "resident",
        "resident",
        "conditions",
        "finished",
    ]
    assert said[0]["runtime"].startswith("ai-edge-litert ")
    timed = [line for line in said if line["kind"] == "timed"]
    assert [(line["folder"], line["num_threads"]) for line in timed] == [
        (".", 1),
        (str(other), 1),
        (".", 2),
        (str(other), 2),
    ]
    for line in timed:
        for part in ("feature", "inference", "total"):
            taken = line[part]
            assert 0 < taken["median_ms"] <= taken["p90_ms"] <= taken["p99_ms"] <= taken["max_ms"]
            assert (taken["num_runs"], taken["warmup_runs"]) == (30, 20)
    weighed = next(line for line in said if line["kind"] == "resident")
    assert 10e6 < weighed["resident_bytes"] <= weighed["peak_resident_bytes"] < 200e6


def test_every_clip_is_judged_as_here(tone_trial, release, clips, tmp_path):
    samples, targets = clips
    np.savez(tmp_path / "clips.npz", samples=samples, targets=targets)
    said, _, _ = run_program(release, "bench", "--clips", tmp_path / "clips.npz", "--threads", "1", "--runs", "1")
    there = next(line for line in said if line["kind"] == "predicted")
    preprocessing = load_preprocessing(tone_trial)
    pictures = preprocessing.extractor().compute((samples / 32768).astype(np.float32))
    here = predict(tone_trial / "model.tflite", preprocessing.scale(pictures), len(preprocessing.labels))
    assert [place for place, _ in there["predictions"]] == here.argmax(axis=1).tolist()
    assert [score for _, score in there["predictions"]] == pytest.approx(here.max(axis=1).tolist(), abs=1e-6)
    assert there["num_right"] == (here.argmax(axis=1) == targets).sum() > 20
    assert there["num_clips"] == len(targets)


def test_clips_of_another_length_are_refused(release, tmp_path):
    np.savez(tmp_path / "clips.npz", samples=np.zeros((2, 8000), np.int16), targets=np.zeros(2, np.int64))
    said, status, _ = run_program(release, "bench", "--clips", tmp_path / "clips.npz")
    assert status == 1
    assert "must hold int16 samples of shape (n, 16000) for n targets, has int16 (2, 8000) for 2" in said[0]["message"]


def test_the_firmware_of_a_pi_is_understood(tmp_path, monkeypatch):
    # As on a Pi 4 with a weak supply, hot before.
    (tmp_path / "vcgencmd").write_text("#!/bin/sh\necho throttled=0x80005\n")
    (tmp_path / "vcgencmd").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    zones = tmp_path / "sys/class/thermal"
    for zone, kind, millidegrees in (("thermal_zone0", "wifi", "30000"), ("thermal_zone1", "cpu-thermal", "51234")):
        (zones / zone).mkdir(parents=True)
        (zones / zone / "type").write_text(kind + "\n")
        (zones / zone / "temp").write_text(millidegrees + "\n")
    governor = tmp_path / "sys/devices/system/cpu/cpu0/cpufreq"
    governor.mkdir(parents=True)
    (governor / "scaling_governor").write_text("ondemand\n")
    (governor / "scaling_cur_freq").write_text("1500000\n")
    assert board.conditions(tmp_path) == {
        "temperature_c": 51.234,
        "governor": "ondemand",
        "frequency_hertz": 1.5e9,
        "throttled": {"now": ["under-voltage", "throttled"], "since_boot": ["soft temperature limit"]},
        "slowed": True,
        "load_1min": None,
    }


@pytest.mark.parametrize("module", ["soxr", "pydantic", "core.spec"])
def test_nothing_else_can_be_imported_where_these_programs_are_tried(release, tmp_path, module):
    environment = bare_environment(tmp_path / "bare")
    tried = subprocess.run(
        [sys.executable, "-c", f"import numpy, core.deploy.device.spot, {module}"],
        cwd=release,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert tried.stderr.splitlines()[-1].startswith("ModuleNotFoundError") and module in tried.stderr.splitlines()[-1]
