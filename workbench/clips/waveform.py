"""The waveform of a clip with the part of it that is used, which a drag moves."""

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from workbench import theme
from workbench.plots.waveform import WaveformView

LEAST_USED_MS = 50
SHADE = 0.72
"""How much of what is not used is covered."""


class ClipWaveform(WaveformView):
    """A click plays from there; a drag moves the part that is used."""

    trim_dragged = Signal(int)
    """Where the used part begins while it is dragged, in milliseconds."""
    trim_chosen = Signal(int)
    """Where it was let go."""

    def __init__(self, title: str = "Waveform", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._start_ms, self._used_ms, self._length_ms = 0, 1000, 1000
        self._pressed: QPointF | None = None
        self._dragged_from: int | None = None

    def show_used(self, start_ms: int, used_ms: int, length_ms: int) -> None:
        """Say which part of a clip of some length is used."""
        if self._dragged_from is None:
            self._start_ms = start_ms
        self._used_ms, self._length_ms = used_ms, length_ms
        self.update(self.picture_box())

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Paint the waveform, pale where it is not used."""
        super().paint_picture(painter, corner)
        width, height = self.pixel_size()
        cover = QColor(theme.current().background)
        cover.setAlphaF(SHADE)
        first = self.place_of(self._start_ms / 1000) * width
        last = self.place_of((self._start_ms + self._used_ms) / 1000) * width
        edge = QPen(QColor(theme.current().warning), 2 * self.devicePixelRatioF())
        for begin, end, line in ((0.0, first, first), (last, float(width), last)):
            if end - begin >= 1:
                painter.fillRect(QRectF(corner.x() + begin, corner.y(), end - begin, height), cover)
                painter.setPen(edge)
                painter.drawLine(
                    QPointF(corner.x() + line, corner.y()), QPointF(corner.x() + line, corner.y() + height)
                )

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Begin a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton and self.picture_box().contains(event.position().toPoint()):
            self._pressed = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Move the used part while the button is held."""
        if self._pressed is None:
            super().mouseMoveEvent(event)
            return
        distance = event.position().x() - self._pressed.x()
        if self._dragged_from is None and abs(distance) >= QApplication.startDragDistance() / 2:
            self._dragged_from = self._start_ms
        if self._dragged_from is not None:
            moved_ms = distance / max(1, self.picture_box().width()) * self._length_ms
            self._start_ms = self._bounded(self._dragged_from + moved_ms)
            self.update(self.picture_box())
            self.trim_dragged.emit(self._start_ms)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:  # noqa: N802
        """End a drag, or play from where was clicked."""
        if self._pressed is None:
            return
        dragged, self._dragged_from = self._dragged_from, None
        place, self._pressed = self._pressed, None
        if dragged is None:
            self.place_clicked.emit(self._seconds_at(place.x()))
        elif dragged != self._start_ms:
            self.trim_chosen.emit(self._start_ms)

    def _bounded(self, start_ms: float) -> int:
        """Keep a used part of clips as long as needed whole, and something of the others."""
        most = max(self._length_ms - self._used_ms, 0) or max(0, self._length_ms - LEAST_USED_MS)
        return round(min(max(0.0, start_ms), most) / 10) * 10
