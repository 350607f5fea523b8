"""Every setting of the program on one page, in the order of the journey.

A field is written once, with its bounds, default, unit and one sentence. The form, the tooltips,
``--set a.b=v``, TOML files, validation and sweep axes all follow from it. Because the sections stand
in journey order, the hash of the first *n* of them is the cache key of stage *n* (`stage_key`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator

from core.errors import Problem, SpecError
from core.section import Section, examine, sections, setting

SCHEMA_VERSION = 1


def _in_order(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(labels))


class Dataset(Section):
    """Where the clips are, and which of them."""

    title: ClassVar[str] = "Data"

    folder: str = setting("", "Folder with one sub-folder of WAV clips per label.")
    labels: Annotated[tuple[str, ...], AfterValidator(_in_order)] = setting(
        (), "Labels to tell apart, in alphabetical order; none named means every folder."
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
    max_clips_per_label: int = setting(0, "Use at most this many clips of each label; 0 means all.", ge=0, unit="clips")
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


class Model(Section):
    """The network: a family, its layers, and one factor that scales them all."""

    title: ClassVar[str] = "Model"

    family: Literal["cnn", "ds_cnn"] = setting(
        "cnn", "cnn: plain convolutions; ds_cnn: a plain first layer, then depthwise-separable ones."
    )
    filters: tuple[int, ...] = setting((128, 128, 128), "Filters of each layer, before scaling.")
    kernels: tuple[tuple[int, int], ...] = setting(
        ((3, 3),), "Kernel of each layer, time × frequency; one given serves all."
    )
    strides: tuple[tuple[int, int], ...] = setting(
        ((2, 2), (1, 1), (1, 1)), "Stride of each layer, time × frequency; one given serves all."
    )
    first_padding: Literal["valid", "same"] = setting(
        "valid", "Padding of the first layer; the others keep their size."
    )
    depthwise_normalization: bool = setting(
        False,
        "Batch normalization and ReLU also between the depthwise and the pointwise convolution (MobileNet); "
        "without it they are one separable convolution.",
        applies={"family": ("ds_cnn",)},
    )
    residual: bool = setting(False, "Add a layer's input to its output where their shapes agree.")
    dropout: float = setting(0.0, "Part of the values dropped while training; never in the deployed file.", ge=0, lt=1)
    dropout_after: Literal["block", "batchnorm_and_pooling"] = setting(
        "block", "Where dropout acts: after each block, or after every batch normalization and after the pooling."
    )
    width_multiplier: float = setting(1.0, "α: factor on every layer's filters.", gt=0, le=4)
    filter_divisor: int = setting(
        8, "Scaled filter counts are rounded to a multiple of this (MobileNet's make_divisible).", ge=1, le=64
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if not 1 <= len(self.filters) <= 16:
            yield Problem("filters", f"between 1 and 16 layers are possible, {len(self.filters)} given")
        if any(not 1 <= count <= 2048 for count in self.filters):
            yield Problem("filters", "each layer needs between 1 and 2048 filters")
        for name, low, high in (("kernels", 1, 15), ("strides", 1, 8)):
            pairs = getattr(self, name)
            if len(pairs) not in (1, len(self.filters)):
                yield Problem(
                    name, f"give one pair for all or one for each of the {len(self.filters)} layers, {len(pairs)} given"
                )
            if any(not low <= side <= high for pair in pairs for side in pair):
                yield Problem(name, f"each side must lie between {low} and {high}")


class Training(Section):
    """How the network learns."""

    title: ClassVar[str] = "Training"

    batch_size: int = setting(20, "Clips per step.", ge=1, le=1024, unit="clips")
    epochs: int = setting(10, "Passes over the training part.", ge=1, le=1000)
    optimizer: Literal["adam", "adamw"] = setting("adam", "AdamW also shrinks the weights a little at every step.")
    weight_decay: float = setting(
        0.004, "Strength of AdamW's shrinking.", ge=0, le=1, applies={"optimizer": ("adamw",)}
    )
    schedule: Literal["linear", "polynomial", "cosine", "constant"] = setting(
        "linear", "Way of the learning rate from first to last step; polynomial is quadratic."
    )
    initial_learning_rate: float = setting(0.01, "Learning rate of the first step.", gt=0, le=1)
    end_learning_rate: float = setting(
        1e-5, "Learning rate of the last step.", ge=0, le=1, applies={"schedule": ("linear", "polynomial", "cosine")}
    )
    label_smoothing: float = setting(0.0, "Part of the certainty given to the other labels.", ge=0, lt=0.5)
    keep: Literal["best_on_validation", "last"] = setting(
        "last", "Weights kept: of the epoch with the best validation accuracy, or of the last epoch."
    )
    seed: int = setting(0, "Same seed on the same machine, same accuracy.", ge=0)


class Pruning(Section):
    """Weights set to zero in a fine-tuning after training. Shrinks the zipped file, never the latency."""

    title: ClassVar[str] = "Pruning"
    USED: ClassVar = {"schedule": ("constant", "polynomial")}

    schedule: Literal["none", "constant", "polynomial"] = setting(
        "none", "Way of the sparsity during fine-tuning; it shrinks only the zipped file and speeds nothing up."
    )
    initial_sparsity: float = setting(
        0.2, "Part of the weights that is zero at the beginning.", ge=0, lt=1, applies={"schedule": ("polynomial",)}
    )
    final_sparsity: float = setting(0.7, "Part of the weights that is zero at the end.", ge=0, lt=1, applies=USED)
    begin: float = setting(0.0, "Point of the fine-tuning at which pruning begins.", ge=0, lt=1, applies=USED)
    end: float = setting(
        0.7,
        "Point of the fine-tuning at which the final sparsity is reached.",
        gt=0,
        le=1,
        applies={"schedule": ("polynomial",)},
    )
    fine_tuning_epochs: int = setting(10, "Epochs from the trained base.", ge=1, le=1000, applies=USED)
    initial_learning_rate: float = setting(
        0.001, "Learning rate at the beginning of fine-tuning.", gt=0, le=1, applies=USED
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.schedule != "polynomial":
            return
        if self.initial_sparsity > self.final_sparsity:
            yield Problem(
                "initial_sparsity", f"must not exceed the final {self.final_sparsity:g}, is {self.initial_sparsity:g}"
            )
        if self.begin >= self.end:
            yield Problem("begin", f"must come before the end at {self.end:g}, is {self.begin:g}")


class Quantization(Section):
    """How weights and activations are stored in the deployed file."""

    title: ClassVar[str] = "Quantization"
    INT8: ClassVar = {"scheme": ("int8",)}

    scheme: Literal["float32", "float16", "dynamic_range", "int8"] = setting(
        "int8", "dynamic_range leaves tensors under 1,024 values as they are, so it does nothing for a tiny network."
    )
    granularity: Literal["per_channel", "per_tensor"] = setting(
        "per_channel", "One scale per filter, or one per tensor, which saves 8 to 24 bytes a filter.", applies=INT8
    )
    representative_clips: int = setting(
        200,
        "Training clips that the ranges of the activations are taken from.",
        ge=10,
        le=5000,
        unit="clips",
        applies=INT8,
    )
    input_output: Literal["int8", "float32"] = setting(
        "int8", "Type of the deployed file's own input and output.", applies=INT8
    )


class Conversion(Section):
    """The flatbuffer."""

    title: ClassVar[str] = "File"

    slim: bool = setting(
        True, "Drop names, signatures and metadata from the flatbuffer; outputs stay equal to the bit."
    )


class Measurement(Section):
    """How latency is measured on this machine, at batch 1."""

    title: ClassVar[str] = "Measurement"

    num_threads: int = setting(1, "Threads of the interpreter.", ge=1, le=64)
    warmup_runs: int = setting(20, "Runs before the clock starts.", ge=0, le=10_000)
    num_runs: int = setting(200, "Runs that are timed.", ge=10, le=100_000)


class KeywordSpottingSpec(Section):
    """Everything that decides a keyword-spotting trial."""

    title: ClassVar[str] = "Keyword spotting"

    task: Literal["keyword_spotting"] = setting("keyword_spotting", "What the network is for.")
    name: str = setting("", "What the trial is called in tables and charts.", recorded=False, max_length=80)
    dataset: Dataset = setting(Dataset(), "Data")
    features: Features = setting(Features(), "Features")
    split: Split = setting(Split(), "Split")
    augmentation: Augmentation = setting(Augmentation(), "Augmentation")
    model: Model = setting(Model(), "Model")
    training: Training = setting(Training(), "Training")
    pruning: Pruning = setting(Pruning(), "Pruning")
    quantization: Quantization = setting(Quantization(), "Quantization")
    conversion: Conversion = setting(Conversion(), "File")
    measurement: Measurement = setting(Measurement(), "Measurement")

    @property
    def num_samples(self) -> int:
        """Samples of one clip at the features' rate."""
        return round(self.features.sample_rate * self.dataset.clip_duration_ms / 1000)

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if self.features.frame_length > self.num_samples:
            yield Problem(
                "features.frame_length_ms",
                f"a frame must fit into a clip of {self.dataset.clip_duration_ms} ms, "
                f"is {self.features.frame_length_ms:g} ms",
            )


# One member today; a second task joins with `|` and a line in SPECS.
TrialSpec = KeywordSpottingSpec
SPECS: Mapping[str, type[TrialSpec]] = {"keyword_spotting": KeywordSpottingSpec}


def parse_spec(values: Mapping[str, Any], source: str = "") -> TrialSpec:
    """Make a spec from nested plain values.

    Raises SpecError with every problem at once, each with its path.
    """
    task = values.get("task", "keyword_spotting")
    if task not in SPECS:
        raise SpecError((Problem("task", f"must be one of {', '.join(SPECS)}, is {task!r}"),), source)
    spec, problems = examine(SPECS[task], values)
    if problems:
        raise SpecError(tuple(problems), source)
    assert isinstance(spec, KeywordSpottingSpec)
    return spec


def canonical_json(spec: TrialSpec, last_section: str = "measurement") -> str:
    """Return the recorded fields up to and with a section, as JSON that is the same for the same trial."""
    kept: dict[str, Any] = {"schema": SCHEMA_VERSION, "task": spec.task}
    for name in sections(type(spec)):
        kept[name] = getattr(spec, name).recorded()
        if name == last_section:
            break
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def stage_key(spec: TrialSpec, last_section: str) -> str:
    """Return the cache key of the stage that depends on everything up to and with a section."""
    return hashlib.sha256(canonical_json(spec, last_section).encode()).hexdigest()[:24]


def identity(spec: TrialSpec) -> str:
    """Return the first 12 digits of the SHA-256 of the recorded fields."""
    return stage_key(spec, "measurement")[:12]
