"""The newest samples of a sound that does not end, handed from the sound card's thread to the reader's."""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


class RingBuffer:
    """Float32 samples under absolute positions, of which the newest `num_samples` are held.

    One thread writes, another reads. There is no lock: the writer says what it is about to overwrite before it
    copies and what it has written after it, and the reader looks once more after its own copy.
    """

    def __init__(self, num_samples: int) -> None:
        self._held = np.zeros(num_samples, np.float32)
        self._claimed = 0
        self._written = 0

    @property
    def written(self) -> int:
        """Samples ever written; the position after the newest."""
        return self._written

    @property
    def oldest(self) -> int:
        """Position of the oldest sample that is still held."""
        return max(0, self._claimed - len(self._held))

    def write(self, samples: Float32) -> None:
        """Copy samples (n,) behind the newest; no array is made. Of more than fit, the newest are held."""
        size = len(self._held)
        start, stop = self._written, self._written + len(samples)
        self._claimed = stop
        if len(samples) > size:
            samples = samples[-size:]
            start = stop - size
        place = start % size
        room = size - place
        if len(samples) <= room:
            self._held[place : place + len(samples)] = samples
        else:
            self._held[place:] = samples[:room]
            self._held[: len(samples) - room] = samples[room:]
        self._written = stop

    def read(self, start: int, stop: int) -> Float32:
        """Return a copy of the samples from `start` to `stop`, shape (n,), of which only those held are given.

        What has been overwritten is missing at the front, what is not yet written at the end.
        """
        stop = min(stop, self._written)
        start = min(max(start, self.oldest), stop)
        copied = self._copy(start, stop)
        overtaken = self.oldest - start
        return copied if overtaken <= 0 else copied[min(overtaken, stop - start) :]

    def latest(self, count: int) -> Float32:
        """Return the newest samples, shape (count,), with zeros in front where fewer are held."""
        stop = self._written
        found = self.read(stop - count, stop)
        samples = np.zeros(count, np.float32)
        samples[count - len(found) :] = found
        return samples

    def _copy(self, start: int, stop: int) -> Float32:
        size = len(self._held)
        place, count = start % size, stop - start
        if place + count <= size:
            return self._held[place : place + count].copy()
        return np.concatenate((self._held[place:], self._held[: place + count - size]))
