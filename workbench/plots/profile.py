"""How large something is along one axis: in each frame, or in each coefficient."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench import theme
from workbench.number_format import plain, three_digits
from workbench.plots.figure_axis import linear_ticks
from workbench.plots.sound_frame import BOTTOM, NARROW_LEFT, NARROW_RIGHT, TOP

TICK_ROOM = 50
LINE_ROOM = 26


class Profile(QWidget):
    """Bars from zero, one for each frame or coefficient; it lies under a narrow picture frame exactly."""

    pointed = Signal(str)
    """What lies under the pointer, in words; empty when it left."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.values: NDArray[np.float32] = np.zeros(0, np.float32)
        self._top = 1.0
        self._span = (0.0, 1.0)
        self._unit, self._what = "", ""
        theme.changed.connect(self.update)

    def show_values(
        self, values: NDArray[np.float32], top: float, span: tuple[float, float], unit: str, what: str
    ) -> None:
        """Show values over a span of the axis; `top` is the value at the upper edge, `what` names one of them."""
        self.values, self._top, self._span = values, max(top, 1e-9), span
        self._unit, self._what = unit, what
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return QSize(240, 84)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the least size that shows something."""
        return QSize(120, 48)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint bars and axes."""
        palette = theme.current()
        painter = QPainter(self)
        painter.setFont(theme.font())
        box = self._box()
        painter.fillRect(box, QColor(palette.background))
        if not len(self.values):
            return
        self._paint_axes(painter, box)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill = QColor(palette.accent)
        fill.setAlpha(150)
        painter.setPen(QPen(QColor(palette.accent), 1))
        painter.setBrush(fill)
        painter.drawPolygon(self._outline(box))

    def _box(self) -> QRectF:
        return QRectF(self.rect().adjusted(NARROW_LEFT, TOP, -NARROW_RIGHT, -BOTTOM))

    def _outline(self, box: QRectF) -> QPolygonF:
        width = box.width() / len(self.values)
        heights = np.minimum(self.values / self._top, 1) * box.height()
        outline = [box.bottomLeft()]
        for number, height in enumerate(heights.tolist()):
            left, y = box.left() + number * width, box.bottom() - height
            outline += [QPointF(left, y), QPointF(left + width, y)]
        return QPolygonF([*outline, box.bottomRight()])

    def _paint_axes(self, painter: QPainter, box: QRectF) -> None:
        palette = theme.current()
        for value in linear_ticks(0, self._top, max(2, int(box.height() / LINE_ROOM))):
            y = box.bottom() - value / self._top * box.height()
            painter.setPen(QColor(palette.grid))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            painter.setPen(QColor(palette.muted))
            place = QRectF(0, max(0.0, y - 8), NARROW_LEFT - 4, 16)
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, plain(value))
        first, last = self._span
        ticks = [value for value in linear_ticks(first, last, max(2, int(box.width() / TICK_ROOM))) if value <= last]
        for value in ticks:
            x = box.left() + self._place_of(value) * box.width()
            text = plain(value) + (f" {self._unit}" if self._unit and value == ticks[-1] else "")
            painter.drawText(QRectF(x - 40, box.bottom() + 4, 80, 16), Qt.AlignmentFlag.AlignCenter, text)

    def _place_of(self, value: float) -> float:
        first, last = self._span
        if self._unit:
            return (value - first) / (last - first)
        # Numbers of coefficients stand beneath the middle of their bars.
        return (value - first + 0.5) / (last - first + 1)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Say what lies under the pointer."""
        box = self._box()
        place = (event.position().x() - box.left()) / max(1.0, box.width())
        if not (0 <= place < 1 and len(self.values)):
            self.pointed.emit("")
            return
        number = int(place * len(self.values))
        first, last = self._span
        at = f"{first + place * (last - first):.2f} {self._unit}" if self._unit else str(number)
        self.pointed.emit(f"{self._what} {at} · {three_digits(float(self.values[number]))}")

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing is pointed at any more."""
        self.pointed.emit("")
        super().leaveEvent(event)
