"""All probabilities of one clip as bars, in the order of the labels."""

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench import theme

SMALLEST_ROW, LARGEST_ROW = 16.0, 26.0
FIGURE_WIDTH = 48.0
GAP = 10.0
LONGEST_LABEL = 110.0


class ProbabilityBars(QWidget):
    """The most probable label stands out; a dot marks what was meant."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Probabilities")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.labels: tuple[str, ...] = ()
        self.probabilities: tuple[float, ...] = ()
        self.expected = ""
        theme.changed.connect(self.update)

    def show_probabilities(self, labels: tuple[str, ...], probabilities: tuple[float, ...], expected: str = "") -> None:
        """Show probabilities from 0 to 1 of labels, and which of them was meant."""
        self.labels, self.probabilities, self.expected = labels, probabilities, expected
        self.setMaximumHeight(round(LARGEST_ROW * len(labels)))
        told = (f"{label} {value:.0%}" for label, value in zip(labels, probabilities, strict=True))
        self.setAccessibleDescription(", ".join(told))
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return QSize(320, int(20 * max(4, len(self.labels))))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the least size that shows something."""
        return QSize(200, int(SMALLEST_ROW * max(2, len(self.labels))))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint a row for each label."""
        if not self.labels:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.font()
        font.setWeight(QFont.Weight.DemiBold)
        widest = max(QFontMetricsF(font).horizontalAdvance(label) for label in self.labels)
        left = min(LONGEST_LABEL, math.ceil(widest) + 1) + 2 * GAP
        height = min(LARGEST_ROW, self.height() / len(self.labels))
        top = max(self.probabilities)
        for row, (label, value) in enumerate(zip(self.labels, self.probabilities, strict=True)):
            font.setWeight(QFont.Weight.DemiBold if value == top else QFont.Weight.Normal)
            painter.setFont(font)
            self._paint_row(painter, QRectF(0, row * height, self.width(), height), left, label, value)

    def _paint_row(self, painter: QPainter, row: QRectF, left: float, label: str, value: float) -> None:
        palette = theme.current()
        is_top = value == max(self.probabilities)
        painter.setPen(QColor(palette.text if is_top else palette.muted))
        name = painter.fontMetrics().elidedText(label, Qt.TextElideMode.ElideRight, int(left - 2 * GAP))
        painter.drawText(QRectF(0, row.top(), left - GAP, row.height()), _RIGHT, name)
        room = row.width() - left - FIGURE_WIDTH
        painter.drawText(QRectF(row.right() - FIGURE_WIDTH, row.top(), FIGURE_WIDTH - 4, row.height()), _RIGHT,
                         f"{100 * value:.1f}")  # fmt: skip
        bar = QRectF(left, row.center().y() - row.height() * 0.3, room, row.height() * 0.6)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.raised))
        painter.drawRoundedRect(bar, 3, 3)
        wrong = is_top and self.expected not in ("", label)
        painter.setBrush(QColor(palette.bad if wrong else palette.accent if is_top else palette.muted))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * value, bar.height()), 3, 3)
        if label == self.expected:
            painter.setBrush(QColor(palette.good))
            painter.drawEllipse(QRectF(left - GAP + 2, row.center().y() - 3, 6, 6))


_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
