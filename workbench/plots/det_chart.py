"""Missed words over false accepts per hour, with the working point to drag along the curve."""

import math

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QWidget

from workbench import theme
from workbench.listening.threshold_curve import ThresholdCurve
from workbench.number_format import three_digits
from workbench.plots.figure_axis import Backdrop, FigureAxis
from workbench.theme import Palette

LABEL_ROOM = 0.1
"""Part of the width that words beside a point take at most."""
REACH = 28.0
"""Pixels from the curve within which it is taken hold of."""
EMPTY = "Missed words over false accepts, for every threshold, are drawn here."


class RateAxis(FigureAxis):
    """A log axis of rates whose left end stands for none at all."""

    def __init__(self) -> None:
        super().__init__("bottom", "log")
        self.least = -1.0
        """Where zero is drawn, as a logarithm."""

    def labelled_positions(self, low: float, high: float, length: float) -> list[float]:
        """Return where labelled ticks stand: zero, and round rates right of it."""
        found = [place for place in super().labelled_positions(low, high, length) if place > self.least + 0.2]
        return [self.least, *found] if low <= self.least else found

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """Return what stands at the ticks."""
        words = super().tickStrings(values, scale, spacing)
        return ["0" if value == self.least else word for value, word in zip(values, words, strict=True)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        """Leave out the bare ticks beneath the least rate that can be counted."""
        labelled, *bare = super().tickValues(minVal, maxVal, size)
        return [labelled, *((level, [at for at in places if at > self.least + 0.2]) for level, places in bare)]


class DetChart(pg.PlotWidget):
    """Draws a ThresholdCurve. Drag the point, click near the curve, or step with the arrow keys."""

    point_dragged = Signal(int)
    """Place of the working point under the hand."""
    point_chosen = Signal(int)
    """The same, once it is let go."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.rates = RateAxis()
        super().__init__(
            parent, axisItems={"bottom": self.rates, "left": FigureAxis("left", "linear")}, enableMenu=False
        )
        self.setAccessibleName("Missed words over false accepts per hour; the table beside holds the same")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.curve: ThresholdCurve | None = None
        self.place = 0
        self._dragging = False
        self._xs: list[float] = []
        self._ys: list[float] = []
        self.plotItem.hideButtons()
        self.plotItem.layout.setContentsMargins(4, 12, 16, 4)
        self.plotItem.vb.setLimits(yMin=-6, yMax=108, minXRange=0.3, minYRange=1)
        self.backdrop = Backdrop(self.plotItem)
        self.line = self.plotItem.plot()
        self.guides = self.plotItem.plot()
        self.point = self.plotItem.plot(symbol="o", symbolSize=15)
        self.words = pg.TextItem(anchor=(0, 1))
        self.words.setZValue(10)
        self.plotItem.addItem(self.words, ignoreBounds=True)
        self.scene().sigMouseClicked.connect(self._on_click)
        theme.changed.connect(self.dress)
        self.dress(theme.current())
        self.show_curve(None)

    def show_curve(self, curve: ThresholdCurve | None) -> None:
        """Draw a curve, or none."""
        self.curve = curve
        points = curve.points if curve else ()
        if curve is not None:
            # Half of one in the whole recording: left of everything that can be counted.
            self.rates.least = math.log10(curve.least_rate / 2)
        least = self.rates.least
        self._xs = [math.log10(point.false_accepts_per_hour) if point.false_accepts_per_hour else least
                    for point in points]  # fmt: skip
        self._ys = [100 * point.false_reject_rate for point in points]
        self.line.setData(self._xs, self._ys, symbol="o")
        self.place = 0
        self._draw_point()
        self.dress(theme.current())
        self.reset_view()

    def show_place(self, place: int) -> None:
        """Put the working point elsewhere."""
        self.place = place
        self._draw_point()

    def reset_view(self) -> None:
        """Show the whole curve."""
        low, high = (min(self._xs), max(self._xs)) if self._xs else (-1.0, 2.0)
        left, right = min(low, self.rates.least) - 0.12, max(high, low + 1)
        self.plotItem.vb.setXRange(left, right + 1.2 * LABEL_ROOM * (right - left), padding=0)
        top = max(self._ys, default=100.0)
        self.plotItem.vb.setYRange(-0.04 * top, 1.08 * top, padding=0)

    def nearest(self, position: QPointF) -> tuple[int, float]:
        """Return the working point nearest to a place in the widget, and how many pixels away it is."""
        here = self.mapToScene(position.toPoint())
        distances = [
            math.hypot(spot.x() - here.x(), spot.y() - here.y())
            for spot in (self.place_of(place) for place in range(len(self._xs)))
        ]
        place = min(range(len(distances)), key=distances.__getitem__)
        return place, distances[place]

    def place_of(self, place: int) -> QPointF:
        """Return where a working point is drawn, in the scene."""
        return self.plotItem.vb.mapViewToScene(QPointF(self._xs[place], self._ys[place]))

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take hold of the curve."""
        if event.button() == Qt.MouseButton.LeftButton and self._xs:
            place, distance = self.nearest(event.position())
            if distance <= REACH:
                self._dragging = True
                self._move(place)
                event.accept()
                return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let the working point follow along the curve."""
        if self._dragging:
            self._move(self.nearest(event.position())[0])
            event.accept()
            return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        if self._dragging:
            self._dragging = False
            self.point_chosen.emit(self.place)
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Left and right step along the curve, to lower and higher thresholds."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None or not self._xs:
            event.ignore()
            return
        self._move(min(len(self._xs) - 1, max(0, self.place + step)))
        self.point_chosen.emit(self.place)

    def _move(self, place: int) -> None:
        if place != self.place:
            self.show_place(place)
            self.point_dragged.emit(place)

    def _on_click(self, event: object) -> None:
        if event.double():
            self.reset_view()

    # Drawing

    def _draw_point(self) -> None:
        if not self._xs or self.curve is None:
            for part in (self.guides, self.point):
                part.setData([], [])
            self.words.setText(EMPTY)
            self.words.setAnchor((0, 1))
            self.words.setPos(-0.9, 50)
            return
        x, y = self._xs[self.place], self._ys[self.place]
        self.point.setData([x], [y])
        self.guides.setData([x, x, -9], [-99, y, y])
        point = self.curve.points[self.place]
        self.words.setText(f"{point.threshold:g}")
        self.words.setPos(x, y)
        # The curve falls, so it never runs above and right of the point, nor below and left of it.
        left, right = self.plotItem.vb.viewRange()[0]
        self.words.setAnchor((1.4, -0.3) if x > right - LABEL_ROOM * (right - left) else (-0.4, 1.3))

    def dress(self, palette: Palette) -> None:
        """Put on a palette's colours."""
        font = theme.font()
        self.setBackground(palette.surface)
        hours = f" ({three_digits(self.curve.hours)} h of audio)" if self.curve else ""
        self.rates.dress(palette, font, f"false accepts per hour{hours}")
        self.plotItem.getAxis("left").dress(palette, font, "words missed, %")
        self.plotItem.getAxis("left").setWidth(56)
        self.rates.setHeight(46)
        self.backdrop.grid = QColor(palette.grid)
        self.line.setPen(pg.mkPen(palette.series[0], width=2))
        self.line.setSymbolBrush(QColor(palette.series[0]))
        self.line.setSymbolPen(None)
        self.line.setSymbolSize(4)
        self.guides.setPen(pg.mkPen(palette.muted, width=1, style=Qt.PenStyle.DotLine))
        self.point.setSymbolBrush(QColor(palette.surface))
        self.point.setSymbolPen(pg.mkPen(palette.accent, width=3))
        self.words.setColor(QColor(palette.text if self.curve else palette.muted))
        self.words.setFont(font)
        # No grid line runs through the words.
        self.words.fill = pg.mkBrush(palette.surface)
        self.backdrop.update()
