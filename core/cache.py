"""Work that is done once: folders in the user's cache, filled under a lock, oldest dropped first."""

import glob
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from core.errors import DataError
from core.files import sync_folder

DEFAULT_LIMIT_BYTES = 8 * 1024**3
_WAIT_S = 0.2

Arrays = Mapping[str, np.ndarray]
Value = TypeVar("Value")

DAMAGED = (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, zipfile.BadZipFile)
"""What reading a file raises that is missing, empty, cut or holds something else."""


def cache_root() -> Path:
    """Return the user's cache folder; TINYML_WORKBENCH_CACHE moves it."""
    moved = os.environ.get("TINYML_WORKBENCH_CACHE")
    return Path(moved) if moved else user_cache_path("tinyml-workbench", appauthor=False)


@contextmanager
def explaining_cache_errors() -> Iterator[None]:
    """Turn what the system says of a file within into a DataError that names it and tells how the cache is moved."""
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{error.filename or cache_root()}: {error.strerror or error}; free space, fix the permissions or choose "
            "another folder (TINYML_WORKBENCH_CACHE moves the cache)"
        ) from error


@dataclass(frozen=True)
class Notices:
    """What is called meanwhile for whoever asks the cache."""

    wait: Callable[[], None] = lambda: None
    """Several times a second while another process fills the same folder; may raise to give up."""
    damaged: Callable[[Path], None] = lambda _: None
    """Before a folder that cannot be read is dropped and filled anew."""


def cached(
    kind: str,
    key: str,
    fill: Callable[[Path], None],
    read: Callable[[Path], Value],
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    notices: Notices = Notices(),
) -> Value:
    """Return what `read` makes of the folder of a key, calling `fill` on a new one when it is not there.

    A folder that `read` cannot use, because a file in it is missing, cut or of another shape, is dropped and filled
    once more: what is cached costs time to make, and nothing else. `read` says so by one of the errors in `DAMAGED`.

    Safe when two processes ask at once: one fills, the other waits. A fill that fails or is killed leaves nothing
    behind that could be taken for the finished thing, nor does a machine that goes down; what a killed one left is
    removed by the next of the same key.
    """
    parent = cache_root() / kind
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / key
    with _locked(parent / f"{key}.lock", notices.wait):
        if folder.is_dir():
            try:
                value = read(folder)
            except DAMAGED:
                notices.damaged(folder)
                shutil.rmtree(folder)
            else:
                os.utime(folder)
                return value
        _fill_new(folder, fill)
        _drop_oldest(parent, folder, limit_bytes)
    return read(folder)


def _fill_new(folder: Path, fill: Callable[[Path], None]) -> None:
    for stale in folder.parent.glob(f".{glob.escape(folder.name)}-????????"):
        shutil.rmtree(stale, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fill(unfinished)
        sync_folder(unfinished)
        unfinished.rename(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


@contextmanager
def _locked(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    lock = FileLock(path)
    while True:
        try:
            lock.acquire(timeout=_WAIT_S, poll_interval=_WAIT_S / 4)
            break
        except Timeout:
            on_wait()
    try:
        yield
    finally:
        lock.release()


def cached_arrays(
    kind: str,
    key: str,
    compute: Callable[[], Arrays],
    check: Callable[[Arrays], None],
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    notices: Notices = Notices(),
) -> dict[str, np.ndarray]:
    """Return named arrays, memory-mapped read-only, computing them when they are not there, or damaged.

    `check` raises one of `DAMAGED`, such as the KeyError of a missing one, where arrays do not fit each other.
    """

    def fill(folder: Path) -> None:
        for name, array in compute().items():
            np.save(folder / f"{name}.npy", array)

    def read(folder: Path) -> dict[str, np.ndarray]:
        arrays = {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}
        check(arrays)
        return arrays

    return cached(kind, key, fill, read, limit_bytes, notices)


def require_shape(array: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raise ValueError where a kept array has another shape than it must have."""
    if array.shape != shape:
        raise ValueError(f"has the shape {array.shape} in the place of {shape}")


def _drop_oldest(parent: Path, newest: Path, limit_bytes: int) -> None:
    folders = sorted((path for path in parent.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    sizes = {folder: sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) for folder in folders}
    excess = sum(sizes.values()) - limit_bytes
    for folder in folders:
        if excess <= 0:
            return
        if folder != newest and not folder.name.startswith("."):
            # On POSIX an open memory map outlives its file, so a reader is not disturbed.
            shutil.rmtree(folder, ignore_errors=True)
            excess -= sizes[folder]
