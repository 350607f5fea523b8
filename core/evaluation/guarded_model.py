"""A `.tflite` file of any origin, run in a process of its own.

LiteRT can crash, hang or eat memory on a damaged file. Then that process ends, and what is left of it here is one
sentence.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

import core
from core.errors import ModelError
from core.evaluation.model_form import ModelForm, State, form_of_values
from core.evaluation.model_messages import Array, read_message, write_message
from core.evaluation.stopwatch import Float64
from core.evaluation.wake_word import read_wake_word

LITERT = "ai_edge_litert.interpreter:Interpreter"
PATIENCE_S = 10.0
"""Longest time that one run of a model, or opening it, may take."""
_SECONDS_TO_QUIT = 2.0
_ANSWERS = ("done", "failed", "starved")

Float32 = NDArray[np.float32]


def _no_report(done: int, total: int) -> None:
    """Nobody wants to know."""


class GuardedModel:
    """A file opened in a process that was started for it; close it, or let go of it, to end that.

    Every method raises ModelError naming the file: for what is wrong with it, and when its process crashed, gave no
    answer in `patience_s`, or wanted too much memory.
    """

    def __init__(
        self, path: Path, num_threads: int = 1, *, patience_s: float = PATIENCE_S, interpreter: str = LITERT
    ) -> None:
        self.path = path
        self._patience_s = patience_s
        self._death: ModelError | None = None
        self._asking = threading.Lock()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = _start(interpreter, self._log)
        self._watch = _Watch(self._process, patience_s)
        self._end = weakref.finalize(self, _finish, self._process, self._watch, self._log)
        self._form: ModelForm | None = None
        try:
            opened, _ = self._ask("open", path=str(path.absolute()), num_threads=num_threads)
        except ModelError:
            self.close()
            raise
        self.state: State = opened["state"]
        self.takes = tuple(map(tuple, opened["takes"]))
        """Shapes of all inputs, with batch."""
        self.gives = tuple(map(tuple, opened["gives"]))
        """Shapes of all outputs, with batch."""

    def __enter__(self) -> "GuardedModel":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._end()

    @property
    def form(self) -> ModelForm:
        """How it is fed and read, once it was fitted."""
        assert self._form is not None
        return self._form

    def fit_values(self, given: tuple[int, ...], num_outputs: int) -> None:
        """Find how examples of shape `given`, frames first, come into its input; its outputs stay what they are."""
        self._fit(given, num_outputs, None, 1)

    def fit_labels(self, given: tuple[int, ...], num_labels: int, examples: Float32) -> None:
        """Find how examples come into its input, and from some (n, *given) what its outputs are.

        A model that is fed step by step is averaged over as many steps as microWakeWord says beside it.
        """
        wake_word = read_wake_word(self.path)
        self._fit(given, num_labels, examples, wake_word.average_steps if wake_word else 1)

    def _fit(self, given: tuple[int, ...], num_outputs: int, examples: Float32 | None, average_steps: int) -> None:
        values, _ = self._ask("fit", examples, given=given, num_outputs=num_outputs, average_steps=average_steps)
        self._form = form_of_values(values["form"])

    def run(self, examples: Float32) -> Float32:
        """Return what it gives (n, outputs or labels) for examples (n, *given), each as if it were the first."""
        return self.run_timed(examples)[0]

    def run_timed(self, examples: Float32) -> tuple[Float32, float]:
        """Return what `run` does, and the milliseconds that it took there."""
        return self._timed("run", examples)

    def restart(self) -> None:
        """Begin a new stream."""
        self._ask("restart")

    def hear_timed(self, frames: Float32) -> tuple[Float32, float]:
        """Take frames that come next in the stream; return what it gives (steps, labels), and milliseconds."""
        return self._timed("hear", frames)

    def time(self, warmup_runs: int, num_runs: int, report: Callable[[int, int], None] = _no_report) -> Float64:
        """Return the milliseconds (num_runs,) that runs on random input take there, of all inputs and outputs."""
        _, taken_ms = self._ask("time", None, report, warmup_runs=warmup_runs, num_runs=num_runs)
        assert taken_ms is not None
        return np.asarray(taken_ms, np.float64)

    def stream(self) -> "ModelStream":
        """Return what takes a stream, once it was fitted."""
        return ModelStream(self)

    def _timed(self, request: str, array: Float32) -> tuple[Float32, float]:
        values, given = self._ask(request, array)
        assert given is not None
        return np.asarray(given, np.float32), float(values["taken_ms"])

    def _ask(
        self,
        request: str,
        array: Array | None = None,
        report: Callable[[int, int], None] = _no_report,
        **values: Any,
    ) -> tuple[dict[str, Any], Array | None]:
        with self._asking:
            if self._death is not None:
                raise self._death
            with self._watched(), self._left_to_its_end():
                # Where it is dead already, its end is what is read.
                with contextlib.suppress(BrokenPipeError):
                    write_message(cast(BinaryIO, self._process.stdin), {"request": request, **values}, array)
                told, given = self._answer(report)
        kind = told.pop("kind")
        if kind == "failed":
            raise ModelError(str(told["message"]))
        if kind == "starved":
            raise self._starved()
        return told, given

    def _answer(self, report: Callable[[int, int], None]) -> tuple[dict[str, Any], Array | None]:
        """Read on until the answer comes."""
        while (message := self._read()) is not None:
            self._watch.begin()
            told, given = message
            if told.get("kind") in _ANSWERS:
                return told, given
            if told.get("kind") == "progressed":
                report(int(told["done"]), int(told["total"]))
        self._death = self._cause(is_late=self._watch.is_over)
        raise self._death

    @contextlib.contextmanager
    def _left_to_its_end(self) -> Iterator[None]:
        """End the process where nobody waits for its answer any more: the next to ask would take that for its own."""
        try:
            yield
        except BaseException:
            self._process.kill()
            self._death = self._death or ModelError(f"{self.path}: was stopped while it ran; open it again")
            raise

    def _read(self) -> tuple[dict[str, Any], Array | None] | None:
        try:
            return read_message(cast(BinaryIO, self._process.stdout))
        except ValueError:
            self._process.kill()
            return None

    @contextlib.contextmanager
    def _watched(self) -> Iterator[None]:
        self._watch.begin()
        try:
            yield
        finally:
            self._watch.pause()

    def _cause(self, *, is_late: bool) -> ModelError:
        """Return what a process that ended without an answer comes to."""
        status = self._process.wait()
        if is_late:
            return ModelError(
                f"{self.path}: gave no answer in {self._patience_s:g} s and was stopped; the file is damaged, or the "
                "model is too large for this machine"
            )
        reason = f"signal {_signal_name(-status)}" if status < 0 else f"exit status {status}{self._last_words()}"
        return ModelError(
            f"{self.path}: ended the process that it ran in ({reason}); the file is damaged, or does what LiteRT "
            "cannot; copy or convert it again"
        )

    def _starved(self) -> ModelError:
        return ModelError(
            f"{self.path}: wants more memory than a model of its size should; the file is damaged, or no tiny model"
        )

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def try_out(path: Path, num_threads: int = 1) -> None:
    """Run a file once in a process of its own before it is opened in this one, which it might end.

    Raises ModelError.
    """
    with GuardedModel(path, num_threads) as opened:
        opened.time(0, 1)


class ModelStream:
    """A fitted model as a spotter runs it: on whole pictures, or on the frames that come next."""

    def __init__(self, model: GuardedModel) -> None:
        self._model = model

    @property
    def step_frames(self) -> int:
        """Frames that it takes at a time; 0 where it takes whole pictures."""
        return self._model.form.step_frames

    def restart(self) -> None:
        """Begin a new stream."""
        if self.step_frames:
            self._model.restart()

    def run_timed(self, given: Float32) -> tuple[Float32, float]:
        """Return probabilities (n, labels) of each picture, or of each step that frames complete, and milliseconds."""
        return self._model.hear_timed(given) if self.step_frames else self._model.run_timed(given)


class _Watch:
    """Kills a process that says nothing for too long while it is asked.

    One thread does so for as long as the process lives. One for each request would be born and die fifty times a second
    beside a microphone, and PortAudio then does not find the end of a device that is gone.
    """

    def __init__(self, process: subprocess.Popen[bytes], patience_s: float) -> None:
        self._process = process
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._deadline_s: float | None = None
        self._is_ended = False
        self.is_over = False
        threading.Thread(target=self._watch, name="model watch", daemon=True).start()

    def begin(self) -> None:
        """Count from now on."""
        with self._changed:
            was_idle = self._deadline_s is None
            self._deadline_s = time.monotonic() + self._patience_s
            # A watch that counts already looks again once it thinks that it is over.
            if was_idle:
                self._changed.notify()

    def pause(self) -> None:
        """Nothing is asked."""
        with self._changed:
            self._deadline_s = None

    def end(self) -> None:
        """Watch no more."""
        with self._changed:
            self._is_ended = True
            self._changed.notify()

    def _watch(self) -> None:
        with self._changed:
            while not self._is_ended:
                left_s = None if self._deadline_s is None else self._deadline_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    self.is_over = True
                    self._process.kill()
                    return
                self._changed.wait(left_s)


def _start(interpreter: str, log: Any) -> subprocess.Popen[bytes]:
    paths = [str(Path(core.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    # -P: a folder one stands in may have been received as well, and nothing is imported from it.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "core.evaluation.model_process", interpreter],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths)), "OPENBLAS_NUM_THREADS": "1"},
    )


def _finish(process: subprocess.Popen[bytes], watch: _Watch, log: Any) -> None:
    assert process.stdin is not None and process.stdout is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    try:
        process.wait(_SECONDS_TO_QUIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    watch.end()
    process.stdout.close()
    log.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
