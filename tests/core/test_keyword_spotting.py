"""The task as a whole: its judgement and its clock, on files that are not of our making."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.datasets.clips import find_clips
from core.datasets.prepared import Examples, PreparedData
from core.datasets.preprocessing import Preprocessing, save_preprocessing
from core.datasets.split import split_clips
from core.datasets.waveforms import FULL_SCALE, read_clip
from core.errors import DataError
from core.events import ignore
from core.spec import TrialSpec, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting

MODELS = Path(__file__).resolve().parents[3] / "shared" / "data" / "models"
WORDS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
# The order of the reference model's outputs; ours is alphabetical.
MODEL_LABELS = (*WORDS, "_silence_", "_unknown_")
TASK = KeywordSpotting()


@pytest.fixture
def reference_model(tmp_path: Path) -> Path:
    source = MODELS / "mlperf_tiny_kws_ref_model.tflite"
    if not source.is_file():
        pytest.skip(f"needs {source}")
    path = tmp_path / "model.tflite"
    path.write_bytes(source.read_bytes())
    return path


def reference_spec(folder: Path, clips_per_label: int) -> TrialSpec:
    return parse_spec(
        {
            "dataset": {
                "folder": str(folder),
                "labels": WORDS,
                "include_silence": True,
                "include_unknown": True,
                "max_clips_per_label": clips_per_label,
            },
            "features": {"frame_length_ms": 30, "frame_step_ms": 20, "peak_normalization": True},
            "measurement": {"num_runs": 10, "warmup_runs": 1},
        }
    )


def in_order_of_the_model(data: PreparedData) -> PreparedData:
    """Take all clips as the test part, with targets as the model numbers them."""
    parts = (data.train, data.validation, data.test)
    numbers = np.array([MODEL_LABELS.index(label) for label in data.labels])
    everything = Examples(
        np.concatenate([part.inputs for part in parts]), numbers[np.concatenate([part.targets for part in parts])]
    )
    return PreparedData(
        MODEL_LABELS, everything, everything, everything, lambda _: everything.inputs, "", synthetic=False, warnings=()
    )


def test_a_model_that_others_trained_hears_the_words_through_our_features(
    real_clips: Path, reference_model: Path
) -> None:
    data = TASK.prepare(reference_spec(real_clips, 40), ignore)
    quality = TASK.evaluate(reference_model, in_order_of_the_model(data), ignore)
    assert quality.num_clips == 480
    # Its authors state about 92 %.
    assert quality.accuracy > 0.87


def test_latency_is_timed_on_a_clip_with_the_preprocessing_beside_the_model(
    real_clips: Path, reference_model: Path
) -> None:
    spec = reference_spec(real_clips, 5)
    settings = Preprocessing(features=spec.features, clip_duration_ms=1000, labels=MODEL_LABELS)
    save_preprocessing(settings, reference_model.parent)
    latency = TASK.measure_latency(reference_model, spec, ignore)
    assert latency.total.num_runs == 10
    assert latency.total.median_ms > latency.feature.median_ms > 0
    assert latency.inference.median_ms > 0


def test_latency_needs_the_preprocessing(real_clips: Path, reference_model: Path) -> None:
    with pytest.raises(DataError, match=r"preprocessing\.json"):
        TASK.measure_latency(reference_model, reference_spec(real_clips, 5), ignore)


def test_the_preprocessing_beside_a_model_gives_the_inputs_it_was_trained_on(tone_clips: Path, tmp_path: Path) -> None:
    spec = parse_spec(
        {"dataset": {"folder": str(tone_clips)}, "features": {"kind": "log_mel", "normalization": "standardize"}}
    )
    data = TASK.prepare(spec, ignore)
    TASK.save_preprocessing(spec, data, tmp_path)
    saved = Preprocessing.model_validate(json.loads((tmp_path / "preprocessing.json").read_text()))
    found = find_clips(spec.dataset)
    first = found.clips[split_clips(found, spec.split).test[0]]
    waveform = read_clip(first, 16000, saved)[np.newaxis] / FULL_SCALE
    np.testing.assert_allclose(saved.scale(saved.extractor().compute(waveform))[0], data.test.inputs[0], atol=1e-4)


def test_a_file_with_damaged_preprocessing_beside_it_is_not_judged(tone_clips: Path, tmp_path: Path) -> None:
    spec = parse_spec({"dataset": {"folder": str(tone_clips)}})
    damaged = tmp_path / "mine.preprocessing.json"
    damaged.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"mine\.preprocessing\.json: cannot be read as preprocessing settings"):
        TASK.judge_file(tmp_path / "mine.tflite", spec, (), "test", ignore)
