"""Sounds of several kinds that it is found out on what a model's outputs are.

They are the same wherever a model is opened: by the clips at hand it might be read in one way where it is judged and in
another where it listens.
"""

import numpy as np
from numpy.typing import NDArray

from core.datasets.preprocessing import Preprocessing

Float32 = NDArray[np.float32]

_LEVELS = (0.5, 0.05, 0.003)
_SWEEPS_HERTZ = ((200.0, 3000.0), (2500.0, 150.0))


def example_inputs(preprocessing: Preprocessing, num_samples: int) -> Float32:
    """Return inputs (n, *input_shape) from silence, and from noise and tones that rise and fall, loud and soft."""
    sounds = _example_sounds(num_samples, preprocessing.features.sample_rate)
    return preprocessing.scale(preprocessing.extractor().compute(sounds))


def _example_sounds(num_samples: int, rate: int) -> Float32:
    time_s = np.arange(num_samples) / rate
    duration_s = num_samples / rate
    sounds = [np.random.default_rng(0).uniform(-1, 1, num_samples)]
    for first, last in _SWEEPS_HERTZ:
        swept = np.sin(2 * np.pi * (first * time_s + (last - first) * time_s**2 / (2 * duration_s)))
        # A word in the middle, with quiet around it.
        sounds.append(swept * np.hanning(num_samples))
    clips = [np.zeros(num_samples), *(level * sound for level in _LEVELS for sound in sounds)]
    return np.stack(clips).astype(np.float32)
