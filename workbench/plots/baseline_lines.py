"""What forecasters must beat, as dotted lines across a chart with their names on them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from workbench.theme import Palette

_TEXT_HEIGHT = 18.0
_MARGIN, _GAP, _STEP = 6.0, 12.0, 13.0
_REACH = 5.5
"""How far a point is seen around its centre, in pixels."""


@dataclass(frozen=True)
class BaselineLine:
    """A line's text and its place up the vertical axis, in data coordinates."""

    text: str
    place: float


class BaselineLines:
    """Lines with texts that keep their place along them until they are arranged anew."""

    def __init__(self) -> None:
        self.lines: Sequence[BaselineLine] = ()
        self._font = QFont()
        self._lefts: list[float] = []

    def show(self, lines: Sequence[BaselineLine], font: QFont) -> None:
        """Show other lines; `font` is that of their texts."""
        self.lines, self._font = lines, font
        self._lefts = [_MARGIN] * len(lines)

    def arrange(self, points: np.ndarray, box: QRectF, up: tuple[float, float]) -> None:
        """Put each text as far to the left as it covers neither a point nor another text.

        `points` are pixels, shape (n, 2), and `up` is the range of the vertical axis.
        """
        placed: list[QRectF] = []
        for index, text in enumerate(self._boxes(box, up, [_MARGIN] * len(self.lines))):
            close = [other for other in placed if abs(other.bottom() - text.bottom()) < text.height()]
            text.moveLeft(max([_MARGIN, *(other.right() + _GAP for other in close)]))
            beside = np.abs(points[:, 1] - text.center().y()) < text.height() / 2 + _REACH
            steps = np.arange(text.left(), box.width() - text.width() - _MARGIN, _STEP)
            gaps = points[beside, 0] - steps[:, np.newaxis]
            free = steps[~((gaps > -_REACH) & (gaps < text.width() + _REACH)).any(axis=1)]
            if len(free):
                text.moveLeft(float(free[0]))
            placed.append(text)
            self._lefts[index] = text.left()

    def obstacles(self, box: QRectF, up: tuple[float, float]) -> np.ndarray:
        """Return places of lines and texts, shape (n, 2), that no letter should cover."""
        along = np.arange(0, box.width(), 8)
        places = [np.empty((0, 2))]
        for text in self._boxes(box, up, self._lefts):
            across = np.arange(text.left(), text.right(), 6)
            places += [np.stack([across, np.full(len(across), y)], axis=1) for y in (text.top() + 4, text.bottom() - 4)]
            places.append(np.stack([along, np.full(len(along), text.bottom())], axis=1))
        return np.concatenate(places)

    def paint(self, painter: QPainter, box: QRectF, up: tuple[float, float], palette: Palette) -> None:
        """Paint the lines and their texts."""
        painter.setFont(self._font)
        painter.setPen(QPen(QColor(palette.muted), 1, Qt.PenStyle.DotLine))
        for line, text in zip(self.lines, self._boxes(box, up, self._lefts), strict=True):
            painter.drawLine(QPointF(0, text.bottom()), QPointF(box.right(), text.bottom()))
            painter.drawText(text, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line.text)

    def _boxes(self, box: QRectF, up: tuple[float, float], lefts: Sequence[float]) -> list[QRectF]:
        bottom, top = up
        metrics = QFontMetricsF(self._font)
        return [
            QRectF(
                left,
                (top - line.place) / (top - bottom) * box.height() - _TEXT_HEIGHT,
                metrics.horizontalAdvance(line.text),
                _TEXT_HEIGHT,
            )
            for line, left in zip(self.lines, lefts, strict=True)
        ]
