"""From a network as data to a Keras model."""

import tf_keras as keras

from core.models.architecture import Architecture, Layer

# With Keras's 0.99 the moving averages lag three epochs behind on a few hundred clips (25 to 30 steps an epoch):
# the validation accuracy then stood at 65 % while the training accuracy was 86 %, and the best epoch was a lottery.
_MOMENTUM = 0.9


def assemble(net: Architecture, seed: int) -> keras.Model:
    """Build the Keras model of a network, its initial weights decided by the seed alone."""
    # Operations are numbered within the graph, so layers of the same place draw the same numbers again.
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    tensors = [keras.Input(net.input_shape)]
    for index, layer in enumerate(net.layers[1:], start=1):
        sources = [tensors[source] for source in layer.inputs]
        tensors.append(_layer(layer, seed + index)(sources if len(sources) > 1 else sources[0]))
    return keras.Model(tensors[0], tensors[-1])


def _layer(layer: Layer, seed: int) -> keras.layers.Layer:
    layers = keras.layers
    initializer = keras.initializers.GlorotUniform(seed)
    windowed = {"kernel_size": layer.kernel, "strides": layer.stride, "padding": layer.padding, "use_bias": layer.bias}
    match layer.op:
        case "conv":
            return layers.Conv2D(layer.shape[-1], kernel_initializer=initializer, **windowed)
        case "depthwise":
            return layers.DepthwiseConv2D(depthwise_initializer=initializer, **windowed)
        case "batchnorm":
            return layers.BatchNormalization(momentum=_MOMENTUM)
        case "relu":
            return layers.ReLU()
        case "dropout":
            return layers.Dropout(layer.rate, seed=seed)
        case "add":
            return layers.Add()
        case "pool":
            return layers.GlobalAveragePooling2D()
        case "dense":
            return layers.Dense(layer.shape[-1], use_bias=layer.bias, kernel_initializer=initializer)
        case "softmax":
            return layers.Softmax()
        case "reshape":
            return layers.Reshape(layer.shape)
        case "lstm":
            recurrent = keras.initializers.Orthogonal(seed=seed)
            return layers.LSTM(layer.shape[-1], kernel_initializer=initializer, recurrent_initializer=recurrent)
    raise AssertionError(layer.op)
