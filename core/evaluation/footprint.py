"""What a deployed file costs in bytes and operations."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.evaluation.model_file import read_model
from core.results import Footprint

_BYTES = {
    schema.TensorType.FLOAT32: 4,
    schema.TensorType.FLOAT16: 2,
    schema.TensorType.INT32: 4,
    schema.TensorType.INT64: 8,
    schema.TensorType.INT16: 2,
    schema.TensorType.UINT8: 1,
    schema.TensorType.INT8: 1,
    schema.TensorType.BOOL: 1,
}


def measure(model: Path, full_bytes: int, weights: Iterable[np.ndarray], macs: int) -> Footprint:
    """Weigh a deployed file and its archive; `weights`, of any shapes, are those before folding and quantizing."""
    weights = list(weights)
    return Footprint(
        tflite_bytes=model.stat().st_size,
        zip_bytes=model.with_name(f"{model.name}.zip").stat().st_size,
        full_tflite_bytes=full_bytes,
        params=sum(array.size for array in weights),
        nonzero_params=sum(int(np.count_nonzero(array)) for array in weights),
        macs=macs,
        peak_ram_bytes=peak_ram_bytes(model),
    )


def peak_ram_bytes(model: Path) -> int:
    """Return the bytes of the tensors that are alive at once at the worst moment, weights aside.

    A tensor lives from the operation that makes it to the last one that reads it; every operation holds its inputs
    and outputs together. The state of LSTM cells lives all the while. This is what an interpreter's arena needs at
    least; scratch space of kernels is not in it. Raises ModelError.
    """
    graph = read_model(model).graph.subgraphs[0]
    born = {int(index): 0 for index in graph.inputs}
    dies = {int(index): len(graph.operators) for index in graph.outputs}
    for moment, operator in enumerate(graph.operators):
        for index in map(int, operator.outputs):
            born[index] = moment
        for index in map(int, operator.inputs):
            if index in born:
                dies[index] = max(moment, dies.get(index, 0))
    state_bytes = sum(_size(tensor) for tensor in graph.tensors if tensor.isVariable)
    alive = np.full(len(graph.operators) + 1, state_bytes, np.int64)
    for index, moment in born.items():
        alive[moment : dies.get(index, moment) + 1] += _size(graph.tensors[index])
    return int(alive.max())


def _size(tensor: Any) -> int:
    return int(np.prod(tensor.shape)) * _BYTES[tensor.type]
