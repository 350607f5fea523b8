"""Pictures of a sound that does not end: spectrogram, log-mel picture and MFCCs from one transform per frame."""

from collections import deque
from collections.abc import Mapping
from typing import Protocol

import numpy as np

from core.features.kinds import make_stream
from core.features.mel import LOG_OFFSET, Float32, dct_matrix, mel_weights, peak
from core.features.streaming import StreamingExtractor
from core.settings.feature_sizes import FRAMED, KindName
from core.spec import Features

Columns = Mapping[KindName, Float32]
"""New frames (k, …) of each picture by its kind, before any normalization; those beyond the chosen one are left out."""


class Live(Protocol):
    """Pictures of a sound as it comes, and the newest clip as a network gets it."""

    def push(self, samples: Float32) -> Columns:
        """Take samples (n,) in [-1, 1] and return the frames that are complete with them."""

    def clip(self) -> Float32 | None:
        """Return the picture (frames, coefficients) of the newest clip, normalized; None before there is one."""


def make_live(features: Features, num_samples: int) -> Live:
    """Return the pictures up to the one that settings choose. Raises FeatureError where it cannot be computed."""
    return LiveFeatures(features, num_samples) if features.kind in FRAMED else LivePicture(features, num_samples)


class LivePicture:
    """The chosen picture alone, of a kind that is computed in its own way; a waveform has none."""

    def __init__(self, features: Features, num_samples: int) -> None:
        self._features = features
        self._stream = make_stream(features, num_samples)

    def push(self, samples: Float32) -> Columns:
        """Take samples (n,) in [-1, 1] and return the frames that are complete with them."""
        columns = self._stream.push(samples)
        return {self._features.kind: columns} if self._features.has_picture else {}

    def clip(self) -> Float32 | None:
        """Return the picture (frames, coefficients) of the newest clip, normalized; None before there is one."""
        return self._stream.window()


class LiveFeatures:
    """Spectrogram, and from it the log-mel picture and MFCCs where they are chosen."""

    def __init__(self, features: Features, num_samples: int) -> None:
        self._features = features
        self._num_samples = num_samples
        spectrogram = features.model_copy(update={"kind": "spectrogram", "peak_normalization": False})
        self._stream = StreamingExtractor(spectrogram, features.frame_length)
        self._num_frames = features.num_frames(num_samples)
        self._newest: deque[Float32] = deque(maxlen=max(0, self._num_frames))
        self._heard: Float32 = np.zeros(0, np.float32)
        self._num_heard = self._num_columns = 0
        if features.kind == "spectrogram":
            return
        weights = mel_weights(
            features.num_mel_bins,
            features.effective_fft_length // 2 + 1,
            features.sample_rate,
            features.lower_edge_hertz,
            features.upper_edge_hertz,
        )
        self._weights: Float32 = weights.astype(np.float32)
        self._cosines: Float32 = dct_matrix(features.num_mel_bins, features.num_mfccs).astype(np.float32)

    def push(self, samples: Float32) -> Columns:
        """Take samples (n,) in [-1, 1] and return the frames that are complete with them."""
        columns = self._columns(self._stream.push(samples))
        self._newest.extend(columns["spectrogram" if self._features.peak_normalization else self._features.kind])
        self._num_heard += len(samples)
        self._num_columns += len(columns["spectrogram"])
        if self._features.peak_normalization:
            # A clip begins with a frame, so up to a frame step of the newest samples belongs to the next one.
            most = self._num_samples + self._features.frame_step
            self._heard = np.concatenate((self._heard, samples))[-most:]
        return columns

    def clip(self) -> Float32 | None:
        """Return the picture (frames, coefficients) of the newest clip, normalized; None before there is one.

        No frame is transformed again: a division by the clip's loudest sample is a division of the magnitudes, for
        the transform is linear. `standardize` needs a training set and is left out.
        """
        if not 0 < self._num_frames <= self._num_columns:
            return None
        picture: Float32 = np.stack(self._newest)
        if self._features.peak_normalization:
            start = (self._num_columns - self._num_frames) * self._features.frame_step
            first = start - (self._num_heard - len(self._heard))
            scaled = picture / peak(self._heard[first : first + self._num_samples])
            picture = self._columns(scaled)[self._features.kind]
        if self._features.normalization == "clip_mean":
            picture = picture - picture.mean(axis=0)
        return picture

    def _columns(self, magnitudes: Float32) -> Columns:
        if self._features.kind == "spectrogram":
            return {"spectrogram": magnitudes}
        log_mel: Float32 = np.log(magnitudes @ self._weights + LOG_OFFSET)
        if self._features.kind == "log_mel":
            return {"spectrogram": magnitudes, "log_mel": log_mel}
        return {"spectrogram": magnitudes, "log_mel": log_mel, "mfcc": log_mel @ self._cosines}
