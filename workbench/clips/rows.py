"""Which clips of a catalogue are shown, in which order, and what their cells say. Knows nothing of Qt."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.datasets.catalogue import NONE, Catalogue
from core.datasets.clip_facts import FAULTS, MEANINGS, bit
from core.datasets.edits import NOTHING
from core.datasets.listing import UNKNOWN
from core.evaluation.verdicts import Verdicts, unlike
from workbench import number_format

Ints = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]

PART_WORDS = ("train", "validation", "test")
FAULT_WORDS = {
    "corrupt": "unreadable",
    "silent": "silent",
    "clipped": "clipped",
    "short": "too short",
    "offset": "DC offset",
    "duplicate": "duplicate",
    "contradiction": "under two labels",
    "cut": "cut short",
    "scaled": "divided",
}
ANY_FAULT, UNLIKE, EXCLUDED, CHANGED = "any fault", "unlike", "excluded", "changed"
COLUMNS = ("Label", "Clip", "Speaker", "Part", "s", "Problem", "Sounds like")
LABEL, NAME, SPEAKER, PART, SECONDS, PROBLEM, SOUNDS_LIKE = range(len(COLUMNS))
MEANINGS_OF_COLUMNS = (
    "Label the clip counts under; with an arrow when that is not its own",
    "Name of the file",
    "Speaker, where the data set says it",
    "What the clip is used for: to train, to choose the best epoch, to test",
    "Duration in seconds",
    "What is wrong with the file",
    "What the model takes the clip for, and how sure it is",
)


@dataclass(frozen=True)
class ClipFilter:
    """What a clip must be to be shown."""

    labels: tuple[str, ...] = ()
    """Labels it may count under; none named means any."""
    part: int | None = None
    """Place among the parts, NONE for clips that are not used, None for all."""
    problem: str = ""
    """A fault, ANY_FAULT, UNLIKE, EXCLUDED or CHANGED; empty for all."""
    words: str = ""
    """Pieces of file name or speaker, all of which must be there."""


class ClipRows:
    """The rows of a catalogue that pass a filter. They stay where they are while clips are edited."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.verdicts: Verdicts | None = None
        self.filter = ClipFilter()
        self.sorted_by: tuple[int, bool] | None = None
        """Column and whether it descends; None leaves the order of the folder, or of the model's mistakes."""
        self.shown: Ints = np.arange(len(catalogue.names))

    def lists(self, catalogue: Catalogue) -> bool:
        """Tell whether a catalogue is of the same clips, so that every row can stay where it is."""
        return (catalogue.folder, catalogue.names) == (self.catalogue.folder, self.catalogue.names)

    def renew(self, catalogue: Catalogue) -> None:
        """Take over another catalogue of the same folder."""
        self.catalogue = catalogue
        self._forget()

    def judge(self, verdicts: Verdicts | None) -> None:
        """Take over what a model thinks of the clips."""
        self.verdicts = verdicts
        self._forget()

    def _forget(self) -> None:
        for name in ("_targets", "_verdict_rows", "_searchable", "unlike_rows"):
            self.__dict__.pop(name, None)

    # Order

    def arrange(self) -> None:
        """Filter and sort anew."""
        wanted = self.filter
        flags = np.ones(len(self.catalogue.names), np.bool_)
        if wanted.labels:
            places = [self.catalogue.labels.index(label) for label in wanted.labels if label in self.catalogue.labels]
            flags &= np.isin(self.catalogue.counts_as, places)
        if wanted.part is not None:
            flags &= self.catalogue.columns["part"] == wanted.part
        if wanted.problem:
            flags &= self._with_problem(wanted.problem)
        for word in wanted.words.casefold().split():
            flags &= np.fromiter((word in name for name in self._searchable), np.bool_, len(flags))
        rows = self.unlike_rows if wanted.problem == UNLIKE else np.arange(len(flags))
        self.shown = self._sorted(rows[flags[rows]])

    def _with_problem(self, problem: str) -> Flags:
        catalogue = self.catalogue
        if problem == EXCLUDED:
            return catalogue.excluded
        if problem == CHANGED:
            return catalogue.edited & ~catalogue.excluded
        if problem == UNLIKE:
            flags = np.zeros(len(catalogue.names), np.bool_)
            flags[self.unlike_rows] = True
            return flags
        bits = sum(map(bit, FAULTS)) if problem == ANY_FAULT else bit(problem)
        return (catalogue.columns["faults"] & bits) != 0

    def _sorted(self, rows: Ints) -> Ints:
        if self.sorted_by is None:
            return rows
        column, descends = self.sorted_by
        keys = self._keys(column, rows)
        order = np.argsort(keys, kind="stable")
        # Reversed before and after, so that equal ones keep their order.
        return rows[::-1][np.argsort(keys[::-1], kind="stable")][::-1] if descends else rows[order]

    def _keys(self, column: int, rows: Ints) -> NDArray[Any]:
        columns = self.catalogue.columns
        if column == NAME:
            return np.array([self.catalogue.names[row].rpartition("/")[2] for row in rows.tolist()], object)
        if column == LABEL:
            return self.catalogue.counts_as[rows]
        if column == PROBLEM:
            return columns["faults"][rows] | (self.catalogue.excluded[rows].astype(np.uint16) << len(FAULTS))
        if column == SOUNDS_LIKE:
            return self._confidence(rows)
        return columns[{SPEAKER: "speaker", PART: "part", SECONDS: "seconds"}[column]][rows]

    def _confidence(self, rows: Ints) -> NDArray[np.float32]:
        """Return how sure the model is that each clip is something else; below zero where it is not, or not judged."""
        found = np.full(len(self.catalogue.names), -1, np.float32)
        if self.verdicts is not None:
            judged = self.unlike_rows
            found[judged] = self.verdicts.probabilities[self._verdict_rows[judged]].max(axis=1)
        return found[rows]

    @cached_property
    def _searchable(self) -> list[str]:
        return [name.rpartition("/")[2].casefold() for name in self.catalogue.names]

    # What a model thinks

    @cached_property
    def _verdict_rows(self) -> Ints:
        """Row of each clip among the verdicts, −1 where it was not judged."""
        known = self.verdicts.row_of if self.verdicts else {}
        return np.array([known.get(name, NONE) for name in self.catalogue.names], np.int64)

    @cached_property
    def _targets(self) -> Ints:
        """Index of the label that each clip counts under among those of the model, −1 where it has none."""
        labels = self.verdicts.labels if self.verdicts else ()
        other = labels.index(UNKNOWN) if UNKNOWN in labels else NONE
        place = [labels.index(label) if label in labels else other for label in self.catalogue.labels]
        return np.array(place, np.int64)[self.catalogue.counts_as]

    @cached_property
    def unlike_rows(self) -> Ints:
        """Clips that the model takes for something else, the surest mistake first; excluded ones are none."""
        if self.verdicts is None:
            return np.zeros(0, np.int64)
        rows = np.flatnonzero((self._verdict_rows != NONE) & ~self.catalogue.excluded)
        found = unlike(self.verdicts.probabilities[self._verdict_rows[rows]], self._targets[rows])
        return rows[found]

    def verdict_words(self, row: int) -> str:
        """Return what the model takes a clip for: "stop 97 %"; nothing when it was not judged."""
        if self.verdicts is None or self._verdict_rows[row] == NONE:
            return ""
        probabilities = self.verdicts.probabilities[self._verdict_rows[row]]
        best = int(probabilities.argmax())
        return f"{self.verdicts.labels[best]} {100 * probabilities[best]:.0f} %"

    def is_unlike(self, row: int) -> bool:
        """Tell whether the model takes a clip for something else than its label."""
        if self.verdicts is None or self._verdict_rows[row] == NONE or self._targets[row] == NONE:
            return False
        return int(self.verdicts.probabilities[self._verdict_rows[row]].argmax()) != self._targets[row]

    # Cells

    def label_words(self, row: int) -> str:
        """Return the label of a clip; when it is not its own, both with an arrow."""
        own = self.catalogue.own_label(row)
        label = self.catalogue.edit_of(row).label
        return f"{own} → {label}" if label and label != own else own

    def problem_words(self, row: int) -> str:
        """Return what is wrong with a clip, and that it is excluded or trimmed, in a few words."""
        edit = self.catalogue.edit_of(row)
        bits = int(self.catalogue.columns["faults"][row])
        words = ["excluded"] * edit.excluded + [FAULT_WORDS[kind] for kind in FAULTS if bits & bit(kind)]
        return ", ".join(words + ["trimmed"] * (edit.start_ms is not None))

    def speaker_of(self, row: int) -> str:
        """Return the speaker of a clip, or nothing."""
        place = int(self.catalogue.columns["speaker"][row])
        return self.catalogue.speakers[place] if place != NONE else ""

    def part_words(self, row: int) -> str:
        """Return the part of a clip, and as what it is used when that is not its label."""
        part = int(self.catalogue.columns["part"][row])
        return PART_WORDS[part] if part != NONE else number_format.NOTHING

    def text(self, row: int, column: int) -> str:
        """Return what a cell says."""
        if column == LABEL:
            own, arrow, label = self.label_words(row).partition(" → ")
            return f"→ {label}" if arrow else own
        if column == NAME:
            return self.catalogue.names[row].rpartition("/")[2]
        if column == SPEAKER:
            return self.speaker_of(row) or number_format.NOTHING
        if column == PART:
            return self.part_words(row)
        if column == SECONDS:
            seconds = float(self.catalogue.columns["seconds"][row])
            return f"{seconds:.2f}" if seconds else number_format.NOTHING
        return self.problem_words(row) if column == PROBLEM else self.verdict_words(row)

    def sentences(self, row: int) -> list[str]:
        """Return what is to be said about a clip, a sentence each."""
        catalogue, edit = self.catalogue, self.catalogue.edit_of(row)
        bits = int(catalogue.columns["faults"][row])
        said = [_FAULT_SENTENCES[kind] for kind in _FAULT_SENTENCES if bits & bit(kind)]
        if row in catalogue.reasons:
            said.append(catalogue.reasons[row].removeprefix(f"{catalogue.folder}/") + ".")
        if (twin := int(catalogue.columns["twin"][row])) != NONE:
            said.append(f"Same sound as {catalogue.names[twin]}.")
        if edit.excluded:
            said.append("Excluded: used nowhere.")
        if edit != NOTHING and edit.label and not edit.excluded:
            said.append(f"Counts as {edit.label}.")
        if self.is_unlike(row):
            said.append(self._doubt(row))
        return said

    def _doubt(self, row: int) -> str:
        assert self.verdicts is not None
        probabilities, target = self.verdicts.probabilities[self._verdict_rows[row]], int(self._targets[row])
        best = int(probabilities.argmax())
        taken, label = self.verdicts.labels[best], self.verdicts.labels[target]
        return (
            f"The model takes it for {taken} ({100 * probabilities[best]:.0f} %), "
            f"not for {label} ({100 * probabilities[target]:.0f} %)."
        )


_FAULT_SENTENCES = {
    kind: f"{FAULT_WORDS[kind].capitalize()}: {MEANINGS[kind]}." for kind in ("silent", "clipped", "short")
} | {"offset": f"DC offset: {MEANINGS['offset']}."}
