"""The specs, sweeps and searches that come with the program are valid and say what the published systems say."""

from pathlib import Path

import pytest

from core.errors import SpecError
from core.experiment.search import load_search
from core.experiment.spec_file import load_values, with_data
from core.experiment.sweep import load_sweep
from core.models import registry
from core.spec import parse_spec, spec_type_of
from core.tasks.registry import TASKS

RESOURCES = Path(__file__).parents[2] / "resources"
SPECS = sorted((RESOURCES / "specs").glob("*.toml"))
SEARCHES = sorted((RESOURCES / "searches").glob("*.toml"))
SWEEPS = sorted((RESOURCES / "sweeps").glob("*.toml"))
DATA = Path("/data")


def network(spec):
    task = TASKS[spec.task]
    return registry.build(spec.model, task.input_shape(spec), task.num_outputs(spec))


def load(path):
    return parse_spec(with_data(load_values(path), DATA), str(path))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_starter_spec_needs_nothing_but_its_data(path):
    with pytest.raises(SpecError) as refused:
        parse_spec(load_values(path), str(path))
    assert [problem.path for problem in refused.value.problems] == [spec_type_of(load_values(path)).data_field]
    spec = load(path)
    assert spec.name
    if spec.task == "keyword_spotting":
        assert len(spec.dataset.labels) in (2, 8)
    assert network(spec).params > 0
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_starter_sweep_expands_into_named_trials(path):
    specs = load_sweep(path, data=DATA).expand()
    assert len(specs) >= 3
    assert len({spec.name for spec in specs}) == len(specs)
    assert all(network(spec).params > 0 for spec in specs)


@pytest.mark.parametrize("path", SEARCHES, ids=lambda path: path.stem)
def test_a_starter_search_has_more_combinations_than_it_tries_and_says_what_it_wants(path):
    search = load_search(path, data=DATA)
    specs = search.sweep.expand()
    assert len(specs) > 3 * search.num_trials
    assert len({spec.name for spec in specs}) == len(specs)
    assert search.sweep.constraints.bounds()
    assert all(network(spec).params > 0 for spec in search.examples())


def test_system_b_has_the_published_combinations_and_parameters():
    specs = load_sweep(RESOURCES / "sweeps" / "system-b.toml", data=DATA).expand()
    assert [spec.name for spec in specs] == ["Baseline", "DSC", "WS", "WP", "DSC+WP", "DSC+WS", "DSC+WP+WS"]
    assert network(specs[0]).params == 1_185_538
    assert network(specs[6]).params == 10_818
    assert [spec.pruning.schedule == "polynomial" for spec in specs] == ["WP" in spec.name for spec in specs]


def test_system_c_has_the_published_number_of_frames():
    spec = load(RESOURCES / "specs" / "system-c.toml")
    assert spec.features.num_frames(spec.num_samples) == 34


def test_system_f_has_the_published_widths_and_sparsities_and_its_constraints():
    sweeps = RESOURCES / "sweeps"
    specs = load_sweep(sweeps / "system-f.toml", data=DATA).expand()
    widths = [spec.model.width_multiplier for spec in specs]
    assert widths == [0.05, 0.075, 0.10, 0.025, 0.05, 0.06, 0.05]
    pruned = [(spec.pruning.initial_sparsity, spec.pruning.final_sparsity) for spec in specs[4:]]
    assert pruned == [(0.30, 0.50), (0.10, 0.20), (0.10, 0.15)]
    asked = {"a": (2.0, 0.5, 1.8), "b": (1.7, 0.6, 1.9)}
    for name, (zip_kb, temperature, humidity) in asked.items():
        constraints = load_search(RESOURCES / "searches" / f"system-f-{name}.toml", data=DATA).sweep.constraints
        assert constraints.zip_bytes_max == round(1024 * zip_kb)
        assert constraints.mae_max == {"T (degC)": temperature, "rh (%)": humidity}


def test_the_428_parameters_of_a_cnn_are_counted():
    spec = load(RESOURCES / "specs" / "system-f-course.toml")
    narrow = spec.model_copy(update={"model": spec.model.model_copy(update={"filters": (8,), "units": (8,)})})
    assert network(narrow).params == 428
