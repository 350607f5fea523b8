"""Text that is shortened with an ellipsis instead of pushing its neighbours away."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QStyle, QStyleOption

from core.visible_text import visible
from workbench.widgets.plain_text import verbatim


def shortened(title: str, most: int) -> str:
    """Return a title in at most so many characters; trials of a sweep differ at the end, so the middle goes."""
    if len(title) <= most:
        return title
    ending = (most - 1) // 2
    return f"{title[: most - 1 - ending].rstrip()}…{title[-ending:].lstrip()}"


class ElidedLabel(QLabel):
    """Shows as much of one line as fits; the whole of it is the tooltip."""

    def __init__(self, text: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> None:
        super().__init__()
        self._mode = mode
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setText(text)

    def setText(self, text: str) -> None:  # noqa: N802
        """Show another text."""
        super().setText(visible(text))
        self.setToolTip(self.text())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As little width as there is."""
        return QSize(0, super().minimumSizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Draw what fits, in the colour of the style sheet."""
        option = QStyleOption()
        option.initFrom(self)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_Widget, option, painter, self)
        box = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self._mode, box.width())
        painter.setPen(option.palette.color(QPalette.ColorRole.WindowText))
        painter.drawText(box, int(self.alignment()) | Qt.TextFlag.TextSingleLine, text)


class ElidedButton(QPushButton):
    """A button that is a sentence: as much of it as fits, the whole of it in the tooltip."""

    PADDING = 32

    def __init__(self) -> None:
        super().__init__()
        self._sentence = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_sentence(self, sentence: str) -> None:
        """Show another sentence."""
        self._sentence = sentence
        self.setToolTip(sentence)
        self.setAccessibleName(sentence)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit the sentence into the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        room = self.width() - self.PADDING
        self.setText(verbatim(self.fontMetrics().elidedText(self._sentence, Qt.TextElideMode.ElideRight, room)))
