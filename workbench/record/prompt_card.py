"""The word to say, large, with what is to be done about it now and how long still."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from workbench import theme

LARGEST_PIXELS = 88
LINE_PIXELS = 15
BAR_HEIGHT, BAR_WIDTH = 6, 320
SIDE = 24


class PromptCard(QWidget):
    """Shows a word, a line beneath it and a bar; red where the microphone is taken at its word."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.word, self.line = "", ""
        self.fraction = 0.0
        self.is_taking = False
        theme.changed.connect(self.update)

    def show_prompt(self, word: str, line: str, fraction: float, *, is_taking: bool) -> None:
        """Show a word, what to do, and how much of the time for it is over, from 0 to 1."""
        shown = (word, line, fraction, is_taking)
        if shown != (self.word, self.line, self.fraction, self.is_taking):
            self.word, self.line, self.fraction, self.is_taking = shown
            self.setAccessibleName(f"{word}: {line}" if word else line)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return QSize(480, 240)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Return the least size at which a word is still large."""
        return QSize(240, 150)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint word, line and bar around the middle."""
        palette = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2 - 20
        font = self._word_font(painter)
        painter.setFont(font)
        painter.setPen(QColor(palette.text))
        size = font.pixelSize()
        painter.drawText(
            QRectF(SIDE, middle - size, self.width() - 2 * SIDE, 1.4 * size), Qt.AlignmentFlag.AlignCenter, self.word
        )
        below = middle + 0.5 * size + 12 if self.word else middle
        font = theme.font()
        font.setPixelSize(LINE_PIXELS)
        font.setWeight(QFont.Weight.DemiBold if self.is_taking else QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(QColor(palette.bad if self.is_taking else palette.muted))
        box = QRectF(SIDE, below, self.width() - 2 * SIDE, 44)
        painter.drawText(box, int(Qt.AlignmentFlag.AlignHCenter) | Qt.TextFlag.TextWordWrap, self.line)
        if self.word:
            self._paint_bar(painter, below + 34)

    def _word_font(self, painter: QPainter) -> QFont:
        font = theme.font()
        font.setWeight(QFont.Weight.DemiBold)
        pixels = min(LARGEST_PIXELS, max(32, self.height() // 3))
        font.setPixelSize(pixels)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(self.word)
        room = self.width() - 2 * SIDE
        if width > room:
            font.setPixelSize(max(20, pixels * room // width))
        return font

    def _paint_bar(self, painter: QPainter, top: float) -> None:
        palette = theme.current()
        width = min(BAR_WIDTH, self.width() - 2 * SIDE)
        bar = QRectF((self.width() - width) / 2, top, width, BAR_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.raised))
        painter.drawRoundedRect(bar, 3, 3)
        painter.setBrush(QColor(palette.bad if self.is_taking else palette.accent))
        painter.drawRoundedRect(QRectF(bar.left(), bar.top(), bar.width() * self.fraction, bar.height()), 3, 3)
