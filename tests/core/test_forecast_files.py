"""Files that forecast: measured values in, forecasts in the same units out, whatever stores the numbers."""

from itertools import product

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from core.compression import convert, prune, slim
from core.datasets.frame import fit_frame
from core.estimate import estimate
from core.evaluation.forecasting import forecast
from core.models import registry
from core.models.assembly import assemble
from core.spec import ForecastingSpec, parse_spec

COLUMNS = ("p (mbar)", "T (degC)", "rh (%)")
TARGETS = ("rh (%)", "T (degC)")
FAMILIES = {
    "mlp": {"family": "mlp", "units": [5]},
    "conv1d": {"family": "conv1d", "filters": [4, 3], "kernel": 2, "units": []},
    "lstm": {"family": "lstm", "cells": 4, "units": [5]},
}
Code = schema.BuiltinOperator


def make_spec(family: str, predict: str, **quantization) -> ForecastingSpec:
    values = {
        "task": "forecasting",
        "dataset": {"file": "nowhere.csv"},
        "window": {"input_steps": 5, "output_steps": 3},
        "model": {**FAMILIES[family], "predict": predict},
        "quantization": quantization,
    }
    return parse_spec(values)


@pytest.fixture(scope="module")
def windows() -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, 5, 3) and targets (n, 3, 2) of quantities on levels and scales of their own."""
    rng = np.random.default_rng(5)
    walks = np.cumsum(rng.normal(size=(400, 8, 3)), axis=1) * (0.3, 0.5, 3.0) + (985.0, 8.0, 70.0)
    return walks[:, :5].astype(np.float32), walks[:, 5:, [2, 1]].astype(np.float32)


def make(spec: ForecastingSpec, windows):
    """Return the frame, a network with weights of every size, and what it forecasts, in units."""
    inputs, targets = windows
    frame = fit_frame((COLUMNS, TARGETS), spec.window, spec.model.predict, inputs, targets)
    model = assemble(registry.build(spec.model, (5, 3), 6), 0)
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(weight, 0.1).astype(np.float32) for weight in model.get_weights()])
    outputs = model(frame.scale(inputs), training=False).numpy().reshape(-1, 3, 2)
    is_change = spec.model.predict == "change"
    centre = inputs[:, -1:, [2, 1]] if is_change else np.array(frame.target_mean, np.float32)
    return frame, model, outputs * np.array(frame.target_deviation, np.float32) + centre


def codes(content: bytes) -> list[int]:
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    kinds = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    return [kinds[operator.opcodeIndex] for operator in model.subgraphs[0].operators]


def forecasts_of(content: bytes, inputs, frame, folder) -> np.ndarray:
    path = folder / "model.tflite"
    path.write_bytes(content)
    return forecast(path, inputs, frame)


# int8 has 256 steps for all that was met in training, and clips the rare window beyond it.
TOLERANCES = {"float16": 0.01, "int8": 0.15, "int16x8": 0.05}


@pytest.mark.parametrize(
    ("family", "predict", "scheme"),
    [
        *product(("mlp", "conv1d"), ("change", "value"), TOLERANCES),
        ("lstm", "change", "float16"),
        ("lstm", "value", "int8"),
    ],
)
def test_a_file_takes_and_gives_what_is_measured(family, predict, scheme, windows, tmp_path):
    spec = make_spec(family, predict, scheme=scheme)
    frame, model, expected = make(spec, windows)
    inputs = windows[0]
    full = convert.convert(model, spec.quantization, frame.scale(inputs), frame)
    slimmed = slim.slim(full)
    found = forecasts_of(slimmed, inputs, frame, tmp_path)
    deviations = np.array(frame.target_deviation)
    errors = np.abs((found - expected) / deviations)
    assert (errors.max() if scheme == "float16" else np.quantile(errors, 0.98)) < TOLERANCES[scheme]
    assert codes(slimmed).count(Code.UNIDIRECTIONAL_SEQUENCE_LSTM) == (family == "lstm")
    assert np.array_equal(found, forecasts_of(full, inputs, frame, tmp_path))
    assert len(slimmed) < len(full) - 500
    assert slim.slim(slimmed) == slimmed


def test_floats_take_the_frame_into_their_weights(windows):
    spec = make_spec("mlp", "change", scheme="float32")
    frame, model, _ = make(spec, windows)
    content = slim.slim(convert.convert(model, spec.quantization, frame.scale(windows[0]), frame))
    assert sorted(codes(content)) == sorted(
        [Code.GATHER, Code.GATHER, Code.FULLY_CONNECTED, Code.FULLY_CONNECTED, Code.RESHAPE, Code.ADD]
    )


def test_lstm_cells_stay_in_floats_under_dynamic_range_as_the_estimate_says(windows):
    spec = make_spec("lstm", "change", scheme="dynamic_range")
    wide = spec.model_copy(
        update={
            "dataset": spec.dataset.model_copy(update={"inputs": COLUMNS, "targets": TARGETS}),
            "model": spec.model.model_copy(update={"cells": 40}),
        }
    )
    frame, model, _ = make(wide, windows)
    content = slim.slim(convert.convert(model, wide.quantization, frame.scale(windows[0]), frame))
    assert Code.MUL not in codes(content)
    assert estimate(wide).tflite_bytes == pytest.approx(len(content), rel=0.05)


def test_scales_stand_around_what_is_quantized(windows):
    spec = make_spec("mlp", "value", scheme="int8")
    frame, model, _ = make(spec, windows)
    content = convert.convert(model, spec.quantization, frame.scale(windows[0]), frame)
    inner = codes(content)
    assert inner[:3] == [Code.SUB, Code.MUL, Code.QUANTIZE]
    assert inner[-3:] == [Code.RESHAPE, Code.MUL, Code.ADD]
    graph = schema.ModelT.InitFromPackedBuf(content, 0).subgraphs[0]
    assert {graph.tensors[index].type for index in (*graph.inputs, *graph.outputs)} == {schema.TensorType.FLOAT32}


@pytest.mark.parametrize(("units", "halves"), [((2,), 0), ((20,), 2)])
def test_few_halves_are_stored_widened(units, halves, windows):
    spec = make_spec("mlp", "value", scheme="float16")
    wide = spec.model_copy(update={"model": spec.model.model_copy(update={"units": units})})
    frame, model, _ = make(wide, windows)
    content = slim.slim(convert.convert(model, wide.quantization, frame.scale(windows[0]), frame))
    assert codes(content).count(Code.DEQUANTIZE) == halves


def test_the_forecast_keeps_its_place_when_nothing_changes(windows, tmp_path):
    spec = make_spec("mlp", "change", scheme="float32")
    frame, model, _ = make(spec, windows)
    model.set_weights([weight if weight.ndim > 1 else 0 * weight for weight in model.get_weights()])
    content = slim.slim(convert.convert(model, spec.quantization, frame.scale(windows[0]), frame))
    still = np.tile(np.float32([[[990.0, -40.0, 12.0]]]), (1, 5, 1))
    found = forecasts_of(content, still, frame, tmp_path)
    assert np.allclose(found[0], [[12.0, -40.0]] * 3, atol=1e-3)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_pruned(family):
    spec = make_spec(family, "change")
    model = assemble(registry.build(spec.model, (5, 3), 6), 0)
    settings = spec.pruning.model_copy(update={"schedule": "constant", "final_sparsity": 0.5, "begin": 0.0})
    pruned = prune.prune(model, settings, 10)
    for step in range(10):
        pruned.advance(np.int64(step))
    pruned.enforce()
    weights = [weight for weight in pruned.strip().get_weights() if weight.ndim > 1]
    assert pruned.sparsity() == pytest.approx(0.5, abs=0.05)
    assert all((weight == 0).mean() == pytest.approx(0.5, abs=0.1) for weight in weights)
