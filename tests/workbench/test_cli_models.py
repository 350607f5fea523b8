"""The commands that take any model: judged on a part or on all, timed, and what is particular about it said."""

import json
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from core.audio.wav import Sound, read_wav, write_wav
from core.experiment.model_choice import preprocessing_of_spec
from core.experiment.trial_folder import read_result
from tests.core.tiny_models import accumulating, dense, two_by_two
from workbench.cli import app
from workbench.model_words import form_words

SPEC = """
[dataset]
labels = ["go", "stop", "yes"]
clip_duration_ms = 1000
[features]
kind = "log_mel"
frame_length_ms = 160
frame_step_ms = 140
num_mel_bins = 5
upper_edge_hertz = 7000
"""


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def ask(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def own_trial(tone_trial, tmp_path):
    """A copy of the trial's folder, in a study that the test may change."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    return tmp_path / "study" / "trials" / tone_trial.name


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(SPEC)
    return path


def test_a_trial_is_judged_by_its_letter_as_when_it_was_trained(own_trial):
    trained = read_result(own_trial).quality
    for model in ((own_trial.parents[1], "A"), (own_trial,), (own_trial / "model.tflite",)):
        found = ask("evaluate", *model)
        assert tuple(map(tuple, found["confusion"])) == trained.confusion
        assert (found["part"], found["num_clips"], found["scaled_by"]) == ("test", trained.num_clips, "model")
        assert found["num_found"] > found["num_clips"]


def test_all_clips_are_judged_and_the_part_is_said(own_trial):
    some, every = ask("evaluate", own_trial), ask("evaluate", own_trial, "--all")
    assert every["num_clips"] == every["num_found"] == some["num_found"]
    assert every["part"] == "all"
    shown = run("evaluate", own_trial).stdout
    assert f"Judged      {some['num_clips']} of {some['num_found']} clips: the test part; --all judges" in shown
    assert f"Judged      all {some['num_found']} clips" in run("evaluate", own_trial, "--all").stdout


def test_other_features_than_those_beside_a_model_are_refused(own_trial):
    refused = run("evaluate", own_trial, "--set", "features.lower_edge_hertz=40")
    assert refused.exit_code == 1
    assert "was trained with other features (lower_edge_hertz), as preprocessing.json beside it says" in refused.stderr


def test_a_label_named_twice_is_refused(own_trial, spec):
    names = "high,low,rising,low"
    refused = run("evaluate", own_trial, "--labels", names)
    assert refused.exit_code == 1 and "two of its outputs are called low; name each label once" in refused.stderr
    refused = run("classify", own_trial / "model.tflite", "x.wav", "--spec", spec, "--labels", names)
    assert refused.exit_code == 2 and "outputs are called low; name each label once" in refused.stderr


def test_a_model_is_read_alike_where_it_is_judged_and_where_it_listens(tone_clips, tmp_path):
    # On these tones its logits look like probabilities, on silence and noise they do not.
    (tmp_path / "two.toml").write_text(SPEC.replace('"go", "stop", "yes"', '"high", "low"'))
    pictures = preprocessing_of_spec(tmp_path / "two.toml").extractor().compute(tones(tone_clips))
    flat = pictures.reshape(len(pictures), -1)
    row = np.linalg.lstsq(flat, np.full(len(flat), 0.5), rcond=None)[0]
    model = dense(tmp_path / "m.tflite", ending="", weights=row[np.newaxis].astype(np.float32))
    given = (model, "--spec", tmp_path / "two.toml")
    judged = ask("evaluate", *given, "--data", tone_clips, "--all")
    classified = ask("classify", *given, *sorted((tone_clips / "high").glob("*.wav")))
    assert judged["form"]["gives"] == classified["form"]["gives"] == "sigmoid_logit"
    low = sum(clip["label"] == "low" for clip in classified["clips"])
    assert judged["confusion"][0] == [len(classified["clips"]) - low, low]


def tones(folder):
    """Return the clips of a folder's two labels, float32 (n, 16000)."""
    paths = [path for label in ("high", "low") for path in sorted((folder / label).glob("*.wav"))]
    return np.stack([read_wav(path).samples for path in paths])


def test_settings_are_laid_over_and_labels_listed_as_one_types_them(own_trial):
    found = ask("evaluate", own_trial, "--set", "dataset.labels=high,low", "--set", "dataset.include_silence=false",
                "--all")  # fmt: skip
    told = {score["label"]: score["num_clips"] for score in found["per_label"]}
    assert told["high"] == told["low"] == 32 and told["rising"] == told["_silence_"] == 0
    elsewhere = own_trial.parents[3] / "moved" / "model.tflite"
    elsewhere.parent.mkdir()
    shutil.copy(own_trial / "model.tflite", elsewhere)
    refused = run("evaluate", elsewhere)
    assert refused.exit_code == 1 and "belongs to no trial" in refused.stderr and "--spec" in refused.stderr


def test_what_is_particular_about_a_model_is_said(tmp_path, spec, tone_clips):
    clip = next((tone_clips / "high").iterdir())
    asked = ("--spec", spec, "--labels", "go,stop,yes")
    plain = ask("classify", dense(tmp_path / "plain.tflite"), clip, *asked)
    for name, settings, said in (
        ("logits", {"ending": "", "shape": (1, 35)}, ("softmax was applied", "as 1 × 35, in their order")),
        ("batch", {"shape": (8, 7, 5, 1), "batch": 8}, ("takes 8 examples at once",)),
    ):
        model = dense(tmp_path / f"{name}.tflite", **settings)
        shown = run("classify", model, clip, *asked).stdout
        for words in said:
            assert words in shown
        found = ask("classify", model, clip, *asked)
        assert found["clips"][0]["probabilities"] == pytest.approx(plain["clips"][0]["probabilities"], abs=1e-5)
    assert "Model" not in run("classify", tmp_path / "plain.tflite", clip, *asked).stdout
    long = tmp_path / "long.wav"
    write_wav(long, Sound(np.random.default_rng(0).normal(0, 0.1, 48000).astype(np.float32), 16000))
    shown = run("detect", tmp_path / "logits.tflite", long, *asked).stdout
    assert "softmax was applied" in shown


def test_a_model_with_state_is_named_wherever_it_is_used(tmp_path, spec, tone_clips):
    clip, model = next((tone_clips / "high").iterdir()), accumulating(tmp_path / "state.tflite")
    shown = run("classify", model, clip, "--spec", spec, "--labels", "other,word").stdout
    assert "It has a state (resource variables)" in shown and "fed 2 frames at a time" in shown
    assert "the probability of “word”; “other” has the rest" in shown
    assert "state.tflite: It has a state" in run("benchmark", model, "--runs", 10).stdout
    assert ask("benchmark", model, "--runs", 10)["models"][0]["state"] == "resources"
    heard = ask("detect", model, clip, "--spec", spec, "--labels", "other,word")
    # A step of two frames of 140 ms.
    assert heard["settings"]["hop_ms"] == 280 and heard["form"]["step_frames"] == 2


def test_all_inputs_and_outputs_are_timed(tmp_path):
    found = ask("benchmark", two_by_two(tmp_path / "two.tflite"), "--runs", 10)["models"][0]
    assert found["takes"] == found["gives"] == [[5], [5]]
    assert "5, 5" in run("benchmark", tmp_path / "two.tflite", "--runs", 10).stdout


def test_words_for_every_form_are_sentences():
    from dataclasses import replace

    from core.evaluation.model_form import ModelForm

    form = ModelForm((1, 7, 5, 1), (7, 5, 1), "as_is", 1, 0, "none", "probabilities")
    assert form_words(form, ("a", "b")) == []
    for change in ({"way": "reshaped"}, {"way": "transposed"}, {"batch": 8}, {"state": "variables"},
                   {"state": "resources", "way": "steps", "step_frames": 1}, {"gives": "sigmoid"},
                   {"gives": "sigmoid_logit"}, {"gives": "independent"}, {"gives": "logits"},
                   {"gives": "log_probabilities"}):  # fmt: skip
        said = form_words(replace(form, **change), ("a", "b"))
        assert len(said) == 1 and said[0].endswith(".") and said[0][0].isupper()


def test_show_names_a_state_and_a_model_that_cannot_be_opened(own_trial):
    study = own_trial.parents[1]
    shown = ask("show", study, "A")
    assert (shown["state"], shown["model_state"]) == ("finished", "none")
    assert "Model " not in run("show", study, "A").stdout
    accumulating(own_trial / "model.tflite")
    assert ask("show", study, "A")["model_state"] == "resources"
    assert "It has a state (resource variables)" in run("show", study, "A").stdout
    (own_trial / "model.tflite").write_bytes((own_trial / "model.tflite").read_bytes()[:200])
    shown = run("show", study, "A")
    assert shown.exit_code == 0 and "the file is damaged or cut short" in shown.stdout


def test_labels_that_nobody_put_in_order_are_said(tmp_path, spec, tone_clips, own_trial):
    clip, model = next((tone_clips / "high").iterdir()), dense(tmp_path / "plain.tflite")
    said = "Its outputs were taken for go, stop, yes, in alphabetical order; --labels names them in another."
    assert said in run("classify", model, clip, "--spec", spec).stderr
    assert said not in run("classify", model, clip, "--spec", spec, "--labels", "stop,go,yes").stderr
    judged = (
        "evaluate",
        model,
        "--spec",
        spec,
        "--data",
        tone_clips,
        "--set",
        "dataset.labels=high,low,rising",
        "--all",
    )
    found = run(*judged).stdout
    assert said.replace("go, stop, yes", "high, low, rising") in found
    assert ask(*judged)["labels_by"] == "data"
    assert ask(*judged, "--labels", "low,high,rising")["labels_by"] == "user"
    assert ask("evaluate", own_trial)["labels_by"] == "model"
