"""Labels are folders, and folders train, validation and test above or below them are the parts."""

from core.datasets.folder_tree import FolderTree
from core.datasets.layouts.folders import (
    clips_of,
    find_root,
    in_order,
    labels_below,
    name_of,
    named,
    noises_of,
    parts_in,
)
from core.datasets.listing import BACKGROUND_NOISE, PART_WORDS, ListedClip, Listing, Part


def read(tree: FolderTree) -> Listing | None:
    """Return the clips by part and label; None where fewer than two parts hold labels."""
    place = ""
    while True:
        found = _parts_above(tree, place) or _parts_below(tree, place)
        if found is not None:
            return found
        if any(tree.contents(child).sounds for child in tree.children(place)):
            return None
        filled = [child for child in tree.children(place) if tree.has_sound(child)]
        if len(filled) != 1:
            return None
        place = filled[0]


def _parts_above(tree: FolderTree, place: str) -> Listing | None:
    """Read train/<label>, test/<label>."""
    parts = parts_in(tree, place)
    labels = {child: labels_below(tree, child) for child in parts}
    labelled = {}
    for child, part in parts.items():
        root = find_root(tree, child)
        # A folder alone in a part, as Kaggle's test/audio, is a label where another part has it as well.
        others = set[str]().union(*(own for other, own in labels.items() if other != child))
        if root is not None and (len(labels[child]) > 1 or labels[child] & others):
            labelled[child] = (root.place, part)
    if len({part for _, part in labelled.values()}) < 2:
        return None
    folders = [(label, part) for root, part in labelled.values() for label in tree.children(root)]
    said = f"The labels are the folders within {_words(labelled)}: the parts of the data set."
    left_out = [child for child in parts if child not in labelled]
    if left_out:
        said += f" Left out, for the clips there have no labels: {named(left_out)}."
    # A take is not what a published test part was made of.
    takes_at = next((root for root, part in labelled.values() if part == "train"), None)
    return _listing(tree, folders, [*tree.children(place), *(label for label, _ in folders)], said, takes_at)


def _parts_below(tree: FolderTree, place: str) -> Listing | None:
    """Read <label>/train, <label>/test."""
    children = [child for child in tree.children(place) if name_of(child) != BACKGROUND_NOISE]
    if any(tree.contents(child).sounds for child in children):
        return None
    labels = [child for child in children if tree.has_sound(child)]
    parts = {label: parts_in(tree, label) for label in labels}
    if len(labels) < 2 or not all(parts.values()):
        return None
    clips = [
        ListedClip(name, name_of(label), "", part)
        for label, own in parts.items()
        for folder, part in own.items()
        for name in tree.sounds(folder)
    ]
    first = parts[labels[0]]
    said = f"Each folder is a label, and the folders within ({named([name_of(folder) for folder in first])}) are parts."
    return Listing("part_folders", in_order(clips), said, noises_of(tree, list(tree.children(place))))


def _listing(
    tree: FolderTree, folders: list[tuple[str, Part]], places: list[str], said: str, takes_at: str | None
) -> Listing:
    clips = [
        clip for folder, part in folders if name_of(folder) != BACKGROUND_NOISE for clip in clips_of(tree, folder, part)
    ]
    filled = {clip.label for clip in clips}
    empty = {name_of(folder) for folder, _ in folders} - filled - {BACKGROUND_NOISE}
    noises = noises_of(tree, places)
    return Listing("part_folders", in_order(clips), said, noises, tuple(sorted(empty)), takes_at=takes_at)


def _words(labelled: dict[str, tuple[str, Part]]) -> str:
    """Return the folders with what each part is for, in the order of a trial."""
    order = list(PART_WORDS)
    folders = sorted(labelled, key=lambda child: order.index(labelled[child][1]))
    *before, last = (f"{name_of(child)} ({PART_WORDS[labelled[child][1]]})" for child in folders)
    return f"{', '.join(before)} and {last}"
