"""Hold a device for one desktop: `python hold.py FILE OWNER`, for as long as bytes come in.

Runs from standard input, before anything is deployed. Says `held`, `busy` and who holds it, or `refused` and why. The
lock goes with the process, so that nothing has to be cleaned up after a desktop that vanished.
"""

from __future__ import annotations

import fcntl
import os
import select
import sys
from typing import TextIO

SILENCE_S = 60


def main() -> None:
    """Hold the lock until the input ends or is silent for a minute."""
    path, owner = sys.argv[1:]
    try:
        with open(path, "a+", encoding="utf-8") as file:  # noqa: PTH123 (needs no more than this)
            hold(file, owner)
    except OSError as error:
        # A card that is worn out or full is mounted for reading alone.
        print(f"refused {error.strerror}", flush=True)  # noqa: T201


def hold(file: TextIO, owner: str) -> None:
    """Lock a file and hold it, unless somebody else does."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        print(f"busy {file.read()}", flush=True)  # noqa: T201
        return
    file.truncate(0)
    file.write(owner)
    file.flush()
    print("held", flush=True)  # noqa: T201
    while select.select([0], [], [], SILENCE_S)[0] and os.read(0, 1024):
        pass


if __name__ == "__main__":
    main()
