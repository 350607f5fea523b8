"""What someone must know of a deployed file to feed it and to understand what it gives."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Description:
    """Names of the outputs in their order, what such names are called, and sentences about the way in."""

    outputs: tuple[str, ...]
    called: str
    about: tuple[str, ...]
