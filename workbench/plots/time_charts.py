"""Charts above one another on one time axis, and beneath them the whole time with the part in sight."""

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from workbench import theme
from workbench.plots.chart_title import set_title
from workbench.plots.figure_axis import FigureAxis
from workbench.plots.file_clock_axis import FileClockAxis
from workbench.plots.monitor_chart import LowAxis
from workbench.theme import Palette
from workbench.widgets.elided_label import ElidedLabel

LEFT_AXIS_WIDTH = 54
OVERVIEW_HEIGHT = 60
LEAST_SEEN_STEPS = 6
STEP_SHARE = 0.25
ZOOM = 1.5
GAP = 1.5
"""Where the next value is further than so many steps away, a line is broken."""
REDRAW_MS = 33
MOST_POINTS = 4000
"""A longer stretch is drawn as the highest and lowest of what falls together."""
KEYS = "↑ ↓ or wheel zoom, ← → or drag scroll, Home shows everything."


Line = tuple[NDArray[np.float64], NDArray[np.float32]]


class TimeCharts(QFrame):
    """Scrolls and zooms; what is drawn is said by those who derive from it. Times are seconds in the file's clock."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "pane")
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.charts: list[pg.PlotItem] = []
        self.ends = (0.0, 1.0)
        """First and last time there is."""
        self.least_s = 0.0
        """Shortest stretch of time to be seen."""
        self.canvas = _Canvas()
        self.canvas.pointed.connect(self._point)
        self.canvas.left.connect(lambda: self.caption.setText(KEYS))
        self.caption = ElidedLabel(KEYS)
        self.caption.setProperty("role", "muted")
        self.caption.setContentsMargins(LEFT_AXIS_WIDTH, 0, 8, 2)
        self.legend = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.legend.setContentsMargins(LEFT_AXIS_WIDTH, 2, 8, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.legend)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.caption)
        self._soon = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._soon.timeout.connect(self.draw)
        theme.changed.connect(self.dress)

    # What derived charts say

    def draw(self) -> None:
        """Draw what is in sight."""
        raise NotImplementedError

    def add_lines(self, chart: pg.PlotItem) -> None:
        """Put lines into a chart that was laid out, from the first to the last."""
        raise NotImplementedError

    def words_at(self, time_s: float) -> str:
        """Return what there is at a time, in words."""
        raise NotImplementedError

    # What is in sight

    @property
    def span(self) -> tuple[float, float]:
        """The stretch of time in sight, in seconds since 1970."""
        low, high = self.charts[0].vb.viewRange()[0]
        return low, high

    def show_span(self, low_s: float, high_s: float) -> None:
        """Show another stretch of time, as far as there is one."""
        first, last = self.ends
        width = min(max(high_s - low_s, self.least_s), last - first)
        low_s = min(max(low_s, first), last - width)
        self.charts[0].setXRange(low_s, low_s + width, padding=0)

    def seen(self, times_s: NDArray[np.number], values: NDArray[np.float32]) -> Line:
        """Return what is drawn of a line with ascending times: what is in sight, thinned where that is much."""
        first_s, last_s = self.span
        start = max(0, int(np.searchsorted(times_s, first_s)) - 1)
        stop = min(len(times_s), int(np.searchsorted(times_s, last_s)) + 2)
        return thinned(times_s[start:stop], values[start:stop])

    def show_whole(self) -> None:
        """Show all of the time there is."""
        self.show_span(*self.ends)

    def limit(self, first_s: float, last_s: float, step_s: float, span: tuple[float, float] | None = None) -> None:
        """Let nobody scroll beyond these times, or zoom into a step; show a stretch, all where none is named."""
        self.ends = first_s, last_s
        self.least_s = min(LEAST_SEEN_STEPS * step_s, last_s - first_s)
        for chart in self.charts:
            chart.vb.setLimits(xMin=first_s, xMax=last_s, minXRange=self.least_s)
        self.overview.setXRange(first_s, last_s, padding=0)
        self.region.setBounds(self.ends)
        self.show_span(*(span or self.ends))
        self._follow_view()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Arrows scroll and zoom, Home shows everything."""
        if not self.charts:
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

    def lay_out(self, num_charts: int) -> None:
        """Make so many charts, and the one of the whole time beneath them."""
        self.canvas.clear()
        self.charts = []
        for row in range(num_charts):
            bottom = FileClockAxis() if row == num_charts - 1 else _BareAxis()
            chart = self.canvas.addPlot(row=row, col=0, axisItems={"left": LowAxis("left", "linear"), "bottom": bottom})
            chart.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
            chart.hideButtons()
            chart.setMenuEnabled(False)
            chart.vb.setMouseEnabled(x=True, y=False)
            chart.vb.setAutoVisible(y=True)
            chart.enableAutoRange(y=True)
            if row:
                chart.setXLink(self.charts[0])
            self.charts.append(chart)
            self.add_lines(chart)
        if num_charts:
            self._add_overview(num_charts)
        self.dress(theme.current())

    def _add_overview(self, row: int) -> None:
        axes = {"left": FigureAxis("left", "linear"), "bottom": FileClockAxis()}
        self.overview = self.canvas.addPlot(row=row, col=0, axisItems=axes)
        self.overview.getAxis("left").setWidth(LEFT_AXIS_WIDTH)
        self.overview.getAxis("left").setStyle(showValues=False)
        self.overview.hideButtons()
        self.overview.setMenuEnabled(False)
        self.overview.vb.setMouseEnabled(x=False, y=False)
        self.canvas.ci.layout.setRowFixedHeight(row, OVERVIEW_HEIGHT)
        self.whole = self.overview.plot()
        self.region = pg.LinearRegionItem(swapMode="block")
        self.overview.addItem(self.region, ignoreBounds=True)
        self.region.sigRegionChanged.connect(self._follow_region)
        self.charts[0].vb.sigXRangeChanged.connect(self._follow_view)

    def _follow_region(self) -> None:
        low, high = self.region.getRegion()
        if (low, high) != self.span and high - low >= self.least_s:
            self.charts[0].setXRange(low, high, padding=0)

    def _follow_view(self, *_: object) -> None:
        self.region.blockSignals(True)
        self.region.setRegion(self.span)
        self.region.blockSignals(False)
        if not self._soon.isActive():
            self._soon.start()

    def _point(self, place: QPointF) -> None:
        chart = next((chart for chart in self.charts if chart.sceneBoundingRect().contains(place)), None)
        self.caption.setText(KEYS if chart is None else self.words_at(chart.vb.mapSceneToView(place).x()))

    def dress(self, palette: Palette) -> None:
        """Put on a palette's colours."""
        self.canvas.setBackground(palette.surface)
        if not self.charts:
            return
        font = theme.font()
        for chart in (*self.charts, self.overview):
            for axis in ("left", "bottom"):
                _dress_axis(chart.getAxis(axis), palette, font)
        for chart in self.charts:
            chart.showGrid(x=False, y=True, alpha=0.15)
        self.whole.setPen(pg.mkPen(QColor(palette.muted), width=1))
        tint = QColor(palette.accent)
        tint.setAlphaF(0.2)
        self.region.setBrush(tint)
        self.region.setHoverBrush(tint)
        for line in self.region.lines:
            line.setPen(pg.mkPen(palette.accent, width=2))
            line.setHoverPen(pg.mkPen(palette.text, width=3))

    def title(self, chart: pg.PlotItem, words: str, palette: Palette) -> None:
        """Name a chart in the line above it."""
        set_title(chart, (words, palette.text), bold=True)


class _BareAxis(pg.AxisItem):
    def __init__(self) -> None:
        super().__init__("bottom", maxTickLength=0)
        self.setStyle(showValues=False)


class _Canvas(pg.GraphicsLayoutWidget):
    """Tells what is pointed at."""

    pointed = Signal(QPointF)
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.page_scrolls = False
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.ci.setSpacing(2)
        self.ci.setContentsMargins(0, 0, 8, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom; on a page that scrolls only where the chart was clicked, or going down the page would end in it."""
        if self.page_scrolls and not self.parentWidget().hasFocus():
            event.ignore()
        else:
            super().wheelEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Say where the pointer is."""
        super().mouseMoveEvent(event)
        self.pointed.emit(self.mapToScene(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say that the pointer is gone."""
        super().leaveEvent(event)
        self.left.emit()


def thinned(times_s: NDArray[np.number], values: NDArray[np.float32]) -> Line:
    """Return a line as it is, or the highest and the lowest value of stretches of equal length, in turn.

    A stretch without any value is NaN; within the others missing values are passed over.
    """
    if len(values) <= MOST_POINTS:
        return times_s.astype(np.float64), values
    starts = np.linspace(0, len(values), MOST_POINTS // 2, endpoint=False).astype(np.int64)
    column = np.ascontiguousarray(values)
    low, high = np.fmin.reduceat(column, starts), np.fmax.reduceat(column, starts)
    return np.repeat(times_s[starts].astype(np.float64), 2), np.stack([low, high], axis=1).ravel()


def broken(times_s: NDArray[np.number], values: NDArray[np.float32], usual_s: float) -> Line:
    """Return a line with a NaN in every gap."""
    gaps = np.flatnonzero(np.diff(times_s) > GAP * usual_s) + 1
    return (
        np.insert(times_s.astype(np.float64), gaps, times_s[gaps - 1] + usual_s / 2),
        np.insert(values, gaps, np.nan),
    )


def legend(words: Mapping[str, str]) -> str:
    """Return words in their colours on one line, as rich text that may break between them."""
    said = [f"<span style='color:{colour}'>{_unbroken(name)}</span>" for name, colour in words.items()]
    return f"<span style='font-size:{theme.TEXT_PIXELS}px'>{'&nbsp; '.join(said)}</span>"


def _unbroken(words: str) -> str:
    """Return words as rich text that stays on one line."""
    return escape(words).replace(" ", "&nbsp;")


def value_at(times_s: Sequence[float] | np.ndarray, values: np.ndarray, time_s: float, within_s: float) -> float | None:
    """Return the value nearest after a time less half a step, None where there is none near."""
    place = int(np.clip(np.searchsorted(times_s, time_s - within_s / 2), 0, len(times_s) - 1))
    value = float(values[place])
    return value if abs(times_s[place] - time_s) <= within_s and not np.isnan(value) else None


def _dress_axis(axis: pg.AxisItem, palette: Palette, font: QFont) -> None:
    axis.setPen(pg.mkPen(palette.border))
    axis.setTextPen(pg.mkPen(palette.muted))
    axis.setTickFont(font)
