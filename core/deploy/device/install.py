"""Put releases in place on a device: `python install.py BASE find|place|activate|roll_back …`, run from its text.

A release is in force when the link `current` points to it. Links are replaced by a rename, and folders get their name
by a rename once every file in them has been compared with its checksum, so that an end at any moment leaves the old
release or the new one. Standard library alone, Python 3.9. Answers with one JSON line.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

SUMS = "SHA256SUMS"
KEPT_RELEASES = 12


class InstallError(Exception):
    """Why it was not done, as a sentence without its end."""


class Releases:
    """The releases below a folder."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.folder = base / "releases"

    def find(self, digest: str) -> str:
        """Return the name of a release whose content has a digest and is undamaged, nothing where there is none."""
        for path in sorted(self.folder.glob(f"*/{SUMS}")):
            if _digest(path) == digest and not path.parent.name.startswith("."):
                with contextlib.suppress(InstallError, OSError):
                    verify(path.parent)
                    return path.parent.name
        return ""

    def place(self, archive: Path, digest: str, label: str) -> str:
        """Unpack an archive, compare every file with its checksum, and give the folder its name, which is returned."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear(archive)
        unfinished = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=self.folder))
        try:
            unpack(archive, unfinished)
            verify(unfinished)
            if _digest(unfinished / SUMS) != digest:
                raise InstallError("the release that arrived is another one than was sent; deploy it again")
            unfinished.chmod(0o755)
            os.sync()
            name = f"{label}-{self._next_number()}"
            unfinished.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        finally:
            archive.unlink()
        self._drop_oldest(name)
        return name

    def activate(self, name: str) -> str:
        """Put a release in force, remember the one before it, and return that one's name."""
        if not (self.folder / name / SUMS).is_file():
            raise InstallError(f"there is no release {name}; deploy it again")
        before = self._named("current")
        if before == name:
            return self._named("previous")
        with _uninterrupted():
            if before:
                self._point("previous", before)
            self._point("current", name)
        return before

    def roll_back(self) -> str:
        """Put the release before the current one in force, and return its name."""
        current, previous = self._named("current"), self._named("previous")
        if not previous or previous == current or not (self.folder / previous / SUMS).is_file():
            raise InstallError("there is no release before the current one to go back to")
        verify(self.folder / previous)
        self.activate(previous)
        return previous

    def _clear(self, archive: Path) -> None:
        """Remove what was left over when connections broke."""
        for stale in self.folder.glob(".unpacking-*"):
            shutil.rmtree(stale, ignore_errors=True)
        for stale in self.base.glob(".arriving-*"):
            if stale != archive:
                stale.unlink()

    def _named(self, link: str) -> str:
        try:
            return (self.base / link).readlink().name
        except OSError:
            return ""

    def _point(self, link: str, name: str) -> None:
        fresh = self.base / f".{link}-{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        fresh.symlink_to(Path("releases") / name)
        fresh.replace(self.base / link)

    def _next_number(self) -> int:
        numbers = [path.name.rpartition("-")[2] for path in self.folder.iterdir()]
        return max([int(number) for number in numbers if number.isdigit()], default=0) + 1

    def _drop_oldest(self, newest: str) -> None:
        kept = {newest, self._named("current"), self._named("previous")} - {""}
        others = [path for path in self.folder.iterdir() if path.name not in kept and not path.name.startswith(".")]
        others.sort(key=lambda path: path.stat().st_mtime)
        for path in others[: max(0, len(others) + len(kept) - KEPT_RELEASES)]:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put off the end of this process, which comes when the connection breaks or the user cancels."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave(_signal: int, _frame: object) -> None:
    sys.exit(1)


def unpack(archive: Path, folder: Path) -> None:
    """Write the plain files of an archive below a folder."""
    try:
        with tarfile.open(archive) as content:
            for member in content:
                path = folder / member.name
                if not member.isfile() or ".." in path.parts or Path(member.name).is_absolute():
                    raise InstallError(f"the release holds {member.name!r}, which is not a plain file; deploy it again")
                path.parent.mkdir(parents=True, exist_ok=True)
                source = content.extractfile(member)
                assert source is not None
                path.write_bytes(source.read())
    except (tarfile.TarError, EOFError) as error:
        raise InstallError(f"the release arrived damaged ({error}); deploy it again") from error


def verify(folder: Path) -> None:
    """Compare every file of a release with its checksum. Raises InstallError naming the first that differs."""
    for line in (folder / SUMS).read_text(encoding="utf-8").splitlines():
        expected, _, name = line.partition("  ")
        if _digest(folder / name) != expected:
            raise InstallError(f"{name} of the release {folder.name} is not what was sent; deploy it again")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Do what the command line names."""
    base, verb, *args = sys.argv[1:]
    # So that what is half unpacked is cleared away.
    signal.signal(signal.SIGTERM, _leave)
    releases = Releases(Path(base))
    try:
        if verb == "find":
            name = releases.find(*args)
        elif verb == "place":
            name = releases.place(Path(args[0]), *args[1:])
        elif verb == "activate":
            name = releases.activate(*args)
        else:
            name = releases.roll_back()
    except InstallError as error:
        print(json.dumps({"failed": str(error)}))  # noqa: T201
    except OSError as error:
        print(json.dumps({"failed": f"{error.filename or base}: {error.strerror}"}))  # noqa: T201
    else:
        print(json.dumps({"release": name}))  # noqa: T201


if __name__ == "__main__":
    main()
