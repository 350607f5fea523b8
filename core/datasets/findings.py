"""What is wrong with a set of clips as a whole: too few of a label, labels that differ in more than the word.

A network takes whatever tells the labels apart most easily. Where they were recorded or encoded differently, that is
not the word, and the accuracy says nothing of it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.audio.clip_part import LONGER_S
from core.audio.loudness import HIGH_BAND_HERTZ
from core.audio.sound_file import is_plain
from core.datasets.listing import count_suffixes, is_special, unread_in_words
from core.datasets.waveforms import ClipLength

MOST_TIMES = 5
"""A label may have so many times the clips of another before that is said."""
MOST_DIFFERENT = 0.25
"""Part of a label's clips that may be of another format or rate than those of another label."""
MOST_DB_APART = 30.0
"""Words with and without an s lie up to 20 dB apart above 4 kHz, the most different of many up to 32."""
LEAST_DB_BETWEEN = 15.0
"""Many words fill their range evenly; between labels from two sources there is a gap."""
LEAST_CLIPS = 4
"""Labels of fewer clips are not compared."""

Ints = NDArray[np.integer[Any]]


class Finding(BaseModel):
    """One kind of trouble: of files, which are named relative to their folder, or of the whole set."""

    model_config = ConfigDict(frozen=True)

    kind: str
    meaning: str
    files: tuple[str, ...] = ()
    figures: dict[str, float] = Field({}, description="By label, or by what the kind is about.")


def find_unread(names: Iterable[str]) -> Iterator[Finding]:
    """Yield that files of sound are not read, for want of ffmpeg."""
    names = tuple(names)
    if names:
        yield Finding(kind="unread", meaning=unread_in_words(names), files=names, figures={**count_suffixes(names)})


def find_imbalance(counts: Mapping[str, int]) -> Iterator[Finding]:
    """Yield that one label has over five times the clips of another; `counts` by label, empty labels left aside."""
    counts = {label: count for label, count in counts.items() if count}
    if len(counts) < 2:
        return
    largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[largest] > MOST_TIMES * counts[smallest]:
        share = counts[largest] / sum(counts.values())
        yield Finding(
            kind="imbalance",
            meaning=f"{largest} has {counts[largest]:,} clips, {smallest} {counts[smallest]:,}: always saying "
            f"{largest} would be right for {share:.1%}; look at the balanced accuracy and the recall of {smallest}, "
            f"add clips of it, or use fewer of {largest}",
            figures={**counts},
        )


def find_in_sound(
    labels: Sequence[str], targets: Ints, heard: NDArray[np.void], length: ClipLength, by_hand: NDArray[np.bool_]
) -> Iterator[Finding]:
    """Yield what the sound of clips tells: `targets` (n,) are indices of labels, −1 where a clip is not used.

    `heard` (n,) has the columns of `waveforms.HEARD`, zero where a clip cannot be read; `by_hand` (n,) marks clips
    whose start the user chose.
    """
    used = (targets >= 0) & (heard["seconds"] > 0)
    yield from _find_longer(heard["seconds"][used & ~by_hand], length, int(used.sum()))
    words = {label: heard[used & (targets == index)] for index, label in enumerate(labels) if not is_special(label)}
    words = {label: own for label, own in words.items() if len(own) >= LEAST_CLIPS}
    if len(words) > 1:
        yield from _find_different("formats", "format", {label: _formats(own) for label, own in words.items()})
        rates = {label: [f"{rate:,} Hz" for rate in own["sample_rate"].tolist()] for label, own in words.items()}
        yield from _find_different("rates", "sample rate", rates)
        yield from _find_band(words)


def find_marked(heard: NDArray[np.void]) -> Iterator[Finding]:
    """Yield how many clips are used though something is wrong with their files; `heard` as in `find_in_sound`."""
    used = heard["seconds"] > 0
    for mark, meaning in _MARKS.items():
        if num_marked := int(heard[f"is_{mark}"][used].sum()):
            yield Finding(
                kind=f"{mark}_clips",
                meaning=f"{num_marked:,} of {used.sum():,} clips hold {meaning}",
                figures={"clips": num_marked},
            )


_MARKS = {
    "cut": "less sound than their header promises; what is there is used, copy them again",
    "scaled": "whole numbers as floats, beyond full scale; they were divided by the full scale of those numbers, which "
    "their writer had left out",
}
"""What is wrong with the files of clips that are used all the same, by the mark on them."""


def _find_longer(seconds: NDArray[np.floating[Any]], length: ClipLength, num_used: int) -> Iterator[Finding]:
    duration_s = length.clip_duration_ms / 1000
    num_longer = int((seconds > duration_s + LONGER_S).sum())
    if num_longer:
        part = {
            "loudest": f"the {duration_s:g} s with most sound in it",
            "start": f"the first {duration_s:g} s",
            "centre": f"the {duration_s:g} s in the middle",
        }[length.clip_position]
        are = "is" if num_longer == 1 else "are"
        yield Finding(
            kind="longer",
            meaning=f"{num_longer:,} of {num_used:,} clips {are} longer than {duration_s:g} s; of each {part} is used "
            f"(dataset.clip_position = {length.clip_position})",
            figures={"clips": num_longer, "longest_s": float(seconds.max())},
        )


def _formats(heard: NDArray[np.void]) -> list[str]:
    """Return what each clip is stored as: the width of plain samples makes no difference that could be heard."""
    pairs = zip(heard["file_format"].tolist(), heard["encoding"].tolist(), strict=True)
    named = [(kind.decode(), encoding.decode()) for kind, encoding in pairs]
    return [kind if is_plain(encoding) or encoding == kind else f"{kind} {encoding}" for kind, encoding in named]


def _find_different(kind: str, what: str, values: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    """Yield that labels differ in something that each clip has one of."""
    shares = {label: Counter(own) for label, own in values.items()}
    apart = 0.0
    for value in {value for own in values.values() for value in own}:
        parts = [counts[value] / counts.total() for counts in shares.values()]
        apart = max(apart, max(parts) - min(parts))
    if apart > MOST_DIFFERENT:
        said = "; ".join(
            f"{label} " + ", ".join(f"{value} ({count:,})" for value, count in counts.most_common(3))
            for label, counts in shares.items()
        )
        yield Finding(kind=kind, meaning=_different(what, said), figures={"apart": apart})


def _find_band(words: Mapping[str, NDArray[np.void]]) -> Iterator[Finding]:
    levels = {label: float(np.median(own["high_db"])) for label, own in words.items()}
    ordered = np.sort(list(levels.values()))
    if ordered[-1] - ordered[0] > MOST_DB_APART and np.diff(ordered).max() > LEAST_DB_BETWEEN:
        said = ", ".join(f"{label} {level:.0f} dB".replace("-", "−") for label, level in levels.items())
        what = f"level above {HIGH_BAND_HERTZ // 1000} kHz relative to that below"
        yield Finding(kind="high_band", meaning=_different(what, said), figures=levels)


def _different(what: str, said: str) -> str:
    return (
        f"Labels differ in {what}: {said}. A network learns that instead of the word; take the clips of all labels "
        "from one source, or record and convert them alike"
    )
