"""Writing into a study so that a kill or a full disk at any moment leaves the old file or the new one.

A study may come from anyone. What is in one is opened only where it is a file or a folder itself: a link in it would
lead to the user's own files, and a FIFO would be waited for.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from core.errors import DataError, StudyError
from core.files import kind_of, replace_file

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NOT_ALLOWED = (errno.EROFS, errno.EACCES, errno.EPERM)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace a file as `replace_file` does. Raises StudyError saying what to do."""
    try:
        replace_file(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise StudyError(writing_failed(path, error)) from error


def require_plain_folder(folder: Path) -> None:
    """Make sure that a folder in a study is one itself, and holds files and folders alone, to any depth.

    Raises StudyError naming what is something else.
    """
    try:
        if not stat.S_ISDIR(mode := folder.lstat().st_mode):
            raise StudyError(not_plain(folder, mode))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    require_plain_folder(Path(entry))
                elif not entry.is_file(follow_symlinks=False):
                    raise StudyError(not_plain(Path(entry), entry.stat(follow_symlinks=False).st_mode))
    except OSError as error:
        raise StudyError(f"{folder} could not be read ({error.strerror}); check the disk and permissions") from error


def not_plain(path: Path, mode: int) -> str:
    """Return the sentence for what is neither a file nor a folder of a study."""
    return (
        f"{path} is {kind_of(mode)}, so it is not opened: a study holds files and folders alone; remove it "
        "if it is not yours, or put what it stands for in its place"
    )


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
