"""A virtual X screen of one's own."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator


def has_xvfb() -> bool:
    """Tell whether a virtual screen can be started."""
    return shutil.which("Xvfb") is not None


@contextlib.contextmanager
def virtual_screen(width: int = 1600, height: int = 1000) -> Iterator[str]:
    """Start an X server on a display that is free, and give the display's name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-dpi", "96"]
    server = subprocess.Popen([*command, "-nolisten", "tcp", "-noreset"], pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise RuntimeError(f"Xvfb ended with {server.wait()} before it had a display")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()
