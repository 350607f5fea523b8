import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from core.cache import cache_root
from core.errors import TrialCancelled
from core.events import BatchEnded, EpochEnded, StageStarted, Warned, ignore
from core.models import registry
from core.models.assembly import assemble
from core.training import base
from core.training.fit import Fitted, fit
from core.training.network import Adam, forward
from core.training.schedule import Plan, plan_training
from tests.core.arrays import INPUT_SHAPE, LABELS, SMALL_CNN, SMALL_DS_CNN, make_data, make_spec

ROOT = Path(__file__).resolve().parents[2]


def build(spec):
    return assemble(registry.build(spec.model, INPUT_SHAPE, len(LABELS)), spec.training.seed)


def run(spec, folder, emit=ignore) -> Fitted:
    return fit(build(spec), make_data(), plan_training(spec), folder / "training.npz", emit)


def equal(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))


def plan(**changes) -> Plan:
    return dataclasses.replace(plan_training(make_spec()), **changes)


def test_forward_gives_the_numbers_of_keras():
    spec = make_spec(model={**SMALL_DS_CNN, "dropout": 0.3})
    model, inputs = build(spec), make_data().train.inputs[:16]
    assert np.allclose(tf.nn.softmax(forward(model, tf.constant(inputs))), model(inputs, training=False), atol=1e-6)


def test_forward_in_training_normalizes_as_keras_does():
    spec = make_spec(model=SMALL_CNN)
    model, same, inputs = build(spec), build(spec), make_data().train.inputs[:16]
    logits = forward(model, tf.constant(inputs), tf.constant(0))
    assert np.allclose(tf.nn.softmax(logits), same(inputs, training=True), atol=1e-6)
    assert all(np.allclose(a, b, atol=1e-6) for a, b in zip(model.get_weights(), same.get_weights(), strict=True))


def test_depthwise_strides_that_differ_keep_every_second_place_of_one_side():
    spec = make_spec(model={**SMALL_DS_CNN, "strides": [[1, 1], [2, 1], [1, 1]], "depthwise_normalization": False})
    model = build(spec)
    depthwise = next(layer for layer in model.layers if isinstance(layer, keras.layers.DepthwiseConv2D))
    part = keras.Model(model.input, depthwise.output)
    # 31 rows, stride 2: TensorFlow pads one row on either side, as it does for stride 1.
    before = forward(keras.Model(model.input, depthwise.input), tf.ones((1, *INPUT_SHAPE)))
    full = tf.nn.depthwise_conv2d(before, depthwise.depthwise_kernel, [1, 1, 1, 1], "SAME")
    assert np.allclose(forward(part, tf.ones((1, *INPUT_SHAPE))), full[:, ::2], atol=1e-6)


def test_adam_steps_as_keras_does():
    ours, theirs = tf.Variable([[1.0, -2.0], [3.0, 0.5]]), tf.Variable([[1.0, -2.0], [3.0, 0.5]])
    optimizer, reference = Adam([ours], 0.1), keras.optimizers.AdamW(0.01, weight_decay=0.1)
    for step in range(5):
        gradient = tf.constant([[0.3, -0.1], [float(step), 2.0]])
        optimizer.apply([gradient], tf.constant(step), tf.constant(0.01))
        reference.apply_gradients([(gradient, theirs)])
    assert np.allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "middle"), [("linear", 0.55), ("polynomial", 0.325), ("cosine", 0.55), ("constant", 1.0)]
)
def test_learning_rate_goes_its_way_from_first_to_last_step(schedule, middle):
    rates = plan(
        schedule=schedule, epochs=1, batch_size=1, initial_learning_rate=1.0, end_learning_rate=0.1
    ).learning_rates(101)
    assert rates[0] == 1
    assert rates[50] == pytest.approx(middle)
    assert rates[-1] == pytest.approx(1.0 if schedule == "constant" else 0.1)


def test_every_example_comes_in_every_epoch_in_another_order():
    fitting = plan(batch_size=20)
    first, second = fitting.batches(0, 50), fitting.batches(1, 50)
    assert first.shape == (3, 20)
    assert set(first.ravel()) == set(second.ravel()) == set(range(50))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, fitting.batches(0, 50))


@pytest.mark.parametrize("model", [SMALL_CNN, SMALL_DS_CNN])
def test_same_seed_gives_the_same_weights_to_the_bit(model, tmp_path):
    spec = make_spec(model=model, training={"label_smoothing": 0.1, "optimizer": "adamw"})
    first, second = run(spec, tmp_path / "a"), run(spec, tmp_path / "b")
    assert equal(first.model, second.model)
    other = run(make_spec(model=model, training={"seed": 5}), tmp_path / "c")
    assert not equal(first.model, other.model)


def test_events_say_the_first_batch_and_every_epoch(tmp_path):
    events = []
    fitted = run(make_spec(training={"epochs": 3}), tmp_path, events.append)
    batches = [event for event in events if isinstance(event, BatchEnded)]
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    assert batches[0].batch == 1
    assert [event.epoch for event in epochs] == [1, 2, 3]
    assert epochs[-1].learning_rate == pytest.approx(1e-5)
    assert epochs[-1].loss < epochs[0].loss
    assert fitted.history == tuple(epochs)


def test_best_epoch_is_kept_or_the_last(tmp_path):
    best = run(make_spec(training={"epochs": 6, "keep": "best_on_validation"}), tmp_path / "a")
    last = run(make_spec(training={"epochs": 6, "keep": "last"}), tmp_path / "b")
    assert best.validation_accuracy == max(event.validation_accuracy for event in best.history)
    assert last.validation_accuracy == last.history[-1].validation_accuracy
    data = make_data().validation
    probabilities = np.asarray(best.model(data.inputs, training=False))
    assert (probabilities.argmax(axis=1) == data.targets).mean() == pytest.approx(best.validation_accuracy)


def test_cancelled_fitting_goes_on_and_ends_as_if_undisturbed(tmp_path):
    spec = make_spec(model=SMALL_DS_CNN, training={"epochs": 4, "keep": "best_on_validation"})

    def cancel_in_third_epoch(event):
        if isinstance(event, BatchEnded) and event.epoch == 3:
            raise TrialCancelled

    with pytest.raises(TrialCancelled):
        run(spec, tmp_path / "cancelled", cancel_in_third_epoch)
    events = []
    resumed = run(spec, tmp_path / "cancelled", events.append)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [3, 4]
    assert len(resumed.history) == 4
    assert equal(resumed.model, run(spec, tmp_path / "whole").model)


CHILD = """
    import sys
    import time
    from pathlib import Path
    from core.events import EpochEnded
    from core.training import fit
    from tests.core.test_training import run, make_spec, SMALL_DS_CNN

    def say(event):
        if isinstance(event, EpochEnded):
            print(event.epoch, flush=True)
            if event.epoch == 9:
                # However late the kill comes, the tenth epoch is left for the test.
                time.sleep(600)

    fit._CHECKPOINT_S = 0.0
    fitted = run(make_spec(model=SMALL_DS_CNN, training={"epochs": 200}), Path(sys.argv[1]), say)
"""


def test_killed_process_leaves_a_checkpoint_to_go_on_from(tmp_path):
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(CHILD), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        text=True,
        env=os.environ,
    )
    assert child.stdout is not None
    with child.stdout as lines:
        for line in lines:
            if int(line) == 4:
                break
        child.send_signal(signal.SIGKILL)
        child.wait()
    spec = make_spec(model=SMALL_DS_CNN, training={"epochs": 200})

    class EnoughError(Exception):
        pass

    epochs = []

    def stop_at_ten(event):
        if isinstance(event, EpochEnded):
            epochs.append(event)
            if event.epoch >= 10:
                raise EnoughError

    with pytest.raises(EnoughError):
        run(spec, tmp_path, stop_at_ten)
    assert 4 <= epochs[0].epoch <= 10
    killed = epochs
    epochs = []
    with pytest.raises(EnoughError):
        run(spec, tmp_path / "whole", stop_at_ten)
    assert (killed[-1].loss, killed[-1].validation_loss) == (epochs[-1].loss, epochs[-1].validation_loss)


def test_checkpoint_of_other_settings_is_not_gone_on_from(tmp_path):
    run(make_spec(), tmp_path)
    events = []
    run(make_spec(training={"initial_learning_rate": 0.002}), tmp_path, events.append)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2]


DAMAGES = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "without an array": lambda path: np.savez(path, facts=np.array("{}")),
    "of another shape": lambda path: _save_again(path, lambda name, array: array[..., :1] if array.ndim > 1 else array),
    "of texts": lambda path: np.savez(path, facts=np.array("not JSON")),
    "of objects": lambda path: np.savez(path, facts=np.array([{}], object)),
    "nothing of the kind": lambda path: path.write_bytes(b"\0" * 5000),
}


def _save_again(path, change) -> None:
    with np.load(path) as arrays:
        kept = {name: change(name, arrays[name]) for name in arrays.files}
    np.savez(path, **kept)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_checkpoint_is_dropped_with_a_warning(tmp_path, damage):
    spec = make_spec()
    whole = run(spec, tmp_path)
    path = tmp_path / "training.npz"
    DAMAGES[damage](path)
    events = []
    again = run(spec, tmp_path, events.append)
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2]
    (warning,) = [event.message for event in events if isinstance(event, Warned)]
    assert f"{path} was damaged" in warning and "begins anew" in warning
    assert equal(again.model, whole.model)


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_base_is_trained_anew_with_a_warning(tmp_path, damage):
    spec, data = make_spec(), make_data()
    first = base.train(spec, build(spec), data, tmp_path / "a", ignore)
    (path,) = (cache_root() / "bases").glob("*/weights.npz")
    DAMAGES[damage](path)
    events = []
    second = base.train(spec, build(spec), data, tmp_path / "b", events.append)
    assert any(isinstance(event, Warned) and "was damaged" in event.message for event in events)
    assert any(isinstance(event, BatchEnded) for event in events)
    assert equal(first.model, second.model)
    third = []
    base.train(spec, build(spec), data, tmp_path / "c", third.append)
    assert not any(isinstance(event, BatchEnded | Warned) for event in third)


def test_trained_base_is_shared_and_its_epochs_said_again(tmp_path):
    spec, data = make_spec(), make_data()
    first = base.train(spec, build(spec), data, tmp_path / "a", ignore)
    events = []
    pruned = make_spec(pruning={"schedule": "constant"})
    second = base.train(pruned, build(spec), data, tmp_path / "b", events.append)
    assert equal(first.model, second.model)
    assert second.seconds == first.seconds
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2]
    assert any(isinstance(event, StageStarted) and "trained before" in event.note for event in events)
    assert not any(isinstance(event, BatchEnded) for event in events)


def test_other_data_trains_another_base(tmp_path):
    spec = make_spec()
    base.train(spec, build(spec), make_data(), tmp_path / "a", ignore)
    events = []
    base.train(spec, build(spec), make_data(seed=1), tmp_path / "b", events.append)
    assert any(isinstance(event, BatchEnded) for event in events)


def test_waiting_for_a_base_can_be_cancelled(tmp_path):
    spec, data = make_spec(), make_data()
    waited = []

    def cancel(event):
        waited.append(event)
        raise TrialCancelled

    def ask_for_the_same(event):
        if not waited and isinstance(event, EpochEnded):
            base.train(spec, build(spec), data, tmp_path / "b", cancel)

    with pytest.raises(TrialCancelled):
        base.train(spec, build(spec), data, tmp_path / "a", ask_for_the_same)
    assert "same base" in waited[0].what
