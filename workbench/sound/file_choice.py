"""Which files a dialog that asks for sound offers."""

from core.audio.formats import readable_suffixes


def sound_filter() -> str:
    """Return the filter of a file dialog for all sound that can be read here."""
    return f"Sound ({' '.join(f'*{suffix}' for suffix in readable_suffixes())})"
