"""Spectrograms, log-mel pictures and MFCCs in numpy alone, with the conventions of `tf.signal`.

The data set, the live viewer and a deployed device run this same file, so a network sees the same
numbers everywhere. It imports nothing else of the program and can be copied to a device as it is.
"""

from __future__ import annotations

import functools
import importlib
import math
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

LOG_OFFSET = np.float32(1e-6)

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Complex128 = NDArray[np.complex128]


class Settings(Protocol):
    """What decides the picture; the section `Features` of a spec has these attributes."""

    @property
    def kind(self) -> str:
        """Picture to compute: spectrogram, log_mel or mfcc; other kinds are computed elsewhere."""

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

    @property
    def has_picture(self) -> bool:
        """Whether frames and coefficients make a picture."""

    def num_frames(self, num_samples: int) -> int:
        """Return the frames that fit into `num_samples`; a rest shorter than a frame is dropped."""


class _Room(NamedTuple):
    """Arrays for so many frames: where the windowed ones go, all the rest being zeros, and what becomes of them."""

    frames: Float64
    padded: Float64
    spectra: Complex128
    heard: Complex128
    magnitudes: Float64


class _Workspace(threading.local):
    """Frames, spectra and magnitudes, reused: their allocation would cost as much as the transform.

    In float64, and padded here instead of by rfft, because that is how numpy's transform is fastest.
    """

    def __init__(self, most_frames: int, frame_length: int, fft_length: int, bins: slice) -> None:
        self._frame_length, self._bins = frame_length, bins
        self._padded = np.zeros((most_frames, fft_length))
        self._spectra = np.empty((most_frames, fft_length // 2 + 1), np.complex128)
        self._magnitudes = np.empty(self._spectra[:, bins].shape)
        self._rooms: dict[int, _Room] = {}

    def room(self, count: int) -> _Room:
        """Return the arrays for `count` frames."""
        found = self._rooms.get(count)
        if found is None:
            padded, spectra = self._padded[:count], self._spectra[:count]
            heard = spectra[:, self._bins]
            found = _Room(padded[:, : self._frame_length], padded, spectra, heard, self._magnitudes[:count])
            self._rooms[count] = found
        return found


class FrameTransform:
    """What is done to each frame alone, for at most `most_frames` at once; windows and matrices are made once."""

    def __init__(self, settings: Settings, most_frames: int) -> None:
        self._kind = settings.kind
        self._window = hann_window(settings.frame_length)
        self._transform = frame_transform(settings.effective_fft_length)
        bins = slice(0, settings.effective_fft_length // 2 + 1)
        self.num_bands = self.num_coefficients = bins.stop
        if settings.kind != "spectrogram":
            self.num_bands = settings.num_mel_bins
            self.num_coefficients = settings.num_mel_bins if settings.kind == "log_mel" else settings.num_mfccs
            weights = mel_weights(
                settings.num_mel_bins,
                bins.stop,
                settings.sample_rate,
                settings.lower_edge_hertz,
                settings.upper_edge_hertz,
            )
            heard = np.flatnonzero(weights.any(axis=1))
            if len(heard):
                bins = slice(int(heard[0]), int(heard[-1]) + 1)
            self._mel_weights = weights[bins].astype(np.float32)
            # In float64: a first coefficient near 100 is rounded by 1e-5 at every step of a sum in float32.
            self._cosines = dct_matrix(settings.num_mel_bins, settings.num_mfccs)
        self._workspace = _Workspace(most_frames, settings.frame_length, settings.effective_fft_length, bins)

    def bands(self, frames: Float32 | Float64) -> Float32:
        """Return |STFT| of frames (n, frame_length), for mel kinds summed up in the triangles: (n, num_bands).

        Frames are padded with zeros at their end. Bands grow in proportion with the sound.
        """
        room = self._workspace.room(len(frames))
        np.multiply(frames, self._window, room.frames)
        self._transform(room.padded, room.spectra)
        magnitudes: Float32 = np.abs(room.heard, room.magnitudes).astype(np.float32)
        return magnitudes if self._kind == "spectrogram" else magnitudes.dot(self._mel_weights)

    def columns(self, bands: Float32) -> Float32:
        """Return the picture (n, coefficients) of bands (n, num_bands)."""
        if self._kind == "spectrogram":
            return bands
        log_mel: Float32 = bands + LOG_OFFSET
        np.log(log_mel, log_mel)
        return log_mel if self._kind == "log_mel" else log_mel.dot(self._cosines).astype(np.float32)


class FeatureExtractor:
    """Turns clips of one length into pictures."""

    def __init__(self, settings: Settings, num_samples: int) -> None:
        self._settings = settings
        self._num_samples = num_samples
        self._transform = FrameTransform(settings, self.num_frames)

    @property
    def num_frames(self) -> int:
        """Frames of each clip; a rest shorter than a frame is dropped."""
        return self._settings.num_frames(self._num_samples)

    @property
    def num_coefficients(self) -> int:
        """Values of each frame."""
        return self._transform.num_coefficients

    def compute(self, waveforms: Float32) -> Float32:
        """Return float32 pictures (n, frames, coefficients) of waveforms (n, num_samples) in [-1, 1].

        A setting of `standardize` is not applied here: its mean and deviation come from a training set.
        """
        length, step = self._settings.frame_length, self._settings.frame_step
        frames = np.lib.stride_tricks.sliding_window_view(waveforms, length, axis=1)[:, ::step]
        pictures = np.empty((len(waveforms), self.num_frames, self.num_coefficients), np.float32)
        for index, waveform in enumerate(waveforms):
            bands = self._transform.bands(frames[index])
            if self._settings.peak_normalization:
                bands /= peak(waveform)
            pictures[index] = self._transform.columns(bands)
        if self._settings.normalization == "clip_mean":
            pictures -= pictures.mean(axis=1, keepdims=True)
        return pictures


@functools.cache
def frame_transform(fft_length: int) -> Callable[[Float64, Complex128], object]:
    """Return what writes the spectra (n, fft_length // 2 + 1) of frames (n, fft_length) into an array.

    NumPy's own function takes a third of a single frame's time to find its ufunc, which is called here where it is.
    """

    def by_public_function(frames: Float64, spectra: Complex128) -> None:
        spectra[:] = np.fft.rfft(frames)

    scale = np.array(1.0)
    try:
        # NumPy 1, which the last runtime for 32-bit boards was built for, has no such module.
        ufuncs: Any = importlib.import_module("numpy.fft._pocketfft_umath")
        ufunc = ufuncs.rfft_n_odd if fft_length % 2 else ufuncs.rfft_n_even

        def by_ufunc(frames: Float64, spectra: Complex128) -> None:
            ufunc(frames, scale, spectra)

        frames, spectra = np.eye(2, fft_length), np.zeros((2, fft_length // 2 + 1), np.complex128)
        by_ufunc(frames, spectra)
    except (ImportError, AttributeError, TypeError, ValueError):
        return by_public_function
    return by_ufunc if np.allclose(spectra, np.fft.rfft(frames)) else by_public_function


def peak(waveform: Float32 | Float64) -> np.floating:
    """Return by what the bands of a clip (n,) are divided to divide it by its loudest sample; silence stays silence."""
    return max(waveform.max(), -waveform.min()) or waveform.dtype.type(1)


def hann_window(length: int) -> Float64:
    """Return the Hann window (length,) of `tf.signal`: periodic where the length is even, symmetric where it is odd."""
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
