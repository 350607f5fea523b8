"""What a trial will cost, from its spec alone and within milliseconds, before anything is trained.

Parameters and MACs are exact. Bytes are the stored numbers, which are exact too, plus the flatbuffer's tables, whose
sizes were fitted to 106 converted files; the archive is these times how well such numbers were seen to deflate.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.compression.thresholds import FEW_HALVES, LEAST_QUANTIZED
from core.models import registry
from core.models.architecture import Architecture, Layer, Shape
from core.spec import ForecastingSpec, Quantization, TrialSpec
from core.tasks.registry import TASKS

_SCALE_BYTES, _ZERO_POINT_BYTES, _BIAS_BYTES = 4, 8, 4

# Bytes of a flatbuffer without its numbers: of the file itself, a tensor, an operation, a quantization record.
_SLIM_TABLES = (155.6, 47.5, 37.3, 30.6)
_FULL_TABLES = (488.2, 98.9, 49.9, 36.4)

# Deflated ÷ stored, by the part of the weights that is zero: simulated with normally distributed weights, level 9.
# per_tensor is raised by 1 to 6 % by judgement, since layers differ in how well they fill their range.
_SPARSITIES = (0.0, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
_DEFLATED = {
    "float32": (0.926, 0.787, 0.705, 0.529, 0.438, 0.341, 0.240, 0.186, 0.129, 0.069, 0.030),
    "float16": (0.923, 0.814, 0.739, 0.573, 0.480, 0.379, 0.274, 0.217, 0.154, 0.084, 0.038),
    "per_channel": (0.934, 0.859, 0.807, 0.662, 0.567, 0.459, 0.334, 0.264, 0.191, 0.108, 0.051),
    "per_tensor": (0.860, 0.790, 0.745, 0.610, 0.525, 0.425, 0.310, 0.245, 0.176, 0.100, 0.048),
}
_DEFLATED_NUMBERS = 0.93
_DEFLATED_ZEROS = 0.05
# Numbers of half precision deflated, when they are stored widened.
_DEFLATED_WIDENED = 1.2
# Tables deflated, and bytes that an archive has besides.
_DEFLATED_SLIM_TABLES, _DEFLATED_FULL_TABLES = (0.398, 229), (0.315, 448)

# Tensors and operations that each operation gives a file, its weights aside.
_COMPUTED = {
    "input": (1, 0),
    "conv": (1, 1),
    "depthwise": (1, 1),
    "dense": (1, 1),
    "softmax": (1, 1),
    "add": (1, 1),
    "pool": (2, 1),
    "reshape": (1, 1),
    # Two states, all steps, the last of them and three places to cut it out.
    "lstm": (7, 2),
}


@dataclass(frozen=True)
class Estimate:
    """What the form shows above *Train*. `filters` are those of the convolutions after scaling, in order."""

    input_shape: Shape
    num_outputs: int
    filters: tuple[int, ...]
    params: int
    nonzero_params: int
    macs: int
    tflite_bytes: int
    zip_bytes: int


@dataclass(frozen=True)
class _Stored:
    """Numbers of the file that one operation reads: `prunable` tells whether pruning reaches the weights.

    An LSTM has four gates, each of which reads the input and the state.
    """

    weights: int
    channels: int
    bias: Literal["own", "zeros", "none"]
    prunable: bool
    parts: int = 1

    @property
    def num_scales(self) -> int:
        """Scales of the weights where each channel has its own; an LSTM has one a tensor."""
        return self.channels if self.parts == 1 else self.parts

    @property
    def num_constants(self) -> int:
        """Tensors that hold weights and biases; zeros are shared."""
        return self.parts + (4 if self.parts > 1 else self.bias == "own")


@dataclass(frozen=True)
class _Tables:
    """How many tables of each kind a file has: of tensors, operations and quantization."""

    tensors: int
    operations: int
    records: int = 0


def estimate(spec: TrialSpec) -> Estimate:
    """Foretell a trial's network and file.

    Raises SpecError when the network cannot be built.
    """
    task = TASKS[spec.task]
    net = registry.build(spec.model, task.input_shape(spec), task.num_outputs(spec))
    sparsity = spec.pruning.final_sparsity if spec.pruning.schedule != "none" else 0.0
    stored = _stored(net)
    zeros = sum(round(sparsity * one.weights) for one in stored if one.prunable)
    tflite_bytes, zip_bytes = _weigh(spec, net, stored, sparsity)
    return Estimate(
        input_shape=net.input_shape,
        num_outputs=net.num_outputs,
        filters=tuple(net.filters),
        params=net.params,
        nonzero_params=net.params - zeros,
        macs=net.macs,
        tflite_bytes=round(tflite_bytes),
        zip_bytes=round(zip_bytes),
    )


def _stored(net: Architecture) -> list[_Stored]:
    normalized = {layer.inputs[0] for layer in net.layers if layer.op == "batchnorm"}

    def store(index: int, layer: Layer) -> _Stored:
        if layer.op == "lstm":
            return _Stored(layer.params - 4 * layer.shape[-1], 4 * layer.shape[-1], "own", prunable=True, parts=8)
        weights = layer.params - layer.bias * layer.shape[-1]
        bias: Literal["own", "zeros", "none"] = "none" if layer.op == "dense" else "zeros"
        if layer.bias or index in normalized:
            bias = "own"
        return _Stored(weights, layer.shape[-1], bias, layer.op != "depthwise")

    weighted = ("conv", "depthwise", "dense", "lstm")
    return [store(index, layer) for index, layer in enumerate(net.layers) if layer.op in weighted]


def _weigh(spec: TrialSpec, net: Architecture, stored: list[_Stored], sparsity: float) -> tuple[float, float]:
    """Return the bytes of the file and of its archive."""
    scheme, slim = spec.quantization.scheme, spec.conversion.slim
    kind = _kind(spec)
    plain = zipped = 0.0
    for one in stored:
        size = _weight_bytes(scheme, one)
        # What is left in float32 in a quantized file deflates as float32 does.
        as_stored = "float32" if size == 4 * one.weights else kind
        widened = _is_widened(spec, one.weights / one.parts)
        plain += size * (2 if widened else 1)
        zipped += (
            size
            * (_DEFLATED_WIDENED if widened else 1)
            * float(np.interp(sparsity if one.prunable else 0, _SPARSITIES, _DEFLATED[as_stored]))
        )
    numbers, zeros = _side_bytes(spec, stored)
    tables = _table_bytes(spec, net, stored)
    plain += numbers + zeros + tables
    deflated, archive_bytes = _DEFLATED_SLIM_TABLES if slim else _DEFLATED_FULL_TABLES
    zipped += _DEFLATED_NUMBERS * numbers + _DEFLATED_ZEROS * zeros + deflated * tables + archive_bytes
    return plain, zipped


def _kind(spec: TrialSpec) -> str:
    scheme = spec.quantization.scheme
    if scheme == "int8":
        return spec.quantization.granularity
    return "per_channel" if scheme in ("dynamic_range", "int16x8") else scheme


def _weight_bytes(scheme: str, one: _Stored) -> int:
    if _is_quantized(scheme, one):
        return one.weights
    return one.weights * (2 if scheme == "float16" else 4)


def _side_bytes(spec: TrialSpec, stored: list[_Stored]) -> tuple[int, int]:
    """Return the bytes of biases and scales, and those that are zero or say no more than a sign."""
    scheme, slim = spec.quantization.scheme, spec.conversion.slim
    numbers, zeros = _bias_bytes(spec, stored)
    quantized = [one.num_scales for one in stored if _is_quantized(scheme, one)]
    if _kind(spec) == "per_channel":
        # Biases have scales of their own; the slim file stores equal zero points once.
        repeated = 1 if scheme == "dynamic_range" else 2
        numbers += repeated * _SCALE_BYTES * sum(quantized)
        zeros += _ZERO_POINT_BYTES * (sum(set(quantized)) if slim else repeated * sum(quantized))
    if scheme == "int16x8" and not slim:
        # The range of each channel's weights stays beside its scale.
        numbers += 2 * _SCALE_BYTES * sum(quantized)
    return numbers, zeros


def _bias_bytes(spec: TrialSpec, stored: list[_Stored]) -> tuple[int, int]:
    scheme = spec.quantization.scheme
    unbiased = sum({one.channels for one in stored if one.bias == "zeros"})
    biased = [one for one in stored if one.bias == "own"]
    size = 2 if scheme == "float16" else _BIAS_BYTES
    numbers = sum((_BIAS_BYTES if _is_widened(spec, _bias_length(one)) else size) * one.channels for one in biased)
    # int16x8 has biases of 64 bits, of which the upper half says no more than the sign.
    signs = _BIAS_BYTES * (unbiased + sum(one.channels for one in biased)) if scheme == "int16x8" else 0
    return numbers, size * unbiased + signs


def _is_quantized(scheme: str, one: _Stored) -> bool:
    if scheme == "dynamic_range":
        return one.parts == 1 and one.weights >= LEAST_QUANTIZED
    return scheme in Quantization.INTEGERS["scheme"]


def _table_bytes(spec: TrialSpec, net: Architecture, stored: list[_Stored]) -> float:
    tables = _tables(spec, net, stored)
    sizes = _SLIM_TABLES if spec.conversion.slim else _FULL_TABLES
    return float(np.dot(sizes, (1, tables.tensors, tables.operations, tables.records)))


def _tables(spec: TrialSpec, net: Architecture, stored: list[_Stored]) -> _Tables:
    """Count the tables of a file: those of the network, of widening halves, of quantizing, and of its frame."""
    scheme = spec.quantization.scheme
    computed = [_COMPUTED.get(layer.op, (0, 0)) for layer in net.layers if not _is_dropped(spec, net, layer)]
    tensors, operations = (sum(counts) for counts in zip(*computed, strict=True))
    constants = sum(one.num_constants for one in stored) + len({one.channels for one in stored if one.bias == "zeros"})
    tensors += constants
    records = 0
    if scheme == "float16":
        widened = sum(_num_widened(spec, one) for one in stored)
        tensors, operations = tensors + widened, operations + widened
    elif scheme == "dynamic_range":
        records = sum(_is_quantized(scheme, one) for one in stored)
    elif scheme in Quantization.INTEGERS["scheme"]:
        records = tensors - 1
        if scheme == "int16x8" or spec.quantization.input_output == "float32":
            tensors, operations = tensors + 2, operations + 2
    around = _frame_tables(spec, stored)
    return _Tables(tensors + around.tensors, operations + around.operations, records)


def _is_dropped(spec: TrialSpec, net: Architecture, layer: Layer) -> bool:
    """Tell whether the slim file does without a layer: dense ones take their input in any shape."""
    if layer.op != "reshape" or not spec.conversion.slim:
        return False
    place = net.layers.index(layer)
    return all(reader.op == "dense" for reader in net.layers if place in reader.inputs)


def _num_widened(spec: TrialSpec, one: _Stored) -> int:
    """Return how many tensors of an operation are stored as float16 and widened by an operation of their own."""
    if not spec.conversion.slim:
        return one.num_constants
    weights = 0 if _is_widened(spec, one.weights / one.parts) else one.parts
    biases = 0 if _is_widened(spec, _bias_length(one)) else one.num_constants - one.parts
    return weights + biases


def _is_widened(spec: TrialSpec, length: float) -> bool:
    """Tell whether so few numbers are stored as float32 in a file of float16."""
    return spec.quantization.scheme == "float16" and spec.conversion.slim and length <= FEW_HALVES


def _bias_length(one: _Stored) -> float:
    return one.channels / max(1, one.num_constants - one.parts)


def _stays_in_floats(spec: TrialSpec, stored: list[_Stored]) -> bool:
    scheme = spec.quantization.scheme
    return not any(_is_quantized(scheme, one) for one in stored)


def _frame_tables(spec: TrialSpec, stored: list[_Stored]) -> _Tables:
    """Count what stands around a network for forecasts: see `compression.framing`."""
    if not isinstance(spec, ForecastingSpec):
        return _Tables(0, 0)
    in_floats = _stays_in_floats(spec, stored)
    # Reshaping the output; scales before and after; the latest value taken, subtracted and added, or the means.
    tensors, operations = (1, 1) if in_floats else (5, 3)
    if spec.model.predict == "change":
        subtracts = not (in_floats and spec.model.family == "mlp")
        return _Tables(tensors + 3 + subtracts, operations + 2 + subtracts)
    return _Tables(tensors, operations) if in_floats else _Tables(tensors + 4, operations + 2)
