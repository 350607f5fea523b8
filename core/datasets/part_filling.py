"""Moving as few voices as it takes until every label is heard in every part."""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

_STEPS, _STEPS_A_GAP = 20, 4

Heard = tuple[int, str]
"""A label's place, and a voice that says it."""


class _Dealing:
    """Which voices say which labels in which part, while voices are moved."""

    def __init__(self, heard: Iterable[Heard], part_of: Mapping[str, str], parts: Sequence[str]) -> None:
        self.part_of = dict(part_of)
        self.sizes: Counter[str] = Counter()
        labels: dict[str, set[int]] = defaultdict(set)
        for target, voice in heard:
            self.sizes[voice] += 1
            labels[voice].add(target)
        self.labels = {voice: tuple(sorted(labels[voice])) for voice in sorted(labels)}
        self.held = Counter((target, self.part_of[voice]) for voice, own in self.labels.items() for target in own)
        voices = Counter(target for own in self.labels.values() for target in own)
        # A label of fewer voices than parts is missing from one however they are dealt.
        self.due = [(target, part) for target, count in voices.items() if count >= len(parts) for part in parts]

    def gaps(self) -> set[tuple[int, str]]:
        """Labels and the parts in which nobody says them."""
        return {place for place in self.due if not self.held[place]}

    def gain(self, voice: str, part: str, gaps: set[tuple[int, str]]) -> int:
        """Gaps that a move fills, less those that it leaves."""
        own, due = self.part_of[voice], self.labels[voice]
        return sum((target, part) in gaps for target in due) - sum(self.held[target, own] == 1 for target in due)

    def move(self, voice: str, part: str) -> None:
        """Put a voice into another part."""
        for target in self.labels[voice]:
            self.held[target, self.part_of[voice]] -= 1
            self.held[target, part] += 1
        self.part_of[voice] = part


def fill_parts(heard: Iterable[Heard], part_of: Mapping[str, str], parts: Sequence[str]) -> dict[str, str]:
    """Return the part of each voice, changed so that every label is in every part wherever that was found possible.

    Each step moves the voice that fills most gaps, of those the one with the fewest clips; a step that leaves as many
    gaps as it fills may open the way to a better one. Nothing is moved where there is no gap.
    """
    dealing = _Dealing(heard, part_of, parts)
    gaps = dealing.gaps()
    best, fewest = dict(dealing.part_of), len(gaps)
    moved: Counter[str] = Counter()
    for _ in range(_STEPS + _STEPS_A_GAP * len(gaps)):
        if not gaps:
            break
        steps = [
            (-gain, moved[voice], dealing.sizes[voice], _rank(voice), voice, part)
            for voice, own in dealing.labels.items()
            if moved[voice] < len(parts)
            for part in sorted({part for target, part in gaps if target in own} - {dealing.part_of[voice]})
            if (gain := dealing.gain(voice, part, gaps)) >= 0
        ]
        if not steps:
            break
        *_, voice, part = min(steps)
        dealing.move(voice, part)
        moved[voice] += 1
        gaps = dealing.gaps()
        if len(gaps) < fewest:
            best, fewest = dict(dealing.part_of), len(gaps)
    return best


def _rank(voice: str) -> str:
    return hashlib.sha1(os.fsencode(voice)).hexdigest()
