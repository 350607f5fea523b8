"""What a network for sound learns from: which clips, which part they are in, how they vary."""

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator

from core.errors import Problem
from core.section import Section, homeless, setting

ClipPosition = Literal["loudest", "start", "centre"]
"""Which part is used of a clip that is longer than clips are made."""
Layout = Literal["automatic", "folders", "part_folders", "file_names", "table", "edge_impulse"]
"""Where label, speaker and part of a clip come from."""
SHORTEST_CLIP_MS, LONGEST_CLIP_MS = 100, 10_000
_LONGEST_PATTERN = 200


def _in_order(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(labels))


class Dataset(Section):
    """Where the clips are, and which of them."""

    title: ClassVar[str] = "Data"

    folder: str = setting("", "Folder with one sub-folder of clips per label.")
    layout: Layout = setting(
        "automatic",
        "Where the label of a clip comes from. automatic: recognised from the folder; folders: the folder it lies in; "
        "part_folders: the same, below or above folders train, validation and test; file_names: the beginning of its "
        "name; table: a CSV or TSV file with columns of file, word and, where it has them, speaker and split; "
        "edge_impulse: info.labels of an export.",
        implied="automatic",
    )
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
    clip_duration_ms: int = setting(
        1000, "Length every clip is padded or cut to.", ge=SHORTEST_CLIP_MS, le=LONGEST_CLIP_MS, unit="ms"
    )
    clip_position: ClipPosition = setting(
        "loudest",
        "Part that is used of a longer clip: the one that holds most sound, the first, or the one in the middle; "
        "where a clip was trimmed by hand, that holds.",
        implied="start",
    )

    def problems(self) -> Iterator[Problem]:
        """Yield what contradicts itself here."""
        if not self.folder:
            yield Problem("folder", "no folder given; choose a folder with one sub-folder of clips per label")
        yield from homeless(self.folder, "folder")
        if len(set(self.labels)) != len(self.labels):
            yield Problem("labels", "each label may be named once; remove the repeated one")
        if self.labels and len(self.labels) + self.include_silence + self.include_unknown == 1:
            yield Problem("labels", "at least two labels are needed to tell apart; add one")


class Split(Section):
    """Which clips train, choose and test: by speaker, so that no voice is in two parts."""

    title: ClassVar[str] = "Split"

    rule: Literal["speaker", "lists", "random", "all"] = setting(
        "speaker",
        "speaker: the parts that the data set itself names, otherwise by the speaker in the file name (which_set, the "
        "rule of Speech Commands); lists: validation_list.txt and testing_list.txt of the folder; random: by clip, "
        "which overstates accuracy; all: every clip trains, for the final model alone, whose accuracy is that of the "
        "trial it came from.",
    )
    speaker_pattern: str = setting(
        "",
        "Regular expression that finds the speaker in a file's name, in its one group; none means the known kinds of "
        "names, as 0487ba9b_nohash_0.wav and 0_george_12.wav.",
        example="^[a-z]+-([a-z]+)-",
        implied="",
        max_length=_LONGEST_PATTERN,
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
        fault = fault_of_pattern(self.speaker_pattern)
        if fault:
            yield Problem("speaker_pattern", fault)
        if self.rule in ("speaker", "random") and self.validation_fraction + self.test_fraction >= 0.95:
            yield Problem(
                "test_fraction", "validation and test together must leave at least 5 % to train on; lower one"
            )


def fault_of_pattern(pattern: str) -> str:
    """Return what is wrong with a pattern of speakers, or nothing."""
    try:
        num_groups = re.compile(pattern).groups
    except re.error as error:
        return f"is not a regular expression ({error}); fix it, or leave it empty"
    if pattern and num_groups != 1:
        return f"must have one group in parentheses around the speaker, has {num_groups}, as in ^([a-z]+)_"
    return ""


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
