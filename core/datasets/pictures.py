"""Features of a whole clip set as one memory-mapped array, computed once per clip set and feature setting."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.cache import cached_folder
from core.datasets.clips import ClipSet
from core.datasets.progress import Progress, waiting
from core.datasets.waveforms import FULL_SCALE, map_in_threads
from core.events import Emit
from core.features.mel import FeatureExtractor
from core.spec import TrialSpec, stage_key

_CHUNK = 128

Float32 = NDArray[np.float32]
Int16 = NDArray[np.int16]


def load_pictures(spec: TrialSpec, found: ClipSet, waveforms: Int16, emit: Emit) -> Float32:
    """Return the pictures of all clips, float32 of shape (n, frames, coefficients)."""

    def fill(folder: Path) -> None:
        extractor = FeatureExtractor(spec.features, spec.num_samples)
        shape = (len(waveforms), extractor.num_frames, extractor.num_coefficients)
        pictures = np.lib.format.open_memmap(folder / "pictures.npy", mode="w+", dtype=np.float32, shape=shape)
        progress = Progress(emit, "Computing features", len(waveforms))

        def compute(start: int) -> int:
            chunk = waveforms[start : start + _CHUNK]
            pictures[start : start + _CHUNK] = extractor.compute(np.divide(chunk, FULL_SCALE, dtype=np.float32))
            return len(chunk)

        for count in map_in_threads(compute, range(0, len(waveforms), _CHUNK)):
            progress.advance(count)
        pictures.flush()

    key = f"{stage_key(spec, 'features')}-{found.fingerprint}"
    folder = cached_folder("features", key, fill, on_wait=waiting(emit, "Computing features"))
    pictures: Float32 = np.load(folder / "pictures.npy", mmap_mode="r")
    return pictures
