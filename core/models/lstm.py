"""Long short-term memory over the steps of a window.

Hochreiter and Schmidhuber, "Long short-term memory", 1997, https://doi.org/10.1162/neco.1997.9.8.1735
"""

from core.models.architecture import Architecture, Shape, scale_filters
from core.models.forecaster import end
from core.spec import ForecastModel


def build(spec: ForecastModel, input_shape: Shape, num_outputs: int) -> Architecture:
    """Run LSTM cells over the steps, then dense layers; forecast all steps of all quantities at once."""
    net = Architecture(input_shape)
    x = net.run_lstm(0, scale_filters(spec.cells, spec.width_multiplier, spec.filter_divisor))
    end(net, x, spec, num_outputs)
    return net
