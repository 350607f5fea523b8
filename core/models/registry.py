"""The model families by name. A new family is one file and one line here."""

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import Problem, SpecError
from core.models import cnn, conv1d, ds_cnn, lstm, mlp
from core.models.architecture import Architecture, Shape
from core.spec import ForecastModel, Model

Build = Callable[[Any, Shape, int], Architecture]

FAMILIES: Mapping[str, Build] = {
    "cnn": cnn.build,
    "ds_cnn": ds_cnn.build,
    "mlp": mlp.build,
    "conv1d": conv1d.build,
    "lstm": lstm.build,
}


def build(spec: Model | ForecastModel, input_shape: Shape, num_outputs: int) -> Architecture:
    """Build the family a spec names.

    Raises SpecError when a layer would have nothing left to see.
    """
    net = FAMILIES[spec.family](spec, input_shape, num_outputs)
    for layer in net.layers:
        if min(layer.shape) < 1:
            raise SpecError(
                (
                    Problem(
                        "model.kernels",
                        f"an input of {input_shape[0]} × {input_shape[1]} is too small for a "
                        f"{layer.kernel[0]} × {layer.kernel[1]} kernel without padding; use a smaller kernel or "
                        "first_padding = same",
                    ),
                )
            )
    return net
