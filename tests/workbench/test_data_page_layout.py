"""What the Data page understands of a folder, and correcting it there."""

from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.spec import KeywordSpottingSpec
from tests.core.test_layouts import edge_impulse, write
from tests.workbench.conftest import WORKER_MS, show
from tests.workbench.data_page import labels, open_folder, settle
from tests.workbench.data_page import page as page
from workbench.jobs import Jobs
from workbench.pages.data import DataPage
from workbench.pages.experiment import ExperimentPage
from workbench.preferences import Preferences
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("This plugin does not support")]


def choose_layout(page: DataPage, layout: str) -> None:
    box = page.understood.layout_editor.box
    box.setCurrentIndex(box.findData(layout))
    box.activated.emit(box.currentIndex())


def test_the_page_says_what_it_understood_and_takes_a_correction_to_the_experiment(
    qtbot: QtBot, page: DataPage, session: Session, jobs: Jobs, preferences: Preferences, tmp_path: Path
) -> None:
    experiment = show(qtbot, ExperimentPage(session, jobs, preferences))
    edge_impulse(tmp_path)
    open_folder(qtbot, page, tmp_path)
    assert page.understood.isVisible()
    assert page.understood.sentence.text() == "An export of Edge Impulse: labels and parts are those of info.labels."
    assert labels(page)["go"][0] == "9"
    choose_layout(page, "folders")
    qtbot.waitUntil(lambda: "training" in labels(page), timeout=WORKER_MS)
    settle(qtbot, page)
    assert page.understood.sentence.text() == "Each folder is a label."
    assert page.view.facts.text().startswith("testing · ")
    assert isinstance(experiment.draft.spec, KeywordSpottingSpec)
    assert experiment.draft.spec.dataset.layout == "folders"
    assert session.spec == experiment.draft.spec
    open_folder(qtbot, page, tmp_path)
    assert page.dataset.layout == "automatic"


def test_a_layout_that_is_not_there_is_explained_and_can_be_corrected(
    qtbot: QtBot, page: DataPage, tmp_path: Path
) -> None:
    edge_impulse(tmp_path)
    open_folder(qtbot, page, tmp_path)
    choose_layout(page, "table")
    qtbot.waitUntil(lambda: "has no CSV or TSV file" in page.empty.words.text(), timeout=WORKER_MS)
    assert page.empty.words.text().endswith("choose another layout.")
    choose_layout(page, "edge_impulse")
    qtbot.waitUntil(lambda: page.catalogue is not None, timeout=WORKER_MS)
    assert set(labels(page)) == {"All labels", "go", "stop", "_silence_", "_unknown_"}


def test_a_pattern_of_speakers_goes_to_the_experiment_and_is_used(
    qtbot: QtBot, page: DataPage, session: Session, jobs: Jobs, preferences: Preferences, tmp_path: Path
) -> None:
    experiment = show(qtbot, ExperimentPage(session, jobs, preferences))
    people = ("ada", "bob", "eve", "kim")
    write(tmp_path, *(f"{word}/take-{who}-{n}.wav" for word in ("go", "stop") for who in people for n in "123"))
    open_folder(qtbot, page, tmp_path)
    assert "no speakers known" in page.sources.figures.text()
    page.understood.pattern.setFocus()
    QTest.keyClicks(page.understood.pattern, "take-([a-z]+")
    page.understood.pattern.editingFinished.emit()
    assert "is not a regular expression" in page.understood.pattern_editor.toolTip()
    assert page.understood.pattern.property("faulty") == "true"
    assert page.split.speaker_pattern == ""
    QTest.keyClicks(page.understood.pattern, ")-")
    with qtbot.waitSignal(page.reader.read, timeout=WORKER_MS):
        page.understood.pattern.editingFinished.emit()
    settle(qtbot, page)
    assert "4 speakers" in page.sources.figures.text()
    assert "4 speakers, none of them in two parts." in page.parts.text()
    assert isinstance(experiment.draft.spec, KeywordSpottingSpec)
    assert experiment.draft.spec.split.speaker_pattern == "take-([a-z]+)-"
    assert session.spec == experiment.draft.spec
