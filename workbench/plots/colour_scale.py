"""From values to the colours of viridis or magma, and to as many pixels as there is room for."""

from functools import cache, lru_cache
from typing import Any, Literal, TypeVar

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor

ColourMap = Literal["viridis", "magma"]
Float32 = NDArray[np.float32]
Codes = NDArray[np.uint8]
Pixels = NDArray[np.uint32]
Value = TypeVar("Value", bound=np.generic)


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


def coded(values: Float32, levels: tuple[float, float]) -> Codes:
    """Return the places in a table of 256 colours of values of any shape; those beyond the levels get its ends."""
    low, high = levels
    places = values - np.float32(low)
    places *= np.float32(255 / (high - low))
    np.maximum(places, 0, out=places)
    np.minimum(places, 255, out=places)
    return places.astype(np.uint8)


@cache
def pixel(colour: str) -> int:
    """Return a colour such as #rrggbb as a pixel."""
    return QColor(colour).rgb()


def stretched(values: NDArray[Value], count: int) -> NDArray[Value]:
    """Return values (n, …) as (count, …): repeated where there is room, else the largest of those that share a place.

    The largest, because a short or narrow sound must not vanish between two pixels.
    """
    return values[places(len(values), count)] if count >= len(values) else shrunk(values, count)


def shrunk(values: NDArray[Value], most: int) -> NDArray[Value]:
    """Return values (n, …) as at most (most, …): the largest of those that share a place."""
    if most >= len(values):
        return values
    largest: NDArray[Value] = np.maximum.reduceat(values, places(len(values), most))
    return largest


@lru_cache(maxsize=64)
def places(of: int, count: int) -> NDArray[np.intp]:
    """Return which of so many values each of `count` places shows, or begins with."""
    return np.arange(count) * of // count
