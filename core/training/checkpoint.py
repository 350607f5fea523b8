"""What a killed fitting needs to go on from the end of an epoch as if nothing had happened."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from core.array_archive import read_arrays
from core.events import Emit, EpochEnded, Warned
from core.files import replacing

Weights = list[np.ndarray]
Shape = tuple[int, ...]


class _Facts(BaseModel):
    """All of a checkpoint but its arrays."""

    key: str
    epoch: int
    best_accuracy: float | None
    best_rank: tuple[float, ...]
    seconds: float
    history: tuple[EpochEnded, ...]


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
    facts = _Facts(**{name: getattr(progress, name) for name in _Facts.model_fields})
    arrays: dict[str, Any] = {**_named("state", progress.state), **_named("best", progress.best)}
    with replacing(path) as file:
        np.savez(file, facts=np.array(facts.model_dump_json()), **arrays)


def load(path: Path, key: str, shapes: Sequence[Shape], emit: Emit) -> Progress:
    """Read the checkpoint of the fitting that `key` names; a fresh start where there is none.

    `shapes` are those of every variable, the weights first. A checkpoint that is damaged is dropped with a warning, for
    it costs the epochs that it held and nothing else.
    """
    try:
        return _read(path, key, shapes)
    except FileNotFoundError:
        return Progress(key)
    except (OSError, ValueError) as error:
        with contextlib.suppress(OSError):
            path.unlink()
        emit(Warned(message=f"{path} was damaged ({error}), so this part of the training begins anew."))
        return Progress(key)


def _read(path: Path, key: str, shapes: Sequence[Shape]) -> Progress:
    arrays = read_arrays(path)
    if "facts" not in arrays:
        raise ValueError("it does not say what it is of")
    facts = _Facts.model_validate_json(str(arrays["facts"]))
    if facts.key != key:
        return Progress(key)
    state, best = _numbered("state", arrays), _numbered("best", arrays)
    kept = [array.shape for array in state]
    if kept != list(shapes) or len(facts.history) != facts.epoch:
        raise ValueError("it is not of this network")
    if [array.shape for array in best] != kept[: len(best)]:
        raise ValueError("its best weights are not of this network")
    return Progress(
        key=key,
        epoch=facts.epoch,
        state=state,
        best=best,
        best_accuracy=facts.best_accuracy,
        best_rank=facts.best_rank,
        seconds=facts.seconds,
        history=facts.history,
    )


def _named(prefix: str, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{prefix}_{index}": array for index, array in enumerate(arrays)}


def _numbered(prefix: str, arrays: Mapping[str, NDArray[Any]]) -> Weights:
    count = sum(name.startswith(f"{prefix}_") for name in arrays)
    if any(f"{prefix}_{index}" not in arrays for index in range(count)):
        raise ValueError(f"one of its arrays of {prefix} is missing")
    return [arrays[f"{prefix}_{index}"] for index in range(count)]
