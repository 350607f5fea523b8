"""The clips of a data set before anything is heard of them: where each lies, its label, its speaker and its part."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, NamedTuple

from core.audio import ffmpeg

Part = Literal["", "train", "validation", "test"]

SILENCE = "_silence_"
UNKNOWN = "_unknown_"
BACKGROUND_NOISE = "_background_noise_"

_PARTS: dict[str, Part] = {
    "train": "train", "training": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
PART_WORDS = {"train": "training", "validation": "validation", "test": "test"}


class ListedClip(NamedTuple):
    """A clip as its data set describes it."""

    name: str
    """Path within the set, with slashes."""
    label: str
    speaker: str = ""
    """Empty where nothing says it."""
    part: Part = ""
    """Empty where nothing says it."""


@dataclass(frozen=True)
class Listing:
    """What was understood of a folder."""

    layout: str
    """How label, speaker and part are told; one of `core.settings.clips.Layout`, never automatic."""
    clips: tuple[ListedClip, ...]
    """Those of special labels included, label by label."""
    sentence: str
    """What was understood, for people."""
    noises: tuple[str, ...] = ()
    """Recordings of background noise, as paths within the set."""
    empty: tuple[str, ...] = ()
    """Folders in the place of labels that hold no sound."""
    is_plain: bool = False
    """Whether nothing had to be guessed: each folder of the set is a label."""
    unread: tuple[str, ...] = ()
    """Sound in formats that cannot be read here, as paths within the set."""
    takes_at: str | None = None
    """Place in which `<label>/<take>` becomes a clip like the others; None where a take in a folder would be none."""
    lists_at: tuple[str, ...] = ("",)
    """Places in which lists of parts may lie, the innermost first; their lines may be relative to any of them."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in alphabetical order, without those of special meaning; empty ones only where all are."""
        filled = {clip.label for clip in self.clips}
        return tuple(sorted(label for label in filled or self.empty if not is_special(label)))

    @property
    def has_parts(self) -> bool:
        """Whether the set says which clips are to test, or to choose an epoch."""
        return any(clip.part not in ("", "train") for clip in self.clips)


def label_told(text: str) -> str:
    """Return the label that a list gives, without what is no character of a name."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())


def part_named(name: str) -> Part:
    """Return the part that a folder, a table or a cell means by its name, or nothing."""
    return _PARTS.get(name.strip().lower(), "")


def is_special(label: str) -> bool:
    """Tell whether a name is one of those that have a meaning of their own, as `_silence_` has."""
    return len(label) > 2 and label.startswith("_") and label.endswith("_")


def count_suffixes(names: Iterable[str]) -> Counter[str]:
    """Return how many files end in what, without the dot."""
    return Counter(PurePosixPath(name).suffix.lower().removeprefix(".") for name in names)


def unread_in_words(names: Sequence[str]) -> str:
    """Say which files of sound are not read, and what helps; nothing where there are none."""
    if not names:
        return ""
    by_suffix = ", ".join(f"{suffix} {count:,}" for suffix, count in sorted(count_suffixes(names).items()))
    files = "file in another format" if len(names) == 1 else "files in other formats"
    are = "is" if len(names) == 1 else "are"
    return f"{len(names):,} {files} ({by_suffix}) {are} not read; {ffmpeg.MISSING}"


_HASHED = re.compile(r"^(?:.+_)?([^_]+)_nohash_")
_SPOKEN = re.compile(r"^(.+)_([^\W\d_][^_]*)_\d+$")
LEAST_SPEAKERS = 3
"""Fewer cannot be dealt to three parts; what looks like them is a word that all names share, as in go_take_3.wav."""


def with_speakers(clips: Iterable[ListedClip]) -> Iterator[ListedClip]:
    """Yield clips with the speakers that their names tell, where nothing else tells one.

    Known are the names of Speech Commands (`0487ba9b_nohash_0.wav`, also after a word, also with a number for the
    speaker) and, where the label comes first, those of the Free Spoken Digit Dataset (`0_george_12.wav`).
    """
    clips = tuple(clips)
    spoken = [_spoken_by(clip) for clip in clips]
    is_order_of_names = len({*spoken} - {""}) >= LEAST_SPEAKERS
    for clip, speaker in zip(clips, spoken, strict=True):
        if clip.speaker:
            yield clip
        elif hashed := _HASHED.match(_without_label(clip)):
            yield clip._replace(speaker=hashed[1])
        else:
            yield clip._replace(speaker=speaker) if is_order_of_names else clip


def _without_label(clip: ListedClip) -> str:
    """Return a file's name without its label and a dot, space or hyphen, for a voice is the same under every label."""
    name = clip.name.rpartition("/")[2]
    rest = name.removeprefix(clip.label)
    return rest[1:] if rest[0] in ". -" else name


def _spoken_by(clip: ListedClip) -> str:
    found = _SPOKEN.match(clip.name.rpartition("/")[2].rpartition(".")[0])
    return found[2] if found and found[1] == clip.label else ""
