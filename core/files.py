"""Files that are there whole or not at all, and files from elsewhere that are no more than files."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

PUBLIC, PRIVATE = 0o644, 0o600
MOST_BYTES = 64 * 1024**2
"""Of a file that is read as a whole without need for more: a hundred times what any was seen to take."""

_FLAGS = {"rb": os.O_RDONLY, "ab": os.O_WRONLY | os.O_CREAT | os.O_APPEND}
# Windows has none of these, and opens no FIFO by its path.
_CAREFULLY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_UNCHANGED = getattr(os, "O_BINARY", 0)


def replace_file(path: Path, content: bytes, mode: int = PUBLIC) -> None:
    """Write a temporary file beside `path`, sync it and rename it; a kill at any moment leaves the old or the new one.

    Raises OSError, the old file being left as it was.
    """
    with replacing(path, mode) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path, mode: int = PUBLIC) -> Iterator[BinaryIO]:
    """Give a temporary file beside `path`, to be written to or under its name, that takes its place at the end.

    What is at `path` is never opened: a link there is replaced, not followed. Raises OSError, the old file being left
    as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Put every file of a folder on the disk, so that a rename of the folder is never there before its content."""
    for path in folder.rglob("*"):
        if path.is_file():
            # Windows syncs only what may be written.
            handle = os.open(path, os.O_RDWR | _UNCHANGED)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def require_plain_file(path: Path) -> None:
    """Make sure that a path, where something is there, is a file itself: no link, FIFO, socket, device or folder.

    Raises OSError that says what it is.
    """
    with contextlib.suppress(FileNotFoundError):
        _require_plain(path, path.lstat().st_mode)


def open_plain(path: Path, mode: Literal["rb", "ab"] = "rb") -> BinaryIO:
    """Open a file to be read or appended to, never through a link, and nothing else than a file.

    Raises OSError that says what is there instead.
    """
    # Some devices do something when they are opened, so it is looked at before; and then again at what was opened.
    require_plain_file(path)
    handle = os.open(path, _FLAGS[mode] | _CAREFULLY | _UNCHANGED, PUBLIC)
    try:
        _require_plain(path, os.fstat(handle).st_mode)
        return os.fdopen(handle, mode)
    except BaseException:
        os.close(handle)
        raise


def read_plain(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Read a file as a whole, opened as by `open_plain`. Raises OSError also where it is larger than `most_bytes`."""
    with open_plain(path) as file:
        return _read(file, path, most_bytes)


def read_bounded(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """Read a file that the user named as a whole, through links too. Raises OSError where it is larger than that."""
    with path.open("rb") as file:
        return _read(file, path, most_bytes)


def _read(file: BinaryIO, path: Path, most_bytes: int) -> bytes:
    # The system says 0 of a pipe, and a file may grow.
    size = os.fstat(file.fileno()).st_size
    content = file.read(size + 1) if size <= most_bytes else b""
    if size < len(content) <= most_bytes:
        content += file.read(most_bytes - len(content) + 1)
    if max(size, len(content)) > most_bytes:
        raise OSError(errno.EFBIG, f"is larger than {most_bytes >> 20:,} MB, too large for such a file", str(path))
    return content


def _require_plain(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"is {kind_of(mode)}, not a file", str(path))


def kind_of(mode: int) -> str:
    """Return in words what a mode of the system is of."""
    kinds = {
        stat.S_ISREG: "a file",
        stat.S_ISDIR: "a folder",
        stat.S_ISLNK: "a symbolic link",
        stat.S_ISFIFO: "a FIFO",
        stat.S_ISSOCK: "a socket",
    }
    return next((words for is_one, words in kinds.items() if is_one(mode)), "a device")
