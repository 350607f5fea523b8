"""The pictures of `mel.py`, hop by hop: each frame of a sound that does not end is transformed once.

It imports nothing of the program but `mel.py`, beside which it can be copied to a device.
"""

import numpy as np

from core.features.mel import FeatureExtractor, Float32, Settings


class StreamingExtractor:
    """Gives the newest columns of a sound, and the picture of its last `num_samples`."""

    def __init__(self, settings: Settings, num_samples: int) -> None:
        self._settings = settings
        self._num_samples = num_samples
        self._extractor = FeatureExtractor(settings, num_samples)
        self._heard = np.zeros(0, np.float32)
        self._start = 0
        self._columns = 0

    def push(self, samples: Float32) -> Float32:
        """Take samples (n,) and return the new columns (k, coefficients), before any normalization."""
        self._heard = np.concatenate((self._heard, samples))
        columns = []
        length, step = self._settings.frame_length, self._settings.frame_step
        while self._columns * step + length - self._start <= len(self._heard):
            first = self._columns * step - self._start
            columns.append(
                self._extractor._picture(self._extractor._magnitudes(self._heard[first : first + length]))[0]
            )
            self._columns += 1
        while len(self._heard) >= self._num_samples + step:
            self._heard = self._heard[step:]
            self._start += step
        return np.array(columns, np.float32).reshape(-1, self._extractor.num_coefficients)

    def window(self) -> Float32 | None:
        """Return the picture (frames, coefficients) of the newest clip that is complete; None before there is one.

        Clips of `num_samples` begin with a frame, so up to a frame step of the newest samples is not yet in it.
        """
        if len(self._heard) < self._num_samples:
            return None
        picture: Float32 = self._extractor.compute(self._heard[np.newaxis, : self._num_samples])[0]
        return picture
