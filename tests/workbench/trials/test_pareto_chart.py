"""The chart: real clicks and drags on real points and lines, ticks, letters, pictures."""

import itertools
import math
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from core.errors import WorkbenchError
from core.experiment.store import Constraints, TrialState
from workbench import theme
from workbench.plots.export import save_picture
from workbench.plots.figure_axis import FigureAxis, linear_ticks, log_ticks
from workbench.plots.label_placement import place_labels
from workbench.plots.pareto import ParetoChart, render_pareto
from workbench.plots.trial_points import PLAIN_SIZE, TOTAL_LATENCY, ZIP_SIZE, PointCollector

from .conftest import make_latency, make_result

LEFT = Qt.MouseButton.LeftButton


def points_of(trials, quantity=ZIP_SIZE, estimates=None):
    collector = PointCollector(quantity)
    collector.take({trial.name: trial for trial in trials}, estimates)
    return collector.points


@pytest.fixture
def chart(qtbot, themed, maker, seven):
    found = ParetoChart(ZIP_SIZE, theme.current())
    qtbot.addWidget(found)
    found.resize(500, 380)
    with qtbot.waitExposed(found):
        found.show()
    found.show_points(points_of(maker.study.summaries()))
    QApplication.processEvents()
    return found


def test_the_front_joins_what_no_other_trial_beats(maker, seven):
    points = points_of(maker.study.summaries())
    assert [letter for letter, best in zip(points.letters, points.on_front, strict=True) if best] == ["C", "G"]
    latency = points_of(maker.study.summaries(), TOTAL_LATENCY)
    assert {letter for letter, best in zip(latency.letters, latency.on_front, strict=True) if best} == {"C", "F", "G"}


def test_the_front_of_thousands_is_the_front_by_definition(maker, seven):
    chance = np.random.default_rng(3)
    base = maker.study.summary(seven[0])
    trials = [
        replace(base, name=str(index), accuracy=float(chance.integers(50, 100)) / 100, zip_bytes=int(size))
        for index, size in enumerate(chance.integers(1000, 1200, 600))
    ]
    points = points_of(trials)
    for index, trial in enumerate(trials):
        beaten = any(
            other.accuracy >= trial.accuracy
            and other.zip_bytes <= trial.zip_bytes
            and (other.accuracy, other.zip_bytes) != (trial.accuracy, trial.zip_bytes)
            for other in trials
        )
        assert points.on_front[index] != beaten


def test_points_follow_changes_by_name(maker, seven):
    trials = {trial.name: trial for trial in maker.study.summaries()}
    collector = PointCollector(ZIP_SIZE)
    collector.take(trials)
    before = collector.points
    collector.take({seven[0]: trials[seven[0]]})
    assert collector.points is before
    collector.take({seven[6]: None})
    assert seven[6] not in collector.points.names
    assert [collector.points.letters[index] for index in np.flatnonzero(collector.points.on_front)] == ["C", "F"]


def test_a_running_trial_is_hollow_at_its_estimated_size_and_never_on_the_front(maker, seven):
    running = replace(
        maker.study.summary(seven[0]), name="run", state=TrialState.RUNNING, accuracy=None, validation_accuracy=0.999
    )
    points = points_of([*maker.study.summaries(), running], estimates={"run": 4.0})
    index = points.positions["run"]
    assert points.hollow[index]
    assert not points.on_front[index]
    assert (10 ** points.x[index], points.y[index]) == pytest.approx((4.0, 99.9))


def test_a_click_on_a_point_tells_its_trial(chart, qtbot, seven):
    for name in (seven[0], seven[6]):
        with qtbot.waitSignal(chart.trial_clicked) as clicked:
            qtbot.mouseClick(chart.viewport(), LEFT, pos=chart.view_position(name).toPoint())
        assert clicked.args == [name, False]
    with qtbot.waitSignal(chart.trial_clicked) as clicked:
        place = chart.view_position(seven[3]).toPoint()
        qtbot.mouseClick(chart.viewport(), LEFT, Qt.KeyboardModifier.ControlModifier, place)
    assert clicked.args == [seven[3], True]
    with qtbot.assertNotEmitted(chart.trial_clicked, wait=50):
        qtbot.mouseClick(chart.viewport(), LEFT, pos=QPoint(chart.width() // 2, chart.height() - 5))


def test_hover_says_what_it_is_and_goes_away(chart, qtbot, seven):
    chart.describe = lambda name: f"this is {name}"
    qtbot.mouseMove(chart.viewport(), chart.view_position(seven[4]).toPoint())
    assert chart._card.isVisible()
    assert chart._card.text() == f"this is {seven[4]}"
    assert chart.rect().contains(chart._card.geometry())
    qtbot.mouseMove(chart.viewport(), QPoint(80, 340))
    assert not chart._card.isVisible()


def test_wheel_zooms_drag_pans_double_click_resets(chart, qtbot):
    view = chart.plotItem.vb
    whole = view.viewRange()
    centre = chart.viewport().rect().center()
    outside = QPointF(chart.viewport().mapToGlobal(centre))
    wheel = QWheelEvent(
        QPointF(centre), outside, QPoint(), QPoint(0, 240), Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(chart.viewport(), wheel)
    zoomed = view.viewRange()
    assert zoomed[0][1] - zoomed[0][0] < whole[0][1] - whole[0][0]
    drag(qtbot, chart, centre, centre + QPoint(60, 30))
    panned = view.viewRange()
    assert panned[0][0] < zoomed[0][0]
    assert panned[1][0] > zoomed[1][0]
    qtbot.mouseDClick(chart.viewport(), LEFT, pos=centre)
    # A hand lets go as well; else the pointer drags in whatever comes after this test.
    qtbot.mouseRelease(chart.viewport(), LEFT, pos=centre)
    assert np.allclose(view.viewRange(), whole)


def test_a_view_the_user_chose_stays_while_points_appear(chart, qtbot, maker):
    centre = chart.viewport().rect().center()
    drag(qtbot, chart, centre, centre + QPoint(50, 0))
    chosen = chart.plotItem.vb.viewRange()
    maker.finished("New", make_result(200, 400, 3000, 90))
    chart.show_points(points_of(maker.study.summaries()))
    assert np.allclose(chart.plotItem.vb.viewRange(), chosen)
    chart.reset_view()
    assert chart.plotItem.vb.viewRange()[0][1] > chosen[0][1]


def drag(qtbot, chart, start, end):
    qtbot.mousePress(chart.viewport(), LEFT, pos=start)
    for step in range(1, 6):
        place = start + (end - start) * (step / 5)
        qtbot.mouseMove(chart.viewport(), place)
    qtbot.mouseRelease(chart.viewport(), LEFT, pos=end)


def test_a_constraint_line_is_dragged_to_a_new_limit(chart, qtbot):
    chart.show_constraints(Constraints(accuracy_min=0.975, zip_bytes_max=50 * 1024))
    QApplication.processEvents()
    line = chart.limit_line("zip_bytes_max")
    view = chart.plotItem.vb
    low, high = view.viewRange()[1]
    start = chart.mapFromScene(view.mapViewToScene(QPointF(line.value(), low + 0.3 * (high - low))))
    end = chart.mapFromScene(view.mapViewToScene(QPointF(math.log10(20), low + 0.3 * (high - low))))
    with qtbot.waitSignals([chart.limit_dragged, chart.limit_changed]):
        drag(qtbot, chart, start, end)
    assert 10 ** line.value() == pytest.approx(20, rel=0.1)
    with qtbot.waitSignal(chart.limit_changed) as changed:
        line.sigPositionChangeFinished.emit(line)
    field, num_bytes = changed.args
    assert field == "zip_bytes_max"
    assert num_bytes / 1024 == pytest.approx(10 ** line.value(), rel=0.01)
    accuracy = chart.limit_line("accuracy_min")
    with qtbot.waitSignal(chart.limit_changed) as changed:
        accuracy.setValue(98.04)
        accuracy.sigPositionChangeFinished.emit(accuracy)
    assert changed.args == ["accuracy_min", pytest.approx(0.98)]


def test_the_feasible_region_is_tinted_and_only_where_it_is(chart):
    def greenness(name_or_place):
        image = chart.grab().toImage()
        colour = image.pixelColor(name_or_place)
        return colour.green() - (colour.red() + colour.blue()) / 2

    view = chart.plotItem.vb

    def place(kb, percent):
        return chart.mapFromScene(view.mapViewToScene(QPointF(math.log10(kb), percent)))

    chart.show_constraints(Constraints(accuracy_min=0.977, zip_bytes_max=100 * 1024))
    QApplication.processEvents()
    assert greenness(place(70, 98.31)) > 5
    assert greenness(place(70, 97.13)) < 2
    assert greenness(place(200, 98.31)) < 2
    chart.show_quantity(PLAIN_SIZE)
    assert not chart.limit_line("zip_bytes_max").isVisible()


def test_many_trials_leave_letters_to_front_reference_and_selection(chart, maker, seven):
    base = maker.study.summary(seven[0])
    crowd = [
        replace(base, name=f"x{index}", number=index, zip_bytes=400_000 + index * 100, accuracy=0.9)
        for index in range(100, 300)
    ]
    chart.show_points(points_of([*maker.study.summaries(), *crowd]))
    chart.show_selection(("x150",), seven[0])
    named = {chart.layer.points.names[index] for index in chart.layer._named}
    assert named == {seven[2], seven[6], seven[0], "x150"}
    assert not chart.grab().isNull()


@pytest.mark.parametrize("count", [7, 30, 60])
def test_letters_cover_neither_points_nor_each_other(count):
    chance = np.random.default_rng(count)
    points = chance.uniform((20, 20), (580, 380), (count, 2))
    sizes = np.tile([14.0, 13.0], (count, 1))
    centres = place_labels(points, sizes, points, 6, (600, 400))
    for index, centre in enumerate(centres):
        away = np.maximum(np.abs(points - centre) - sizes[index] / 2, 0)
        assert np.hypot(*away.T).min() > 4
        apart = np.abs(np.delete(centres, index, axis=0) - centre) >= sizes[index]
        assert apart.any(axis=1).all()
        assert (centre > 6).all()
        assert (centre < (594, 394)).all()


def test_leaders_do_not_cross():
    """A letter above its neighbour's point would be read as the neighbour's."""
    points = np.random.default_rng(3).uniform((20, 20), (380, 260), (24, 2))
    centres = place_labels(points, np.tile([14.0, 14.0], (24, 1)), points, 8.5, (400, 280))
    crossed = [
        (one, other)
        for one, other in itertools.combinations(range(24), 2)
        if turns(points[one], centres[one], points[other]) != turns(points[one], centres[one], centres[other])
        and turns(points[other], centres[other], points[one]) != turns(points[other], centres[other], centres[one])
    ]
    assert crossed == []


def turns(start: np.ndarray, end: np.ndarray, place: np.ndarray) -> bool:
    """Tell whether a place lies to the left of a line."""
    (across, down), (right, below) = end - start, place - start
    return bool(across * below > down * right)


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (1, 12, 8, [1, 2, 3, 5, 7, 10]),
        (0.5, 900, 8, [1, 3, 10, 30, 100, 300]),
        (4, 6, 6, [4, 5, 6]),
        (4.2, 5.8, 6, [4.5, 5, 5.5]),
        (1, 1e6, 5, [1, 100, 1e4, 1e6]),
        (4, 600, 3, [10, 100]),
    ],
)
def test_log_ticks_are_round_and_fit(low, high, most, expected):
    assert log_ticks(low, high, most) == pytest.approx(expected)


def test_labels_of_a_log_axis_stand_apart(qapp):
    axis = FigureAxis("bottom", "log")
    low, high = math.log10(0.0055), math.log10(0.0145)
    places = axis.labelled_positions(low, high, 340)
    assert [round(10**place, 6) for place in places] == [0.006, 0.008, 0.01, 0.012, 0.014]
    apart = np.diff(places) * 340 / (high - low)
    assert apart.min() > 40


def test_ticks_are_written_plainly(chart):
    axis = chart.plotItem.getAxis("bottom")
    assert axis.tickStrings([math.log10(value) for value in (0.05, 0.5, 4, 2000, 1e6)], 1, 1) == [
        "0.05", "0.5", "4", "2,000", "1,000,000",
    ]  # fmt: skip
    assert linear_ticks(96.2, 99.1, 4) == [97, 98, 99]


def test_pictures_are_sharp_and_svg_keeps_text(chart, tmp_path):
    save_picture(chart, tmp_path / "chart.png", "go-stop")
    image = QImage(str(tmp_path / "chart.png"))
    assert image.width() == 2 * chart.viewport().width()
    assert image.text("Title") == "go-stop"
    save_picture(chart, tmp_path / "chart.svg", "go-stop")
    words = [node.text for node in ElementTree.parse(tmp_path / "chart.svg").iter() if node.text and node.text.strip()]
    assert {"A", "G", "zip size, kB ", "100"} <= set(words)
    with pytest.raises(WorkbenchError, match=r"\.png or \.svg"):
        save_picture(chart, tmp_path / "chart.bmp")
    with pytest.raises(WorkbenchError, match="could not be written"):
        save_picture(chart, tmp_path / "missing" / "chart.png")


def test_a_picture_needs_no_window(qapp, maker, seven, tmp_path):
    maker.finished("H", make_result(380, 400, 30, 2, latencies=(make_latency(2, contended=True),), synthetic=True))
    for x, ending in (("size", "png"), ("latency", "svg")):
        path = tmp_path / f"pareto.{ending}"
        render_pareto(maker.study.summaries(), x, path, "dark", Constraints(accuracy_min=0.95), seven[0])
        assert path.stat().st_size > 2000
    image = QImage(str(tmp_path / "pareto.png"))
    assert (image.width(), image.height()) == (1600, 1000)
    svg = (tmp_path / "pareto.svg").read_text()
    assert "timed while other trials ran" in svg
    assert "synthetic clips" in svg
    assert "A ref" in svg
    render_pareto([], "size", tmp_path / "empty.png")
    assert QImage(str(tmp_path / "empty.png")).width() == 1600
