"""Features in decibels, for eyes: 0 dB of a spectrum is a sine of full scale."""

import math

import numpy as np
from numpy.typing import NDArray

LEAST_MAGNITUDE = 1e-7
DECIBELS_PER_NEPER = np.float32(20 / math.log(10))

Float32 = NDArray[np.float32]


def magnitude_decibels(magnitudes: Float32, frame_length: int) -> Float32:
    """Return |STFT| of any shape in dB relative to a sine of amplitude 1.

    A Hann window of `frame_length` samples lets such a sine through at a quarter of that number.
    """
    decibels: Float32 = 20 * np.log10(
        np.maximum(magnitudes, np.float32(LEAST_MAGNITUDE)) / np.float32(frame_length / 4)
    )
    return decibels


def log_mel_decibels(log_mel: Float32, frame_length: int) -> Float32:
    """Return natural logarithms of magnitudes of any shape in dB, relative to the same sine."""
    decibels: Float32 = log_mel * DECIBELS_PER_NEPER - np.float32(20 * math.log10(frame_length / 4))
    return decibels
