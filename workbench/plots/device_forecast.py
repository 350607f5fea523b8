"""A forecast of a device: what was measured and what is to come, one chart for each quantity on one time axis."""

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.deploy.forecast import DeviceForecast, Stretch
from workbench import theme
from workbench.plots.chart_title import set_title
from workbench.plots.monitor_chart import LEFT_AXIS_WIDTH, ClockAxis, LowAxis
from workbench.theme import Palette

DOT = 6
Points = tuple[list[float], list[float]]


class DeviceForecastChart(QWidget):
    """Measured values are joined by a line, those to come by a dashed one that begins at the latest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Forecast of the device")
        self.forecast: DeviceForecast | None = None
        self.charts: list[pg.PlotItem] = []
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setSpacing(4)
        self.canvas.ci.setContentsMargins(8, 4, 12, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas)
        theme.changed.connect(self._dress)
        self._dress(theme.current())

    def show_forecast(self, forecast: DeviceForecast | None) -> None:
        """Draw a forecast in place of the one before."""
        self.forecast = forecast
        self._dress(theme.current())

    def _dress(self, palette: Palette) -> None:
        self.canvas.setBackground(palette.surface)
        self.canvas.clear()
        self.charts = []
        if self.forecast is None:
            return
        names = [quantity.column for quantity in self.forecast.coming.quantities]
        for row, name in enumerate(names):
            self._add_chart(name, QColor(palette.series[row % len(palette.series)]), palette, is_last=name == names[-1])

    def _add_chart(self, column: str, colour: QColor, palette: Palette, *, is_last: bool) -> None:
        assert self.forecast is not None
        axes = {"left": LowAxis("left", "linear"), "bottom": ClockAxis("bottom")}
        chart = self.canvas.addPlot(row=len(self.charts), col=0, axisItems=axes)
        chart.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
        chart.getAxis("bottom").setStyle(showValues=is_last)
        chart.hideButtons()
        chart.setMenuEnabled(False)
        chart.vb.setDefaultPadding(0.06)
        chart.showGrid(x=False, y=True, alpha=0.15)
        if self.charts:
            chart.setXLink(self.charts[0])
        self.charts.append(chart)
        past, coming = points(self.forecast.past, column), points(self.forecast.coming, column)
        joined = tuple([*before[-1:], *after] for before, after in zip(past, coming, strict=True))
        line, hollow = pg.mkPen(colour, width=1.5), palette.surface
        dashed = pg.mkPen(colour, width=1.5, style=Qt.PenStyle.DashLine)
        chart.plot(*joined, pen=dashed)
        chart.plot(*coming, pen=None, symbol="o", symbolSize=DOT, symbolPen=line, symbolBrush=hollow)
        chart.plot(*past, pen=line, symbol="o", symbolSize=DOT, symbolPen=None, symbolBrush=colour)
        self._dress_axes(chart, column, palette)

    def _dress_axes(self, chart: pg.PlotItem, column: str, palette: Palette) -> None:
        assert self.forecast is not None
        font = theme.font()
        chart.getAxis("left").dress(palette, font, "")
        bottom = chart.getAxis("bottom")
        bottom.setPen(pg.mkPen(palette.border))
        bottom.setTextPen(pg.mkPen(palette.muted))
        bottom.setTickFont(font)
        title = next(quantity for quantity in self.forecast.coming.quantities if quantity.column == column)
        words = f"{title.name}, {title.unit}" if title.unit else title.name
        set_title(chart, (words, palette.text))


def points(stretch: Stretch, column: str) -> Points:
    """Return times, as the device's wall clock shows them, and values of a quantity; nothing where it is none."""
    for quantity in stretch.quantities:
        if quantity.column == column:
            return [at.replace(tzinfo=None).timestamp() for at in stretch.times], list(quantity.values)
    return [], []
