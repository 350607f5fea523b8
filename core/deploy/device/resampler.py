"""Sound at another rate, block by block, in numpy: a device has no soxr."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_ZERO_CROSSINGS = 16
_KAISER_BETA = 8.0
# Of the lower of both half rates; the rest is the filter's slope.
_PASSED = 0.94

Float32 = NDArray[np.float32]


class Resampler:
    """A bank of windowed-sinc filters, one for each place that an output sample can have between input samples.

    J. O. Smith, "Digital Audio Resampling", https://ccrma.stanford.edu/~jos/resample. The first sample that comes out
    is of the same time as the first that goes in; some 1 ms is still in the filter at the end.
    """

    def __init__(self, from_hertz: int, to_hertz: int) -> None:
        divisor = math.gcd(from_hertz, to_hertz)
        self._up, self._down = to_hertz // divisor, from_hertz // divisor
        if self._up == self._down:
            return
        slower = min(1.0, to_hertz / from_hertz)
        half = math.ceil(_ZERO_CROSSINGS / slower)
        taps = np.arange(-half, half + 1) - np.arange(self._up)[:, np.newaxis] / self._up
        window = np.i0(_KAISER_BETA * np.sqrt(np.maximum(0, 1 - (taps / (half + 1)) ** 2)))
        bank = np.sinc(taps * slower * _PASSED) * window
        self._bank: Float32 = (bank / bank.sum(axis=1, keepdims=True)).astype(np.float32)
        self._kept: Float32 = np.zeros(half, np.float32)
        self._next = 0
        """Place of the next output, in 1/up of an input sample, from the beginning of what is kept."""

    def push(self, samples: Float32) -> Float32:
        """Take samples (n,) at the one rate and return those (m,) that are complete at the other."""
        if self._up == self._down:
            return samples
        heard = np.concatenate((self._kept, samples))
        width = self._bank.shape[1]
        stop = (len(heard) - width + 1) * self._up
        if self._next >= stop:
            self._kept = heard
            return heard[:0]
        places = np.arange(self._next, stop, self._down)
        first, phase = np.divmod(places, self._up)
        windows = np.lib.stride_tricks.sliding_window_view(heard, width)
        if self._up == 1:
            resampled: Float32 = windows[first[0] :: self._down][: len(first)] @ self._bank[0]
        else:
            resampled = np.einsum("ij,ij->i", windows[first], self._bank[phase])
        following = int(places[-1]) + self._down
        dropped = min(following // self._up, len(heard))
        self._next = following - dropped * self._up
        self._kept = heard[dropped:]
        return resampled
