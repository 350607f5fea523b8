"""An export of Edge Impulse: folders training and testing, and a list `info.labels` of what is in them.

https://docs.edgeimpulse.com/docs/tools/edge-impulse-cli/cli-uploader
"""

import json
from collections.abc import Mapping
from typing import Any

from core.datasets.folder_tree import FolderTree, SoundIndex, within
from core.datasets.layouts.folders import in_order, noises_of
from core.datasets.layouts.table import SPEAKERS
from core.datasets.listing import ListedClip, Listing, label_told, part_named
from core.errors import DataError

FILE = "info.labels"


def read(tree: FolderTree) -> Listing | None:
    """Return the clips that the list names; None where there is none.

    Raises DataError naming a list that cannot be read.
    """
    place = ""
    while FILE not in tree.contents(place).texts:
        if len(tree.children(place)) != 1:
            return None
        place = tree.children(place)[0]
    path = within(place, FILE)
    try:
        files = json.loads(tree.read_text(path))["files"]
        entries = [entry for entry in files if isinstance(entry, Mapping)]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{tree.folder / path}: cannot be read as an Edge Impulse list; fix or remove it, or choose another "
            "layout (dataset.layout)"
        ) from error
    index = SoundIndex(tree, place)
    clips: dict[str, ListedClip] = {}
    for entry in entries:
        name, label = index.find(str(entry.get("path", ""))), _label(entry)
        if name is not None and label:
            part = part_named(str(entry.get("category", "")))
            clips.setdefault(name, ListedClip(name, label, _speaker(entry), part))
    if not clips:
        return None
    said = f"An export of Edge Impulse: labels and parts are those of {path}."
    left_out = len(index.names) - len(clips)
    if left_out:
        said += f" {left_out:,} clips that it gives no label are left out."
    return Listing("edge_impulse", in_order(list(clips.values())), said, noises_of(tree, list(tree.places(place))))


def _label(entry: Mapping[str, Any]) -> str:
    label = entry.get("label")
    if isinstance(label, Mapping):
        label = label.get("label")
    return label_told(label) if isinstance(label, str) else ""


def _speaker(entry: Mapping[str, Any]) -> str:
    facts = entry.get("metadata")
    if not isinstance(facts, Mapping):
        return ""
    return next((label_told(str(value)) for key, value in facts.items() if str(key).lower() in SPEAKERS), "")
