"""The networks: a family, its layers, and one factor that scales them all."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from core.errors import Problem
from core.section import Section, setting


class Model(Section):
    """The network: a family, its layers, and one factor that scales them all."""

    title: ClassVar[str] = "Model"

    family: Literal["cnn", "ds_cnn"] = setting(
        "cnn", "cnn: plain convolutions; ds_cnn: a plain first layer, then depthwise-separable ones."
    )
    filters: tuple[int, ...] = setting((128, 128, 128), "Filters of each layer, before scaling.")
    kernels: tuple[tuple[int, int], ...] = setting(
        ((3, 3),), "Kernel of each layer, time × frequency; one given serves all."
    )
    strides: tuple[tuple[int, int], ...] = setting(
        ((2, 2), (1, 1), (1, 1)), "Stride of each layer, time × frequency; one given serves all."
    )
    first_padding: Literal["valid", "same"] = setting(
        "valid", "Padding of the first layer; the others keep their size."
    )
    depthwise_normalization: bool = setting(
        False,
        "Batch normalization and ReLU also between the depthwise and the pointwise convolution (MobileNet); "
        "without it they are one separable convolution.",
        applies={"family": ("ds_cnn",)},
    )
    residual: bool = setting(False, "Add a layer's input to its output where their shapes agree.")
    dropout: float = setting(0.0, "Part of the values dropped while training; never in the deployed file.", ge=0, lt=1)
    dropout_after: Literal["block", "batchnorm_and_pooling"] = setting(
        "block", "Where dropout acts: after each block, or after every batch normalization and after the pooling."
    )
    width_multiplier: float = setting(1.0, "α: factor on every layer's filters.", gt=0, le=4)
    filter_divisor: int = setting(
        8, "Scaled filter counts are rounded to a multiple of this (MobileNet's make_divisible).", ge=1, le=64
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if not 1 <= len(self.filters) <= 16:
            yield Problem("filters", f"between 1 and 16 layers are possible, {len(self.filters)} given")
        if any(not 1 <= count <= 2048 for count in self.filters):
            yield Problem("filters", "each layer needs between 1 and 2048 filters")
        for name, low, high in (("kernels", 1, 15), ("strides", 1, 8)):
            pairs = getattr(self, name)
            if len(pairs) not in (1, len(self.filters)):
                yield Problem(
                    name, f"give one pair for all or one for each of the {len(self.filters)} layers, {len(pairs)} given"
                )
            if any(not low <= side <= high for pair in pairs for side in pair):
                yield Problem(name, f"each side must lie between {low} and {high}")


class ForecastModel(Section):
    """The network: a family, its layers, and one factor that scales them all."""

    title: ClassVar[str] = "Model"

    family: Literal["mlp", "conv1d", "lstm"] = setting(
        "conv1d",
        "mlp: dense layers; conv1d: convolutions over time before them; lstm: recurrent cells before them.",
    )
    filters: tuple[int, ...] = setting(
        (64,), "Filters of each convolution over time, before scaling.", applies={"family": ("conv1d",)}
    )
    kernel: int = setting(
        3, "Steps that a convolution sees at once.", ge=1, le=100, unit="steps", applies={"family": ("conv1d",)}
    )
    cells: int = setting(64, "LSTM cells, before scaling.", ge=1, le=1024, applies={"family": ("lstm",)})
    units: tuple[int, ...] = setting((64,), "Units of each dense layer before the last, before scaling; may be none.")
    predict: Literal["change", "value"] = setting(
        "change",
        "change: by how much values, those seen and those to come, differ from the latest one, so that levels never "
        "met in training do no harm; value: the values themselves.",
    )
    width_multiplier: float = setting(1.0, "α: factor on every layer's filters, cells and units.", gt=0, le=4)
    filter_divisor: int = setting(1, "Scaled counts are rounded to a multiple of this.", ge=1, le=64)

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.family == "conv1d" and not 1 <= len(self.filters) <= 8:
            yield Problem("filters", f"between 1 and 8 convolutions are possible, {len(self.filters)} given")
        if len(self.units) > 8:
            yield Problem("units", f"at most 8 dense layers are possible, {len(self.units)} given")
        for name in ("filters", "units"):
            if self.applies(name) and any(not 1 <= count <= 2048 for count in getattr(self, name)):
                yield Problem(name, f"each layer needs between 1 and 2048 {name}")
