"""What a fitting makes small, and the figure it tells meanwhile: the one part of training that knows the task."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import tensorflow as tf

from core.events import EpochEnded
from core.training.ranking import rank_by_accuracy, rank_by_loss

# In standard deviations: about what a thermometer and a hygrometer err by.
_HUBER_DELTA = 0.1

Figures = Mapping[str, Any]


class Criterion(Protocol):
    """Losses of examples, and sums of a figure that people understand."""

    target_dtype: ClassVar[tf.DType]

    @property
    def num_sums(self) -> int:
        """Sums that `tally` gives."""

    def losses(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Return the loss of every example, shape (n,)."""

    def tally(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Return sums over the examples that `figures` makes its figures of, shape (k,)."""

    def figures(self, sums: np.ndarray, num_examples: int) -> Figures:
        """Return the figures of examples as fields of an event."""

    def rank(self, ended: EpochEnded) -> tuple[float, ...]:
        """Return how good an epoch is on the validation part; the greater the better."""


@dataclass(frozen=True)
class CrossEntropy:
    """Sparse categorical cross-entropy of logits; the figure is the accuracy. Targets are labels, shape (n,)."""

    target_dtype: ClassVar[tf.DType] = tf.int32

    label_smoothing: float
    num_sums: int = 1

    def losses(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Return the loss of every example; see `Criterion`."""
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs)
        share = self.label_smoothing
        return (1 - share) * losses - share * tf.reduce_mean(tf.nn.log_softmax(outputs), axis=-1) if share else losses

    def tally(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Count the examples whose label is predicted."""
        right = tf.argmax(outputs, axis=-1, output_type=tf.int32) == targets
        return tf.reduce_sum(tf.cast(right, tf.float32))[tf.newaxis]

    def figures(self, sums: np.ndarray, num_examples: int) -> Figures:
        """Return the accuracy."""
        return {"accuracy": float(sums[0]) / num_examples}

    def rank(self, ended: EpochEnded) -> tuple[float, ...]:
        """Prefer accuracy."""
        return rank_by_accuracy(ended)


@dataclass(frozen=True)
class Regression:
    """Error of values in standard deviations; the figure is the mean absolute error of each quantity in its unit.

    Targets and outputs have shape (n, horizons · quantities), the quantities of one horizon side by side. Huber 1964,
    https://doi.org/10.1214/aoms/1177703732.
    """

    target_dtype: ClassVar[tf.DType] = tf.float32

    loss: Literal["mse", "mae", "huber"]
    deviations: Mapping[str, float]

    @property
    def num_sums(self) -> int:
        """One sum for each quantity."""
        return len(self.deviations)

    def losses(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Return the loss of every example; see `Criterion`."""
        errors = tf.abs(outputs - targets)
        if self.loss == "mse":
            errors = tf.square(errors)
        elif self.loss == "huber":
            within = tf.minimum(errors, _HUBER_DELTA)
            errors = within * (errors - within / 2) / _HUBER_DELTA
        return tf.reduce_mean(errors, axis=-1)

    def tally(self, outputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Sum the absolute errors of each quantity, averaged over the horizons."""
        horizons = outputs.shape[-1] // self.num_sums
        errors = tf.reshape(tf.abs(outputs - targets), (-1, horizons, self.num_sums))
        return tf.reduce_sum(tf.reduce_mean(errors, axis=1), axis=0)

    def figures(self, sums: np.ndarray, num_examples: int) -> Figures:
        """Return the mean absolute error of each quantity in its unit."""
        pairs = zip(self.deviations.items(), sums.tolist(), strict=True)
        return {"mae": {quantity: deviation * total / num_examples for (quantity, deviation), total in pairs}}

    def rank(self, ended: EpochEnded) -> tuple[float, ...]:
        """Prefer the smaller loss."""
        return rank_by_loss(ended)
