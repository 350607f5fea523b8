"""Judge a `.tflite` file on clips whose labels are known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.evaluation.guarded_model import GuardedModel
from core.evaluation.network import Float32
from core.events import Emit, Progressed, ignore
from core.results import Classification, LabelScore

_CLIPS_PER_REPORT = 256
_EXAMPLES = 64
"""Clips that it is found out by what a model's outputs are."""


def judge(
    model: Path, inputs: Float32, targets: NDArray[np.integer], labels: Sequence[str], emit: Emit = ignore
) -> Classification:
    """Run a file over inputs of shape (n, *input_shape) and compare with targets, indices into `labels`.

    `labels` is in the order of the model's outputs. Raises ModelError when the file does not fit the inputs or labels.
    """
    predicted = predict(model, inputs, len(labels), emit).argmax(axis=1)
    return tally(predicted, targets, labels)


def predict(model: Path, inputs: Float32, num_labels: int, emit: Emit = ignore) -> Float32:
    """Return the probability of every label for every input, shape (n, num_labels). Raises ModelError."""
    with open_classifier(model, inputs, num_labels) as opened:
        return predict_all(opened, inputs, emit)


def open_classifier(model: Path, examples: Float32, num_labels: int) -> GuardedModel:
    """Open a file for inputs like `examples` (n, *input_shape), of which some show what its outputs are.

    Raises ModelError.
    """
    opened = GuardedModel(model)
    try:
        # Clips come label by label, and the first are all of one.
        shown = np.unique(np.linspace(0, len(examples) - 1, _EXAMPLES, dtype=np.int64))
        opened.fit_labels(examples.shape[1:], num_labels, examples[shown])
    except ModelError:
        opened.close()
        raise
    return opened


def predict_all(opened: GuardedModel, inputs: Float32, emit: Emit = ignore) -> Float32:
    """Return what an open model gives for many inputs, saying how far it is. Raises ModelError."""
    parts = []
    for start in range(0, len(inputs), _CLIPS_PER_REPORT):
        parts.append(opened.run(inputs[start : start + _CLIPS_PER_REPORT]))
        done = min(start + _CLIPS_PER_REPORT, len(inputs))
        emit(Progressed(what="clips judged", done=done, total=len(inputs)))
    return np.concatenate(parts)


def tally(predicted: NDArray[np.integer], targets: NDArray[np.integer], labels: Sequence[str]) -> Classification:
    """Count predictions against targets, both of shape (n,) and indices into `labels`."""
    confusion = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    scores = tuple(
        LabelScore(
            label=label,
            num_clips=int(confusion[index].sum()),
            precision=_share(confusion[index, index], confusion[:, index].sum()),
            recall=_share(confusion[index, index], confusion[index].sum()),
        )
        for index, label in enumerate(labels)
    )
    return Classification(labels=tuple(labels), confusion=tuple(map(tuple, confusion.tolist())), per_label=scores)


def _share(part: np.int64, whole: np.int64) -> float | None:
    return float(part / whole) if whole else None
