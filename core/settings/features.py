"""What a network for sound gets to see of it."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from core.errors import Problem
from core.section import Section, setting
from core.settings.feature_sizes import FRAMED, FeatureSizes, KindName

MICRO_RATE = 16000


class Features(FeatureSizes, Section):
    """What the network gets to see of the sound. Conventions are those of `tf.signal`."""

    title: ClassVar[str] = "Features"
    MEL: ClassVar = {"kind": ("log_mel", "mfcc")}
    BY_FRAMES: ClassVar = {"kind": FRAMED}

    kind: KindName = setting(
        "mfcc",
        "Picture of the sound given to the network. spectrogram: magnitudes; log_mel: logarithms of their sums under "
        "mel filters; mfcc: the cosine transform of those; micro_frontend: 40 channels every 10 ms without steady "
        "noise, as microWakeWord's models take them; waveform: no picture but the samples, only for models made "
        "elsewhere.",
    )
    sample_rate: Literal[8000, 16000] = setting(16000, "Rate that clips are resampled to.", unit="Hz")
    frame_length_ms: float = setting(40.0, "Length of one analysis frame.", ge=4, le=200, unit="ms", applies=BY_FRAMES)
    frame_step_ms: float = setting(20.0, "Time from one frame to the next.", ge=2, le=200, unit="ms", applies=BY_FRAMES)
    fft_length: int = setting(
        0,
        "Samples of the Fourier transform; 0 means the power of two that holds a frame.",
        ge=0,
        le=8192,
        unit="samples",
        at_zero="automatic",
        applies=BY_FRAMES,
    )
    num_mel_bins: int = setting(40, "Triangular filters on the mel scale.", ge=4, le=128, applies=MEL)
    lower_edge_hertz: float = setting(
        20.0, "Lower edge of the lowest mel filter.", ge=0, le=2000, unit="Hz", applies=MEL
    )
    upper_edge_hertz: float = setting(
        4000.0, "Upper edge of the highest mel filter.", ge=500, le=8000, unit="Hz", applies=MEL
    )
    num_mfccs: int = setting(
        10, "Cepstral coefficients kept, from the lowest.", ge=2, le=128, applies={"kind": ("mfcc",)}
    )
    peak_normalization: bool = setting(
        False,
        "Divide each clip by its loudest sample before the transform.",
        applies={"kind": (*FRAMED, "waveform")},
    )
    normalization: Literal["none", "standardize", "clip_mean"] = setting(
        "none",
        "standardize: zero mean and unit variance per coefficient over the training part; "
        "clip_mean: subtract each clip's own mean over time.",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.kind == "micro_frontend" and self.sample_rate != MICRO_RATE:
            yield Problem(
                "sample_rate", f"the micro front end takes {MICRO_RATE} Hz, is {self.sample_rate} Hz; raise it"
            )
        if self.kind in FRAMED and self.fft_length and self.fft_length < self.frame_length:
            yield Problem(
                "fft_length",
                f"must hold a frame of {self.frame_length} samples, is {self.fft_length}; raise it or set 0",
            )
        if self.kind in self.MEL["kind"]:
            yield from self._problems_of_filters()

    def _problems_of_filters(self) -> Iterator[Problem]:
        if self.lower_edge_hertz >= self.upper_edge_hertz:
            yield Problem(
                "lower_edge_hertz",
                f"must lie below the upper edge of {self.upper_edge_hertz:g} Hz, is {self.lower_edge_hertz:g} Hz",
            )
        if self.upper_edge_hertz > self.sample_rate / 2:
            yield Problem(
                "upper_edge_hertz",
                f"a rate of {self.sample_rate} Hz carries nothing above {self.sample_rate // 2} Hz; "
                "lower the edge or raise the sample rate",
            )
        if self.kind == "mfcc" and self.num_mfccs > self.num_mel_bins:
            yield Problem(
                "num_mfccs", f"at most as many as mel bins ({self.num_mel_bins}), is {self.num_mfccs}; lower it"
            )
