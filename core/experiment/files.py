"""Writing into a study so that a kill or a full disk at any moment leaves the old file or the new one."""

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from core.errors import DataError, StudyError
from core.files import replace_file

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_ALLOWED = (errno.EROFS, errno.EACCES, errno.EPERM)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file as `replace_file` does. Raises StudyError saying what to do."""
    try:
        replace_file(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise StudyError(writing_failed(path, error)) from error


@contextlib.contextmanager
def explaining_disk_errors(place: Path) -> Iterator[None]:
    """Turn what the system says of a file within into a DataError with its remedy; `place` where it names no file."""
    try:
        yield
    except OSError as error:
        raise DataError(writing_failed(Path(error.filename or place), error)) from error


def writing_failed(path: Path, error: OSError) -> str:
    """Return the sentence for a file or folder that could not be written, with its remedy."""
    if error.errno in NO_ROOM:
        return f"no room left on the disk to write {path}; free some space and try again, what was finished is kept"
    if error.errno in NOT_ALLOWED:
        return (
            f"{path} may not be written; copy the study to a folder of yours or change the permissions of {path.parent}"
        )
    return f"{path} could not be written ({error.strerror}); check the disk and the path, then try again"
