"""Varying training clips: in time, speed, loudness and noise, and blanking parts of their pictures."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from core.spec import Augmentation

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int16 = NDArray[np.int16]


def varies_waveforms(settings: Augmentation) -> bool:
    """Tell whether clips differ from copy to copy before their features are computed."""
    resampled = settings.min_resampling < 1 or settings.max_resampling > 1
    moved = settings.time_shift_ms > 0 or settings.gain_db > 0
    return settings.enabled and (moved or resampled or adds_noise(settings))


def adds_noise(settings: Augmentation) -> bool:
    """Tell whether background noise is mixed in."""
    return settings.enabled and settings.background_volume > 0 and settings.background_probability > 0


def vary_waveforms(
    waveforms: Float32, settings: Augmentation, sample_rate: int, noise: Int16, rng: np.random.Generator
) -> Float32:
    """Return waveforms (n, num_samples) in [-1, 1], each varied in its own way; `noise` is (any number,)."""
    count, num_samples = waveforms.shape
    reach = round(settings.time_shift_ms * sample_rate / 1000)
    shifts: NDArray[np.int64] = rng.integers(-reach, reach + 1, size=(count,))
    factors: Float64 = rng.uniform(settings.min_resampling, settings.max_resampling, size=(count,))
    gains: Float64 = 10 ** (rng.uniform(-settings.gain_db, settings.gain_db, size=(count,)) / 20)
    volumes: Float64 = rng.uniform(0, settings.background_volume, size=(count,))
    volumes[rng.random(size=(count,)) >= settings.background_probability] = 0
    starts: NDArray[np.int64] = rng.integers(0, max(1, len(noise) - num_samples), size=(count,))
    varied = np.zeros_like(waveforms)
    for index, waveform in enumerate(waveforms):
        place(resample(waveform, factors[index]), varied[index], int(shifts[index]))
        varied[index] *= gains[index]
        if volumes[index]:
            piece = noise[starts[index] : starts[index] + num_samples]
            varied[index, : len(piece)] += np.multiply(piece, volumes[index] / 32768, dtype=np.float32)
    return np.clip(varied, -1, 1, out=varied)


def resample(waveform: Float32, factor: float) -> Float32:
    """Play a waveform `factor` times as fast: its spectrum is cut or continued with zeros (band-limited).

    The length is rounded to one whose Fourier transform is fast, within about one percent.
    """
    length = _fast_length(round(len(waveform) / factor), len(waveform))
    if length == len(waveform):
        return waveform
    return (np.fft.irfft(np.fft.rfft(waveform), length) * (length / len(waveform))).astype(np.float32)


def place(sound: Float32, target: Float32, shift: int) -> None:
    """Lay a sound (n,) onto the middle of `target` (m,), moved by `shift` samples; what sticks out is cut."""
    start = (len(target) - len(sound)) // 2 + shift
    first, last = max(0, start), min(len(target), start + len(sound))
    if first < last:
        target[first:last] = sound[first - start : last - start]


def mask_pictures(pictures: Float32, settings: Augmentation, fill: Float32, rng: np.random.Generator) -> Float32:
    """Blank stretches of time and bands of frequency with the mean of each coefficient.

    `pictures` are (n, frames, coefficients), `fill` is (coefficients,). Park et al., "SpecAugment", 2019,
    https://arxiv.org/abs/1904.08779
    """
    count, num_frames, num_coefficients = pictures.shape
    in_time = _stretches(count, num_frames, settings.time_masks, settings.time_mask_frames, rng)
    in_frequency = _stretches(count, num_coefficients, settings.frequency_masks, settings.frequency_mask_bins, rng)
    return np.where(in_time[:, :, np.newaxis] | in_frequency[:, np.newaxis, :], fill, pictures)


def _stretches(count: int, length: int, num_masks: int, longest: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return (count, length), true within `num_masks` stretches of 0 to `longest` places each."""
    places = np.arange(length)
    covered = np.zeros((count, length), np.bool_)
    for _ in range(num_masks):
        widths = rng.integers(0, min(longest, length) + 1, count)
        starts = rng.integers(0, length - widths + 1)
        covered |= (places >= starts[:, np.newaxis]) & (places < (starts + widths)[:, np.newaxis])
    return covered


@cache
def _fast_lengths(around: int) -> NDArray[np.int64]:
    """Return the even lengths with no prime factor above 5, from a third to three times a length, and itself."""
    found = {around}
    for twos in range(1, around.bit_length() + 2):
        for threes in range(12):
            for fives in range(9):
                length = 2**twos * 3**threes * 5**fives
                if around <= 3 * length <= 9 * around:
                    found.add(length)
    return np.array(sorted(found), np.int64)


def _fast_length(wanted: int, around: int) -> int:
    lengths = _fast_lengths(around)
    return int(lengths[np.abs(lengths - wanted).argmin()])
