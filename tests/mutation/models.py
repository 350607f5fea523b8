"""`.tflite` files, damaged: looked at, and run in processes that LiteRT may take down with it."""

import io
import os
import shutil
import signal
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from core.errors import ModelError
from core.evaluation.guarded_model import GuardedModel
from core.evaluation.model_file import read_model
from core.evaluation.model_messages import read_message, write_message
from core.evaluation.model_process import ModelProcess
from tests.mutation.kind import Attempt, Trials
from tests.mutation.mutations import mutate_bytes

_MOST_SECONDS = 2.0
_LOOK_S = 0.001
_MOST_SAID = 4000
# A process that is started anew costs as much as thirty that begin with what this one has loaded.
_STARTED_ONE_IN = 100


class Models:
    """A `.tflite` file made here, damaged."""

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._seeds = [path.read_bytes() for path in sorted(seeds.iterdir())]
        self._path = scratch / "damaged.tflite"
        self._examples = self._fitting()

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Take the models of both trials."""
        for place, trial in enumerate(trials):
            shutil.copyfile(trial / "model.tflite", seeds / f"{place}.tflite")

    def whole(self) -> Iterator[tuple[int, bytes, bool]]:
        """Yield each model as it is."""
        for place, content in enumerate(self._seeds):
            yield place, content, True

    def damaged(self, rng: Random) -> tuple[int, bytes, bool]:
        """Return which model it was, its bytes, and whether a process is started for it."""
        place = rng.randrange(len(self._seeds))
        content = mutate_bytes(rng, self._seeds[place], self._seeds, rng.choice((64, 1500)))
        return place, content, rng.randrange(_STARTED_ONE_IN) == 0

    def attempts(self, given: tuple[int, bytes, bool]) -> Iterator[Attempt]:
        """Look at the model, and have it opened, fitted, run and timed."""
        place, content, in_started = given
        self._path.write_bytes(content)
        examples, num_outputs = self._examples[place]
        yield lambda: read_model(self._path)
        yield lambda: _serve_apart(self._path, examples, num_outputs)
        if in_started:
            yield lambda: _run_guarded(self._path, examples, num_outputs)

    def tidy(self) -> None:
        """Nothing is left anywhere."""

    def _fitting(self) -> list[tuple[np.ndarray, int]]:
        """Return two examples that each model takes, and how many numbers it gives."""
        found = []
        for content in self._seeds:
            self._path.write_bytes(content)
            with GuardedModel(self._path) as model:
                (taken,), (given,) = model.takes, model.gives
            examples = np.random.default_rng(0).standard_normal((2, *taken[1:])).astype(np.float32)
            found.append((examples, int(np.prod(given))))
        return found


def _run_guarded(path: Path, examples: np.ndarray, num_outputs: int) -> None:
    with GuardedModel(path, patience_s=_MOST_SECONDS) as model:
        model.fit_labels(examples.shape[1:], num_outputs, examples)
        model.run(examples)
        model.time(1, 2)


def _serve_apart(path: Path, examples: np.ndarray, num_outputs: int) -> None:
    """Do in a child what the process of a model does. Raises ModelError where LiteRT does not come to its end."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            _serve(path, examples, num_outputs)
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


def _serve(path: Path, examples: np.ndarray, num_outputs: int) -> None:
    """Answer what is asked of a model, one request after the other, until one fails with a sentence."""
    asked: tuple[tuple[dict[str, Any], np.ndarray | None], ...] = (
        ({"request": "open", "path": str(path), "num_threads": 1}, None),
        ({"request": "fit", "given": examples.shape[1:], "num_outputs": num_outputs, "average_steps": 1}, examples),
        ({"request": "run"}, examples),
        ({"request": "time", "warmup_runs": 1, "num_runs": 2}, None),
    )
    requests, answers = io.BytesIO(), io.BytesIO()
    process = ModelProcess(requests, answers, Interpreter)
    for values, array in asked:
        for stream in (requests, answers):
            stream.seek(0)
            stream.truncate()
        write_message(requests, values, array)
        requests.seek(0)
        process.serve()
        answers.seek(0)
        told = [message[0]["kind"] for message in iter(lambda: read_message(answers), None)]
        if told[-1] != "done":
            return


def _ended(child: int) -> int:
    """Return the status of a child, which is ended when it takes too long."""
    until_s = time.monotonic() + _MOST_SECONDS
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > until_s:
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1]
        time.sleep(_LOOK_S)
    return ended[1]
