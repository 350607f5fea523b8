"""Judging a model file from anywhere. Loads no TensorFlow, so a command answers at once."""

from pathlib import Path

from core.events import Emit, ignore
from core.results import Quality
from core.spec import TrialSpec
from core.tasks.registry import TASKS


def judge_file(model: Path, spec: TrialSpec, labels: tuple[str, ...] = (), emit: Emit = ignore) -> Quality:
    """Judge a `.tflite` file on the test part of the data a spec names; `labels` in the order of its outputs.

    Without `labels` they are those of the data, in alphabetical order. Raises ModelError when the file does not fit
    the settings or its labels are not those of the clips.
    """
    return TASKS[spec.task].judge_file(model, spec, labels, emit)
