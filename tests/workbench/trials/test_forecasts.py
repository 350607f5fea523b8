"""The Trials page of a study that forecasts: errors in units, and the forecasts of the whole test period."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
)
from pytestqt.qtbot import QtBot

from core.evaluation.forecasting import load_forecasts
from core.experiment.marks import WORSE
from core.experiment.store import Constraints
from tests.workbench.conftest import show
from workbench.pages.trials import TrialsPage
from workbench.session import Session
from workbench.trials.sheets import errors_sheet, truths_sheet

# The offscreen plugin says so of windows with a smallest size and of menus; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("This plugin does not support")]

LEFT = Qt.MouseButton.LeftButton
T, RH = "T (degC)", "rh (%)"


def open_trials(qtbot: QtBot, session: Session, series_study: Path) -> TrialsPage:
    session.open_study(series_study)
    return show(qtbot, TrialsPage(session))


def test_errors_are_columns_axes_and_constraints(qtbot: QtBot, session: Session, series_study: Path) -> None:
    page = open_trials(qtbot, session, series_study)
    table, charts = page.table.trials, page.charts
    [trial] = session.opened().summaries()
    headings = [column.heading for column in table.columns]
    assert headings[3:5] == ["T error, °C", "rh error, %"]
    assert "Accuracy, %" not in headings
    assert float(table.text_at(0, 4).rstrip(WORSE)) == pytest.approx(trial.errors[1].mae, rel=0.01)
    assert [rating.column for rating in charts.ratings] == [T, RH]
    for chart in charts.charts:
        assert chart.layer.points.y == pytest.approx([trial.errors[0].mae])
        still, fitted = chart.layer.baselines.lines
        assert (still.place, fitted.place) == (trial.errors[0].persistence_mae, trial.errors[0].linear_mae)
    pick_item(charts.rating_kind, 1)
    for chart in charts.charts:
        assert chart.layer.points.y == pytest.approx([trial.errors[1].mae])
        assert chart.layer.baselines.lines[0].place == trial.errors[1].persistence_mae
    assert page.baselines.text().startswith("Persistence: T ")
    page.constraints.menu.aboutToShow.emit()
    offered = [action.text() for action in page.constraints.menu.actions()]
    assert offered == ["T error ≤ … °C", "rh error ≤ … %", "zip ≤ … kB", "total ≤ … ms"]
    page.constraints.menu.actions()[1].trigger()
    chip = page.constraints.chips[f"mae_max.{RH}"]
    chip.value.setFocus()
    chip.value.selectAll()
    QTest.keyClicks(chip.value, "0.001")
    QTest.keyClick(chip.value, Qt.Key.Key_Return)
    assert session.opened().constraints == Constraints(mae_max={RH: 0.001})
    assert charts.size_chart.limit_line(f"mae_max.{RH}").value() == pytest.approx(0.001)


def pick_item(box, index: int) -> None:
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_the_details_draw_the_whole_test_period(qtbot: QtBot, session: Session, series_study: Path) -> None:
    page = open_trials(qtbot, session, series_study)
    [trial] = session.opened().summaries()
    qtbot.mouseClick(page.table.viewport(), LEFT, pos=QPoint(100, 10))
    section = page.details.forecast
    qtbot.waitUntil(lambda: section.charts.chart.period is not None)
    assert page.details.forecast_section.isVisible()
    assert not page.details.confusion_section.isVisible()
    kept = load_forecasts(session.opened().folder_of(trial.name))
    result = session.opened().result(trial.name)
    assert result is not None
    chart = section.charts.chart
    chart.show_whole()
    chart.draw()
    assert np.array_equal(chart.lines[1]["truth"].getOriginalDataset()[1], kept.truth[:, 1])
    times_s, told = chart.lines[0]["forecast"].getOriginalDataset()
    assert np.array_equal(told, kept.forecasts[:, -1, 0])
    assert times_s[0] == kept.times_s[0] + 3600
    pick_item(section.charts.horizons, 0)
    assert np.array_equal(chart.lines[0]["forecast"].getOriginalDataset()[1], kept.forecasts[:, 0, 0])
    errors = section.charts.errors
    by_horizon = errors.lines[T, "horizon", "this trial"].getOriginalDataset()
    assert list(by_horizon[0]) == [10, 20, 30, 40, 50, 60]
    assert tuple(by_horizon[1]) == result.quality.quantities[0].file.by_horizon
    assert len(errors.lines[RH, "hour", "persistence"].getOriginalDataset()[0]) == 24
    leave_the_wheel_to_the_page(page)
    scroll_and_zoom(qtbot, page)


def leave_the_wheel_to_the_page(page: TrialsPage) -> None:
    """Turn the wheel over the chart in the details: it is the page's until the chart was clicked."""
    chart = page.details.forecast.charts.chart
    chart.show_span(chart.ends[0], chart.ends[0] + 36_000)
    view, middle = chart.canvas.viewport(), chart.charts[0].vb.sceneBoundingRect().center()

    def turn() -> tuple[bool, float]:
        at, nowhere, no = QPointF(view.mapToGlobal(middle.toPoint())), QPoint(), Qt.KeyboardModifier.NoModifier
        button, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
        wheel = QWheelEvent(middle, at, nowhere, QPoint(0, -120), button, no, phase, False)
        QApplication.sendEvent(view, wheel)
        return wheel.isAccepted(), chart.span[1] - chart.span[0]

    assert turn() == (False, pytest.approx(36_000))
    chart.setFocus()
    taken, width = turn()
    assert taken and width > 36_000


def scroll_and_zoom(qtbot: QtBot, page: TrialsPage) -> None:
    """Enlarge the forecasts, go through them by keys, and go back."""
    qtbot.mouseClick(page.details.forecast.enlarge, LEFT)
    wide = page.forecasts
    assert page.pages.currentWidget() is wide
    qtbot.waitUntil(lambda: wide.charts.chart.period is not None)
    chart = wide.charts.chart
    QTest.keyClick(chart, Qt.Key.Key_Home)
    assert chart.span == pytest.approx(chart.ends)
    for _ in range(3):
        QTest.keyClick(chart, Qt.Key.Key_Up)
    low, high = chart.span
    assert high - low < 0.4 * (chart.ends[1] - chart.ends[0])
    QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.span[0] > low
    for _ in range(30):
        QTest.keyClick(chart, Qt.Key.Key_Right)
    assert chart.span[1] == pytest.approx(chart.ends[1])
    assert chart.region.getRegion() == pytest.approx(chart.span)
    QTest.keyClick(wide, Qt.Key.Key_Escape)
    assert page.pages.currentWidget() is page.across


def test_a_trial_worse_than_persistence_is_marked_in_words_and_by_a_sign(
    qtbot: QtBot, session: Session, series_study: Path
) -> None:
    page = open_trials(qtbot, session, series_study)
    [trial] = session.opened().summaries()
    first, second = trial.errors
    worse = replace(trial, errors=(replace(first, mae=2 * first.persistence_mae), replace(second, mae=0.0)))
    page.table.trials.update_trials({trial.name: worse})
    page.charts.update_trials({trial.name: worse}, {})
    assert page.table.trials.text_at(0, 3).endswith(WORSE)
    assert not page.table.trials.text_at(0, 4).endswith(WORSE)
    tooltip = page.table.trials.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert "worse than persistence" in tooltip
    assert page.charts.size_chart.layer.points.marks == (WORSE,)
    assert "worse than persistence" in truths_sheet(worse, "")
    result = session.opened().result(trial.name)
    assert result is not None
    assert f"</b>{WORSE}" in errors_sheet(worse, result.quality)
