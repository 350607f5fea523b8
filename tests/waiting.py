"""Wait for what another process or thread does, and never for a time."""

import time
from collections.abc import Callable

TIMEOUT_S = 60.0


def until(happened: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Return when something has happened; fail when it has not within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while not happened():
        assert time.monotonic() < deadline_s, "it did not happen"
        time.sleep(0.01)
