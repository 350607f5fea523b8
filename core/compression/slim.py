"""Take out of a `.tflite` flatbuffer what no runtime reads. At 1–20 kB that is most of the file.

Left in: everything that LiteRT and TFLite Micro use to run. Equal parts are stored once, as the format permits.
Signatures go too, so the full file is kept for whoever needs them.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.compression.graph import LAST_DEPRECATED_CODE
from core.compression.rewrite import rewrite


def slim(content: bytes) -> bytes:
    """Return a smaller file that computes the same numbers."""
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    rewrite(model)
    model.description = model.metadata = model.signatureDefs = model.metadataBuffer = None
    for code in model.operatorCodes:
        builtin = max(code.builtinCode, code.deprecatedBuiltinCode)
        if builtin <= LAST_DEPRECATED_CODE:
            code.deprecatedBuiltinCode, code.builtinCode = builtin, 0
    _share_buffers(model)
    for graph in model.subgraphs:
        graph.name = None
        for tensor in graph.tensors:
            _slim_tensor(tensor)
        for operator in graph.operators:
            _slim_operator(operator)
    builder = _SharingBuilder(len(content))
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _share_buffers(model: Any) -> None:
    """Keep one buffer for each distinct content; tensors without content share the empty one, which must be first."""
    kept: dict[bytes, int] = {b"": 0}
    buffers = [schema.BufferT()]
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            data = model.buffers[tensor.buffer].data
            content = b"" if data is None else np.asarray(data, np.uint8).tobytes()
            if content not in kept:
                kept[content] = len(buffers)
                buffers.append(model.buffers[tensor.buffer])
            tensor.buffer = kept[content]
    model.buffers = buffers


def _slim_tensor(tensor: Any) -> None:
    tensor.name = tensor.shapeSignature = None
    tensor.hasRank = False
    parameters = tensor.quantization
    if parameters is None:
        return
    if parameters.scale is None or len(parameters.scale) == 0:
        tensor.quantization = None
        return
    parameters.min = parameters.max = None


def _slim_operator(operator: Any) -> None:
    for name in ("mutatingVariableInputs", "intermediates", "customOptions"):
        value = getattr(operator, name)
        if value is not None and len(value) == 0:
            setattr(operator, name, None)


class _SharingBuilder(flatbuffers.Builder):  # type: ignore[misc]
    """A builder that writes equal vectors and tables once.

    Offsets inside a table are relative to where they stand, so two tables are compared by the absolute places that
    they point to.
    """

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.current_vtable: list[int] | None = None
        self._written: dict[tuple[object, ...], int] = {}
        self._targets: list[tuple[int, int]] = []
        self._vector: tuple[int, int] | None = None

    def PrependUOffsetTRelative(self, off: int) -> None:  # noqa: N802
        """Write an offset and remember where it leads."""
        super().PrependUOffsetTRelative(off)
        self._targets.append((self.Offset(), off))

    def StartObject(self, numfields: int) -> None:  # noqa: N802
        """Begin a table."""
        self._targets = []
        super().StartObject(numfields)

    def EndObject(self) -> int:  # noqa: N802
        """End a table; an equal one written before takes its place."""
        assert self.current_vtable is not None
        begin = self.objectEnd
        slots = tuple(slot and slot - begin for slot in self.current_vtable)
        key = ("table", slots, *self._content(begin))
        if key not in self._written:
            self._written[key] = super().EndObject()
            return self._written[key]
        self.nested, self.current_vtable = False, None
        self.head = len(self.Bytes) - begin
        return self._written[key]

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:  # noqa: N802, N803
        """Begin a vector."""
        self._targets = []
        self._vector = (self.Offset(), alignment)
        return int(super().StartVector(elemSize, numElems, alignment))

    def EndVector(self, numElems: int | None = None) -> int:  # noqa: N802, N803
        """End a vector; an equal one written before takes its place."""
        offset = int(super().EndVector(numElems))
        if self._vector is None:
            return offset
        (begin, alignment), self._vector = self._vector, None
        key = ("vector", alignment, *self._content(begin))
        if key not in self._written:
            self._written[key] = offset
        elif self._written[key] != offset:
            self.head = len(self.Bytes) - begin
        return self._written[key]

    def _content(self, begin: int) -> tuple[bytes, tuple[tuple[int, int], ...]]:
        """Return the bytes written since an offset, their relative offsets blanked, and where those lead."""
        written = bytearray(self.Bytes[self.head : len(self.Bytes) - begin])
        for place, _ in self._targets:
            at = self.Offset() - place
            written[at : at + 4] = bytes(4)
        return bytes(written), tuple((place - begin, target) for place, target in self._targets)
