"""Models as others make them: however they take a picture and give probabilities, the same net gives the same."""

from dataclasses import replace

import numpy as np
import pytest

from core.errors import ModelError
from core.evaluation import latency
from core.evaluation.foreign_model import ForeignModel
from core.evaluation.guarded_model import GuardedModel
from core.evaluation.model_file import read_model
from core.evaluation.model_form import ModelForm, fit_input, form_of_values, what_it_gives
from tests.core import tiny_models
from tests.core.fake_interpreters import PICTURE
from tests.core.tiny_models import NUM_VALUES, STEP, WEIGHTS, accumulating, dense, heads, lacking, two_by_two

GIVEN = (*PICTURE, 1)
PICTURES = np.random.default_rng(1).normal(0, 2, size=(11, *GIVEN)).astype(np.float32)


def opened(path, num_labels=3, examples=PICTURES, average_steps=1) -> ForeignModel:
    from ai_edge_litert.interpreter import Interpreter

    model = ForeignModel(path, Interpreter)
    model.fit_labels(examples.shape[1:], num_labels, examples, average_steps)
    return model


def softmax(values):
    exponentials = np.exp(values - values.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


RIGHT = softmax(PICTURES.reshape(len(PICTURES), -1) @ WEIGHTS.T)
TRANSPOSED = WEIGHTS.reshape(-1, *PICTURE).transpose(0, 2, 1).reshape(-1, NUM_VALUES)


@pytest.mark.parametrize(
    ("shape", "batch", "weights", "way"),
    [
        ((1, 7, 5, 1), 1, WEIGHTS, "as_is"),
        ((1, 7, 5), 1, WEIGHTS, "as_is"),
        ((7, 5), 1, WEIGHTS, "as_is"),
        ((1, 1, 7, 5), 1, WEIGHTS, "as_is"),
        ((1, NUM_VALUES), 1, WEIGHTS, "reshaped"),
        ((NUM_VALUES,), 1, WEIGHTS, "reshaped"),
        ((1, 5, 7), 1, TRANSPOSED, "transposed"),
        ((1, 5, 7, 1), 1, TRANSPOSED, "transposed"),
        ((8, 7, 5, 1), 8, WEIGHTS, "as_is"),
        ((8, NUM_VALUES), 8, WEIGHTS, "reshaped"),
        ((4, 5, 7), 4, TRANSPOSED, "transposed"),
    ],
)
def test_any_axes_of_as_many_values_give_the_same_probabilities(tmp_path, shape, batch, weights, way):
    model = opened(dense(tmp_path / "m.tflite", shape, batch=batch, weights=weights))
    assert np.allclose(model.run(PICTURES), RIGHT, atol=1e-5)
    assert np.allclose(model.run(PICTURES[3:4]), RIGHT[3:4], atol=1e-5)
    assert model.form == ModelForm(shape, GIVEN, way, batch, 0, "none", "probabilities")
    assert form_of_values(model.form.as_values()) == model.form


def test_as_many_values_in_other_rows_are_other_features(tmp_path):
    assert fit_input((1, 7, 10), (1, 7, 10), (35, 2, 1), "none") is None
    with pytest.raises(ModelError, match=r"shape 1 × 7 × 5 × 1, the features give 1 × 9 × 5 × 1; use the feature"):
        opened(dense(tmp_path / "n.tflite"), examples=np.zeros((2, 9, 5, 1), np.float32))


def test_a_free_side_becomes_as_long_as_a_clip_is():
    assert fit_input((1,), (-1,), (16000, 1, 1), "none").shape == (16000,)
    assert fit_input((1, 1, 40), (-1, -1, 40), (49, 40, 1), "none").shape == (1, 49, 40)
    assert fit_input((1, 1, 40), (-1, -1, 40), (49, 30, 1), "none") is None


@pytest.mark.parametrize(
    ("settings", "gives", "slack"),
    [
        ({"ending": ""}, "logits", 1e-5),
        ({"ending": "log_softmax"}, "log_probabilities", 1e-5),
        ({"ending": "softmax", "quantized": (1 / 256, -128)}, "probabilities", 3e-3),
        ({"ending": "", "quantized": (0.25, 0)}, "logits", 0.13),
        ({"ending": "log_softmax", "quantized": (16 / 256, 127)}, "log_probabilities", 0.03),
    ],
)
def test_logits_and_logarithms_become_probabilities(tmp_path, settings, gives, slack):
    model = opened(dense(tmp_path / "m.tflite", **settings))
    assert model.form.gives == gives
    assert np.allclose(model.run(PICTURES), RIGHT, atol=slack)
    # One clip alone is read as all of them are.
    assert np.array_equal(model.run(PICTURES[5:6]), model.run(PICTURES)[5:6])


def test_one_output_is_the_probability_of_the_second_label(tmp_path):
    word = 1 / (1 + np.exp(-(PICTURES.reshape(len(PICTURES), -1) @ WEIGHTS[:1].T)))
    for ending, gives in (("sigmoid", "sigmoid"), ("", "sigmoid_logit")):
        model = opened(dense(tmp_path / "m.tflite", ending=ending, weights=WEIGHTS[:1]), 2)
        assert model.form.gives == gives
        assert np.allclose(model.run(PICTURES), np.concatenate([1 - word, word], axis=1), atol=1e-5)
    with pytest.raises(ModelError, match=r"gives 1 × 1 outputs, 3 labels are named; name .* two labels"):
        opened(tmp_path / "m.tflite", 3)


def test_labels_that_are_heard_each_by_itself_stay_what_they_are(tmp_path):
    model = opened(dense(tmp_path / "m.tflite", ending="sigmoid"))
    assert model.form.gives == "independent"
    each = 1 / (1 + np.exp(-(PICTURES.reshape(len(PICTURES), -1) @ WEIGHTS.T)))
    assert np.allclose(model.run(PICTURES), each, atol=1e-5)


def test_heads_that_are_put_beside_each_other_are_each_a_probability(tmp_path):
    # So close to one another that no value tells them from logits.
    weights = 0.01 * WEIGHTS
    model = opened(heads(tmp_path / "m.tflite", weights))
    assert model.form.gives == "independent"
    each = 1 / (1 + np.exp(-(PICTURES.reshape(len(PICTURES), -1) @ weights.T)))
    assert np.ptp(each) < 0.5 and np.allclose(model.run(PICTURES), each, atol=1e-5)


def test_fractions_from_nought_to_one_are_no_logits_whatever_made_them():
    # As of a softmax with an operation after it that takes a little from all.
    assert what_it_gives(np.array([[0.97, 0.0], [0.02, 0.95]], np.float32), "", 0) == "independent"


def test_small_numbers_that_make_no_distribution_are_logits():
    assert what_it_gives(np.array([[0.1, 0.3], [0.2, 0.2]], np.float32), "", 0) == "logits"
    assert what_it_gives(np.array([[0.4, 0.6], [0.2, 0.8]], np.float32), "", 0) == "probabilities"
    # A softmax that the file names and its values belie is none.
    assert what_it_gives(np.array([[40.0, 215.0]], np.float32), "softmax", 1.0) == "logits"


def test_outputs_that_are_no_numbers_are_refused(tmp_path):
    weights = WEIGHTS.copy()
    weights[0, 0] = np.nan
    with pytest.raises(ModelError, match=r"m\.tflite: gives outputs that are not finite numbers"):
        opened(dense(tmp_path / "m.tflite", weights=weights))


def test_several_ports_are_timed_and_not_judged(tmp_path):
    path = two_by_two(tmp_path / "two.tflite")
    found = latency.benchmark(path, num_runs=10)
    assert (found.takes, found.gives, found.state) == (((5,), (5,)), ((5,), (5,)), "none")
    assert found.timing.num_runs == 10 and found.timing.median_ms > 0
    with pytest.raises(ModelError, match=r"two\.tflite: must have one input, has 2; give .*\(benchmark times any\)"):
        opened(path)


def accumulated(clip):
    """Return the probability of the word after each step."""
    steps = clip[: len(clip) - len(clip) % STEP[0]].reshape(-1, STEP[0] * PICTURE[1]).sum(axis=1)
    return 1 / (1 + np.exp(-np.cumsum(steps, dtype=np.float64)))


def test_a_model_with_state_begins_anew_with_every_clip(tmp_path):
    clips = PICTURES / 5
    model = opened(accumulating(tmp_path / "state.tflite"), 2, clips)
    assert model.form == ModelForm((1, *STEP), GIVEN, "steps", 1, STEP[0], "resources", "sigmoid")
    word = [accumulated(clip).max() for clip in clips]
    for _ in range(2):
        assert np.allclose(model.run(clips)[:, 1], word, atol=1e-5)
    assert np.allclose(model.run(clips[4:5])[:, 1], word[4:5], atol=1e-5)
    averaged = opened(tmp_path / "state.tflite", 2, clips, average_steps=2)
    means = [np.convolve(accumulated(clip), [0.5, 0.5], "valid").max() for clip in clips]
    assert np.allclose(averaged.run(clips)[:, 1], means, atol=1e-5)


def test_a_stream_goes_on_where_it_was_whatever_clips_come_between(tmp_path):
    with GuardedModel(accumulating(tmp_path / "state.tflite")) as model:
        sound = (PICTURES[:4] / 5).reshape(-1, *GIVEN[1:])
        model.fit_labels(GIVEN, 2, PICTURES)
        stream = model.stream()
        assert stream.step_frames == STEP[0]
        for _ in range(2):
            stream.restart()
            heard = []
            for start, stop in ((0, 1), (1, 2), (2, 9), (9, 10), (10, 28)):
                heard.append(stream.run_timed(sound[start:stop])[0])
                model.run(PICTURES[:2])
            assert [len(part) for part in heard] == [0, 1, 3, 1, 9]
            assert np.allclose(np.concatenate(heard)[:, 1], accumulated(sound), atol=1e-5)


def test_state_is_told_apart(tmp_path):
    assert read_model(accumulating(tmp_path / "a.tflite")).state == "resources"
    assert read_model(dense(tmp_path / "b.tflite")).state == "none"
    make = tiny_models.Maker()
    taken, given = make.tensor((1, 4)), make.tensor((1, 4))
    state = make.tensor((1, 4), is_variable=True)
    make.run(tiny_models.OPERATOR.ADD, [taken, state], [given])
    assert read_model(make.write(tmp_path / "c.tflite", [taken], [given])).state == "variables"


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("FlexAudioSpectrogram", r"m\.tflite: uses operations of TensorFlow itself that LiteRT lacks "
                                 r"\(AudioSpectrogram\); convert the model without SELECT_TF_OPS"),
        ("SignalWindow", r"only TensorFlow Lite Micro has \(SignalWindow\), so it runs on microcontrollers only"),
        ("Mystery", r"uses operations that LiteRT lacks \(Mystery\); convert the model with built-in"),
    ],
)  # fmt: skip
def test_operations_that_are_lacking_are_named(tmp_path, operation, said):
    with pytest.raises(ModelError, match=said):
        GuardedModel(lacking(tmp_path / "m.tflite", operation))


def test_a_pointer_of_git_lfs_is_none_of_the_model(tmp_path):
    path = tmp_path / "m.tflite"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 53936\n")
    with pytest.raises(ModelError, match=r"m\.tflite: is a pointer of Git LFS, not the model itself; .*git lfs pull"):
        GuardedModel(path)


def test_plain_models_have_nothing_to_say(tmp_path):
    form = opened(dense(tmp_path / "m.tflite")).form
    assert form.is_plain
    assert not replace(form, batch=8).is_plain
    assert not replace(form, gives="logits").is_plain
