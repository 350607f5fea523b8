"""The clips of a folder to look at one by one, label by label. Knows nothing of Qt."""

from pathlib import Path

from core.datasets.clips import label_names, sound_files
from core.errors import DataError


class ClipShelf:
    """Where one is among the clips of a label."""

    def __init__(self) -> None:
        self.folder = Path()
        self.labels: tuple[str, ...] = ()
        self.favoured: tuple[str, ...] = ()
        self.label = ""
        self.clips: tuple[Path, ...] = ()
        self.place = 0

    def open(self, folder: str, favoured: tuple[str, ...] = ()) -> bool:
        """Look into a folder of labels, at first at a favoured one; tell whether those are others than before."""
        found = label_names(Path(folder).expanduser()) if folder else ()
        if (Path(folder), found, favoured) == (self.folder, self.labels, self.favoured):
            return False
        self.folder, self.labels, self.favoured = Path(folder), found, favoured
        first = [label for label in favoured if label in found] or found
        self.choose(first[0] if first else "")
        return True

    def choose(self, label: str) -> None:
        """Take the clips of a label; none when its folder cannot be read."""
        self.label, self.place = label, 0
        try:
            self.clips = sound_files(self.folder.expanduser() / label) if label else ()
        except DataError:
            self.clips = ()

    def step(self, by: int) -> None:
        """Go on or back; after the last comes the first."""
        if self.clips:
            self.place = (self.place + by) % len(self.clips)

    @property
    def clip(self) -> Path | None:
        """The clip in sight; None when there is none."""
        return self.clips[self.place] if self.clips else None

    @property
    def words(self) -> str:
        """Say which one it is."""
        return f"{self.clips[self.place].name} ({self.place + 1:,} of {len(self.clips):,})" if self.clips else ""
