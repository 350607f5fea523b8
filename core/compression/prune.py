"""Magnitude pruning by TensorFlow Model Optimization.

Zhu and Gupta, "To prune, or not to prune", 2017, https://arxiv.org/abs/1710.01878. Kernels of plain convolutions, dense
layers and LSTM cells are pruned; depthwise kernels, biases and batch normalization are not: few, and they matter most.
"""

from collections.abc import Sequence

import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras as keras

from core.spec import Pruning

# A mask is a sort of the whole tensor: about as dear as a step, so it is not renewed at every one.
_MASK_UPDATES = 16


class PrunedModel:
    """A model whose layers stand under tfmot's masks; made by `prune`, fitted from outside, unmade by `strip`."""

    def __init__(self, model: keras.Model, settings: Pruning, num_steps: int) -> None:
        schedule, self._last_step = _schedule(settings, num_steps)
        wrap = tfmot.sparsity.keras.prune_low_magnitude

        def wrap_prunable(layer: keras.layers.Layer) -> keras.layers.Layer:
            return wrap(layer, schedule) if _is_prunable(layer) else layer

        self._wrapped = keras.models.clone_model(model, clone_function=wrap_prunable)
        self._wrappers = [layer for layer in self._wrapped.layers if hasattr(layer, "pruning_obj")]
        self.variables: Sequence[tf.Variable] = [
            variable
            for wrapper in self._wrappers
            for _, mask, threshold in wrapper.pruning_vars
            for variable in (mask, threshold)
        ]

    def advance(self, step: tf.Tensor) -> None:
        """Renew the masks where the schedule says so, and apply them; inside the graph, before a step."""
        for wrapper in self._wrappers:
            wrapper.pruning_step.assign(tf.cast(step, tf.int64))
            wrapper.pruning_obj.conditional_mask_update()
            wrapper.pruning_obj.weight_mask_op()

    def enforce(self) -> None:
        """Apply the masks after the last update of an epoch."""
        for wrapper in self._wrappers:
            wrapper.pruning_obj.weight_mask_op()

    def sparsity(self) -> float:
        """Return the part of the prunable weights that is masked."""
        masks = [mask.numpy() for wrapper in self._wrappers for _, mask, _ in wrapper.pruning_vars]
        return float(1 - sum(mask.sum() for mask in masks) / sum(mask.size for mask in masks))

    def settled(self, num_steps_done: int) -> bool:
        """Tell whether the masks of the final sparsity are applied."""
        return num_steps_done > self._last_step

    def strip(self) -> keras.Model:
        """Return the model without masks, its zeros in place."""
        return tfmot.sparsity.keras.strip_pruning(self._wrapped)


def prune(model: keras.Model, settings: Pruning, num_steps: int) -> PrunedModel:
    """Put the prunable layers of a model under masks that rise over `num_steps` of fine-tuning."""
    return PrunedModel(model, settings, num_steps)


def _is_prunable(layer: keras.layers.Layer) -> bool:
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    return isinstance(layer, keras.layers.Conv2D | keras.layers.Dense | keras.layers.LSTM) and not depthwise


def _schedule(settings: Pruning, num_steps: int) -> tuple[object, int]:
    """Return tfmot's schedule and the step at which the final sparsity is reached."""
    begin = min(round(settings.begin * num_steps), num_steps - 1)
    if settings.schedule == "constant":
        frequency = max(1, (num_steps - begin) // _MASK_UPDATES)
        return tfmot.sparsity.keras.ConstantSparsity(settings.final_sparsity, begin, -1, frequency), begin
    span = max(1, min(round(settings.end * num_steps), num_steps - 1) - begin)
    frequency = max(1, span // _MASK_UPDATES)
    # The last renewal must fall on the last step of the schedule, or the final sparsity is never reached.
    end = begin + span // frequency * frequency
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        settings.initial_sparsity, settings.final_sparsity, begin, end, frequency=frequency
    )
    return schedule, end
