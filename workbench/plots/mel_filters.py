"""The mel filters over the frequency axis, as the transform's bins see them."""

from collections.abc import Mapping

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.features.mel import mel_weights
from core.settings.feature_sizes import KindName
from core.spec import Features
from workbench import theme
from workbench.number_format import plain
from workbench.plots.figure_axis import linear_ticks

LEFT, TOP, RIGHT, BOTTOM = 8, 6, 18, 22
TICK_ROOM = 48
WITHOUT: Mapping[KindName, str] = {
    "spectrogram": "No mel filters: the network gets every frequency",
    "micro_frontend": "Its own 40 filters from 125 to 7,500 Hz: nothing to set",
    "waveform": "No mel filters: the network gets the samples",
}
"""What is said of the kinds that have no filters to set."""


class MelFilters(QWidget):
    """Draws each filter's weight at each bin; the band that no filter hears stays empty."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Mel filters")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._weights = np.zeros((2, 0))
        self._none = ""
        """Why there are no filters to draw."""
        self._nyquist_hertz = 8000.0
        theme.changed.connect(self.update)

    def show_filters(self, features: Features) -> None:
        """Show the filters of these settings; only log-mel pictures and MFCCs have any."""
        num_bins = features.effective_fft_length // 2 + 1
        self._nyquist_hertz = features.sample_rate / 2
        self._weights = _weights(features) if features.applies("num_mel_bins") else np.zeros((num_bins, 0))
        self._none = WITHOUT.get(features.kind, "")
        self.setAccessibleDescription(self.words)
        self.update()

    @property
    def words(self) -> str:
        """Say in a line what is drawn, and what is wrong with it."""
        count, deaf = self._weights.shape[1], self.num_deaf
        if not count:
            return self._none
        if deaf:
            return f"{deaf} of {count} mel filters hold no frequency: use fewer, or a longer FFT"
        return f"{count} mel filters over the frequencies"

    @property
    def num_deaf(self) -> int:
        """Filters too narrow to hold a frequency of the transform: they give the same value whatever is said."""
        return int((~self._weights.any(axis=0)).sum())

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return QSize(280, 96)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint triangles and axis."""
        palette = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font())
        box = QRectF(self.rect()).adjusted(LEFT, TOP, -RIGHT, -BOTTOM)
        self._paint_axis(painter, box)
        for number in range(self._weights.shape[1]):
            colour = QColor(palette.series[number % 2])
            painter.setPen(QPen(colour, 1.2))
            fill = QColor(colour)
            fill.setAlpha(36)
            painter.setBrush(fill)
            painter.drawPolygon(self._outline(number, box))

    def _outline(self, number: int, box: QRectF) -> QPolygonF:
        """Return a filter's weights joined by lines, down to zero at the bins beside them."""
        weights = self._weights[:, number]
        heard = np.flatnonzero(weights)
        if not len(heard):
            return QPolygonF()
        bins = np.arange(max(0, heard[0] - 1), min(len(weights), heard[-1] + 2))
        across = box.width() / (len(weights) - 1)
        return QPolygonF(
            [QPointF(box.left() + place * across, box.bottom() - weights[place] * box.height()) for place in bins]
        )

    def _paint_axis(self, painter: QPainter, box: QRectF) -> None:
        palette = theme.current()
        painter.setPen(QColor(palette.border))
        painter.drawLine(box.bottomLeft(), box.bottomRight())
        ticks = linear_ticks(0, self._nyquist_hertz, max(2, int(box.width() / TICK_ROOM)))
        for hertz in ticks:
            x = box.left() + hertz / self._nyquist_hertz * box.width()
            painter.setPen(QColor(palette.border))
            painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 4))
            painter.setPen(QColor(palette.muted))
            text = plain(hertz / 1000) + (" kHz" if hertz == ticks[-1] else "")
            place = QRectF(x - 30, box.bottom() + 4, 60, 16)
            if place.right() > self.width():
                place.moveRight(self.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def _weights(features: Features) -> np.ndarray:
    return mel_weights(
        features.num_mel_bins,
        features.effective_fft_length // 2 + 1,
        features.sample_rate,
        features.lower_edge_hertz,
        features.upper_edge_hertz,
    )
