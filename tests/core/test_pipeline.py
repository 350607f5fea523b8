import numpy as np
import pytest
import tf_keras as keras

from core.errors import TrialCancelled
from core.events import BatchEnded, EpochEnded, StageStarted
from core.pipeline import run_trial
from core.section import override
from core.spec import parse_spec

FILES = {"preprocessing.json", "model.keras", "model.full.tflite", "model.tflite", "model.tflite.zip"}


def spec_for(folder, **changes):
    values = {
        "dataset": {"folder": str(folder)},
        "features": {"frame_length_ms": 64, "frame_step_ms": 64},
        "model": {"family": "ds_cnn", "filters": [8, 8], "strides": [[2, 2], [1, 1]], "dropout": 0.1},
        "training": {"epochs": 3},
        "measurement": {"num_runs": 10, "warmup_runs": 1},
    }
    for path, value in changes.items():
        values = override(values, path.replace("__", "."), value)
    return parse_spec(values)


def run(spec, folder):
    folder.mkdir()
    events = []
    return run_trial(spec, folder, events.append), events


def test_a_trial_makes_its_files_and_its_figures(tone_clips, tmp_path):
    result, events = run(spec_for(tone_clips), tmp_path / "trial")
    assert {path.name for path in (tmp_path / "trial").iterdir()} >= FILES
    assert result.footprint.tflite_bytes == (tmp_path / "trial" / "model.tflite").stat().st_size
    assert result.footprint.full_tflite_bytes > result.footprint.tflite_bytes > result.footprint.zip_bytes
    assert result.quality.num_clips > 0
    assert result.validation_accuracy == [e for e in events if isinstance(e, EpochEnded)][-1].validation_accuracy
    stages = [event.stage for event in events if isinstance(event, StageStarted)]
    assert stages == ["prepare", "build", "train", "convert", "slim", "evaluate", "measure"]
    saved = keras.models.load_model(tmp_path / "trial" / "model.keras", compile=False)
    assert saved.count_params() == result.footprint.params


def test_same_seed_gives_the_same_accuracy_and_file(tone_clips, tmp_path, monkeypatch):
    first, _ = run(spec_for(tone_clips), tmp_path / "a")
    # Another cache, so that nothing is shared and all is trained again.
    monkeypatch.setenv("TINYML_WORKBENCH_CACHE", str(tmp_path / "cache"))
    second, events = run(spec_for(tone_clips), tmp_path / "b")
    assert any(isinstance(event, BatchEnded) for event in events)
    assert first.quality == second.quality
    assert (tmp_path / "a" / "model.tflite").read_bytes() == (tmp_path / "b" / "model.tflite").read_bytes()


def test_pruned_trials_share_the_trained_base(tone_clips, tmp_path):
    base, _ = run(spec_for(tone_clips), tmp_path / "a")
    pruned, events = run(
        spec_for(tone_clips, pruning__schedule="polynomial", pruning__fine_tuning_epochs=2), tmp_path / "b"
    )
    assert {event.phase for event in events if isinstance(event, BatchEnded)} == {"fine_tuning"}
    assert [e.epoch for e in events if isinstance(e, EpochEnded) and e.phase == "training"] == [1, 2, 3]
    assert pruned.footprint.nonzero_params < base.footprint.nonzero_params == base.footprint.params
    assert pruned.footprint.zip_bytes < base.footprint.zip_bytes
    assert pruned.training_seconds > base.training_seconds


def test_cancelled_trial_goes_on_from_its_last_epoch(tone_clips, tmp_path):
    spec = spec_for(tone_clips, training__epochs=4)
    (tmp_path / "trial").mkdir()

    def cancel(event):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            raise TrialCancelled

    with pytest.raises(TrialCancelled):
        run_trial(spec, tmp_path / "trial", cancel)
    events = []
    run_trial(spec, tmp_path / "trial", events.append)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [3, 4]


@pytest.mark.parametrize(
    "changes",
    [
        {"features__kind": "spectrogram", "model__family": "cnn", "model__first_padding": "same"},
        {"features__kind": "log_mel", "model__kernels": [[5, 3], [3, 1]], "model__strides": [[2, 1], [1, 2]]},
        {"features__sample_rate": 8000, "model__dropout_after": "batchnorm_and_pooling"},
    ],
)
def test_the_published_systems_kinds_of_settings_run(tone_clips, tmp_path, changes):
    changes = {**changes, "training__epochs": 1, "quantization__scheme": "dynamic_range"}
    result, _ = run(spec_for(tone_clips, **changes), tmp_path / "trial")
    assert np.isfinite(result.latencies[0].total.median_ms)
