"""The Data page with its own worker: real clicks and keys, and what they leave on the disk and in the experiment."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio import synthesis
from core.audio.wav import Sound, write_wav
from core.datasets.edits import ClipEdit, load_edits
from core.datasets.speech_commands import MINI_SPEECH_COMMANDS
from tests.sound import VirtualMicrophone
from tests.workbench.conftest import WORKER_MS
from tests.workbench.data_page import cells, labels, open_folder, settle, tick_box
from tests.workbench.data_page import page as page
from workbench.clips.jobs import NO_TRIAL
from workbench.clips.rows import LABEL, NAME, PART, PROBLEM
from workbench.jobs import Jobs
from workbench.pages.data import DataPage
from workbench.pages.experiment import ExperimentPage
from workbench.preferences import Preferences
from workbench.session import Session

# The offscreen plugin says so of windows with a smallest size and of menus; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("This plugin does not support")]

LEFT = Qt.MouseButton.LeftButton


def test_without_a_folder_the_page_says_what_it_will_show(page: DataPage) -> None:
    assert page.empty.isVisible()
    assert page.empty.heading.text() == "No clips yet"
    assert page.empty.button.isVisible()
    assert not page.browser.isVisible()


def test_a_folder_is_listed_with_its_labels_parts_and_speakers(
    qtbot: QtBot, page: DataPage, session: Session, tone_clips: Path
) -> None:
    open_folder(qtbot, page, tone_clips)
    found = labels(page)
    assert list(found) == ["All labels", "high", "low", "rising", "_silence_", "_unknown_"]
    assert found["high"][:3] == ["32", "32.0", "16"]
    assert sum(map(int, found["high"][3:6])) == 32
    assert found["_silence_"] == ["–"] * 7
    assert page.parts.text() == "Split by speaker: 16 speakers, none of them in two parts."
    assert page.parts.property("role") == "good"
    assert "96 clips · 3 labels with clips · 16 speakers · 2 min" in page.sources.figures.text()
    assert page.browser.filter.count.text() == "96 clips"
    assert page.view.title.text() == "1a2b3c70_nohash_0.wav"
    assert "high · speaker 1a2b3c70" in page.view.facts.text()
    assert session.spec is not None
    assert session.spec.dataset.folder == str(tone_clips)


def test_arrows_step_and_filters_narrow_down(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    write_wav(own_tone_clips / "low" / "short one.wav", Sound(np.resize(np.float32([0.3, -0.3]), 900), 16000))
    open_folder(qtbot, page, own_tone_clips)
    table = page.browser.table
    table.setFocus()
    for _ in range(3):
        QTest.keyClick(table, Qt.Key.Key_Down)
    QTest.keyClick(table, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: page.view.title.text() == "1a2b3c72_nohash_0.wav")
    box = page.labels.visualRect(page.labels.labels.index(2, 1))
    qtbot.mouseClick(page.labels.viewport(), LEFT, pos=box.center())
    assert set(cells(page, LABEL)) == {"low"}
    assert page.browser.filter.count.text() == "17 of 49"
    page.browser.filter.problem.setFocus()
    QTest.keyClicks(page.browser.filter.problem, "Too")
    assert cells(page, PROBLEM) == ["too short"]
    qtbot.waitUntil(lambda: page.view.sentences.text() == "Too short: shorter than 0.3 s.")
    QTest.keyClicks(page.browser.filter.words, "nothing like it")
    qtbot.waitUntil(lambda: page.view.title.text() == "No clip passes the filter")
    page.show_all()
    assert page.browser.filter.count.text() == "49 clips"
    header = table.horizontalHeader()
    at = QPoint(header.sectionViewportPosition(NAME) + 20, header.height() // 2)
    qtbot.mouseClick(header.viewport(), LEFT, pos=at)
    assert cells(page, NAME) == sorted(cells(page, NAME))
    page.browser.filter.part.setCurrentIndex(page.browser.filter.part.findText("Test"))
    assert set(cells(page, PART)) == {"test"}


def test_ticks_choose_the_labels_of_the_experiment(
    qtbot: QtBot, page: DataPage, session: Session, jobs: Jobs, preferences: Preferences, tone_clips: Path
) -> None:
    experiment = ExperimentPage(session, jobs, preferences)
    qtbot.addWidget(experiment)
    open_folder(qtbot, page, tone_clips)
    assert experiment.draft.value("dataset.folder") == str(tone_clips)
    qtbot.mouseClick(page.labels.viewport(), LEFT, pos=tick_box(page, "low"))
    settle(qtbot, page)
    assert experiment.draft.value("dataset.labels") == ("high", "rising")
    assert labels(page)["low"][3:6] == ["–"] * 3
    page.labels.setFocus()
    page.labels.select_label("_unknown_")
    QTest.keyClick(page.labels, Qt.Key.Key_Space)
    settle(qtbot, page)
    assert experiment.draft.value("dataset.include_unknown") is True
    assert sum(map(int, labels(page)["_unknown_"][3:6])) == 32
    page.labels.select_label("")
    assert "train" in {
        text for text, label in zip(cells(page, PART), cells(page, LABEL), strict=True) if label == "low"
    }
    qtbot.mouseClick(page.labels.viewport(), LEFT, pos=tick_box(page, "_unknown_"))
    qtbot.mouseClick(page.labels.viewport(), LEFT, pos=tick_box(page, "high"))
    assert experiment.draft.value("dataset.labels") == ("rising",)
    assert page.parts.text() == "At least two labels are needed to tell apart; add one."
    qtbot.mouseClick(page.labels.viewport(), LEFT, pos=tick_box(page, "rising"))
    assert page.message.text.text() == "One word at least must stay ticked; tick another one first."
    assert experiment.draft.value("dataset.labels") == ("rising",)
    page.use_only(("high", "low", "rising"))
    settle(qtbot, page)
    assert session.spec is not None
    assert session.spec.dataset.labels == ()


def test_the_page_follows_the_experiment_even_past_a_problem_elsewhere(
    qtbot: QtBot, page: DataPage, session: Session, jobs: Jobs, preferences: Preferences, tone_clips: Path
) -> None:
    experiment = ExperimentPage(session, jobs, preferences)
    qtbot.addWidget(experiment)
    experiment.begin("keyword_spotting", str(tone_clips))
    qtbot.waitUntil(lambda: page.catalogue is not None, timeout=WORKER_MS)
    experiment.draft.set_text("training.epochs", "many")
    page.tick("low", False)
    settle(qtbot, page)
    experiment._keep_draft()
    assert page.dataset.labels == ("high", "rising")
    experiment.draft.set_text("training.epochs", "3")
    experiment._keep_draft()
    assert session.spec is not None
    assert session.spec.dataset.labels == page.dataset.labels == ("high", "rising")


def test_a_trained_trial_finds_the_clips_in_the_wrong_folder(
    qtbot: QtBot, page: DataPage, session: Session, tone_trial: Path, own_tone_clips: Path
) -> None:
    strays = sorted((own_tone_clips / "low").iterdir())[:2]
    for path in strays:
        shutil.move(path, own_tone_clips / "high" / f"stray {path.name}")
    assert not page.sources.judge.isEnabled()
    open_folder(qtbot, page, own_tone_clips)
    page.browser.filter.problem.setCurrentText("Sounds unlike its label")
    settle(qtbot, page)
    assert page.view.title.text() == "No clip was judged yet"
    page.sources.judge_menu.aboutToShow.emit()
    assert [action.text() for action in page.sources.judge_menu.actions()] == [NO_TRIAL]
    session.open_study(tone_trial.parents[1])
    page.sources.judge_menu.aboutToShow.emit()
    [action] = page.sources.judge_menu.actions()
    with qtbot.waitSignal(page.work.verdicts_ready, timeout=WORKER_MS):
        action.trigger()
    settle(qtbot, page)
    assert page.sources.judge.text() == "Judged by A"
    assert set(cells(page, NAME)[:2]) == {f"stray {path.name}" for path in strays}
    assert page.view.sentences.text().startswith("The model takes it for low (")
    page.changes.relabel("low")
    assert "takes it for" not in page.view.sentences.text()


def test_words_are_spoken_into_a_folder_that_opens_as_synthetic(qtbot: QtBot, page: DataPage, session: Session) -> None:
    if shutil.which(synthesis.PROGRAM) is None:
        pytest.skip("needs espeak-ng")
    qtbot.mouseClick(page.sources.make, LEFT)
    form = page.synthesis
    assert form.isVisible()
    form.words.selectAll()
    QTest.keyClicks(form.words, "ja")
    QTest.keyClick(form.words, Qt.Key.Key_Return)
    assert form.problem.text() == "At least two words are needed to tell apart; separate them by commas."
    QTest.keyClicks(form.words, ", n/ein")
    QTest.keyClick(form.words, Qt.Key.Key_Return)
    assert form.problem.text() == "'n/ein' cannot be the name of a folder; write the word without signs."
    form.words.setText("größer, nein")
    form.clips.setValue(6)
    form.voices.setValue(4)
    form.slowest.setValue(300)
    QTest.keyClick(form.words, Qt.Key.Key_Return)
    assert form.problem.text() == "The lower speed must not exceed the higher; swap 300 and 199."
    form.slowest.setValue(150)
    with qtbot.waitSignal(page.reader.read, timeout=WORKER_MS):
        qtbot.mouseClick(form.make_button, LEFT)
    settle(qtbot, page)
    assert not form.isVisible()
    assert page.sources.synthetic.isVisible()
    assert {name.partition("_")[0] for name in cells(page, NAME)} == {"synthetic"}
    assert labels(page)["größer"][2] == "4"
    assert session.spec is not None
    assert Path(session.spec.dataset.folder).name.startswith("synthetic-größer-nein-")


def test_a_stopped_download_goes_on_by_one_click_and_a_finished_one_opens(
    qtbot: QtBot, page: DataPage, jobs: Jobs, tone_clips: Path
) -> None:
    qtbot.mouseClick(page.sources.download, LEFT)
    queued = jobs.running or jobs.waiting[0]
    assert queued.kind == "download"
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS):
        jobs.cancel(queued.id)
    assert page.message.text.text() == "The download was stopped."
    qtbot.mouseClick(page.message.button, LEFT)
    queued = jobs.running or jobs.waiting[0]
    assert queued.kind == "download"
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS):
        jobs.cancel(queued.id)
    shutil.copytree(tone_clips, MINI_SPEECH_COMMANDS.folder)
    with qtbot.waitSignal(page.reader.read, timeout=WORKER_MS):
        qtbot.mouseClick(page.sources.download, LEFT)
    assert page.folder == MINI_SPEECH_COMMANDS.folder


def test_folders_without_clips_are_explained(qtbot: QtBot, page: DataPage, tone_clips: Path, tmp_path: Path) -> None:
    open_folder(qtbot, page, tone_clips)
    (tmp_path / "no labels").mkdir()
    (tmp_path / "no clips" / "go").mkdir(parents=True)
    for folder, words in (
        (tmp_path / "nowhere", "nowhere: is not a folder; choose one with a sub-folder of clips per label."),
        (tmp_path / "no labels", "no labels: has no label folders; put the clips of each label into a folder of"),
        (tmp_path / "no clips", "no clips: none of its sub-folders holds clips; choose a folder"),
    ):
        page.use_folder(str(folder))
        qtbot.waitUntil(lambda words=words: words in page.empty.words.text(), timeout=WORKER_MS)
        assert page.empty.button.isVisible()
        assert not page.browser.isVisible()
    open_folder(qtbot, page, tone_clips)
    assert page.browser.isVisible()


def test_long_and_non_ascii_names_are_listed_and_shown(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    (own_tone_clips / "low").rename(own_tone_clips / "größer als zuvor, viel größer")
    long = "ö" * 110 + ".wav"
    first = sorted((own_tone_clips / "high").iterdir())[0]
    first.rename(first.with_name(long))
    open_folder(qtbot, page, own_tone_clips)
    page.browser.filter.words.setText("öööö")
    assert cells(page, NAME) == [long]
    qtbot.waitUntil(lambda: page.view.title.text() == long)
    assert page.width() == 1192
    QTest.keyClick(page.browser.table, Qt.Key.Key_Delete)
    assert load_edits(own_tone_clips) == {f"high/{long}": ClipEdit(excluded=True)}


def test_a_dropped_folder_is_opened(qtbot: QtBot, page: DataPage, tone_clips: Path) -> None:
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(tone_clips))])
    event = QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, dropped, LEFT, Qt.KeyboardModifier.NoModifier)
    with qtbot.waitSignal(page.reader.read, timeout=WORKER_MS):
        page.dropEvent(event)
    assert page.folder == tone_clips


def test_the_last_of_several_folders_is_the_one_shown(
    qtbot: QtBot, page: DataPage, tone_clips: Path, own_tone_clips: Path
) -> None:
    for folder in (tone_clips, own_tone_clips, tone_clips, own_tone_clips):
        page.use_folder(str(folder))
    qtbot.waitUntil(lambda: page.catalogue is not None, timeout=WORKER_MS)
    settle(qtbot, page)
    assert page.catalogue is not None
    assert page.catalogue.folder == own_tone_clips
    assert len(cells(page, NAME)) == 48


def test_what_was_recorded_meanwhile_is_there_when_the_page_is_seen_again(
    qtbot: QtBot, page: DataPage, own_tone_clips: Path
) -> None:
    open_folder(qtbot, page, own_tone_clips)
    page.hide()
    shutil.copy(own_tone_clips / "low" / "1a2b3c70_nohash_0.wav", own_tone_clips / "high" / "a new one.wav")
    page.show()
    qtbot.waitUntil(lambda: "a new one.wav" in cells(page, NAME), timeout=WORKER_MS)
    settle(qtbot, page)
    assert cells(page, PROBLEM)[cells(page, NAME).index("a new one.wav")] == "under two labels"


def test_space_plays_with_a_moving_cursor_and_stops(
    qtbot: QtBot, page: DataPage, virtual_microphone: VirtualMicrophone, own_tone_clips: Path
) -> None:
    tone = (0.3 * np.sin(np.arange(3 * 16000) * 0.2)).astype(np.float32)
    write_wav(own_tone_clips / "high" / "0000 long.wav", Sound(tone, 16000))
    open_folder(qtbot, page, own_tone_clips)
    places: list[float] = []
    page.view.player.moved.connect(places.append)
    table, view = page.browser.table, page.view
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert view.play_button.text() == "Stop"
    qtbot.waitUntil(lambda: (view.spectrogram.cursor_s or 0) > 0.2)
    assert view.waveform.cursor_s == view.spectrogram.cursor_s
    QTest.keyClick(table, Qt.Key.Key_Space)
    assert view.play_button.text() == "Play"
    assert view.waveform.cursor_s is None
    assert places[:-1] == sorted(places[:-1])
    box = view.waveform.picture_box()
    qtbot.mouseClick(view.waveform, LEFT, pos=QPoint(box.left() + round(0.9 * box.width()), box.center().y()))
    assert view.waveform.cursor_s == pytest.approx(2.7, abs=0.05)
    qtbot.waitUntil(lambda: not view.player.is_playing)
    view.play_each.setChecked(True)
    QTest.keyClick(table, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: view.player.is_playing)
    page.hide()
    assert not view.player.is_playing


def test_without_a_loudspeaker_a_line_says_so(
    qtbot: QtBot, page: DataPage, virtual_microphone: VirtualMicrophone, tone_clips: Path
) -> None:
    open_folder(qtbot, page, tone_clips)
    virtual_microphone.kill()
    QTest.keyClick(page.browser.table, Qt.Key.Key_Space)
    assert "loudspeaker" in page.message.text.text()
    assert page.view.play_button.text() == "Play"
