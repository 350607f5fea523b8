"""What microWakeWord writes beside a model: the word, and from which probability on it counts (its JSON, version 2)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import ModelError
from core.files import read_bounded

_TYPE = "micro"


@dataclass(frozen=True)
class WakeWord:
    """A word that a model wakes at: when the mean of its latest probabilities exceeds the cutoff."""

    word: str
    cutoff: float
    average_steps: int


def read_wake_word(model: Path) -> WakeWord | None:
    """Read the description beside a model, named as it is; None where there is none of this kind.

    Raises ModelError naming the file when it is damaged.
    """
    path = model.with_suffix(".json")
    if not path.is_file():
        return None
    try:
        values = json.loads(read_bounded(path))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.get("type") != _TYPE:
        return None
    try:
        return _parsed(values)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ModelError(
            f"{path}: is not what microWakeWord writes about a model ({error}); copy it again, or give a spec (--spec)"
        ) from error


def _parsed(values: dict[str, Any]) -> WakeWord:
    about = values["micro"]
    found = WakeWord(str(values["wake_word"]), float(about["probability_cutoff"]), int(about["sliding_window_size"]))
    if not (found.word and 0 < found.cutoff <= 1 and 0 < found.average_steps <= 1000):
        raise ValueError(f"cutoff {found.cutoff:g}, window {found.average_steps}")
    return found
