"""A trained trial listening to a stream, and which model a user means."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav
from core.datasets.clips import sound_files
from core.errors import DataError, ModelError, SpecError, StudyError
from core.evaluation.detection import DetectionSettings
from core.experiment.clip_classification import ClipClassifier
from core.experiment.export import export_trial
from core.experiment.model_choice import choose_model, preprocessing_of_spec
from core.experiment.spotting import changed_settings, load_working_point, open_spotter, save_working_point
from core.experiment.store import Study
from core.experiment.trial_folder import read_spec

RATE = 16000


@pytest.fixture
def own_trial(tone_trial, tmp_path):
    """A copy of the trial's folder, in a study that the test may change."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    return tmp_path / "study" / "trials" / tone_trial.name


@pytest.fixture(scope="module")
def sound(tone_trial):
    """Two tones with quiet noise around them, four seconds."""
    clips = tone_trial.parents[2] / "clips"
    samples = (0.01 * np.random.default_rng(0).standard_normal(4 * RATE)).astype(np.float32)
    for label, start in (("high", RATE), ("rising", 3 * RATE)):
        samples[start : start + RATE] += read_wav(sound_files(clips / label)[0]).samples
    return samples


def test_each_step_is_what_classifying_the_last_second_gives(tone_trial, sound):
    steps = open_spotter(tone_trial).push(sound)
    classifier = ClipClassifier(choose_model(tone_trial))
    assert steps[0].time_s == 1.0
    assert np.diff([step.time_s for step in steps]) == pytest.approx(0.02)
    for step in steps[::10]:
        # The newest whole frame step is the last that the stream has seen.
        stop = round(step.time_s * RATE)
        classified = classifier.classify(Sound(sound[stop - RATE : stop], RATE))
        assert step.probabilities == pytest.approx(classified.probabilities, abs=0.02)
        assert step.feature_ms > 0 and step.inference_ms > 0


def test_the_size_of_the_blocks_changes_nothing(tone_trial, sound):
    at_once = open_spotter(tone_trial).push(sound)
    spotter = open_spotter(tone_trial)
    rng = np.random.default_rng(1)
    ragged = []
    for block in np.split(sound, np.sort(rng.integers(0, len(sound), 300))):
        ragged += spotter.push(block)
    assert [step.time_s for step in ragged] == [step.time_s for step in at_once]
    assert all(
        np.array_equal(one.probabilities, other.probabilities) for one, other in zip(ragged, at_once, strict=True)
    )


def test_words_fire_while_they_sound_and_a_restart_begins_at_zero(tone_trial, sound):
    spotter = open_spotter(tone_trial, DetectionSettings(threshold=0.6))
    for _ in range(2):
        found = [step.detection for step in spotter.push(sound) if step.detection]
        assert [detection.label for detection in found] == ["high", "rising"]
        assert 1.3 < found[0].time_s < 2.5 < 3.3 < found[1].time_s <= 4
        spotter.restart()


def test_the_hop_is_a_whole_number_of_frame_steps(tone_trial):
    spotter = open_spotter(tone_trial, DetectionSettings(hop_ms=50))
    assert spotter.settings.hop_ms == 40
    assert np.diff([step.time_s for step in spotter.push(np.zeros(2 * RATE, np.float32))]) == pytest.approx(0.04)


def test_the_working_point_is_saved_with_the_trial_and_read_back(own_trial):
    chosen = choose_model(own_trial)
    assert load_working_point(chosen) == DetectionSettings()
    wanted = changed_settings(DetectionSettings(), threshold=0.65, suppression_ms=700, hop_ms=None)
    assert save_working_point(chosen, wanted) == own_trial / "detection.json"
    assert open_spotter(own_trial).settings == wanted
    assert open_spotter(own_trial, DetectionSettings(threshold=0.9)).settings.threshold == 0.9
    study = Study.open(own_trial.parents[1])
    model, *beside = export_trial(study, own_trial.name, "tflite", own_trial.parents[2] / "out.tflite")
    assert [path.name for path in beside] == ["out.preprocessing.json", "out.detection.json"]
    assert open_spotter(model).settings == wanted


@pytest.mark.parametrize(
    "content", ["{", '{"threshold": 7}', '{"thresholds": 0.5}', "[]", "[" * 10**5, f'{{"hop_ms": 1{"0" * 400}}}']
)
def test_a_damaged_working_point_names_its_file(own_trial, content):
    (own_trial / "detection.json").write_text(content)
    with pytest.raises(DataError, match=r"detection\.json: cannot be read as detection settings .* delete it"):
        open_spotter(own_trial)


def test_settings_out_of_range_are_a_sentence():
    with pytest.raises(DataError, match="threshold must lie between 0 and 1, is 2"):
        changed_settings(DetectionSettings(), threshold=2)


def test_a_target_without_a_model_says_what_to_name(own_trial, tmp_path):
    study = Study.open(own_trial.parents[1])
    unfinished = study.folder_of(study.add(read_spec(own_trial)))
    (tmp_path / "empty").mkdir()
    for target, kind, sentence in (
        (tmp_path / "nothing", ModelError, "is not there; name a trial's folder or a .tflite file"),
        (tmp_path / "empty", ModelError, "holds no model.tflite"),
        (study.folder, StudyError, "is a study; name the trial in it as well"),
        (unfinished, StudyError, "has no model yet; train it"),
    ):
        with pytest.raises(kind, match=sentence):
            choose_model(target)


def test_a_model_alone_needs_the_settings_of_its_input(own_trial, tmp_path):
    alone = tmp_path / "alone.tflite"
    shutil.copy(own_trial / "model.tflite", alone)
    with pytest.raises(ModelError, match=r"has no preprocessing\.json beside it.*--spec"):
        choose_model(alone)
    shutil.copy(own_trial / "preprocessing.json", tmp_path / "preprocessing.json")
    assert open_spotter(alone).labels == ("_silence_", "high", "low", "rising")
    assert choose_model(own_trial).trial == own_trial
    assert choose_model(alone).trial is None
    assert choose_model(alone).working_point == tmp_path / "alone.detection.json"
    content = json.loads((tmp_path / "preprocessing.json").read_text())
    content["features"]["num_mfccs"] = 8
    content |= {name: content[name][:8] for name in ("mean", "deviation")}
    (tmp_path / "preprocessing.json").write_text(json.dumps(content))
    with pytest.raises(ModelError, match="49 × 8"):
        open_spotter(alone)


def test_a_spec_stands_in_for_missing_preprocessing(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text('[features]\nnum_mfccs = 13\n[dataset]\nclip_duration_ms = 800\nlabels = ["go", "up"]\n')
    made = preprocessing_of_spec(path)
    assert (made.labels, made.features.num_mfccs, made.num_samples) == (("go", "up"), 13, 12800)
    assert preprocessing_of_spec(path, ("up", "go", "_unknown_")).labels == ("up", "go", "_unknown_")
    for text, field in (
        ("[features]\nnum_mfccs = 13\n", "dataset.labels"),
        ('[features]\nnormalization = "standardize"\n[dataset]\nlabels = ["a", "b"]\n', "features.normalization"),
    ):
        path.write_text(text)
        with pytest.raises(SpecError, match=field):
            preprocessing_of_spec(path)


def test_a_synthetic_trial_is_known_as_one(own_trial):
    assert not choose_model(own_trial).synthetic
    result = json.loads((own_trial / "result.json").read_text())
    (own_trial / "result.json").write_text(json.dumps({**result, "synthetic": True}))
    assert choose_model(own_trial).synthetic


def test_equal_probabilities_have_the_label_that_judging_gives_them(tone_trial):
    classifier = ClipClassifier(choose_model(tone_trial))
    one = classifier.classify(Sound(np.zeros(RATE, np.float32), RATE))
    equal = dataclasses.replace(one, labels=("a", "b", "c"), probabilities=np.array([0.25, 0.375, 0.375], np.float32))
    assert (equal.label, equal.runner_up, equal.margin) == ("b", "c", 0)
    assert equal.label == equal.labels[equal.probabilities.argmax()]


def test_clips_are_classified_as_in_training(tone_trial):
    clips = tone_trial.parents[2] / "clips"
    classifier = ClipClassifier(choose_model(tone_trial))
    paths = [path for label in ("high", "low", "rising") for path in sound_files(clips / label)]
    classified = [classifier.classify_file(path) for path in paths]
    right = sum(one.label == path.parent.name for one, path in zip(classified, paths, strict=True))
    assert right / len(paths) > 0.9
    one = classified[0]
    assert one.probabilities.sum() == pytest.approx(1, abs=0.02)
    assert one.picture.shape == (49, 10)
    assert one.unlikeness < 2
    assert one.margin == pytest.approx(sorted(one.probabilities)[-1] - sorted(one.probabilities)[-2])


def test_of_a_long_sound_the_loudest_part_is_classified(tone_trial):
    clip = read_wav(sound_files(tone_trial.parents[2] / "clips" / "high")[0]).samples
    padding = (0.005 * np.random.default_rng(0).standard_normal(2 * RATE)).astype(np.float32)
    classified = ClipClassifier(choose_model(tone_trial)).classify(
        Sound(np.concatenate((padding, clip, padding)), RATE)
    )
    assert classified.label == "high"
    assert classified.loudness.duration_s == 1
