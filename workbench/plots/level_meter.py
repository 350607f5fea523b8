"""How loud it is now, and whether it is too loud."""

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench import theme

SOFTEST_DBFS = -60.0
LOUD_DBFS = -6.0
"""Above it speech has hardly any room left before it clips."""
LAMP_WIDTH, BAR_HEIGHT = 58, 8
MARK_GAP = 10
MARKS_DBFS = (-60, -40, -20, -6, 0)


class LevelMeter(QWidget):
    """A bar of the level in dBFS with a line at the peak, and a lamp that says that samples were cut off."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Level")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.level_dbfs = -math.inf
        self.peak = 0.0
        self.clipped = False
        self.setToolTip("Level of the last 0.1 s in dB below full scale; the line is its loudest sample")
        # It paints every pixel of its own: else Qt paints all ancestors beneath it, thirty times a second.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._still: QPixmap | None = None
        theme.changed.connect(self._dress)

    def show_level(self, level_dbfs: float, peak: float, clipped: bool) -> None:  # noqa: FBT001
        """Show the root mean square in dBFS, the loudest sample from 0 to 1, and whether any was cut off."""
        before = self._shown()
        self.level_dbfs, self.peak, self.clipped = level_dbfs, peak, clipped
        if self._shown() != before:
            self.setAccessibleDescription("clipped" if clipped else f"{max(SOFTEST_DBFS, level_dbfs):.0f} dB")
            self.update()

    def clear(self) -> None:
        """Show silence."""
        self.show_level(-math.inf, 0.0, clipped=False)

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return the one size that it has."""
        return QSize(240, 30)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint what stands still from a picture of it, then level, peak and lamp."""
        palette = theme.current()
        if self._still is None or self._still.devicePixelRatio() != self.devicePixelRatioF():
            self._still = self._painted_still()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._still)
        bar = self._bar()
        level = QRectF(bar.left(), bar.top(), bar.width() * _place(self.level_dbfs), bar.height())
        painter.fillRect(level, QColor(palette.warning if self.level_dbfs > LOUD_DBFS else palette.good))
        peak = bar.left() + bar.width() * _place(_decibels(self.peak))
        painter.fillRect(QRectF(peak, bar.top() - 1, 1, bar.height() + 2), QColor(palette.text))
        if self.clipped:
            self._paint_lamp(painter, lit=True)

    def _painted_still(self) -> QPixmap:
        palette, ratio = theme.current(), self.devicePixelRatioF()
        still = QPixmap(self.size() * ratio)
        still.setDevicePixelRatio(ratio)
        still.fill(QColor(palette.surface))
        painter = QPainter(still)
        painter.setFont(theme.font())
        bar = self._bar()
        painter.fillRect(bar, QColor(palette.raised))
        painter.setPen(QColor(palette.muted))
        free = math.inf
        for mark in reversed(MARKS_DBFS):
            x = bar.left() + bar.width() * _place(mark)
            text = str(mark).replace("-", "−")
            half = painter.fontMetrics().horizontalAdvance(text) / 2
            # "−6 0" would read as minus sixty.
            if x + half + MARK_GAP > free:
                continue
            painter.drawText(QRectF(x - 20, bar.bottom() + 2, 40, 16), Qt.AlignmentFlag.AlignCenter, text)
            free = x - half
        self._paint_lamp(painter, lit=False)
        painter.end()
        return still

    def _bar(self) -> QRectF:
        return QRectF(12, 4, self.width() - LAMP_WIDTH - 30, BAR_HEIGHT)

    def _paint_lamp(self, painter: QPainter, lit: bool) -> None:  # noqa: FBT001
        palette = theme.current()
        lamp = QRectF(self.width() - LAMP_WIDTH, 4, LAMP_WIDTH - 2, 22)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font())
        painter.setPen(QColor(palette.bad if lit else palette.border))
        painter.setBrush(QColor(palette.bad if lit else palette.surface))
        painter.drawRoundedRect(lamp, 4, 4)
        painter.setPen(QColor(palette.on_accent if lit else palette.muted))
        painter.drawText(lamp, Qt.AlignmentFlag.AlignCenter, "clipped" if lit else "clip")

    def _dress(self, *_: object) -> None:
        self._still = None
        self.update()

    def _shown(self) -> tuple[int, int, bool]:
        width = self._bar().width()
        return round(width * _place(self.level_dbfs)), round(width * _place(_decibels(self.peak))), self.clipped


def _decibels(peak: float) -> float:
    return 20 * math.log10(peak) if peak > 0 else -math.inf


def _place(dbfs: float) -> float:
    return 1 - max(SOFTEST_DBFS, min(0.0, dbfs)) / SOFTEST_DBFS
