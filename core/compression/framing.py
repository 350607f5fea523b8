"""The frame of a forecast within the `.tflite` file: measured values in, forecasts in the same units out.

What stays in floats takes the frame into its first and last weights, which costs nothing. Around a quantized network
it stands as operations in float32, so that no scale of 256 steps rounds away what changes within minutes.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tf_keras as keras
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray

from core.compression.graph import Graph
from core.datasets.frame import Frame

Float32 = NDArray[np.float32]
_Operator, _Options = schema.BuiltinOperator, schema.BuiltinOptions


_HALF_BITS = 11
# Half precision counts down to 6e-8 and up to 65,504; weights of trained networks lie between 0.01 and 10 or so.
_HALF_SCALES = (1e-3, 1e3)
# So many deviations from zero half precision still tells a hundredth of a deviation.
_HIGHEST_HALF_LEVEL = 16.0


@dataclass(frozen=True)
class Surround:
    """The operations around a network; None, or False, stands for what there is none of, or is in the weights."""

    input_shape: tuple[int, int]
    output_shape: tuple[int, int]
    places: tuple[int, ...]
    """Of the targets among the inputs."""
    input_mean: Float32 | None
    input_scale: Float32 | None
    output_scale: Float32 | None
    output_mean: Float32 | None
    subtracts_latest: bool
    adds_latest: bool


def surround_of(frame: Frame) -> Surround:
    """Return all operations of a frame."""
    is_change = frame.predict == "change"
    return Surround(
        input_shape=(frame.input_steps, len(frame.inputs)),
        output_shape=(frame.output_steps, len(frame.targets)),
        places=frame.places if is_change else (),
        input_mean=None if is_change else np.array(frame.input_mean, np.float32),
        input_scale=np.array([1 / deviation for deviation in frame.input_deviation], np.float32),
        output_scale=np.array(frame.target_deviation, np.float32),
        output_mean=None if is_change else np.array(frame.target_mean, np.float32),
        subtracts_latest=is_change,
        adds_latest=is_change,
    )


def fold(model: keras.Model, surround: Surround, significant_bits: int) -> tuple[keras.Model, Surround]:
    """Return a copy of a model with as much around it in its first and last layer as these can hold, and the rest.

    `significant_bits` are those of the numbers that weights will be stored as.
    """
    folded = keras.models.clone_model(model)
    folded.set_weights(model.get_weights())
    weighted = [layer for layer in folded.layers if layer.weights]
    taken, given = surround.input_scale, surround.output_scale
    assert taken is not None and given is not None
    if _can_hold(taken, surround.input_mean, significant_bits):
        surround = _fold_input(weighted[0], surround, significant_bits)
    if _can_hold(np.reciprocal(given), surround.output_mean, significant_bits):
        surround = _fold_output(weighted[-1], surround)
    return folded, surround


def _can_hold(scale: Float32, mean: Float32 | None, significant_bits: int) -> bool:
    """Tell whether weights of so many bits can hold scales and means that are to be told apart in deviations."""
    if significant_bits > _HALF_BITS:
        return True
    is_within = bool((scale >= _HALF_SCALES[0]).all() and (scale <= _HALF_SCALES[1]).all())
    return is_within and (mean is None or bool((np.abs(mean * scale) <= _HIGHEST_HALF_LEVEL).all()))


def _fold_input(layer: keras.layers.Layer, surround: Surround, significant_bits: int) -> Surround:
    assert surround.input_scale is not None
    kernel, *others = layer.get_weights()
    # Steps × columns × outputs, whether the layer is dense, a convolution over time or recurrent.
    taps = kernel.reshape(-1, surround.input_shape[1], kernel.shape[-1]) * surround.input_scale[:, np.newaxis]
    subtracts_latest = surround.subtracts_latest
    if subtracts_latest and isinstance(layer, keras.layers.Dense):
        # Σ w·(x − latest): what is taken away from all the others is the latest value's own weight.
        taps[-1] = -taps[:-1].sum(axis=0)
        taps = _round(taps, significant_bits)
        taps[-1] = -taps[:-1].sum(axis=0)
        subtracts_latest = False
    if surround.input_mean is not None:
        taps = _round(taps, significant_bits)
        others[-1] = others[-1] - np.einsum("tco,c->o", taps, surround.input_mean)
    layer.set_weights([taps.reshape(kernel.shape), *others])
    return replace(surround, input_scale=None, input_mean=None, subtracts_latest=subtracts_latest)


def _round(taps: Float32, significant_bits: int) -> Float32:
    """Round the weights of each input and output (steps, columns, outputs) to one grid, so that their sum is on it too.

    A level of 990 mbar then still cancels out in weights that are stored in half precision.
    """
    largest = np.maximum(np.abs(taps).max(axis=0), np.finfo(np.float32).tiny)
    # One bit is left for a sum that rounding makes larger than the largest of its parts.
    quantum = np.exp2(np.ceil(np.log2(largest)) - (significant_bits - 1))
    rounded: Float32 = (np.round(taps / quantum) * quantum).astype(np.float32)
    return rounded


def _fold_output(layer: keras.layers.Dense, surround: Surround) -> Surround:
    assert surround.output_scale is not None
    horizons = surround.output_shape[0]
    weights = [weight * np.tile(surround.output_scale, horizons) for weight in layer.get_weights()]
    if surround.output_mean is not None:
        weights[-1] = weights[-1] + np.tile(surround.output_mean, horizons)
    layer.set_weights(weights)
    return replace(surround, output_scale=None, output_mean=None)


def attach(content: bytes, surround: Surround) -> bytes:
    """Return a file's content with the operations before and after its network; its signature names the new ends."""
    framed = _Framed(content, surround)
    framed.lead_in()
    framed.lead_out()
    return framed.write()


class _Framed(Graph):
    """A graph that grows at both ends."""

    def __init__(self, content: bytes, surround: Surround) -> None:
        super().__init__(schema.ModelT.InitFromPackedBuf(content, 0))
        self._surround = surround
        self._before: list[Any] = []
        self._after: list[Any] = []
        self._taken, self._given = int(self.graph.inputs[0]), int(self.graph.outputs[0])
        self._input = self.add_tensor("measured", (1, *surround.input_shape))
        self._latest = -1

    def lead_in(self) -> None:
        """Lead the measured values to the network."""
        around = self._surround
        shape = (1, *around.input_shape)
        steps: list[tuple[int, int]] = []
        if around.subtracts_latest or around.adds_latest:
            self._latest = self._take_latest()
        if around.subtracts_latest:
            steps.append((_Operator.SUB, self._latest))
        if around.input_mean is not None:
            steps.append((_Operator.SUB, self.add_constant("input_mean", around.input_mean)))
        if around.input_scale is not None:
            steps.append((_Operator.MUL, self.add_constant("input_scale", around.input_scale)))
        source = self._input
        for place, (code, other) in enumerate(steps):
            is_last = place == len(steps) - 1
            result = self._taken if is_last else self.add_tensor(f"led_in_{place}", shape)
            self._before.append(self._compute(code, source, other, result))
            source = result
        self.graph.tensors[self._taken].shape = list(shape)
        if not steps:
            self._rename(self._taken, self._input)

    def lead_out(self) -> None:
        """Lead what the network gives to forecasts."""
        around = self._surround
        shape = (1, *around.output_shape)
        result = self.add_tensor("forecast", shape)
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        self._after.append(self.operator(_Operator.RESHAPE, [self._given], result, (_Options.ReshapeOptions, options)))
        steps: list[tuple[int, int]] = []
        if around.output_scale is not None:
            steps.append((_Operator.MUL, self.add_constant("output_scale", around.output_scale)))
        if around.output_mean is not None:
            steps.append((_Operator.ADD, self.add_constant("output_mean", around.output_mean)))
        if around.adds_latest:
            steps.append((_Operator.ADD, self._latest_targets()))
        for place, (code, other) in enumerate(steps):
            source, result = result, self.add_tensor(f"led_out_{place}", shape)
            self._after.append(self._compute(code, source, other, result))
        self._end(result)

    def _take_latest(self) -> int:
        steps, columns = self._surround.input_shape
        result = self.add_tensor("latest", (1, 1, columns))
        self._before.append(self._gather(self._input, (steps - 1,), 1, result))
        return result

    def _latest_targets(self) -> int:
        """Return the latest values in the order of the targets."""
        places = self._surround.places
        if places == tuple(range(self._surround.input_shape[1])):
            return self._latest
        result = self.add_tensor("latest_targets", (1, 1, len(places)))
        self._before.append(self._gather(self._latest, places, 2, result))
        return result

    def _gather(self, source: int, places: tuple[int, ...], axis: int, result: int) -> Any:
        options = schema.GatherOptionsT()
        options.axis = axis
        chosen = self.add_constant(f"places_{axis}", np.array(places, np.int32))
        return self.operator(_Operator.GATHER, [source, chosen], result, (_Options.GatherOptions, options))

    def _compute(self, code: int, one: int, other: int, result: int) -> Any:
        kinds = {
            _Operator.SUB: (_Options.SubOptions, schema.SubOptionsT),
            _Operator.MUL: (_Options.MulOptions, schema.MulOptionsT),
            _Operator.ADD: (_Options.AddOptions, schema.AddOptionsT),
        }
        kind, options = kinds[code]
        return self.operator(code, [one, other], result, (kind, options()))

    def _rename(self, old: int, new: int) -> None:
        """Let all that read one tensor read another."""
        for operator in self.graph.operators:
            operator.inputs = [new if int(index) == old else int(index) for index in operator.inputs]

    def _end(self, result: int) -> None:
        self.graph.operators = [*self._before, *self.graph.operators, *self._after]
        self.graph.inputs, self.graph.outputs = [self._input], [result]
        for signature in self.model.signatureDefs or ():
            signature.inputs[0].tensorIndex, signature.outputs[0].tensorIndex = self._input, result
        self.drop_unused()
