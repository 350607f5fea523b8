"""How loud a recording is, and where in it the loud part lies."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 10
SILENT_DBFS = -60.0
AT_FULL_SCALE = 0.999
"""From here on a sample counts as at full scale."""
HIGH_BAND_HERTZ = 4000
LEAST_DB = -120.0
_BAND_FRAME_MS = 32
_LOUD_DB = 20.0
_FLOOR_QUANTILE = 0.1
_FLOOR_MARGIN_DB = 6.0
_NEAR = 0.99

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Loudness:
    """Figures of one recording; the loud part is what lies within 20 dB of its loudest 10 ms and above its noise."""

    duration_s: float
    peak: float
    """Loudest sample, 0 to 1."""
    level_dbfs: float
    """Root mean square relative to full scale; minus infinity is silence."""
    clipped_fraction: float
    """Part of the samples at full scale."""
    loud_start_s: float
    loud_end_s: float

    @property
    def peak_dbfs(self) -> float:
        """Loudest sample relative to full scale."""
        return 20 * math.log10(self.peak) if self.peak else -math.inf

    @property
    def is_silent(self) -> bool:
        """Tell whether nothing was heard: never louder than −60 dB of full scale."""
        return self.peak_dbfs < SILENT_DBFS


def measure_loudness(samples: Float32, sample_rate: int) -> Loudness:
    """Measure samples (n,) in [-1, 1], of which there is at least one."""
    magnitudes = np.abs(samples)
    power = float(np.mean(np.square(samples, dtype=np.float64)))
    start_s, end_s = _loud_part(_frame_powers(samples, sample_rate))
    duration_s = len(samples) / sample_rate
    return Loudness(
        duration_s=duration_s,
        peak=float(magnitudes.max()),
        level_dbfs=10 * math.log10(power) if power else -math.inf,
        clipped_fraction=float(np.mean(magnitudes >= AT_FULL_SCALE)),
        loud_start_s=start_s,
        loud_end_s=min(end_s, duration_s),
    )


def high_band_db(samples: Float32, sample_rate: int) -> float:
    """Return how much power of samples (n,) lies above 4 kHz relative to what lies below, in decibels.

    Speech has −15 dB with an s in it to −35 without; what telephones and their codecs passed on has −60 and less.
    """
    length = sample_rate * _BAND_FRAME_MS // 1000
    frames = samples[: len(samples) // length * length].reshape(-1, length)
    powers = np.square(np.abs(np.fft.rfft(frames * _window(length), axis=1))).sum(axis=0)
    edge = HIGH_BAND_HERTZ * length // sample_rate + 2
    low, high = float(powers[:edge].sum()), float(powers[edge:].sum())
    return max(LEAST_DB, 10 * math.log10(high / low)) if high and low else LEAST_DB


@lru_cache(8)
def _window(length: int) -> Float32:
    return np.hanning(length).astype(np.float32)


def loudest_start(samples: Float32, num_samples: int, sample_rate: int) -> int:
    """Return where the loudest `num_samples` of samples (n,) begin; a sound shorter than that is the middle of them.

    Where a stretch could lie elsewhere and hold as much, it lies so that the sound is in its middle: a second around a
    word of half a second does not begin with the word.
    """
    length = round(sample_rate * FRAME_MS / 1000)
    powers = _frame_powers(samples, sample_rate)
    powers = np.maximum(0, powers - np.quantile(powers, _FLOOR_QUANTILE))
    sums = np.concatenate(([0.0], np.cumsum(powers)))
    held = sums[num_samples // length :] - sums[: len(sums) - num_samples // length]
    near = held >= _NEAR * held.max(initial=0)
    best = int(held.argmax())
    first = best - int(np.argmin(np.append(near[best::-1], False))) + 1
    last = best + int(np.argmin(np.append(near[best:], False))) - 1
    return min((first + last) // 2 * length, len(samples) - num_samples)


def _frame_powers(samples: Float32, sample_rate: int) -> Float64:
    """Return the mean square of each 10 ms, the rest at the end included."""
    length = max(1, round(sample_rate * FRAME_MS / 1000))
    padded = np.zeros(-(-len(samples) // length) * length)
    padded[: len(samples)] = samples
    powers: Float64 = np.square(padded).reshape(-1, length).mean(axis=1)
    return powers


def _loud_part(powers: Float64) -> tuple[float, float]:
    floor = float(np.quantile(powers, _FLOOR_QUANTILE)) * 10 ** (_FLOOR_MARGIN_DB / 10)
    loud = np.flatnonzero((powers > powers.max() * 10 ** (-_LOUD_DB / 10)) & (powers > floor))
    if len(loud) == 0:
        return 0.0, len(powers) * FRAME_MS / 1000
    return float(loud[0]) * FRAME_MS / 1000, (float(loud[-1]) + 1) * FRAME_MS / 1000
