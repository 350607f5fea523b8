"""A long recording with known words: test clips at known times over noise, and the list of what was said when.

spotting.wav    the sound, 16-bit mono at the rate of the trial's features
spotting.csv    time_s,label: when the clip of each word begins
spotting.json   how it was made; that it is synthetic, where its clips are
"""

import contextlib
import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.audio.wav import Sound, write_wav
from core.cache import cached, explaining_cache_errors
from core.datasets.clips import SYNTHETIC_PREFIX, ClipSet, find_clips
from core.datasets.digest import digest
from core.datasets.listing import SILENCE, UNKNOWN
from core.datasets.progress import Progress, notices
from core.datasets.split import split_clips
from core.datasets.waveforms import FULL_SCALE, Waveforms, leave_out_faulty, load_noise, load_waveforms
from core.errors import DataError
from core.evaluation.detection import SpokenWord
from core.events import Emit, ignore
from core.experiment.files import explaining_disk_errors
from core.files import read_bounded
from core.json_text import load_object
from core.spec import KeywordSpottingSpec
from core.visible_text import cell_text, csv_cell

FILE_NAME = "spotting.wav"
FADE_MS = 20
GAP_S = (1.0, 3.0)
"""Least and most between the end of one clip and the beginning of the next; their mean is that of Speech Commands."""
_SAMPLE_BYTES = 2
_LIMIT_BYTES = 1024**3
_NO_OTHERS = (
    f"The trial has no label {UNKNOWN}, so the recording holds its own words alone: "
    "how often other words set it off is not counted."
)

Float32 = NDArray[np.float32]
Rows = NDArray[np.int64]


class LongRecording(BaseModel):
    """A recording made here: where it is, which its own files do not say so that they can be moved, and what it is."""

    model_config = ConfigDict(frozen=True)

    wav: str
    minutes: float
    seed: int
    background_volume: float
    num_words: int = Field(description="Clips of labels, those of _unknown_ included.")
    noise: str = Field(description="What the noise is, in words.")
    synthetic: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _TestClips:
    """What words are taken from: rows of the waveforms of the test part, by label."""

    found: ClipSet
    waveforms: Waveforms
    rows_of: dict[str, Rows]
    warnings: tuple[str, ...]


def make_long_recording(
    spec: KeywordSpottingSpec,
    wav: Path,
    minutes: float = 10.0,
    seed: int = 0,
    background_volume: float = 0.1,
    emit: Emit = ignore,
) -> LongRecording:
    """Write `wav`, and beside it its truth as CSV and how it was made as JSON; synthetic clips mark its name.

    Words are clips of the test part of the spec's own data, so no voice in them was trained on. The noise is that of
    the data's recordings, else pink noise made here; `background_volume` is relative to its own level. The same
    arguments on the same data give the same recording. Raises DataError for data that cannot be used.
    """
    with explaining_disk_errors(wav):
        clips = _test_clips(spec, emit)
        if clips.found.synthetic and not wav.name.startswith(SYNTHETIC_PREFIX):
            wav = wav.with_name(SYNTHETIC_PREFIX + wav.name)
        _require_free(wav)
        made, sound, words = _mix(spec, clips, minutes, seed, background_volume, emit)
        wav.parent.mkdir(parents=True, exist_ok=True)
        write_wav(wav, sound)
        write_truth(wav.with_suffix(".csv"), words)
        about = made.model_dump_json(indent=1, exclude={"wav"})
        wav.with_suffix(".json").write_text(about + "\n", encoding="utf-8")
    return made.model_copy(update={"wav": str(wav)})


def kept_recording(
    spec: KeywordSpottingSpec, minutes: float = 10.0, seed: int = 0, background_volume: float = 0.1, emit: Emit = ignore
) -> LongRecording:
    """Return the recording that `make_long_recording` would make, from the user's cache, made there when it is not."""
    made_of = [spec.split.recorded(), spec.features.sample_rate, spec.num_samples, minutes, seed, background_volume]
    key = digest(find_clips(spec.dataset, spec.split.speaker_pattern).fingerprint, json.dumps(made_of))

    def fill(folder: Path) -> None:
        make_long_recording(spec, folder / FILE_NAME, minutes, seed, background_volume, emit)

    def read(folder: Path) -> LongRecording:
        (wav,) = folder.glob("*.wav")
        made = about_recording(wav)
        seconds = round(60 * minutes)
        if made is None or wav.stat().st_size < _SAMPLE_BYTES * spec.features.sample_rate * seconds:
            raise ValueError(f"{folder} does not hold the whole recording")
        with contextlib.suppress(DataError):
            if len(read_truth(wav.with_suffix(".csv"))) == made.num_words:
                return made
        raise ValueError(f"{folder} does not say all that is spoken in the recording")

    with explaining_cache_errors():
        return cached("recordings", key, fill, read, _LIMIT_BYTES, notices(emit, "Making the recording"))


def about_recording(wav: Path) -> LongRecording | None:
    """Return how a recording was made, None for one from elsewhere."""
    try:
        about = load_object(read_bounded(wav.with_suffix(".json")))
        return LongRecording.model_validate({**about, "wav": str(wav)})
    except (OSError, ValueError, TypeError):
        return None


def write_truth(path: Path, words: Sequence[SpokenWord]) -> None:
    """Write what was said when as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("time_s", "label"))
        rows.writerows((f"{word.time_s:.3f}", csv_cell(word.label)) for word in words)


def read_truth(path: Path) -> list[SpokenWord]:
    """Read what was said when from a CSV file with the columns time_s and label, in the order of time.

    Raises DataError naming the file and the line.
    """
    try:
        text = io.StringIO(read_bounded(path).decode("utf-8-sig"), newline="")
        rows = csv.DictReader(text, skipinitialspace=True)
        if not {"time_s", "label"} <= set(rows.fieldnames or ()):
            raise DataError(f"{path}: has no columns time_s and label; write them as the first line")
        words = [_read_word(path, rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read as CSV ({error}); check the file") from error
    return sorted(words, key=lambda word: word.time_s)


def _read_word(path: Path, line: int, row: dict[str, str | None]) -> SpokenWord:
    label = cell_text((row["label"] or "").strip())
    try:
        time_s = float(row["time_s"] or "")
    except ValueError:
        time_s = -1.0
    if not label or not 0 <= time_s < float("inf"):
        raise DataError(f"{path}, line {line}: must hold a time in seconds and a label, like 12.5,go")
    return SpokenWord(label, time_s)


def _test_clips(spec: KeywordSpottingSpec, emit: Emit) -> _TestClips:
    found = find_clips(spec.dataset, spec.split.speaker_pattern)
    waveforms = load_waveforms(found, spec.features.sample_rate, spec.dataset, emit)
    usable, rows, _ = leave_out_faulty(found, waveforms)
    parts = split_clips(usable, spec.split)
    if not len(parts.test):
        raise DataError(
            "the trial was trained on every clip, so no recording can be made of clips that it never heard; make one "
            "with the trial that it came from"
        )
    targets = np.array([clip.target for clip in usable.clips])[parts.test]
    rows_of = {
        label: rows[parts.test][targets == target] for target, label in enumerate(found.labels) if label != SILENCE
    }
    return _TestClips(found, waveforms, rows_of, (*parts.warnings, *([] if UNKNOWN in rows_of else [_NO_OTHERS])))


def _require_free(wav: Path) -> None:
    """Raise DataError when a file would be overwritten that was not made here, such as a list written by hand."""
    taken = [path for path in map(wav.with_suffix, (wav.suffix, ".csv", ".json")) if path.exists()]
    if taken and about_recording(wav) is None:
        raise DataError(f"{taken[0]}: is there already and was not made here; choose another name for the recording")


def _mix(
    spec: KeywordSpottingSpec, clips: _TestClips, minutes: float, seed: int, background_volume: float, emit: Emit
) -> tuple[LongRecording, Sound, list[SpokenWord]]:
    """Return a recording that has no place yet, its sound, and what is said in it when."""
    rng = np.random.default_rng(seed)
    rate = spec.features.sample_rate
    samples, noise = _noise(clips.found, rate, round(60 * minutes * rate), background_volume, rng)
    placed = _place(clips, spec.num_samples / rate, 60 * minutes, rng)
    for word, row in Progress(emit, "Mixing words into noise", len(placed)).count(placed):
        start = round(word.time_s * rate)
        samples[start : start + spec.num_samples] += _faded(clips.waveforms.samples[row] / FULL_SCALE, rate)
    made = LongRecording(
        wav="",
        minutes=minutes,
        seed=seed,
        background_volume=background_volume,
        num_words=len(placed),
        noise=noise,
        synthetic=clips.found.synthetic,
        warnings=clips.warnings,
    )
    return made, Sound(samples, rate), [word for word, _ in placed]


def _place(clips: _TestClips, clip_s: float, seconds: float, rng: np.random.Generator) -> list[tuple[SpokenWord, int]]:
    """Return words with the rows of their clips: labels in turns, each in an order of its own, gaps between them."""
    labels = list(clips.rows_of)
    decks: dict[str, list[int]] = {label: [] for label in labels}
    placed: list[tuple[SpokenWord, int]] = []
    round_of: list[str] = []
    time_s = rng.uniform(*GAP_S)
    while time_s + clip_s + GAP_S[0] <= seconds:
        if not round_of:
            round_of = [labels[index] for index in rng.permutation(len(labels))]
        label = round_of.pop()
        if not decks[label]:
            decks[label] = rng.permutation(clips.rows_of[label]).tolist()
        placed.append((SpokenWord(label, round(time_s, 3)), decks[label].pop()))
        time_s += clip_s + rng.uniform(*GAP_S)
    if not placed:
        raise DataError(f"{seconds:g} s are too short for a recording of words; make it longer")
    return placed


def _noise(
    found: ClipSet, sample_rate: int, num_samples: int, volume: float, rng: np.random.Generator
) -> tuple[Float32, str]:
    """Return noise of the length wanted from a place of its own, and what it is; it repeats when it is shorter."""
    path, _ = load_noise(found, sample_rate)
    whole = np.load(path, mmap_mode="r")
    start = int(rng.integers(len(whole)))
    rolled = np.resize(np.concatenate((whole[start:], whole[:start])), num_samples)
    names = ", ".join(noise.stem for noise in found.noises)
    words = (
        f"recordings of the data: {names}" if names else "pink noise made here, for the data has no recordings of it"
    )
    return np.multiply(rolled, volume / FULL_SCALE, dtype=np.float32), words


def _faded(samples: Float32, sample_rate: int) -> Float32:
    """Return a clip whose ends come and go without a click."""
    length = round(sample_rate * FADE_MS / 1000)
    ramp = np.linspace(0, 1, length, dtype=np.float32)
    faded = samples.astype(np.float32)
    faded[:length] *= ramp
    faded[len(faded) - length :] *= ramp[::-1]
    return faded
