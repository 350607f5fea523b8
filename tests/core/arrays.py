"""Data and specs for tests of everything after the features: arrays that a small network can learn in seconds."""

from typing import Any

import numpy as np

from core.datasets.prepared import Examples, PreparedData
from core.spec import TrialSpec, parse_spec

INPUT_SHAPE = (31, 10, 1)
LABELS = ("go", "left", "stop")
SMALL_CNN = {"family": "cnn", "filters": [8, 8], "strides": [[2, 2], [1, 1]]}
SMALL_DS_CNN = {
    "family": "ds_cnn",
    "filters": [8, 8, 12],
    "kernels": [[5, 5], [3, 3], [3, 3]],
    "strides": [[2, 2], [1, 1], [2, 2]],
    "first_padding": "same",
    "residual": True,
    "depthwise_normalization": True,
    "dropout": 0.1,
}


def make_data(num_clips: int = 180, seed: int = 0) -> PreparedData:
    """Return noisy copies of one picture per label."""
    rng = np.random.default_rng(seed)
    pictures = rng.normal(size=(len(LABELS), *INPUT_SHAPE))

    def examples(count: int) -> Examples:
        targets = rng.integers(0, len(LABELS), count)
        return Examples(np.float32(pictures[targets] + rng.normal(size=(count, *INPUT_SHAPE))), targets)

    train = examples(num_clips)
    return PreparedData(
        labels=LABELS,
        train=train,
        validation=examples(num_clips // 3),
        test=examples(num_clips // 3),
        epoch_inputs=lambda _: train.inputs,
        fingerprint=f"arrays {num_clips} {seed}",
        synthetic=True,
        warnings=(),
    )


def make_spec(**sections: dict[str, Any]) -> TrialSpec:
    """Return a spec of two short epochs, its sections overridden by name."""
    values: dict[str, Any] = {
        "dataset": {"folder": "nowhere"},
        "model": SMALL_CNN,
        "training": {"epochs": 2},
    }

    for name, section in sections.items():
        values[name] = {**(values.get(name, {}) if name == "training" else {}), **section}
    return parse_spec(values)
