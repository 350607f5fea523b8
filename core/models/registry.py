"""The model families by name. A new family is one file and one line here."""

from collections.abc import Callable, Mapping

from core.errors import Problem, SpecError
from core.models import cnn, ds_cnn
from core.models.architecture import Architecture, Shape
from core.spec import Model

Build = Callable[[Model, Shape, int], Architecture]

FAMILIES: Mapping[str, Build] = {"cnn": cnn.build, "ds_cnn": ds_cnn.build}


def build(spec: Model, input_shape: Shape, num_outputs: int) -> Architecture:
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
