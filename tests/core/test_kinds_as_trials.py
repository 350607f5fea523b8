"""The micro front end through the whole journey, and models made elsewhere that take sound as it is."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.clips import sound_files
from core.datasets.preprocessing import load_preprocessing
from core.errors import SpecError, StudyError, WorkbenchError
from core.estimate import estimate
from core.events import ignore
from core.experiment import runner
from core.experiment.clip_classification import ClipClassifier
from core.experiment.detection_report import detect_file
from core.experiment.device_trials import release_of
from core.experiment.export import export_trial
from core.experiment.long_recording import SpokenWord, write_truth
from core.experiment.model_choice import ChosenModel, choose_model, preprocessing_of_spec
from core.experiment.spotting import Spotter, open_spotter
from core.experiment.store import Study
from core.spec import TrialSpec, parse_spec
from core.tasks.keyword_spotting import KeywordSpotting

RATE = 16000


def spec_for(folder: Path, **features: object) -> TrialSpec:
    return parse_spec(
        {
            "dataset": {"folder": str(folder), "labels": ["high", "low"]},
            "features": features,
            "model": {
                "family": "ds_cnn",
                "filters": [16, 16, 16],
                "kernels": [[3, 9]],
                "strides": [[3, 4], [2, 2], [1, 2]],
            },
            "training": {"epochs": 40, "batch_size": 10},
            "measurement": {"num_runs": 10, "warmup_runs": 1},
        }
    )


@pytest.fixture(scope="module")
def bursts(tone_clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of tones that last 0.4 s in noise: one that lasts all the clip is faded out as noise is."""
    folder = tmp_path_factory.mktemp("bursts")
    rng = np.random.default_rng(3)
    for label in ("high", "low"):
        (folder / label).mkdir()
        for path in sound_files(tone_clips / label):
            samples = 0.01 * rng.standard_normal(RATE)
            samples[5000:11400] += read_wav(path).samples[5000:11400]
            write_wav(folder / label / path.name, Sound(samples.astype(np.float32), RATE))
    return folder


@pytest.fixture(scope="module")
def micro_trial(bursts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished trial on the micro front end; not to be changed."""
    root = tmp_path_factory.mktemp("micro")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYML_WORKBENCH_CACHE", str(root / "cache"))
        study = Study.create(root / "study")
        name = study.add(spec_for(bursts, kind="micro_frontend", normalization="standardize"))
        runner.run(study, name)
    return study.folder_of(name)


@pytest.fixture
def tones(bursts: Path) -> np.ndarray:
    """Four seconds of noise with a high and a low tone."""
    samples = (0.01 * np.random.default_rng(0).standard_normal(4 * RATE)).astype(np.float32)
    for label, start in (("high", RATE), ("low", 3 * RATE)):
        samples[start : start + RATE] += read_wav(sound_files(bursts / label)[-1]).samples
    return samples


def test_a_trial_on_the_micro_front_end_is_trained_judged_and_listens(
    micro_trial: Path, tones: np.ndarray, tmp_path: Path
) -> None:
    result = Study.open(micro_trial.parents[1]).result(micro_trial.name)
    assert result.quality.accuracy == 1
    assert load_preprocessing(micro_trial).input_shape == (98, 40, 1)
    classifier = ClipClassifier(choose_model(micro_trial))
    assert classifier.classify(Sound(tones[RATE : 2 * RATE], RATE)).label == "high"
    spotter = open_spotter(micro_trial)
    steps = spotter.push(tones)
    assert np.diff([step.time_s for step in steps]) == pytest.approx(0.02)
    assert {step.columns.shape for step in steps} == {(2, 40)}
    said = {step.time_s: spotter.labels[step.probabilities.argmax()] for step in steps}
    assert said[2.0] == "high" and said[4.0] == "low"
    write_wav(tmp_path / "long.wav", Sound(tones, RATE))
    write_truth(tmp_path / "truth.csv", [SpokenWord("high", 1.0), SpokenWord("low", 3.0)])
    report = detect_file(open_spotter(micro_trial), tmp_path / "long.wav", tmp_path / "truth.csv")
    assert [(label.label, label.num_words) for label in report.per_label] == [("high", 1), ("low", 1)]
    assert report.num_hits == 2


def test_firmware_is_told_how_to_compute_what_the_settings_do_not_say(micro_trial: Path, tmp_path: Path) -> None:
    header, _ = export_trial(Study.open(micro_trial.parents[1]), micro_trial.name, "c-array", tmp_path / "model.h")
    about = header.read_text()
    assert "// Features: TensorFlow Lite's microfrontend library with its default settings" in about
    assert 'kind = "micro_frontend"' in about
    assert "frame_length_ms" not in about


def test_such_a_trial_is_not_deployed_where_its_package_is_missing(micro_trial: Path) -> None:
    with pytest.raises(
        StudyError, match="micro_frontend need the package pymicro-features, which devices do not get; deploy"
    ):
        release_of(Study.open(micro_trial.parents[1]), micro_trial.name)


def test_without_the_package_a_trial_says_so_before_its_data_are_read(
    tone_clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pymicro_features", None)
    spec = spec_for(tone_clips, kind="micro_frontend")
    with pytest.raises(SpecError, match=r"features\.kind: the micro front end needs the package pymicro-features"):
        estimate(spec)
    study = Study.create(tmp_path / "study")
    name = study.add(spec)
    with pytest.raises(WorkbenchError, match=r'features\.kind: .* pip install "tinyml-workbench\[micro\]"'):
        runner.run(study, name)
    events = [json.loads(line) for line in (study.folder_of(name) / "events.jsonl").read_text().splitlines()]
    assert [event["kind"] for event in events] == ["trial_started", "trial_failed"]
    assert not events[-1].get("details")


def test_no_network_is_trained_on_a_waveform(tone_clips: Path, tmp_path: Path) -> None:
    spec = spec_for(tone_clips, kind="waveform")
    sentence = (
        "features.kind: the networks here learn from pictures, a waveform is for judging models made elsewhere; "
        "choose another kind to train"
    )
    with pytest.raises(SpecError) as raised:
        estimate(spec)
    assert str(raised.value) == sentence
    study = Study.create(tmp_path / "study")
    with pytest.raises(WorkbenchError) as failed:
        runner.run(study, study.add(spec))
    assert str(failed.value) == sentence


@pytest.fixture(scope="module")
def raw_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that takes a second of sound as it is and tells high tones from low ones by their energy."""
    import tensorflow as tf

    time_s = np.arange(160) / RATE
    waves = [wave(2 * np.pi * hertz * time_s) for hertz in (2500, 400) for wave in (np.sin, np.cos)]
    weights = tf.constant(np.stack(waves, axis=1), tf.float32)

    @tf.function(input_signature=[tf.TensorSpec((1, RATE), tf.float32)])
    def tell(sound: tf.Tensor) -> tf.Tensor:
        energy = tf.reduce_mean(tf.square(tf.matmul(tf.reshape(sound, (100, 160)), weights)), axis=0)
        return tf.nn.softmax(tf.reshape(10 * tf.stack([energy[0] + energy[1], energy[2] + energy[3]]), (1, 2)))

    converter = tf.lite.TFLiteConverter.from_concrete_functions([tell.get_concrete_function()])
    path = tmp_path_factory.mktemp("raw") / "raw.tflite"
    path.write_bytes(converter.convert())
    return path


def test_a_model_made_elsewhere_is_judged_on_waveforms(
    raw_model: Path, tone_clips: Path, tones: np.ndarray, tmp_path: Path
) -> None:
    spec = spec_for(tone_clips, kind="waveform")
    assert KeywordSpotting().judge_file(raw_model, spec, (), "test", ignore).quality.accuracy == 1
    (tmp_path / "spec.toml").write_text(
        f'[dataset]\nfolder = "{tone_clips}"\nlabels = ["high", "low"]\n[features]\nkind = "waveform"\n'
    )
    preprocessing = preprocessing_of_spec(tmp_path / "spec.toml")
    assert preprocessing.input_shape == (RATE,)
    chosen = ChosenModel(raw_model, preprocessing)
    classified = ClipClassifier(chosen).classify(Sound(tones[3 * RATE :], RATE))
    assert classified.label == "low"
    assert classified.picture.shape == (RATE, 1)
    spotter = Spotter(chosen)
    steps = spotter.push(tones)
    said = {step.time_s: spotter.labels[step.probabilities.argmax()] for step in steps}
    assert said[2.0] == "high" and said[4.0] == "low"
