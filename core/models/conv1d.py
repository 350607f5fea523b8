"""Convolutions over time, the same for every stretch of a window.

Bai, Kolter, Koltun, "An empirical evaluation of generic convolutional and recurrent networks for sequence modeling",
2018, https://arxiv.org/abs/1803.01271
"""

from core.models.architecture import Architecture, Shape, scale_filters
from core.models.forecaster import end
from core.spec import ForecastModel


def build(spec: ForecastModel, input_shape: Shape, num_outputs: int) -> Architecture:
    """Stack convolutions over time with ReLU, then dense layers; forecast all steps of all quantities at once."""
    net = Architecture(input_shape)
    steps, columns = input_shape
    x = net.reshape(0, (steps, 1, columns))
    for filters in spec.filters:
        width = scale_filters(filters, spec.width_multiplier, spec.filter_divisor)
        x = net.rectify(net.convolve_over_time(x, width, spec.kernel))
    end(net, x, spec, num_outputs)
    return net
