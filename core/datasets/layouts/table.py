"""Clips beside tables of word, speaker and part: Common Voice, Multilingual Spoken Words, and tables of one's own."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.datasets.folder_tree import FolderTree, SoundIndex, within
from core.datasets.layouts.folders import in_order, name_of, noises_of
from core.datasets.listing import ListedClip, Listing, Part, label_told, part_named

PATHS = (
    "path", "file_path", "filepath", "file", "filename", "file_name", "link", "clip", "wav", "wav_file", "audio",
    "audio_file", "fname", "slice_file_name",
)  # fmt: skip
WORDS = ("word", "label", "keyword", "command", "category", "class", "sentence", "text", "transcript", "transcription")
SPEAKERS = ("speaker", "speaker_id", "speakerid", "client_id", "spk", "spk_id", "user_id", "user", "participant")
PARTS = ("split", "set", "subset", "part", "partition")
VALID = ("valid", "is_valid")
_NO = ("false", "0", "no")
_NOT_MEANT = ("invalidated", "other", "reported")
_PART_AT_END = re.compile(r"(?:^|[_\-. ])([a-z]+)$")
_HEADINGS_BYTES = 64 * 1024
_LEAST_OF_FILES, _MOSTLY = 0.1, 0.5


@dataclass(frozen=True)
class _Table:
    """A table that names clips and their words, by the columns that say so."""

    path: str
    rows: Sequence[Sequence[str]]
    columns: dict[str, int]
    headings: dict[str, str]

    @property
    def stem(self) -> str:
        return name_of(self.path).rpartition(".")[0].lower()

    @property
    def part(self) -> Part:
        """The part that the table itself is named after."""
        found = _PART_AT_END.search(self.stem)
        return part_named(found[1]) if found else ""

    def cell(self, row: Sequence[str], kind: str) -> str:
        place = self.columns.get(kind)
        return label_told(row[place]) if place is not None and place < len(row) else ""


def read(tree: FolderTree) -> Listing | None:
    """Return the clips that tables name; None where no table names enough of them."""
    place = _place(tree)
    if place is None:
        return None
    tables = _chosen(list(_tables(tree, place)))
    if not tables:
        return None
    index = SoundIndex(tree, place)
    clips: dict[str, ListedClip] = {}
    num_rows = 0
    contradicted = set()
    for table in tables:
        for row in table.rows:
            num_rows += 1
            clip = _clip(table, row, index)
            if clip is not None and clips.setdefault(clip.name, clip).label != clip.label:
                contradicted.add(clip.name)
    enough = len(clips) >= _LEAST_OF_FILES * len(index.names) and (
        len(clips) >= _MOSTLY * len(index.names) or len(clips) >= _MOSTLY * num_rows
    )
    if not clips or not enough or len({clip.label for clip in clips.values()}) < 2:
        return None
    noises = noises_of(tree, list(tree.places(place)))
    left_out = len(index.names) - len(clips) - len(noises)
    said = _sentence(tables, left_out)
    if contradicted:
        said += f" Clips whose rows give several labels: {len(contradicted):,}; the first is taken."
    return Listing("table", in_order(list(clips.values())), said, noises)


def _place(tree: FolderTree) -> str | None:
    """Return the place that holds tables, itself or in a folder of it, going down while there is one way."""
    place = ""
    while not any(_names(tree, at) for at in (place, *tree.children(place))):
        children = tree.children(place)
        if len(children) != 1:
            return None
        place = children[0]
    return place


def _names(tree: FolderTree, place: str) -> list[str]:
    return [within(place, name) for name in tree.contents(place).texts if name.lower().endswith((".csv", ".tsv"))]


def _tables(tree: FolderTree, place: str) -> Iterator[_Table]:
    """Yield the tables that name clips and words; those beside the clips come before those in folders."""
    for path in (name for at in (place, *tree.children(place)) for name in _names(tree, at)):
        # The headings first: a long table of something else is not read.
        headings = [heading.strip() for heading in _headings(tree.read_text(path, _HEADINGS_BYTES))]
        columns = _columns(headings)
        if {"path", "word"} <= columns.keys():
            rows = _rows(tree.read_text(path))[1:]
            yield _Table(path, rows, columns, {kind: headings[at] for kind, at in columns.items()})


def _columns(headings: Sequence[str]) -> dict[str, int]:
    """Return where a table says what, by the names that such columns have."""
    plain = [heading.lower().replace(" ", "_") for heading in headings]
    kinds = {"path": PATHS, "word": WORDS, "speaker": SPEAKERS, "part": PARTS, "valid": VALID}
    found = {kind: next((name for name in names if name in plain), None) for kind, names in kinds.items()}
    return {kind: plain.index(name) for kind, name in found.items() if name is not None}


def _headings(beginning: bytes) -> list[str]:
    first, newline, _ = beginning.partition(b"\n")
    rows = _rows(first) if newline else []
    return rows[0] if rows else []


def _rows(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig", errors="replace").replace("\0", "")
    first = text.partition("\n")[0]
    delimiter = max("\t,;", key=first.count)
    if delimiter == "\t":
        # Sentences of Common Voice hold quotation marks that close nowhere.
        return [line.rstrip("\r").split("\t") for line in text.split("\n")]
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error:
        # A field of more than 128 kB: some other file, for another purpose.
        return []


def _chosen(tables: list[_Table]) -> list[_Table]:
    """Return the tables that say most: those with parts, else those of parts, else what was validated."""
    with_parts = [table for table in tables if "part" in table.columns]
    of_parts = [table for table in tables if table.part]
    validated = [table for table in tables if table.stem == "validated"]
    rest = [table for table in tables if table.stem not in _NOT_MEANT]
    return with_parts or of_parts or validated or rest


def _clip(table: _Table, row: Sequence[str], index: SoundIndex) -> ListedClip | None:
    word = table.cell(row, "word")
    if not word or table.cell(row, "valid").lower() in _NO:
        return None
    name = index.find(row[table.columns["path"]] if table.columns["path"] < len(row) else "")
    if name is None:
        return None
    part = part_named(table.cell(row, "part")) if "part" in table.columns else table.part
    return ListedClip(name, word, table.cell(row, "speaker"), part)


def _sentence(tables: list[_Table], left_out: int) -> str:
    first = tables[0]
    told = {"word": "label", "speaker": "speaker", "part": "part"}
    columns = [f"{words} in {first.headings[kind]}" for kind, words in told.items() if kind in first.headings]
    files = ", ".join(name_of(table.path) for table in tables)
    said = f"The clips are described by {files}: {', '.join(columns)}"
    if "part" not in first.columns and first.part:
        said += ", one table for each part"
    return said + "." + (f" {left_out:,} clips that {files} does not name are left out." if left_out > 0 else "")
