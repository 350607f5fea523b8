"""The spec: every problem at once with its path; an identity that changes with what is computed, and only then."""

from typing import Any, ClassVar

import pytest

from core import spec
from core.errors import SpecError
from core.section import Section, declared, differences, field_at, override, sections, setting, value_at, with_implied
from core.spec import SPECS, KeywordSpottingSpec, TrialSpec, identity, parse_spec, stage_key

BASE: dict[str, Any] = {"dataset": {"folder": "clips", "labels": ["go", "stop"]}}
# Under these, as many fields as possible apply.
BROAD: dict[str, Any] = {
    **BASE,
    "dataset": BASE["dataset"] | {"include_unknown": True},
    "augmentation": {"enabled": True},
    "model": {"family": "ds_cnn"},
    "training": {"optimizer": "adamw"},
    "pruning": {"schedule": "polynomial"},
}
FORECAST: dict[str, Any] = {"task": "forecasting", "dataset": {"file": "climate.csv", "targets": ["T (degC)"]}}
BROAD_FORECAST: dict[str, Any] = {
    **FORECAST,
    "window": {"input_steps": 12},
    "model": {"family": "lstm"},
    "training": {"optimizer": "adamw"},
    "pruning": {"schedule": "polynomial"},
    "quantization": {"scheme": "int8"},
}
BASES = {"keyword_spotting": (BASE, BROAD), "forecasting": (FORECAST | {"window": {"input_steps": 12}}, BROAD_FORECAST)}
OTHER_VALUES: dict[str, Any] = {
    "dataset.folder": "others",
    "dataset.labels": ["no", "yes"],
    "split.speaker_pattern": "^([a-z]+)_",
    "dataset.clip_duration_ms": 1200,
    "augmentation.max_resampling": 1.2,
    "features.sample_rate": 8000,
    "features.fft_length": 2048,
    "features.upper_edge_hertz": 3000.0,
    "model.filters": [64, 64, 64],
    "model.kernels": [[5, 5]],
    "model.strides": [[2, 2], [2, 2], [1, 1]],
    "pruning.initial_sparsity": 0.3,
    "dataset.file": "other.csv",
    "dataset.targets": ["rh (%)"],
    "dataset.inputs": ["T (degC)", "rh (%)"],
    "dataset.time_column": "Date Time",
    "model.units": [8],
}
# Of one task alone.
OTHER_FORECAST_VALUES = {
    "model.filters": [32],
    "dataset.series_columns": ["entity_id"],
    "dataset.value_column": "state",
    "dataset.invalid_values": [-127.0, 85.0],
}


def every_field(section: type[Section], prefix: str = "") -> list[str]:
    inner = sections(section)
    paths = []
    for name in section.model_fields:
        paths += every_field(inner[name], f"{prefix}{name}.") if name in inner else [prefix + name]
    return paths


def other_value(path: str, base: TrialSpec) -> Any:
    """Return a valid value that differs from the base's."""
    if base.task == "forecasting" and path in OTHER_FORECAST_VALUES:
        return OTHER_FORECAST_VALUES[path]
    if path in OTHER_VALUES:
        return OTHER_VALUES[path]
    section, field = field_at(type(base), path)
    value = value_at(base, path)
    if isinstance(value, bool):
        return not value
    choices = getattr(field.annotation, "__args__", ())
    if choices and isinstance(value, str):
        return next(choice for choice in choices if choice != value)
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.9 if value else 0.1
    raise AssertionError(f"no other value known for {path} of {section}")


def problems_of(values: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        parse_spec(values)
    return {problem.path: problem.message for problem in caught.value.problems}


def test_all_problems_are_told_at_once_with_their_paths() -> None:
    found = problems_of(
        {
            "dataset": {"labels": ["go"], "colour": "blue"},
            "features": {"lower_edge_hertz": 1500, "upper_edge_hertz": 1000, "num_mfccs": 50, "num_mel_bins": 40},
            "training": {"batch_size": 0, "epochs": "many"},
            "pruning": {"schedule": "polynomial", "initial_sparsity": 0.9, "final_sparsity": 0.5},
            "quantisation": {},
        }
    )
    assert set(found) >= {
        "dataset.colour",
        "features.lower_edge_hertz",
        "features.num_mfccs",
        "training.batch_size",
        "training.epochs",
        "pruning.initial_sparsity",
        "quantisation",
    }
    assert "unknown field; remove it or use one of: folder" in found["dataset.colour"]
    assert found["training.batch_size"] == "must be at least 1, is 0"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"dataset": {}}, "dataset.folder"),
        ({"dataset": {"folder": "x", "labels": ["go", "go"]}}, "dataset.labels"),
        ({"dataset": {"folder": "x", "labels": ["go"]}}, "dataset.labels"),
        ({"features": {"fft_length": 512}}, "features.fft_length"),
        ({"features": {"sample_rate": 8000, "upper_edge_hertz": 5000}}, "features.upper_edge_hertz"),
        ({"features": {"sample_rate": 11025}}, "features.sample_rate"),
        ({"features": {"kind": "wavelet"}}, "features.kind"),
        (
            {"features": {"frame_length_ms": 150}, "dataset": {"folder": "x", "clip_duration_ms": 100}},
            "features.frame_length_ms",
        ),
        ({"split": {"validation_fraction": 0.5, "test_fraction": 0.5}}, "split.test_fraction"),
        ({"model": {"filters": []}}, "model.filters"),
        ({"model": {"filters": [8, 0]}}, "model.filters"),
        ({"model": {"filters": [8, 8], "strides": [[1, 1], [1, 1], [1, 1]]}}, "model.strides"),
        ({"model": {"kernels": [[0, 3]]}}, "model.kernels"),
        ({"pruning": {"schedule": "polynomial", "begin": 0.8, "end": 0.5}}, "pruning.begin"),
        ({"features": 3}, "features"),
        ({"task": "weather"}, "task"),
        ({**FORECAST, "dataset": {}}, "dataset.file"),
        ({**FORECAST, "dataset": {"file": "x", "targets": ["a", "a"]}}, "dataset.targets"),
        ({**FORECAST, "dataset": {"file": "x", "targets": ["a"], "inputs": ["b"]}}, "dataset.inputs"),
        ({**FORECAST, "model": {"filters": [8, 8, 8]}}, "model.kernel"),
        ({**FORECAST, "model": {"units": [8, 0]}}, "model.units"),
        ({**FORECAST, "model": {"family": "lstm"}, "quantization": {"scheme": "int16x8"}}, "quantization.scheme"),
        ({**FORECAST, "quantization": {"input_output": "int8"}}, "quantization.input_output"),
        ({**FORECAST, "split": {"validation_fraction": 0.5, "test_fraction": 0.5}}, "split.test_fraction"),
        ({**FORECAST, "window": {"input_steps": 0}}, "window.input_steps"),
        ({**FORECAST, "features": {}}, "features"),
        ({**FORECAST, "training": {"label_smoothing": 0.1}}, "training.label_smoothing"),
    ],
)
def test_contradictions_are_told_at_their_field(change: dict[str, Any], path: str) -> None:
    assert path in problems_of({**BASE, **change})


def test_silence_beside_every_folder_is_enough() -> None:
    assert parse_spec({"dataset": {"folder": "x", "include_silence": True}}).dataset.include_silence


def test_the_source_stands_before_the_problems() -> None:
    with pytest.raises(SpecError, match=r"^trial\.toml: dataset\.folder: "):
        parse_spec({}, "trial.toml")


def test_the_identity_is_stable() -> None:
    """A change here orphans every finished trial."""
    finished = with_implied(KeywordSpottingSpec, parse_spec(BASE).model_dump(exclude_unset=True))
    assert identity(parse_spec(finished)) == "83f993a8e3d3"
    one, other = parse_spec(BASE), parse_spec({**BASE, "features": {"kind": "mfcc"}})
    assert identity(one) == identity(other)
    assert len(identity(one)) == 12
    assert identity(KeywordSpottingSpec.model_validate_json(one.model_dump_json())) == identity(one)


def test_the_order_of_labels_and_the_name_do_not_matter() -> None:
    swapped = {**BASE, "dataset": {"folder": "clips", "labels": ["stop", "go"]}, "name": "another"}
    assert identity(parse_spec(swapped)) == identity(parse_spec(BASE))
    assert parse_spec(swapped).dataset.labels == ("go", "stop")


EVERY_FIELD = [(task, path) for task, kind in SPECS.items() for path in every_field(kind)]


@pytest.mark.parametrize(("task", "path"), EVERY_FIELD)
def test_a_field_changes_the_identity_when_it_applies_and_only_then(task: str, path: str) -> None:
    if path in ("task", "name"):
        pytest.skip("names the trial or its kind")
    if len(getattr(field_at(SPECS[task], path)[1].annotation, "__args__", (0, 1))) == 1:
        pytest.skip("there is nothing to choose")
    changed_somewhere = False
    for values in BASES[task]:
        base = parse_spec(values)
        section_path, _, name = path.rpartition(".")
        applies = value_at(base, section_path).applies(name)
        other = parse_spec(override(values, path, other_value(path, base)))
        assert (identity(other) != identity(base)) == applies
        changed_somewhere |= applies
    assert changed_somewhere


@pytest.mark.parametrize(("task", "path"), EVERY_FIELD)
def test_every_field_is_described_in_a_sentence(task: str, path: str) -> None:
    section, field = field_at(SPECS[task], path)
    assert field.description is not None
    assert len(field.description) > 10
    assert declared(section, path.rpartition(".")[2])["unit"] is not None


def test_a_stage_depends_on_its_own_and_earlier_sections_alone() -> None:
    base = parse_spec(BASE)
    wider = parse_spec({**BASE, "model": {"width_multiplier": 2.0}})
    louder = parse_spec({**BASE, "features": {"num_mfccs": 12}})
    assert stage_key(base, "features") == stage_key(wider, "features")
    assert stage_key(base, "model") != stage_key(wider, "model")
    assert stage_key(base, "features") != stage_key(louder, "features")


def test_an_override_through_a_value_is_refused() -> None:
    with pytest.raises(SpecError, match="has no settings of its own"):
        override({"name": "x"}, "name.first", 1)


def test_an_unknown_path_lists_what_is_there() -> None:
    with pytest.raises(SpecError, match="unknown field; use one of: kind"):
        field_at(KeywordSpottingSpec, "features.colour")
    with pytest.raises(SpecError, match="no section 'colours'; use one of: dataset"):
        field_at(KeywordSpottingSpec, "colours.red")


def test_differences_leave_out_what_does_not_apply() -> None:
    plain, pruned = parse_spec(BASE), parse_spec({**BASE, "pruning": {"schedule": "constant"}, "name": "pruned"})
    found = differences(pruned, plain)
    assert found["pruning.schedule"] == ("constant", "none")
    assert found["pruning.final_sparsity"] == (0.7, None)
    assert "pruning.initial_sparsity" not in found
    assert "name" not in found


def test_a_setting_under_its_former_name_is_read_and_the_identity_stays() -> None:
    renamed = parse_spec({**BASE, "quantization": {"representative_clips": 77}})
    assert renamed.quantization.representative_examples == 77
    assert identity(parse_spec({**BASE, "quantization": {"representative_examples": 77}})) == identity(renamed)
    assert '"representative_clips":77' in spec.canonical_json(renamed)


def test_a_task_may_set_other_defaults_than_a_section_has() -> None:
    forecast = parse_spec(FORECAST)
    assert forecast.quantization.input_output == "float32"
    assert forecast.training.epochs == 50
    partly = parse_spec({**FORECAST, "quantization": {"scheme": "int8"}})
    assert (partly.quantization.scheme, partly.quantization.input_output) == ("int8", "float32")
    assert identity(parse_spec(partly.model_dump(mode="json"))) == identity(partly)


class _Clips(Section):
    title: ClassVar[str] = "Clips"

    start: str = setting("loudest", "Which part of a longer clip is used.", implied="first")


class _Trial(Section):
    title: ClassVar[str] = "Trial"

    clips: _Clips = setting(_Clips(), "Clips")


def test_a_field_that_older_files_lack_is_filled_with_what_they_imply() -> None:
    assert with_implied(_Trial, {"clips": {}}) == {"clips": {"start": "first"}}
    assert with_implied(_Trial, {"clips": {"start": "loudest"}}) == {"clips": {"start": "loudest"}}


def test_what_older_files_imply_stands_in_no_identity() -> None:
    assert _Clips(start="first").recorded() == {}
    assert _Clips().recorded() == {"start": "loudest"}
