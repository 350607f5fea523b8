"""Sound as it is, for models that make their features themselves: each sample is a frame of one value."""

from __future__ import annotations

import numpy as np

from core.features.mel import Float32, Settings, peak


class WaveformExtractor:
    """Gives clips as they are, but for what the settings normalize."""

    def __init__(self, settings: Settings, num_samples: int) -> None:  # noqa: ARG002 (as all kinds are made)
        self._settings = settings

    def compute(self, waveforms: Float32) -> Float32:
        """Return float32 (n, num_samples, 1) of waveforms (n, num_samples) in [-1, 1]."""
        return np.stack([_normalized(waveform, self._settings) for waveform in waveforms])[..., np.newaxis]


class WaveformStream:
    """Keeps the newest samples of a sound."""

    def __init__(self, settings: Settings, num_samples: int) -> None:
        self._settings = settings
        self._num_samples = num_samples
        self._newest: Float32 = np.zeros(0, np.float32)

    def push(self, samples: Float32) -> Float32:
        """Take samples (n,) and return them as columns (n, 1)."""
        self._newest = np.concatenate((self._newest, samples))[-self._num_samples :]
        return samples[:, np.newaxis]

    def window(self) -> Float32 | None:
        """Return the newest samples (num_samples, 1), normalized; None before there are as many."""
        if len(self._newest) < self._num_samples:
            return None
        return _normalized(self._newest, self._settings)[:, np.newaxis]


def _normalized(waveform: Float32, settings: Settings) -> Float32:
    normalized: Float32 = waveform / peak(waveform) if settings.peak_normalization else waveform.astype(np.float32)
    return normalized - normalized.mean() if settings.normalization == "clip_mean" else normalized
