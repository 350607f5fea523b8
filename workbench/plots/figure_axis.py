"""Axes of charts that compare trials: plain numbers at 1, 2, 5 where a scale spans decades, never exponents."""

import math
from html import escape
from itertools import pairwise
from typing import Any, Literal

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen

from workbench.number_format import plain
from workbench.theme import Palette

LABEL_ROOM = 56
"""Pixels that one tick with its label takes along a horizontal axis."""
LINE_ROOM = 34
DIGIT_ROOM = 8
MAJOR, MINOR = 1.0, 0.0
"""Stand in pyqtgraph's place for the spacing of ticks, so that `tickStrings` can tell the levels apart."""


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return the labelled values of a log axis from `low` to `high`: as many as there is room for, at most `most`."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    by_steps = [
        [step * 10.0**decade for decade in range(first, last + 1) for step in steps]
        for steps in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,))
    ]
    sparse = [[10.0**decade for decade in range(first, last + 1, every)] for every in (2, 3, 5)]
    within = [[value for value in values if low <= value <= high] for values in (*by_steps, *sparse)]
    fitting = next((values for values in within if len(values) <= most), within[-1])
    # Within a fraction of a decade the round steps of a log scale are too few: a linear scale's serve better.
    return fitting if len(fitting) >= 3 or high >= 10 * low else linear_ticks(low, high, most)


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Return round values from `low` to `high`, at most `most` of them."""
    if high <= low:
        return [low]
    rough = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 10) for index in range(first, math.floor(high / step + 1e-9) + 1)]


class FigureAxis(pg.AxisItem):
    """An axis with plain numbers. A log axis takes data in log10 and labels it in the unit itself."""

    def __init__(self, side: str, scale: Literal["linear", "log"]) -> None:
        super().__init__(side, maxTickLength=-4)
        self.logarithmic = scale == "log"
        self.setStyle(tickTextOffset=5, autoExpandTextSpace=False, hideOverlappingLabels=False)
        self.enableAutoSIPrefix(False)

    def labelled_positions(self, low: float, high: float, length: float) -> list[float]:
        """Return where labelled ticks stand, in the data's coordinates."""
        room = LABEL_ROOM if self.orientation in ("bottom", "top") else LINE_ROOM
        most = max(2, int(length / room))
        if not self.logarithmic:
            return linear_ticks(low, high, most)
        # Ticks of a log scale crowd at one end, so that their number alone does not tell whether they fit.
        first, last = 10.0**low, 10.0**high
        found = [log_ticks(first, last, fewer) for fewer in range(most, 1, -1)]
        if last < 10 * first:
            found += [linear_ticks(first, last, fewer) for fewer in range(most, 1, -1)]
        fitting = [values for values in found if self._fit(values, length / (high - low))]
        return [math.log10(value) for value in max(fitting or found[-1:], key=len) if value > 0]

    def _fit(self, values: list[float], pixels_per_decade: float) -> bool:
        across = self.orientation in ("bottom", "top")
        for one, other in pairwise(values):
            longest = max(len(plain(float(f"{value:.4g}"))) for value in (one, other))
            needed = DIGIT_ROOM * longest + DIGIT_ROOM if across else LINE_ROOM / 2
            if pixels_per_decade * math.log10(other / one) < needed:
                return False
        return True

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        """Return labelled ticks, then bare ones at the other digits of a log scale."""
        low, high = sorted((minVal, maxVal))
        labelled = self.labelled_positions(low, high, size)
        if not self.logarithmic or high - low > 4:
            return [(MAJOR, labelled)]
        decades = range(math.floor(low), math.ceil(high) + 1)
        digits = [decade + math.log10(digit) for decade in decades for digit in range(1, 10)]
        bare = [place for place in digits if low <= place <= high]
        return [(MAJOR, labelled), (MINOR, bare)]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: ARG002, N802
        """Return what stands at the ticks."""
        if spacing == MINOR:
            return [""] * len(values)
        if self.logarithmic:
            return [plain(float(f"{10.0**value:.4g}")) for value in values]
        # One number of decimals for all, so that they can be read down the axis.
        decimals = max((len(plain(value).partition(".")[2]) for value in values), default=0)
        return [f"{value:,.{decimals}f}".replace("-", "−") for value in values]

    def dress(self, palette: Palette, font: QFont, title: str) -> None:
        """Put on the palette's colours and name the axis."""
        self.setPen(QPen(QColor(palette.border), 1))
        self.setTickPen(QPen(QColor(palette.border), 1))
        self.setTextPen(QPen(QColor(palette.muted), 1))
        self.setTickFont(font)
        self.setLabel(escape(title), **{"color": palette.muted, "font-size": f"{font.pixelSize()}px"})
        self.label.setFont(font)


class Backdrop(pg.GraphicsObject):
    """What lies behind the points, in the view's own pixels: grid lines, and the tint of the feasible region."""

    def __init__(self, plot: pg.PlotItem) -> None:
        super().__init__(plot.vb)
        self.setZValue(-100)
        self.plot = plot
        self.grid = QColor("grey")
        self.tint = QColor("green")
        self.feasible: tuple[float | None, float | None] = (None, None)
        """Largest x and the bound of y that are feasible, in data coordinates."""
        self.rises = True
        """Whether y is feasible above its bound, or beneath."""
        plot.vb.sigResized.connect(self._resized)
        plot.vb.sigRangeChanged.connect(self._moved)

    def boundingRect(self) -> QRectF:  # noqa: N802
        """Return the whole view."""
        return self.plot.vb.rect()

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint grid and tint."""
        box = self.plot.vb.rect()
        (left, right), (bottom, top) = self.plot.vb.viewRange()
        across = box.width() / (right - left)
        down = box.height() / (top - bottom)
        most_x, bound_y = self.feasible
        if most_x is not None or bound_y is not None:
            x = box.right() if most_x is None else min(box.right(), (most_x - left) * across)
            y = None if bound_y is None else min(max(0.0, (top - bound_y) * down), box.bottom())
            first = y if y is not None and not self.rises else 0.0
            last = y if y is not None and self.rises else box.bottom()
            if x > 0 and last > first:
                painter.fillRect(QRectF(0, first, x, last - first), self.tint)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(QPen(self.grid, 1, Qt.PenStyle.SolidLine))
        for place in self.plot.getAxis("bottom").labelled_positions(left, right, box.width()):
            x = round((place - left) * across)
            painter.drawLine(x, 0, x, int(box.height()))
        for place in self.plot.getAxis("left").labelled_positions(bottom, top, box.height()):
            y = round((top - place) * down)
            painter.drawLine(0, y, int(box.width()), y)

    def _resized(self) -> None:
        self.prepareGeometryChange()
        self.update()

    def _moved(self) -> None:
        self.update()
