"""Thousands of small dots at once: the trials that carry no letter."""

import math

import numpy as np
from pyqtgraph.Qt import internals
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPixmap

DOT_PIXELS = 7.0
PALE = 0.38


class Crowd:
    """Draws dots in the palette's series colours.

    On the screen each dot is a copy of one of eight small pictures, all handed to Qt in a single call: 5,000 of them
    take about 2 ms, where as many ellipses take 40. Pictures for files get ellipses, which scale.
    """

    def __init__(self) -> None:
        self._fragments = internals.PrimitiveArray(QPainter.PixmapFragment, 10)
        self._sprites: QPixmap | None = None
        self._drawn_for: tuple[tuple[str, ...], float] = ((), 0)

    def paint(self, painter: QPainter, places: np.ndarray, numbers: np.ndarray, colours: tuple[str, ...]) -> None:
        """Draw dots at places in pixels, shape (n, 2), in the colours of trial numbers, shape (n,)."""
        kinds = (numbers - 1) % len(colours)
        if painter.paintEngine().type() != QPaintEngine.Type.Raster:
            _paint_ellipses(painter, places, kinds, colours)
            return
        ratio = painter.device().devicePixelRatioF() * max(1.0, painter.transform().m11())
        side = self._prepare(colours, ratio)
        self._fragments.resize(len(places))
        rows = self._fragments.ndarray()
        rows[:, 0:2] = places
        rows[:, 2] = kinds * side
        rows[:, 3] = 0
        rows[:, 4:6] = side
        rows[:, 6:10] = (1 / ratio, 1 / ratio, 0.0, 1.0)
        painter.drawPixmapFragments(*self._fragments.drawargs(), self._sprites)

    def _prepare(self, colours: tuple[str, ...], ratio: float) -> int:
        """Paint one dot per colour, side by side, and return the side of one in its pixels."""
        side = math.ceil((DOT_PIXELS + 2) * ratio)
        if self._drawn_for != (colours, ratio) or self._sprites is None:
            self._sprites = QPixmap(side * len(colours), side)
            self._sprites.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._sprites)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            for index, colour in enumerate(colours):
                painter.setBrush(_pale(colour))
                radius = DOT_PIXELS / 2 * ratio
                painter.drawEllipse(QPointF((index + 0.5) * side, side / 2), radius, radius)
            painter.end()
            self._drawn_for = (colours, ratio)
        return side


def _paint_ellipses(painter: QPainter, places: np.ndarray, kinds: np.ndarray, colours: tuple[str, ...]) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    brushes = [_pale(colour) for colour in colours]
    for (x, y), kind in zip(places, kinds, strict=True):
        painter.setBrush(brushes[kind])
        painter.drawEllipse(QPointF(x, y), DOT_PIXELS / 2, DOT_PIXELS / 2)


def _pale(colour: str) -> QColor:
    pale = QColor(colour)
    pale.setAlphaF(PALE)
    return pale
