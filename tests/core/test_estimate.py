import pytest

from core import estimate as estimating
from core.compression import convert, package, prune, slim
from core.errors import SpecError
from core.estimate import estimate
from core.evaluation import footprint
from core.events import ignore
from core.models import registry
from core.models.assembly import assemble
from core.training.fit import fit
from core.training.schedule import plan_fine_tuning, plan_training
from tests.core.arrays import INPUT_SHAPE, LABELS, SMALL_DS_CNN, make_data, make_spec

PRUNED = {"schedule": "polynomial", "final_sparsity": 0.7, "fine_tuning_epochs": 1}
DS_CNN = {"family": "ds_cnn", "filters": [32, 32, 32], "strides": [[2, 2], [1, 1], [1, 1]]}
SPECS = {
    "two layers, float32": {"model": {"filters": [16, 16], "strides": [[1, 1]]}, "quantization": {"scheme": "float32"}},
    "two layers, dynamic range": {
        "model": {"filters": [16, 16], "strides": [[1, 1]]},
        "quantization": {"scheme": "dynamic_range"},
    },
    "wide cnn": {"model": {"filters": [64, 64, 64]}},
    "wide cnn, pruned": {"model": {"filters": [64, 64, 64]}, "pruning": PRUNED},
    "wide cnn, float16": {"model": {"filters": [64, 64, 64]}, "quantization": {"scheme": "float16"}},
    "ds_cnn": {"model": DS_CNN},
    "ds_cnn, full file": {"model": DS_CNN, "conversion": {"slim": False}},
    "ds_cnn, per tensor": {"model": DS_CNN, "quantization": {"granularity": "per_tensor"}},
    "ds_cnn, per tensor, pruned": {"model": DS_CNN, "quantization": {"granularity": "per_tensor"}, "pruning": PRUNED},
    "ds_cnn, int16x8": {"model": DS_CNN, "quantization": {"scheme": "int16x8"}},
    "ds_cnn, int16x8, full file": {
        "model": DS_CNN,
        "quantization": {"scheme": "int16x8"},
        "conversion": {"slim": False},
    },
    "ds_cnn, float32, pruned": {"model": DS_CNN, "quantization": {"scheme": "float32"}, "pruning": PRUNED},
    "residual": {"model": SMALL_DS_CNN},
    "residual, float16, full file": {
        "model": SMALL_DS_CNN,
        "quantization": {"scheme": "float16"},
        "conversion": {"slim": False},
    },
}


class _Arrays:
    """A task of the shapes of the arrays that the other tests use."""

    def input_shape(self, spec):
        return INPUT_SHAPE

    def num_outputs(self, spec):
        return len(LABELS)


@pytest.fixture(autouse=True)
def _task_of_arrays(monkeypatch):
    monkeypatch.setattr(estimating, "TASKS", {"keyword_spotting": _Arrays()})


def make_files(spec, folder):
    data = make_data(num_clips=100)
    net = registry.build(spec.model, INPUT_SHAPE, len(LABELS))
    model = assemble(net, 0)
    fit(model, data, plan_training(spec), folder / "training.npz", ignore)
    if spec.pruning.schedule != "none":
        plan = plan_fine_tuning(spec)
        pruned = prune.prune(model, spec.pruning, plan.num_steps(len(data.train.targets)))
        fit(model, data, plan, folder / "fine_tuning.npz", ignore, sparsifier=pruned)
        model = pruned.strip()
    full = convert.convert(model, spec.quantization, data.train.inputs)
    deployed = package.deploy(slim.slim(full) if spec.conversion.slim else full, folder)
    return footprint.measure(deployed, len(full), model.get_weights(), net.macs)


@pytest.mark.parametrize("name", SPECS)
def test_estimate_is_close_to_the_real_files(name, tmp_path):
    spec = make_spec(**SPECS[name])
    foretold, found = estimate(spec), make_files(spec, tmp_path)
    assert foretold.tflite_bytes == pytest.approx(found.tflite_bytes, rel=0.15)
    assert foretold.zip_bytes == pytest.approx(found.zip_bytes, rel=0.15)
    assert foretold.params == found.params
    assert foretold.nonzero_params == pytest.approx(found.nonzero_params, rel=0.02)
    assert foretold.macs == found.macs


def test_estimate_says_shape_and_effective_filters():
    foretold = estimate(make_spec(model={"filters": [64, 128], "strides": [[1, 1]], "width_multiplier": 0.25}))
    assert foretold.input_shape == INPUT_SHAPE
    assert foretold.filters == (16, 32)
    assert foretold.num_outputs == 3


def test_network_that_cannot_be_built_is_a_problem_of_the_spec():
    with pytest.raises(SpecError, match=r"model\.kernels"):
        estimate(make_spec(model={"filters": [8], "kernels": [[15, 15]], "strides": [[1, 1]]}))
