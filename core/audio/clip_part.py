"""Which part of a sound a model hears: one rule for training, evaluation, classification and judging."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.audio.loudness import loudest_start
from core.audio.wav import Sound, resample, to_int16
from core.settings.clips import ClipPosition

LONGER_S = 0.01
"""A sound that is longer than a clip by less than this loses nothing that could be heard."""
_MARGIN_S = 0.05

Int16 = NDArray[np.int16]


@dataclass(frozen=True)
class ClipPart:
    """What a model hears of a sound: int16 (num_samples,) at its rate, and where that begins in the sound."""

    waveform: Int16
    start_s: float


def part_start(sound: Sound, duration_s: float, position: ClipPosition) -> int:
    """Return the sample at which the used part of a sound begins; 0 where all of it is used."""
    num_samples = round(duration_s * sound.sample_rate)
    rest = len(sound.samples) - num_samples
    if position == "start" or rest <= 0:
        return 0
    return rest // 2 if position == "centre" else loudest_start(sound.samples, num_samples, sound.sample_rate)


def take_part(sound: Sound, sample_rate: int, num_samples: int, position: ClipPosition) -> ClipPart:
    """Return the used part of a sound, resampled; what is shorter is padded with silence at its end."""
    duration_s = num_samples / sample_rate
    start = part_start(sound, duration_s, position)
    # A little more than the part, so that the resampler does not meet an end where there is none.
    end = start + int((duration_s + _MARGIN_S) * sound.sample_rate) + 1
    kept = resample(Sound(sound.samples[start:end], sound.sample_rate), sample_rate).samples[:num_samples]
    waveform = np.zeros(num_samples, np.int16)
    waveform[: len(kept)] = to_int16(kept)
    return ClipPart(waveform, start / sound.sample_rate)


def is_longer(seconds: float, duration_s: float) -> bool:
    """Tell whether only a part of so long a sound is used."""
    return seconds > duration_s + LONGER_S
