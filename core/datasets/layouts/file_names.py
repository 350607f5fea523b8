"""The label is in the file's name, as in 7_jackson_0.wav, go.12ab.wav or yes (3).wav; folders may be parts."""

import re
from collections import defaultdict
from collections.abc import Sequence

from core.datasets.folder_tree import FolderTree
from core.datasets.layouts.folders import in_order, name_of, named, noises_of, parts_in
from core.datasets.listing import BACKGROUND_NOISE, LEAST_SPEAKERS, ListedClip, Listing, Part

_PIECES = re.compile(r"[_\-. ()]+")
_COUNTER = re.compile(r"\d+|(?=\w*\d)[0-9a-z]{4,}", re.IGNORECASE)
_NUMBERED = re.compile(r"([^\W\d_]+)\d+")
_LONGEST_NUMBER = 3
"""Digits of a number that may be a word; longer ones are dates, times and identifiers."""
_MOSTLY = 0.9
_FILLED = 0.5


def read(tree: FolderTree) -> Listing | None:
    """Return the clips with the labels that their names tell; None where they tell none that make sense."""
    places = _places(tree)
    files = [(name, part) for place, part in places.items() for name in tree.sounds(place)]
    told = _tell([name.rpartition("/")[2] for name, _ in files])
    if told is None:
        return None
    are_speakers = len({speaker for _, speaker in told} - {""}) >= LEAST_SPEAKERS
    clips = [
        ListedClip(name, label, speaker if are_speakers else "", part)
        for (name, part), (label, speaker) in zip(files, told, strict=True)
        if label
    ]
    example = clips[0]
    said = f"The label is in the file's name: {example.name.rpartition('/')[2]} is {example.label}"
    said += f", spoken by {example.speaker}." if example.speaker else "."
    if any(places.values()):
        said += f" The folders {named([place for place, part in places.items() if part])} are parts."
    if len(clips) < len(files):
        said += f" {len(files) - len(clips):,} files whose names tell no label are left out."
    noises = noises_of(tree, [child for place in ("", *places) for child in tree.children(place)])
    return Listing("file_names", in_order(clips), said, noises)


def read_by_speaker(tree: FolderTree) -> Listing | None:
    """Return clips whose folders are speakers, as in AudioMNIST's 01/7_01_0.wav; None where they are not."""
    place = ""
    while len(tree.children(place)) == 1 and not tree.contents(place).sounds:
        place = tree.children(place)[0]
    clips = []
    num_files = 0
    for child in tree.children(place):
        speaker = name_of(child)
        for name in tree.sounds(child):
            num_files += 1
            pieces = _pieces(name_of(name))
            if len(pieces) == 3 and pieces[1] == speaker:
                clips.append(ListedClip(name, pieces[0], speaker))
    if len(clips) < max(1, _MOSTLY * num_files) or len({clip.label for clip in clips}) < 2:
        return None
    first = clips[0]
    said = (
        f"The folders are speakers and the label is in the file's name: {name_of(first.name)} is {first.label}, "
        f"spoken by {first.speaker}."
    )
    return Listing("file_names", in_order(clips), said, noises_of(tree, list(tree.children(place))))


def _places(tree: FolderTree) -> dict[str, Part]:
    """Return the folders that hold the clips, with their parts where they are named after parts."""
    place = ""
    while not tree.contents(place).sounds:
        parts = parts_in(tree, place)
        if parts:
            return parts
        filled = [
            child for child in tree.children(place) if name_of(child) != BACKGROUND_NOISE and tree.has_sound(child)
        ]
        if len(filled) != 1:
            return {}
        place = filled[0]
    return {place: ""}


def _tell(files: Sequence[str]) -> list[tuple[str, str]] | None:
    """Return label and speaker of each file, empty where its name does not tell; None where that is no way to read it.

    Counters and hashes at the end are passed over. Of two words left the first is the label and the second the
    speaker, where most speakers said most labels; otherwise all that is left is the label, as in turn_on_03.wav.
    """
    words = [_words(file) for file in files]
    spoken = _are_label_and_speaker({pair for pair in words if len(pair) == 2})
    told = [(pieces[0], pieces[1]) if spoken and len(pieces) == 2 else ("_".join(pieces), "") for pieces in words]
    labels = {label for label, _ in told if label}
    num_told = sum(bool(label) for label, _ in told)
    makes_sense = len(labels) >= 2 and num_told >= 2 * len(labels) and num_told >= _MOSTLY * len(files)
    return told if makes_sense else None


def _words(file: str) -> tuple[str, ...]:
    """Return what a file's name says before its counters: words, or one short number."""
    stem = file.rpartition(".")[0]
    word, hashed, _ = stem.partition("_nohash_")
    if hashed:
        # What stands before it is the speaker, after a word.
        return tuple(_pieces(f"{word}.wav")[:-1])
    pieces = _pieces(file)
    while len(pieces) > 1 and _COUNTER.fullmatch(pieces[-1]):
        pieces.pop()
    if len(pieces) == 1 and (numbered := _NUMBERED.fullmatch(pieces[0])):
        return (numbered[1],)
    is_identifier = len(pieces) == 1 and pieces[0].isdigit() and len(pieces[0]) > _LONGEST_NUMBER
    is_counter = len(pieces) == 1 and len(_pieces(file)) == 1 and pieces[0].isdigit()
    return () if is_identifier or is_counter else tuple(pieces)


def _pieces(file: str) -> list[str]:
    return [piece for piece in _PIECES.split(file.rpartition(".")[0]) if piece]


def _are_label_and_speaker(pairs: set[tuple[str, ...]]) -> bool:
    said_by: dict[str, set[str]] = defaultdict(set)
    for label, speaker in pairs:
        said_by[speaker].add(label)
    labels = {label for label, _ in pairs}
    return len(labels) >= 2 and len(pairs) >= _FILLED * len(labels) * len(said_by)
