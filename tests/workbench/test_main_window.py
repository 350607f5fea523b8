import re
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QSplitter, QWidget
from pytestqt.qtbot import QtBot

from core.events import EpochEnded, JobStarted, TrialStarted
from core.experiment.jobs import CheckData, Train
from core.spec import TrialSpec
from tests.workbench.conftest import WORKER_MS
from workbench import __main__ as program
from workbench import app, theme
from workbench import preferences as remembered
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.main_window import TITLE, MainWindow
from workbench.preferences import Preferences
from workbench.session import Session
from workbench.widgets.elided_label import shortened

# The offscreen plugin says so of any window with a smallest size; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def open_window(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> MainWindow:
    window = MainWindow(session, jobs, preferences, app.PAGES)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    return window


@pytest.fixture
def window(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> MainWindow:
    return open_window(qtbot, session, jobs, preferences)


def test_the_title_names_the_study(window: MainWindow, session: Session, tmp_path: Path) -> None:
    assert window.windowTitle() == TITLE
    session.open_study(tmp_path / "go-stop")
    assert window.windowTitle() == f"{TITLE} — go-stop"
    assert window.header.study.text() == "go-stop"
    window.message.show_message("The trial was stopped")
    session.open_study(tmp_path / "another")
    assert not window.message.isVisible()


def test_pages_are_reached_by_rail_and_keys_in_order(qtbot: QtBot, window: MainWindow) -> None:
    titles = [entry.title for entry in app.PAGES]
    assert list(window.rail.buttons) == titles
    for number, title in enumerate(titles, 1):
        QTest.keyClick(window, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.ControlModifier)
        assert window.shown == title
        assert window.rail.buttons[title].isChecked()
    qtbot.mouseClick(window.rail.buttons[titles[0]], Qt.MouseButton.LeftButton)
    assert window.shown == titles[0]


def test_the_rail_is_one_stop_for_tab_and_arrows_go_through_it(window: MainWindow) -> None:
    window.show_page("Trials")
    stops = [title for title, button in window.rail.buttons.items() if button.focusPolicy() & Qt.FocusPolicy.TabFocus]
    assert stops == ["Trials"]
    window.rail.buttons["Trials"].setFocus()
    for title in ("Experiment", "Features"):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Up)
        assert window.shown == title
        assert window.focusWidget() is window.rail.buttons[title]


def test_state_is_remembered(
    qtbot: QtBot, window: MainWindow, session: Session, jobs: Jobs, preferences: Preferences, tmp_path: Path
) -> None:
    session.open_study(tmp_path / "one")
    session.open_study(tmp_path / "two")
    window.resize(1300, 720)
    window.show_page("Trials")
    window.choose_theme("dark")
    window.strip.log.setChecked(True)
    preferences.set(remembered.LOG_HEIGHT, 120)
    window.close()
    settings = QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)
    kept = Preferences(settings)
    assert kept.recent_studies == [str(tmp_path / "two"), str(tmp_path / "one")]
    other = Session()
    assert app.open_last_study(other, kept) == ""
    assert other.opened().folder == tmp_path / "two"
    again = open_window(qtbot, other, jobs, kept)
    # The screen of these tests is narrower than the window, so that only its height can come back.
    assert again.height() == 720
    assert again.shown == "Trials"
    assert theme.current() is theme.DARK
    assert again.log.isVisible()
    assert again.log.height() == 120
    assert [action.isChecked() for action in again.theme_actions] == [False, False, True]


def test_every_splitter_stays_where_it_was_put(
    window: MainWindow, preferences: Preferences, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.build_pages()
    kept: list[str] = []
    monkeypatch.setattr(preferences, "set", lambda preference, value, name="": kept.append(preference.key + name))
    splitters = window.findChildren(QSplitter)
    for number, splitter in enumerate(splitters, 1):
        splitter.splitterMoved.emit(100, 1)
        assert len(kept) == number, splitter.parentWidget()
    assert len(set(kept)) == len(splitters) >= 10


def test_a_study_that_is_gone_is_said(preferences: Preferences, session: Session, tmp_path: Path) -> None:
    preferences.set(remembered.LAST_STUDY, str(tmp_path / "gone"))
    assert "gone" in app.open_last_study(session, preferences)
    assert session.study is None


def test_what_cannot_be_opened_is_a_line_in_the_window(window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    window.open_study(tmp_path / "taken")
    assert window.message.isVisible()
    assert "taken" in window.message.text.text()
    QTest.keyClick(window.message, Qt.Key.Key_Escape)
    assert not window.message.isVisible()


def test_the_palette_finds_and_does_any_command(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.palette_popup.isVisible()
    QTest.keyClicks(window.palette_popup.line, "dark")
    assert window.palette_popup.list.count() == 1
    QTest.keyClick(window.palette_popup.line, Qt.Key.Key_Return)
    assert not window.palette_popup.isVisible()
    assert theme.current() is theme.DARK
    window.open_palette()
    QTest.keyClicks(window.palette_popup.line, "no such command")
    assert window.palette_popup.nothing.isVisible()
    QTest.keyClick(window.palette_popup.line, Qt.Key.Key_Escape)
    assert not window.palette_popup.isVisible()


def test_the_palette_writes_names_as_the_rail_does(window: MainWindow) -> None:
    window.open_palette()
    shown = [window.palette_popup.list.item(row).text() for row in range(window.palette_popup.list.count())]
    assert {entry.title for entry in app.PAGES} <= set(shown)
    assert {"Theme: follow the system", "Theme: light", "Theme: dark"} <= set(shown)
    assert [action.text() for action in window.theme_actions] == ["Follow the system", "Light", "Dark"]


def test_a_starter_spec_and_training_begin_from_the_palette(window: MainWindow) -> None:
    window.show_page("Experiment")
    page = window.page("Experiment")
    window.open_palette()
    assert window.palette_popup.list.item(0).text() == "Train"
    QTest.keyClicks(window.palette_popup.line, "starter eight")
    QTest.keyClick(window.palette_popup.line, Qt.Key.Key_Return)
    assert page.draft.value("name") == "Eight words, small"
    explained = [action.toolTip() for action in page.starter_menu.actions() if action.isEnabled()]
    assert all(len(words) > 40 for words in explained)


def test_help_and_messages_give_the_focus_back(window: MainWindow) -> None:
    window.show_page("Experiment")
    held = window.rail.buttons["Experiment"]
    held.setFocus()
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert window.help.hasFocus()
    QTest.keyClick(window.help, Qt.Key.Key_Escape)
    assert held.hasFocus()
    window.message.show_message("Something is missing")
    window.message.dismiss.setFocus()
    QTest.keyClick(window.message.dismiss, Qt.Key.Key_Escape)
    assert not window.message.isVisible()
    assert held.hasFocus()


def test_a_first_start_fills_a_screen_that_is_smaller_than_the_usual_window(window: MainWindow) -> None:
    room = window.screen().availableSize()
    assert room.width() < 1440
    assert window.isMaximized()


def test_the_log_opens_with_room_to_read(window: MainWindow) -> None:
    window.resize(1280, 800)
    window.strip.log.setChecked(True)
    assert window.log_splitter.sizes()[1] == 200


@pytest.mark.parametrize("entry", app.PAGES, ids=lambda entry: entry.title)
def test_f1_opens_two_paragraphs_on_each_page(window: MainWindow, entry) -> None:
    window.show_page(entry.title)
    QTest.keyClick(window, Qt.Key.Key_F1)
    assert window.help.isVisible()
    assert len(entry.help_text.split("\n\n")) == 2
    assert "\n" not in re.sub(r"\n\n", "", entry.help_text)
    QTest.keyClick(window.help, Qt.Key.Key_Escape)
    assert not window.help.isVisible()


def test_deletions_are_undone_from_the_window(
    window: MainWindow, session: Session, tiny_spec: TrialSpec, tmp_path: Path
) -> None:
    session.open_study(tmp_path / "study")
    names = session.add_trials([tiny_spec])
    assert not window.undo_action.isEnabled()
    session.delete(tuple(names))
    assert window.undo_action.text() == "Undo: delete A"
    window.undo_action.trigger()
    assert [trial.name for trial in session.opened().summaries()] == names
    assert not window.undo_action.isEnabled()


def test_the_strip_says_what_runs_how_far_and_how_long_still(
    qtbot: QtBot, window: MainWindow, session: Session, jobs: Jobs, tiny_spec: TrialSpec, tmp_path: Path
) -> None:
    strip = window.strip
    assert not strip.cancel.isVisible()
    session.open_study(tmp_path / "study")
    names = session.add_trials([tiny_spec, tiny_spec])
    job = QueuedJob(Train(study=str(tmp_path / "study"), trials=tuple(names)), state=JobState.RUNNING)
    jobs.running = job
    session.event_received.emit(JobStarted(job=job.id, intention="train"))
    session.event_received.emit(TrialStarted(job=job.id, trial=names[0]))
    session.event_received.emit(
        EpochEnded(
            job=job.id, trial=names[0], phase="training", epoch=1, epochs=3, loss=1, accuracy=0.5, validation_loss=1,
            validation_accuracy=0.5, learning_rate=0.01, sparsity=0, seconds=32,
        )
    )  # fmt: skip
    qtbot.waitUntil(lambda: strip.words.text() == "epoch 1/3")
    assert strip.name.text() == "A  Tones"
    assert strip.left.text() == "1:04 left"
    assert strip.queue.text() == "1 queued"
    assert strip.bar.value() == 333
    assert strip.cancel.isVisible()
    jobs.running = None
    jobs.changed.emit()
    qtbot.waitUntil(lambda: not strip.cancel.isVisible())


def test_long_titles_keep_their_ends() -> None:
    title = "Go/stop, tiny, width multiplier 0.25, epochs 2"
    assert shortened(title, 60) == title
    assert shortened(title, 30) == "Go/stop, tiny,…0.25, epochs 2"
    assert len(shortened(title, 30)) <= 30


def test_a_failed_job_is_a_line_in_the_window_with_the_way_to_the_log(
    qtbot: QtBot, window: MainWindow, jobs: Jobs
) -> None:
    job = QueuedJob(Train(study="x", trials=()), state=JobState.FAILED, message="the disk is full; free some space")
    jobs.ended.emit(job)
    assert window.message.text.text() == "Training: the disk is full; free some space."
    qtbot.mouseClick(window.message.button, Qt.MouseButton.LeftButton)
    assert window.log.isVisible()


def test_a_failure_is_said_until_the_same_goes_well(window: MainWindow, jobs: Jobs) -> None:
    jobs.ended.emit(QueuedJob(CheckData(folder="x"), state=JobState.FAILED, message="x is not a folder"))
    jobs.ended.emit(QueuedJob(Train(study="x", trials=()), state=JobState.FINISHED))
    assert window.message.isVisible()
    jobs.ended.emit(QueuedJob(CheckData(folder="y"), state=JobState.FINISHED))
    assert not window.message.isVisible()


def test_a_cancelled_trial_goes_on_by_one_click(
    qtbot: QtBot, window: MainWindow, session: Session, jobs: Jobs, tiny_spec: TrialSpec, tmp_path: Path
) -> None:
    session.open_study(tmp_path / "study")
    names = tuple(session.add_trials([tiny_spec]))
    assert session.unfinished() == names
    jobs.submit(Train(study=str(tmp_path / "study"), trials=names))
    queued = jobs.running or jobs.waiting[0]
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS):
        jobs.cancel(queued.id)
    assert window.message.text.text() == "The trial was stopped."
    qtbot.mouseClick(window.message.button, Qt.MouseButton.LeftButton)
    queued = jobs.running or jobs.waiting[0]
    assert queued.intention.trials == names


@pytest.mark.parametrize("title", [entry.title for entry in app.PAGES])
def test_every_control_has_a_name_for_a_screen_reader(window: MainWindow, title: str) -> None:
    window.show_page(title)
    if title == "Experiment":
        page = window.page(title)
        page.show_form()
        page.form.unfold(page.form.groups)
    nameless = [
        f"{type(control).__name__} in {type(control.parentWidget()).__name__}"
        for kind in (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox)
        for control in window.findChildren(kind)
        if control.isVisible() and not is_part(control) and not (control.accessibleName() or caption(control))
    ]
    assert nameless == []


def is_part(control: QWidget) -> bool:
    """Tell whether a control is a piece of another one, which has the name."""
    return isinstance(control.parentWidget(), QAbstractSpinBox | QComboBox) or control.objectName().startswith("qt_")


def caption(control: QWidget) -> str:
    return control.text() if isinstance(control, QAbstractButton) else ""


def test_the_window_fits_1280_by_800(qtbot: QtBot, window: MainWindow) -> None:
    window.build_pages()
    window.resize(1280, 800)
    for entry in app.PAGES:
        window.show_page(entry.title)
        assert (window.width(), window.height()) == (1280, 800)
        assert window.minimumSizeHint().width() <= 1280
        assert window.minimumSizeHint().height() <= 800


def test_without_a_display_the_quick_start_is_done(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.argv", ["workbench"])
    monkeypatch.setattr("sys.platform", "linux")
    asked: list[list[str]] = []
    monkeypatch.setattr("workbench.cli.app", lambda: asked.append(list(sys.argv)))
    program.main()
    assert asked == [["workbench", "quickstart"]]
    assert capsys.readouterr().err.count("\n") == 1
