"""A folder as the system lists it: every place in it is looked into once, when it is first asked for."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from core.audio.formats import is_sound, is_unread
from core.errors import DataError

DEEPEST = 5
"""Folders in folders that are looked into; more lie in no data set that this program understands."""
MOST_FOLDERS = 5_000
_SETTLED_NS = 2 * 10**9
"""A folder that changed within the clock's grain, two seconds on a memory card, may change again without showing it."""
_TEXTS = (".csv", ".tsv", ".labels")
_OF_THE_SYSTEM = {
    "__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information",
}  # fmt: skip
"""Folders that archives, file servers and systems put among those of a user, in small letters."""


@dataclass(frozen=True)
class Contents:
    """Names in one place, each kind in order, without what is hidden or the system's own."""

    folders: tuple[str, ...]
    sounds: tuple[str, ...]
    texts: tuple[str, ...]
    unread: tuple[str, ...]
    """Sound that only ffmpeg reads, which is not here."""


class FolderTree:
    """The places of a folder: paths within it, with slashes; "" is the folder itself."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._contents: dict[str, Contents] = {}
        self._mtimes_ns: dict[str, int] = {}
        self._read_ns = time.time_ns()

    def contents(self, place: str = "") -> Contents:
        """Return what is in a place. Raises DataError naming a folder that cannot be read."""
        if place not in self._contents:
            self._contents[place] = self._read(place)
        return self._contents[place]

    def children(self, place: str = "") -> tuple[str, ...]:
        """Return the places of the folders in a place; none below the deepest."""
        if place.count("/") + bool(place) >= DEEPEST:
            return ()
        return tuple(within(place, name) for name in self.contents(place).folders)

    def sounds(self, place: str = "") -> list[str]:
        """Return the paths of the sound files in a place, within the folder."""
        return [within(place, name) for name in self.contents(place).sounds]

    def unread(self) -> list[str]:
        """Return the paths of sound that cannot be read here, within the folder, wherever it was looked into."""
        return sorted(within(place, name) for place, own in self._contents.items() for name in own.unread)

    def has_sound(self, place: str) -> bool:
        """Tell whether there is a sound file in a place or below it."""
        return bool(self.contents(place).sounds) or any(map(self.has_sound, self.children(place)))

    def places(self, place: str = "") -> Iterator[str]:
        """Yield a place and all below it."""
        yield place
        for child in self.children(place):
            yield from self.places(child)

    def read_text(self, path: str, most_bytes: int = -1) -> bytes:
        """Return the content of a file in the folder, or its beginning. Raises DataError naming it."""
        try:
            self._mtimes_ns[path] = (self.folder / path).stat().st_mtime_ns
            with (self.folder / path).open("rb") as file:
                return file.read(most_bytes)
        except OSError as error:
            raise DataError(f"{self.folder / path}: cannot be read ({error.strerror}); check the file") from error

    def is_current(self) -> bool:
        """Tell whether every place that was looked into is as it was; costs a look at each."""
        try:
            return all(
                (self.folder / path).stat().st_mtime_ns == mtime_ns and self._read_ns - mtime_ns > _SETTLED_NS
                for path, mtime_ns in self._mtimes_ns.items()
            )
        except OSError:
            return False

    def _read(self, place: str) -> Contents:
        if len(self._contents) >= MOST_FOLDERS:
            raise DataError(
                f"{self.folder}: holds more than {MOST_FOLDERS:,} folders; choose the one that holds the clips"
            )
        path = self.folder / place
        folders: list[str] = []
        sounds: list[str] = []
        texts: list[str] = []
        unread: list[str] = []
        try:
            self._mtimes_ns[place] = path.stat().st_mtime_ns
            with os.scandir(path) as entries:
                for entry in entries:
                    name = entry.name
                    if name.startswith("."):
                        continue
                    if entry.is_dir():
                        if name.lower() not in _OF_THE_SYSTEM:
                            folders.append(name)
                    elif is_sound(name):
                        if entry.is_file():
                            sounds.append(name)
                    elif name.lower().endswith(_TEXTS) and entry.is_file():
                        texts.append(name)
                    elif is_unread(name) and entry.is_file():
                        unread.append(name)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
        return Contents(tuple(sorted(folders)), tuple(sorted(sounds)), tuple(sorted(texts)), tuple(sorted(unread)))


class SoundIndex:
    """Sound files of a place by the many ways in which a list may name them."""

    def __init__(self, tree: FolderTree, place: str) -> None:
        self._place = place
        self.names = [path for below in tree.places(place) for path in tree.sounds(below)]
        self._children = ("", *(PurePosixPath(child).name for child in tree.children(place)))

    def find(self, path: str) -> str | None:
        """Return the sound file that a path in a list means, None where it is not there.

        It may be relative to the list or to a folder beside it, and may have another suffix: lists outlive the
        conversion of their files.
        """
        wanted = _without_suffix(path.strip().replace("\\", "/").removeprefix("./"))
        for child in self._children:
            found = self._by_path.get(within(child, wanted))
            if found is not None:
                return found
        return self._by_name.get(wanted.rpartition("/")[2])

    @cached_property
    def _by_path(self) -> dict[str, str]:
        start = len(self._place) + 1 if self._place else 0
        return {_without_suffix(name[start:]): name for name in self.names}

    @cached_property
    def _by_name(self) -> dict[str, str]:
        """Files whose name alone says which they are."""
        found: dict[str, str] = {}
        twice: set[str] = set()
        for name in self.names:
            stem = _without_suffix(name.rpartition("/")[2])
            if stem in found:
                twice.add(stem)
            found[stem] = name
        return {stem: name for stem, name in found.items() if stem not in twice}


def within(place: str, name: str) -> str:
    """Return the path of a name in a place."""
    return f"{place}/{name}" if place else name


def _without_suffix(path: str) -> str:
    stem, dot, _ = path.rpartition(".")
    return stem if dot else path
