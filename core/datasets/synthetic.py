"""Clips of words spoken by a synthesizer: a data set for a machine without network or microphone.

An accuracy on such clips says little about people, so the folder carries a marker that follows it.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from core.audio.synthesis import (
    PITCHES,
    SPEEDS,
    Voice,
    VoiceRange,
    deal_voices,
    known_timbres,
    speak,
    synthesizer_version,
    trim,
)
from core.audio.wav import Sound, resample, write_wav
from core.datasets.clips import SYNTHETIC_MARKER, SYNTHETIC_PREFIX
from core.datasets.data_folder import data_folder
from core.datasets.digest import digest
from core.datasets.progress import Progress
from core.datasets.waveforms import map_in_threads
from core.errors import DataError
from core.events import Emit, ignore

WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")
SAMPLE_RATE = 16000
_SPEED_SPREAD = 0.1
_PITCH_SPREAD = 6
_PEAKS = (0.2, 0.9)
_ATTEMPTS = 4
"""Ways in which a word is spoken before a clip that equals another is given up."""


@dataclass(frozen=True)
class _Take:
    """One clip to be spoken: where it goes, and how it differs from the voice's other takes."""

    path: Path
    word: str
    voice: Voice
    peak: float
    place: float


def synthetic_folder() -> Path:
    """Return where made clips lie, or would lie, in the user's data folder."""
    return data_folder() / "synthetic_words"


def make_clips(
    folder: Path,
    words: Sequence[str] = WORDS,
    num_voices: int = 60,
    takes: int = 2,
    seed: int = 0,
    emit: Emit = ignore,
    among: VoiceRange | None = None,
) -> Path:
    """Have words spoken by many voices into `<word>/synthetic_<voice>_nohash_<take>.wav`, a second each.

    Returns the folder. The same arguments plan the same clips; a folder made with them is left as it is. A voice's
    takes vary a little around its speed and pitch. What sounds exactly like another clip of its word is spoken anew,
    and left out where that helps nothing: it would be in two parts of the data. Raises DataError when the synthesizer
    is missing, cannot say a word, or the folder holds something else.
    """
    among = among or VoiceRange()
    made_how = {
        "made_by": synthesizer_version(),
        "words": sorted(words),
        "num_voices": num_voices,
        "takes": takes,
        "seed": seed,
        **{name: value for name, value in asdict(among).items() if value != getattr(VoiceRange, name)},
    }
    marker = folder / SYNTHETIC_MARKER
    if marker.is_file() and json.loads(marker.read_text(encoding="utf-8")) == json.loads(json.dumps(made_how)):
        return folder
    if folder.is_dir() and any(folder.iterdir()):
        raise DataError(f"{folder}: is not empty; choose a new folder for the clips to be made")
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        todo = _plan(scratch, sorted(words), num_voices, takes, seed, among)
        progress = Progress(emit, "Speaking words", len(todo))
        heard: set[str] = set()
        for take, sound in zip(todo, map_in_threads(_speak, todo), strict=True):
            _save_anew(take, sound, heard)
            progress.advance()
        (scratch / SYNTHETIC_MARKER).write_text(json.dumps(made_how, indent=1) + "\n", encoding="utf-8")
        scratch.replace(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _plan(folder: Path, words: Sequence[str], num_voices: int, takes: int, seed: int, among: VoiceRange) -> list[_Take]:
    rng = np.random.default_rng(seed)
    planned = []
    for number, voice in enumerate(deal_voices(num_voices, rng, among, known_timbres())):
        speaker = hashlib.sha1(f"{seed}:{number}".encode()).hexdigest()[:8]
        for word in words:
            for take in range(takes):
                speed = round(voice.speed * rng.uniform(1 - _SPEED_SPREAD, 1 + _SPEED_SPREAD))
                pitch = voice.pitch + int(rng.integers(-_PITCH_SPREAD, _PITCH_SPREAD + 1))
                path = folder / word / f"{SYNTHETIC_PREFIX}{speaker}_nohash_{take}.wav"
                varied = _within_bounds(voice.name, speed, pitch)
                planned.append(_Take(path, word, varied, rng.uniform(*_PEAKS), rng.uniform(0.2, 0.8)))
    return planned


def _within_bounds(name: str, speed: int, pitch: int) -> Voice:
    return Voice(name, int(np.clip(speed, *SPEEDS)), int(np.clip(pitch, *PITCHES)))


def _speak(take: _Take) -> Sound:
    """Return one take as it is spoken, without the silence around it, which no two versions leave alike."""
    return resample(trim(speak(take.word, take.voice)), SAMPLE_RATE)


def _save_anew(take: _Take, sound: Sound, heard: set[str]) -> None:
    """Save a take that was not heard yet; `heard` holds digests of those that were, and takes on this one's."""
    for attempt in range(_ATTEMPTS):
        if attempt:
            voice = take.voice
            other = _within_bounds(voice.name, voice.speed + 7 * attempt, voice.pitch + 3 * attempt)
            sound = _speak(replace(take, voice=other))
        key = digest(take.word, sound.samples)
        if key not in heard:
            heard.add(key)
            _save(take, sound)
            return


def _save(take: _Take, sound: Sound) -> None:
    """Lay a take into a second of silence at its place and loudness."""
    spoken = sound.samples[:SAMPLE_RATE]
    clip = np.zeros(SAMPLE_RATE, np.float32)
    start = round((SAMPLE_RATE - len(spoken)) * take.place)
    clip[start : start + len(spoken)] = spoken * (take.peak / max(1e-6, float(np.abs(spoken).max())))
    take.path.parent.mkdir(exist_ok=True)
    write_wav(take.path, Sound(clip, SAMPLE_RATE))
