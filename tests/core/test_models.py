import numpy as np
import pytest

from core.errors import SpecError
from core.models import registry
from core.models.architecture import scale_filters
from core.models.assembly import assemble
from core.spec import Model
from tests.core.arrays import INPUT_SHAPE, SMALL_DS_CNN

THREE_LAYERS = {"filters": (256, 256, 256), "strides": ((2, 2), (1, 1), (1, 1))}


@pytest.mark.parametrize(
    ("settings", "input_shape", "num_outputs", "params"),
    [
        (Model(**THREE_LAYERS), (62, 10, 1), 2, 1_185_538),
        (Model(family="ds_cnn", width_multiplier=0.25, **THREE_LAYERS), (62, 10, 1), 2, 10_818),
    ],
)
def test_parameters_of_the_published_networks(settings, input_shape, num_outputs, params):
    assert registry.build(settings, input_shape, num_outputs).params == params


@pytest.mark.parametrize(
    "settings",
    [
        Model(filters=(8, 12), kernels=((3, 3), (5, 1)), strides=((2, 1), (1, 2)), dropout=0.2),
        Model(
            filters=(8, 8),
            strides=((1, 1),),
            residual=True,
            first_padding="same",
            dropout=0.2,
            dropout_after="batchnorm_and_pooling",
        ),
        Model(**SMALL_DS_CNN),
        Model(family="ds_cnn", filters=(8, 8, 16), strides=((2, 2), (2, 1), (1, 1))),
    ],
)
def test_keras_model_has_the_shapes_and_parameters_of_the_architecture(settings):
    net = registry.build(settings, INPUT_SHAPE, 3)
    model = assemble(net, seed=0)
    assert model.count_params() == net.params
    assert [layer.output_shape[1:] for layer in model.layers[1:]] == [layer.shape for layer in net.layers[1:]]


def test_same_seed_gives_the_same_weights_and_another_seed_others():
    net = registry.build(Model(**SMALL_DS_CNN), INPUT_SHAPE, 3)
    first, again, other = (assemble(net, seed).get_weights() for seed in (1, 1, 2))
    assert all(np.array_equal(one, same) for one, same in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])


def test_layers_of_equal_shape_begin_with_different_weights():
    net = registry.build(Model(filters=(8, 8, 8), strides=((1, 1),)), INPUT_SHAPE, 3)
    kernels = [weight for weight in assemble(net, 0).get_weights() if weight.shape == (3, 3, 8, 8)]
    assert len(kernels) == 2
    assert not np.array_equal(*kernels)


def test_kernel_larger_than_the_input_is_refused_with_a_remedy():
    with pytest.raises(SpecError, match=r"too small for a 12 × 12 kernel.*first_padding"):
        registry.build(Model(filters=(8,), kernels=((12, 12),), strides=((1, 1),)), INPUT_SHAPE, 3)


@pytest.mark.parametrize(
    ("filters", "alpha", "divisor", "scaled"), [(128, 0.25, 8, 32), (24, 0.3, 8, 8), (20, 1, 8, 20), (20, 0.5, 1, 10)]
)
def test_scaled_filters_follow_mobilenet(filters, alpha, divisor, scaled):
    assert scale_filters(filters, alpha, divisor) == scaled
