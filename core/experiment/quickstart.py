"""The whole main job once: find clips, or take a table of measurements, train three networks, compare them."""

import tomllib
from importlib import resources
from pathlib import Path

from core.datasets import synthetic
from core.datasets.clips import require_labels
from core.datasets.download import OfflineError, download
from core.datasets.speech_commands import MINI_SPEECH_COMMANDS
from core.events import Emit, Warned, ignore
from core.experiment.spec_file import with_data
from core.spec import TrialSpec, parse_spec

MOST_CLIPS_PER_LABEL = 400
_FORECASTERS = ("system-f-course", "system-f", "system-f-tiny")


def find_data(data: Path | None = None, emit: Emit = ignore) -> Path:
    """Return a folder of clips: the given one, Mini Speech Commands, its download, or clips made by synthesis.

    A given file is taken for a table of measurements.

    Raises DataError when the given folder holds no labels, or when there is neither a network nor a synthesizer.
    """
    if data is not None and data.is_file():
        return data
    if data is not None:
        require_labels(data)
        return data
    try:
        return download(MINI_SPEECH_COMMANDS, emit=emit)
    except OfflineError as error:
        emit(Warned(message=f"{error}. Clips are made by speech synthesis instead; all numbers are marked synthetic."))
        return synthetic.make_clips(synthetic.synthetic_folder(), emit=emit)


def quickstart_specs(data: Path) -> list[TrialSpec]:
    """Return three trials: the reference CNN, a depthwise-separable one, and that one narrow and pruned.

    Clips and epochs are few enough for four minutes on two cores. Of a table, those are three starter specs.
    """
    if data.is_file():
        folder = resources.files("resources").joinpath("specs")
        texts = (folder.joinpath(f"{name}.toml").read_text(encoding="utf-8") for name in _FORECASTERS)
        return [parse_spec(with_data(tomllib.loads(text), data)) for text in texts]
    found = require_labels(data)
    words = [label for label in found if label in synthetic.WORDS]
    shared = {
        "dataset": {
            "folder": str(data.resolve()),
            "labels": words if len(words) >= 2 else found,
            "max_clips_per_label": MOST_CLIPS_PER_LABEL,
        },
        "features": {"kind": "mfcc", "num_mel_bins": 40, "num_mfccs": 10, "normalization": "standardize"},
    }
    separable = {"family": "ds_cnn", "filters": [64, 64, 64, 64], "strides": [[2, 2], [1, 1], [1, 1], [1, 1]]}
    pruning = {"schedule": "polynomial", "final_sparsity": 0.6, "fine_tuning_epochs": 8}
    trials = [
        {"name": "Reference CNN", "training": {"epochs": 6, "batch_size": 50}},
        {
            "name": "DS-CNN",
            "model": separable,
            "training": {"epochs": 12, "batch_size": 50},
        },
        {
            "name": "DS-CNN, narrow, pruned",
            "model": {**separable, "width_multiplier": 0.5},
            "training": {"epochs": 15, "batch_size": 50},
            "pruning": pruning,
        },
    ]
    return [parse_spec({**shared, **trial}) for trial in trials]
