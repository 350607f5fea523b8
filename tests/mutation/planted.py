"""Inputs that fail in a known way, for what notices them to be tested; none of them hurts anything."""

import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

from core.errors import WorkbenchError
from tests.mutation.kind import Attempt, Trials

FATES = ("result", "sentence", "traceback", "exit", "hang", "memory", "crash")
_EATEN_BYTES = 3 << 30
_LONG_S = 60


class Planted:
    """Numbers of inputs drawn by lot, each of which meets its fate; after a result comes a sentence, and so on."""

    fates: tuple[str, ...] = FATES

    def __init__(self, seeds: Path, scratch: Path) -> None:
        self._drawn = scratch / "drawn"

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Nothing is needed."""

    def whole(self) -> Iterator[str]:
        """Yield what ends well."""
        yield "result"

    def damaged(self, rng: Random) -> str:
        """Return a fate."""
        return rng.choice(self.fates)

    def attempts(self, given: str) -> Iterator[Attempt]:
        """Meet it between two attempts that end well."""
        yield str
        yield lambda: _meet(given)
        yield str

    def tidy(self) -> None:
        """Nothing is left anywhere."""


class Sound(Planted):
    """Inputs of which none fails."""

    fates = ("result", "sentence")


class Unsound(Planted):
    """Inputs that fail before any of them is damaged."""

    def whole(self) -> Iterator[str]:
        """Yield what fails."""
        yield "traceback"


def _meet(fate: str) -> None:
    match fate:
        case "sentence":
            raise WorkbenchError("it cannot be used; use another")
        case "traceback":
            [][0]
        case "exit":
            raise SystemExit(1)
        case "hang":
            time.sleep(_LONG_S)
        case "memory":
            bytearray(_EATEN_BYTES)
        case "crash":
            # As an abort in a library is: the process is gone without a word of Python's.
            import os

            os._exit(9)
