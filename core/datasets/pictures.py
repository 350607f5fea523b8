"""Features of a whole clip set as one memory-mapped array, computed once per clip set and feature setting."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import cached
from core.datasets.array_file import map_array, write_array
from core.datasets.clips import ClipSet
from core.datasets.progress import Progress, notices
from core.datasets.waveforms import FULL_SCALE, map_in_threads
from core.events import Emit
from core.features.kinds import make_extractor
from core.spec import KeywordSpottingSpec, stage_key

_CHUNK = 128

Float32 = NDArray[np.float32]
Int16 = NDArray[np.int16]


def load_pictures(spec: KeywordSpottingSpec, found: ClipSet, waveforms: Int16, emit: Emit) -> Float32:
    """Return the pictures of all clips, float32 of shape (n, frames, coefficients)."""

    shape = (len(waveforms), *spec.features.picture_shape(spec.num_samples))

    def fill(folder: Path) -> None:
        extractor = make_extractor(spec.features, spec.num_samples)
        progress = Progress(emit, "Computing features", len(waveforms))

        def compute(start: int) -> Float32:
            return extractor.compute(np.divide(waveforms[start : start + _CHUNK], FULL_SCALE, dtype=np.float32))

        pieces = progress.count(map_in_threads(compute, range(0, len(waveforms), _CHUNK)), _CHUNK)
        write_array(folder / "pictures.npy", shape, np.float32, pieces)

    key = f"{stage_key(spec, 'features')}-{found.fingerprint}"
    return cached(
        "features",
        key,
        fill,
        lambda folder: map_array(folder / "pictures.npy", shape),
        notices=notices(emit, "Computing features"),
    )
