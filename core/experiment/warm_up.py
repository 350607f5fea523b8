"""Getting TensorFlow ready before the first job, so that *Train* shows its first batch at once."""

import tempfile
from pathlib import Path

import numpy as np


def load() -> None:
    """Import what a trial needs."""
    from core.experiment import runner

    assert runner


def rehearse() -> None:
    """Fit and convert a tiny network: the first time costs seconds, in whichever job it happens."""
    import tf_keras as keras

    inputs = np.zeros((8, 8, 8, 1), np.float32)
    model = keras.Sequential(
        [keras.layers.Input(inputs.shape[1:]), keras.layers.Conv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(inputs, np.zeros(8), verbose=0)
    with tempfile.TemporaryDirectory() as folder:
        assert Path(folder)
