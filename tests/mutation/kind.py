"""What a kind of input is to the harness: how it is made, damaged, and given to the program."""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

KINDS = {
    "sounds": "tests.mutation.sounds:Sounds",
    "specs": "tests.mutation.specs:Specs",
    "listings": "tests.mutation.listings:Listings",
    "tables": "tests.mutation.tables:Tables",
    "studies": "tests.mutation.studies:Studies",
    "archives": "tests.mutation.archives:Archives",
    "answers": "tests.mutation.answers:Answers",
    "models": "tests.mutation.models:Models",
}
"""Kinds by name, and where each is found: a worker imports its own alone."""

Attempt = Callable[[], object]


class Trials(NamedTuple):
    """Folders of finished trials, as the pipeline made them; each in a study of its own."""

    spotting: Path
    forecasting: Path


class Kind(Protocol):
    """A kind of input. `seeds` holds what `prepare` wrote, `scratch` is emptied after the worker."""

    def __init__(self, seeds: Path, scratch: Path) -> None: ...

    @staticmethod
    def prepare(seeds: Path, trials: Trials) -> None:
        """Write whole, valid inputs with the program's own writers, the same in every run."""

    def whole(self) -> Iterator[Any]:
        """Yield undamaged inputs; none of their attempts raises anything."""

    def damaged(self, rng: Random) -> Any:
        """Return an input damaged at random; `rng` alone decides how."""

    def attempts(self, given: Any) -> Iterator[Attempt]:
        """Put an input in its place and yield what the program does with it, each to end in a result or a sentence."""

    def tidy(self) -> None:
        """Take away what hundreds of inputs left in caches."""


def kind_at(place: str) -> type[Kind]:
    """Return the kind of a place such as `tests.mutation.sounds:Sounds`."""
    module, _, name = place.partition(":")
    found: type[Kind] = getattr(importlib.import_module(module), name)
    return found
