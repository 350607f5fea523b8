"""The pictures of `mel.py`, hop by hop: each frame of a sound that does not end is transformed once.

It imports nothing of the program but `mel.py`, beside which it can be copied to a device.
"""

from __future__ import annotations

import numpy as np

from core.features.mel import Float32, FrameTransform, Settings, peak

_FRAMES_AT_ONCE = 16


class StreamingExtractor:
    """Gives the newest columns of a sound, and the picture of its newest clip of `num_samples`.

    Under `peak_normalization` the divisor changes with every hop. Then the bands are kept in place of the columns,
    and their logarithm and DCT are done again for each picture, but no Fourier transform.
    """

    def __init__(self, settings: Settings, num_samples: int) -> None:
        self._settings = settings
        self._num_samples = num_samples
        self._num_frames = settings.num_frames(num_samples)
        self._length, self._step = settings.frame_length, settings.frame_step
        self._transform = FrameTransform(settings, _FRAMES_AT_ONCE)
        self._most_samples = _FRAMES_AT_ONCE * self._step
        # What lies before the next frame is wanted for the peak only.
        self._history = (self._num_frames + 1) * self._step if settings.peak_normalization else 0
        room = self._history + self._length + self._step + self._most_samples
        # In float64, as the window is: numpy multiplies two types at half the speed.
        self._heard = np.zeros(2 * room)
        self._frames = np.lib.stride_tricks.sliding_window_view(self._heard, self._length)
        transform = self._transform
        width = transform.num_bands if settings.peak_normalization else transform.num_coefficients
        self._rows = np.zeros((2 * (self._num_frames + _FRAMES_AT_ONCE), width), np.float32)
        self._none = np.zeros((0, transform.num_coefficients), np.float32)
        self._num_heard = self._next = self._num_rows = 0

    def push(self, samples: Float32) -> Float32:
        """Take samples (n,) and return the new columns (k, coefficients), before any normalization."""
        most = self._most_samples
        if len(samples) <= most:
            return self._push(samples)
        return np.concatenate([self._push(samples[start : start + most]) for start in range(0, len(samples), most)])

    def window(self) -> Float32 | None:
        """Return the picture (frames, coefficients) of the newest complete clip; None before there is one.

        It equals what `FeatureExtractor.compute` gives for that clip. A clip begins with a frame, so up to a frame
        step of the newest samples is not in it yet.
        """
        # A clip may end after its last frame, so a later frame can be complete before the clip is.
        later = -((self._num_heard - self._next - self._num_samples) // self._step) - self._num_frames
        stop = self._num_rows - later
        if stop < self._num_frames:
            return None
        picture = self._rows[stop - self._num_frames : stop].copy()
        if self._settings.peak_normalization:
            start = self._next - (self._num_frames + later) * self._step
            picture /= peak(self._heard[start : start + self._num_samples])
            picture = self._transform.columns(picture)
        if self._settings.normalization == "clip_mean":
            picture -= picture.mean(axis=0)
        return picture

    def _push(self, samples: Float32) -> Float32:
        stop = self._num_heard + len(samples)
        if stop > len(self._heard):
            self._forget_samples()
            stop = self._num_heard + len(samples)
        self._heard[self._num_heard : stop] = samples
        self._num_heard = stop
        count = (stop - self._next - self._length) // self._step + 1
        if count <= 0:
            return self._none
        behind = self._next + count * self._step
        bands = self._transform.bands(self._frames[self._next : behind : self._step])
        self._next = behind
        columns = self._transform.columns(bands)
        self._keep(bands if self._history else columns)
        return columns

    def _keep(self, rows: Float32) -> None:
        stop = self._num_rows + len(rows)
        if stop > len(self._rows):
            wanted = self._num_frames
            self._rows[:wanted] = self._rows[self._num_rows - wanted : self._num_rows]
            self._num_rows = wanted
            stop = wanted + len(rows)
        self._rows[self._num_rows : stop] = rows
        self._num_rows = stop

    def _forget_samples(self) -> None:
        first = min(self._next - self._history, self._num_heard)
        kept = self._num_heard - first
        self._heard[:kept] = self._heard[first : self._num_heard]
        self._num_heard = kept
        self._next -= first
