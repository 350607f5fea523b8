"""Work that is done once: folders in the user's cache, filled under a lock, oldest dropped first."""

import glob
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout
from platformdirs import user_cache_path

from core.errors import DataError

DEFAULT_LIMIT_BYTES = 8 * 1024**3
_WAIT_S = 0.2

Arrays = Mapping[str, np.ndarray]


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
            f"{error.filename or cache_root()}: {error.strerror or error}; free space, mend the permissions, or choose "
            "another folder (TINYML_WORKBENCH_CACHE moves the cache)"
        ) from error


def cached_folder(
    kind: str,
    key: str,
    fill: Callable[[Path], None],
    limit_bytes: int = DEFAULT_LIMIT_BYTES,
    on_wait: Callable[[], None] = lambda: None,
) -> Path:
    """Return the folder of a key, calling `fill` on a new one when it is not there.

    Safe when two processes ask at once: one fills, the other waits, calling `on_wait` several times a second, which
    may raise to give up. A fill that fails or is killed leaves nothing behind that could be taken for the finished
    thing; what a killed one left is removed by the next of the same key.
    """
    parent = cache_root() / kind
    parent.mkdir(parents=True, exist_ok=True)
    folder = parent / key
    with _locked(parent / f"{key}.lock", on_wait):
        if not folder.is_dir():
            for stale in parent.glob(f".{glob.escape(key)}-????????"):
                shutil.rmtree(stale, ignore_errors=True)
            unfinished = Path(tempfile.mkdtemp(prefix=f".{key}-", dir=parent))
            try:
                fill(unfinished)
                unfinished.rename(folder)
            except BaseException:
                shutil.rmtree(unfinished, ignore_errors=True)
                raise
            _drop_oldest(parent, folder, limit_bytes)
        os.utime(folder)
    return folder


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
    kind: str, key: str, compute: Callable[[], Arrays], limit_bytes: int = DEFAULT_LIMIT_BYTES
) -> dict[str, np.ndarray]:
    """Return named arrays, memory-mapped read-only, computing them when they are not there."""

    def fill(folder: Path) -> None:
        for name, array in compute().items():
            np.save(folder / f"{name}.npy", array)

    folder = cached_folder(kind, key, fill, limit_bytes)
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}


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
