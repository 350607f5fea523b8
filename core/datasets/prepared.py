"""What a task hands to the shared stages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.datasets.frame import Frame

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Examples:
    """Network inputs, float32 of shape (n, *input_shape), and what they stand for.

    Targets are labels, shape (n,), or values in standard deviations, float32 of shape (n, outputs).
    """

    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class PreparedData:
    """Three parts of the data, ready for the network."""

    labels: tuple[str, ...]
    """What the outputs stand for; empty where targets are values."""
    train: Examples
    validation: Examples
    test: Examples
    epoch_inputs: Callable[[int], np.ndarray]
    """Training inputs of an epoch (from 0), varied if the spec asks for it; same order as train.targets."""
    fingerprint: str
    """Digest of the files behind the data: part of every cache key."""
    synthetic: bool
    warnings: tuple[str, ...]
    overstated: bool = False
    """Whether what is learnt from and what is judged by may have a voice in common."""
    deviations: Mapping[str, float] = field(default_factory=dict)
    """Standard deviation that targets are measured in, by quantity, where they are values."""
    frame: Frame | None = None
    """What the deployed file has around the network, where it takes and gives quantities in their own units."""
    decoders: Mapping[str, str] = field(default_factory=dict)
    """Name and version of what decoded clips that are not plain WAV, by format."""
    preprocessing: Mapping[str, Any] = field(default_factory=dict)
    """What is done to the raw input before the network, as JSON values; saved beside the model."""

    @property
    def num_outputs(self) -> int:
        """Values that the network gives."""
        targets = self.train.targets
        return len(self.labels) if targets.ndim == 1 else targets.shape[1]

    @property
    def input_shape(self) -> Shape:
        """Shape of one example."""
        return self.train.inputs.shape[1:]
