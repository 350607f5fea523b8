"""The Experiment page with a real worker: from a click on Train to a point in the study."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.events import EpochEnded
from core.experiment.jobs import Train
from core.experiment.store import Constraints, TrialState
from core.section import override
from core.spec import Features, TrialSpec, parse_spec
from tests.workbench.conftest import WORKER_MS
from workbench.form.starter_specs import starters
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.pages.experiment import ExperimentPage
from workbench.preferences import Preferences
from workbench.session import Session

# The offscreen plugin says so of any window with a smallest size; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tiny_spec: TrialSpec) -> ExperimentPage:
    page = ExperimentPage(session, jobs, preferences)
    page.resize(1192, 712)
    page.use_spec(tiny_spec)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    return page


@pytest.fixture
def study(session: Session, tmp_path: Path) -> Path:
    session.open_study(tmp_path / "study")
    return tmp_path / "study"


def test_a_click_on_train_gives_a_measured_point_and_curves(
    qtbot: QtBot, page: ExperimentPage, session: Session, jobs: Jobs, study: Path
) -> None:
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS) as ended:
        qtbot.mouseClick(page.train_button, Qt.MouseButton.LeftButton)
    assert ended.args[0].state is JobState.FINISHED
    [trial] = session.opened().summaries()
    qtbot.waitUntil(lambda: session.opened().summaries()[0].state is TrialState.FINISHED)
    [trial] = session.opened().summaries()
    assert trial.accuracy is not None
    assert trial.zip_bytes is not None
    assert trial.latencies
    assert page.curves.shown == trial.name
    loss = next(metric for metric in page.curves.curves.lines if metric.field == "validation_loss")
    qtbot.waitUntil(lambda: list(page.curves.curves.lines[loss].getData()[0]) == [1, 2, 3])
    estimated = page.draft.estimate
    assert estimated is not None
    assert estimated.params == trial.params
    assert estimated.macs == trial.macs
    assert page.curves.ending.isVisibleTo(page.curves)
    assert re.fullmatch(r"Accuracy [\d.]+ ± [\d.]+ % · zip [\d.]+ kB · total [\d.]+ ms", page.curves.outcome.text())
    qtbot.mouseClick(page.curves.lead, Qt.MouseButton.LeftButton)
    assert session.selection == (trial.name,)


def test_several_trials_are_queued_and_a_cancelled_one_goes_on_where_it_was(
    qtbot: QtBot, page: ExperimentPage, session: Session, jobs: Jobs, study: Path
) -> None:
    page.draft.set("training.epochs", 900)
    page.train()
    page.draft.set("training.epochs", 1)
    page.train()
    assert [job.kind for job in jobs.waiting][-1:] == ["train"]
    epochs: list[EpochEnded] = []
    session.event_received.connect(lambda event: epochs.append(event) if isinstance(event, EpochEnded) else None)
    qtbot.waitUntil(lambda: bool(epochs), timeout=WORKER_MS)
    assert jobs.running is not None
    first = jobs.running.id
    ended: list[tuple[str, JobState]] = []
    jobs.ended.connect(lambda job: ended.append((job.id, job.state)))
    jobs.cancel(first)
    qtbot.waitUntil(lambda: len(ended) == 2, timeout=WORKER_MS)
    assert ended[0] == (first, JobState.CANCELLED)
    assert ended[1][1] is JobState.FINISHED
    session.refresh()
    assert [trial.state for trial in session.opened().summaries()] == [TrialState.CANCELLED, TrialState.FINISHED]


def test_train_is_disabled_while_a_problem_stands_and_says_why(qtbot: QtBot, page: ExperimentPage) -> None:
    page.draft.set_text("training.epochs", "many")
    assert not page.train_button.isEnabled()
    assert page.why.isVisible()
    assert page.why.text() == "Training, Epochs: must be a whole number, is 'many'"
    assert page.estimate.figures["params"].text() == "–"
    qtbot.mouseClick(page.why, Qt.MouseButton.LeftButton)
    assert page.focusWidget() is page.form.rows["training.epochs"].editor.control
    page.draft.set("training.epochs", 2)
    assert page.train_button.isEnabled()
    assert not page.why.isVisible()


def test_enter_trains_and_adds_a_trial_to_a_study_made_when_first_needed(
    page: ExperimentPage, session: Session, jobs: Jobs
) -> None:
    assert session.study is None
    QTest.keyClick(page.form.rows["name"].editor.control, Qt.Key.Key_Return)
    assert session.opened().folder.name == "first-study"
    assert [trial.title for trial in session.opened().summaries()] == ["Tones"]
    queued = jobs.running or jobs.waiting[0]
    assert queued.intention.trials == (session.opened().summaries()[0].name,)


def test_a_varied_field_makes_a_sweep(
    qtbot: QtBot, page: ExperimentPage, session: Session, jobs: Jobs, study: Path
) -> None:
    page.form.unfold(["features", "training"])
    qtbot.mouseClick(page.form.rows["features.num_mel_bins"].mark, Qt.MouseButton.LeftButton)
    QTest.keyClicks(page.form.rows["features.num_mel_bins"].axis, ", 20, 30")
    page.draft.vary("training.seed", "0, 1, 2, 3")
    assert page.train_button.text() == "Train 12 trials"
    assert page.sweep.isVisible()
    assert "3 × 4 = 12 trials" in page.sweep.axes.text()
    page.sweep.workers.setValue(3)
    page.train()
    qtbot.waitUntil(lambda: jobs.running is not None or bool(jobs.waiting))
    queued = jobs.running or jobs.waiting[0]
    assert (queued.kind, queued.intention.num_workers, len(queued.intention.trials)) == ("sweep", 3, 12)
    assert len(session.opened().summaries()) == 12
    qtbot.mouseClick(page.sweep.clear, Qt.MouseButton.LeftButton)
    assert not page.sweep.isVisible()
    assert page.train_button.text() == "Train"


def test_the_estimate_times_the_features_of_what_the_form_says(qtbot: QtBot, page: ExperimentPage) -> None:
    cost = page.estimate.figures["features"]
    qtbot.waitUntil(lambda: re.fullmatch(r"[\d.]+", cost.text()) is not None)
    page.draft.set("training.epochs", 5)
    assert cost.text() != "…"
    page.draft.set("features.num_mel_bins", 30)
    assert cost.text() == "…"
    qtbot.waitUntil(lambda: re.fullmatch(r"[\d.]+", cost.text()) is not None)
    page.draft.set("features.frame_length_ms", -1)
    assert cost.text() == "–"


def test_features_are_not_timed_while_a_job_has_the_processor(qtbot: QtBot, page: ExperimentPage, jobs: Jobs) -> None:
    cost = page.estimate.figures["features"]
    qtbot.waitUntil(lambda: re.fullmatch(r"[\d.]+", cost.text()) is not None)
    jobs.running = QueuedJob(Train(study="x", trials=()))
    jobs.changed.emit()
    page.draft.set("features.num_mel_bins", 30)
    qtbot.wait(50)
    assert cost.text() == "…"
    jobs.running = None
    jobs.changed.emit()
    qtbot.waitUntil(lambda: re.fullmatch(r"[\d.]+", cost.text()) is not None)


def test_the_estimate_is_red_where_the_constraint_cannot_be_met(
    page: ExperimentPage, session: Session, study: Path
) -> None:
    assert page.draft.estimate is not None
    assert page.estimate.figures["zip"].property("role") == "figure"
    session.set_constraints(Constraints(zip_bytes_max=page.draft.estimate.zip_bytes // 2))
    assert page.estimate.figures["zip"].property("role") == "bad-figure"
    assert page.estimate.note.isVisible()
    session.set_constraints(Constraints(zip_bytes_max=page.draft.estimate.zip_bytes * 2))
    assert page.estimate.figures["zip"].property("role") == "figure"


def test_a_spec_is_saved_and_opened_as_toml(page: ExperimentPage, tiny_spec: TrialSpec, tmp_path: Path) -> None:
    page.save_spec(tmp_path / "mine.toml")
    page.draft.set("training.epochs", 77)
    page.open_spec(tmp_path / "mine.toml")
    assert page.draft.spec == tiny_spec
    (tmp_path / "bad.toml").write_text("[training]\nepochs = 'many'\n")
    page.open_spec(tmp_path / "bad.toml")
    assert "bad.toml" in page.message.text.text()
    assert "epochs" in page.message.text.text()
    assert page.draft.spec == tiny_spec


@pytest.mark.parametrize("starter", starters(), ids=lambda starter: starter.file)
def test_a_starter_spec_takes_the_folder_at_hand(page: ExperimentPage, starter, tone_clips: Path) -> None:
    page.use_starter(starter)
    assert page.draft.problems == ()
    assert page.draft.valid.dataset.folder == str(tone_clips)
    assert page.draft.valid.dataset.labels == ()
    assert page.draft.estimate is not None


def test_settings_of_a_trial_come_into_the_form(page: ExperimentPage, session: Session, tiny_spec: TrialSpec) -> None:
    wanted = parse_spec(override(tiny_spec.model_dump(), "name", "Other"))
    session.spec_requested.emit(wanted)
    assert page.draft.spec == wanted
    assert page.form.rows["name"].editor.line.text() == "Other"


def test_settings_of_the_features_come_into_the_form_alone(
    qtbot: QtBot, page: ExperimentPage, session: Session, tiny_spec: TrialSpec
) -> None:
    page.draft.vary("training.epochs", "2, 3")
    page.form.unfold(["features"])
    page.draft.set_text("features.num_mfccs", "many")
    told: list[TrialSpec] = []
    session.spec_edited.connect(told.append)
    session.use_features(Features(num_mfccs=13, upper_edge_hertz=8000))
    assert page.draft.problems == ()
    assert page.form.rows["features.num_mfccs"].editor.line.text() == "13"
    assert page.draft.num_trials == 2
    assert told == [tiny_spec.model_copy(update={"features": Features(num_mfccs=13, upper_edge_hertz=8000)})]


def test_a_first_start_offers_clips_and_a_folder_leads_to_train(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tone_clips: Path, tmp_path: Path
) -> None:
    page = ExperimentPage(session, jobs, preferences)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    assert page.welcome.isVisible()
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS):
        page.welcome.use_folder(str(tmp_path / "nowhere"))
    assert "nowhere" in page.welcome.folder.failure.text()
    with qtbot.waitSignal(page.welcome.data_ready, timeout=WORKER_MS):
        page.welcome.use_folder(str(tone_clips))
        assert page.welcome.folder.cancel.isVisible()
        assert not page.welcome.download.button.isEnabled()
    assert not page.welcome.isVisible()
    assert page.train_button.isEnabled()
    assert page.draft.valid.dataset.folder == str(tone_clips)
    again = ExperimentPage(session, jobs, preferences)
    qtbot.addWidget(again)
    again.show()
    assert not again.welcome.isVisible()


def test_the_form_comes_back_as_it_was_left(
    qtbot: QtBot, page: ExperimentPage, session: Session, jobs: Jobs, preferences: Preferences
) -> None:
    page.draft.set("training.epochs", 33)
    page.form.unfold(["training"])
    qtbot.waitUntil(lambda: "33" in preferences.last_spec)
    again = ExperimentPage(session, jobs, preferences)
    qtbot.addWidget(again)
    assert again.draft.valid.training.epochs == 33
    assert again.form.unfolded() == ["training"]
