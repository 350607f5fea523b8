from pathlib import Path

import pytest

from core.datasets.edits import ClipEdit, load_edits
from core.errors import StudyError
from core.experiment.store import Constraints, Study
from core.spec import TrialSpec
from workbench.session import Session


class Heard:
    """What a session told, in order."""

    def __init__(self, session: Session) -> None:
        self.told: list[tuple[str, object]] = []
        for name in ("study_opened", "trials_changed", "selection_changed", "reference_changed", "constraints_changed"):
            getattr(session, name).connect(lambda value, name=name: self.told.append((name, value)))
        for name in (
            "spec_requested",
            "spec_edited",
            "features_requested",
            "dataset_requested",
            "undo_changed",
            "failed",
            "device_changed",
        ):
            getattr(session, name).connect(lambda value, name=name: self.told.append((name, value)))

    def of(self, name: str) -> list[object]:
        return [value for told, value in self.told if told == name]


@pytest.fixture
def heard(session: Session, tmp_path: Path) -> Heard:
    session.open_study(tmp_path / "study")
    return Heard(session)


def test_a_session_needs_no_qt() -> None:
    source = Path(__file__).parents[2] / "workbench" / "session.py"
    assert "PySide6" not in source.read_text(encoding="utf-8")


def test_opening_a_study_tells_it_and_selects_nothing(session: Session, tmp_path: Path, tiny_spec: TrialSpec) -> None:
    session.open_study(tmp_path / "one")
    session.select(tuple(session.add_trials([tiny_spec])))
    heard = Heard(session)
    session.open_study(tmp_path / "two")
    assert [study.folder.name for study in heard.of("study_opened")] == ["two"]
    assert session.selection == ()
    assert heard.of("selection_changed") == [()]


def test_without_a_study_nothing_can_be_added(session: Session, tiny_spec: TrialSpec) -> None:
    with pytest.raises(StudyError, match="no study is open"):
        session.add_trials([tiny_spec])


def test_a_file_in_the_way_of_a_study_is_named(session: Session, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(StudyError, match="taken"):
        session.open_study(tmp_path / "taken")
    assert session.study is None


def test_trials_are_added_renamed_and_deleted_and_each_is_told(
    session: Session, heard: Heard, tiny_spec: TrialSpec
) -> None:
    [name] = session.add_trials([tiny_spec])
    session.select((name,))
    session.rename(name, "Better")
    assert session.opened().summary(name).title == "Better"
    session.delete((name,))
    assert session.opened().summaries() == []
    assert heard.of("trials_changed") == [frozenset([name])] * 3
    assert heard.of("selection_changed") == [(name,), ()]


def test_deletions_and_renamings_are_undone_last_first(session: Session, heard: Heard, tiny_spec: TrialSpec) -> None:
    first, second = session.add_trials([tiny_spec, tiny_spec])
    session.rename(first, "Better")
    session.delete((first, second))
    assert heard.of("undo_changed") == ["rename A", "delete A, B"]
    assert session.undo() == "delete A, B"
    assert [trial.name for trial in session.opened().summaries()] == [first, second]
    assert session.undo() == "rename A"
    assert session.opened().summary(first).title == tiny_spec.name
    assert session.undo() == ""


def test_edits_of_clips_are_undone_in_line_with_trials_and_outlive_a_study(
    session: Session, heard: Heard, tiny_spec: TrialSpec, own_tone_clips: Path, tmp_path: Path
) -> None:
    told: list[tuple[Path, dict[str, ClipEdit]]] = []
    session.clips_edited.connect(lambda folder, edits: told.append((folder, dict(edits))))
    excluded = {"low/1a2b3c70_nohash_0.wav": ClipEdit(excluded=True)}
    session.edit_clips(own_tone_clips, excluded, "exclude a clip")
    session.delete(tuple(session.add_trials([tiny_spec])))
    assert load_edits(own_tone_clips) == excluded
    session.open_study(tmp_path / "another")
    assert heard.of("undo_changed") == ["exclude a clip", "delete A", "exclude a clip"]
    assert session.undo() == "exclude a clip"
    assert load_edits(own_tone_clips) == {}
    assert told == [(own_tone_clips, excluded), (own_tone_clips, dict.fromkeys(excluded, ClipEdit()))]
    assert session.undo() == ""


def test_a_choice_of_clips_reaches_the_form_and_those_who_follow_it(
    session: Session, heard: Heard, tiny_spec: TrialSpec
) -> None:
    session.tell_spec(tiny_spec)
    chosen = tiny_spec.dataset.model_copy(update={"labels": ("high", "low")})
    session.use_dataset(chosen)
    assert session.spec is not None
    assert session.spec.dataset == chosen
    alone = chosen.model_copy(update={"labels": ("high",)})
    session.use_dataset(alone)
    assert heard.of("dataset_requested") == [chosen, alone]
    assert session.spec.dataset == chosen


def test_settings_of_a_trial_are_asked_into_the_form(session: Session, heard: Heard, tiny_spec: TrialSpec) -> None:
    [name] = session.add_trials([tiny_spec])
    session.use_settings(name)
    assert heard.of("spec_requested") == [tiny_spec]


def test_what_the_form_says_is_told_once(session: Session, heard: Heard, tiny_spec: TrialSpec) -> None:
    session.tell_spec(tiny_spec)
    session.tell_spec(tiny_spec.model_copy())
    assert heard.of("spec_edited") == [tiny_spec]
    assert session.spec == tiny_spec


def test_reference_and_constraints_are_kept_in_the_study(
    session: Session, heard: Heard, tiny_spec: TrialSpec, tmp_path: Path
) -> None:
    [name] = session.add_trials([tiny_spec])
    session.set_reference(name)
    wanted = Constraints(accuracy_min=0.95, zip_bytes_max=10_240)
    session.set_constraints(wanted)
    session.set_constraints(wanted)
    assert heard.of("reference_changed") == [name]
    assert heard.of("constraints_changed") == [wanted]
    again = Study.open(tmp_path / "study")
    assert (again.reference, again.constraints) == (name, wanted)


def test_what_another_process_adds_is_found(
    session: Session, heard: Heard, tiny_spec: TrialSpec, tmp_path: Path
) -> None:
    name = Study.open(tmp_path / "study").add(tiny_spec)
    session.refresh()
    assert heard.of("trials_changed") == [frozenset([name])]
    session.refresh()
    assert len(heard.of("trials_changed")) == 1


def test_choosing_a_device_is_told_once(session: Session) -> None:
    heard = Heard(session)
    session.device = "pi"
    session.device = "pi"
    assert heard.of("device_changed") == ["pi"]
