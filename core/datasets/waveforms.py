"""Reading clips once: all of a set as one memory-mapped int16 array, kept in the cache."""

import dataclasses
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.audio import sound_file
from core.audio.clip_part import take_part
from core.audio.loudness import high_band_db
from core.audio.sound_file import decoder_for, is_plain
from core.audio.wav import Sound, mono, to_int16
from core.cache import cached, require_shape
from core.datasets.array_file import map_array, write_array
from core.datasets.clips import Clip, ClipSet
from core.datasets.listing import BACKGROUND_NOISE
from core.datasets.progress import Progress, notices
from core.errors import DataError
from core.events import Emit, ignore
from core.settings.clips import ClipPosition

HEARD = np.dtype(
    [
        ("seconds", "f8"),
        ("sample_rate", "i4"),
        ("file_format", "S8"),
        ("encoding", "S16"),
        ("high_db", "f4"),
        ("is_cut", "?"),
        ("is_scaled", "?"),
    ]
)
"""What is noted of each clip as it is read; zero where it cannot be."""
FULL_SCALE = np.float32(32768)
_THREADS = 2
_PINK_NOISE_S = 60
_FAULTS_NAMED = 3

Int16 = NDArray[np.int16]
Float32 = NDArray[np.float32]
Rows = NDArray[np.int64]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Waveforms:
    """Clips as int16 of shape (n, num_samples), their file, and why some could not be read, by row.

    `heard` (n,) has the columns of HEARD.
    """

    path: Path
    samples: Int16
    faults: dict[int, str]
    heard: NDArray[np.void]


class ClipLength(Protocol):
    """How long clips are made and which part of a longer one is used: a data set, or a model's preprocessing."""

    @property
    def clip_duration_ms(self) -> int:
        """Length every clip is padded or cut to."""

    @property
    def clip_position(self) -> ClipPosition:
        """Part that is used of a longer one."""


def load_waveforms(found: ClipSet, sample_rate: int, length: ClipLength, emit: Emit) -> Waveforms:
    """Read every clip of a set, resampled, mixed down, and padded or cut.

    Unreadable clips are left silent and listed, for the caller to leave out.
    """
    num_samples = _num_samples(sample_rate, length)

    def fill(folder: Path) -> None:
        faults: dict[int, str] = {}
        progress = Progress(emit, "Reading clips", len(found.clips))

        heard = np.zeros(len(found.clips), HEARD)

        def read(row: int) -> Int16:
            try:
                waveform, heard[row] = _hear_clip(found.clips[row], sample_rate, length)
                return waveform
            except DataError as error:
                faults[row] = str(error)
                return np.zeros(num_samples, np.int16)

        pieces = progress.count(map_in_threads(read, range(len(found.clips))))
        write_array(folder / "samples.npy", (len(found.clips), num_samples), np.int16, pieces)
        np.save(folder / "heard.npy", heard)
        (folder / "faults.json").write_text(json.dumps(faults), encoding="utf-8")

    def read_kept(folder: Path) -> Waveforms:
        faults = json.loads((folder / "faults.json").read_text(encoding="utf-8"))
        path = folder / "samples.npy"
        samples, noted = map_array(path, (len(found.clips), num_samples)), np.load(folder / "heard.npy")
        require_shape(noted, (len(found.clips),))
        return Waveforms(path, samples, {int(row): str(why) for row, why in faults.items()}, noted.astype(HEARD))

    key = f"{found.fingerprint}-{sample_rate}-{length.clip_duration_ms}-{length.clip_position}-heard"
    return cached("waveforms", key, fill, read_kept, notices=notices(emit, "Reading clips"))


def read_clip(clip: Clip, sample_rate: int, length: ClipLength) -> Int16:
    """Read one clip as int16 (num_samples,): padded with silence at its end, or the part of it that is used.

    Where a clip was trimmed by hand it begins there. Raises DataError naming the file.
    """
    return _hear_clip(clip, sample_rate, length)[0]


def _hear_clip(clip: Clip, sample_rate: int, length: ClipLength) -> tuple[Int16, tuple[Any, ...]]:
    """Return a clip as it is used, and the columns of HEARD."""
    position: ClipPosition = length.clip_position if clip.start_ms is None else "start"
    duration_ms = length.clip_duration_ms if position == "start" else 0
    opened = sound_file.open_sound(clip.path)
    form = opened.form
    channels = sound_file.read_channels(opened, clip.path, clip.start_ms or 0, duration_ms)
    sound = Sound(mono(channels), form.sample_rate)
    part = take_part(sound, sample_rate, _num_samples(sample_rate, length), position)
    high_db = high_band_db(sound.samples, sound.sample_rate)
    names = form.file_format.encode(), form.encoding.encode()
    return part.waveform, (form.seconds, form.sample_rate, *names, high_db, form.is_cut, form.full_scale != 1)


def _num_samples(sample_rate: int, length: ClipLength) -> int:
    return round(sample_rate * length.clip_duration_ms / 1000)


def decoders(heard: NDArray[np.void]) -> dict[str, str]:
    """Return name and version of what decoded clips, by format of the file; plain WAV is not among them.

    `heard` (n,) has the columns of HEARD.
    """
    found = heard[heard["seconds"] > 0][["file_format", "encoding"]]
    pairs = [(kind.decode(), encoding.decode()) for kind, encoding in np.unique(found).tolist()]
    named = {
        kind if encoding in ("MP3", kind) or is_plain(encoding) else f"{kind} {encoding}": decoder_for(kind, encoding)
        for kind, encoding in pairs
    }
    return {name: decoder for name, decoder in named.items() if decoder}


def leave_out_faulty(found: ClipSet, waveforms: Waveforms) -> tuple[ClipSet, Rows, tuple[str, ...]]:
    """Return the k clips that could be read, their rows (k,) in the whole set, and a warning about the others.

    Raises DataError when a label has none left.
    """
    rows = np.array([row for row in range(len(found.clips)) if row not in waveforms.faults], np.int64)
    usable = dataclasses.replace(found, clips=tuple(found.clips[row] for row in rows))
    left = Counter(clip.target for clip in usable.clips)
    for target, label in enumerate(found.labels):
        if not left[target]:
            why = next(why for row, why in waveforms.faults.items() if found.clips[row].target == target)
            raise DataError(f"{found.folder / label}: none of its clips can be read; the first: {why}")
    if not waveforms.faults:
        return usable, rows, ()
    named = "; ".join([waveforms.faults[row] for row in sorted(waveforms.faults)][:_FAULTS_NAMED])
    return usable, rows, (f"{len(waveforms.faults):,} of {len(found.clips):,} clips were left out. {named}",)


def load_noise(found: ClipSet, sample_rate: int, emit: Emit = ignore) -> tuple[Path, tuple[str, ...]]:
    """Return the file of one long int16 noise: the recordings of a set in a row, else a minute of pink noise.

    The warnings say which recording was left out, or that there was none.
    """

    def fill(folder: Path) -> None:
        pieces = []
        warnings = []
        for path in found.noises:
            try:
                pieces.append(np.concatenate([to_int16(block) for block in sound_file.read_blocks(path, sample_rate)]))
            except DataError as error:
                warnings.append(f"A noise recording was left out. {error}")
        if not pieces:
            pieces = [to_int16(pink_noise(_PINK_NOISE_S * sample_rate))]
            warnings.append(
                f"{found.folder} has no recordings in {BACKGROUND_NOISE}: clips are varied with synthesized pink noise."
            )
        np.save(folder / "samples.npy", np.concatenate(pieces))
        (folder / "warnings.json").write_text(json.dumps(warnings), encoding="utf-8")

    def read(folder: Path) -> tuple[Path, tuple[str, ...]]:
        warnings = json.loads((folder / "warnings.json").read_text(encoding="utf-8"))
        path = folder / "samples.npy"
        require_shape(map_array(path), (map_array(path).size,))
        return path, tuple(map(str, warnings))

    key = f"{found.fingerprint}-{sample_rate}"
    return cached("noise", key, fill, read, notices=notices(emit, "Reading noise"))


def pink_noise(num_samples: int) -> Float32:
    """Return noise of equal power per octave, float32 (num_samples,) with its peak at full scale, always the same."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(num_samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0
    noise = np.fft.irfft(spectrum, num_samples)
    scaled: Float32 = (noise / np.abs(noise).max()).astype(np.float32)
    return scaled


def map_in_threads(
    function: Callable[[Item], Result], items: Iterable[Item], num_threads: int = _THREADS
) -> Iterator[Result]:
    """Yield results in order; work not yet begun is dropped when the caller stops taking them."""
    pool = ThreadPoolExecutor(num_threads)
    try:
        yield from pool.map(function, items)
    finally:
        pool.shutdown(cancel_futures=True)
