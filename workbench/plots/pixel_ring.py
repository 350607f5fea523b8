"""Columns of pixels in a circle: scrolling moves the seam, never the pixels."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

Pixels = NDArray[np.uint32]


class PixelRing:
    """The newest `width` columns of a picture without end, uint32 as 0xffRRGGBB."""

    def __init__(self, width: int, height: int, blank: int) -> None:
        self.width, self.height = width, height
        self.written = 0
        """Columns ever written."""
        self._pixels: Pixels = np.full((height, width), blank, np.uint32)
        # Shares the array's memory, so that writing a column is drawing it.
        self._image = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)

    def write(self, columns: Pixels) -> None:
        """Write the next columns, shape (height, at most width), row 0 on top."""
        seam, count = self.written % self.width, columns.shape[1]
        first = min(count, self.width - seam)
        self._pixels[:, seam : seam + first] = columns[:, :first]
        if first < count:
            self._pixels[:, : count - first] = columns[:, first:]
        self.written += count

    def paint(self, painter: QPainter, corner: QPoint) -> None:
        """Paint with the newest column at the right; `corner` is the upper left in device pixels."""
        left, top, seam = corner.x(), corner.y(), self.written % self.width
        painter.drawImage(left, top, self._image, seam, 0, self.width - seam, self.height)
        if seam:
            painter.drawImage(left + self.width - seam, top, self._image, 0, 0, seam, self.height)
