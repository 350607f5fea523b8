"""Plain convolutional network for small spectrograms.

Sainath and Parada, "Convolutional neural networks for small-footprint keyword spotting", 2015,
https://www.isca-archive.org/interspeech_2015/sainath15b_interspeech.html
"""

from core.models.architecture import Architecture, Shape, scale_filters, spread
from core.spec import Model


def build(spec: Model, input_shape: Shape, num_outputs: int) -> Architecture:
    """Stack convolution, batch normalization and ReLU; average over time and frequency; classify."""
    net = Architecture(input_shape)
    count = len(spec.filters)
    everywhere = spec.dropout_after == "batchnorm_and_pooling"
    x = 0
    for index, (filters, kernel, stride) in enumerate(
        zip(spec.filters, spread(spec.kernels, count), spread(spec.strides, count), strict=True)
    ):
        source = x
        width = scale_filters(filters, spec.width_multiplier, spec.filter_divisor)
        x = net.convolve(x, width, kernel, stride, spec.first_padding if index == 0 else "same")
        x = net.normalize(x)
        x = net.drop(x, spec.dropout if everywhere else 0)
        if spec.residual and net.shape(source) == net.shape(x):
            x = net.add(source, x)
        x = net.rectify(x)
        x = net.drop(x, 0 if everywhere else spec.dropout)
    x = net.drop(net.pool(x), spec.dropout if everywhere else 0)
    net.classify(x, num_outputs)
    return net
