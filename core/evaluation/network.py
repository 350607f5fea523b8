"""Feed a network that an interpreter holds, and read it. A device runs this same file, so both round alike."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import ModelError

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Port:
    """An input or output of a model: its shape with batch, and how its numbers stand for real ones."""

    index: int
    shape: tuple[int, ...]
    dtype: Any
    scale: float
    zero_point: int

    def encode(self, values: Float32) -> NDArray[Any]:
        """Turn real numbers of any shape into the port's own, rounding and clipping where it is quantized."""
        if not np.issubdtype(self.dtype, np.integer):
            return np.asarray(values, self.dtype)
        limits = np.iinfo(self.dtype)
        return np.asarray(np.clip(np.round(values / self.scale) + self.zero_point, limits.min, limits.max), self.dtype)

    def decode(self, values: NDArray[Any]) -> Float32:
        """Turn the port's numbers, of any shape, into real ones."""
        if not np.issubdtype(self.dtype, np.integer):
            return values.astype(np.float32)
        return ((values.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)


class Network:
    """A model with one input and one output, loaded by a LiteRT interpreter of one package or another.

    Raises ModelError naming the file when LiteRT cannot run it, or it has more inputs or outputs.
    """

    def __init__(self, path: Path, content: bytes, interpreter_class: Callable[..., Any], num_threads: int) -> None:
        self.path = path
        try:
            self.interpreter = interpreter_class(model_content=content, num_threads=num_threads)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{path}: LiteRT cannot run this file ({reason_of(error)}); convert the model again"
            ) from error
        self.input = _port(path, "input", self.interpreter.get_input_details())
        self.output = _port(path, "output", self.interpreter.get_output_details())

    @property
    def step_frames(self) -> int:
        """Frames that it takes at a time in a stream; 0, for it takes whole examples."""
        return 0

    def restart(self) -> None:
        """Begin a new stream, of which it remembers nothing."""

    def run(self, inputs: Float32) -> Float32:
        """Return the outputs for inputs of shape (n, *input_shape), float32 of shape (n, outputs).

        One clip at a time, as on the device: with more at once some kernels round differently. Raises ModelError when
        LiteRT gives up.
        """
        return self.run_timed(inputs)[0]

    def run_timed(self, inputs: Float32) -> tuple[Float32, float]:
        """Return what `run` does, and the milliseconds that it took."""
        started_ns = time.perf_counter_ns()
        encoded = self.input.encode(inputs)
        outputs = [self._run_one(one) for one in encoded]
        given = self.output.decode(np.stack(outputs)).reshape(len(inputs), -1)
        return given, (time.perf_counter_ns() - started_ns) / 1e6

    def _run_one(self, one: NDArray[Any]) -> NDArray[Any]:
        try:
            # LSTM cells keep their state from one window to the next.
            self.interpreter.reset_all_variables()
            self.interpreter.set_tensor(self.input.index, one[np.newaxis])
            self.interpreter.invoke()
            output: NDArray[Any] = self.interpreter.get_tensor(self.output.index)
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f"{self.path}: LiteRT gave up while running it ({reason_of(error)}); convert the model again"
            ) from error
        return output


def check_fit(network: Network, input_shape: tuple[int, ...], num_labels: int) -> None:
    """Make sure that a network takes one input of a shape and gives so many outputs. Raises ModelError."""
    batch, *expected = network.input.shape
    if batch != 1 or tuple(expected) != tuple(input_shape):
        raise ModelError(
            f"{network.path}: takes an input of shape {_shape(network.input.shape)}, the features give "
            f"{_shape((1, *input_shape))}; use the feature settings and clip duration that the model was trained with"
        )
    outputs = int(np.prod(network.output.shape))
    if outputs != num_labels:
        raise ModelError(
            f"{network.path}: gives {outputs} outputs, {num_labels} labels are named; "
            "name the model's labels in the order of its outputs"
        )


def _port(path: Path, side: str, details: list[dict[str, Any]]) -> Port:
    if len(details) != 1:
        raise ModelError(f"{path}: must have one {side}, has {len(details)}; give a model of one input and one output")
    return port_of(details[0])


def port_of(detail: dict[str, Any]) -> Port:
    """Return the port that an interpreter describes."""
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    return Port(detail["index"], shape, detail["dtype"], scale or 1.0, zero_point)


def reason_of(error: Exception) -> str:
    """Return the first line of what LiteRT says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _shape(sizes: tuple[int, ...]) -> str:
    return " × ".join(str(size) for size in sizes)
