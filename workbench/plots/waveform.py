"""Waveforms: still ones of a clip, and scrolling ones whose newest sample is at the right edge."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from workbench import theme
from workbench.number_format import three_digits
from workbench.plots.colour_scale import pixel
from workbench.plots.pixel_ring import PixelRing
from workbench.plots.sound_frame import SoundFrame
from workbench.plots.value_ring import ValueRing

Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint32]

TICKS = [(0.0, "−1"), (0.5, "0"), (1.0, "1")]
CLIPPED = 32766 / 32768
"""From here on a sample has met the end of a 16-bit scale."""
EMPTY_S = 1.0
"""What the axis says of a clip that is not there."""


def extremes(samples: Float32, edges: NDArray[np.intp] | list[int]) -> tuple[Float32, Float32]:
    """Return the least and the largest sample of each stretch that begins at an edge."""
    return np.minimum.reduceat(samples, edges), np.maximum.reduceat(samples, edges)


def wave_pixels(lowest: Float32, highest: Float32, height: int) -> Pixels:
    """Return pixels (height, n): a line from lowest to highest in each column, in another colour where it clips."""
    palette = theme.current()
    rows = np.arange(height)[:, np.newaxis]
    half = (height - 1) / 2
    top = np.rint(half - half * np.minimum(1, highest))
    bottom = np.rint(half - half * np.maximum(-1, lowest))
    wave: Pixels | np.uint32 = np.uint32(pixel(palette.accent))
    clipped = (highest >= CLIPPED) | (lowest <= -CLIPPED)
    if clipped.any():
        wave = np.where(clipped, np.uint32(pixel(palette.bad)), wave)
    return np.where((rows >= top) & (rows <= bottom), wave, np.uint32(pixel(palette.background)))


class WaveformView(SoundFrame):
    """A clip as a whole."""

    def __init__(self, title: str = "Waveform", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._samples: Float32 = np.zeros(0, np.float32)
        self._sample_rate = 16000
        self._image: QImage | None = None

    def show_samples(self, samples: Float32, sample_rate: int) -> None:
        """Show samples in [-1, 1]."""
        self._samples, self._sample_rate = samples, sample_rate
        self._image = None
        self.show_span(0.0, len(samples) / sample_rate or EMPTY_S)
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.show_samples(self._samples[:0], self._sample_rate)

    def row_ticks(self, height: float) -> list[tuple[float, str]]:  # noqa: ARG002
        """Return the labels of the amplitude."""
        return TICKS

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Paint the pixels, made anew when size or samples changed."""
        width, height = self.pixel_size()
        if self._image is None or (self._image.width(), self._image.height()) != (width, height):
            self._image = self._drawn(width, height)
        painter.drawImage(corner, self._image)

    def _drawn(self, width: int, height: int) -> QImage:
        samples = self._samples if len(self._samples) else np.zeros(1, np.float32)
        # Fewer samples than pixels are held, each for as long as it lasts.
        held = samples[np.arange(max(width, len(samples))) * len(samples) // max(width, len(samples))]
        lowest, highest = extremes(held, np.arange(width) * len(held) // width)
        pixels = np.ascontiguousarray(wave_pixels(lowest, highest, height))
        return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()

    def dress(self, *_: object) -> None:
        """Take up the colours in force."""
        self._image = None
        super().dress()

    def words_at(self, seconds: float, height: float) -> str:  # noqa: ARG002
        """Return time and sample."""
        place = int(seconds * self._sample_rate)
        if not 0 <= place < len(self._samples):
            return ""
        return f"{seconds:.3f} s · {three_digits(float(self._samples[place]))}".replace("-", "−")


class ScrollingWaveform(SoundFrame):
    """The newest seconds of a sound without end. Only new pixels are computed, and only in sight."""

    def __init__(self, title: str = "Waveform", parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.samples = ValueRing(1)
        self._ring: PixelRing | None = None

    @property
    def appended(self) -> int:
        """Samples since `restart`."""
        return self.samples.appended

    def restart(self, num_samples: int, span_s: tuple[float, float]) -> None:
        """Begin anew; `num_samples` fill the time from one second to another."""
        self.samples = ValueRing(num_samples)
        self._ring = None
        self.show_span(*span_s)
        self.update()

    def append(self, samples: Float32) -> None:
        """Add new samples at the right edge."""
        self.samples.append(samples)
        self.update(self.picture_box())

    def clear(self) -> None:
        """Forget every sample."""
        self.samples.appended = 0
        self._ring = None
        self.update()

    def row_ticks(self, height: float) -> list[tuple[float, str]]:  # noqa: ARG002
        """Return the labels of the amplitude."""
        return TICKS

    def paint_picture(self, painter: QPainter, corner: QPoint) -> None:
        """Turn what is new into pixels, and paint the ring."""
        width, height = self.pixel_size()
        length = self.samples.length
        if self._ring is None or (self._ring.width, self._ring.height) != (width, height):
            self._ring = PixelRing(width, height, pixel(theme.current().background))
            self._ring.written = self.samples.oldest * width // length
        until = self.appended * width // length
        start = max(self._ring.written, until - width)
        self._ring.written = start
        if until > start:
            # The oldest pixel may begin with a sample that is not held any more.
            edges = [max(self.samples.oldest, number * length // width) for number in range(start, until)]
            fresh = self.samples.between(edges[0], until * length // width)
            lowest, highest = extremes(fresh, [edge - edges[0] for edge in edges])
            self._ring.write(wave_pixels(lowest, highest, height))
        self._ring.paint(painter, corner)

    def dress(self, *_: object) -> None:
        """Take up the colours in force."""
        self._ring = None
        super().dress()

    def words_at(self, seconds: float, height: float) -> str:  # noqa: ARG002
        """Return time and sample."""
        length = self.samples.length
        value = self.samples.at(self.appended - length + int(self.place_of(seconds) * length))
        return "" if value is None else f"{seconds:.2f} s · {three_digits(float(value))}".replace("-", "−")
