"""The process that a model runs in: ``python -m core.evaluation.model_process INTERPRETER``.

INTERPRETER is a class of LiteRT's kind as ``module:name``. Requests on stdin, answers on stdout, framed as
`model_messages` does, and answered in turn:

    open     path, num_threads           done: state, takes, gives (shapes of all inputs and outputs)
    fit      given, num_outputs[, average_steps]; examples where the outputs are labels        done: form
    run      examples                    done: taken_ms; what it gives
    restart                              done
    hear     frames                      done: taken_ms; what it gives for each step
    time     warmup_runs, num_runs       done; milliseconds of each run

Between runs it says "alive" now and then, or "progressed" (done, total); "failed" (message) takes the place of "done".
It needs numpy and LiteRT alone, and ends with its stdin.
"""

import contextlib
import importlib
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.errors import ModelError
from core.evaluation.foreign_model import ForeignModel
from core.evaluation.model_messages import Array, read_message, write_message

MOST_SILENT_S = 0.25
_SPARE_BYTES = 1 << 30
_FILE_TIMES = 16


class ModelProcess:
    """Answers requests about one model."""

    def __init__(self, requests: BinaryIO, answers: BinaryIO, interpreter_class: Callable[..., Any]) -> None:
        self._requests = requests
        self._answers = answers
        self._interpreter_class = interpreter_class
        self._model: ForeignModel | None = None
        self._said_s = 0.0

    def serve(self) -> None:
        """Answer until the requests end."""
        while (message := read_message(self._requests)) is not None:
            values, array = message
            self._said_s = time.monotonic()
            try:
                answer, given = self._answer(values, array)
            except ModelError as error:
                self._say("failed", message=str(error))
            except MemoryError:
                # The sentence is the asker's, who knows the file.
                self._say("starved")
            else:
                self._say("done", given, **answer)

    def _answer(self, values: dict[str, Any], array: Array | None) -> tuple[dict[str, Any], Array | None]:
        request = values["request"]
        if request == "open":
            return self._open(Path(values["path"]), values["num_threads"]), None
        model = self._model
        assert model is not None
        started_ns = time.perf_counter_ns()
        if request == "fit":
            given = tuple(values["given"])
            if array is None:
                model.fit(given, values["num_outputs"])
            else:
                model.fit_labels(given, values["num_outputs"], _floats(array), values["average_steps"])
            return {"form": model.form.as_values()}, None
        if request == "restart":
            model.restart()
            return {}, None
        if request == "time":
            return {}, model.time(values["warmup_runs"], values["num_runs"], self._report)
        assert array is not None
        found = model.run(_floats(array)) if request == "run" else model.hear(_floats(array))
        return {"taken_ms": (time.perf_counter_ns() - started_ns) / 1e6}, found

    def _open(self, path: Path, num_threads: int) -> dict[str, Any]:
        with contextlib.suppress(OSError):
            limit_memory(_SPARE_BYTES + _FILE_TIMES * path.stat().st_size)
        model = self._model = ForeignModel(path, self._interpreter_class, num_threads, self._stay_heard)
        takes, gives = ([port.shape for port in ports] for ports in (model.inputs, model.outputs))
        return {"state": model.state, "takes": takes, "gives": gives}

    def _report(self, done: int, total: int) -> None:
        self._say("progressed", done=done, total=total)

    def _stay_heard(self) -> None:
        if time.monotonic() - self._said_s > MOST_SILENT_S:
            self._say("alive")

    def _say(self, kind: str, array: Array | None = None, **values: Any) -> None:
        self._said_s = time.monotonic()
        write_message(self._answers, {"kind": kind, **values}, array)


def _floats(array: Array) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.asarray(array, np.float32)


def limit_memory(size_bytes: int) -> None:
    """Let this process have no more than so many bytes of addresses, where the system knows such limits."""
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (size_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))


def _leave_no_core() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def main() -> None:
    """Serve on stdin and stdout; what LiteRT prints goes to stderr."""
    # Ctrl+C is meant for whoever asks, and ends this process by closing its stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _leave_no_core()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    module, _, name = sys.argv[1].partition(":")
    interpreter_class = getattr(importlib.import_module(module), name)
    with contextlib.suppress(BrokenPipeError):
        ModelProcess(sys.stdin.buffer, answers, interpreter_class).serve()


if __name__ == "__main__":
    main()
