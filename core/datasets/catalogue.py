"""Everything the window shows of a folder: its clips, what is wrong with each, and the part each is used in.

Made by a worker and left in the cache as arrays, so that the window opens hundreds of thousands of rows at once.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from core.cache import cached, require_shape
from core.datasets.clip_facts import ClipFacts, bit, read_facts
from core.datasets.clips import Clip, ClipSet, edited_labels, find_clips
from core.datasets.digest import digest
from core.datasets.edits import NOTHING, ClipEdit, Edits, load_edits
from core.datasets.findings import Finding, find_imbalance, find_in_sound, find_marked, find_unread
from core.datasets.listing import SILENCE, UNKNOWN
from core.datasets.progress import notices
from core.datasets.split import PARTS, Parts, deal_clips, require_all_labels
from core.errors import DataError
from core.events import Emit, ignore
from core.spec import Dataset, Split

NONE = -1
_LIMIT_BYTES = 256 * 1024**2
COLUMNS = np.dtype(
    [
        ("label", "i2"),
        ("used_as", "i2"),
        ("part", "i1"),
        ("speaker", "i4"),
        ("twin", "i4"),
        ("faults", "u2"),
        ("seconds", "f4"),
        ("peak", "f4"),
        ("sample_rate", "i4"),
    ]
)

Ints = NDArray[np.integer[Any]]


class Dealing(BaseModel):
    """What training would do with the clips; `trouble` says why it would refuse them."""

    model_config = ConfigDict(frozen=True)

    labels: tuple[str, ...] = ()
    """Labels told apart, in the order of the outputs."""
    num_cut: tuple[tuple[int, int, int], ...] = ()
    """Clips cut from noise recordings, by label and part: they are in no row."""
    num_speakers: int = 0
    num_shared: int = 0
    """Speakers that are heard in more than one part."""
    given: bool = False
    """Whether the parts are those that the data set itself names."""
    synthetic: bool = False
    warnings: tuple[str, ...] = ()
    """Sentences, those of the findings among them."""
    findings: tuple[Finding, ...] = ()
    """What is wrong with the clips that are used, as a set."""
    trouble: str = ""


@dataclass(frozen=True)
class Catalogue:
    """The clips of a folder in rows, label by label. Indices that lead nowhere are −1."""

    folder: Path
    labels: tuple[str, ...]
    """Labels of the data set, then `_silence_` and `_unknown_`, which any set can have, then labels of edits."""
    names: tuple[str, ...]
    """Paths within the folder, with slashes."""
    speakers: tuple[str, ...]
    columns: NDArray[np.void]
    """By name: label (its own), used_as (index of a label told apart), part, speaker, twin (row of the same
    sound), faults (bits of `clip_facts.FAULTS`), seconds, peak (part of full scale), sample_rate."""
    reasons: Mapping[int, str]
    """Why clips cannot be read, by row."""
    dealing: Dealing
    edits: Edits
    layout: str = "folders"
    """Where labels, speakers and parts come from, as `core.settings.clips.Layout` names it."""
    understood: str = ""
    """The same as a sentence."""

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Rows by name."""
        return {name: row for row, name in enumerate(self.names)}

    @cached_property
    def counts_as(self) -> Ints:
        """Index of the label that each clip counts under, shape (n,)."""
        found: Ints = self.columns["label"].copy()
        for name, edit in self.edits.items():
            if edit.label in self.labels and name in self.row_of:
                found[self.row_of[name]] = self.labels.index(edit.label)
        return found

    @cached_property
    def excluded(self) -> NDArray[np.bool_]:
        """Whether each clip is excluded, shape (n,)."""
        return self._marked(name for name, edit in self.edits.items() if edit.excluded)

    @cached_property
    def edited(self) -> NDArray[np.bool_]:
        """Whether anything about each clip is changed, shape (n,)."""
        return self._marked(self.edits)

    def own_label(self, row: int) -> str:
        """Return the label that the data set itself gives a clip."""
        return self.labels[int(self.columns["label"][row])]

    def edit_of(self, row: int) -> ClipEdit:
        """Return what is changed about a clip."""
        return self.edits.get(self.names[row], NOTHING)

    def with_edits(self, changes: Edits) -> "Catalogue":
        """Return the same clips under further edits; how they are dealt is known when they are dealt anew."""
        edits = {name: edit for name, edit in {**self.edits, **changes}.items() if edit != NOTHING}
        columns = self.columns.copy()
        gone = [self.row_of[name] for name in changes if name in self.row_of and edits.get(name, NOTHING).excluded]
        columns["part"][gone] = columns["used_as"][gone] = NONE
        return replace(self, labels=_with_edited(self.labels, edits), edits=edits, columns=columns)

    def _marked(self, names: Iterable[str]) -> NDArray[np.bool_]:
        found = np.zeros(len(self.names), np.bool_)
        found[[self.row_of[name] for name in names if name in self.row_of]] = True
        return found


@dataclass(frozen=True)
class LabelRow:
    """One label in figures. Excluded clips count only as such."""

    label: str
    num_clips: int
    seconds: float
    num_speakers: int
    parts: tuple[int, int, int]
    """Clips used to train, choose and test."""
    num_faulty: int
    num_excluded: int


def label_rows(catalogue: Catalogue) -> tuple[LabelRow, ...]:
    """Return each label in figures, in the order of the catalogue's labels."""
    columns, dealing = catalogue.columns, catalogue.dealing
    used = np.zeros((len(dealing.labels), len(PARTS)), np.int64)
    dealt = np.flatnonzero(columns["part"] != NONE)
    np.add.at(used, (columns["used_as"][dealt], columns["part"][dealt]), 1)
    found = []
    for place, label in enumerate(catalogue.labels):
        own = catalogue.counts_as == place
        kept = own & ~catalogue.excluded
        parts, num_cut = np.zeros(len(PARTS), np.int64), 0
        if label in dealing.labels:
            index = dealing.labels.index(label)
            num_cut = sum(dealing.num_cut[index])
            parts = used[index] + dealing.num_cut[index]
        speakers = np.unique(columns["speaker"][kept])
        found.append(
            LabelRow(
                label=label,
                num_clips=int(kept.sum()) + num_cut,
                seconds=float(columns["seconds"][kept].sum()),
                num_speakers=int((speakers != NONE).sum()),
                parts=(int(parts[0]), int(parts[1]), int(parts[2])),
                num_faulty=int((columns["faults"][kept] != 0).sum()),
                num_excluded=int((own & catalogue.excluded).sum()),
            )
        )
    return tuple(found)


def split_check(dealing: Dealing, rule: str) -> str:
    """Say in a sentence whether a speaker is heard in two parts."""
    if rule == "all":
        return "Every clip trains; none is left to choose or to test."
    # That it is the data set's own split stands among the warnings.
    by = "" if dealing.given and rule == "speaker" else f"Split by {_RULES[rule]}: "
    if dealing.num_shared:
        return (
            f"{dealing.num_shared:,} of {dealing.num_speakers:,} speakers are in more than one part, so accuracy is "
            f"overstated{'' if dealing.given else '; split by speaker on the Experiment page'}."
        )
    if dealing.num_speakers:
        return f"{by}{dealing.num_speakers:,} speakers, none of them in two parts."
    return f"{by}no clip names its speaker, so a voice may be in two parts."


_RULES = {"speaker": "speaker", "lists": "the folder's lists", "random": "clip"}


def make_catalogue(dataset: Dataset, split: Split, emit: Emit = ignore) -> Path:
    """Listen to what is new in a data set's folder, deal its clips, and leave the catalogue in the cache.

    Raises DataError when there is no such folder, it has no labels, or its list of edits cannot be read.
    """
    folder = Path(dataset.folder).expanduser()
    facts = read_facts(folder, emit, dataset.layout, split.speaker_pattern)
    edits = load_edits(folder)
    columns, speakers = _describe(facts)
    dealing = _deal(facts, columns, dataset, split, edits)
    rest = json.dumps(
        {
            "labels": _with_edited((*facts.labels, SILENCE, UNKNOWN), edits),
            "speakers": speakers,
            "reasons": facts.reasons,
            "dealing": dealing.model_dump(),
            "layout": facts.listing.layout,
            "understood": facts.listing.sentence,
            "edits": {name: edit.model_dump(exclude_defaults=True) for name, edit in edits.items()},
        }
    )
    names = json.dumps(facts.names)

    def fill(scratch: Path) -> None:
        np.save(scratch / "columns.npy", columns)
        (scratch / "names.json").write_text(names, encoding="ascii")
        (scratch / "rest.json").write_text(rest, encoding="ascii")

    def read(kept: Path) -> Path:
        require_shape(open_catalogue(kept, folder).columns, (len(facts.names),))
        return kept

    key = digest(columns, names, rest)
    return cached("catalogue", key, fill, read, _LIMIT_BYTES, notices(emit, "Making the catalogue"))


def _with_edited(labels: Sequence[str], edits: Edits) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*labels, *sorted(edited_labels(edits)))))


def open_catalogue(kept: Path, folder: Path) -> Catalogue:
    """Read the catalogue of a folder that `make_catalogue` left."""
    rest = json.loads((kept / "rest.json").read_bytes())
    return Catalogue(
        folder=folder,
        labels=tuple(rest["labels"]),
        names=tuple(json.loads((kept / "names.json").read_bytes())),
        speakers=tuple(rest["speakers"]),
        columns=np.load(kept / "columns.npy"),
        reasons={int(row): why for row, why in rest["reasons"].items()},
        dealing=Dealing.model_validate(rest["dealing"]),
        edits={name: ClipEdit.model_validate(values) for name, values in rest["edits"].items()},
        layout=rest["layout"],
        understood=rest["understood"],
    )


def _describe(facts: ClipFacts) -> tuple[NDArray[np.void], tuple[str, ...]]:
    columns = np.zeros(len(facts.names), COLUMNS)
    for name in ("faults", "seconds", "peak", "sample_rate"):
        columns[name] = facts.columns[name]
    columns["label"] = facts.label_rows
    columns["used_as"] = columns["part"] = columns["twin"] = NONE
    for rows in facts.twins():
        columns["twin"][rows] = np.roll(rows, -1)
    spoken_by = [clip.speaker for clip in facts.clips]
    speakers = tuple(sorted({*spoken_by} - {""}))
    place = {speaker: index for index, speaker in enumerate(speakers)} | {"": NONE}
    columns["speaker"] = [place[speaker] for speaker in spoken_by]
    return columns, speakers


def _deal(facts: ClipFacts, columns: NDArray[np.void], dataset: Dataset, split: Split, edits: Edits) -> Dealing:
    """Fill in what each clip is used as and in which part, as training would; return the rest of it."""
    row_of = {str(facts.folder / name): row for row, name in enumerate(facts.names)}
    corrupt = {facts.folder / facts.names[row] for row in np.flatnonzero(columns["faults"] & bit("corrupt"))}
    trouble = ""
    try:
        found = find_clips(dataset, split.speaker_pattern)
        readable = replace(found, clips=tuple(clip for clip in found.clips if clip.path not in corrupt))
        parts = deal_clips(readable, split)
    except DataError as error:
        return Dealing(trouble=str(error), findings=tuple(find_unread(facts.listing.unread)))
    try:
        require_all_labels(readable, parts, split)
    except DataError as error:
        trouble = str(error)
    num_cut = np.zeros((len(found.labels), len(PARTS)), np.int64)
    heard_in: dict[str, set[int]] = {}
    for place, clip in _in_parts(readable, parts):
        row = row_of.get(str(clip.path)) if not clip.stretch else None
        if row is None:
            num_cut[clip.target, place] += 1
            continue
        columns["used_as"][row], columns["part"][row] = clip.target, place
        if clip.speaker:
            heard_in.setdefault(clip.speaker, set()).add(place)
    by_hand = np.array([edits.get(name, NOTHING).start_ms is not None for name in facts.names], np.bool_)
    findings = (
        *find_unread(found.unread),
        *find_imbalance(Counter(found.labels[clip.target] for clip in readable.clips)),
        *find_in_sound(found.labels, columns["used_as"], facts.heard, dataset, by_hand),
        *find_marked(facts.heard[columns["used_as"] >= 0]),
    )
    return Dealing(
        labels=found.labels,
        num_cut=tuple((int(train), int(validation), int(test)) for train, validation, test in num_cut),
        num_speakers=len(heard_in),
        num_shared=sum(len(places) > 1 for places in heard_in.values()),
        given=found.has_parts,
        synthetic=found.synthetic,
        warnings=(*found.warnings, *parts.warnings, *(f"{finding.meaning}." for finding in findings)),
        findings=findings,
        trouble=trouble,
    )


def _in_parts(found: ClipSet, parts: Parts) -> Iterable[tuple[int, Clip]]:
    for place, name in enumerate(PARTS):
        for row in getattr(parts, name).tolist():
            yield place, found.clips[row]
