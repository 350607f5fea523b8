"""Depthwise-separable convolutional network for keyword spotting.

Zhang, Suda, Lai, Chandra, "Hello Edge: Keyword Spotting on Microcontrollers", 2017,
https://arxiv.org/abs/1711.07128; sums over blocks as in MobileNetV2 (https://arxiv.org/abs/1801.04381).
"""

from core.models.architecture import Architecture, Shape, scale_filters, spread
from core.spec import Model


def build(spec: Model, input_shape: Shape, num_outputs: int) -> Architecture:
    """Stack a plain first layer and depthwise-separable ones; average over time and frequency; classify."""
    net = Architecture(input_shape)
    count = len(spec.filters)
    everywhere = spec.dropout if spec.dropout_after == "batchnorm_and_pooling" else 0
    after_block = spec.dropout if spec.dropout_after == "block" else 0
    kernels, strides = spread(spec.kernels, count), spread(spec.strides, count)
    widths = [scale_filters(filters, spec.width_multiplier, spec.filter_divisor) for filters in spec.filters]
    x = net.convolve(0, widths[0], kernels[0], strides[0], spec.first_padding)
    x = net.rectify(net.drop(net.normalize(x), everywhere))
    x = net.drop(x, after_block)
    for width, kernel, stride in zip(widths[1:], kernels[1:], strides[1:], strict=True):
        source = x
        x = net.convolve_depthwise(x, kernel, stride)
        if spec.depthwise_normalization:
            x = net.rectify(net.drop(net.normalize(x), everywhere))
        x = net.convolve(x, width, (1, 1), (1, 1), "same")
        x = net.drop(net.normalize(x), everywhere)
        if spec.residual and net.shape(source) == net.shape(x):
            x = net.add(source, x)
        x = net.drop(net.rectify(x), after_block)
    net.classify(net.drop(net.pool(x), everywhere), num_outputs)
    return net
