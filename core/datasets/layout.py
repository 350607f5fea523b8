"""How a data set describes its clips: recognised from its folder, or chosen by the user where that went wrong.

Labels, speakers and parts are asked of nothing else, so that training, the look through a folder and the window agree.
"""

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from core.datasets.folder_tree import FolderTree
from core.datasets.layouts import edge_impulse, file_names, folders, part_folders, table
from core.datasets.listing import ListedClip, Listing, with_speakers
from core.errors import DataError
from core.settings.clips import Dataset, Layout

_MOST_KNOWN = 4
_LEAST_LABELS = 2

Key = tuple[Path, Layout, str]
_known: OrderedDict[Key, tuple[FolderTree, Listing]] = OrderedDict()
"""What was listed last. Names alone decide it, and folders show that these changed."""

_NEEDS = {
    "part_folders": "folders train, validation or test with folders of clips in them",
    "file_names": "clips in one folder whose names begin with their label",
    "table": "CSV or TSV file with columns of file and word, beside the clips that it names",
    "edge_impulse": "file info.labels that names clips",
}


def list_clips(folder: Path, layout: Layout = "automatic", speaker_pattern: str = "") -> Listing:
    """List the clips of a folder with label, speaker and part, without reading them.

    `speaker_pattern` is a regular expression whose first group is the speaker in a file's name; known kinds of names
    are recognised without one. Raises DataError when there is no such folder, it cannot be read, or it is not laid out
    as the layout says.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; choose one with a sub-folder of clips per label")
    key = (folder, layout, speaker_pattern)
    if key in _known and _known[key][0].is_current():
        _known.move_to_end(key)
        return _known[key][1]
    tree = FolderTree(folder)
    listing = replace(_with_speakers(_read(tree, layout), speaker_pattern), unread=tuple(tree.unread()))
    _known[key] = (tree, listing)
    if len(_known) > _MOST_KNOWN:
        _known.popitem(last=False)
    return listing


def place_for_takes(dataset: Dataset) -> Path | None:
    """Return the folder in which `<label>/<take>` becomes a clip of a data set; None where there is no such place."""
    if not dataset.folder:
        return None
    folder = Path(dataset.folder).expanduser()
    try:
        place = list_clips(folder, dataset.layout).takes_at
    except DataError:
        # A new folder, or one that nothing can be said of: takes make it a plain one.
        return folder if not any(folder.glob("*")) else None
    return None if place is None else folder / place


def _read(tree: FolderTree, layout: Layout) -> Listing:
    if layout == "automatic":
        return _recognise(tree)
    if layout == "folders":
        return folders.read(tree)
    readers: dict[str, Callable[[FolderTree], Listing | None]] = {
        "part_folders": part_folders.read,
        "file_names": lambda tree: file_names.read_by_speaker(tree) or file_names.read(tree),
        "table": table.read,
        "edge_impulse": edge_impulse.read,
    }
    found = readers[layout](tree)
    if found is None:
        raise DataError(f"{tree.folder}: has no {_NEEDS[layout]}; choose another layout (dataset.layout)")
    return found


def _recognise(tree: FolderTree) -> Listing:
    """Return the clips by the layout that says most of them; lists come before folders, folders before names."""
    for read in (edge_impulse.read, table.read, part_folders.read, file_names.read_by_speaker):
        found = read(tree)
        if found is not None:
            return found
    plain = folders.read(tree)
    are_parts = bool(folders.parts_in(tree, plain.lists_at[0]))
    if len(plain.labels) < _LEAST_LABELS or not plain.clips or are_parts:
        found = file_names.read(tree)
        if found is not None:
            return found
    # The wrong guess would train without a complaint.
    if are_parts:
        raise DataError(
            f"{tree.folder}: its folders ({folders.named(plain.labels)}) are named after parts, and the names of the "
            "clips in them tell no label; put the clips of each label into a folder of its own, or say that these are "
            "the labels (dataset.layout = folders)"
        )
    if folders.is_ambiguous(tree):
        above = [name for name in tree.contents().folders if tree.has_sound(name)]
        raise DataError(
            f"{tree.folder}: folders lie in folders ({folders.named(above)}), and which of them are labels cannot be "
            "seen; choose the folder that holds the labels, or say how they are laid out (dataset.layout)"
        )
    return plain


def _with_speakers(listing: Listing, pattern: str) -> Listing:
    clips = _told_by(re.compile(pattern), listing.clips) if pattern else with_speakers(listing.clips)
    return replace(listing, clips=tuple(clips))


def _told_by(pattern: re.Pattern[str], clips: Iterable[ListedClip]) -> Iterator[ListedClip]:
    for clip in clips:
        found = pattern.search(clip.name.rpartition("/")[2])
        yield clip._replace(speaker=(found[1] or "") if found else "")
