"""Pictures of sound: still ones of a clip, and scrolling ones whose newest column is at the right edge.

Values are dB for rows of frequencies and mel filters (`core.features.decibels`), plain for MFCCs and the micro front
end.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from workbench import theme
from workbench.number_format import three_digits
from workbench.plots.colour_scale import ColourMap, coded, colours, diverging, pixel, places, shrunk, stretched
from workbench.plots.pixel_ring import PixelRing
from workbench.plots.row_scale import UNITS, RowKind, RowScale
from workbench.plots.sound_frame import SoundFrame, paint_colour_scale
from workbench.plots.value_ring import ValueRing

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint32]
Levels = tuple[float, float]

DECIBELS_SHOWN = 80.0
LEVELS: dict[RowKind, Levels] = {
    "hertz": (-100.0, -20.0),
    "mel": (-90.0, -10.0),
    "mfcc": (-10.0, 10.0),
    "channel": (0.0, 26.0),
}
"""Values at the two ends of the colours while sound scrolls, where the loudest is not known beforehand."""
MAPS: dict[RowKind, ColourMap] = {"hertz": "magma", "mel": "magma", "mfcc": "viridis", "channel": "magma"}


def levels_of(picture: Float32, kind: RowKind) -> Levels:
    """Return the values for the two ends of the colours of a still picture."""
    if picture.size == 0 or kind == "channel":
        return LEVELS[kind]
    if kind == "mfcc":
        most = float(np.percentile(np.abs(picture[:, 1:] if picture.shape[1] > 1 else picture), 99))
        most = max(1.0, math.ceil(most))
        return -most, most
    top = math.ceil(float(picture.max()) / 10) * 10.0
    return top - DECIBELS_SHOWN, top


class PictureView(SoundFrame):
    """One picture as a whole, stretched over the seconds it lasts."""

    def __init__(self, title: str = "Spectrogram", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.scale = RowScale("hertz", 1)
        self.levels: Levels = LEVELS["hertz"]
        self._picture: Float32 = np.zeros((0, 1), np.float32)
        self._duration_s = 1.0
        self._pixels: Pixels = np.zeros((0, 0), np.uint32)
        """What the image shares its memory with."""
        self._image = QImage()
        self._is_drawn = False

    def show_picture(
        self,
        picture: Float32,
        duration_s: float,
        rows: RowKind = "hertz",
        row_range: tuple[float, float] = (0.0, 8000.0),
        levels: Levels | None = None,
        unit: str | None = None,
    ) -> None:
        """Show a picture (frames, rows) of a sound; without `levels` its own loudest decides the colours.

        The unit is dB for frequencies and mel filters, none for the others, unless another one is named.
        """
        scale = RowScale(rows, picture.shape[1], row_range, UNITS[rows] if unit is None else unit)
        levels = levels or levels_of(picture, rows)
        framed_alike = len(self._picture) > 0 and (scale, levels) == (self.scale, self.levels)
        self._picture, self.scale, self.levels = picture, scale, levels
        self._duration_s = duration_s
        self._is_drawn = False
        self.show_span(0.0, duration_s)
        self.update(self.picture_box() if framed_alike else self.rect())

    def clear(self) -> None:
        """Show nothing."""
        self._picture = self._picture[:0]
        self._is_drawn = False
        self.update()

    def row_ticks(self, height: float) -> list[tuple[float, str]]:
        """Return the labels of the rows."""
        return self.scale.ticks(height)

    def paint_legend(self, painter: QPainter, box: QRect) -> None:
        """Paint what the colours mean."""
        if len(self._picture):
            paint_colour_scale(painter, box, self._colours(), self.levels, self.scale.unit)

    def _colours(self) -> Pixels:
        return colours(MAPS[self.scale.kind])

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Paint the pixels, made anew when size or picture changed."""
        width, height = self.pixel_size()
        if not len(self._picture):
            painter.fillRect(QRect(corner.x(), corner.y(), width, height), theme.current().background)
            return
        if self._pixels.shape != (height, width):
            self._pixels = np.zeros((height, width), np.uint32)
            self._image = QImage(self._pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32)
            self._is_drawn = False
        if not self._is_drawn:
            self._draw(width, height)
        painter.drawImage(corner, self._image)

    def _draw(self, width: int, height: int) -> None:
        """Colour no value twice: there are more pixels than values, as a rule."""
        codes = shrunk(shrunk(coded(self._picture, self.levels), width).T[::-1], height)
        wide = self._colours()[codes].take(places(codes.shape[1], width), axis=1)
        np.take(wide, places(codes.shape[0], height), axis=0, out=self._pixels, mode="clip")
        self._is_drawn = True

    def words_at(self, seconds: float, height: float) -> str:
        """Return time, frequency and value."""
        if not len(self._picture):
            return ""
        frame = min(len(self._picture) - 1, int(seconds / self._duration_s * len(self._picture)))
        rows = _rows_at(height, self.scale.count, self.picture_box().height())
        return _words(seconds, self.scale, height, float(self._picture[frame, rows].max()))


class DifferenceView(PictureView):
    """The difference of two pictures: one colour where the first is larger, another where the second is."""

    def _colours(self) -> Pixels:
        return difference_colours()

    def dress(self, *_: object) -> None:
        """Take up the colours in force."""
        self._is_drawn = False
        super().dress()


def difference_colours() -> Pixels:
    """Return the colours of a difference, from most negative to most positive, with nothing in the middle."""
    palette = theme.current()
    return diverging(palette.series[1], palette.background, palette.series[0])


class ScrollingPicture(SoundFrame):
    """The newest seconds of a sound without end. Only new columns are turned into pixels, and only in sight."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.scale = RowScale("hertz", 1)
        self.levels: Levels = LEVELS["hertz"]
        self.columns_coloured = 0
        """Pixel columns computed so far: what scrolling costs."""
        self.values = ValueRing(1, (1,))
        self._ring: PixelRing | None = None

    @property
    def appended(self) -> int:
        """Columns since `restart`."""
        return self.values.appended

    def restart(
        self, scale: RowScale, num_columns: int, span_s: tuple[float, float], levels: Levels | None = None
    ) -> None:
        """Begin anew with rows of a scale; `num_columns` of them fill the time from one second to another."""
        self.scale = scale
        self.levels = levels or LEVELS[scale.kind]
        self.values = ValueRing(num_columns, (scale.count,))
        self._ring = None
        self.show_span(*span_s)
        self.update()

    def append(self, columns: Float32) -> None:
        """Add new columns (k, rows) at the right edge."""
        self.values.append(columns)
        self.update(self.picture_box())

    def clear(self) -> None:
        """Forget every column."""
        self.values.appended = 0
        self._ring = None
        self.update()

    def row_ticks(self, height: float) -> list[tuple[float, str]]:
        """Return the labels of the rows."""
        return self.scale.ticks(height)

    def paint_legend(self, painter: QPainter, box: QRect) -> None:
        """Paint what the colours mean."""
        paint_colour_scale(painter, box, colours(MAPS[self.scale.kind]), self.levels, self.scale.unit)

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Turn what is new into pixels, and paint the ring."""
        width, height = self.pixel_size()
        if self._ring is None or (self._ring.width, self._ring.height) != (width, height):
            self._ring = PixelRing(width, height, pixel(theme.current().background))
            # Columns older than the picture is wide need no pixels.
            self._ring.written = self._pixels_until(self.values.oldest, width)
        self._colour_new(self._ring)
        self._ring.paint(painter, corner)

    def _pixels_until(self, columns: int, width: int) -> int:
        """Return how many pixels so many columns fill, counted since `restart`."""
        return columns * width // self.values.length

    def _colour_new(self, ring: PixelRing) -> None:
        length, width = self.values.length, ring.width
        until = self._pixels_until(self.values.appended, width)
        start = max(ring.written, until - width)
        ring.written = start
        if until == start:
            return
        # The oldest pixel may begin with a column that is not held any more.
        edges = [max(self.values.oldest, number * length // width) for number in range(start, until)]
        first = edges[0]
        stop = edges[-1] + 1 if length <= width else until * length // width
        codes = coded(self.values.between(first, stop), self.levels)
        shown = [edge - first for edge in edges]
        columns = codes[shown] if length <= width else np.maximum.reduceat(codes, shown)
        ring.write(colours(MAPS[self.scale.kind])[stretched(columns.T[::-1], ring.height)])
        self.columns_coloured += until - start

    def dress(self, *_: object) -> None:
        """Take up the colours in force."""
        self._ring = None
        super().dress()

    def words_at(self, seconds: float, height: float) -> str:
        """Return time, frequency and value."""
        length = self.values.length
        values = self.values.at(self.appended - length + math.floor(self.place_of(seconds) * length))
        if values is None:
            return ""
        rows = _rows_at(height, self.scale.count, self.picture_box().height())
        return _words(seconds, self.scale, height, float(values[rows].max()))


def _rows_at(height: float, count: int, num_pixels: int) -> slice:
    """Return the rows that share a pixel, whose largest value it shows."""
    half = 0.5 / max(1, num_pixels)
    first = min(count - 1, max(0, int((height - half) * count)))
    return slice(first, max(first + 1, int((height + half) * count)))


def _words(seconds: float, scale: RowScale, height: float, value: float) -> str:
    time = f"{seconds:.2f} s".replace("-", "−")
    figure = three_digits(value).replace("-", "−")
    return f"{time} · {scale.words_at(height)} · {figure} {scale.unit}".rstrip()
