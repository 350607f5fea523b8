"""What a killed fitting needs to go on from the end of an epoch as if nothing had happened."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.events import EpochEnded

Weights = list[np.ndarray]


@dataclass(frozen=True)
class Progress:
    """A fitting at the end of an epoch. `state` is every variable, `best` the weights kept so far."""

    key: str
    epoch: int = 0
    state: Weights = field(default_factory=list)
    best: Weights = field(default_factory=list)
    best_accuracy: float | None = None
    best_rank: tuple[float, ...] = ()
    seconds: float = 0.0
    history: tuple[EpochEnded, ...] = ()


def save(progress: Progress, path: Path) -> None:
    """Write a checkpoint; a reader sees the old one or the new one, never a half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {
        "key": progress.key,
        "epoch": progress.epoch,
        "best_accuracy": progress.best_accuracy,
        "best_rank": progress.best_rank,
        "seconds": progress.seconds,
        "history": [event.model_dump(mode="json") for event in progress.history],
    }
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        arrays: dict[str, Any] = {**_named("state", progress.state), **_named("best", progress.best)}
        np.savez(file, facts=np.array(json.dumps(facts)), **arrays)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load(path: Path, key: str) -> Progress:
    """Read the checkpoint of the fitting that `key` names; a fresh start where there is none."""
    if not path.is_file():
        return Progress(key)
    with np.load(path) as arrays:
        facts = json.loads(str(arrays["facts"]))
        if facts["key"] != key:
            return Progress(key)
        history = tuple(EpochEnded.model_validate(event) for event in facts.pop("history"))
        rank = tuple(facts.pop("best_rank"))
        state, best = _numbered("state", arrays), _numbered("best", arrays)
        return Progress(**facts, best_rank=rank, history=history, state=state, best=best)


def _named(prefix: str, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}_{index}": array for index, array in enumerate(arrays)}


def _numbered(prefix: str, arrays: np.lib.npyio.NpzFile) -> Weights:
    count = sum(name.startswith(f"{prefix}_") for name in arrays.files)
    return [arrays[f"{prefix}_{index}"] for index in range(count)]
