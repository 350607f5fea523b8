"""`.tflite` files, damaged: weighed, and run in a process that LiteRT may take down with it."""

import os
import shutil
import signal
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

from core.errors import ModelError, WorkbenchError
from core.evaluation.footprint import peak_ram_bytes
from core.evaluation.interpreter import LoadedModel, read_model
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_bytes

_MOST_SECONDS = 2.0
_LOOK_S = 0.001
_MOST_SAID = 2000


class Models:
    """A `.tflite` file made here, damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = [path.read_bytes() for path in sorted(seeds.iterdir())]
        self._path = scratch / "damaged.tflite"

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Take the models of both trials."""
        for place, trial in enumerate(trials):
            shutil.copyfile(trial / "model.tflite", seeds / f"{place}.tflite")

    def whole(self) -> Iterator[bytes]:
        """Yield each model as it is."""
        yield from self._seeds

    def damaged(self, rng: Random) -> bytes:
        """Return the bytes of a model, damaged anywhere or in its tables, which stand at the ends of the file."""
        return mutate_bytes(rng, rng.choice(self._seeds), self._seeds, rng.choice((64, 1500)))

    def attempts(self, given: bytes) -> Iterator[Attempt]:
        """Weigh the model and run it once."""
        self._path.write_bytes(given)
        yield lambda: read_model(self._path)
        yield lambda: peak_ram_bytes(self._path)
        yield lambda: _apart(self._path)
        self._path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Nothing is left anywhere."""


def _run_once(path: Path) -> None:
    model = LoadedModel(path)
    model.run(np.zeros((1, *model.input.shape[1:]), np.float32))


def _apart(path: Path) -> None:
    """Run a model in a child process. Raises ModelError where that does not come to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            _run_once(path)
        except WorkbenchError:
            pass
        except BaseException:
            os.write(writing, traceback.format_exc()[-_MOST_SAID:].encode())
        finally:
            os._exit(0)
    os.close(writing)
    status = _ended(child)
    with os.fdopen(reading) as said:
        unexpected = said.read()
    if unexpected:
        raise RuntimeError(unexpected)
    if status:
        raise ModelError(f"{path}: LiteRT ended with status {status}")


def _ended(child: int) -> int:
    """Return the status of a child, which is ended when it takes too long."""
    until_s = time.monotonic() + _MOST_SECONDS
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > until_s:
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(_LOOK_S)
    return ended[1]
