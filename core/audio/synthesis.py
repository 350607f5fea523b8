"""Words spoken by espeak-ng, for when there are no people's voices."""

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.audio.wav import Sound, read_wav
from core.errors import DataError

PROGRAM = "espeak-ng"
MISSING = f"{PROGRAM} is not installed; install it with: sudo apt-get install {PROGRAM}"
ACCENTS = ("en-gb", "en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029")
SPEEDS = (80, 449)
"""Words per minute: below, espeak-ng speaks no slower, and above, by another way that is slower again."""
PITCHES = (0, 99)
_TIMBRES = (
    *("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"),
    *("klatt", "klatt2", "klatt3", "klatt4", "Andy", "Annie", "Alex", "Alicia", "belinda", "linda", "steph"),
    *("adam", "david", "john", "Lee", "Michael", "Mike", "paul", "rob", "victor", "zac"),
)
_VARIANT = re.compile(r"!v/(\S+)")


@dataclass(frozen=True)
class Voice:
    """A way of speaking: accent and timbre, words per minute, pitch from 0 to 99."""

    name: str
    speed: int
    pitch: int


@dataclass(frozen=True)
class VoiceRange:
    """What voices are chosen from: accents or languages of espeak-ng, lowest and highest speed and pitch.

    Raises DataError for what no voice can have.
    """

    accents: tuple[str, ...] = ACCENTS
    speeds: tuple[int, int] = (120, 199)
    """Words per minute."""
    pitches: tuple[int, int] = (25, 75)

    def __post_init__(self) -> None:
        if not self.accents:
            raise DataError("voices need an accent at least; name one such as en-us")
        for accent in self.accents:
            if "+" in accent:
                raise DataError(f"{accent}: names a variant too; name the accent alone, variants are chosen here")
        for what, (low, high), (least, most) in (
            ("speeds", self.speeds, SPEEDS),
            ("pitches", self.pitches, PITCHES),
        ):
            if not least <= low <= high <= most:
                raise DataError(f"{what} must rise and lie between {least} and {most}, are {low}-{high}")


@cache
def known_timbres() -> tuple[str, ...]:
    """Return the timbres that the synthesizer itself lists: any other name is silently its plain voice.

    Raises DataError with the line that installs it when it is missing, or when it lists none of those used here.
    """
    try:
        listed = subprocess.run([PROGRAM, "--voices=variant"], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError as error:
        raise DataError(MISSING) from error
    known = set(_VARIANT.findall(listed))
    timbres = tuple(timbre for timbre in _TIMBRES if timbre in known)
    if not timbres:
        raise DataError(f"{PROGRAM} lists none of the voices used here; install another version of it")
    return timbres


def deal_voices(
    count: int, rng: np.random.Generator, among: VoiceRange | None = None, timbres: tuple[str, ...] = _TIMBRES
) -> tuple[Voice, ...]:
    """Return voices that differ in accent and timbre first, then in speed and pitch."""
    among = among or VoiceRange()
    names = [f"{accent}+{timbre}" for accent in among.accents for timbre in timbres]
    order = np.concatenate([rng.permutation(len(names)) for _ in range(1 + count // len(names))])[:count]

    def draw(lowest: int, highest: int) -> int:
        return int(rng.integers(lowest, highest + 1))

    return tuple(Voice(names[index], draw(*among.speeds), draw(*among.pitches)) for index in order)


def synthesizer_version() -> str:
    """Return the name and version of the synthesizer.

    Raises DataError with the line that installs it when it is missing.
    """
    if shutil.which(PROGRAM) is None:
        raise DataError(MISSING)
    said = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout
    return said.split("  ")[0].strip()


def speak(text: str, voice: Voice) -> Sound:
    """Return a text as spoken by a voice, at the synthesizer's own rate.

    Raises DataError with the line that installs the synthesizer when it is missing, and for a voice or a speed that it
    would silently replace by another one.
    """
    _, _, timbre = voice.name.partition("+")
    if timbre and timbre not in known_timbres():
        raise DataError(f"{voice.name}: {timbre} is not a voice used here; choose one of {', '.join(known_timbres())}")
    if not SPEEDS[0] <= voice.speed <= SPEEDS[1]:
        raise DataError(f"{voice.name}: {voice.speed} words a minute, must lie between {SPEEDS[0]} and {SPEEDS[1]}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        settings = ["-v", voice.name, "-s", str(voice.speed), "-p", str(voice.pitch), "-w", str(path)]
        try:
            done = subprocess.run([PROGRAM, *settings, "--", text], capture_output=True, text=True)
        except FileNotFoundError as error:
            raise DataError(MISSING) from error
        if done.returncode != 0 or not path.exists():
            raise DataError(f"{PROGRAM} cannot say {text!r} as {voice.name}: {done.stderr.strip()}")
        return read_wav(path)


def trim(sound: Sound, threshold: float = 0.02) -> Sound:
    """Return the sound without what is softer than `threshold` of its peak at either end."""
    loudness = np.abs(sound.samples)
    heard = np.flatnonzero(loudness > threshold * loudness.max())
    if len(heard) == 0:
        return sound
    return Sound(sound.samples[heard[0] : heard[-1] + 1], sound.sample_rate)
