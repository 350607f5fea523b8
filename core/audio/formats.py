"""What files of sound are called, and what each of their formats is read by."""

WAV = (".wav", ".wave")
"""What a device reads too."""


def is_sound(name: str) -> bool:
    """Tell by its name whether a file holds sound that can be read here; hidden files are none."""
    return name.lower().endswith(readable_suffixes()) and not name.startswith(".")


def readable_suffixes() -> tuple[str, ...]:
    """Return how the names end of files that can be read here, in small letters with their dot."""
    return WAV
