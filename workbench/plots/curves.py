"""Loss, quality, sparsity and learning rate over the epochs, live or of a finished trial."""

import math
from collections.abc import Iterable

import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from core.events import Event
from workbench import theme
from workbench.plots.chart_title import set_title
from workbench.plots.curve_series import EMPTY, METRICS, CurveSeries, Line, Metric
from workbench.plots.figure_axis import FigureAxis
from workbench.theme import Palette

REPAINT_MS = 33
MARKED_EPOCHS = 40
"""Up to so many epochs each one is a dot; beyond that the line says it."""
LEFT_AXIS_WIDTH = 60
LEAST_PERCENT = 10
DASHED = "validation"
CHARTS = ("loss", "quality", "sparsity", "learning rate")
UNITS = {"accuracy": "%", "sparsity": "% of weights zero"}


class TrainingCurves(QWidget):
    """Four charts over one another's epochs. Repaints at most once per 33 ms, and only in sight."""

    def __init__(self, parent: QWidget | None = None, empty: str = EMPTY, num_columns: int = 2) -> None:
        super().__init__(parent)
        self.setAccessibleName("Training curves")
        self.series = CurveSeries()
        self._num_columns = num_columns
        self._stale = False
        self.empty = QLabel(empty, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.empty.setProperty("role", "muted")
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setSpacing(8)
        self.canvas.ci.setContentsMargins(0, 0, 8, 0)
        self.charts = {name: self._chart(index, name) for index, name in enumerate(CHARTS)}
        for row in range(-(-len(CHARTS) // num_columns)):
            self.canvas.ci.layout.setRowStretchFactor(row, 2 if row else 3)
        self.metrics = METRICS
        self.lines = {metric: self.charts[metric.chart].plot() for metric in METRICS}
        self._drawn: dict[Metric, Line] = {}
        self._layout = QStackedLayout(self)
        self._layout.addWidget(self.empty)
        self._layout.addWidget(self.canvas)
        self._timer = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._timer.timeout.connect(self._repaint)
        theme.changed.connect(self._dress)
        self._dress(theme.current())

    def show_events(self, events: Iterable[Event]) -> None:
        """Show the curves of these events instead."""
        series = CurveSeries()
        for event in events:
            series.add(event)
        self.show_series(series)

    def show_series(self, series: CurveSeries) -> None:
        """Show other curves, which `add_event` goes on with."""
        self.series = series
        self.reset_view()
        self._schedule()

    def add_event(self, event: Event) -> None:
        """Go on with an event of the same trial."""
        if self.series.add(event):
            self._schedule()

    def clear(self) -> None:
        """Show nothing."""
        self.show_events(())

    def reset_view(self) -> None:
        """Show all of every curve, as after a double click."""
        for chart in self.charts.values():
            chart.enableAutoRange()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        if self._stale:
            self._schedule()

    def _chart(self, index: int, name: str) -> pg.PlotItem:
        scale = "log" if name == "learning rate" else "linear"
        axes = {"left": FigureAxis("left", scale), "bottom": FigureAxis("bottom", "linear")}
        chart = self.canvas.addPlot(row=index // self._num_columns, col=index % self._num_columns, axisItems=axes)
        chart.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
        chart.hideButtons()
        chart.vb.setDefaultPadding(0.04)
        if name == "sparsity":
            # Without pruning it stays at zero, which is no reason to look at fractions of a percent.
            chart.vb.setLimits(yMin=-LEAST_PERCENT / 10, minYRange=LEAST_PERCENT)
        chart.setMinimumHeight(96)
        if index:
            chart.setXLink(self.charts_so_far)
        self.charts_so_far = chart
        chart.mark = pg.InfiniteLine(angle=90, movable=False)
        chart.mark.hide()
        chart.addItem(chart.mark, ignoreBounds=True)
        chart.scene().sigMouseClicked.connect(self._on_click)
        return chart

    def _on_click(self, event: object) -> None:
        if event.double():
            self.reset_view()

    def _schedule(self) -> None:
        self._stale = True
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _repaint(self) -> None:
        if not self.isVisible():
            return
        self._stale = False
        self._layout.setCurrentWidget(self.canvas if self.series else self.empty)
        if self.series and self.series.metrics != self.metrics:
            self._draw_others(self.series.metrics)
        start = self.series.fine_tuning_start
        for chart in self.charts.values():
            chart.mark.setVisible(start is not None)
            if start is not None:
                chart.mark.setValue(start)
        for metric, line in self.lines.items():
            drawn = self.series.line(metric)
            if self._drawn.get(metric) == drawn:
                # Within an epoch only two charts change; giving the others the same data would draw them anew.
                continue
            self._drawn[metric] = drawn
            places, values = drawn
            if metric.chart == "learning rate":
                values = [math.log10(value) if value > 0 else math.nan for value in values]
            line.setData(places, values, symbol="o" if len(places) <= MARKED_EPOCHS else None)

    def _draw_others(self, metrics: tuple[Metric, ...]) -> None:
        """Draw other curves: a forecast has errors where words have an accuracy."""
        for metric in set(self.lines) - set(metrics):
            self.charts[metric.chart].removeItem(self.lines.pop(metric))
            self._drawn.pop(metric, None)
        for metric in metrics:
            if metric not in self.lines:
                self.lines[metric] = self.charts[metric.chart].plot()
        self.metrics = metrics
        self._dress(theme.current())

    def _dress(self, palette: Palette) -> None:
        self.canvas.setBackground(palette.surface)
        font = theme.font()
        for name, chart in self.charts.items():
            chart.getAxis("left").dress(palette, font, "")
            chart.getAxis("bottom").dress(palette, font, "epoch")
            set_title(chart, *_title(name, self.metrics, palette))
            chart.showGrid(x=False, y=True, alpha=0.15)
            chart.mark.setPen(pg.mkPen(palette.muted, width=1, style=Qt.PenStyle.DotLine))
        for metric, line in self.lines.items():
            colour = QColor(_colour(metric, palette))
            dashed = Qt.PenStyle.DashLine if metric.name == DASHED else Qt.PenStyle.SolidLine
            line.setPen(pg.mkPen(colour, width=1.5, style=dashed))
            line.setSymbolSize(4)
            line.setSymbolPen(None)
            line.setSymbolBrush(colour)


def _colour(metric: Metric, palette: Palette) -> str:
    if metric.quantity:
        return palette.series[metric.number % len(palette.series)]
    return palette.series[1] if metric.name == DASHED else palette.series[0]


def _title(name: str, metrics: tuple[Metric, ...], palette: Palette) -> list[tuple[str, str]]:
    """The chart's name, unit and legend in one line above it, so that no legend covers a curve."""
    curves = [metric for metric in metrics if metric.chart == name]
    if name == "quality":
        name = "error" if curves[0].quantity else "accuracy"
    unit = f", {UNITS[name]}" if UNITS.get(name) else ""
    words = [(f"{name.capitalize()}{unit}", palette.text)]
    if len(curves) > 1:
        # One dashed stroke explains those of all quantities.
        named = [metric for metric in curves if not (metric.number and metric.name == DASHED)]
        for metric in sorted(named, key=lambda metric: metric.name == DASHED):
            stroke = "╌╌" if metric.name == DASHED else "──"
            words.append((f"{stroke} {metric.name}", _colour(metric, palette)))
    return words
