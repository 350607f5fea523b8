"""What the monitor of a device logged, over the device's own clock: one chart for each quantity that it tells."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.deploy.monitor_log import Reading
from workbench import theme
from workbench.plots.chart_title import set_title
from workbench.plots.figure_axis import FigureAxis, linear_ticks
from workbench.theme import Palette

REPAINT_MS = 33
LEFT_AXIS_WIDTH = 58
LINE_ROOM, MOST_TICKS = 20, 8
MOST_KEPT = 100_000
GAP_S = 30.0
"""Where nothing was logged for so long, the line is broken."""
QUANTITIES = {
    "battery_percent": "battery, %",
    "battery_volts": "battery, V",
    "on_mains": "mains",
    "cpu_temperature_c": "CPU temperature, °C",
    "load_1min": "load, running processes",
}


class MonitorChart(QWidget):
    """Charts above one another on one time axis; a quantity that the device does not tell has none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Monitor of the device")
        self.readings: list[Reading] = []
        self.charts: dict[str, pg.PlotItem] = {}
        self.lines: dict[str, pg.PlotDataItem] = {}
        self.canvas = pg.GraphicsLayoutWidget()
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setSpacing(4)
        self.canvas.ci.setContentsMargins(8, 4, 12, 4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.canvas)
        self._stale = False
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._soon.timeout.connect(self._repaint)
        theme.changed.connect(self._dress)
        self._dress(theme.current())

    def clear(self) -> None:
        """Show nothing."""
        self.readings = []
        self._schedule()

    def add(self, readings: Iterable[Reading]) -> None:
        """Go on with readings, in their order."""
        self.readings += readings
        del self.readings[:-MOST_KEPT]
        self._schedule()

    @property
    def told(self) -> list[str]:
        """The quantities that the device tells."""
        return [name for name in QUANTITIES if any(getattr(found, name) is not None for found in self.readings)]

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with what came out of sight."""
        super().showEvent(event)
        if self._stale:
            self._schedule()

    def _schedule(self) -> None:
        self._stale = True
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def _repaint(self) -> None:
        if not self.isVisible():
            return
        self._stale = False
        told = self.told
        if told != list(self.charts):
            self._lay_out(told)
        for name, line in self.lines.items():
            line.setData(*series(self.readings, name), connect="finite")

    def _lay_out(self, told: Sequence[str]) -> None:
        self.canvas.clear()
        self.charts, self.lines = {}, {}
        for row, name in enumerate(told):
            is_last = row == len(told) - 1
            left = SwitchAxis("left", "linear") if name == "on_mains" else LowAxis("left", "linear")
            axes = {"left": left, "bottom": ClockAxis("bottom")}
            chart = self.canvas.addPlot(row=row, col=0, axisItems=axes)
            chart.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
            chart.getAxis("bottom").setStyle(showValues=is_last)
            chart.hideButtons()
            chart.setMenuEnabled(False)
            chart.vb.setDefaultPadding(0.04)
            if row:
                chart.setXLink(self.charts[told[0]])
            if name == "on_mains":
                chart.setYRange(-0.1, 1.1)
            self.charts[name] = chart
            self.lines[name] = chart.plot()
        if told:
            self.charts[told[0]].scene().sigMouseClicked.connect(self._on_click)
        self._dress(theme.current())

    def _on_click(self, event: object) -> None:
        if event.double():
            for chart in self.charts.values():
                chart.enableAutoRange()

    def _dress(self, palette: Palette) -> None:
        self.canvas.setBackground(palette.surface)
        font = theme.font()
        for place, (name, chart) in enumerate(self.charts.items()):
            chart.getAxis("left").dress(palette, font, "")
            bottom = chart.getAxis("bottom")
            bottom.setPen(pg.mkPen(palette.border))
            bottom.setTextPen(pg.mkPen(palette.muted))
            bottom.setTickFont(font)
            set_title(chart, (QUANTITIES[name], palette.text))
            chart.showGrid(x=False, y=True, alpha=0.15)
            self.lines[name].setPen(pg.mkPen(QColor(palette.series[place % len(palette.series)]), width=1.5))


class LowAxis(FigureAxis):
    """An axis of a low chart, whose labels stand closer."""

    def labelled_positions(self, low: float, high: float, length: float) -> list[float]:
        """Return where labelled ticks stand."""
        return linear_ticks(low, high, min(MOST_TICKS, max(2, int(length / LINE_ROOM))))


class SwitchAxis(FigureAxis):
    """An axis of something that is on or off."""

    def labelled_positions(self, low: float, high: float, length: float) -> list[float]:  # noqa: ARG002
        """Return off and on."""
        return [0.0, 1.0]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002, N802
        """Return what stands at the ticks."""
        return ["on" if value else "off" for value in values]


class ClockAxis(pg.DateAxisItem):
    """Time of day by the device's clock, in this machine's time zone."""

    def __init__(self, side: str) -> None:
        super().__init__(side, maxTickLength=-4)
        self.enableAutoSIPrefix(False)


def series(readings: Sequence[Reading], name: str) -> tuple[list[float], list[float]]:
    """Return times in seconds and values of a quantity, with a gap between sessions and where nothing was logged."""
    times: list[float] = []
    values: list[float] = []
    session = readings[0].session if readings else 0
    for reading in readings:
        if times and (reading.session != session or reading.time_s - times[-1] > GAP_S):
            times.append(times[-1])
            values.append(float("nan"))
        session = reading.session
        value = getattr(reading, name)
        times.append(reading.time_s)
        values.append(float("nan") if value is None else float(value))
    return times, values


def clock(time_s: float) -> str:
    """Return a time of a device's clock as time of day here, with the day when it is another one."""
    when = datetime.fromtimestamp(time_s)
    return f"{when:%H:%M:%S}" if when.date() == datetime.now().date() else f"{when:%d %b %H:%M:%S}"
