"""Any `.tflite` file run by LiteRT: with any ports, a batch or none, state, and outputs of several kinds.

`guarded_model` runs it in a process of its own, for a damaged file can end the one that it is opened in.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError
from core.evaluation.model_file import read_model
from core.evaluation.model_form import (
    Gives,
    ModelForm,
    as_probabilities,
    bare,
    fit_input,
    what_it_gives,
)
from core.evaluation.network import Port, port_of, reason_of
from core.evaluation.stopwatch import Float64, time_in_turns

Float32 = NDArray[np.float32]

_ONE, _PAIR = 1, 2


class ForeignModel:
    """A file opened by an interpreter class of LiteRT's kind. Raises ModelError naming the file.

    `between` is called after every run of the model.
    """

    def __init__(
        self,
        path: Path,
        interpreter_class: Callable[..., Any],
        num_threads: int = 1,
        between: Callable[[], None] = lambda: None,
    ) -> None:
        self.path = path
        self._file = read_model(path)
        self.state = self._file.state
        self._between = between
        self._interpreter_class = interpreter_class
        self._num_threads = num_threads
        self._size: tuple[int, ...] | None = None
        """Of the input, where it is not that of the file."""
        self._interpreter = self._open()
        self.inputs = self._ports(self._interpreter.get_input_details())
        self.outputs = self._ports(self._interpreter.get_output_details())
        self._signature = tuple(map(int, self._interpreter.get_input_details()[0].get("shape_signature", ())))
        self._stream: Any = None
        """Interpreter of a stream, whose state clips leave alone."""
        self._waiting: Float32 | None = None

    # How it is fed and read

    def fit(self, given: tuple[int, ...], num_outputs: int) -> None:
        """Find how examples of shape `given`, frames first, come into its one input; its outputs are values.

        Raises ModelError when it has more inputs or outputs, or others than so many.
        """
        for side, ports in (("input", self.inputs), ("output", self.outputs)):
            if len(ports) != 1:
                raise ModelError(
                    f"{self.path}: must have one {side}, has {len(ports)}; give a model of one input and one output "
                    "(benchmark times any)"
                )
        found = fit_input(self.inputs[0].shape, self._signature, given, self.state)
        if found is None:
            raise self._misfit(given)
        if found.shape != self.inputs[0].shape:
            self._size = found.shape
            self._interpreter = self._open()
            self.outputs = self._ports(self._interpreter.get_output_details())
        self._form, self._given = found, given
        self._gives: Gives = "values"
        self._average_steps = 1
        shape = self.outputs[0].shape
        outputs, rest = divmod(int(np.prod(shape)), found.batch)
        if rest or (outputs != num_outputs and (outputs, num_outputs) != (_ONE, _PAIR)):
            raise ModelError(
                f"{self.path}: gives {_sides(bare(shape) or shape)} outputs, {num_outputs} labels are named; "
                "name the model's labels in the order of its outputs"
                f"{' (one output is two labels, the second with its probability)' if outputs == _ONE else ''}"
            )

    def fit_labels(self, given: tuple[int, ...], num_labels: int, examples: Float32, average_steps: int) -> None:
        """Find also what its outputs are, of what it gives for examples (n, *given).

        A model that is fed step by step is averaged over `average_steps` steps. Raises ModelError.
        """
        self.fit(given, num_labels)
        self._average_steps = average_steps
        raw = np.concatenate([self._clip_outputs(part) for part in self._batches(examples)])
        port = self.outputs[0]
        step = port.scale if np.issubdtype(port.dtype, np.integer) else 0.0
        self._gives = what_it_gives(raw, self._file.ending, step)

    @property
    def form(self) -> ModelForm:
        """How it is fed and read, once it was fitted."""
        return ModelForm(
            takes=self._form.shape,
            given=self._given,
            way=self._form.way,
            batch=self._form.batch,
            step_frames=self._form.step_frames,
            state=self.state,
            gives=self._gives,
            average_steps=self._average_steps,
        )

    # Runs

    def run(self, examples: Float32) -> Float32:
        """Return what it gives (n, outputs or labels) for examples (n, *given), each as if it were the first."""
        if not len(examples):
            return np.zeros((0, self._num_given), np.float32)
        return np.concatenate([self._answer(part) for part in self._batches(examples)])

    def restart(self) -> None:
        """Begin a new stream."""
        self._stream = self._open()
        self._waiting = None

    def hear(self, frames: Float32) -> Float32:
        """Take frames (k, …) that come next in the stream; return what it gives (steps, labels) for each step."""
        if self._stream is None:
            self.restart()
        self._waiting = frames if self._waiting is None else np.concatenate((self._waiting, frames))
        size = self._form.step_frames
        whole = len(self._waiting) - len(self._waiting) % size
        steps, self._waiting = self._waiting[:whole], self._waiting[whole:]
        if not whole:
            return np.zeros((0, self._num_given), np.float32)
        raw = self._steps(self._stream, steps.reshape(-1, size, *steps.shape[1:]))
        return as_probabilities(raw, self._gives)

    def time(self, warmup_runs: int, num_runs: int, report: Callable[[int, int], None]) -> Float64:
        """Return the milliseconds (num_runs,) that runs on random input take, of all inputs and outputs."""
        rng = np.random.default_rng(0)
        values = [_noise(rng, port) for port in self.inputs]

        def run() -> None:
            encoded = [port.encode(value) for port, value in zip(self.inputs, values, strict=True)]
            for port, given in zip(self.outputs, self._invoke(self._interpreter, encoded), strict=True):
                port.decode(given)

        return time_in_turns((run,), warmup_runs, num_runs, report)[:, 0]

    @property
    def _num_given(self) -> int:
        outputs = int(np.prod(self.outputs[0].shape)) // self._form.batch
        return _PAIR if self._gives.startswith("sigmoid") else outputs

    def _answer(self, examples: Float32) -> Float32:
        given = as_probabilities(self._clip_outputs(examples), self._gives)
        if self._form.way != "steps":
            return given
        if self._gives.startswith("sigmoid"):
            # A word is over before its clip is: it was heard where it was most probable.
            size = min(self._average_steps, len(given))
            averaged = np.lib.stride_tricks.sliding_window_view(given, size, axis=0).mean(axis=-1)
            return np.asarray(averaged[averaged[:, 1].argmax()][np.newaxis], np.float32)
        return given[-1:]

    def _batches(self, examples: Float32) -> Iterator[Float32]:
        size = self._form.batch
        return (examples[start : start + size] for start in range(0, len(examples), size))

    def _clip_outputs(self, examples: Float32) -> Float32:
        """Return the outputs for one batch of examples, or for each step of one example."""
        interpreter = self._forgetful()
        if self._form.way == "steps":
            size = self._form.step_frames
            frames = examples[0][: len(examples[0]) - len(examples[0]) % size]
            return self._steps(interpreter, frames.reshape(-1, size, *frames.shape[1:]))
        encoded = self._form.encode(self.inputs[0], examples)
        missing = self._form.batch - len(examples)
        if missing:
            encoded = np.concatenate([encoded, np.repeat(encoded[-1:], missing, axis=0)])
        given = self._invoke(interpreter, [encoded.reshape(self._form.shape)])[0]
        return self._decoded(given.reshape(self._form.batch, -1)[: len(examples)])

    def _steps(self, interpreter: Any, steps: Float32) -> Float32:
        port = self.inputs[0]
        encoded = port.encode(steps).reshape(len(steps), *port.shape)
        given = [self._invoke(interpreter, [one])[0].reshape(-1) for one in encoded]
        return self._decoded(np.stack(given))

    def _decoded(self, given: NDArray[Any]) -> Float32:
        decoded = self.outputs[0].decode(given)
        if not np.isfinite(decoded).all():
            raise ModelError(
                f"{self.path}: gives outputs that are not finite numbers; check the features it was trained "
                "with, or convert it again"
            )
        return decoded

    # LiteRT

    def _forgetful(self) -> Any:
        """Return an interpreter without a memory of earlier runs."""
        if self.state == "resources":
            # LiteRT 2.3 resets resource variables neither by reset_all_variables nor by allocating or resizing anew.
            self._interpreter = self._open()
        elif self.state == "variables":
            self._interpreter.reset_all_variables()
        return self._interpreter

    def _open(self) -> Any:
        try:
            interpreter = self._interpreter_class(model_content=self._file.content, num_threads=self._num_threads)
            if self._size is not None:
                interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], self._size)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.path}: LiteRT cannot run this file ({reason_of(error)}); convert the model again"
            ) from error
        return interpreter

    def _invoke(self, interpreter: Any, values: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        try:
            for port, value in zip(self.inputs, values, strict=True):
                interpreter.set_tensor(port.index, value)
            interpreter.invoke()
            given = [interpreter.get_tensor(port.index) for port in self.outputs]
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.path}: LiteRT gave up while running it ({reason_of(error)}); convert the model again"
            ) from error
        self._between()
        return given

    def _ports(self, details: list[dict[str, Any]]) -> tuple[Port, ...]:
        ports = tuple(map(port_of, details))
        strange = [port for port in ports if not _is_number(port.dtype)]
        if strange:
            raise ModelError(f"{self.path}: takes or gives text, not numbers; give a model of numbers")
        return ports

    def _misfit(self, given: tuple[int, ...]) -> ModelError:
        takes = self.inputs[0].shape
        also = ", one step of a model that remembers the ones before" if self.state != "none" else ""
        return ModelError(
            f"{self.path}: takes an input of shape {_sides(takes)}{also}, the features give {_sides((1, *given))}; "
            "use the feature settings and clip duration that the model was trained with"
        )


def _noise(rng: np.random.Generator, port: Port) -> Float32:
    """Return random input for a port; whole numbers that may be places in a table are zero."""
    if port.dtype in (np.int8, np.uint8, np.int16) or np.issubdtype(port.dtype, np.floating):
        return rng.normal(size=port.shape).astype(np.float32)
    return np.zeros(port.shape, np.float32)


def _is_number(dtype: Any) -> bool:
    return bool(np.issubdtype(dtype, np.number) or np.issubdtype(dtype, np.bool_))


def _sides(sizes: tuple[int, ...]) -> str:
    return " × ".join(map(str, sizes))
