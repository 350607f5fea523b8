"""A network as data: layers with their shapes, parameters and MACs, before any framework is loaded.

A family's `build` returns one of these. `assembly.assemble` turns it into a Keras model; the estimate
reads parameters and MACs off it in microseconds, so both speak of the same network.
"""

import math
from dataclasses import dataclass, field
from typing import Literal

Op = Literal[
    "input", "conv", "depthwise", "batchnorm", "relu", "dropout", "add", "pool", "dense", "softmax", "reshape", "lstm"
]
Pair = tuple[int, int]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """One operation. `inputs` index into the architecture; `shape` is its output's, without batch."""

    op: Op
    inputs: tuple[int, ...]
    shape: Shape
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Literal["valid", "same"] = "same"
    rate: float = 0.0
    params: int = 0
    macs: int = 0
    bias: bool = False


@dataclass
class Architecture:
    """A network under construction and when done: every method adds a layer and returns its index."""

    input_shape: Shape
    layers: list[Layer] = field(default_factory=list)
    filters: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.layers.append(Layer("input", (), self.input_shape))

    @property
    def params(self) -> int:
        """All parameters, moving averages of batch normalization included, as Keras counts them."""
        return sum(layer.params for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one example."""
        return sum(layer.macs for layer in self.layers)

    @property
    def num_outputs(self) -> int:
        """Values the last layer gives."""
        return self.layers[-1].shape[-1]

    def shape(self, index: int) -> Shape:
        """Return the output shape of a layer."""
        return self.layers[index].shape

    def convolve(self, source: int, filters: int, kernel: Pair, stride: Pair, padding: Literal["valid", "same"]) -> int:
        """Add a convolution without bias; batch normalization follows it everywhere."""
        height, width, channels = self.shape(source)
        shape = (*_slide((height, width), kernel, stride, padding), filters)
        params = kernel[0] * kernel[1] * channels * filters
        self.filters.append(filters)
        return self._add(
            Layer("conv", (source,), shape, kernel, stride, padding, 0.0, params, params * shape[0] * shape[1])
        )

    def convolve_depthwise(self, source: int, kernel: Pair, stride: Pair) -> int:
        """Add one filter per channel, without bias."""
        height, width, channels = self.shape(source)
        shape = (*_slide((height, width), kernel, stride, "same"), channels)
        params = kernel[0] * kernel[1] * channels
        return self._add(
            Layer("depthwise", (source,), shape, kernel, stride, "same", 0.0, params, params * shape[0] * shape[1])
        )

    def convolve_over_time(self, source: int, filters: int, kernel: int) -> int:
        """Add a convolution with bias along the first side alone, without padding."""
        height, width, channels = self.shape(source)
        shape = (height - kernel + 1, width, filters)
        weights = kernel * channels * filters
        self.filters.append(filters)
        return self._add(
            Layer(
                "conv",
                (source,),
                shape,
                (kernel, 1),
                padding="valid",
                params=weights + filters,
                macs=weights * shape[0] * width,
                bias=True,
            )
        )

    def run_lstm(self, source: int, cells: int) -> int:
        """Add a layer of LSTM cells that runs over the steps and gives its last state."""
        steps, features = self.shape(source)
        weights = 4 * (features + cells) * cells
        self.filters.append(cells)
        return self._add(
            Layer("lstm", (source,), (cells,), params=weights + 4 * cells, macs=weights * steps, bias=True)
        )

    def reshape(self, source: int, shape: Shape) -> int:
        """Add another shape for the same numbers."""
        return self._add(Layer("reshape", (source,), shape))

    def flatten(self, source: int) -> int:
        """Add one row of all numbers; what is one already stays as it is."""
        shape = self.shape(source)
        return source if len(shape) == 1 else self.reshape(source, (math.prod(shape),))

    def normalize(self, source: int) -> int:
        """Add batch normalization; it folds into the convolution before it on conversion."""
        shape = self.shape(source)
        return self._add(Layer("batchnorm", (source,), shape, params=4 * shape[-1]))

    def rectify(self, source: int) -> int:
        """Add a ReLU."""
        return self._add(Layer("relu", (source,), self.shape(source)))

    def drop(self, source: int, rate: float) -> int:
        """Add dropout, which exists only in training; a rate of zero adds nothing."""
        if rate == 0:
            return source
        return self._add(Layer("dropout", (source,), self.shape(source), rate=rate))

    def add(self, one: int, other: int) -> int:
        """Add the sum of two layers of the same shape."""
        return self._add(Layer("add", (one, other), self.shape(one)))

    def pool(self, source: int) -> int:
        """Add global average pooling."""
        return self._add(Layer("pool", (source,), self.shape(source)[-1:]))

    def connect(self, source: int, num_outputs: int) -> int:
        """Add a dense layer with bias."""
        inputs = self.shape(source)[-1]
        macs = inputs * num_outputs
        return self._add(Layer("dense", (source,), (num_outputs,), params=macs + num_outputs, macs=macs, bias=True))

    def project(self, source: int, num_outputs: int) -> int:
        """Add a dense layer without bias."""
        macs = self.shape(source)[-1] * num_outputs
        return self._add(Layer("dense", (source,), (num_outputs,), params=macs, macs=macs))

    def classify(self, source: int, num_outputs: int) -> int:
        """Add a dense layer with bias and softmax."""
        dense = self.connect(source, num_outputs)
        return self._add(Layer("softmax", (dense,), (num_outputs,)))

    def _add(self, layer: Layer) -> int:
        self.layers.append(layer)
        return len(self.layers) - 1


def _slide(size: Pair, kernel: Pair, stride: Pair, padding: str) -> Pair:
    if padding == "same":
        return math.ceil(size[0] / stride[0]), math.ceil(size[1] / stride[1])
    return (size[0] - kernel[0]) // stride[0] + 1, (size[1] - kernel[1]) // stride[1] + 1


def scale_filters(filters: int, width_multiplier: float, divisor: int) -> int:
    """Scale a filter count as MobileNet does (Howard et al. 2017, https://arxiv.org/abs/1704.04861).

    The count becomes a multiple of `divisor` and never falls more than 10 % below the exact product.
    A multiplier of 1 leaves the count as given.
    """
    if width_multiplier == 1:
        return filters
    exact = filters * width_multiplier
    rounded = max(divisor, int(exact + divisor / 2) // divisor * divisor)
    return rounded if rounded >= 0.9 * exact else rounded + divisor


def spread(pairs: tuple[Pair, ...], count: int) -> tuple[Pair, ...]:
    """Give every layer its pair; one pair given serves all."""
    return pairs * count if len(pairs) == 1 else pairs
