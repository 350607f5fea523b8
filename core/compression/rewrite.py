"""Operations of a `.tflite` graph that cost bytes and compute nothing, taken out; the outputs stay equal to the bit."""

from collections import defaultdict
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from core.compression.graph import Graph
from core.compression.thresholds import FEW_HALVES


def rewrite(model: Any) -> None:
    """Change a model of the schema's object form in place. Models of several graphs stay as they are."""
    if len(model.subgraphs) != 1:
        return
    graph = Graph(model)
    _drop_reshapes_before_dense_layers(graph)
    _put_shapes_into_options(graph)
    _widen_few_halves(graph)
    graph.drop_unused()


def _drop_reshapes_before_dense_layers(graph: Graph) -> None:
    """A dense layer takes its input as one row, whatever its shape."""
    readers: dict[int, list[Any]] = defaultdict(list)
    for operator in graph.graph.operators:
        for index in operator.inputs:
            readers[int(index)].append(operator)
    outputs = set(map(int, graph.graph.outputs))
    kept = []
    for operator in graph.graph.operators:
        source, shaped = int(operator.inputs[0]), int(operator.outputs[0])
        is_reshape = graph.code_of(operator) == schema.BuiltinOperator.RESHAPE
        if is_reshape and shaped not in outputs and all(_flattens(graph, reader, shaped) for reader in readers[shaped]):
            for reader in readers[shaped]:
                reader.inputs = [source, *reader.inputs[1:]]
        else:
            kept.append(operator)
    graph.graph.operators = kept


def _flattens(graph: Graph, operator: Any, taken: int) -> bool:
    """Tell whether an operation is a dense layer that takes all of a tensor as one row."""
    if graph.code_of(operator) != schema.BuiltinOperator.FULLY_CONNECTED or int(operator.inputs[0]) != taken:
        return False
    options = operator.builtinOptions
    width = graph.graph.tensors[int(operator.inputs[1])].shape[-1]
    return not (options is not None and options.keepNumDims) and width == np.prod(graph.graph.tensors[taken].shape)


def _put_shapes_into_options(graph: Graph) -> None:
    """Spare the tensor that holds the shape of a reshape: its options can say it as well."""
    for operator in graph.graph.operators:
        if graph.code_of(operator) != schema.BuiltinOperator.RESHAPE or len(operator.inputs) < 2:
            continue
        shape = graph.values(graph.graph.tensors[int(operator.inputs[1])])
        if len(shape):
            options = schema.ReshapeOptionsT()
            options.newShape = shape.view(np.int32).tolist()
            operator.builtinOptionsType, operator.builtinOptions = schema.BuiltinOptions.ReshapeOptions, options
            operator.inputs = operator.inputs[:1]


def _widen_few_halves(graph: Graph) -> None:
    """Store few float16 numbers as the float32 numbers that they are turned into.

    The state of an LSTM begins at zero whether zeros are turned into it or not.
    """
    tensors = graph.graph.tensors
    kept = []
    for operator in graph.graph.operators:
        halves, widened = tensors[int(operator.inputs[0])], tensors[int(operator.outputs[0])]
        stored = graph.values(halves)
        is_widening = (
            graph.code_of(operator) == schema.BuiltinOperator.DEQUANTIZE and halves.type == schema.TensorType.FLOAT16
        )
        if is_widening and widened.isVariable and not stored.any():
            continue
        if is_widening and 0 < len(stored) <= 2 * FEW_HALVES:
            graph.fill(widened, stored.view(np.float16).astype(np.float32))
        else:
            kept.append(operator)
    graph.graph.operators = kept
