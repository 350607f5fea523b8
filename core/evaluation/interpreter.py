"""Open a `.tflite` file of any origin and run it on float32 numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from core.errors import ModelError

Float32 = NDArray[np.float32]
_IDENTIFIER = b"TFL3"
_LEAST_BYTES = 16


@dataclass(frozen=True)
class Port:
    """An input or output of a model: its shape with batch, and how its numbers stand for real ones."""

    index: int
    shape: tuple[int, ...]
    dtype: Any
    scale: float
    zero_point: int

    def encode(self, values: Float32) -> NDArray[Any]:
        """Turn real numbers into the port's own, rounding and clipping where it is quantized."""
        if not np.issubdtype(self.dtype, np.integer):
            return np.asarray(values, self.dtype)
        limits = np.iinfo(self.dtype)
        return np.asarray(np.clip(np.round(values / self.scale) + self.zero_point, limits.min, limits.max), self.dtype)

    def decode(self, values: NDArray[Any]) -> Float32:
        """Turn the port's numbers into real ones."""
        if not np.issubdtype(self.dtype, np.integer):
            return values.astype(np.float32)
        return ((values.astype(np.float32) - self.zero_point) * self.scale).astype(np.float32)


class LoadedModel:
    """A `.tflite` file ready to run.

    Raises ModelError when the file is missing, cut short, no `.tflite` file, or uses operations this LiteRT lacks.
    """

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        self.path = path
        content = read_model(path)
        try:
            self.interpreter = Interpreter(model_content=content, num_threads=num_threads)
            self.interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise ModelError(f"{path}: LiteRT cannot run this file ({reason}); convert the model again") from error
        self.input = _port(path, "input", self.interpreter.get_input_details())
        self.output = _port(path, "output", self.interpreter.get_output_details())

    def run(self, inputs: Float32) -> Float32:
        """Return the outputs for inputs of shape (n, *input_shape), float32 of shape (n, outputs).

        One clip at a time, as on the device: with more at once some kernels round differently.
        """
        encoded = self.input.encode(inputs)
        outputs = [self._run_one(one) for one in encoded]
        return self.output.decode(np.stack(outputs)).reshape(len(inputs), -1)

    def _run_one(self, one: NDArray[Any]) -> NDArray[Any]:
        self.interpreter.set_tensor(self.input.index, one[np.newaxis])
        self.interpreter.invoke()
        output: NDArray[Any] = self.interpreter.get_tensor(self.output.index)
        return output


def read_model(path: Path) -> bytes:
    """Return the content of a `.tflite` file, every offset in it followed once.

    LiteRT reads an unverified file by the offsets it finds, and a wrong one would end the process.
    Raises ModelError.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if len(content) < _LEAST_BYTES or content[4:8] != _IDENTIFIER:
        raise ModelError(
            f"{path}: not a .tflite file (it must begin with {_IDENTIFIER.decode()} at byte 4); "
            "give the file that the converter wrote"
        )
    try:
        schema.ModelT.InitFromPackedBuf(content, 0)
    except Exception as error:
        raise ModelError(f"{path}: the file is damaged or cut short; copy or convert it again") from error
    return content


def _port(path: Path, side: str, details: list[dict[str, Any]]) -> Port:
    if len(details) != 1:
        raise ModelError(f"{path}: must have one {side}, has {len(details)}; give a model of one input and one output")
    detail = details[0]
    scale, zero_point = detail["quantization"]
    shape = tuple(int(size) for size in detail["shape"])
    return Port(detail["index"], shape, detail["dtype"], scale or 1.0, zero_point)
