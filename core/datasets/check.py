"""Looking through a folder of clips for what would spoil a training."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from core.datasets import clip_facts
from core.datasets.clip_facts import ClipFacts, bit, read_facts
from core.datasets.clips import SYNTHETIC_MARKER, SYNTHETIC_PREFIX
from core.datasets.edits import NOTHING, load_edits
from core.datasets.findings import Finding, find_imbalance, find_in_sound, find_unread
from core.datasets.listing import SILENCE, UNKNOWN, ListedClip
from core.events import Emit, ignore
from core.settings.clips import Layout
from core.spec import Dataset

Key = TypeVar("Key")


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True)


class LabelReport(_Reported):
    """What the clips of one label are like. Durations in seconds; None where no clip could be read."""

    label: str
    num_clips: int
    num_speakers: int = Field(description="Speakers that the names tell; 0 where they tell none.")
    min_s: float | None
    median_s: float | None
    max_s: float | None


class DataReport(_Reported):
    """Everything that `data check` tells of a folder."""

    folder: str
    synthetic: bool
    num_clips: int
    num_speakers: int
    labels: tuple[LabelReport, ...]
    sample_rates: dict[int, int] = Field(description="Clips by rate in Hz.")
    formats: dict[str, int] = Field(description="Clips by format of the file.")
    encodings: dict[str, int] = Field(description="Clips by width and encoding.")
    channels: dict[int, int] = Field(description="Clips by number of channels.")
    findings: tuple[Finding, ...]
    layout: str = Field(description="Where labels, speakers and parts come from.")
    understood: str = Field(description="The same as a sentence.")
    parts: dict[str, int] = Field(description="Clips by the part that the data set itself puts them in, if any.")


def check_folder(
    folder: Path, emit: Emit = ignore, layout: Layout = "automatic", speaker_pattern: str = ""
) -> DataReport:
    """Read every clip of a folder and report what is in it, and what is wrong with it.

    Raises DataError when there is no such folder, it has no labels, or it is not laid out as the layout says.
    """
    facts = read_facts(folder, emit, layout, speaker_pattern)
    heard = facts.columns[facts.columns["sound"] != 0]
    return DataReport(
        folder=str(folder),
        synthetic=(folder / SYNTHETIC_MARKER).is_file() or any(map(_is_made, facts.names)),
        num_clips=len(facts.names),
        num_speakers=_num_speakers(facts.clips),
        labels=tuple(_describe(facts, place) for place in range(len(facts.labels))),
        sample_rates=_count(heard["sample_rate"].tolist()),
        formats=_count(name.decode() for name in heard["file_format"].tolist()),
        encodings=_count(encoding.decode() for encoding in heard["encoding"].tolist()),
        channels=_count(heard["num_channels"].tolist()),
        findings=tuple(_find(facts)),
        layout=facts.listing.layout,
        understood=facts.listing.sentence,
        parts=_count([clip.part for clip in facts.clips if clip.part]) if facts.listing.has_parts else {},
    )


def _find(facts: ClipFacts) -> Iterator[Finding]:
    filled = {clip.label for clip in facts.clips}
    empty = tuple(label for label in facts.labels if label not in filled)
    if empty:
        yield Finding(kind="empty_label", meaning="label folder without clips", files=empty)
    for kind, meaning in clip_facts.MEANINGS.items():
        files = tuple(_files_with(facts, kind))
        if files:
            yield Finding(kind=kind, meaning=meaning, files=files)
    yield from find_unread(facts.listing.unread)
    yield from find_imbalance(Counter(clip.label for clip in facts.clips if clip.label not in (SILENCE, UNKNOWN)))
    edits = load_edits(facts.folder)
    by_hand = np.array([edits.get(name, NOTHING).start_ms is not None for name in facts.names], np.bool_)
    yield from find_in_sound(facts.labels, facts.label_rows, facts.heard, Dataset(), by_hand)


def _files_with(facts: ClipFacts, kind: str) -> Iterator[str]:
    rows = np.flatnonzero(facts.columns["faults"] & bit(kind))
    if kind == "corrupt":
        yield from (facts.reasons[row] for row in rows.tolist())
    elif kind in ("duplicate", "contradiction"):
        marked = set(rows.tolist())
        yield from (" = ".join(facts.names[row] for row in twins) for twins in facts.twins() if twins[0] in marked)
    else:
        yield from (facts.names[row] for row in rows.tolist())


def _describe(facts: ClipFacts, place: int) -> LabelReport:
    rows = np.flatnonzero(facts.label_rows == place)
    seconds = facts.columns["seconds"][rows]
    seconds = seconds[seconds > 0].tolist()
    return LabelReport(
        label=facts.labels[place],
        num_clips=len(rows),
        num_speakers=_num_speakers(facts.clips[row] for row in rows.tolist()),
        min_s=min(seconds, default=None),
        median_s=float(np.median(seconds)) if seconds else None,
        max_s=max(seconds, default=None),
    )


def _num_speakers(clips: Iterable[ListedClip]) -> int:
    return len({clip.speaker for clip in clips} - {""})


def _is_made(name: str) -> bool:
    return name.rpartition("/")[2].startswith(SYNTHETIC_PREFIX)


def _count(values: Iterable[Key]) -> dict[Key, int]:
    return dict(Counter(values).most_common())
