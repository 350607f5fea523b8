"""What a trial forecast for the test period, against what came: to scroll and zoom through, quantity by quantity."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from core.datasets.column_names import name_of
from core.results import Forecast
from workbench import theme
from workbench.number_format import three_digits
from workbench.plots.figure_axis import FigureAxis
from workbench.plots.monitor_chart import LowAxis
from workbench.theme import Palette
from workbench.widgets.elided_label import ElidedLabel

if TYPE_CHECKING:
    from core.evaluation.forecasting import KeptForecasts

LEFT_AXIS_WIDTH = 48
OVERVIEW_HEIGHT = 56
FIRST_SEEN_S = 3 * 24 * 3600
LEAST_SEEN_S = 3600
STEP_SHARE = 0.25
ZOOM = 1.5
GAP = 1.5
"""Where the next value is further than so many steps away, a line is broken."""
LINES = ("truth", "forecast", "persistence", "linear model")
STROKES = {"truth": "──", "forecast": "──", "persistence": "┈┈", "linear model": "╌╌"}

Line = tuple[NDArray[np.float64], NDArray[np.float32]]


@dataclass(frozen=True)
class TestPeriod:
    """What was forecast for the test period, and how well. Times are seconds since 1970, in the file's own clock."""

    kept: "KeptForecasts"
    quality: Forecast

    @property
    def step_s(self) -> float:
        """Time from one value to the next."""
        return 60 * self.quality.step_minutes

    @property
    def num_horizons(self) -> int:
        """Steps that are forecast."""
        return len(self.quality.quantities[0].file.by_horizon)

    def lines(self, place: int, horizon: int) -> dict[str, Line]:
        """Return the lines of one quantity, and of its forecasts made `horizon` steps before."""
        kept = self.kept
        came_s = kept.times_s + horizon * self.step_s
        return {
            "truth": self._broken(kept.truth_times_s, kept.truth[:, place]),
            "forecast": self._broken(came_s, kept.forecasts[:, horizon - 1, place]),
            "persistence": self._broken(came_s, kept.latest[:, place]),
            "linear model": self._broken(came_s, kept.linear[:, horizon - 1, place]),
        }

    def _broken(self, times_s: NDArray[np.number], values: NDArray[np.float32]) -> Line:
        """Return a line with a NaN in every gap."""
        # Windows may be further apart than steps.
        usual_s = max(self.step_s, float(np.median(np.diff(times_s)))) if len(times_s) > 1 else self.step_s
        gaps = np.flatnonzero(np.diff(times_s) > GAP * usual_s) + 1
        return (
            np.insert(times_s.astype(np.float64), gaps, times_s[gaps - 1] + usual_s / 2),
            np.insert(values, gaps, np.nan),
        )


class ForecastChart(QFrame):
    """A chart for each quantity on one time axis, and beneath them the whole period with the part in sight."""

    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "pane")
        self.setAccessibleName("Forecast against truth over the test period")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.period: TestPeriod | None = None
        self.horizon = 1
        self.charts: list[pg.PlotItem] = []
        self.lines: list[dict[str, pg.PlotDataItem]] = []
        self._drawn: list[dict[str, Line]] = []
        self.canvas = _Canvas()
        self.canvas.pointed.connect(self._point)
        self.caption = ElidedLabel()
        self.caption.setProperty("role", "muted")
        self.caption.setContentsMargins(LEFT_AXIS_WIDTH, 0, 8, 2)
        self.legend = QLabel(wordWrap=True)
        self.legend.setContentsMargins(LEFT_AXIS_WIDTH, 2, 8, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.legend)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.caption)
        theme.changed.connect(self._dress)

    def show_period(self, period: TestPeriod | None, horizon: int) -> None:
        """Show the forecasts of a trial, made so many steps before; its first days."""
        names = [found.name for found in period.quality.quantities] if period else []
        shown = [found.name for found in self.period.quality.quantities] if self.period else []
        span = self.span if self.period and period and self._same_time(period) else None
        self.period = period
        if names != shown:
            self._lay_out(names)
        if period is not None:
            self.show_horizon(horizon)
            self._limit(span)

    def show_horizon(self, horizon: int) -> None:
        """Show the forecasts made so many steps before."""
        assert self.period is not None
        self.horizon = horizon
        self._drawn = [self.period.lines(place, horizon) for place in range(len(self.charts))]
        for lines, drawn in zip(self.lines, self._drawn, strict=True):
            for name, line in lines.items():
                line.setData(*drawn[name], connect="finite")
        self.whole.setData(*self._drawn[0]["truth"], connect="finite")
        self._say_usual()

    @property
    def span(self) -> tuple[float, float]:
        """The stretch of time in sight, in seconds since 1970."""
        low, high = self.charts[0].vb.viewRange()[0]
        return low, high

    def show_span(self, low_s: float, high_s: float) -> None:
        """Show another stretch of time, as far as there is one."""
        first, last = self.ends
        width = min(max(high_s - low_s, LEAST_SEEN_S), last - first)
        low_s = min(max(low_s, first), last - width)
        self.charts[0].setXRange(low_s, low_s + width, padding=0)

    @property
    def ends(self) -> tuple[float, float]:
        """First and last time of the test period."""
        assert self.period is not None
        times_s = self.period.kept.truth_times_s
        return float(times_s[0]), float(times_s[-1])

    def show_whole(self) -> None:
        """Show the whole test period."""
        self.show_span(*self.ends)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows scroll and zoom, Home shows everything."""
        if self.period is None:
            super().keyPressEvent(event)
            return
        (low, high), key = self.span, event.key()
        width, middle = high - low, (low + high) / 2
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            step = STEP_SHARE * width * (1 if key == Qt.Key.Key_Right else -1)
            self.show_span(low + step, high + step)
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Plus, Qt.Key.Key_Down, Qt.Key.Key_Minus):
            half = width / 2 * (1 / ZOOM if key in (Qt.Key.Key_Up, Qt.Key.Key_Plus) else ZOOM)
            self.show_span(middle - half, middle + half)
        elif key == Qt.Key.Key_Home:
            self.show_whole()
        else:
            super().keyPressEvent(event)

    # Building

    def _lay_out(self, names: list[str]) -> None:
        self.canvas.clear()
        self.charts, self.lines = [], []
        for row in range(len(names)):
            bottom = FileClockAxis() if row == len(names) - 1 else _BareAxis()
            axes = {"left": LowAxis("left", "linear"), "bottom": bottom}
            chart = self.canvas.addPlot(row=row, col=0, axisItems=axes)
            chart.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
            chart.hideButtons()
            chart.setMenuEnabled(False)
            chart.vb.setMouseEnabled(x=True, y=False)
            chart.vb.setAutoVisible(y=True)
            chart.enableAutoRange(y=True)
            chart.setClipToView(True)
            chart.setDownsampling(auto=True, mode="peak")
            if row:
                chart.setXLink(self.charts[0])
            self.charts.append(chart)
            # What matters most is drawn last.
            self.lines.append({name: chart.plot() for name in reversed(LINES)})
        if names:
            self._add_overview(len(names))
        self._dress(theme.current())

    def _add_overview(self, row: int) -> None:
        axes = {"left": FigureAxis("left", "linear"), "bottom": FileClockAxis()}
        self.overview = self.canvas.addPlot(row=row, col=0, axisItems=axes)
        self.overview.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
        self.overview.getAxis("left").setStyle(showValues=False)
        self.overview.hideButtons()
        self.overview.setMenuEnabled(False)
        self.overview.vb.setMouseEnabled(x=False, y=False)
        self.overview.setDownsampling(auto=True, mode="peak")
        self.canvas.ci.layout.setRowFixedHeight(row, OVERVIEW_HEIGHT)
        self.whole = self.overview.plot()
        self.region = pg.LinearRegionItem(swapMode="block")
        self.overview.addItem(self.region, ignoreBounds=True)
        self.region.sigRegionChanged.connect(self._follow_region)
        self.charts[0].vb.sigXRangeChanged.connect(self._follow_view)

    def _same_time(self, period: TestPeriod) -> bool:
        times_s = period.kept.truth_times_s
        return self.ends == (float(times_s[0]), float(times_s[-1]))

    def _limit(self, span: tuple[float, float] | None) -> None:
        first, last = self.ends
        for chart in self.charts:
            chart.vb.setLimits(xMin=first, xMax=last, minXRange=min(LEAST_SEEN_S, last - first))
        self.overview.setXRange(first, last, padding=0)
        self.region.setBounds((first, last))
        self.show_span(*(span or (first, first + FIRST_SEEN_S)))
        self._follow_view()

    def _follow_region(self) -> None:
        low, high = self.region.getRegion()
        if (low, high) != self.span and high - low >= LEAST_SEEN_S:
            self.charts[0].setXRange(low, high, padding=0)

    def _follow_view(self, *_: object) -> None:
        self.region.blockSignals(True)
        self.region.setRegion(self.span)
        self.region.blockSignals(False)

    # Pointing

    def _point(self, place: QPointF) -> None:
        chart = next((chart for chart in self.charts if chart.sceneBoundingRect().contains(place)), None)
        if chart is None or self.period is None:
            self._say_usual()
            return
        time_s = chart.vb.mapSceneToView(place).x()
        said = [f"{self._value(number, time_s)}" for number in range(len(self.charts))]
        when = datetime.fromtimestamp(round(time_s / self.period.step_s) * self.period.step_s, UTC)
        self.caption.setText(f"{when:%d %b %Y %H:%M}   {'   '.join(said)}")

    def _value(self, number: int, time_s: float) -> str:
        assert self.period is not None
        quantity = self.period.quality.quantities[number]
        figures = [_at(self._drawn[number][name], time_s, self.period.step_s) for name in ("truth", "forecast")]
        came, told = (three_digits(figure) for figure in figures)
        return f"{name_of(quantity.name)} {came} {quantity.unit}, forecast {told} {quantity.unit}"

    def _say_usual(self) -> None:
        self.caption.setText("↑ ↓ or wheel zoom, ← → or drag scroll, Home shows the whole test period.")

    def _dress(self, palette: Palette) -> None:
        self.canvas.setBackground(palette.surface)
        if self.period is None or not self.charts:
            return
        font = theme.font()
        font.setPixelSize(theme.TEXT_PIXELS - 2)
        colours = {
            "truth": palette.text,
            "forecast": palette.series[1],
            "persistence": palette.muted,
            "linear model": palette.series[0],
        }
        dashes = {"persistence": Qt.PenStyle.DotLine, "linear model": Qt.PenStyle.DashLine}
        self.legend.setText(legend({f"{STROKES[name]} {name}": colours[name] for name in LINES}))
        for number, (chart, lines) in enumerate(zip(self.charts, self.lines, strict=True)):
            quantity = self.period.quality.quantities[number]
            unit = f", {quantity.unit}" if quantity.unit else ""
            words = f"<span style='color:{palette.text}'><b>{name_of(quantity.name)}{unit}</b></span>"
            chart.setTitle(words, size=f"{theme.TEXT_PIXELS - 2}px", justify="left")
            for axis in ("left", "bottom"):
                _dress_axis(chart.getAxis(axis), palette, font)
            chart.showGrid(x=False, y=True, alpha=0.15)
            for name, line in lines.items():
                style = dashes.get(name, Qt.PenStyle.SolidLine)
                line.setPen(pg.mkPen(QColor(colours[name]), width=1.6 if name in LINES[:2] else 1, style=style))
        for axis in ("left", "bottom"):
            _dress_axis(self.overview.getAxis(axis), palette, font)
        self.whole.setPen(pg.mkPen(QColor(palette.muted), width=1))
        tint = QColor(palette.accent)
        tint.setAlphaF(0.2)
        self.region.setBrush(tint)
        self.region.setHoverBrush(tint)
        for line in self.region.lines:
            line.setPen(pg.mkPen(palette.accent, width=2))
            line.setHoverPen(pg.mkPen(palette.text, width=3))


class FileClockAxis(pg.DateAxisItem):
    """Dates and times of day in the clock of the file, whose zone nobody knows."""

    def __init__(self) -> None:
        super().__init__("bottom", utcOffset=0, maxTickLength=-4)
        self.enableAutoSIPrefix(False)


class _BareAxis(pg.AxisItem):
    def __init__(self) -> None:
        super().__init__("bottom", maxTickLength=0)
        self.setStyle(showValues=False)


class _Canvas(pg.GraphicsLayoutWidget):
    """Tells what is pointed at."""

    pointed = Signal(QPointF)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.ci.setSpacing(2)
        self.ci.setContentsMargins(0, 0, 8, 0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Say where the pointer is."""
        super().mouseMoveEvent(event)
        self.pointed.emit(self.mapToScene(event.position().toPoint()))


def legend(words: Mapping[str, str]) -> str:
    """Return words in their colours on one line, as rich text that may break between them."""
    said = [f"<span style='color:{colour}'>{name.replace(' ', '&nbsp;')}</span>" for name, colour in words.items()]
    return f"<span style='font-size:{theme.TEXT_PIXELS - 2}px'>{'&nbsp; '.join(said)}</span>"


def _dress_axis(axis: pg.AxisItem, palette: Palette, font: object) -> None:
    axis.setPen(pg.mkPen(palette.border))
    axis.setTextPen(pg.mkPen(palette.muted))
    axis.setTickFont(font)


def _at(line: Line, time_s: float, within_s: float) -> float | None:
    """Return the value of a line at a time, None where it has none near."""
    times_s, values = line
    place = int(np.clip(np.searchsorted(times_s, time_s - within_s / 2), 0, len(times_s) - 1))
    value = float(values[place])
    return value if abs(times_s[place] - time_s) <= within_s and not np.isnan(value) else None
