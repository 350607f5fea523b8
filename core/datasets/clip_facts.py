"""What each clip of a folder is like: listened to once, kept in the cache, and only what is new heard again.

The look through a folder (`check.py`) and its catalogue (`catalogue.py`) both rest on this.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio import sound_file, wav
from core.audio.loudness import AT_FULL_SCALE, SILENT_DBFS, high_band_db
from core.audio.sound_file import SoundFormat
from core.cache import DAMAGED, cache_root, cached, require_shape
from core.datasets.layout import list_clips
from core.datasets.listing import SILENCE, UNKNOWN, ListedClip, Listing, is_special, unread_in_words
from core.datasets.progress import Progress, notices
from core.datasets.waveforms import HEARD, map_in_threads
from core.errors import DataError
from core.events import Emit, ignore
from core.settings.clips import Layout

SILENT_PEAK = 10 ** (SILENT_DBFS / 20)
CLIPPED_RUN = 3
SHORT_S = 0.3
OFFSET = 0.02
_LIMIT_BYTES = 512 * 1024**2
_KIND = "clip_facts"

FAULTS = ("corrupt", "silent", "clipped", "short", "offset", "duplicate", "contradiction", "cut", "scaled")
"""What can be wrong with a clip; the place is the bit in `faults`."""
MEANINGS = {
    "corrupt": "cannot be read",
    "silent": "never louder than −60 dB of full scale, its channels mixed down",
    "clipped": f"{CLIPPED_RUN} or more samples in a row at full scale",
    "short": f"shorter than {SHORT_S:g} s",
    "offset": f"mean of the samples is off zero by more than {OFFSET:.0%} of full scale",
    "duplicate": "same sound as another clip of its label",
    "contradiction": "same sound under two labels",
    "cut": f"more than {sound_file.MISSING_S:g} s that the header promises is missing; what is there is used",
    "scaled": "float samples that hold whole numbers; they are divided by the full scale of those",
}
_FIELDS = np.dtype(
    [
        ("size", "i8"),
        ("mtime_ns", "i8"),
        ("seconds", "f8"),
        ("peak", "f4"),
        ("sample_rate", "i4"),
        ("num_channels", "i2"),
        ("file_format", "S8"),
        ("encoding", "S16"),
        ("high_db", "f4"),
        ("faults", "u2"),
        ("sound", "u8"),
    ]
)

Float32 = NDArray[np.float32]
Rows = NDArray[np.int64]


def bit(kind: str) -> int:
    """Return the bit of a kind of fault."""
    return 1 << FAULTS.index(kind)


@dataclass(frozen=True)
class ClipFacts:
    """The clips of a folder's labels, label by label. Durations in seconds, peaks as parts of full scale."""

    folder: Path
    labels: tuple[str, ...]
    """Labels, those of `_silence_` and `_unknown_` last; one may be empty."""
    clips: tuple[ListedClip, ...]
    """What the data set says of each."""
    columns: NDArray[np.void]
    """One row of figures a clip; those of a clip that cannot be read are zero."""
    reasons: dict[int, str]
    """Why clips cannot be read, by row."""
    key: str
    """Digest of the files."""
    listing: Listing
    """What was understood of the folder."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Paths within the folder, with slashes."""
        return tuple(clip.name for clip in self.clips)

    @cached_property
    def label_rows(self) -> NDArray[np.int64]:
        """Index of each clip's own label among the labels, shape (n,)."""
        place = {label: index for index, label in enumerate(self.labels)}
        return np.array([place[clip.label] for clip in self.clips], np.int64)

    @property
    def heard(self) -> NDArray[np.void]:
        """What was noted of each clip, (n,), as `waveforms.HEARD`."""
        heard = np.zeros(len(self.columns), HEARD)
        for name in ("seconds", "sample_rate", "file_format", "encoding", "high_db"):
            heard[name] = self.columns[name]
        for name in ("cut", "scaled"):
            heard[f"is_{name}"] = self.columns["faults"] & bit(name) != 0
        return heard

    def twins(self) -> list[Rows]:
        """Return the rows of clips that hold the same sound, from two on, in order of the first of them."""
        readable = np.flatnonzero(self.columns["sound"])
        order = readable[np.argsort(self.columns["sound"][readable], kind="stable")]
        edges = np.flatnonzero(np.diff(self.columns["sound"][order])) + 1
        bounds = [0, *edges.tolist(), len(order)]
        groups = [order[start:stop] for start, stop in pairwise(bounds) if stop - start > 1]
        return sorted(groups, key=lambda rows: int(rows[0]))


def read_facts(folder: Path, emit: Emit = ignore, layout: Layout = "automatic", speaker_pattern: str = "") -> ClipFacts:
    """Listen to the clips of a folder, or remember what was heard of files that did not change since.

    Raises DataError when there is no such folder, it has no labels, or it is not laid out as the layout says.
    """
    listing = list_clips(folder, layout, speaker_pattern)
    clips = tuple(clip for clip in listing.clips if clip.label in (SILENCE, UNKNOWN) or not is_special(clip.label))
    own = {clip.label for clip in clips}
    words = sorted({*own, *listing.empty} - {SILENCE, UNKNOWN})
    labels = (*words, *(label for label in (SILENCE, UNKNOWN) if label in own))
    if not labels:
        unread = unread_in_words(listing.unread)
        raise DataError(
            f"{folder}: has no label folders; put the clips of each label into a folder of its own"
            f"{unread and f'. {unread}'}"
        )
    names = tuple(clip.name for clip in clips)
    sizes, times = _measure(folder, names)
    # What another decoder made of the files is not taken over.
    decoders = sorted({sound_file.decoder_of(name) for name in names})
    place = hashlib.sha256(os.fsencode("\0".join([str(folder.resolve()), *decoders]))).hexdigest()[:16]
    content = hashlib.sha256(os.fsencode("\0".join(names)))
    content.update(sizes.tobytes() + times.tobytes())
    # Which clips of the same sound contradict each other follows from their labels.
    content.update(os.fsencode("\0".join(clip.label for clip in clips)))
    key = f"{place}-{content.hexdigest()[:24]}"

    def described(columns: NDArray[np.void], reasons: dict[int, str]) -> ClipFacts:
        return ClipFacts(folder, labels, clips, columns, reasons, key, listing)

    def fill(scratch: Path) -> None:
        columns, reasons = _listen_to_new(folder, names, sizes, times, _latest(place), emit)
        _mark_twins(described(columns, reasons))
        _write(scratch, names, columns, reasons)

    def read(kept: Path) -> ClipFacts:
        if _names_in(kept) != list(names):
            raise ValueError("the facts are of other clips")
        columns, reasons = _read(kept)
        require_shape(columns, (len(names),))
        return described(columns, reasons)

    return cached(_KIND, key, fill, read, _LIMIT_BYTES, notices(emit, "Listening to clips"))


def _measure(folder: Path, names: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return sizes in bytes and modification times in nanoseconds, each of shape (n,)."""
    found = np.zeros((len(names), 2), np.int64)
    parent = f"{folder}/"
    try:
        for row, name in enumerate(names):
            # A Path for each of a hundred thousand would cost more than the look at it.
            stat = os.stat(parent + name)  # noqa: PTH116
            found[row] = stat.st_size, stat.st_mtime_ns
    except OSError as error:
        raise DataError(
            f"{error.filename}: cannot be read ({error.strerror}); check the folder, then try again"
        ) from error
    return found[:, 0], found[:, 1]


def _listen_to_new(
    folder: Path,
    names: tuple[str, ...],
    sizes: NDArray[np.int64],
    times: NDArray[np.int64],
    known: Path | None,
    emit: Emit,
) -> tuple[NDArray[np.void], dict[int, str]]:
    columns = np.zeros(len(names), _FIELDS)
    columns["size"], columns["mtime_ns"] = sizes, times
    reasons = _take_over(columns, names, known)
    unheard = np.flatnonzero((columns["sound"] == 0) & ~np.isin(np.arange(len(names)), list(reasons)))
    progress = Progress(emit, "Listening to clips", len(unheard))
    heard = map_in_threads(_listen, (folder / names[row] for row in unheard))
    for row, result in zip(unheard.tolist(), progress.count(heard), strict=True):
        if isinstance(result, DataError):
            reasons[row] = str(result)
            columns["faults"][row] = bit("corrupt")
        else:
            columns[row] = (columns["size"][row], columns["mtime_ns"][row], *result)
    return columns, reasons


def _take_over(columns: NDArray[np.void], names: tuple[str, ...], known: Path | None) -> dict[int, str]:
    """Fill in what was heard of the same files before; the marks of twins are made anew."""
    if known is None:
        return {}
    try:
        row_of = {name: row for row, name in enumerate(_names_in(known))}
        before, reasons = _read(known)
        require_shape(before, (len(row_of),))
    except DAMAGED:
        # What was heard before is heard again.
        return {}
    pairs = [(row, row_of[name]) for row, name in enumerate(names) if name in row_of]
    rows, old = np.array(pairs, np.int64).reshape(-1, 2).T
    same = (columns["size"][rows] == before["size"][old]) & (columns["mtime_ns"][rows] == before["mtime_ns"][old])
    columns[rows[same]] = before[old[same]]
    columns["faults"] &= np.uint16(~(bit("duplicate") | bit("contradiction")) & 0xFFFF)
    new_row = dict(zip(old[same].tolist(), rows[same].tolist(), strict=True))
    return {new_row[row]: reason for row, reason in reasons.items() if row in new_row}


def _mark_twins(facts: ClipFacts) -> None:
    labels = facts.label_rows
    for rows in facts.twins():
        kind = "duplicate" if len(set(labels[rows].tolist())) == 1 else "contradiction"
        facts.columns["faults"][rows] |= bit(kind)


def _latest(place: str) -> Path | None:
    """Return the facts kept last of a folder, whatever was in it then."""
    found = [path for path in (cache_root() / _KIND).glob(f"{place}-*") if path.is_dir()]
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _write(folder: Path, names: tuple[str, ...], columns: NDArray[np.void], reasons: dict[int, str]) -> None:
    np.save(folder / "columns.npy", columns)
    (folder / "names.json").write_text(json.dumps(names), encoding="ascii")
    (folder / "reasons.json").write_text(json.dumps(reasons), encoding="ascii")


def _names_in(folder: Path) -> list[str]:
    names: list[str] = json.loads((folder / "names.json").read_bytes())
    return names


def _read(folder: Path) -> tuple[NDArray[np.void], dict[int, str]]:
    reasons = json.loads((folder / "reasons.json").read_bytes())
    columns = np.load(folder / "columns.npy")
    if columns.dtype != _FIELDS:
        raise ValueError("the facts have other fields")
    return columns, {int(row): str(why) for row, why in reasons.items()}


_Heard = tuple[float, float, int, int, bytes, bytes, float, int, int]
"""The columns from seconds to sound."""


def _listen(path: Path) -> _Heard | DataError:
    try:
        opened = sound_file.open_sound(path)
        channels = sound_file.read_channels(opened, path)
    except DataError as error:
        return error
    levels = np.abs(channels)
    form = opened.form
    faults = sum(bit(kind) for kind in _faults(channels, levels, form))
    sound = int.from_bytes(hashlib.sha256(channels.tobytes()).digest()[:8]) or 1
    high_db = high_band_db(wav.mono(channels), form.sample_rate)
    return (
        form.seconds, float(levels.max()), form.sample_rate, form.num_channels, form.file_format.encode(),
        form.encoding.encode(), high_db, faults, sound,
    )  # fmt: skip


def _faults(channels: Float32, levels: Float32, form: SoundFormat) -> Iterable[str]:
    # What is heard is the mix: channels of opposite sign cancel each other in it.
    if np.abs(wav.mono(channels)).max() < SILENT_PEAK:
        yield "silent"
    if any(_longest_run(channel >= AT_FULL_SCALE) >= CLIPPED_RUN for channel in levels.T):
        yield "clipped"
    if form.seconds < SHORT_S:
        yield "short"
    if np.abs(channels.mean(axis=0)).max() > OFFSET:
        yield "offset"
    if form.is_cut:
        yield "cut"
    if form.full_scale != 1:
        yield "scaled"


def _longest_run(flags: NDArray[np.bool_]) -> int:
    if not flags.any():
        return 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))
