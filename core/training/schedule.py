"""Learning rates and the order of the clips: everything about a fitting that is decided before it starts."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.events import Phase
from core.settings.training import Loss
from core.spec import TrialSpec


@dataclass(frozen=True)
class Plan:
    """How to fit: read off a spec, so that two fittings of the same plan are the same fitting."""

    phase: Phase
    epochs: int
    batch_size: int
    schedule: Literal["linear", "polynomial", "cosine", "constant"]
    initial_learning_rate: float
    end_learning_rate: float
    weight_decay: float
    loss: Loss
    label_smoothing: float
    keep: Literal["best_on_validation", "last"]
    seed: int

    def num_steps(self, num_examples: int) -> int:
        """Return the steps of all epochs."""
        return self.epochs * self.steps_per_epoch(num_examples)

    def steps_per_epoch(self, num_examples: int) -> int:
        """Return the steps of one epoch; the last of them may be filled up."""
        return -(-num_examples // self.batch_size)

    def learning_rates(self, num_examples: int) -> np.ndarray:
        """Return the learning rate of every step, float32 (steps,), from the initial one to the end one."""
        done = np.linspace(0, 1, self.num_steps(num_examples), dtype=np.float64)
        remaining = {
            "linear": 1 - done,
            "polynomial": (1 - done) ** 2,
            "cosine": (1 + np.cos(np.pi * done)) / 2,
            "constant": np.ones_like(done),
        }[self.schedule]
        span = self.initial_learning_rate - self.end_learning_rate
        return (self.end_learning_rate + span * remaining).astype(np.float32)

    def batches(self, epoch: int, num_examples: int) -> np.ndarray:
        """Return the examples of every step of an epoch (from 0), int32 (steps, batch_size).

        Every example comes once; where they do not fill the last step, the first of the epoch come again,
        so that all steps have one shape and are compiled once.
        """
        order = np.random.default_rng([self.seed, epoch]).permutation(num_examples)
        steps = self.steps_per_epoch(num_examples)
        return np.resize(order, (steps, self.batch_size)).astype(np.int32)


def plan_training(spec: TrialSpec) -> Plan:
    """Return the plan of the training of a spec."""
    training = spec.training
    return Plan(
        phase="training",
        epochs=training.epochs,
        batch_size=training.batch_size,
        schedule=training.schedule,
        initial_learning_rate=training.initial_learning_rate,
        end_learning_rate=training.end_learning_rate,
        weight_decay=training.weight_decay if training.optimizer == "adamw" else 0.0,
        loss=training.loss,
        label_smoothing=training.label_smoothing,
        keep=training.keep,
        seed=training.seed,
    )


def plan_fine_tuning(spec: TrialSpec) -> Plan:
    """Return the plan of the fine-tuning under pruning: as the training, with its own epochs and learning rate."""
    training, pruning = plan_training(spec), spec.pruning
    return Plan(
        phase="fine_tuning",
        epochs=pruning.fine_tuning_epochs,
        batch_size=training.batch_size,
        schedule=training.schedule,
        initial_learning_rate=pruning.initial_learning_rate,
        # Training may end at a higher rate than fine-tuning begins with; it must not rise again.
        end_learning_rate=min(training.end_learning_rate, pruning.initial_learning_rate),
        weight_decay=training.weight_decay,
        loss=training.loss,
        label_smoothing=training.label_smoothing,
        keep=training.keep,
        seed=training.seed,
    )
