"""What a task hands to the shared stages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Examples:
    """Network inputs, float32 of shape (n, *input_shape), and what they stand for, shape (n,)."""

    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class PreparedData:
    """Three parts of the data, ready for the network."""

    labels: tuple[str, ...]
    train: Examples
    validation: Examples
    test: Examples
    epoch_inputs: Callable[[int], np.ndarray]
    """Training inputs of an epoch (from 0), varied if the spec asks for it; same order as train.targets."""
    fingerprint: str
    """Digest of the files behind the data: part of every cache key."""
    synthetic: bool
    warnings: tuple[str, ...]
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    """What is done to the raw input before the network, as JSON values; saved beside the model."""

    @property
    def input_shape(self) -> Shape:
        """Shape of one example."""
        return self.train.inputs.shape[1:]
