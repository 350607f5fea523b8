"""Exclusions, new labels and trims by clicks and keys, and what they leave on the disk."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from core.audio.wav import Sound, write_wav
from core.datasets.edits import ClipEdit, change_edits, edits_place, load_edits
from tests.workbench.data_page import cells, labels, name_at, open_folder, settle
from tests.workbench.data_page import page as page
from workbench import app
from workbench.clips.rows import LABEL, PART, PROBLEM
from workbench.jobs import Jobs
from workbench.main_window import MainWindow
from workbench.pages.data import DataPage
from workbench.preferences import Preferences
from workbench.session import Session

# The offscreen plugin says so of windows with a smallest size and of menus; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("This plugin does not support")]

LEFT = Qt.MouseButton.LeftButton


def test_delete_excludes_for_training_too_and_ctrl_z_takes_it_back(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, own_tone_clips: Path
) -> None:
    window = MainWindow(session, jobs, preferences, app.PAGES)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.shown == "Data"
    page = window.page("Data")
    open_folder(qtbot, page, own_tone_clips)
    before = {path: path.read_bytes() for path in own_tone_clips.rglob("*.wav")}
    first = name_at(page)
    QTest.keyClick(page.browser.table, Qt.Key.Key_Delete)
    assert load_edits(own_tone_clips) == {first: ClipEdit(excluded=True)}
    assert cells(page, PROBLEM)[0] == "excluded"
    assert name_at(page) != first
    settle(qtbot, page)
    assert (labels(page)["high"][0], labels(page)["All labels"][0]) == ("15", "47")
    assert cells(page, PART)[0] == "–"
    QTest.keyClick(page.browser.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(page.browser.table, Qt.Key.Key_Delete)
    assert len(load_edits(own_tone_clips)) == 48
    assert window.undo_action.text() == "Undo: exclude 48 clips"
    settle(qtbot, page)
    assert "all of its clips are excluded" in page.parts.text()
    for left in (1, 0):
        QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert len(load_edits(own_tone_clips)) == left
    settle(qtbot, page)
    assert cells(page, PROBLEM) == [""] * 48
    assert labels(page)["high"][0] == "16"
    assert {path: path.read_bytes() for path in own_tone_clips.rglob("*.wav")} == before


def test_excluded_clips_are_included_by_the_same_button(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    open_folder(qtbot, page, own_tone_clips)
    table, button = page.browser.table, page.view.exclude_button
    qtbot.mouseClick(button, LEFT)
    table.go_to(0)
    qtbot.waitUntil(lambda: button.text() == "Include")
    assert "Excluded" in page.view.sentences.text()
    qtbot.mouseClick(button, LEFT)
    assert load_edits(own_tone_clips) == {}


def test_changes_of_another_day_are_restored_and_that_is_undone(
    qtbot: QtBot, page: DataPage, own_tone_clips: Path
) -> None:
    names = [path.relative_to(own_tone_clips).as_posix() for path in sorted(own_tone_clips.rglob("*.wav"))[:4]]
    made = [ClipEdit(excluded=True), ClipEdit(label="low"), ClipEdit(start_ms=200)]
    earlier = dict(zip(names, made, strict=False))
    change_edits(own_tone_clips, earlier)
    open_folder(qtbot, page, own_tone_clips)
    table, button = page.browser.table, page.view.restore_button
    table.go_to(3)
    settle(qtbot, page)
    assert not button.isVisible()
    QTest.keyClick(table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(button.isVisible)
    qtbot.mouseClick(button, LEFT)
    assert load_edits(own_tone_clips) == {}
    qtbot.waitUntil(lambda: not button.isVisible())
    assert page.session.undo() == "restore 3 clips"
    assert load_edits(own_tone_clips) == earlier


def test_a_clip_is_relabelled_by_keys(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    open_folder(qtbot, page, own_tone_clips)
    first = name_at(page)

    def choose() -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        offered = [action.text() for action in menu.actions() if not action.isSeparator()]
        assert offered == ["high", "low", "rising", "_silence_", "_unknown_", "Another label"]
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Return)

    QTimer.singleShot(100, choose)
    QTest.keyClick(page.browser.table, Qt.Key.Key_F2)
    assert load_edits(own_tone_clips) == {first: ClipEdit(label="low")}
    assert cells(page, LABEL)[0] == "→ low"
    settle(qtbot, page)
    assert (labels(page)["high"][0], labels(page)["low"][0]) == ("15", "17")
    page.changes.relabel("high")
    assert load_edits(own_tone_clips) == {}


def test_a_label_without_a_folder_is_typed_into_the_menu(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    open_folder(qtbot, page, own_tone_clips)
    first = name_at(page)

    def type_label(label: str) -> None:
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        QTest.keyClick(menu, Qt.Key.Key_Up)
        QTest.keyClicks(QApplication.focusWidget(), label)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)

    QTimer.singleShot(100, lambda: type_label("falling"))
    QTest.keyClick(page.browser.table, Qt.Key.Key_F2)
    assert load_edits(own_tone_clips) == {first: ClipEdit(label="falling")}
    assert QApplication.activePopupWidget() is None
    settle(qtbot, page)
    assert (labels(page)["high"][0], labels(page)["falling"][0]) == ("15", "1")
    page.changes.relabel("fall/ing")
    assert "can not be a label" in page.message.text.text()
    page.changes.relabel("high")
    settle(qtbot, page)
    assert "falling" not in labels(page)


def test_a_drag_a_number_and_a_button_trim(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    burst = np.zeros(32000, np.float32)
    burst[20000:28000] = np.resize(np.float32([0.5, -0.5]), 8000)
    write_wav(own_tone_clips / "high" / "0000 long.wav", Sound(burst, 16000))
    open_folder(qtbot, page, own_tone_clips)
    name, waveform = name_at(page), page.view.waveform
    assert name == "high/0000 long.wav"
    assert page.view.start.value() == 870, "the part of a longer clip that is used has the sound in its middle"
    box = waveform.picture_box()
    at, to = (QPoint(round(box.left() + place * box.width()), box.center().y()) for place in (0.8, 0.55))
    QTest.mousePress(waveform, LEFT, pos=at)
    QTest.mouseMove(waveform, at - QPoint(20, 0))
    QTest.mouseMove(waveform, to)
    QTest.mouseRelease(waveform, LEFT, pos=to)
    assert load_edits(own_tone_clips)[name].start_ms == pytest.approx(370, abs=20)
    assert page.view.start.value() == load_edits(own_tone_clips)[name].start_ms
    page.view.start.setFocus()
    page.view.start.selectAll()
    QTest.keyClicks(page.view.start, "300")
    QTest.keyClick(page.view.start, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: load_edits(own_tone_clips)[name].start_ms == 300)
    qtbot.mouseClick(page.view.loudest, LEFT)
    loudest_ms = load_edits(own_tone_clips)[name].start_ms
    assert 750 <= loudest_ms <= 1000
    assert cells(page, PROBLEM)[0] == "trimmed"
    page.view.start.stepUp()
    page.browser.table.go_to(1)
    # A number not yet at rest is taken over before another clip comes into sight.
    qtbot.waitUntil(lambda: load_edits(own_tone_clips)[name].start_ms == loudest_ms + 10)


def test_edits_of_a_folder_that_nobody_may_write_are_kept_elsewhere_and_it_is_said(
    qtbot: QtBot, page: DataPage, own_tone_clips: Path
) -> None:
    own_tone_clips.chmod(0o555)
    open_folder(qtbot, page, own_tone_clips)
    first = name_at(page)
    QTest.keyClick(page.browser.table, Qt.Key.Key_Delete)
    assert "may not be written, so changes of its clips are kept in" in page.message.text.text()
    assert edits_place(own_tone_clips).parent != own_tone_clips
    assert load_edits(own_tone_clips) == {first: ClipEdit(excluded=True)}
    settle(qtbot, page)
    assert page.message.isVisible()
    own_tone_clips.chmod(0o755)


def test_edits_that_cannot_be_kept_are_a_line_in_the_page(qtbot: QtBot, page: DataPage, own_tone_clips: Path) -> None:
    open_folder(qtbot, page, own_tone_clips)
    (own_tone_clips / ".tinyml-edits.json").write_text("no list")
    QTest.keyClick(page.browser.table, Qt.Key.Key_Delete)
    assert "cannot be read as a list of excluded, relabelled and trimmed clips" in page.message.text.text()
    assert cells(page, PROBLEM)[0] == ""
