"""A chosen model opened for its preprocessing, with what its outputs are found out on sounds of several kinds."""

import numpy as np
from numpy.typing import NDArray

from core.datasets.preprocessing import Preprocessing
from core.errors import ModelError
from core.evaluation.guarded_model import GuardedModel
from core.experiment.model_choice import ChosenModel

Float32 = NDArray[np.float32]

_LEVELS = (0.5, 0.05, 0.003)
_SWEEPS_HERTZ = ((200.0, 3000.0), (2500.0, 150.0))


def open_chosen(chosen: ChosenModel, num_threads: int = 1) -> GuardedModel:
    """Open a model in a process of its own. Raises ModelError when it cannot be run or fits not its preprocessing."""
    preprocessing = chosen.preprocessing
    given, num_labels = preprocessing.input_shape, len(preprocessing.labels)
    opened = GuardedModel(chosen.path, num_threads)
    try:
        # Whether it fits is known before there are examples.
        opened.fit_values(given, num_labels)
        examples = preprocessing.scale(preprocessing.extractor().compute(example_sounds(preprocessing)))
        opened.fit_labels(given, num_labels, examples)
    except ModelError:
        opened.close()
        raise
    return opened


def example_sounds(preprocessing: Preprocessing) -> Float32:
    """Return clips (n, num_samples) of silence, and of noise and tones that rise and fall, loud and soft."""
    num_samples, rate = preprocessing.num_samples, preprocessing.features.sample_rate
    time_s = np.arange(num_samples) / rate
    duration_s = num_samples / rate
    sounds = [np.random.default_rng(0).uniform(-1, 1, num_samples)]
    for first, last in _SWEEPS_HERTZ:
        swept = np.sin(2 * np.pi * (first * time_s + (last - first) * time_s**2 / (2 * duration_s)))
        # A word in the middle, with quiet around it.
        sounds.append(swept * np.hanning(num_samples))
    clips = [np.zeros(num_samples), *(level * sound for level in _LEVELS for sound in sounds)]
    return np.stack(clips).astype(np.float32)
