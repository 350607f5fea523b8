"""The clips of a folder to look at one by one, label by label. Knows nothing of Qt."""

from pathlib import Path

from core.datasets.layout import list_clips
from core.datasets.listing import ListedClip
from core.errors import DataError
from core.spec import Dataset


class ClipShelf:
    """Where one is among the clips of a label."""

    def __init__(self) -> None:
        self.folder = Path()
        self.labels: tuple[str, ...] = ()
        self.favoured: tuple[str, ...] = ()
        self.label = ""
        self.clips: tuple[Path, ...] = ()
        self.place = 0
        self._listed: tuple[ListedClip, ...] = ()

    def open(self, dataset: Dataset) -> bool:
        """Look into the folder of a data set, at first at a label that it names; tell whether that is another look.

        A folder that cannot be read has no labels.
        """
        folder, found = Path(dataset.folder), ()
        listed: tuple[ListedClip, ...] = ()
        if dataset.folder:
            try:
                listing = list_clips(folder.expanduser(), dataset.layout)
                found, listed = listing.labels, listing.clips
            except DataError:
                pass
        if (folder, found, dataset.labels) == (self.folder, self.labels, self.favoured) and listed == self._listed:
            return False
        self.folder, self.labels, self.favoured, self._listed = folder, found, dataset.labels, listed
        first = [label for label in dataset.labels if label in found] or found
        self.choose(first[0] if first else "")
        return True

    def choose(self, label: str) -> None:
        """Take the clips of a label."""
        self.label, self.place = label, 0
        folder = self.folder.expanduser()
        self.clips = tuple(folder / clip.name for clip in self._listed if clip.label == label)

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
