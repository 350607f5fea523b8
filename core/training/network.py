"""A Keras model as TensorFlow operations for training, and Adam over its weights.

Keras's own calls give the same numbers but trace several times as many operations, so that the first batch comes
later, and their dropout keeps a hidden state that no checkpoint can carry. Here dropout
depends on the seed and the step alone.
"""

from collections.abc import Iterable

import tensorflow as tf
import tf_keras as keras


def forward(model: keras.Model, inputs: tf.Tensor, step: tf.Tensor | None = None) -> tf.Tensor:
    """Run the model up to its logits or values, shape (n, outputs).

    Given a `step`, as in training, with dropout, and with moving averages updated.
    """
    values = {id(model.input): inputs}
    for layer in model.layers[1:]:
        sources = [values[id(tensor)] for tensor in tf.nest.flatten(layer.input)]
        values[id(layer.output)] = _call(layer, sources, step)
    return values[id(model.output)]


def _call(layer: keras.layers.Layer, sources: list[tf.Tensor], step: tf.Tensor | None) -> tf.Tensor:
    source = sources[0]
    match layer:
        case keras.layers.Dropout():
            return source if step is None else _drop(source, layer, step)
        case keras.layers.BatchNormalization():
            return _normalize(layer, source) if step is None else _normalize_in_training(layer, source)
        case keras.layers.DepthwiseConv2D():
            return _convolve_depthwise(source, layer.depthwise_kernel, layer.strides)
        case keras.layers.Conv2D():
            convolved = tf.nn.conv2d(source, layer.kernel, layer.strides, layer.padding.upper())
            return convolved + layer.bias if layer.use_bias else convolved
        case keras.layers.LSTM():
            return _run_lstm(layer.cell, source)
        case keras.layers.Softmax():
            return source
        case keras.layers.Dense():
            connected = tf.linalg.matmul(source, layer.kernel)
            return connected + layer.bias if layer.use_bias else connected
        case keras.layers.ReLU():
            return tf.nn.relu(source)
    return layer(sources if len(sources) > 1 else source)


def _drop(inputs: tf.Tensor, layer: keras.layers.Dropout, step: tf.Tensor) -> tf.Tensor:
    return tf.nn.experimental.stateless_dropout(inputs, layer.rate, seed=tf.stack([layer.seed, step]))


def _normalize(layer: keras.layers.BatchNormalization, inputs: tf.Tensor) -> tf.Tensor:
    outputs, _, _ = tf.compat.v1.nn.fused_batch_norm(
        inputs, layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance, layer.epsilon, is_training=False
    )
    return outputs


def _normalize_in_training(layer: keras.layers.BatchNormalization, inputs: tf.Tensor) -> tf.Tensor:
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, layer.gamma, layer.beta, epsilon=layer.epsilon, is_training=True
    )
    for average, latest in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        average.assign_sub((average - latest) * (1 - layer.momentum))
    return outputs


def _convolve_depthwise(inputs: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    if strides[0] == strides[1]:
        return tf.nn.depthwise_conv2d(inputs, kernel, [1, *strides, 1], "SAME")
    # TensorFlow has no kernel for strides that differ: pad as it would, convolve at every place, keep what is asked.
    padding = [
        _padding(size, side, stride)
        for size, side, stride in zip(inputs.shape[1:3], kernel.shape[:2], strides, strict=True)
    ]
    padded = tf.pad(inputs, [(0, 0), *padding, (0, 0)])
    return tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")[:, :: strides[0], :: strides[1]]


def _run_lstm(cell: keras.layers.LSTMCell, inputs: tf.Tensor) -> tf.Tensor:
    """Return the last state of LSTM cells, step by step: windows are short, and a loop in the graph costs more."""
    # All steps' inputs at once: one multiplication instead of one a step.
    driven = tf.unstack(tf.tensordot(inputs, cell.kernel, 1) + cell.bias, axis=1)
    state = memory = tf.zeros_like(driven[0][:, : cell.units])
    for drive in driven:
        gates = drive + tf.linalg.matmul(state, cell.recurrent_kernel)
        take, forget, new, give = tf.split(gates, 4, axis=1)
        memory = tf.sigmoid(forget) * memory + tf.sigmoid(take) * tf.tanh(new)
        state = tf.sigmoid(give) * tf.tanh(memory)
    return state


def _padding(size: int, side: int, stride: int) -> tuple[int, int]:
    total = max((-(-size // stride) - 1) * stride + side - size, 0)
    return total // 2, total - total // 2


class Adam:
    """Adam (Kingma and Ba 2015, https://arxiv.org/abs/1412.6980) with the decoupled weight decay of AdamW.

    Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101. Decay acts on kernels, not on biases or batch
    normalization.
    """

    def __init__(self, weights: Iterable[tf.Variable], weight_decay: float) -> None:
        self.weights = list(weights)
        self.weight_decay = weight_decay
        self.first = [tf.Variable(tf.zeros_like(weight)) for weight in self.weights]
        self.second = [tf.Variable(tf.zeros_like(weight)) for weight in self.weights]

    @property
    def variables(self) -> list[tf.Variable]:
        """Everything that a checkpoint must keep; the step count is the caller's."""
        return self.first + self.second

    def apply(self, gradients: Iterable[tf.Tensor], step: tf.Tensor, learning_rate: tf.Tensor) -> None:
        """Take one step; `step` counts from 0."""
        power = tf.cast(step + 1, tf.float32)
        for weight, first, second, gradient in zip(self.weights, self.first, self.second, gradients, strict=True):
            if self.weight_decay and weight.shape.rank > 1:
                weight.assign_sub(weight * (learning_rate * self.weight_decay))
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=tf.pow(0.9, power),
                beta2_power=tf.pow(0.999, power),
                lr=learning_rate,
                beta1=0.9,
                beta2=0.999,
                epsilon=1e-7,
                grad=gradient,
            )
