"""Averaged probabilities over the newest seconds: a lane for each label, the threshold in it, marks where one fired."""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget

from core.evaluation.detection import IGNORED, Detection
from workbench import theme
from workbench.plots.colour_scale import pixel
from workbench.plots.pixel_ring import PixelRing
from workbench.plots.sound_frame import SoundFrame
from workbench.plots.value_ring import ValueRing

Float64 = NDArray[np.float64]
Pixels = NDArray[np.uint32]

SPAN_S = 12.0
MARK_PIXELS = 88
"""Room for the label at a mark."""
LANE_FILL = 0.84
"""Part of a lane's height that a probability of 1 fills."""
LABEL_WIDTH, MARGIN = 88, 12
FAINT = 0.42
MOST_MARKS = 64


class ProbabilityTimeline(SoundFrame):
    """The newest hop is at the right edge. Only new columns are computed, and only in sight."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Probabilities", parent)
        self._left, self._right = LABEL_WIDTH, MARGIN
        self._is_bare = True
        self.labels: tuple[str, ...] = ()
        self.threshold = 1.0
        self.marks: deque[Detection] = deque(maxlen=MOST_MARKS)
        self.newest_s = 0.0
        self._averages = ValueRing(1, (0,), np.float64)
        self._ring: PixelRing | None = None

    @property
    def appended(self) -> int:
        """Hops since the timeline began anew."""
        return self._averages.appended

    def restart(self, labels: tuple[str, ...], hop_ms: float, threshold: float) -> None:
        """Begin anew with a lane for each label."""
        self.labels, self.threshold = labels, threshold
        self._averages = ValueRing(max(1, round(1000 * SPAN_S / hop_ms)), (len(labels),), np.float64)
        self.clear()
        self.show_span(-SPAN_S, 0.0)

    def clear(self) -> None:
        """Forget what was shown."""
        self._averages.appended = 0
        self.marks.clear()
        self._ring = None
        self.update()

    def show_threshold(self, threshold: float) -> None:
        """Draw the threshold elsewhere."""
        if threshold != self.threshold:
            self.threshold = threshold
            self._ring = None
            self.update()

    def append(self, newest_s: float, averages: Float64) -> None:
        """Add averaged probabilities (k, labels), the last of them at a time in seconds."""
        self._averages.append(averages)
        self.newest_s = newest_s
        self.update(self.picture_box())

    def mark(self, detection: Detection) -> None:
        """Mark where a label fired."""
        self.marks.append(detection)
        self.update(self.picture_box())

    def row_ticks(self, height: float) -> list[tuple[float, str]]:  # noqa: ARG002
        """Return the labels of the lanes."""
        count = len(self.labels)
        metrics = QFontMetricsF(theme.font())
        room = LABEL_WIDTH - 16
        shown = [metrics.elidedText(label, Qt.TextElideMode.ElideRight, room) for label in self.labels]
        return [(1 - (place + 0.5) / count, label) for place, label in enumerate(shown)]

    def words_at(self, seconds: float, height: float) -> str:
        """Return time, label and averaged probability."""
        length = self._averages.length
        number = self._averages.appended - length + math.floor(self.place_of(seconds) * length)
        averages = self._averages.at(number)
        if averages is None or not self.labels:
            return ""
        lane = min(len(self.labels) - 1, int((1 - height) * len(self.labels)))
        return f"{seconds:.2f} s · {self.labels[lane]} · {averages[lane]:.2f}".replace("-", "−")

    def dress(self, *_: object) -> None:
        """Take up the colours in force."""
        self._ring = None
        super().dress()

    # Painting

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Turn what is new into pixels, and paint the ring and the marks."""
        width, height = self.pixel_size()
        if self._ring is None or (self._ring.width, self._ring.height) != (width, height):
            self._ring = PixelRing(width, height, pixel(theme.current().background))
            self._ring.write(self._pixels(np.zeros((width, len(self.labels))), height))
            self._ring.written = self._pixels_until(self._averages.oldest, width)
        self._colour_new(self._ring)
        self._ring.paint(painter, corner)
        for detection in self.marks:
            self._paint_mark(painter, corner, detection)

    def _pixels_until(self, columns: int, width: int) -> int:
        return columns * width // self._averages.length

    def _colour_new(self, ring: PixelRing) -> None:
        length, width = self._averages.length, ring.width
        until = self._pixels_until(self._averages.appended, width)
        start = max(ring.written, until - width)
        ring.written = start
        if until == start:
            return
        # The oldest pixel may begin with a hop that is not held any more.
        edges = [max(self._averages.oldest, number * length // width) for number in range(start, until)]
        first = edges[0]
        fresh = self._averages.between(first, edges[-1] + 1 if length <= width else until * length // width)
        shown = [edge - first for edge in edges]
        ring.write(self._pixels(fresh[shown] if length <= width else np.maximum.reduceat(fresh, shown), ring.height))

    def _pixels(self, averages: Float64, height: int) -> Pixels:
        """Return pixels (height, n) of averaged probabilities (n, labels)."""
        palette = theme.current()
        count = max(1, len(self.labels))
        places = (np.arange(height) + 0.5) * count / height
        lanes = places.astype(int)
        levels = (lanes + 1 - places)[:, np.newaxis] / LANE_FILL
        values = averages.T[lanes] if len(self.labels) else np.zeros((height, len(averages)))
        listens = np.array([label not in IGNORED for label in self.labels] or [True])[lanes][:, np.newaxis]
        faint = np.where(
            listens,
            mixed(palette.accent, palette.background, FAINT),
            mixed(palette.muted, palette.background, FAINT),
        )
        risen = listens & (values >= self.threshold)
        filled = np.where(risen, np.uint32(pixel(palette.accent)), faint.astype(np.uint32))
        pixels = np.where(levels <= values, filled, np.uint32(pixel(palette.background)))
        lane_pixels = height / count
        on_threshold = listens & (np.abs(levels - self.threshold) * LANE_FILL * lane_pixels <= 0.5)
        pixels = np.where(on_threshold, np.uint32(pixel(palette.muted)), pixels)
        ground = (levels * LANE_FILL * lane_pixels) <= 1
        return np.where(ground, np.uint32(pixel(palette.border)), pixels).astype(np.uint32)

    def _paint_mark(self, painter: QPainter, corner: QPoint, detection: Detection) -> None:
        """Paint a line with the word's average, in device pixels."""
        age_s = self.newest_s - detection.time_s
        if not 0 <= age_s <= SPAN_S or detection.label not in self.labels:
            return
        palette, ratio = theme.current(), self.devicePixelRatioF()
        width, height = self.pixel_size()
        lane = height / len(self.labels)
        x = corner.x() + width * (1 - age_s / SPAN_S)
        top = corner.y() + lane * self.labels.index(detection.label)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(palette.text), 1.5 * ratio))
        painter.drawLine(QPointF(x, top + 2), QPointF(x, top + lane - 1))
        painter.setBrush(QColor(palette.text))
        reach = 3.5 * ratio
        painter.drawPolygon([QPointF(x - reach, top), QPointF(x + reach, top), QPointF(x, top + 1.6 * reach)])
        font = theme.font()
        font.setPixelSize(round(theme.TEXT_PIXELS * ratio))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        label = metrics.elidedText(detection.label, Qt.TextElideMode.ElideRight, round(MARK_PIXELS * ratio))
        words = f"{label} {detection.score:.2f}"
        advance = metrics.horizontalAdvance(words)
        left = x - advance - 6 * ratio
        # At the other side they would lie on those of the next mark.
        if left >= corner.x():
            box = QRectF(left, top + 1, advance, 17 * ratio)
            painter.fillRect(box.adjusted(-2, 0, 2, 0), QColor(palette.background))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, words)
        painter.restore()


def mixed(colour: str, ground: str, share: float) -> np.uint32:
    """Return a colour laid thinly over another one, as a pixel."""
    over, under = QColor(colour), QColor(ground)
    red, green, blue = (
        round(share * one + (1 - share) * other)
        for one, other in zip(over.getRgb()[:3], under.getRgb()[:3], strict=True)
    )
    return np.uint32(QColor(red, green, blue).rgb())
