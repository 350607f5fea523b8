"""The data that benchmarks work on: real clips where they are, made ones otherwise, and real measurements."""

from pathlib import Path

from tests.conftest import REAL_CLIPS, write_tones
from tests.series import REAL_CLIMATE

WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")


class MissingError(Exception):
    """Something a figure needs is not on this machine; the message says what."""


def real_clips() -> Path:
    """Return the folder of real clips. Raises MissingError without it."""
    if not REAL_CLIPS.is_dir():
        raise MissingError(f"needs real clips in {REAL_CLIPS}")
    return REAL_CLIPS


def real_climate() -> Path:
    """Return the CSV of real measurements. Raises MissingError without it."""
    if not REAL_CLIMATE.is_file():
        raise MissingError(f"needs real measurements in {REAL_CLIMATE}")
    return REAL_CLIMATE


def clips_and_labels(home: Path) -> tuple[Path, tuple[str, ...]]:
    """Return a folder of clips and the labels to tell apart in it, making tones where there are no real clips."""
    if REAL_CLIPS.is_dir():
        return REAL_CLIPS, WORDS
    made = home / "tones"
    if not made.is_dir():
        write_tones(made, clips_per_speaker=20)
    return made, ()


def description() -> str:
    """Return what kind of clips these figures are from."""
    return "real clips" if REAL_CLIPS.is_dir() else "made tones"
