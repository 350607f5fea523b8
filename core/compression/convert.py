"""From a Keras model to a `.tflite` file in one of five number formats."""

import warnings
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
import tf_keras as keras

from core.compression.framing import attach, fold, surround_of
from core.compression.thresholds import LEAST_QUANTIZED
from core.datasets.frame import Frame
from core.errors import ModelError
from core.spec import Quantization


def convert(
    model: keras.Model, settings: Quantization, training_inputs: np.ndarray, frame: Frame | None = None
) -> bytes:
    """Return the `.tflite` content of a model at batch 1, dropout absent, softmax kept.

    Full-integer quantization takes the ranges of the activations from examples drawn evenly from `training_inputs`,
    float32 of shape (n, *input_shape). With a `frame` the file takes and gives quantities in their own units. Raises
    ModelError when the converter refuses the network.
    """
    if frame is None:
        return _convert(model, settings, training_inputs)
    surround = surround_of(frame)
    if _stays_in_floats(model, settings):
        model, surround = fold(model, surround, significant_bits=11 if settings.scheme == "float16" else 24)
    return attach(_convert(model, settings, training_inputs), surround)


def _stays_in_floats(model: keras.Model, settings: Quantization) -> bool:
    """Tell whether nothing computes on integers: dynamic range leaves small tensors and LSTM cells as they are."""
    if settings.scheme == "dynamic_range":
        quantizable = [layer for layer in model.layers if not isinstance(layer, keras.layers.LSTM)]
        return all(weight.size < LEAST_QUANTIZED for layer in quantizable for weight in layer.get_weights())
    return settings.scheme not in Quantization.INTEGERS["scheme"]


def _convert(model: keras.Model, settings: Quantization, training_inputs: np.ndarray) -> bytes:
    run = tf.function(lambda inputs: model(inputs, training=False), autograph=False)
    signature = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    # The weights alone: a Keras model would be traced anew, call by call, for the saved model below.
    held = tf.Module()
    held.weights = model.weights
    converter = tf.lite.TFLiteConverter.from_concrete_functions([run.get_concrete_function(signature)], held)
    # The converter would write a saved model and read it back: the same file for ten times the work. Only so does it
    # find LSTM cells, which are then one operation instead of a loop that cannot be quantized.
    converter.experimental_lower_to_saved_model = any(isinstance(layer, keras.layers.LSTM) for layer in model.layers)
    _SCHEMES[settings.scheme](converter, settings, training_inputs)
    try:
        with warnings.catch_warnings():
            # It warns of missing statistics for the input, which the representative clips supply.
            warnings.simplefilter("ignore", UserWarning)
            return bytes(converter.convert())
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise ModelError(
            f"The network cannot be converted to {settings.scheme}: {reason[0] if reason else type(error).__name__}. "
            "Use another quantization scheme, or other kernels and strides."
        ) from error


def _as_float32(converter: tf.lite.TFLiteConverter, settings: Quantization, inputs: np.ndarray) -> None:  # noqa: ARG001
    converter.optimizations = []


def _as_float16(converter: tf.lite.TFLiteConverter, settings: Quantization, inputs: np.ndarray) -> None:  # noqa: ARG001
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]


def _as_dynamic_range(converter: tf.lite.TFLiteConverter, settings: Quantization, inputs: np.ndarray) -> None:  # noqa: ARG001
    converter.optimizations = [tf.lite.Optimize.DEFAULT]


def _as_int8(converter: tf.lite.TFLiteConverter, settings: Quantization, inputs: np.ndarray) -> None:
    _take_ranges(converter, settings, inputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    if settings.input_output == "int8":
        converter.inference_input_type = converter.inference_output_type = tf.int8
    if settings.granularity == "per_tensor":
        # Private, but the converter offers no other way; a test reads the scales off the file.
        converter._experimental_disable_per_channel = True
    converter._experimental_disable_per_channel_quantization_for_dense_layers = settings.granularity == "per_tensor"


def _as_int16x8(converter: tf.lite.TFLiteConverter, settings: Quantization, inputs: np.ndarray) -> None:
    # One scale a filter: the converter refuses depthwise layers of one scale.
    _take_ranges(converter, settings, inputs)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]


def _take_ranges(converter: tf.lite.TFLiteConverter, settings: Quantization, inputs: np.ndarray) -> None:
    """Have all be computed on integers, their ranges taken from examples."""

    def representatives() -> Iterator[list[np.ndarray]]:
        count = min(settings.representative_examples, len(inputs))
        for index in np.linspace(0, len(inputs) - 1, count).round().astype(int):
            yield [np.asarray(inputs[index : index + 1], np.float32)]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representatives


_SCHEMES = {
    "float32": _as_float32,
    "float16": _as_float16,
    "dynamic_range": _as_dynamic_range,
    "int8": _as_int8,
    "int16x8": _as_int16x8,
}
