"""Judging every clip of a folder with a trained model, whatever part it is in. Loads no TensorFlow."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import cached, require_shape
from core.datasets.clip_facts import ClipFacts, read_facts
from core.datasets.clips import Clip
from core.datasets.digest import digest
from core.datasets.edits import NOTHING, Edits, load_edits
from core.datasets.listing import UNKNOWN
from core.datasets.preprocessing import Preprocessing, load_preprocessing
from core.datasets.progress import Progress, notices
from core.datasets.waveforms import FULL_SCALE, map_in_threads, read_clip
from core.errors import DataError
from core.evaluation.classification import open_classifier
from core.evaluation.example_sounds import example_inputs
from core.evaluation.verdicts import Verdicts, open_verdicts, save_verdicts
from core.events import Emit, ignore
from core.experiment.files import require_plain_folder
from core.settings.clips import Layout

_CHUNK = 128
_WHAT = "Judging clips"

Float32 = NDArray[np.float32]


def judge_clips(trial: Path, folder: Path, emit: Emit = ignore, layout: Layout = "automatic") -> Path:
    """Judge the clips of a folder with a trial's `.tflite` file; return the cache folder that holds the `Verdicts`.

    Trims are honoured. Clips of labels that the model does not know are judged only where it knows `_unknown_`.
    Raises DataError, ModelError or StudyError.
    """
    require_plain_folder(trial.resolve())
    model = trial / "model.tflite"
    preprocessing = load_preprocessing(trial)
    facts = read_facts(folder, emit, layout)
    edits = load_edits(folder)
    names = _judged(facts, edits, preprocessing)
    if not names:
        raise DataError(f"{folder}: has no clips of {', '.join(preprocessing.labels)}; choose a trial of its labels")
    starts_ms = [edits.get(name, NOTHING).start_ms for name in names]

    def fill(scratch: Path) -> None:
        progress = Progress(emit, _WHAT, len(names))
        clips = [Clip(folder / name, 0, start_ms) for name, start_ms in zip(names, starts_ms, strict=True)]
        parts = []
        examples = example_inputs(preprocessing, preprocessing.num_samples)
        with open_classifier(model, examples, len(preprocessing.labels)) as opened:
            for inputs in _inputs(clips, preprocessing):
                parts.append(opened.run(inputs))
                progress.advance(len(inputs))
        save_verdicts(Verdicts(preprocessing.labels, names, np.concatenate(parts)), scratch)

    content = hashlib.sha256(model.read_bytes()).hexdigest()
    key = digest(content, preprocessing.model_dump_json(), facts.key, json.dumps([names, starts_ms]))

    def read(kept: Path) -> Path:
        require_shape(open_verdicts(kept).probabilities, (len(names), len(preprocessing.labels)))
        return kept

    return cached("verdicts", key, fill, read, notices=notices(emit, _WHAT))


def _judged(facts: ClipFacts, edits: Edits, preprocessing: Preprocessing) -> tuple[str, ...]:
    known = set(preprocessing.labels)
    readable = (clip for row, clip in enumerate(facts.clips) if row not in facts.reasons)
    if UNKNOWN in known:
        return tuple(clip.name for clip in readable)
    return tuple(clip.name for clip in readable if (edits.get(clip.name, NOTHING).label or clip.label) in known)


def _inputs(clips: list[Clip], preprocessing: Preprocessing) -> Iterator[Float32]:
    """Yield network inputs (at most 128, frames, coefficients, 1) of clips, in their order."""
    extractor = preprocessing.extractor()

    def compute(start: int) -> Float32:
        waveforms = np.stack(
            [
                read_clip(clip, preprocessing.features.sample_rate, preprocessing)
                for clip in clips[start : start + _CHUNK]
            ]
        )
        return preprocessing.scale(extractor.compute(np.divide(waveforms, FULL_SCALE, dtype=np.float32)))

    return map_in_threads(compute, range(0, len(clips), _CHUNK))
