"""Labels are folders: the plain way, also a few folders too deep, or as Kaggle's train/audio/<label>."""

from dataclasses import dataclass

from core.datasets.folder_tree import FolderTree
from core.datasets.listing import BACKGROUND_NOISE, ListedClip, Listing, Part, is_special, part_named

MOST_NAMED = 3
_LOOKED_INTO = 8


@dataclass(frozen=True)
class LabelRoot:
    """A place whose folders are labels, and what lies in the place of labels without being one."""

    place: str
    unlabelled: tuple[str, ...] = ()
    """Places passed on the way that hold sound, but no labels."""


def find_root(tree: FolderTree, place: str = "") -> LabelRoot | None:
    """Return the place whose folders hold the clips, going down while there is one way; None where there is none."""
    unlabelled: list[str] = []
    while True:
        below = [child for child in tree.children(place) if name_of(child) != BACKGROUND_NOISE]
        if any(tree.contents(child).sounds for child in below):
            return LabelRoot(place, tuple(unlabelled))
        filled = [child for child in below if tree.has_sound(child)]
        labelled = filled if len(filled) == 1 else [child for child in filled if len(labels_below(tree, child)) > 1]
        if len(labelled) != 1:
            return None
        unlabelled += [child for child in filled if child not in labelled]
        place = labelled[0]


def read(tree: FolderTree) -> Listing:
    """Take each folder of clips for a label, with the name of the folder alone."""
    root = find_root(tree)
    if root is not None:
        return _of_root(tree, root)
    places = [place for place in tree.places() if place and tree.contents(place).sounds]
    if not places:
        names = tuple(name for name in tree.contents().folders if not is_special(name))
        return Listing("folders", (), "No folder in it holds sound.", empty=names, is_plain=True, takes_at="")
    clips = [clip for place in places if name_of(place) != BACKGROUND_NOISE for clip in clips_of(tree, place)]
    above = sorted({place.rpartition("/")[0] for place in places} - {""})
    return Listing(
        "folders",
        in_order(clips),
        f"The labels are the names of the folders within {named(above)}; which of these a clip is in is not used.",
        noises_of(tree, places),
    )


def labels_below(tree: FolderTree, place: str) -> set[str]:
    """Return the names of the folders of clips in the one place below `place` that holds them, if there is one."""
    root = find_root(tree, place)
    places = tree.children(root.place) if root else ()
    return {name_of(child) for child in places if tree.contents(child).sounds} - {BACKGROUND_NOISE}


def is_ambiguous(tree: FolderTree) -> bool:
    """Tell whether folders lie in folders without one place that holds the labels."""
    return find_root(tree) is None and any(tree.has_sound(child) for child in tree.children())


def _of_root(tree: FolderTree, root: LabelRoot) -> Listing:
    places = tree.children(root.place)
    filled = [place for place in places if tree.contents(place).sounds]
    # A few folders one step below are looked into: beside label folders may lie a whole installation of something.
    seen = [below for place in places for below in tree.children(place)[:_LOOKED_INTO]]
    deeper = [below for below in seen if tree.contents(below).sounds]
    holding = {*filled, *(below.rpartition("/")[0] for below in deeper)}
    empty = tuple(name_of(place) for place in places if place not in holding and not is_special(name_of(place)))
    clips = [clip for place in filled if name_of(place) != BACKGROUND_NOISE for clip in clips_of(tree, place)]
    said = f"The labels are the folders in {root.place}." if root.place else "Each folder is a label."
    if root.unlabelled:
        said += f" Left out, for the clips there have no labels: {named(root.unlabelled)}."
    if empty:
        said += f" Left out, for they hold no clips: {named(empty)}."
    if deeper:
        said += f" Left out, for the clips there lie deeper than the others: {named(deeper)}."
    if loose := tree.sounds(root.place):
        said += f" Left out, for they lie beside the folders of labels: {named(loose)}."
    above = (root.place, *_above(root.place))
    noises = noises_of(tree, [*places, *(place for up in above[1:] for place in tree.children(up))])
    return Listing(
        "folders",
        in_order(clips),
        said,
        noises,
        empty,
        is_plain=not (root.place or root.unlabelled or deeper),
        takes_at=root.place,
        lists_at=above,
    )


def clips_of(tree: FolderTree, place: str, part: Part = "") -> list[ListedClip]:
    """Return the clips of a folder that is a label."""
    label = name_of(place)
    return [ListedClip(name, label, "", part) for name in tree.sounds(place)]


def noises_of(tree: FolderTree, places: list[str]) -> tuple[str, ...]:
    """Return the recordings in those of some places that hold background noise."""
    return tuple(name for place in places if name_of(place) == BACKGROUND_NOISE for name in tree.sounds(place))


def in_order(clips: list[ListedClip]) -> tuple[ListedClip, ...]:
    """Return clips label by label, those of special labels last, and within one as their folders are listed."""
    return tuple(sorted(clips, key=lambda clip: (is_special(clip.label), clip.label, clip.name.split("/"))))


def name_of(place: str) -> str:
    """Return the name of a folder by its path."""
    return place.rpartition("/")[2]


def named(names: tuple[str, ...] | list[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _above(place: str) -> tuple[str, ...]:
    steps = place.split("/")
    return tuple("/".join(steps[:count]) for count in range(len(steps) - 1, -1, -1)) if place else ()


def parts_in(tree: FolderTree, place: str) -> dict[str, Part]:
    """Return the folders of a place by the part that each is named after; none unless all that hold sound are."""
    children = [child for child in tree.children(place) if name_of(child) != BACKGROUND_NOISE]
    if len({part_named(name_of(child)) for child in children} - {""}) < 2:
        # Not looked through for sound: beside label folders may lie a whole installation of something.
        return {}
    filled = [child for child in children if tree.has_sound(child)]
    parts: dict[str, Part] = {child: part_named(name_of(child)) for child in filled}
    return parts if len(set(parts.values())) > 1 and all(parts.values()) else {}
