"""The graph of a `.tflite` file under change: tensors, constants and operations added, unused ones left out."""

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

LAST_DEPRECATED_CODE = 126
"""Older runtimes know only the first of two operator code fields, which goes up to 127."""
_TYPES = {np.dtype(np.float32): schema.TensorType.FLOAT32, np.dtype(np.int32): schema.TensorType.INT32}


class Graph:
    """The main graph of a model; `model` is the whole in the object form of the schema."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.graph = model.subgraphs[0]

    @classmethod
    def read(cls, content: bytes) -> "Graph":
        """Read a file's content."""
        return cls(schema.ModelT.InitFromPackedBuf(content, 0))

    def write(self) -> bytes:
        """Return the file's content."""
        builder = flatbuffers.Builder(1 << 12)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def add_tensor(
        self, name: str, shape: Sequence[int], buffer: int = 0, kind: int = schema.TensorType.FLOAT32
    ) -> int:
        """Add a tensor and return its index."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type, tensor.buffer = name.encode(), list(shape), kind, buffer
        tensor.hasRank = False
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def add_constant(self, name: str, values: NDArray[Any]) -> int:
        """Add a tensor that holds float32 or int32 values and return its index."""
        self.model.buffers.append(_buffer(values))
        return self.add_tensor(name, values.shape, len(self.model.buffers) - 1, _TYPES[values.dtype])

    def operator(self, code: int, inputs: Sequence[int], output: int, options: tuple[int, Any] | None = None) -> Any:
        """Return a new operation that is in no graph yet; `options` are their type and themselves."""
        made = schema.OperatorT()
        made.opcodeIndex = self._index_of(code)
        made.inputs, made.outputs = list(inputs), [output]
        if options is not None:
            made.builtinOptionsType, made.builtinOptions = options
        return made

    def code_of(self, operator: Any) -> int:
        """Return what an operation does, as a BuiltinOperator."""
        code = self.model.operatorCodes[operator.opcodeIndex]
        return int(max(code.builtinCode, code.deprecatedBuiltinCode))

    def values(self, tensor: Any) -> NDArray[np.uint8]:
        """Return the bytes that a tensor holds; none for one that is computed."""
        data = self.model.buffers[tensor.buffer].data
        return np.zeros(0, np.uint8) if data is None else np.asarray(data, np.uint8)

    def fill(self, tensor: Any, values: NDArray[Any]) -> None:
        """Make a tensor hold float32 or int32 values."""
        self.model.buffers.append(_buffer(values))
        tensor.buffer, tensor.type = len(self.model.buffers) - 1, _TYPES[values.dtype]

    def drop_unused(self) -> None:
        """Leave out tensors and operator codes that nothing refers to any more."""
        graph = self.graph
        holders = [(operator, name) for operator in graph.operators for name in ("inputs", "outputs", "intermediates")]
        holders += [(graph, "inputs"), (graph, "outputs")]
        lists = [(holder, name, getattr(holder, name)) for holder, name in holders if getattr(holder, name) is not None]
        used = sorted({int(index) for _, _, indices in lists for index in indices if index >= 0})
        place = {old: new for new, old in enumerate(used)}
        for holder, name, indices in lists:
            # A place left empty, such as that of a bias, is −1.
            setattr(holder, name, [place.get(int(index), -1) for index in indices])
        graph.tensors = [graph.tensors[index] for index in used]
        codes = sorted({operator.opcodeIndex for operator in graph.operators})
        for operator in graph.operators:
            operator.opcodeIndex = codes.index(operator.opcodeIndex)
        self.model.operatorCodes = [self.model.operatorCodes[index] for index in codes]

    def _index_of(self, code: int) -> int:
        for index, known in enumerate(self.model.operatorCodes):
            if max(known.builtinCode, known.deprecatedBuiltinCode) == code:
                return index
        added = schema.OperatorCodeT()
        added.builtinCode, added.deprecatedBuiltinCode, added.version = code, min(code, LAST_DEPRECATED_CODE + 1), 1
        self.model.operatorCodes.append(added)
        return len(self.model.operatorCodes) - 1


def _buffer(values: NDArray[Any]) -> Any:
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
    return buffer
