"""Which label was taken for which: counts, shaded by the share of the true label's clips."""

import math
from typing import Literal

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from core.results import Classification
from workbench import theme
from workbench.number_format import count, percent

SMALLEST_CELL, LARGEST_CELL = 4.0, 44.0
LONGEST_LABEL = 84.0
GAP = 6.0
CAPTION = 22.0
SLANT = -45
SMALLEST_PIXELS = 9


class ConfusionMatrix(QWidget):
    """Rows are true labels, columns what the network said. The line beneath says what the pointer is on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMouseTracking(True)
        self.setAccessibleName("Confusion matrix")
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._labels: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self._hovered: tuple[int, int] | None = None
        theme.changed.connect(self.update)

    def show_quality(self, quality: Classification | None) -> None:
        """Show how a model did; None shows nothing."""
        self._labels = quality.labels if quality else ()
        self._counts = quality.confusion if quality else ()
        self._hovered = None
        self.updateGeometry()
        self.update()

    def words_at(self, place: QPointF) -> str:
        """Return what is counted at a place, in a sentence; empty outside the cells."""
        cell = self._cell_at(place)
        return self._words(*cell) if cell else ""

    def cell_box(self, row: int, column: int) -> QRectF:
        """Return where a cell is painted."""
        left, top, side = self._geometry(self.width())
        return QRectF(left + column * side, top + row * side, side, side)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Cells are square, so the height follows from the width."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Return the height that square cells need."""
        _, top, side = self._geometry(width)
        return int(top + side * len(self._labels) + CAPTION) if self._labels else 0

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return QSize(280, self.heightForWidth(280))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Say at once what lies under the pointer."""
        cell = self._cell_at(event.position())
        if cell != self._hovered:
            self._hovered = cell
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """Forget the pointer."""
        self._hovered = None
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint labels, cells and the caption."""
        if not self._labels:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font())
        # Of labels that stand closer than letters are high every other one is named, or fewer.
        side = self._geometry(self.width())[2]
        for index in range(0, len(self._labels), math.ceil(theme.TEXT_PIXELS / side)):
            self._paint_label(painter, index, "row")
            self._paint_label(painter, index, "column")
        for row in range(len(self._labels)):
            for column in range(len(self._labels)):
                self._paint_cell(painter, row, column)
        painter.setPen(QColor(theme.current().muted))
        caption = self._words(*self._hovered) if self._hovered else "Rows: true label. Columns: predicted. Clips."
        box = QRectF(0, self.height() - CAPTION, self.width(), CAPTION)
        elided = painter.fontMetrics().elidedText(caption, Qt.TextElideMode.ElideRight, int(box.width()))
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, elided)

    def event(self, event: QEvent) -> bool:
        """Give the whole caption as a tooltip, where it does not fit."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self.setToolTip(self.words_at(QPointF(event.pos())))
        return super().event(event)

    def _geometry(self, width: float) -> tuple[float, float, float]:
        """Return the left and top of the cells and their side, in pixels."""
        metrics = QFontMetricsF(theme.font())
        widest = min(LONGEST_LABEL, max((metrics.horizontalAdvance(label) for label in self._labels), default=0))
        left, count = widest + 2 * GAP, max(1, len(self._labels))
        side = min(LARGEST_CELL, (width - left) / count)
        if self._headings_lie(side, widest):
            return left, 20.0, side
        # The last slanted heading leans out over the right edge of its column.
        lean = (widest + metrics.height()) * 0.71
        side = min(LARGEST_CELL, max(SMALLEST_CELL, (width - left - lean) / (count - 0.5)))
        return left, lean + GAP, side

    def _headings_lie(self, side: float, widest: float) -> bool:
        return widest <= side - 4

    def _paint_label(self, painter: QPainter, index: int, part: Literal["row", "column"]) -> None:
        metrics = QFontMetricsF(painter.font())
        text = metrics.elidedText(self._labels[index], Qt.TextElideMode.ElideRight, LONGEST_LABEL)
        painter.setPen(QColor(theme.current().text))
        left, top, side = self._geometry(self.width())
        if part == "row":
            height = max(side, metrics.height())
            box = QRectF(0, top + (index + 0.5) * side - height / 2, left - GAP, height)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            return
        widest = left - 2 * GAP
        if self._headings_lie(side, widest):
            painter.drawText(QRectF(left + index * side, 0, side, top - 3), Qt.AlignmentFlag.AlignCenter, text)
            return
        painter.save()
        painter.translate(left + (index + 0.5) * side, top - 5)
        painter.rotate(SLANT)
        painter.drawText(QPointF(0, 0), text)
        painter.restore()

    def _paint_cell(self, painter: QPainter, row: int, column: int) -> None:
        palette = theme.current()
        number = self._counts[row][column]
        share = number / max(1, sum(self._counts[row]))
        shade = _between(palette.surface, palette.accent if row == column else palette.bad, share**0.6)
        box = self.cell_box(row, column).adjusted(1, 1, -1, -1)
        painter.setPen(
            QPen(QColor(palette.text), 1.5) if (row, column) == self._hovered else QPen(QColor(palette.grid), 1)
        )
        painter.setBrush(shade)
        painter.drawRect(box)
        words = str(number)
        pixels = math.floor(theme.TEXT_PIXELS * min(1.0, box.width() / painter.fontMetrics().horizontalAdvance(words)))
        if number == 0 or pixels < SMALLEST_PIXELS:
            return
        dark, light = sorted((palette.text, palette.surface), key=lambda colour: QColor(colour).lightnessF())
        readable = max((dark, light), key=lambda colour: theme.contrast(colour, shade.name()))
        painter.save()
        font = painter.font()
        font.setPixelSize(pixels)
        painter.setFont(font)
        painter.setPen(QColor(readable))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)
        painter.restore()

    def _words(self, row: int, column: int) -> str:
        number, total = self._counts[row][column], sum(self._counts[row])
        share = f" ({percent(number / total)} %)" if total else ""
        said = "recognised" if row == column else f"taken for {self._labels[column]}"
        return f"{count(number)} of {count(total)} clips of {self._labels[row]} {said}{share}"

    def _cell_at(self, place: QPointF) -> tuple[int, int] | None:
        left, top, side = self._geometry(self.width())
        column, row = int((place.x() - left) // side), int((place.y() - top) // side)
        inside = 0 <= row < len(self._labels) and 0 <= column < len(self._labels)
        return (row, column) if inside else None


def _between(start: str, end: str, share: float) -> QColor:
    first, last = QColor(start).getRgbF()[:3], QColor(end).getRgbF()[:3]
    return QColor.fromRgbF(*(one + (other - one) * share for one, other in zip(first, last, strict=True)))
