"""The end that all networks for forecasts have: dense layers, the last of which gives every step of every quantity."""

from core.models.architecture import Architecture, scale_filters
from core.spec import ForecastModel


def end(net: Architecture, source: int, spec: ForecastModel, num_outputs: int) -> None:
    """Add the dense layers of a spec and the one that forecasts.

    Changes have no bias: where nothing changes nothing is foretold, and the file is smaller.
    """
    x = net.flatten(source)
    for units in spec.units:
        x = net.rectify(net.connect(x, scale_filters(units, spec.width_multiplier, spec.filter_divisor)))
    if spec.predict == "change":
        net.project(x, num_outputs)
    else:
        net.connect(x, num_outputs)
