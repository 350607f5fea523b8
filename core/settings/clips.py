"""What a network for sound learns from: which clips, which picture of them, which part they are in, how they vary."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from core.errors import Problem
from core.section import Section, setting


def _in_order(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(labels))


class Dataset(Section):
    """Where the clips are, and which of them."""

    title: ClassVar[str] = "Data"

    folder: str = setting("", "Folder with one sub-folder of WAV clips per label.")
    labels: Annotated[tuple[str, ...], AfterValidator(_in_order)] = setting(
        (),
        "Labels to tell apart, in alphabetical order; none named means every folder.",
        example="go, stop; left, right",
    )
    include_silence: bool = setting(False, "Add the label _silence_, from its folder or cut from _background_noise_.")
    include_unknown: bool = setting(False, "Add the label _unknown_, from its folder or from the words not chosen.")
    extra_label_fraction: float = setting(
        1.0,
        "Clips of _silence_ and of _unknown_, relative to the mean count of the other labels.",
        gt=0,
        le=10,
        applies={"include_silence": (True,), "include_unknown": (True,)},
    )
    max_clips_per_label: int = setting(
        0, "Use at most this many clips of each label; 0 means all.", ge=0, unit="clips", at_zero="all"
    )
    clip_duration_ms: int = setting(1000, "Length every clip is padded or cut to.", ge=100, le=10_000, unit="ms")

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if not self.folder:
            yield Problem("folder", "no folder given; choose a folder with one sub-folder of WAV clips per label")
        if len(set(self.labels)) != len(self.labels):
            yield Problem("labels", "each label may be named once; remove the repeated one")
        if self.labels and len(self.labels) + self.include_silence + self.include_unknown == 1:
            yield Problem("labels", "at least two labels are needed to tell apart; add one")


class Features(Section):
    """What the network gets to see of the sound. Conventions are those of `tf.signal`."""

    title: ClassVar[str] = "Features"
    MEL: ClassVar = {"kind": ("log_mel", "mfcc")}

    kind: Literal["spectrogram", "log_mel", "mfcc"] = setting("mfcc", "Picture of the sound given to the network.")
    sample_rate: Literal[8000, 16000] = setting(16000, "Rate that clips are resampled to.", unit="Hz")
    frame_length_ms: float = setting(40.0, "Length of one analysis frame.", ge=4, le=200, unit="ms")
    frame_step_ms: float = setting(20.0, "Time from one frame to the next.", ge=2, le=200, unit="ms")
    fft_length: int = setting(
        0,
        "Samples of the Fourier transform; 0 means the power of two that holds a frame.",
        ge=0,
        le=8192,
        unit="samples",
        at_zero="automatic",
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
    peak_normalization: bool = setting(False, "Divide each clip by its loudest sample before the transform.")
    normalization: Literal["none", "standardize", "clip_mean"] = setting(
        "none",
        "standardize: zero mean and unit variance per coefficient over the training part; "
        "clip_mean: subtract each clip's own mean over time.",
    )

    @property
    def frame_length(self) -> int:
        """Samples in a frame."""
        return round(self.sample_rate * self.frame_length_ms / 1000)

    @property
    def frame_step(self) -> int:
        """Samples from one frame to the next."""
        return round(self.sample_rate * self.frame_step_ms / 1000)

    @property
    def effective_fft_length(self) -> int:
        """Samples of the Fourier transform."""
        return self.fft_length or 1 << (self.frame_length - 1).bit_length()

    @property
    def num_coefficients(self) -> int:
        """Values per frame that the network sees."""
        by_kind = {
            "spectrogram": self.effective_fft_length // 2 + 1,
            "log_mel": self.num_mel_bins,
            "mfcc": self.num_mfccs,
        }
        return by_kind[self.kind]

    def num_frames(self, num_samples: int) -> int:
        """Frames that fit into a clip of `num_samples`, without padding at its end."""
        return max(0, 1 + (num_samples - self.frame_length) // self.frame_step)

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.fft_length and self.fft_length < self.frame_length:
            yield Problem(
                "fft_length",
                f"must hold a frame of {self.frame_length} samples, is {self.fft_length}; raise it or set 0",
            )
        if self.kind == "spectrogram":
            return
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


class Split(Section):
    """Which clips train, choose and test: by speaker, so that no voice is in two parts."""

    title: ClassVar[str] = "Split"

    rule: Literal["speaker", "lists", "random"] = setting(
        "speaker",
        "speaker: by the speaker in the file name (Speech Commands' which_set rule); lists: validation_list.txt and "
        "testing_list.txt of the folder; random: by clip, which overstates accuracy.",
    )
    validation_fraction: float = setting(
        0.1, "Part that chooses the best epoch.", gt=0, lt=0.9, applies={"rule": ("speaker", "random")}
    )
    test_fraction: float = setting(
        0.2, "Part that accuracy is measured on.", gt=0, lt=0.9, applies={"rule": ("speaker", "random")}
    )
    seed: int = setting(
        0,
        "Another seed deals the speakers differently; 0 is the rule itself.",
        ge=0,
        applies={"rule": ("speaker", "random")},
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.rule != "lists" and self.validation_fraction + self.test_fraction >= 0.95:
            yield Problem(
                "test_fraction", "validation and test together must leave at least 5 % to train on; lower one"
            )


class Augmentation(Section):
    """How training clips are varied. The copies are computed once, in the background, and kept."""

    title: ClassVar[str] = "Augmentation"
    USED: ClassVar = {"enabled": (True,)}

    enabled: bool = setting(False, "Train on varied copies of the training clips instead of the clips as they are.")
    copies: int = setting(
        16, "Different copies of the training part; epochs take them in turn.", ge=1, le=200, applies=USED
    )
    time_shift_ms: float = setting(100.0, "Largest shift to either side.", ge=0, le=1000, unit="ms", applies=USED)
    min_resampling: float = setting(1.0, "Slowest speed a clip is played at.", ge=0.5, le=1, unit="×", applies=USED)
    max_resampling: float = setting(1.0, "Fastest speed a clip is played at.", ge=1, le=2, unit="×", applies=USED)
    gain_db: float = setting(0.0, "Largest change of loudness up or down.", ge=0, le=30, unit="dB", applies=USED)
    background_volume: float = setting(
        0.0, "Loudest background noise mixed in, relative to full scale.", ge=0, le=1, applies=USED
    )
    background_probability: float = setting(
        0.8, "Part of the clips that get background noise.", ge=0, le=1, applies=USED
    )
    time_masks: int = setting(0, "Stretches of time blanked in each picture (SpecAugment).", ge=0, le=5, applies=USED)
    time_mask_frames: int = setting(8, "Longest stretch blanked.", ge=1, le=100, unit="frames", applies=USED)
    frequency_masks: int = setting(0, "Bands blanked in each picture (SpecAugment).", ge=0, le=5, applies=USED)
    frequency_mask_bins: int = setting(5, "Widest band blanked.", ge=1, le=100, unit="bins", applies=USED)
