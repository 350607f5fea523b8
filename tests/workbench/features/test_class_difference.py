"""Two labels beside their difference, on real clips of tones."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.datasets.class_difference import compare
from core.spec import Dataset, Features, TrialSpec
from tests.workbench.features.actions import drag, open_page, show_difference
from workbench.jobs import Jobs
from workbench.pages.features import FeaturesPage
from workbench.preferences import Preferences
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_two_labels_stand_beside_their_difference(qtbot: QtBot, page: FeaturesPage, tone_clips: Path) -> None:
    show_difference(qtbot, page)
    panel = page.difference
    [expected] = compare(Dataset(folder=str(tone_clips)), ("high", "low"), [Features()])
    np.testing.assert_allclose(panel.results[0].difference, expected.difference, atol=1e-5)
    column = panel.grid.columns[0]
    np.testing.assert_allclose(column.pictures[0]._picture, expected.means[0], atol=1e-5)
    np.testing.assert_allclose(column.pictures[2]._picture, expected.difference, atol=1e-5)
    np.testing.assert_allclose(column.profiles[1].values, np.abs(expected.difference).mean(axis=0), atol=1e-5)
    assert [label.text().split("\n")[0] for label in panel.grid.names[:3]] == ["high", "low", "high − low"]
    panel.shown.setCurrentIndex(1)
    panel.shown.activated.emit(1)
    np.testing.assert_allclose(column.pictures[2]._picture, expected.effect, rtol=1e-4)
    before = panel.results
    panel.second.setCurrentText("rising")
    panel.second.activated.emit(panel.second.currentIndex())
    qtbot.waitUntil(lambda: panel.results is not before)
    assert panel.results[0].labels == ("high", "rising")


def test_three_values_of_a_setting_stand_side_by_side(qtbot: QtBot, page: FeaturesPage) -> None:
    show_difference(qtbot, page)
    panel = page.difference
    panel.varied.setCurrentIndex(panel.varied.findData("upper_edge_hertz"))
    panel.varied.activated.emit(panel.varied.currentIndex())
    panel.values.selectAll()
    QTest.keyClicks(panel.values, "8000, 4000, 2000")
    qtbot.waitUntil(lambda: len(panel.results) == 3 and not panel.run.is_running)
    assert [result.features.upper_edge_hertz for result in panel.results] == [8000, 4000, 2000]
    titles = [column.title.text() for column in panel.grid.columns]
    assert titles[0] == "Upper edge 8000 Hz, 49 × 10"
    assert len({column.pictures[2].levels for column in panel.grid.columns}) == 1
    QTest.keyClicks(panel.values, ", 1000")
    qtbot.waitUntil(lambda: "At most 3 values stand side by side" in panel.problem.text())
    panel.values.selectAll()
    QTest.keyClicks(panel.values, "9000")
    qtbot.waitUntil(lambda: "Upper edge 9000 Hz" in panel.problem.text())
    assert len(panel.results) == 3


def test_the_difference_follows_a_drag(qtbot: QtBot, page: FeaturesPage) -> None:
    show_difference(qtbot, page)
    drag(page, "num_mfccs", 0.2, 0.1, 0.03)
    kept = page.features.num_mfccs
    qtbot.waitUntil(lambda: page.difference.results[0].difference.shape == (49, kept))
    qtbot.waitUntil(lambda: page.difference.grid.columns[0].pictures[0].scale.count == kept)


def test_clips_that_are_excluded_are_averaged_no_more(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tiny_spec: TrialSpec, own_tone_clips: Path
) -> None:
    from core.datasets.edits import ClipEdit

    session.tell_spec(tiny_spec.model_copy(update={"dataset": Dataset(folder=str(own_tone_clips))}))
    page = open_page(qtbot, session, jobs, preferences)
    show_difference(qtbot, page)
    assert page.difference.results[0].counts == (16, 16)
    name = sorted((own_tone_clips / "low").glob("*.wav"))[0].relative_to(own_tone_clips).as_posix()
    session.edit_clips(own_tone_clips, {name: ClipEdit(excluded=True)}, "exclude a clip")
    qtbot.waitUntil(lambda: page.difference.results[0].counts == (16, 15))
