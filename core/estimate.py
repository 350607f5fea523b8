"""What a trial will cost, from its spec alone and within milliseconds, before anything is trained.

Parameters and MACs are exact. Bytes are the stored numbers, which are exact too, plus the flatbuffer's tables, whose
sizes were fitted to 40 converted files; the archive is these times how well such numbers were seen to deflate.
"""

from dataclasses import dataclass

import numpy as np

from core.models import registry
from core.models.architecture import Architecture, Layer, Shape
from core.spec import TrialSpec
from core.tasks.registry import TASKS

# Dynamic-range quantization leaves smaller tensors as they are.
_LEAST_QUANTIZED = 1024
_SCALE_BYTES, _ZERO_POINT_BYTES, _BIAS_BYTES = 4, 8, 4

# Bytes of a flatbuffer without its numbers: of the file itself, a tensor, an operation, a quantization record.
_SLIM_TABLES = (380.0, 62.6, -24.6, 39.9)
_FULL_TABLES = (365.8, 145.8, 35.8, 29.7)

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
_DEFLATED_SLIM_TABLES, _DEFLATED_FULL_TABLES = 0.44, 0.38
_ARCHIVE_BYTES = 124


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
    """One weighted operation of the file: `prunable` tells whether pruning reaches its weights."""

    weights: int
    channels: int
    has_bias: bool
    prunable: bool


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
        weights = layer.params - layer.bias * layer.shape[-1]
        return _Stored(weights, layer.shape[-1], layer.bias or index in normalized, layer.op != "depthwise")

    weighted = ("conv", "depthwise", "dense")
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
        plain += size
        zipped += size * float(np.interp(sparsity if one.prunable else 0, _SPARSITIES, _DEFLATED[as_stored]))
    numbers, zeros = _side_bytes(spec, stored)
    tables = _table_bytes(spec, net, stored)
    plain += numbers + zeros + tables
    deflated_tables = _DEFLATED_SLIM_TABLES if slim else _DEFLATED_FULL_TABLES
    zipped += _DEFLATED_NUMBERS * numbers + _DEFLATED_ZEROS * zeros + deflated_tables * tables + _ARCHIVE_BYTES
    return plain, zipped


def _kind(spec: TrialSpec) -> str:
    scheme = spec.quantization.scheme
    if scheme == "int8":
        return spec.quantization.granularity
    return "per_channel" if scheme == "dynamic_range" else scheme


def _weight_bytes(scheme: str, one: _Stored) -> int:
    if scheme == "int8" or (scheme == "dynamic_range" and one.weights >= _LEAST_QUANTIZED):
        return one.weights
    return one.weights * (2 if scheme == "float16" else 4)


def _side_bytes(spec: TrialSpec, stored: list[_Stored]) -> tuple[int, int]:
    """Return the bytes of biases and scales, and those of zero points and biases that are all zero."""
    scheme, slim = spec.quantization.scheme, spec.conversion.slim
    unbiased = {one.channels for one in stored if not one.has_bias}
    bias_bytes = 2 if scheme == "float16" else _BIAS_BYTES
    numbers = bias_bytes * sum(one.channels for one in stored if one.has_bias)
    zeros = bias_bytes * sum(unbiased)
    quantized = [one.channels for one in stored if scheme == "int8" or _is_quantized(scheme, one)]
    if scheme == "dynamic_range" or (scheme == "int8" and spec.quantization.granularity == "per_channel"):
        # Biases have scales of their own; the slim file stores equal zero points once.
        repeated = 2 if scheme == "int8" else 1
        numbers += repeated * _SCALE_BYTES * sum(quantized)
        zeros += _ZERO_POINT_BYTES * (sum(set(quantized)) if slim else repeated * sum(quantized))
    return numbers, zeros


def _is_quantized(scheme: str, one: _Stored) -> bool:
    return scheme == "dynamic_range" and one.weights >= _LEAST_QUANTIZED


def _table_bytes(spec: TrialSpec, net: Architecture, stored: list[_Stored]) -> float:
    scheme = spec.quantization.scheme
    adds = sum(layer.op == "add" for layer in net.layers)
    constants = sum(1 + one.has_bias for one in stored) + len({one.channels for one in stored if not one.has_bias})
    # Input, axes and output of the pooling, and softmax besides what every operation gives.
    tensors = constants + len(stored) + adds + 4
    operations = len(stored) + adds + 2
    if scheme == "float16":
        tensors, operations = tensors + constants, operations + constants
    records = {"int8": tensors - 1, "dynamic_range": sum(_is_quantized(scheme, one) for one in stored)}.get(scheme, 0)
    sizes = _SLIM_TABLES if spec.conversion.slim else _FULL_TABLES
    return float(np.dot(sizes, (1, tensors, operations, records)))
