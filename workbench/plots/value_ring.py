"""The newest values of a sound without end, by their numbers since its beginning."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[Any]


class ValueRing:
    """Holds `length` values of a shape: samples, or columns of a picture. Nothing moves when one is added."""

    def __init__(self, length: int, shape: tuple[int, ...] = (), dtype: type[np.floating[Any]] = np.float32) -> None:
        self.length = length
        self.appended = 0
        """Values ever added; the number of the next one."""
        self._held: Values = np.zeros((length, *shape), dtype)

    @property
    def oldest(self) -> int:
        """Number of the oldest value that is held."""
        return max(0, self.appended - self.length)

    def append(self, values: Values) -> None:
        """Add values (k, …) behind the newest."""
        stop = self.appended + len(values)
        kept = values[-self.length :]
        seam = (stop - len(kept)) % self.length
        first = min(len(kept), self.length - seam)
        self._held[seam : seam + first] = kept[:first]
        if first < len(kept):
            self._held[: len(kept) - first] = kept[first:]
        self.appended = stop

    def between(self, first: int, stop: int) -> Values:
        """Return the values of these numbers, all of which must be held: (stop − first, …)."""
        place, count = first % self.length, stop - first
        if place + count <= self.length:
            return self._held[place : place + count]
        return np.concatenate((self._held[place:], self._held[: place + count - self.length]))

    def newest(self, count: int) -> Values:
        """Return the newest values, at most `count` and as many as are held."""
        return self.between(max(self.oldest, self.appended - count), self.appended)

    def at(self, number: int) -> Any:
        """Return one value; None when it is not held."""
        return self._held[number % self.length] if self.oldest <= number < self.appended else None
