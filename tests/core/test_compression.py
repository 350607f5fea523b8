import zipfile

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from core.compression import convert, package, prune, slim
from core.errors import ModelError
from core.events import EpochEnded, ignore
from core.models import registry
from core.models.assembly import assemble
from core.training.fit import fit
from core.training.schedule import plan_fine_tuning
from tests.core.arrays import INPUT_SHAPE, LABELS, SMALL_CNN, SMALL_DS_CNN, make_data, make_spec

SCHEMES = [
    {"scheme": "float32"},
    {"scheme": "float16"},
    {"scheme": "dynamic_range"},
    {"scheme": "int8"},
    {"scheme": "int8", "granularity": "per_tensor", "input_output": "float32"},
    {"scheme": "int16x8"},
]
WIDE_DS_CNN = {**SMALL_DS_CNN, "filters": [24, 32, 48], "kernels": [[3, 3]], "depthwise_normalization": False}


def build(spec):
    model = assemble(registry.build(spec.model, INPUT_SHAPE, len(LABELS)), spec.training.seed)
    rng = np.random.default_rng(3)
    # As after a training: moving averages, biases and kernels of every size.
    model.set_weights(
        [
            abs(rng.normal(weight, 0.2)).astype(np.float32) if weight.ndim == 1 else weight
            for weight in model.get_weights()
        ]
    )
    return model


def convert_small(settings, model=WIDE_DS_CNN) -> bytes:
    spec = make_spec(model=model, quantization=settings)
    return convert.convert(build(spec), spec.quantization, make_data().train.inputs)


def read(content):
    return schema.ModelT.InitFromPackedBuf(content, 0)


def codes(content) -> set[int]:
    model = read(content)
    return {max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes}


def outputs(content, inputs, resolver=OpResolverType.BUILTIN):
    interpreter = Interpreter(model_content=content, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    taken, given = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    if taken["dtype"] == np.int8:
        scale, zero_point = taken["quantization"]
        inputs = np.clip(np.round(inputs / scale) + zero_point, -128, 127).astype(np.int8)
    found = []
    for one in inputs:
        interpreter.set_tensor(taken["index"], one[np.newaxis])
        interpreter.invoke()
        found.append(interpreter.get_tensor(given["index"])[0].copy())
    return np.stack(found)


@pytest.mark.parametrize("settings", SCHEMES[:3])
def test_converted_file_gives_the_numbers_of_the_model(settings):
    spec = make_spec(model=WIDE_DS_CNN, quantization=settings)
    model, inputs = build(spec), make_data().test.inputs
    content = convert.convert(model, spec.quantization, inputs)
    assert np.allclose(outputs(content, inputs), model(inputs, training=False), atol=0.03)


@pytest.mark.parametrize("input_output", ["int8", "float32"])
@pytest.mark.parametrize("granularity", ["per_channel", "per_tensor"])
def test_int8_file_has_the_scales_and_ports_asked_for(granularity, input_output):
    content = convert_small({"scheme": "int8", "granularity": granularity, "input_output": input_output})
    graph = read(content).subgraphs[0]
    scales = [
        len(tensor.quantization.scale)
        for tensor in graph.tensors
        if tensor.quantization is not None and tensor.quantization.scale is not None
    ]
    assert (max(scales) > 1) == (granularity == "per_channel")
    ports = {graph.tensors[index].type for index in (*graph.inputs, *graph.outputs)}
    assert ports == {schema.TensorType.INT8 if input_output == "int8" else schema.TensorType.FLOAT32}


def test_int16x8_computes_closer_to_the_model_than_int8():
    spec = make_spec(model=WIDE_DS_CNN, quantization={"scheme": "int16x8"})
    model, data = build(spec), make_data()
    content = convert.convert(model, spec.quantization, data.train.inputs)
    types = [tensor.type for tensor in read(content).subgraphs[0].tensors]
    assert types.count(schema.TensorType.INT16) > 5 and types.count(schema.TensorType.FLOAT32) == 2
    as_int8 = convert_small({"scheme": "int8", "input_output": "float32"})
    inputs, expected = data.train.inputs, model(data.train.inputs, training=False)
    error, int8_error = (np.abs(outputs(one, inputs) - expected).mean() for one in (content, as_int8))
    assert error < int8_error / 4


@pytest.mark.parametrize("settings", SCHEMES)
def test_file_holds_the_operations_of_inference_alone(settings):
    builtin = schema.BuiltinOperator
    expected = {builtin.CONV_2D, builtin.DEPTHWISE_CONV_2D, builtin.MEAN, builtin.FULLY_CONNECTED, builtin.SOFTMAX}
    extra = {"float16": {builtin.DEQUANTIZE}}.get(settings["scheme"], set())
    if settings["scheme"] == "int16x8" or settings.get("input_output") == "float32":
        extra = {builtin.QUANTIZE, builtin.DEQUANTIZE}
    assert codes(convert_small(settings)) - {builtin.ADD} == expected | extra


def test_depthwise_strides_that_differ_can_be_deployed():
    content = convert_small({"scheme": "int8"}, {**WIDE_DS_CNN, "strides": [[2, 2], [2, 1], [1, 1]], "residual": False})
    assert len(outputs(content, make_data().test.inputs[:2])) == 2


def test_refused_conversion_is_a_sentence():
    source = keras.Input(INPUT_SHAPE)
    model = keras.Model(source, keras.layers.Lambda(tf.math.digamma)(source))
    with pytest.raises(ModelError, match=r"cannot be converted to float32.*Use another"):
        convert.convert(model, make_spec(quantization={"scheme": "float32"}).quantization, make_data().train.inputs)


@pytest.mark.parametrize("resolver", [OpResolverType.BUILTIN, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES])
@pytest.mark.parametrize("settings", SCHEMES)
@pytest.mark.parametrize("model", [SMALL_CNN, WIDE_DS_CNN])
def test_slimming_changes_no_bit_of_any_output(model, settings, resolver):
    full = convert_small(settings, model)
    slimmed = slim.slim(full)
    inputs = np.concatenate([make_data().test.inputs, 5 * np.random.default_rng(0).normal(size=(20, *INPUT_SHAPE))])
    assert np.array_equal(
        outputs(full, inputs.astype(np.float32), resolver), outputs(slimmed, inputs.astype(np.float32), resolver)
    )
    assert len(slimmed) < len(full) - 500


def test_slim_file_can_be_slimmed_again_and_stays():
    once = slim.slim(convert_small({"scheme": "int8"}))
    assert slim.slim(once) == once


def test_slim_file_keeps_what_microcontrollers_read():
    graph = read(slim.slim(convert_small({"scheme": "int8"}))).subgraphs[0]
    for tensor in graph.tensors:
        assert tensor.shape is not None
        if tensor.type == schema.TensorType.INT8:
            assert len(tensor.quantization.scale) == len(tensor.quantization.zeroPoint) >= 1


def test_package_is_the_same_whenever_it_is_made(tmp_path):
    content = convert_small({"scheme": "int8"})
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = package.deploy(content, tmp_path / "a"), package.deploy(content, tmp_path / "b")
    assert first.with_name("model.tflite.zip").read_bytes() == second.with_name("model.tflite.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a" / "model.tflite.zip") as archive:
        assert archive.namelist() == ["model.tflite"]
        assert archive.read("model.tflite") == content == first.read_bytes()


def fine_tune(tmp_path, pruning, **sections):
    spec = make_spec(model=WIDE_DS_CNN, pruning={"fine_tuning_epochs": 4, **pruning}, **sections)
    model, data, plan = build(spec), make_data(), plan_fine_tuning(spec)
    events = []
    pruned = prune.prune(model, spec.pruning, plan.num_steps(len(data.train.targets)))
    fitted = fit(model, data, plan, tmp_path / "fine_tuning.npz", events.append, sparsifier=pruned)
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    return spec, pruned.strip(), epochs, fitted


def kernels(content):
    """Return the weights of plain convolutions and dense layers of a file."""
    model = read(content)
    graph = model.subgraphs[0]
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].deprecatedBuiltinCode
        if code in (schema.BuiltinOperator.CONV_2D, schema.BuiltinOperator.FULLY_CONNECTED):
            tensor = graph.tensors[operator.inputs[1]]
            kind = {schema.TensorType.INT8: np.int8, schema.TensorType.FLOAT32: np.float32}[tensor.type]
            yield np.frombuffer(bytes(model.buffers[tensor.buffer].data), kind)


@pytest.mark.parametrize(
    ("pruning", "scheme"),
    [
        ({"schedule": "polynomial", "initial_sparsity": 0.2, "final_sparsity": 0.7}, "float32"),
        ({"schedule": "polynomial", "final_sparsity": 0.5, "begin": 0.3, "end": 1.0}, "float32"),
        ({"schedule": "constant", "final_sparsity": 0.6}, "float32"),
        ({"schedule": "polynomial", "final_sparsity": 0.8}, "int8"),
    ],
)
def test_file_is_as_sparse_as_asked(pruning, scheme, tmp_path):
    spec, model, epochs, _ = fine_tune(tmp_path, pruning, quantization={"scheme": scheme})
    content = slim.slim(convert.convert(model, spec.quantization, make_data().train.inputs))
    final = pruning["final_sparsity"]
    assert epochs[-1].sparsity == pytest.approx(final, abs=0.01)
    for weights in kernels(content):
        share = (weights == 0).mean()
        # int8 may round a few more weights to zero, never fewer.
        assert final - 0.01 <= share <= final + (0.01 if scheme == "float32" else 0.05) + 1 / weights.size


def test_sparsity_rises_along_a_polynomial_and_depthwise_kernels_stay(tmp_path):
    _, model, epochs, _ = fine_tune(
        tmp_path, {"schedule": "polynomial", "initial_sparsity": 0.1, "final_sparsity": 0.7, "end": 1.0}
    )
    sparsities = [event.sparsity for event in epochs]
    assert sparsities == sorted(sparsities)
    assert sparsities[0] < 0.6
    depthwise = [weight for weight in model.get_weights() if weight.ndim == 4 and weight.shape[-1] == 1]
    assert depthwise
    assert all(np.count_nonzero(weight) == weight.size for weight in depthwise)


def test_best_epoch_is_chosen_among_those_at_the_final_sparsity(tmp_path):
    _, model, epochs, fitted = fine_tune(
        tmp_path, {"schedule": "polynomial", "final_sparsity": 0.9, "end": 0.7}, training={"keep": "best_on_validation"}
    )
    settled = [event.validation_accuracy for event in epochs if event.sparsity == pytest.approx(0.9, abs=0.01)]
    assert fitted.validation_accuracy == max(settled)
    weights = [weight for weight in model.get_weights() if weight.ndim == 2]
    assert (weights[0] == 0).mean() == pytest.approx(0.9, abs=0.01)


def test_pruned_fine_tuning_goes_on_from_its_checkpoint(tmp_path):
    settings = {"schedule": "polynomial", "final_sparsity": 0.7}
    _, whole, _, _ = fine_tune(tmp_path / "whole", settings)
    spec = make_spec(model=WIDE_DS_CNN, pruning={"fine_tuning_epochs": 4, **settings})
    plan, data = plan_fine_tuning(spec), make_data()

    def stop_in_third_epoch(event):
        if event.epoch == 3:
            raise KeyboardInterrupt

    for emit in (stop_in_third_epoch, ignore):
        model = build(spec)
        pruned = prune.prune(model, spec.pruning, plan.num_steps(len(data.train.targets)))
        try:
            fit(model, data, plan, tmp_path / "fine_tuning.npz", emit, sparsifier=pruned)
        except KeyboardInterrupt:
            continue
    assert all(np.array_equal(a, b) for a, b in zip(whole.get_weights(), pruned.strip().get_weights(), strict=True))
