"""How many frames and values features have, from their settings alone. A device runs this same file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

KindName = Literal["spectrogram", "log_mel", "mfcc", "micro_frontend", "waveform"]
FRAMED: tuple[KindName, ...] = ("spectrogram", "log_mel", "mfcc")
"""Kinds whose frames are set; those of the others are what they are."""


class FeatureSizes:
    """Gives the settings of features, here and on a device, what follows from them."""

    # For the type checker alone: each class of settings declares its fields in its own way.
    if TYPE_CHECKING:
        kind: KindName
        sample_rate: int
        frame_length_ms: float
        frame_step_ms: float
        fft_length: int
        num_mel_bins: int
        num_mfccs: int

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        if self.kind not in FRAMED:
            return _FRAMES[self.kind][0]
        return round(self.sample_rate * self.frame_length_ms / 1000)

    @property
    def frame_step(self) -> int:
        """Samples from one frame to the next."""
        if self.kind not in FRAMED:
            return _FRAMES[self.kind][1]
        return round(self.sample_rate * self.frame_step_ms / 1000)

    @property
    def effective_fft_length(self) -> int:
        """Samples of the Fourier transform."""
        return self.fft_length or 1 << (self.frame_length - 1).bit_length()

    @property
    def num_coefficients(self) -> int:
        """Values per frame that the network sees."""
        return _COEFFICIENTS[self.kind](self)

    @property
    def has_picture(self) -> bool:
        """Whether frames and coefficients make a picture; a waveform is one value after another."""
        return self.kind != "waveform"

    def num_frames(self, num_samples: int) -> int:
        """Return the frames that fit into a clip of `num_samples`; a rest shorter than a frame is dropped."""
        return max(0, 1 + (num_samples - self.frame_length) // self.frame_step)

    def picture_shape(self, num_samples: int) -> tuple[int, int]:
        """Return (frames, coefficients) of a clip."""
        return self.num_frames(num_samples), self.num_coefficients

    def input_shape(self, num_samples: int) -> tuple[int, ...]:
        """Return the shape of one clip as the network sees it: (frames, coefficients, 1), of a waveform (samples,)."""
        if not self.has_picture:
            return (num_samples,)
        return (*self.picture_shape(num_samples), 1)


_COEFFICIENTS: Mapping[KindName, Callable[[FeatureSizes], int]] = {
    "spectrogram": lambda settings: settings.effective_fft_length // 2 + 1,
    "log_mel": lambda settings: settings.num_mel_bins,
    "mfcc": lambda settings: settings.num_mfccs,
    "micro_frontend": lambda _: 40,
    "waveform": lambda _: 1,
}
_FRAMES: Mapping[KindName, tuple[int, int]] = {"micro_frontend": (480, 160), "waveform": (1, 1)}
"""Samples in a frame and from one to the next: of the micro front end 30 and 10 ms at 16 kHz."""
