"""The tab that tunes the threshold on a long recording whose words are known."""

import json
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.evaluation.detection import DetectionSettings
from core.experiment.model_choice import choose_model
from core.experiment.spotting import load_working_point
from tests.workbench.conftest import WORKER_MS
from tests.workbench.record.actions import THRESHOLD, click
from workbench.listening.point_table import PointTable
from workbench.listening.threshold_curve import ThresholdCurve, WorkingPoint
from workbench.pages.record import RecordPage

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_the_working_point_is_dragged_along_the_curve_and_kept_with_the_trial(
    qtbot: QtBot, page: RecordPage, own_trial: Path
) -> None:
    page.tabs.setCurrentIndex(THRESHOLD)
    tuner = page.tuner
    tuner.minutes.setValue(1)
    click(qtbot, tuner.make)
    assert tuner.make.text() == "Cancel"
    QTest.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: tuner.make.text().startswith("Make"), timeout=WORKER_MS)
    assert tuner.curve is None
    click(qtbot, tuner.make)
    qtbot.waitUntil(lambda: tuner.progress.value() > 0, timeout=WORKER_MS)
    qtbot.waitUntil(lambda: tuner.curve is not None, timeout=WORKER_MS)
    chart, curve = tuner.chart, tuner.curve
    assert curve.hours == pytest.approx(1 / 60)
    assert len(curve.points) > 3
    assert "of audio" in tuner.words.text()
    for place in range(len(curve.points)):
        chart.show_place(place)
        covered = chart.words.sceneBoundingRect()
        assert not any(covered.contains(chart.place_of(other)) for other in range(len(curve.points)))
    wanted = len(curve.points) - 2

    def at(place: int) -> QPoint:
        return chart.mapFromScene(chart.place_of(place))

    QTest.mousePress(chart.viewport(), Qt.MouseButton.LeftButton, pos=at(chart.place))
    QTest.mouseMove(chart.viewport(), at(wanted))
    QTest.mouseRelease(chart.viewport(), Qt.MouseButton.LeftButton, pos=at(wanted))
    dragged = curve.points[wanted].threshold
    assert tuner.form.threshold.value() == pytest.approx(dragged, abs=1e-3)
    assert page.spotting.stream.spotter.settings.threshold == dragged
    assert tuner.table.currentIndex().row() == wanted
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chart.place == wanted - 1
    tuner.table.selectRow(1)
    assert chart.place == 1
    click(qtbot, tuner.keep)
    kept = DetectionSettings(**json.loads((own_trial / "detection.json").read_text()))
    assert kept.threshold == curve.points[1].threshold
    assert load_working_point(choose_model(own_trial)) == kept
    assert "detection.json" in page.message.text.text()

    # Another average gives another curve of the same recording.
    tuner.form.boxes["average_window_ms"].setValue(200)
    qtbot.waitUntil(lambda: tuner.curve is not curve and tuner.curve is not None, timeout=WORKER_MS)
    assert tuner.curve.settings.average_window_ms == 200
    assert tuner.curve.wav == curve.wav


def test_the_row_of_the_working_point_comes_into_sight(qtbot: QtBot) -> None:
    points = tuple(WorkingPoint(place / 60, place / 60, place / 60, 60 - place, place / 60) for place in range(60))
    table = PointTable()
    table.resize(260, 300)
    qtbot.addWidget(table)
    with qtbot.waitExposed(table):
        table.show()
    table.points.show_curve(ThresholdCurve(points, DetectionSettings(), 1, 100, "", synthetic=False, warnings=()))
    table.show_place(45)
    qtbot.waitUntil(lambda: table.viewport().rect().contains(table.visualRect(table.currentIndex())))
