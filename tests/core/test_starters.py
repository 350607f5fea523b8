"""The specs and sweeps that come with the program are valid and say what the published systems say."""

from pathlib import Path

import pytest

from core.errors import SpecError
from core.experiment.spec_file import apply_settings, load_values
from core.experiment.sweep import load_sweep
from core.models import registry
from core.spec import parse_spec

RESOURCES = Path(__file__).parents[2] / "resources"
SPECS = sorted((RESOURCES / "specs").glob("*.toml"))
SWEEPS = sorted((RESOURCES / "sweeps").glob("*.toml"))
ON_CLIPS = ['dataset.folder="/clips"']


def network(spec):
    shape = (spec.features.num_frames(spec.num_samples), spec.features.num_coefficients, 1)
    return registry.build(spec.model, shape, len(spec.dataset.labels))


def load(path):
    return parse_spec(apply_settings(load_values(path), ON_CLIPS), str(path))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_starter_spec_needs_nothing_but_its_clips(path):
    with pytest.raises(SpecError) as refused:
        parse_spec(load_values(path), str(path))
    assert [problem.path for problem in refused.value.problems] == ["dataset.folder"]
    spec = load(path)
    assert spec.name
    assert len(spec.dataset.labels) in (2, 8)
    assert network(spec).params > 0
    assert path.read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_a_starter_sweep_expands_into_named_trials(path):
    specs = load_sweep(path, ON_CLIPS).expand()
    assert len(specs) >= 3
    assert len({spec.name for spec in specs}) == len(specs)
    assert all(network(spec).params > 0 for spec in specs)


def test_system_b_has_the_published_combinations_and_parameters():
    specs = load_sweep(RESOURCES / "sweeps" / "system-b.toml", ON_CLIPS).expand()
    assert [spec.name for spec in specs] == ["Baseline", "DSC", "WS", "WP", "DSC+WP", "DSC+WS", "DSC+WP+WS"]
    assert network(specs[0]).params == 1_185_538
    assert network(specs[6]).params == 10_818
    assert [spec.pruning.schedule == "polynomial" for spec in specs] == ["WP" in spec.name for spec in specs]


def test_system_c_has_the_published_number_of_frames():
    spec = load(RESOURCES / "specs" / "system-c.toml")
    assert spec.features.num_frames(spec.num_samples) == 34
