"""Varied copies of the training part, computed once, ahead of training, in a process of their own.

`python -m core.datasets.augmented` takes a recipe as one JSON line on its standard input, computes the
copies one after another at low priority, and ends when that input is closed, so it never outlives the
training it works for. Whoever needs a copy that is not there yet computes it or waits for it: the
same function, under the same lock.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

import core
from core.cache import cache_root, cached
from core.datasets.array_file import map_array, write_array
from core.datasets.augment import vary_waveforms
from core.datasets.digest import digest
from core.datasets.progress import Progress, notices
from core.datasets.waveforms import FULL_SCALE, map_in_threads
from core.errors import TrialCancelled
from core.events import Emit, Event
from core.features.kinds import make_extractor
from core.spec import Augmentation, Features

_KIND = "augmented"
_CHUNK = 32
_NOT_OF_WAVEFORMS = {"enabled", "copies", "time_masks", "time_mask_frames", "frequency_masks", "frequency_mask_bins"}

Float32 = NDArray[np.float32]


class Recipe(BaseModel):
    """All that a copy depends on. The paths lead to int16 arrays in the cache, named by what is in them."""

    model_config = ConfigDict(frozen=True)

    waveforms: Path
    rows: tuple[int, ...]
    noise: Path | None
    features: Features
    augmentation: Augmentation
    seed: int

    @cached_property
    def key(self) -> str:
        """Cache key of the copies; how many there are and what is masked later does not matter."""
        varied = self.augmentation.model_dump_json(exclude=_NOT_OF_WAVEFORMS)
        pictured = json.dumps(self.features.recorded(), sort_keys=True)
        noise = self.noise.parent.name if self.noise else ""
        return digest(self.waveforms.parent.name, noise, np.array(self.rows), pictured, varied, str(self.seed))


class Copies:
    """The varied copies of a training part; a process computes them ahead for as long as this object lives."""

    def __init__(self, recipe: Recipe, emit: Emit) -> None:
        self._recipe = recipe
        self._emit = emit
        if not all(_is_there(recipe, copy) for copy in range(recipe.augmentation.copies)):
            self._process = _start(recipe)
            self._end = weakref.finalize(self, _end, self._process)

    def pictures(self, epoch: int) -> Float32:
        """Return the pictures of an epoch (from 0), (n, frames, coefficients); computes or waits where need be."""
        return load_copy(self._recipe, epoch % self._recipe.augmentation.copies, self._emit)


def load_copy(recipe: Recipe, copy: int, emit: Emit, num_threads: int = 2) -> Float32:
    """Return one copy from the cache, float32 (n, frames, coefficients), computing it when it is not there."""

    what = f"Varying clips, copy {copy + 1}"

    waveforms = map_array(recipe.waveforms)
    shape = (len(recipe.rows), *recipe.features.picture_shape(waveforms.shape[1]))

    def fill(folder: Path) -> None:
        noise = map_array(recipe.noise) if recipe.noise else np.zeros(0, np.int16)
        extractor = make_extractor(recipe.features, waveforms.shape[1])
        rows = np.array(recipe.rows)

        def compute(start: int) -> Float32:
            # Drawn chunk by chunk, so that threads change nothing.
            rng = np.random.default_rng([recipe.seed, copy, start])
            chunk = np.divide(waveforms[rows[start : start + _CHUNK]], FULL_SCALE, dtype=np.float32)
            varied = vary_waveforms(chunk, recipe.augmentation, recipe.features.sample_rate, noise, rng)
            return extractor.compute(varied)

        varied = map_in_threads(compute, range(0, len(rows), _CHUNK), num_threads)
        pieces = Progress(emit, what, len(rows)).count(varied, _CHUNK)
        write_array(folder / "pictures.npy", shape, np.float32, pieces)

    return cached(
        _KIND,
        _name(recipe, copy),
        fill,
        lambda folder: map_array(folder / "pictures.npy", shape),
        notices=notices(emit, what),
    )


def _name(recipe: Recipe, copy: int) -> str:
    return f"{recipe.key}-{copy}"


def _is_there(recipe: Recipe, copy: int) -> bool:
    return (cache_root() / _KIND / _name(recipe, copy)).is_dir()


def _start(recipe: Recipe) -> subprocess.Popen[bytes]:
    paths = [str(Path(core.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    # One thread: the other cores belong to the training.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "core.datasets.augmented"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        env=environment,
    )
    assert process.stdin is not None
    process.stdin.write(recipe.model_dump_json().encode() + b"\n")
    process.stdin.flush()
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """Compute all copies of the recipe on standard input, until that is closed."""
    if hasattr(os, "nice"):
        os.nice(10)
    recipe = Recipe.model_validate_json(sys.stdin.readline())
    orphaned = threading.Event()

    def watch() -> None:
        sys.stdin.read()
        orphaned.set()

    threading.Thread(target=watch, daemon=True).start()

    def end_when_orphaned(_: Event) -> None:
        if orphaned.is_set():
            raise TrialCancelled

    with contextlib.suppress(TrialCancelled):
        for copy in range(recipe.augmentation.copies):
            load_copy(recipe, copy, end_when_orphaned, num_threads=1)


if __name__ == "__main__":
    main()
