"""Fit a Keras model to arrays in memory: fast for small networks, the same again for the same seed, resumable."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import tensorflow as tf
import tf_keras as keras

from core.datasets.prepared import Examples, PreparedData
from core.events import BatchEnded, Emit, EpochEnded
from core.training import checkpoint
from core.training.checkpoint import Progress
from core.training.network import Adam, forward
from core.training.schedule import Plan

_REPORT_S = 0.25
_CHECKPOINT_S = 2.0
_VALIDATION_CLIPS = 512


class Sparsifier(Protocol):
    """Sets weights to zero while they are trained."""

    variables: Sequence[tf.Variable]

    def advance(self, step: tf.Tensor) -> None:
        """Bring the zeros up to a step; called inside the graph before the step."""

    def enforce(self) -> None:
        """Set the chosen weights to zero again after the last update."""

    def sparsity(self) -> float:
        """Return the part of the prunable weights that is zero."""

    def settled(self, num_steps_done: int) -> bool:
        """Tell whether the final sparsity is reached."""


class _Dense:
    """Leaves every weight as it is."""

    variables: Sequence[tf.Variable] = ()

    def advance(self, step: tf.Tensor) -> None:
        pass

    def enforce(self) -> None:
        pass

    def sparsity(self) -> float:
        return 0.0

    def settled(self, num_steps_done: int) -> bool:
        return num_steps_done >= 0


@dataclass(frozen=True)
class Fitted:
    """A model with the weights that were kept, their validation accuracy, and what the fitting took."""

    model: keras.Model
    validation_accuracy: float
    seconds: float
    history: tuple[EpochEnded, ...]


def fit(
    model: keras.Model,
    data: PreparedData,
    plan: Plan,
    saved: Path,
    emit: Emit,
    key: str = "",
    sparsifier: Sparsifier | None = None,
) -> Fitted:
    """Fit the model by a plan, going on from the checkpoint file `saved` if it is one of the same `key`.

    Raises TrialCancelled when `emit` asks for the end; the checkpoint then holds the last whole epoch.
    """
    fitting = _Fitting(model, data, plan, sparsifier or _Dense())
    progress = checkpoint.load(saved, f"{plan} {data.fingerprint} {key}")
    if progress.epoch:
        fitting.restore(progress.state)
    on_disk, saved_at = progress.epoch, time.monotonic()
    try:
        while progress.epoch < plan.epochs:
            progress = fitting.run_epoch(progress, emit)
            emit(progress.history[-1])
            if time.monotonic() - saved_at > _CHECKPOINT_S:
                checkpoint.save(progress, saved)
                on_disk, saved_at = progress.epoch, time.monotonic()
    finally:
        if on_disk < progress.epoch:
            checkpoint.save(progress, saved)
    model.set_weights(progress.best)
    return Fitted(model, progress.best_accuracy, progress.seconds, progress.history)


class _Fitting:
    """The variables and compiled functions of one fitting."""

    def __init__(self, model: keras.Model, data: PreparedData, plan: Plan, sparsifier: Sparsifier) -> None:
        # Costs nothing measurable on a CPU, and forbids the few kernels that would add up in any order.
        tf.config.experimental.enable_op_determinism()
        self.model, self.data, self.plan, self.sparsifier = model, data, plan, sparsifier
        self.optimizer = Adam(model.trainable_variables, plan.weight_decay)
        self.variables = [*model.weights, *self.optimizer.variables, *sparsifier.variables]
        self.num_clips = len(data.train.targets)
        self.learning_rates = plan.learning_rates(self.num_clips)
        self.targets = tf.constant(data.train.targets, tf.int32)
        self.inputs: tf.Tensor | None = None
        self.source: np.ndarray | None = None
        clips = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
        batches, rates = tf.TensorSpec((None, plan.batch_size), tf.int32), tf.TensorSpec((None,), tf.float32)
        first = tf.TensorSpec((), tf.int32)
        self.train = tf.function(self._train, (clips, batches, rates, first), autograph=False)
        self.judge = tf.function(self._judge, (clips, tf.TensorSpec((None,), tf.int32)), autograph=False)

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Set every variable to what a checkpoint says."""
        for variable, value in zip(self.variables, state, strict=True):
            variable.assign(value)

    def run_epoch(self, before: Progress, emit: Emit) -> Progress:
        """Run one epoch; return what the fitting has come to."""
        started = time.perf_counter()
        loss, accuracy = self._run_steps(before.epoch, emit)
        self.sparsifier.enforce()
        validation_loss, validation_accuracy = self._validate(self.data.validation)
        steps_done = (before.epoch + 1) * self.plan.steps_per_epoch(self.num_clips)
        seconds = time.perf_counter() - started
        ended = EpochEnded(
            phase=self.plan.phase,
            epoch=before.epoch + 1,
            epochs=self.plan.epochs,
            loss=loss,
            accuracy=accuracy,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=float(self.learning_rates[steps_done - 1]),
            sparsity=self.sparsifier.sparsity(),
            seconds=seconds,
        )
        after = replace(
            before,
            epoch=before.epoch + 1,
            state=[variable.numpy().copy() for variable in self.variables],
            seconds=before.seconds + seconds,
            history=(*before.history, ended),
        )
        return self._keep(after, ended) if self._is_better(ended, before, steps_done) else after

    def _is_better(self, ended: EpochEnded, before: Progress, steps_done: int) -> bool:
        if self.plan.keep == "last" or (ended.epoch == self.plan.epochs and not before.best):
            return True
        # Of equal accuracies the surer one: a small validation part gives many equal ones.
        rank = (ended.validation_accuracy, -ended.validation_loss)
        return self.sparsifier.settled(steps_done) and rank > (before.best_accuracy, -before.best_loss)

    def _keep(self, progress: Progress, ended: EpochEnded) -> Progress:
        return replace(
            progress,
            best=progress.state[: len(self.model.weights)],
            best_accuracy=ended.validation_accuracy,
            best_loss=ended.validation_loss,
        )

    def _run_steps(self, epoch: int, emit: Emit) -> tuple[float, float]:
        """Run the steps of an epoch, as many at a time as take about a quarter of a second."""
        self._load_inputs(self.data.epoch_inputs(epoch))
        batches = self.plan.batches(epoch, self.num_clips)
        first = epoch * len(batches)
        done, chunk, loss, right = 0, 1, 0.0, 0.0
        while done < len(batches):
            started = time.perf_counter()
            steps = tf.constant(batches[done : done + chunk])
            rates = tf.constant(self.learning_rates[first + done : first + done + chunk])
            more_loss, more_right = self.train(self.inputs, steps, rates, tf.constant(first + done))
            loss, right = loss + float(more_loss), right + float(more_right)
            done += len(steps)
            emit(
                BatchEnded(
                    phase=self.plan.phase,
                    epoch=epoch + 1,
                    epochs=self.plan.epochs,
                    batch=done,
                    batches=len(batches),
                    loss=loss / done,
                    accuracy=right / (done * self.plan.batch_size),
                )
            )
            pace = (time.perf_counter() - started) / len(steps)
            chunk = max(1, min(4 * chunk, int(_REPORT_S / pace)))
        return loss / done, right / (done * self.plan.batch_size)

    def _load_inputs(self, inputs: np.ndarray) -> None:
        if inputs is not self.source:
            self.source, self.inputs = inputs, tf.constant(inputs, tf.float32)

    def _train(
        self, inputs: tf.Tensor, batches: tf.Tensor, rates: tf.Tensor, first: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        def run_step(index: tf.Tensor, loss: tf.Tensor, right: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            step, batch = first + index, batches[index]
            targets = tf.gather(self.targets, batch)
            self.sparsifier.advance(step)
            with tf.GradientTape() as tape:
                logits = forward(self.model, tf.gather(inputs, batch), step)
                batch_loss = tf.reduce_mean(self._losses(logits, targets))
            self.optimizer.apply(tape.gradient(batch_loss, self.optimizer.weights), step, rates[index])
            return index + 1, loss + batch_loss, right + _count_right(logits, targets)

        count = tf.shape(batches)[0]
        start = (0, 0.0, 0.0)
        _, loss, right = tf.while_loop(lambda index, *_: index < count, run_step, start, parallel_iterations=1)
        return loss, right

    def _validate(self, examples: Examples) -> tuple[float, float]:
        loss = right = 0.0
        for start in range(0, len(examples.targets), _VALIDATION_CLIPS):
            part = slice(start, start + _VALIDATION_CLIPS)
            more_loss, more_right = self.judge(
                tf.constant(examples.inputs[part], tf.float32), tf.constant(examples.targets[part], tf.int32)
            )
            loss, right = loss + float(more_loss), right + float(more_right)
        return loss / len(examples.targets), right / len(examples.targets)

    def _judge(self, inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits = forward(self.model, inputs)
        return tf.reduce_sum(self._losses(logits, targets)), _count_right(logits, targets)

    def _losses(self, logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)
        share = self.plan.label_smoothing
        return (1 - share) * losses - share * tf.reduce_mean(tf.nn.log_softmax(logits), axis=-1) if share else losses


def _count_right(logits: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(tf.argmax(logits, axis=-1, output_type=tf.int32) == targets, tf.float32))
