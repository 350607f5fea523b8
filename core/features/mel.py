"""Spectrograms, log-mel pictures and MFCCs in numpy alone, with the conventions of `tf.signal`.

The data set, the live viewer and a deployed device run this same file, so a network sees the same
numbers everywhere. It imports nothing else of the program and can be copied to a device as it is.
"""

import math
import threading
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

LOG_OFFSET = 1e-6

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class Settings(Protocol):
    """What decides the picture; the section `Features` of a spec has these attributes."""

    @property
    def kind(self) -> Literal["spectrogram", "log_mel", "mfcc"]:
        """Picture to compute."""

    @property
    def sample_rate(self) -> int:
        """Samples per second."""

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""

    @property
    def frame_step(self) -> int:
        """Samples from one frame to the next."""

    @property
    def effective_fft_length(self) -> int:
        """Samples of the Fourier transform, at least a frame."""

    @property
    def num_mel_bins(self) -> int:
        """Triangles on the mel scale."""

    @property
    def lower_edge_hertz(self) -> float:
        """Lower edge of the lowest triangle."""

    @property
    def upper_edge_hertz(self) -> float:
        """Upper edge of the highest triangle."""

    @property
    def num_mfccs(self) -> int:
        """Cepstral coefficients kept."""

    @property
    def peak_normalization(self) -> bool:
        """Whether each clip is divided by its loudest sample."""

    @property
    def normalization(self) -> str:
        """Only `clip_mean` is done here."""


class _Workspace(threading.local):
    """Frames and spectra of one clip, reused: their allocation would cost as much as the transform.

    In float64, and padded here instead of by rfft, because that is how numpy's transform is fastest.
    """

    def __init__(self, num_frames: int, fft_length: int) -> None:
        self.frames = np.zeros((num_frames, fft_length))
        self.spectra = np.empty((num_frames, fft_length // 2 + 1), np.complex128)


class FeatureExtractor:
    """Turns clips of one length into pictures; windows and matrices are made once."""

    def __init__(self, settings: Settings, num_samples: int) -> None:
        self._settings = settings
        self._num_samples = num_samples
        self._window = hann_window(settings.frame_length)
        self._workspace = _Workspace(self.num_frames, settings.effective_fft_length)
        self._first_bin, self._last_bin = 0, settings.effective_fft_length // 2 + 1
        if settings.kind == "spectrogram":
            return
        weights = mel_weights(
            settings.num_mel_bins,
            settings.effective_fft_length // 2 + 1,
            settings.sample_rate,
            settings.lower_edge_hertz,
            settings.upper_edge_hertz,
        )
        heard = np.flatnonzero(weights.any(axis=1))
        if len(heard):
            self._first_bin, self._last_bin = int(heard[0]), int(heard[-1]) + 1
        self._mel_weights = weights[self._first_bin : self._last_bin].astype(np.float32)
        self._cosines = dct_matrix(settings.num_mel_bins, settings.num_mfccs).astype(np.float32)

    @property
    def num_frames(self) -> int:
        """Frames of each clip; a rest shorter than a frame is dropped."""
        return 1 + (self._num_samples - self._settings.frame_length) // self._settings.frame_step

    @property
    def num_coefficients(self) -> int:
        """Values of each frame."""
        if self._settings.kind == "spectrogram":
            return self._last_bin
        return self._settings.num_mel_bins if self._settings.kind == "log_mel" else self._settings.num_mfccs

    def compute(self, waveforms: Float32) -> Float32:
        """Return float32 pictures (n, frames, coefficients) of waveforms (n, num_samples) in [-1, 1].

        A setting of `standardize` is not applied here: its mean and deviation come from a training set.
        """
        length, step = self._settings.frame_length, self._settings.frame_step
        frames = np.lib.stride_tricks.sliding_window_view(waveforms, length, axis=1)[:, ::step]
        pictures = np.empty((len(waveforms), self.num_frames, self.num_coefficients), np.float32)
        for index, waveform in enumerate(waveforms):
            magnitudes = self._magnitudes(frames[index])
            if self._settings.peak_normalization:
                # The transform is linear, so dividing its result is dividing the clip; silence stays silence.
                magnitudes /= max(waveform.max(), -waveform.min()) or 1
            pictures[index] = self._picture(magnitudes)
        if self._settings.normalization == "clip_mean":
            pictures -= pictures.mean(axis=1, keepdims=True)
        return pictures

    def _magnitudes(self, frames: Float32) -> Float32:
        """Return |STFT| (frames, bins) of the bins that are used; frames are padded with zeros at their end."""
        room = self._workspace
        np.multiply(frames, self._window, out=room.frames[:, : self._settings.frame_length])
        np.fft.rfft(room.frames, out=room.spectra)
        return np.abs(room.spectra[:, self._first_bin : self._last_bin]).astype(np.float32)

    def _picture(self, magnitudes: Float32) -> Float32:
        if self._settings.kind == "spectrogram":
            return magnitudes
        log_mel: Float32 = np.log(magnitudes @ self._mel_weights + np.float32(LOG_OFFSET))
        return log_mel if self._settings.kind == "log_mel" else log_mel @ self._cosines


def hann_window(length: int) -> Float64:
    """Return the Hann window of `tf.signal`: periodic where the length is even, symmetric where it is odd."""
    if length == 1:
        return np.ones(1)
    period = length if length % 2 == 0 else length - 1
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / period)


def mel_weights(
    num_mel_bins: int, num_spectrogram_bins: int, sample_rate: int, lower_edge_hertz: float, upper_edge_hertz: float
) -> Float64:
    """Return the matrix (num_spectrogram_bins, num_mel_bins) of triangles on HTK's mel scale, without the DC bin."""
    mels = hertz_to_mel(np.linspace(0, sample_rate / 2, num_spectrogram_bins))[:, np.newaxis]
    lowest, highest = hertz_to_mel(np.array([lower_edge_hertz, upper_edge_hertz])).tolist()
    edges = np.linspace(lowest, highest, num_mel_bins + 2)
    lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
    weights: Float64 = np.maximum(0, np.minimum((mels - lower) / (centre - lower), (upper - mels) / (upper - centre)))
    weights[0] = 0
    return weights


def hertz_to_mel(hertz: Float64) -> Float64:
    """Return HTK's mel of frequencies: 1127 ln(1 + f / 700)."""
    return 1127 * np.log1p(hertz / 700)


def dct_matrix(num_mel_bins: int, num_mfccs: int) -> Float64:
    """Return the DCT-II matrix (num_mel_bins, num_mfccs), every column scaled by √(2 / num_mel_bins) as in HTK."""
    bins = np.arange(num_mel_bins)[:, np.newaxis] + 0.5
    cosines: Float64 = np.cos(np.pi / num_mel_bins * bins * np.arange(num_mfccs))
    return cosines * math.sqrt(2 / num_mel_bins)
