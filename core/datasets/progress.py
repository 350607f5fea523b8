"""Saying how far a long piece of work is, seldom enough to cost nothing."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, TypeVar

from core.cache import Notices
from core.events import Emit, Progressed, Warned

_INTERVAL_S = 0.2

Item = TypeVar("Item")


class Progress:
    """Counts finished pieces and emits at most five events a second, the first and the last always.

    As `emit` raises TrialCancelled when the work should end, counting is also what ends it.
    """

    def __init__(self, emit: Emit, what: str, total: int, unit: Literal["", "bytes"] = "") -> None:
        self._emit = emit
        self._unit = unit
        self._what = what
        self._total = total
        self._done = 0
        self._said_s = time.monotonic()
        self._say()

    def advance(self, count: int = 1) -> None:
        """Count finished pieces."""
        self._done += count
        if self._done >= self._total or time.monotonic() - self._said_s >= _INTERVAL_S:
            self._say()

    def count(self, items: Iterable[Item], pieces_each: int = 1) -> Iterator[Item]:
        """Pass items on, counting each as so many pieces; the last may be smaller."""
        for item in items:
            self.advance(min(pieces_each, self._total - self._done))
            yield item

    def _say(self) -> None:
        self._said_s = time.monotonic()
        self._emit(Progressed(what=self._what, done=self._done, total=self._total, unit=self._unit))


def notices(emit: Emit, what: str) -> Notices:
    """Return what the cache says of some work: that another process is at it, and that what was kept is damaged.

    The waiting ends when `emit` raises.
    """
    return Notices(
        wait=lambda: emit(Progressed(what=f"{what}, in another process", done=0, total=1)),
        damaged=lambda folder: emit(Warned(message=damage_found(folder))),
    )


def damage_found(folder: Path) -> str:
    """Return the sentence for what was kept in the cache and cannot be read any more."""
    return f"{folder} was damaged, so what it held is computed anew."
