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
from core.training.criterion import Criterion, CrossEntropy, Figures, Regression
from core.training.network import Adam, forward
from core.training.schedule import Plan

_REPORT_S = 0.25
_CHECKPOINT_S = 2.0
_VALIDATION_EXAMPLES = 512


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
    """A model with the weights that were kept, their validation accuracy if any, and what the fitting took."""

    model: keras.Model
    validation_accuracy: float | None
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
    shapes = [tuple(variable.shape) for variable in fitting.variables]
    progress = checkpoint.load(saved, f"{plan} {data.fingerprint} {key}", shapes, emit)
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


def criterion_of(plan: Plan, data: PreparedData) -> Criterion:
    """Return what a plan makes small."""
    if plan.loss == "cross_entropy":
        return CrossEntropy(plan.label_smoothing)
    return Regression(plan.loss, data.deviations)


class _Fitting:
    """The variables and compiled functions of one fitting."""

    def __init__(self, model: keras.Model, data: PreparedData, plan: Plan, sparsifier: Sparsifier) -> None:
        # Costs nothing measurable on a CPU, and forbids the few kernels that would add up in any order.
        tf.config.experimental.enable_op_determinism()
        self.model, self.data, self.plan, self.sparsifier = model, data, plan, sparsifier
        self.optimizer = Adam(model.trainable_variables, plan.weight_decay)
        self.variables = [*model.weights, *self.optimizer.variables, *sparsifier.variables]
        self.num_examples = len(data.train.targets)
        self.learning_rates = plan.learning_rates(self.num_examples)
        self.criterion = criterion_of(plan, data)
        self.targets = tf.constant(data.train.targets, self.criterion.target_dtype)
        self.inputs: tf.Tensor | None = None
        self.source: np.ndarray | None = None
        examples = tf.TensorSpec((None, *model.input_shape[1:]), tf.float32)
        targets = tf.TensorSpec((None, *self.targets.shape[1:]), self.criterion.target_dtype)
        batches, rates = tf.TensorSpec((None, plan.batch_size), tf.int32), tf.TensorSpec((None,), tf.float32)
        first = tf.TensorSpec((), tf.int32)
        self.train = tf.function(self._train, (examples, batches, rates, first), autograph=False)
        self.judge = tf.function(self._judge, (examples, targets), autograph=False)

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Set every variable to what a checkpoint says."""
        for variable, value in zip(self.variables, state, strict=True):
            variable.assign(value)

    def run_epoch(self, before: Progress, emit: Emit) -> Progress:
        """Run one epoch; return what the fitting has come to."""
        started = time.perf_counter()
        loss, figures = self._run_steps(before.epoch, emit)
        self.sparsifier.enforce()
        validation_loss, found = self._validate(self.data.validation)
        steps_done = (before.epoch + 1) * self.plan.steps_per_epoch(self.num_examples)
        seconds = time.perf_counter() - started
        ended = EpochEnded(
            phase=self.plan.phase,
            epoch=before.epoch + 1,
            epochs=self.plan.epochs,
            loss=loss,
            validation_loss=validation_loss,
            learning_rate=float(self.learning_rates[steps_done - 1]),
            sparsity=self.sparsifier.sparsity(),
            seconds=seconds,
            **figures,
            **{f"validation_{name}": figure for name, figure in found.items()},
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
        return self.sparsifier.settled(steps_done) and self.criterion.rank(ended) > before.best_rank

    def _keep(self, progress: Progress, ended: EpochEnded) -> Progress:
        return replace(
            progress,
            best=progress.state[: len(self.model.weights)],
            best_accuracy=ended.validation_accuracy,
            best_rank=self.criterion.rank(ended) if ended.validation_loss is not None else (),
        )

    def _run_steps(self, epoch: int, emit: Emit) -> tuple[float, Figures]:
        """Run the steps of an epoch, as many at a time as take about a quarter of a second."""
        self._load_inputs(self.data.epoch_inputs(epoch))
        batches = self.plan.batches(epoch, self.num_examples)
        first = epoch * len(batches)
        done, chunk, loss, sums = 0, 1, 0.0, np.zeros(1)
        figures: Figures = {}
        while done < len(batches):
            started = time.perf_counter()
            steps = tf.constant(batches[done : done + chunk])
            rates = tf.constant(self.learning_rates[first + done : first + done + chunk])
            more_loss, more_sums = self.train(self.inputs, steps, rates, tf.constant(first + done))
            loss, sums = loss + float(more_loss), sums + more_sums.numpy().astype(np.float64)
            done += len(steps)
            figures = self.criterion.figures(sums, done * self.plan.batch_size)
            emit(
                BatchEnded(
                    phase=self.plan.phase,
                    epoch=epoch + 1,
                    epochs=self.plan.epochs,
                    batch=done,
                    batches=len(batches),
                    loss=loss / done,
                    **figures,
                )
            )
            pace = (time.perf_counter() - started) / len(steps)
            chunk = max(1, min(4 * chunk, int(_REPORT_S / pace)))
        return loss / done, figures

    def _load_inputs(self, inputs: np.ndarray) -> None:
        if inputs is not self.source:
            self.source, self.inputs = inputs, tf.constant(inputs, tf.float32)

    def _train(
        self, inputs: tf.Tensor, batches: tf.Tensor, rates: tf.Tensor, first: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        def run_step(index: tf.Tensor, loss: tf.Tensor, sums: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            step, batch = first + index, batches[index]
            targets = tf.gather(self.targets, batch)
            self.sparsifier.advance(step)
            with tf.GradientTape() as tape:
                outputs = forward(self.model, tf.gather(inputs, batch), step)
                batch_loss = tf.reduce_mean(self.criterion.losses(outputs, targets))
            self.optimizer.apply(tape.gradient(batch_loss, self.optimizer.weights), step, rates[index])
            return index + 1, loss + batch_loss, sums + self.criterion.tally(outputs, targets)

        count = tf.shape(batches)[0]
        start = (0, 0.0, tf.zeros(self.criterion.num_sums))
        _, loss, sums = tf.while_loop(lambda index, *_: index < count, run_step, start, parallel_iterations=1)
        return loss, sums

    def _validate(self, examples: Examples) -> tuple[float | None, Figures]:
        if not len(examples.targets):
            return None, {}
        loss, sums = 0.0, np.zeros(1)
        for start in range(0, len(examples.targets), _VALIDATION_EXAMPLES):
            part = slice(start, start + _VALIDATION_EXAMPLES)
            more_loss, more_sums = self.judge(
                tf.constant(examples.inputs[part], tf.float32),
                tf.constant(examples.targets[part], self.criterion.target_dtype),
            )
            loss, sums = loss + float(more_loss), sums + more_sums.numpy().astype(np.float64)
        return loss / len(examples.targets), self.criterion.figures(sums, len(examples.targets))

    def _judge(self, inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        outputs = forward(self.model, inputs)
        return tf.reduce_sum(self.criterion.losses(outputs, targets)), self.criterion.tally(outputs, targets)
