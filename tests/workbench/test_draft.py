from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.section import field_at, value_at
from core.spec import KeywordSpottingSpec
from tests.series import write_series
from workbench.form import field_text
from workbench.form.draft import Draft, fields_of
from workbench.form.essences import essence
from workbench.form.field_text import Shape
from workbench.form.starter_specs import starters


@pytest.fixture
def draft(tiny_spec: KeywordSpottingSpec) -> Draft:
    return Draft(tiny_spec)


def test_every_field_with_a_choice_is_in_the_form(tiny_spec: KeywordSpottingSpec) -> None:
    paths = fields_of(KeywordSpottingSpec)
    assert "task" not in paths
    assert "features.num_mel_bins" in paths
    assert len(paths) == len(set(paths)) > 60


@pytest.mark.parametrize("path", fields_of(KeywordSpottingSpec))
def test_what_is_written_of_a_field_is_read_as_the_same(path: str) -> None:
    _, field = field_at(KeywordSpottingSpec, path)
    value = value_at(KeywordSpottingSpec(), path)
    assert field_text.read(field, field_text.write(value)) == value
    assert field_text.read_values(field, field_text.example(field))


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("model.kernels", "3x3, 5 × 3", ((3, 3), (5, 3))),
        ("model.filters", "16,32", (16, 32)),
        ("training.initial_learning_rate", "1e-3", 0.001),
        ("features.kind", "Log-mel", "log_mel"),
        ("dataset.labels", "stop, go,", ("stop", "go")),
        ("model.residual", "On", True),
    ],
)
def test_settings_are_read_as_people_write_them(draft: Draft, path: str, text: str, value: Any) -> None:
    draft.set_text(path, text)
    assert draft.value(path) == value


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("model.kernels", "3", "pairs such as 3×3"),
        ("model.filters", "16; 32", "whole number"),
        ("training.initial_learning_rate", "fast", "must be a number"),
        ("training.epochs", "2.5", "whole number"),
        ("features.num_mel_bins", "500", "128"),
        ("features.num_mfccs", "41", "mel bins"),
    ],
)
def test_what_cannot_be_is_a_problem_of_its_field(draft: Draft, path: str, text: str, said: str) -> None:
    draft.set_text(path, text)
    assert said in " ".join(draft.problems_at(path))
    assert (draft.spec, draft.num_trials, draft.estimate) == (None, 0, None)
    draft.set(path, value_at(draft.valid, path))
    assert draft.problems == ()
    assert draft.spec is not None


def test_a_network_that_cannot_be_built_is_a_problem(draft: Draft) -> None:
    draft.set("features.frame_length_ms", 200.0)
    draft.set("features.frame_step_ms", 200.0)
    draft.set("model.kernels", ((15, 15),))
    assert "too small" in " ".join(draft.problems_at("model.kernels"))


def test_fields_apply_by_their_siblings(draft: Draft) -> None:
    assert draft.applies("features.num_mfccs")
    draft.set("features.kind", "log_mel")
    assert not draft.applies("features.num_mfccs")
    draft.set("features.kind", "spectrogram")
    assert not draft.applies("features.num_mel_bins")
    draft.vary("features.kind", "mfcc, spectrogram")
    assert draft.applies("features.num_mfccs")


def test_axes_make_a_grid_without_doubles(draft: Draft) -> None:
    draft.vary("features.num_mel_bins", "20, 30, 40")
    draft.vary("features.kind", "mfcc, spectrogram")
    assert draft.num_trials == 4
    assert {spec.features.num_mel_bins for spec in draft.expand() if spec.features.kind == "mfcc"} == {20, 30, 40}
    draft.stop_varying("features.kind")
    assert draft.num_trials == 3


def test_lists_are_separated_by_semicolons(draft: Draft) -> None:
    draft.vary("model.filters", "4; 8")
    assert [spec.model.filters for spec in draft.expand()] == [(4,), (8,)]


def test_wrong_values_of_an_axis_are_its_problem(draft: Draft) -> None:
    draft.vary("features.num_mel_bins", "20, many")
    assert "'many'" in draft.problems_at("features.num_mel_bins")[0]
    draft.vary("features.num_mel_bins", "20, 5")
    assert "mel bins (5)" in " ".join(draft.problems_at("features.num_mfccs"))
    assert draft.num_trials == 0


def test_a_large_grid_is_counted_without_being_expanded(draft: Draft) -> None:
    draft.vary("training.seed", ", ".join(map(str, range(40))))
    draft.vary("split.seed", ", ".join(map(str, range(40))))
    assert draft.num_trials == 1600


def test_replacing_the_spec_forgets_what_was_typed(draft: Draft, tiny_spec: KeywordSpottingSpec) -> None:
    draft.set_text("training.epochs", "many")
    draft.vary("training.seed", "1, 2")
    draft.replace(tiny_spec)
    assert (draft.spec, draft.axes, draft.problems) == (tiny_spec, {}, ())


def test_a_section_folds_to_its_essence() -> None:
    spec = KeywordSpottingSpec()
    assert essence(spec.features) == "MFCC 10 of 40 mel, 40/20 ms, 20–4000 Hz"
    assert essence(spec.model) == "CNN 128·128·128, 3×3"
    assert essence(spec.training) == "10 epochs, batch 20, Adam 0.01 → 1e-5 linear"
    assert essence(spec.dataset) == "no folder yet"


def test_every_shape_of_field_is_known() -> None:
    shapes = {field_text.shape_of(field_at(KeywordSpottingSpec, path)[1]) for path in fields_of(KeywordSpottingSpec)}
    assert shapes == set(Shape)


def test_a_step_that_does_not_fit_the_table_is_a_problem_of_its_field(tmp_path: Path) -> None:
    table = write_series(tmp_path / "hourly.csv", step=timedelta(hours=1))
    draft = Draft(starters("forecasting")[0].spec_for(str(table)))
    path = "window.step_minutes"
    assert draft.problems_at(path) == (
        "the table has a row every 1 h, so a step of 10 min does not fit; use 60 min or a multiple of it",
    )
    assert draft.num_trials == 0
    draft.set(path, 60.0)
    assert (draft.problems, draft.num_trials) == ((), 1)
    draft.vary(path, "60, 90")
    assert "a step of 90 min does not fit" in draft.problems_at(path)[0]
    assert draft.num_trials == 0
    draft.vary(path, "60, 120")
    assert (draft.problems, draft.num_trials) == ((), 2)
    # What varies has no one value that could be wrong.
    draft.set(path, 10.0)
    assert (draft.problems, draft.num_trials) == ((), 2)
    draft.stop_varying(path)
    assert "a step of 10 min does not fit" in draft.problems_at(path)[0]


def test_every_clip_cannot_be_trained_on_from_the_form(draft: Draft) -> None:
    draft.set("split.rule", "all")
    (said,) = draft.problems_at("split.rule")
    assert "“Train the final model”" in said
    draft.set("split.rule", "random")
    assert not draft.problems_at("split.rule")
