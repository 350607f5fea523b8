"""Multilayer perceptron over a whole window: the smallest file, for there is one operation a layer.

Rumelhart, Hinton, Williams, "Learning representations by back-propagating errors", 1986,
https://doi.org/10.1038/323533a0
"""

from core.models.architecture import Architecture, Shape
from core.models.forecaster import end
from core.spec import ForecastModel


def build(spec: ForecastModel, input_shape: Shape, num_outputs: int) -> Architecture:
    """Flatten the window; stack dense layers with ReLU; forecast all steps of all quantities at once."""
    net = Architecture(input_shape)
    end(net, 0, spec, num_outputs)
    return net
