"""The frame around a picture of sound: seconds below, rows at the left, a colour scale at the right, a cursor."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QImage, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench import theme
from workbench.number_format import plain
from workbench.plots.figure_axis import linear_ticks

LEFT, TOP, RIGHT, BOTTOM = 54, 6, 72, 22
"""Room around every picture, so that several above one another share one time axis."""
NARROW_LEFT, NARROW_RIGHT = 38, 12
SECONDS_ROOM = 64
TICK = 4
SMALLEST, USUAL = QSize(160, 48), QSize(400, 140)


class SoundFrame(QWidget):
    """Draws the axes; what is inside is drawn by `paint_picture`, and alone when only that changed."""

    pointed = Signal(str)
    """What lies under the pointer, in words; empty when it left."""
    place_clicked = Signal(float)
    """Seconds on the time axis that were clicked."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.setAccessibleName(title)
        self.setMouseTracking(True)
        # The frame paints every pixel of its own: else Qt paints all ancestors beneath it, at every picture.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._left, self._right, self._bottom = LEFT, RIGHT, BOTTOM
        self._is_bare = False
        """Whether title and legend are left to what stands around."""
        self._box: QRect | None = None
        self._marked = False
        self._span_s = (0.0, 1.0)
        self._cursor_s: float | None = None
        theme.changed.connect(self.dress)

    def show_seconds(self, shown: bool) -> None:  # noqa: FBT001
        """Draw the time axis, or leave it to the frame below."""
        bottom = BOTTOM if shown else 4
        if bottom != self._bottom:
            self._bottom, self._box = bottom, None
            self.update()

    def narrow(self) -> None:
        """Leave title and legend to what stands around, for several frames side by side."""
        self._left, self._right, self._box = NARROW_LEFT, NARROW_RIGHT, None
        self._is_bare = True
        self.update()

    def set_marked(self, marked: bool) -> None:  # noqa: FBT001
        """Let the title stand out from those of other frames, or not."""
        if marked != self._marked:
            self._marked = marked
            self.update()

    def show_span(self, first_s: float, last_s: float) -> None:
        """Say which seconds the picture shows."""
        if (first_s, last_s) != self._span_s:
            self._span_s = (first_s, last_s)
            self.update()

    def set_cursor(self, seconds: float | None) -> None:
        """Draw a line at a time, or none."""
        if seconds != self._cursor_s:
            self._cursor_s = seconds
            self.update(self.picture_box())

    @property
    def cursor_s(self) -> float | None:
        """Where the line is drawn."""
        return self._cursor_s

    def picture_box(self) -> QRect:
        """Return where the picture is painted."""
        if self._box is None:
            self._box = self.rect().adjusted(self._left, TOP, -self._right, -self._bottom)
        return self._box

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Let the picture fill the frame."""
        self._box = None
        super().resizeEvent(event)

    def pixel_size(self) -> tuple[int, int]:
        """Return width and height of the picture in pixels of the device."""
        box, ratio = self.picture_box(), self.devicePixelRatioF()
        return max(1, round(box.width() * ratio)), max(1, round(box.height() * ratio))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return USUAL

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the least size that shows something."""
        return SMALLEST

    # What a picture adds

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Paint the picture in device pixels, from its upper left corner on."""
        raise NotImplementedError

    def row_ticks(self, height: float) -> list[tuple[float, str]]:
        """Return the labels at the left with their heights, as fractions from below."""
        raise NotImplementedError

    def paint_legend(self, painter: QPainter, box: QRect) -> None:
        """Paint what stands at the right of the picture."""

    def words_at(self, seconds: float, height: float) -> str:
        """Return what lies at a time and height, the latter as a fraction from below."""
        raise NotImplementedError

    def dress(self, *_: object) -> None:
        """Take up the colours in force."""
        self.update()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the picture, and its frame where that is damaged."""
        painter = QPainter(self)
        box, ratio = self.picture_box(), self.devicePixelRatioF()
        if not box.contains(event.rect()):
            self._paint_frame(painter, box)
        if not box.isValid():
            return
        if ratio == 1:
            self.paint_picture(painter, box.topLeft())
        else:
            painter.scale(1 / ratio, 1 / ratio)
            self.paint_picture(painter, (QPointF(box.topLeft()) * ratio).toPoint())
            painter.resetTransform()
        if self._cursor_s is not None:
            self._paint_cursor(painter, box, self._cursor_s)

    def _paint_cursor(self, painter: QPainter, box: QRect, seconds: float) -> None:
        x = box.left() + self.place_of(seconds) * box.width()
        if box.left() <= x <= box.right() + 1:
            for width, colour in ((3, theme.current().surface), (1, theme.current().text)):
                painter.setPen(QPen(QColor(colour), width))
                painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()))

    def _paint_frame(self, painter: QPainter, box: QRect) -> None:
        palette = theme.current()
        painter.fillRect(self.rect(), QColor(palette.surface))
        painter.setFont(theme.font())
        for place, text in self.row_ticks(box.height()):
            y = box.bottom() - place * box.height()
            painter.setPen(QColor(palette.border))
            painter.drawLine(QPointF(box.left() - TICK, y), QPointF(box.left() - 1, y))
            painter.setPen(QColor(palette.muted))
            top = min(max(0.0, y - 8), self.height() - 16.0)
            painter.drawText(QRectF(0, top, self._left - 6, 16), _RIGHT, text)
        if not self._is_bare:
            self._paint_title(painter, box)
            self.paint_legend(painter, box)
        if self._bottom == BOTTOM:
            self._paint_seconds(painter, box)

    def _paint_title(self, painter: QPainter, box: QRect) -> None:
        painter.save()
        painter.translate(0, box.center().y())
        painter.rotate(-90)
        palette = theme.current()
        painter.setPen(QColor(palette.accent if self._marked else palette.muted))
        if self._marked:
            font = painter.font()
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
        painter.drawText(QRectF(-box.height() / 2, 2, box.height(), 16), Qt.AlignmentFlag.AlignCenter, self.title)
        painter.restore()

    def _paint_seconds(self, painter: QPainter, box: QRect) -> None:
        palette = theme.current()
        first, last = self._span_s
        ticks = linear_ticks(first, last, max(2, box.width() // SECONDS_ROOM))
        for seconds in ticks:
            x = box.left() + self.place_of(seconds) * box.width()
            painter.setPen(QColor(palette.border))
            painter.drawLine(QPointF(x, box.bottom() + 1), QPointF(x, box.bottom() + TICK))
            painter.setPen(QColor(palette.muted))
            text = plain(seconds) + (" s" if seconds == ticks[-1] else "")
            painter.drawText(QRectF(x - 40, box.bottom() + TICK, 80, 16), Qt.AlignmentFlag.AlignCenter, text)

    # Pointer

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Say what lies under the pointer."""
        box = self.picture_box()
        if not box.contains(event.position().toPoint()):
            self.pointed.emit("")
            return
        height = (box.bottom() + 1 - event.position().y()) / max(1, box.height())
        self.pointed.emit(self.words_at(self._seconds_at(event.position().x()), min(1.0, max(0.0, height))))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell the time that was clicked."""
        if event.button() == Qt.MouseButton.LeftButton and self.picture_box().contains(event.position().toPoint()):
            self.place_clicked.emit(self._seconds_at(event.position().x()))
        super().mousePressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Nothing is pointed at any more."""
        self.pointed.emit("")
        super().leaveEvent(event)

    def place_of(self, seconds: float) -> float:
        """Return where a time lies, as a fraction from the left edge."""
        first, last = self._span_s
        return (seconds - first) / (last - first)

    def _seconds_at(self, x: float) -> float:
        box, (first, last) = self.picture_box(), self._span_s
        return first + (x - box.left()) / max(1, box.width()) * (last - first)


def paint_colour_scale(
    painter: QPainter, box: QRect, colours: NDArray[np.uint32], levels: tuple[float, float], unit: str
) -> None:
    """Paint the colours of a picture at its right, with their values."""
    palette = theme.current()
    strip = QRect(box.right() + 9, box.top(), 8, box.height())
    pixels = np.ascontiguousarray(colours[::-1])
    painter.drawImage(strip, QImage(pixels.data, 1, len(pixels), 4, QImage.Format.Format_RGB32))
    low, high = levels
    painter.setPen(QColor(palette.muted))
    ticks = linear_ticks(low, high, max(2, strip.height() // 24))
    for value in ticks:
        y = strip.bottom() - (value - low) / (high - low) * strip.height()
        text = plain(value) + (f" {unit}" if unit and value == ticks[-1] else "")
        area = QRectF(strip.right() + 4, max(0.0, y - 8), RIGHT - 22, 16)
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
