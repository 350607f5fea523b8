"""Recorded takes of words as a data set like any other: `<label>/<speaker>_nohash_<n>.wav`, a second each."""

import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.clip_part import part_start
from core.audio.loudness import Loudness, measure_loudness
from core.audio.wav import Sound, write_wav
from core.errors import DataError

SAMPLE_RATE = 16000
CLIP_S = 1.0

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Take:
    """A take as it was saved."""

    path: Path
    loudness: Loudness

    @property
    def is_silent(self) -> bool:
        """Tell whether nothing was heard, so that the take is worth nothing."""
        return self.loudness.is_silent


def speaker_id(person: str = "") -> str:
    """Return the eight hexadecimal digits that stand for a speaker in file names.

    The same person gives the same ones, which keeps the name itself out of the data; without a person they are random.
    """
    return (
        hashlib.sha256(person.strip().casefold().encode()).hexdigest()[:8] if person.strip() else secrets.token_hex(4)
    )


def trim_take(samples: Float32, sample_rate: int, duration_s: float = CLIP_S) -> Float32:
    """Return the loudest `duration_s` of samples (n,) with the sound in its middle; less is padded at its end."""
    num_samples = round(duration_s * sample_rate)
    if len(samples) <= num_samples:
        return np.pad(samples, (0, num_samples - len(samples)))
    start = part_start(Sound(samples, sample_rate), duration_s, "loudest")
    return samples[start : start + num_samples]


def save_take(folder: Path, label: str, speaker: str, clip: Float32, sample_rate: int = SAMPLE_RATE) -> Take:
    """Save one take, samples (n,), under the next free number of its speaker and label, whole or not at all.

    Raises DataError when the label can not be a folder's name or the folder can not be written.
    """
    check_label(label)
    path = _save(folder / label, speaker, lambda file: write_wav(file, Sound(clip, sample_rate)))
    return Take(path, measure_loudness(clip, sample_rate))


def delete_take(take: Take) -> bytes:
    """Delete a take's file, if it is there still, and return its content for `restore_take`. Raises DataError."""
    try:
        content = take.path.read_bytes() if take.path.exists() else b""
        take.path.unlink(missing_ok=True)
    except OSError as error:
        raise DataError(f"{take.path}: cannot be deleted ({error.strerror}); check the folder") from error
    return content


def restore_take(take: Take, content: bytes) -> Take:
    """Save the content of a deleted take again, under the next free number. Raises DataError as `save_take` does."""
    speaker = take.path.name.partition("_")[0]
    return Take(_save(take.path.parent, speaker, lambda file: file.write_bytes(content)), take.loudness)


def check_label(label: str) -> None:
    """Raise DataError when a label can not be the name of a folder of clips."""
    if (
        not label.strip()
        or label != label.strip()
        or label.startswith(".")
        or re.search(r'[\\/:*?"<>|\x00-\x1f]', label)
    ):
        raise DataError(f"{label!r} can not be a label: it is the name of a folder, so use letters and digits")


def check_folder(folder: Path) -> None:
    """Raise DataError when takes can not be saved in a folder, which need not be there yet."""
    there = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise DataError(
            f"{folder}: takes can not be saved there ({there} may not be written); choose a folder of yours"
        )


def _save(place: Path, speaker: str, write: Callable[[Path], object]) -> Path:
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=".take-", suffix=".wav", dir=place)
        os.close(handle)
        unfinished = Path(temporary)
        try:
            write(unfinished)
            unfinished.chmod(0o644)
            return _settle(unfinished, place, speaker)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(
            f"{place}: the take could not be saved ({error.strerror}); choose a folder of yours with room in it"
        ) from error


def _settle(unfinished: Path, place: Path, speaker: str) -> Path:
    """Sync a finished file and give it the next free number; linking fails where another program took that number."""
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    number = _next_number(place, speaker)
    while True:
        path = place / f"{speaker}_nohash_{number}.wav"
        try:
            os.link(unfinished, path)
        except FileExistsError:
            number += 1
            continue
        except OSError:
            # A file system without links, such as a memory card's.
            unfinished.replace(path)
            return path
        unfinished.unlink()
        return path


def _next_number(place: Path, speaker: str) -> int:
    name = re.compile(rf"{re.escape(speaker)}_nohash_(\d+)\.wav")
    taken = [int(found[1]) for path in place.iterdir() if (found := name.fullmatch(path.name))]
    return max(taken, default=-1) + 1
