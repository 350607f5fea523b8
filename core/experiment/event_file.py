"""What a trial said, read from its `events.jsonl` while another process may append to it."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from core.events import Event, parse_event
from core.files import open_plain

EVENTS = "events.jsonl"
_LONGEST_LINE = 4 * 1024**2
"""Bytes; a result with all its latencies takes less than 100 kB."""
_MOST_BYTES = 256 * 1024**2
"""Of a hundred hours of training, which says a batch four times a second; more is no file of events."""


class EventFile:
    """A file of events, read on from where it was left; nothing is said where there is none or it cannot be read."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self._offset = offset

    def fresh(self) -> Iterator[Event]:
        """Yield the events of the whole lines written since the last call, in little memory however long it is.

        Lines that a kill cut and the next start ended, and those of another version, mean nothing and are left out.
        """
        with contextlib.suppress(OSError), open_plain(self._path) as file:
            if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                return
            file.seek(self._offset)
            while line := file.readline(_LONGEST_LINE):
                if not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
                    return
                self._offset += len(line)
                with contextlib.suppress(ValidationError):
                    yield parse_event(line)
