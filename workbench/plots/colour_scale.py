"""From values to the colours of viridis or magma, and to as many pixels as there is room for."""

from functools import cache
from typing import Any, Literal

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor

ColourMap = Literal["viridis", "magma"]
Float32 = NDArray[np.float32]
Pixels = NDArray[np.uint32]


@cache
def colours(name: ColourMap) -> Pixels:
    """Return 256 colours of a map as 0xffRRGGBB, from lowest to highest."""
    table: NDArray[Any] = pg.colormap.get(name).getLookupTable(0, 1, 256).astype(np.uint32)
    return _packed(table)


def diverging(low: str, middle: str, high: str) -> Pixels:
    """Return 256 colours from one through the middle to the other, for values of both signs."""
    ends = [np.array(QColor(colour).getRgb()[:3], float) for colour in (low, middle, high)]
    way = np.linspace(-1, 1, 256)[:, np.newaxis]
    mixed = ends[1] + np.abs(way) * (np.where(way < 0, ends[0], ends[2]) - ends[1])
    return _packed(mixed.round().astype(np.uint32))


def _packed(table: NDArray[np.uint32]) -> Pixels:
    return np.uint32(0xFF000000) | table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2]


def coloured(values: Float32, levels: tuple[float, float], table: Pixels) -> Pixels:
    """Return values of any shape as pixels; what lies beyond the levels takes the colour of the end."""
    low, high = levels
    places = (values - np.float32(low)) * np.float32(255 / (high - low))
    return table[np.clip(places, 0, 255).astype(np.uint8)]


def pixel(colour: str) -> int:
    """Return a colour such as #rrggbb as a pixel."""
    return QColor(colour).rgb()


def stretched(values: Float32, count: int) -> Float32:
    """Return values (n, …) as (count, …): repeated where there is room, else the largest of those that share a place.

    The largest, because a short or narrow sound must not vanish between two pixels.
    """
    if count >= len(values):
        return values[np.arange(count) * len(values) // count]
    largest: Float32 = np.maximum.reduceat(values, np.arange(count) * len(values) // count)
    return largest
