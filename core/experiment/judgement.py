"""Judging a model file from anywhere on a folder of clips. Loads no TensorFlow, so a command answers at once."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.prepared import PreparedData
from core.datasets.preprocessing import FILE_NAME, Preprocessing
from core.errors import ModelError
from core.evaluation import classification
from core.events import Emit, ignore
from core.results import Classification
from core.spec import TrialSpec
from core.tasks.registry import TASKS

Float32 = NDArray[np.float32]


def judge_file(model: Path, spec: TrialSpec, labels: tuple[str, ...] = (), emit: Emit = ignore) -> Classification:
    """Judge a `.tflite` file on the test part of the data a spec names; `labels` in the order of its outputs.

    Without `labels` they are those of the data, in alphabetical order. Raises ModelError when the file does not fit
    the settings or its labels are not those of the clips.
    """
    data = TASKS[spec.task].prepare(spec, emit)
    order = labels or data.labels
    strangers = [label for label in data.labels if label not in order]
    if strangers:
        raise ModelError(
            f"{model}: its labels are {', '.join(order)}, but the clips have {', '.join(strangers)} too; "
            "name all labels of the model in the order of its outputs, or choose fewer labels of the clips"
        )
    place = np.array([order.index(label) for label in data.labels])
    inputs = _scaled_as_trained(model, spec, data)
    return classification.judge(model, inputs, place[data.test.targets], order, emit)


def _scaled_as_trained(model: Path, spec: TrialSpec, data: PreparedData) -> Float32:
    """Return the test inputs under the mean and deviation kept beside the model, where there are any.

    On a device they are used as they stand in the file; those of the clips at hand would flatter or wrong the model.
    """
    inputs: Float32 = data.test.inputs
    here = Preprocessing.model_validate(data.preprocessing)
    for path in (model.with_name(f"{model.stem}.{FILE_NAME}"), model.with_name(FILE_NAME)):
        if path.is_file():
            kept = Preprocessing.model_validate_json(path.read_bytes())
            if kept.features == spec.features and kept.mean and kept.mean != here.mean:
                raw = inputs[..., 0] * np.array(here.deviation, np.float32) + np.array(here.mean, np.float32)
                return kept.scale(raw)
            return inputs
    return inputs
