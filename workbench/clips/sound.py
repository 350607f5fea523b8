"""A clip as it is looked at: its samples and their spectrogram. Knows nothing of Qt."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio import sound_file
from core.audio.wav import resample
from core.features.decibels import magnitude_decibels
from core.features.mel import FeatureExtractor
from core.spec import Features

MOST_SHOWN_S = 30.0
"""Of a longer recording only so much is read."""
SETTINGS = Features(kind="spectrogram", frame_length_ms=25, frame_step_ms=5, fft_length=512)

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class ClipSound:
    """Samples (n,) at their own rate, and dB (frames, bins) of the sound at 16 kHz, up to 8 kHz."""

    samples: Float32
    sample_rate: int
    picture: Float32

    @property
    def duration_s(self) -> float:
        """Seconds that are shown."""
        return len(self.samples) / self.sample_rate


def read_sound(path: Path) -> ClipSound:
    """Read a clip and compute its spectrogram. Raises DataError naming the file."""
    sound = sound_file.read_sound(path, duration_ms=1000 * MOST_SHOWN_S)
    heard = resample(sound, SETTINGS.sample_rate).samples
    # Padded, so that each frame stands at its middle and the picture is as long as the sound.
    margin = (SETTINGS.frame_length - SETTINGS.frame_step) // 2
    num_frames = max(1, len(heard) // SETTINGS.frame_step)
    padded = np.zeros(SETTINGS.frame_length + (num_frames - 1) * SETTINGS.frame_step, np.float32)
    kept = heard[: len(padded) - margin]
    padded[margin : margin + len(kept)] = kept
    magnitudes = _extractor(len(padded)).compute(padded[np.newaxis])[0]
    return ClipSound(sound.samples, sound.sample_rate, magnitude_decibels(magnitudes, SETTINGS.frame_length))


@lru_cache(4)
def _extractor(num_samples: int) -> FeatureExtractor:
    return FeatureExtractor(SETTINGS, num_samples)
