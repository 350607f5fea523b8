"""Files that are there whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

PUBLIC, PRIVATE = 0o644, 0o600


def replace_file(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a temporary file beside `path`, sync it and rename it; a kill at any moment leaves the old or the new one.

    Raises OSError, the old file being left as it was.
    """
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
