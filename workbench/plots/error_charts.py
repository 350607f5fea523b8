"""Errors of forecasts by how far ahead they are, and by the hour of the day they are for, beside the baselines'."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from core.datasets.column_names import name_of
from core.results import Errors, Forecast, QuantityErrors
from workbench import theme
from workbench.plots.chart_title import set_title
from workbench.plots.figure_axis import FigureAxis
from workbench.plots.monitor_chart import LowAxis
from workbench.plots.time_charts import legend
from workbench.theme import Palette

LEFT_AXIS_WIDTH = 54
RIVALS = ("this trial", "linear model", "persistence")
STROKES = {"this trial": "──", "linear model": "╌╌", "persistence": "┈┈"}
BY = ("horizon", "hour")


class ErrorCharts(QFrame):
    """Charts for each quantity: by horizon, and by hour of the day."""

    def __init__(self, num_columns: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "pane")
        self.setAccessibleName("Errors by horizon and by hour of the day")
        self._num_columns = num_columns
        self.quality: Forecast | None = None
        self.charts: dict[tuple[str, str], pg.PlotItem] = {}
        self.lines: dict[tuple[str, str, str], pg.PlotDataItem] = {}
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setSpacing(6)
        self.canvas.ci.setContentsMargins(0, 0, 8, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self.legend = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.legend.setContentsMargins(LEFT_AXIS_WIDTH, 2, 8, 0)
        column.setSpacing(2)
        column.addWidget(self.legend)
        column.addWidget(self.canvas, 1)
        theme.changed.connect(self._dress)

    def show_quality(self, quality: Forecast | None) -> None:
        """Show the errors of another trial."""
        if quality == self.quality:
            return
        wanted = charts_of(quality)
        shown = charts_of(self.quality)
        self.quality = quality
        if wanted != shown:
            self._lay_out(wanted)
        for found in quality.quantities if quality else ():
            self._draw(found)
        self._dress(theme.current())

    def _lay_out(self, wanted: list[tuple[str, str]]) -> None:
        self.canvas.clear()
        self.charts, self.lines = {}, {}
        for number, key in enumerate(wanted):
            axes = {"left": LowAxis("left", "linear"), "bottom": FigureAxis("bottom", "linear")}
            row, column = divmod(number, self._num_columns)
            chart = self.charts[key] = self.canvas.addPlot(row=row, col=column, axisItems=axes)
            chart.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
            chart.hideButtons()
            chart.setMenuEnabled(False)
            chart.vb.setMouseEnabled(x=False, y=False)
            for rival in reversed(RIVALS):
                self.lines[(*key, rival)] = chart.plot()

    def _draw(self, found: QuantityErrors) -> None:
        assert self.quality is not None
        there = zip(RIVALS, (found.file, found.linear, found.persistence), strict=True)
        rivals = {rival: errors for rival, errors in there if errors is not None}
        ahead = self.quality.step_minutes / _unit_of(self.quality)[0] * np.arange(1, len(found.file.by_horizon) + 1)
        shown = [by for name, by in self.charts if name == found.name]
        for rival, errors in rivals.items():
            self.lines[found.name, "horizon", rival].setData(ahead, np.array(errors.by_horizon))
            if "hour" in shown:
                self.lines[found.name, "hour", rival].setData(*_by_hour(errors), connect="finite")
        for by in shown:
            # From nothing on: half the error must look like half.
            known = [value for errors in rivals.values() for value in _values(errors, by) if value is not None]
            highest = max(known, default=0)
            self.charts[found.name, by].setYRange(0, 1.08 * highest or 1, padding=0)
        if "hour" in shown:
            self.charts[found.name, "hour"].setXRange(-0.5, 23.5, padding=0)

    def _dress(self, palette: Palette) -> None:
        self.canvas.setBackground(palette.surface)
        font = theme.font()
        colours = dict(zip(RIVALS, (palette.series[1], palette.series[0], palette.muted), strict=True))
        dashes = {"linear model": Qt.PenStyle.DashLine, "persistence": Qt.PenStyle.DotLine}
        ahead = f"{_unit_of(self.quality)[1]} ahead" if self.quality else ""
        units = {found.name: found.unit for found in self.quality.quantities} if self.quality else {}
        self.legend.setText(legend({f"{STROKES[rival]} {rival}": colours[rival] for rival in RIVALS}))
        for (name, by), chart in self.charts.items():
            unit = f", {units[name]}" if units[name] else ""
            set_title(chart, (f"{name_of(name)} error by {by}{unit}", palette.text), bold=True)
            chart.getAxis("left").dress(palette, font, "")
            chart.getAxis("bottom").dress(palette, font, ahead if by == "horizon" else "hour of the day")
            chart.showGrid(x=False, y=True, alpha=0.15)
            for rival in RIVALS:
                line = self.lines[name, by, rival]
                colour = QColor(colours[rival])
                style = dashes.get(rival, Qt.PenStyle.SolidLine)
                line.setPen(pg.mkPen(colour, width=1.8 if rival == "this trial" else 1.3, style=style))
                if rival == "this trial":
                    line.setSymbol("o")
                    line.setSymbolSize(5)
                    line.setSymbolPen(None)
                    line.setSymbolBrush(colour)


def charts_of(quality: Forecast | None) -> list[tuple[str, str]]:
    """Return what is drawn of forecasts: the quantity, and by what. Of one value a day an hour says nothing."""
    return [
        (found.name, by)
        for found in (quality.quantities if quality else ())
        for by in BY
        if by == "horizon" or sum(error is not None for error in found.file.by_hour) > 1
    ]


def _unit_of(quality: Forecast) -> tuple[int, str]:
    """Return the minutes of a unit in which steps are whole, and what it is called."""
    whole = (unit for unit in ((1440, "days"), (60, "hours")) if quality.step_minutes % unit[0] == 0)
    return next(whole, (1, "minutes"))


def _values(errors: Errors, by: str) -> tuple[float | None, ...]:
    return errors.by_horizon if by == "horizon" else errors.by_hour


def _by_hour(errors: Errors) -> tuple[np.ndarray, np.ndarray]:
    values = [np.nan if error is None else error for error in errors.by_hour]
    return np.arange(len(values)), np.array(values)
