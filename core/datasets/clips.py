"""Finding clips: folders are labels, files are clips, and nothing is read before it is needed.

What the user excluded, relabelled or trimmed (`edits.py`) is honoured here, and so wherever clips are used.
"""

import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.audio import formats, wav
from core.datasets.edits import NOTHING, ClipEdit, Edits, load_edits
from core.errors import DataError
from core.spec import Dataset

SILENCE = "_silence_"
UNKNOWN = "_unknown_"
BACKGROUND_NOISE = "_background_noise_"
SYNTHETIC_MARKER = "synthetic.json"
SYNTHETIC_PREFIX = "synthetic_"
"""Begins the name of every made clip, so that it is known as one in whatever folder it comes to lie."""

_SPEAKER = re.compile(r"^(?:.+_)?([0-9a-f]{8})_nohash_")
_SESSION = re.compile(r"^(\d{8}[-_T]?\d{4,6})")
_BLOCK_CLIPS = 10  # Cuts from one stretch of noise stay in one part, so that parts never overlap.

_Stretch = tuple[Path, int, int, int]
"""A part of a recording: path, number from 1, start and length in milliseconds."""


@dataclass(frozen=True)
class Clip:
    """One example before it is read. `start_ms` is where it begins in its file; `stretch` tells cuts of noise."""

    path: Path
    target: int
    start_ms: int = 0
    stretch: int = 0

    @cached_property
    def speaker(self) -> str:
        """Speaker that the name of a Speech Commands file carries, or nothing."""
        found = _SPEAKER.match(self.path.name)
        return found.group(1) if found else ""

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


def label_names(folder: Path) -> tuple[str, ...]:
    """Return the folders that are labels, in alphabetical order; empty when there is no such folder.

    Hidden folders and those named `_…_` are not labels unless they are asked for.
    """
    try:
        return tuple(
            sorted(
                entry.name
                for entry in folder.iterdir()
                if not entry.name.startswith(".") and not _is_special(entry.name) and entry.is_dir()
            )
        )
    except OSError:
        return ()


def known_labels(folder: Path) -> tuple[str, ...]:
    """Return the labels that a folder has clips for, in alphabetical order: its own folders', and those of edits.

    Raises nothing: a list of edits that cannot be read has no labels, which `find_clips` then explains.
    """
    try:
        edits = load_edits(folder)
    except DataError:
        edits = {}
    return tuple(sorted({*label_names(folder), *edited_labels(edits)}))


def edited_labels(edits: Edits) -> set[str]:
    """Return the labels that edits let clips count under, without those of special meaning."""
    return {edit.label for edit in edits.values() if edit.label and not edit.excluded and not _is_special(edit.label)}


def all_labels(dataset: Dataset) -> tuple[str, ...]:
    """Return the labels a data set tells apart, in alphabetical order, extra ones included.

    Raises nothing: a missing folder has no names, which `find_clips` then explains.
    """
    named = dataset.labels or known_labels(Path(dataset.folder).expanduser())
    extra = [SILENCE] * dataset.include_silence + [UNKNOWN] * dataset.include_unknown
    return tuple(sorted({*named, *extra}))


def find_clips(dataset: Dataset) -> ClipSet:
    """Find the clips of a data set, without reading them.

    Raises DataError naming the folder that is missing or empty.
    """
    folder = Path(dataset.folder).expanduser()
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; choose one with a sub-folder of WAV clips per label")
    labels = all_labels(dataset)
    if len(labels) < 2:
        raise DataError(
            f"{folder}: has {len(labels)} label folders, at least two are needed; add a folder of WAV clips"
        )
    files = LabelledFiles(folder, load_edits(folder))
    words = [label for label in labels if not _is_extra(label, dataset)]
    found = {word: _limit(_label_clips(files, word), dataset.max_clips_per_label) for word in words}
    mean_count = sum(len(paths) for paths in found.values()) / len(words) if words else dataset.max_clips_per_label
    num_extra = max(1, round(dataset.extra_label_fraction * mean_count))
    noises = sound_files(folder / BACKGROUND_NOISE)
    clips: list[Clip] = []
    for target, label in enumerate(labels):
        if label in found:
            clips += files.clips(found[label], target)
        elif label == SILENCE:
            clips += _silence_clips(files, noises, target, num_extra, dataset.clip_duration_ms)
        else:
            clips += files.clips(_unknown_clips(files, words, num_extra), target)
    return ClipSet(
        folder, labels, tuple(clips), noises, _fingerprint(files, clips, noises), _is_synthetic(folder, clips)
    )


class LabelledFiles:
    """The WAV files of a folder by the label they count under, without the excluded ones."""

    def __init__(self, folder: Path, edits: Edits) -> None:
        self.folder = folder
        self.edits = edits
        self._moved: dict[str, list[Path]] = defaultdict(list)
        for name, edit in edits.items():
            if edit.label and not edit.excluded:
                self._moved[edit.label].append(folder / name)
        self._of: dict[str, tuple[Path, ...]] = {}

    def of(self, label: str) -> tuple[Path, ...]:
        """Return the files that count under a label, in order."""
        if label not in self._of:
            own = [path for path in sound_files(self.folder / label) if self._stays(path)]
            self._of[label] = tuple(sorted([*own, *(path for path in self._moved[label] if path.is_file())]))
        return self._of[label]

    def edit_of(self, path: Path) -> ClipEdit:
        """Return what is changed about a file."""
        return self.edits.get(path.relative_to(self.folder).as_posix(), NOTHING) if self.edits else NOTHING

    def clips(self, paths: Iterable[Path], target: int) -> list[Clip]:
        """Return files as clips of a label, each from where its used part begins."""
        return [Clip(path, target, self.edit_of(path).start_ms) for path in paths]

    def _stays(self, path: Path) -> bool:
        edit = self.edit_of(path)
        return not edit.excluded and not edit.label


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


def _is_special(name: str) -> bool:
    return len(name) > 2 and name.startswith("_") and name.endswith("_")


def _is_extra(label: str, dataset: Dataset) -> bool:
    return (label == SILENCE and dataset.include_silence) or (label == UNKNOWN and dataset.include_unknown)


def _label_clips(files: LabelledFiles, label: str) -> tuple[Path, ...]:
    folder = files.folder
    paths = files.of(label)
    if paths:
        return paths
    if not (folder / label).is_dir():
        known = ", ".join(known_labels(folder)) or "none"
        raise DataError(f"{folder / label}: is not a folder; choose among the labels that are there: {known}")
    if sound_files(folder / label):
        raise DataError(
            f"{folder / label}: all of its clips are excluded or count under another label; "
            "include some or leave the label out"
        )
    raise DataError(f"{folder / label}: has no WAV clips; add some or leave the label out")


def _limit(paths: Sequence[Path], count: int) -> list[Path]:
    """Take `count` clips from as many speakers as there are, always the same ones; 0 takes all."""
    if not count or len(paths) <= count:
        return list(paths)
    of_speaker: dict[str, list[Path]] = defaultdict(list)
    for path in paths:
        of_speaker[Clip(path, 0).speaker or path.stem].append(path)
    ranked = [(rank, _digest(speaker), path) for speaker, own in of_speaker.items() for rank, path in enumerate(own)]
    return sorted(path for _, _, path in sorted(ranked)[:count])


def _unknown_clips(files: LabelledFiles, words: Sequence[str], count: int) -> list[Path]:
    """Take clips from the folder `_unknown_`, else evenly from the words not chosen."""
    folder = files.folder
    if (folder / UNKNOWN).is_dir():
        return _limit(_label_clips(files, UNKNOWN), count)
    others = [word for word in (*known_labels(folder), UNKNOWN) if word not in words and files.of(word)]
    if not others:
        raise DataError(
            f"{folder}: has nothing for the label {UNKNOWN}; add a folder {UNKNOWN} or folders of other words"
        )
    ranked = []
    for word in others:
        shuffled = sorted(files.of(word), key=lambda path: _digest(path.name))
        ranked += [(rank, _digest(word), path) for rank, path in enumerate(shuffled)]
    return sorted(path for _, _, path in sorted(ranked)[:count])


def _silence_clips(
    files: LabelledFiles, noises: Sequence[Path], target: int, count: int, duration_ms: int
) -> list[Clip]:
    """Take clips from the folder `_silence_`, else those put there and cuts from the noise recordings."""
    folder = files.folder
    if (folder / SILENCE).is_dir():
        return files.clips(_limit(_label_clips(files, SILENCE), count), target)
    clips = files.clips(_limit(files.of(SILENCE), count), target)
    stretches = [place for path in noises for place in _stretches(path, duration_ms)]
    if not stretches and not clips:
        raise DataError(
            f"{folder}: has nothing for the label {SILENCE}; add a folder {SILENCE} of clips "
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
    total_ms = int(wav.read_format(path).seconds * 1000)
    starts = range(0, total_ms - duration_ms + 1, _BLOCK_CLIPS * duration_ms)
    for number, start_ms in enumerate(starts, 1):
        yield path, number, start_ms, min(_BLOCK_CLIPS * duration_ms, total_ms - start_ms)


def _is_synthetic(folder: Path, clips: Iterable[Clip]) -> bool:
    return (folder / SYNTHETIC_MARKER).is_file() or any(clip.path.name.startswith(SYNTHETIC_PREFIX) for clip in clips)


def _fingerprint(files: LabelledFiles, clips: Sequence[Clip], noises: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for path, start_ms in [*((clip.path, clip.start_ms) for clip in clips), *((path, 0) for path in noises)]:
        stat = path.stat()
        line = f"{path.relative_to(files.folder)}\0{start_ms}\0{stat.st_size}\0{stat.st_mtime_ns}"
        # Under its new label a clip may stand where it stood.
        label = files.edit_of(path).label
        digest.update(os.fsencode(f"{line}\0{label}\n" if label else f"{line}\n"))
    return digest.hexdigest()[:24]


def _digest(text: str) -> str:
    return hashlib.sha1(os.fsencode(text)).hexdigest()
