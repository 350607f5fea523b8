"""Tiny `.tflite` files as others make them, built operation by operation: any ports, state, and kinds of outputs."""

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.core.fake_interpreters import LABELS, PICTURE

OPERATOR, OPTIONS, TYPE = schema.BuiltinOperator, schema.BuiltinOptions, schema.TensorType
ENDINGS = {"softmax": OPERATOR.SOFTMAX, "log_softmax": OPERATOR.LOG_SOFTMAX, "sigmoid": OPERATOR.LOGISTIC}
NUM_VALUES = PICTURE[0] * PICTURE[1]
WEIGHTS = np.random.default_rng(5).normal(0, 0.4, (len(LABELS), NUM_VALUES)).astype(np.float32)
STEP = (2, PICTURE[1])
"""Frames and coefficients of a step of a model with state."""


class Maker:
    """A model that grows by tensors and operations."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.operatorCodes, self.model.buffers = [], [schema.BufferT()]
        self.graphs = [_graph()]
        self.model.subgraphs = self.graphs

    def tensor(self, shape, value=None, kind=TYPE.FLOAT32, quantized=None, graph=0, is_variable=False) -> int:
        made = schema.TensorT()
        made.name = f"t{len(self.graphs[graph].tensors)}"
        made.shape, made.type, made.isVariable, made.hasRank = list(shape), kind, is_variable, True
        if value is not None:
            made.buffer = len(self.model.buffers)
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(value).tobytes(), np.uint8)
            self.model.buffers.append(buffer)
        if quantized:
            made.quantization = schema.QuantizationParametersT()
            made.quantization.scale, made.quantization.zeroPoint = [quantized[0]], [quantized[1]]
        self.graphs[graph].tensors.append(made)
        return len(self.graphs[graph].tensors) - 1

    def run(self, code, inputs, outputs, options=None, custom="", graph=0) -> None:
        """Add an operation; `options` are their kind and value."""
        operator_code = schema.OperatorCodeT()
        operator_code.builtinCode, operator_code.deprecatedBuiltinCode = code, min(code, 127)
        operator_code.version = 1
        operator_code.customCode = custom or None
        self.model.operatorCodes.append(operator_code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self.model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, outputs
        if options:
            operator.builtinOptionsType, operator.builtinOptions = options
        self.graphs[graph].operators.append(operator)

    def write(self, path: Path, inputs, outputs) -> Path:
        self.graphs[0].inputs, self.graphs[0].outputs = inputs, outputs
        builder = flatbuffers.Builder(1 << 12)
        builder.Finish(self.model.Pack(builder), file_identifier=b"TFL3")
        path.write_bytes(bytes(builder.Output()))
        return path


def _graph() -> Any:
    graph = schema.SubGraphT()
    graph.tensors, graph.operators, graph.inputs, graph.outputs = [], [], [], []
    return graph


def dense(
    path: Path, shape=(1, *PICTURE, 1), ending="softmax", batch=1, weights=WEIGHTS, gain=1.0, quantized=None
) -> Path:
    """Write one layer of `weights` (labels, values) under an input of any shape, ended by an operation or none.

    `quantized` is scale and zero point of an int8 output.
    """
    make = Maker()
    taken = make.tensor(shape)
    flat = make.tensor((batch, NUM_VALUES))
    sides = make.tensor((2,), np.array([batch, NUM_VALUES], np.int32), TYPE.INT32)
    make.run(OPERATOR.RESHAPE, [taken, sides], [flat], (OPTIONS.ReshapeOptions, schema.ReshapeOptionsT()))
    given = make.tensor((batch, len(weights)))
    layer = make.tensor(weights.shape, (gain * weights).astype(np.float32))
    none = make.tensor((len(weights),), np.zeros(len(weights), np.float32))
    fully = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
    make.run(OPERATOR.FULLY_CONNECTED, [flat, layer, none], [given], fully)
    if ending:
        source, given = given, make.tensor((batch, len(weights)))
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        make.run(ENDINGS[ending], [source], [given], (OPTIONS.SoftmaxOptions, options) if ending == "softmax" else None)
    if quantized:
        source, given = given, make.tensor((batch, len(weights)), kind=TYPE.INT8, quantized=quantized)
        make.run(OPERATOR.QUANTIZE, [source], [given], (OPTIONS.QuantizeOptions, schema.QuantizeOptionsT()))
    return make.write(path, [taken], [given])


def heads(path: Path, weights=WEIGHTS) -> Path:
    """Write a model of which each label has a layer and a sigmoid of its own, put beside each other."""
    make = Maker()
    taken = make.tensor((1, NUM_VALUES))
    found = []
    for row in weights:
        given, ended = make.tensor((1, 1)), make.tensor((1, 1))
        layer, none = make.tensor((1, NUM_VALUES), row), make.tensor((1,), np.zeros(1, np.float32))
        fully = (OPTIONS.FullyConnectedOptions, schema.FullyConnectedOptionsT())
        make.run(OPERATOR.FULLY_CONNECTED, [taken, layer, none], [given], fully)
        make.run(OPERATOR.LOGISTIC, [given], [ended])
        found.append(ended)
    joined = make.tensor((1, len(found)))
    joint = schema.ConcatenationOptionsT()
    joint.axis = 1
    make.run(OPERATOR.CONCATENATION, found, [joined], (OPTIONS.ConcatenationOptions, joint))
    return make.write(path, [taken], [joined])


def two_by_two(path: Path) -> Path:
    """Write a model of two inputs without a batch axis and two outputs, of the sum and the difference."""
    make = Maker()
    one, other = make.tensor((5,)), make.tensor((5,))
    total, difference = make.tensor((5,)), make.tensor((5,))
    make.run(OPERATOR.ADD, [one, other], [total], (OPTIONS.AddOptions, schema.AddOptionsT()))
    make.run(OPERATOR.SUB, [one, other], [difference], (OPTIONS.SubOptions, schema.SubOptionsT()))
    return make.write(path, [one, other], [total, difference])


def accumulating(path: Path) -> Path:
    """Write a model with a resource variable: sigmoid of the sum of all values of the steps so far."""
    make = Maker()
    taken = make.tensor((1, *STEP))
    axes = make.tensor((3,), np.array([0, 1, 2], np.int32), TYPE.INT32)
    added = make.tensor((1, 1, 1))
    handle, before, after = make.tensor((), kind=TYPE.RESOURCE), make.tensor((1, 1, 1)), make.tensor((1, 1, 1))
    given = make.tensor((1, 1, 1))
    once = schema.CallOnceOptionsT()
    once.initSubgraphIndex = 1
    make.run(OPERATOR.CALL_ONCE, [], [], (OPTIONS.CallOnceOptions, once))
    make.run(OPERATOR.VAR_HANDLE, [], [handle], (OPTIONS.VarHandleOptions, _named()))
    make.run(OPERATOR.READ_VARIABLE, [handle], [before], (OPTIONS.ReadVariableOptions, schema.ReadVariableOptionsT()))
    reducer = schema.ReducerOptionsT()
    reducer.keepDims = True
    make.run(OPERATOR.SUM, [taken, axes], [added], (OPTIONS.ReducerOptions, reducer))
    make.run(OPERATOR.ADD, [before, added], [after], (OPTIONS.AddOptions, schema.AddOptionsT()))
    assign = (OPTIONS.AssignVariableOptions, schema.AssignVariableOptionsT())
    make.run(OPERATOR.ASSIGN_VARIABLE, [handle, after], [], assign)
    make.run(OPERATOR.LOGISTIC, [after], [given])
    make.graphs.append(_graph())
    first = make.tensor((), kind=TYPE.RESOURCE, graph=1)
    zero = make.tensor((1, 1, 1), np.zeros((1, 1, 1), np.float32), graph=1)
    make.run(OPERATOR.VAR_HANDLE, [], [first], (OPTIONS.VarHandleOptions, _named()), graph=1)
    make.run(OPERATOR.ASSIGN_VARIABLE, [first, zero], [], assign, graph=1)
    return make.write(path, [taken], [given])


def _named() -> Any:
    options = schema.VarHandleOptionsT()
    options.container, options.sharedName = "", "heard"
    return options


def lacking(path: Path, operation: str) -> Path:
    """Write a model of one custom operation."""
    make = Maker()
    taken, given = make.tensor((1, 4)), make.tensor((1, 4))
    make.run(OPERATOR.CUSTOM, [taken], [given], custom=operation)
    return make.write(path, [taken], [given])
