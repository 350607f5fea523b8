"""Finding the clips of a data set under their labels; nothing is read before it is needed.

What the user excluded, relabelled or trimmed (`edits.py`) is honoured here, and so wherever clips are used.
"""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from core.audio import formats, sound_file
from core.datasets.edits import NOTHING, ClipEdit, Edits, load_edits
from core.datasets.layout import list_clips
from core.datasets.listing import (
    BACKGROUND_NOISE,
    SILENCE,
    UNKNOWN,
    ListedClip,
    Listing,
    Part,
    is_special,
    unread_in_words,
)
from core.datasets.sampling import ordered, take, take_in_turn
from core.errors import DataError
from core.settings.clips import Layout
from core.spec import Dataset

SYNTHETIC_MARKER = "synthetic.json"
SYNTHETIC_PREFIX = "synthetic_"
"""Begins the name of every made clip, so that it is known as one in whatever folder it comes to lie."""

LEAST_LABELS = 2
_SESSION = re.compile(r"^(\d{8}[-_T]?\d{4,6})")
_BLOCK_CLIPS = 10  # Cuts from one stretch of noise stay in one part, so that parts never overlap.

_READING = b"2"
"""Which way of reading files the samples come from: another one makes other samples of the same files."""

_Stretch = tuple[Path, int, int, int]
"""A part of a recording: path, number from 1, start and length in milliseconds."""


@dataclass(frozen=True)
class Clip:
    """One example before it is read. `start_ms` is where it begins in its file, None where that is not chosen yet.

    `stretch` tells cuts of noise.
    """

    path: Path
    target: int
    start_ms: int | None = None
    stretch: int = 0
    speaker: str = ""
    """Empty where the data set does not say it."""
    part: Part = ""
    """Part that the data set itself puts it in, or nothing."""

    @property
    def session(self) -> str:
        """Recording session: a date and time at the beginning of the name, or nothing."""
        found = _SESSION.match(self.path.name)
        return found.group(1) if found else ""


@dataclass(frozen=True)
class ClipSet:
    """The clips of a data set in a fixed order, with a digest of the files behind them."""

    folder: Path
    labels: tuple[str, ...]
    clips: tuple[Clip, ...]
    noises: tuple[Path, ...]
    fingerprint: str
    synthetic: bool
    warnings: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """Sound in formats that cannot be read here, as paths within the folder."""
    lists_at: tuple[str, ...] = ("",)
    """Places within the folder in which lists of parts may lie, the innermost first."""
    has_parts: bool = False
    """Whether the data set itself says what is to test or to choose."""
    guessed: str = ""
    """What was understood of a folder whose layout was not given and is not the plain one."""


def label_names(folder: Path, layout: Layout = "automatic") -> tuple[str, ...]:
    """Return the labels of a folder, in alphabetical order; empty when there is no such folder.

    Hidden folders and those named `_…_` are not labels unless they are asked for.
    """
    try:
        return list_clips(folder, layout).labels
    except (DataError, OSError):
        return ()


def has_plain_labels(folder: Path) -> bool:
    """Tell whether a folder is laid out in the plain way, with at least two labels."""
    try:
        listing = list_clips(folder)
    except DataError:
        return False
    return listing.is_plain and len(listing.labels) >= LEAST_LABELS


def require_labels(folder: Path) -> tuple[str, ...]:
    """Return the labels of a folder as it is recognised, at least two.

    Raises DataError that says what was understood where there are fewer.
    """
    listing = list_clips(folder)
    found = listing.labels if listing.clips else ()
    if len(found) < LEAST_LABELS:
        had = f"only {found[0]!r}" if found else "none"
        raise DataError(
            f"{folder}: must hold clips of at least two labels, such as one sub-folder of clips each; found {had}. "
            f"{listing.sentence.rstrip('.')}"
        )
    return found


def known_labels(folder: Path, layout: Layout = "automatic") -> tuple[str, ...]:
    """Return the labels that a folder has clips for, in alphabetical order: its own, and those of edits.

    Raises nothing: a list of edits that cannot be read has no labels, which `find_clips` then explains.
    """
    try:
        edits = load_edits(folder)
    except DataError:
        edits = {}
    return tuple(sorted({*label_names(folder, layout), *edited_labels(edits)}))


def extra_labels(folder: Path, layout: Layout = "automatic") -> tuple[str, ...]:
    """Return which of `_silence_` and `_unknown_` a folder has something of its own for. Raises nothing."""
    try:
        listing = list_clips(folder, layout)
    except (DataError, OSError):
        return ()
    own = {clip.label for clip in listing.clips}
    return (SILENCE,) * (SILENCE in own or bool(listing.noises)) + (UNKNOWN,) * (UNKNOWN in own)


def edited_labels(edits: Edits) -> set[str]:
    """Return the labels that edits let clips count under, without those of special meaning."""
    return {edit.label for edit in edits.values() if edit.label and not edit.excluded and not is_special(edit.label)}


def all_labels(dataset: Dataset) -> tuple[str, ...]:
    """Return the labels a data set tells apart, in alphabetical order, extra ones included.

    Raises nothing: a missing folder has no names, which `find_clips` then explains.
    """
    named = dataset.labels or known_labels(Path(dataset.folder).expanduser(), dataset.layout)
    extra = [SILENCE] * dataset.include_silence + [UNKNOWN] * dataset.include_unknown
    return tuple(sorted({*named, *extra}))


def find_clips(dataset: Dataset, speaker_pattern: str = "") -> ClipSet:
    """Find the clips of a data set, without reading them; `speaker_pattern` is that of its split.

    Raises DataError naming the folder that is missing or empty.
    """
    folder = Path(dataset.folder).expanduser()
    listing = list_clips(folder, dataset.layout, speaker_pattern)
    labels = all_labels(dataset)
    if len(labels) < LEAST_LABELS:
        said = (listing.sentence.rstrip("."), unread_in_words(listing.unread))
        raise DataError(
            f"{folder}: has {len(labels)} labels, at least two are needed; add a folder of clips, or say where the "
            f"labels come from (dataset.layout). {'. '.join(filter(None, said))}"
        )
    files = LabelledFiles(folder, listing, load_edits(folder))
    words = [label for label in labels if not _is_extra(label, dataset)]
    found = {word: take(_label_clips(files, word), dataset.max_clips_per_label) for word in words}
    mean_count = sum(len(own) for own in found.values()) / len(words) if words else dataset.max_clips_per_label
    num_extra = max(1, round(dataset.extra_label_fraction * mean_count))
    noises = tuple(folder / name for name in listing.noises)
    clips: list[Clip] = []
    for target, label in enumerate(labels):
        if label in found:
            clips += files.clips(found[label], target)
        elif label == SILENCE:
            clips += _silence_clips(files, noises, target, num_extra, dataset.clip_duration_ms)
        else:
            clips += files.clips(_unknown_clips(files, words, num_extra), target)
    return ClipSet(
        folder,
        labels,
        tuple(clips),
        noises,
        _fingerprint(files, clips, noises),
        _is_synthetic(folder, clips),
        unread=listing.unread,
        lists_at=listing.lists_at,
        has_parts=listing.has_parts,
        guessed="" if dataset.layout != "automatic" or listing.is_plain else listing.sentence,
    )


class LabelledFiles:
    """The clips of a listing by the label they count under, without the excluded ones."""

    def __init__(self, folder: Path, listing: Listing, edits: Edits) -> None:
        self.folder = folder
        self.listing = listing
        self.edits = edits
        self._of: dict[str, list[ListedClip]] = defaultdict(list)
        moved = set()
        for clip in listing.clips:
            edit = edits.get(clip.name, NOTHING)
            if edit.excluded:
                continue
            self._of[edit.label or clip.label].append(clip)
            if edit.label:
                moved.add(edit.label)
        for label in moved:
            self._of[label].sort(key=lambda clip: clip.name.split("/"))

    def of(self, label: str) -> Sequence[ListedClip]:
        """Return the clips that count under a label, in order."""
        return self._of.get(label, ())

    def has_own(self, label: str) -> bool:
        """Tell whether the data set itself has clips of a label, whatever became of them."""
        return any(clip.label == label for clip in self.listing.clips)

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels in alphabetical order: those of the data set, and those of edits."""
        return tuple(sorted({*self.listing.labels, *edited_labels(self.edits)}))

    def edit_of(self, path: Path) -> ClipEdit:
        """Return what is changed about a file."""
        return self.edits.get(path.relative_to(self.folder).as_posix(), NOTHING) if self.edits else NOTHING

    def clips(self, listed: Iterable[ListedClip], target: int) -> list[Clip]:
        """Return listed clips as clips of a label, each from where its used part begins."""
        return [
            Clip(
                self.folder / clip.name,
                target,
                self.edits.get(clip.name, NOTHING).start_ms,
                speaker=clip.speaker,
                part=clip.part,
            )
            for clip in listed
        ]


def sound_files(folder: Path) -> tuple[Path, ...]:
    """Return the files of sound in a folder by name, without hidden ones; none when there is no such folder.

    Raises DataError naming a folder that cannot be read.
    """
    if not folder.is_dir():
        return ()
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); check its permissions") from error
    return tuple(path for path in paths if formats.is_sound(path.name) and path.is_file())


def _is_extra(label: str, dataset: Dataset) -> bool:
    return (label == SILENCE and dataset.include_silence) or (label == UNKNOWN and dataset.include_unknown)


def _label_clips(files: LabelledFiles, label: str) -> Sequence[ListedClip]:
    clips = files.of(label)
    if clips:
        return clips
    if files.has_own(label):
        raise DataError(
            f"{files.folder / label}: all of its clips are excluded or count under another label; "
            "include some or leave the label out"
        )
    if label in files.listing.empty:
        unread = unread_in_words(files.listing.unread)
        raise DataError(
            f"{files.folder / label}: has no clips; add some or leave the label out{unread and f'. {unread}'}"
        )
    known = ", ".join(files.labels) or "none"
    raise DataError(f"{files.folder}: has no label {label}; choose among the labels that are there: {known}")


def _unknown_clips(files: LabelledFiles, words: Sequence[str], count: int) -> list[ListedClip]:
    """Take clips from what `_unknown_` holds and evenly from the words not chosen, as many of one as of the other."""
    own = take(files.of(UNKNOWN), count)
    others = [word for word in files.labels if word not in words and files.of(word)]
    if not others and not own:
        raise DataError(
            f"{files.folder}: has nothing for the label {UNKNOWN}; add a folder {UNKNOWN} or folders of other words"
        )
    of_words = take_in_turn({word: files.of(word) for word in others})
    mixed = [clip for pair in zip_longest(own, of_words) for clip in pair if clip is not None]
    return ordered(mixed[:count])


def _silence_clips(
    files: LabelledFiles, noises: Sequence[Path], target: int, count: int, duration_ms: int
) -> list[Clip]:
    """Take clips from the folder `_silence_`, else those put there and cuts from the noise recordings."""
    if files.has_own(SILENCE):
        return files.clips(take(_label_clips(files, SILENCE), count), target)
    clips = files.clips(take(files.of(SILENCE), count), target)
    stretches = [place for path in noises for place in _stretches(path, duration_ms)]
    if not stretches and not clips:
        raise DataError(
            f"{files.folder}: has nothing for the label {SILENCE}; add a folder {SILENCE} of clips "
            f"or a folder {BACKGROUND_NOISE} of recordings of a few seconds at least"
        )
    return clips + _cut_evenly(stretches, target, count - len(clips), duration_ms)


def _cut_evenly(stretches: Sequence[_Stretch], target: int, count: int, duration_ms: int) -> list[Clip]:
    clips = []
    for index, (path, stretch, start_ms, length_ms) in enumerate(stretches):
        share = count // len(stretches) + (index < count % len(stretches))
        last_start_ms = length_ms - duration_ms
        clips += [
            Clip(path, target, start_ms + round(last_start_ms * cut / max(1, share - 1)), stretch)
            for cut in range(share)
        ]
    return clips


def _stretches(path: Path, duration_ms: int) -> Iterable[_Stretch]:
    """Yield the stretches of a recording."""
    total_ms = int(sound_file.read_format(path).seconds * 1000)
    starts = range(0, total_ms - duration_ms + 1, _BLOCK_CLIPS * duration_ms)
    for number, start_ms in enumerate(starts, 1):
        yield path, number, start_ms, min(_BLOCK_CLIPS * duration_ms, total_ms - start_ms)


def _is_synthetic(folder: Path, clips: Iterable[Clip]) -> bool:
    return (folder / SYNTHETIC_MARKER).is_file() or any(clip.path.name.startswith(SYNTHETIC_PREFIX) for clip in clips)


def _fingerprint(files: LabelledFiles, clips: Sequence[Clip], noises: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    digest.update(_READING)
    told = _labels_not_of_folders(files)
    for path, start_ms in [*((clip.path, clip.start_ms) for clip in clips), *((path, 0) for path in noises)]:
        stat = path.stat()
        decoder = sound_file.decoder_of(path.name)
        line = f"{path.relative_to(files.folder)}\0{start_ms}\0{stat.st_size}\0{stat.st_mtime_ns}\0{decoder}"
        # Under another label than its folder's a clip may stand where it stood.
        label = files.edit_of(path).label or told.get(path, "")
        digest.update(os.fsencode(f"{line}\0{label}\n" if label else f"{line}\n"))
    return digest.hexdigest()[:24]


def _labels_not_of_folders(files: LabelledFiles) -> dict[Path, str]:
    """Return the labels of clips that lie in no folder named after them, which the path does not tell."""
    return {
        files.folder / clip.name: clip.label
        for clip in files.listing.clips
        if not f"/{clip.name}".endswith(f"/{clip.label}/{clip.name.rpartition('/')[2]}")
    }
