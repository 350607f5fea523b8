"""Which clips are taken where not all of them are: always the same, from as many speakers and words as there are.

Choices follow the digest of a clip's path within its set, for names such as `1.wav` stand in every folder.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from core.datasets.listing import ListedClip


def take(clips: Sequence[ListedClip], count: int) -> list[ListedClip]:
    """Take `count` clips from as many speakers as there are and evenly from the parts, always the same; 0 takes all."""
    if not count or len(clips) <= count:
        return list(clips)
    of_speaker: dict[str, list[ListedClip]] = defaultdict(list)
    for clip in clips:
        of_speaker[clip.speaker or clip.name].append(clip)
    ranked = sorted(
        (rank, _digest(speaker), clip.name.split("/"), clip)
        for speaker, own in of_speaker.items()
        for rank, clip in enumerate(own)
    )
    return ordered(_in_turn([clip for *_, clip in ranked])[:count])


def take_in_turn(clips_of: Mapping[str, Sequence[ListedClip]]) -> list[ListedClip]:
    """Return the clips of words so that any beginning of them has evenly of each word and of the parts."""
    ranked = []
    for word, clips in clips_of.items():
        shuffled = _in_turn(sorted(clips, key=lambda clip: _digest(clip.name)))
        ranked += [(rank, _digest(word), clip.name.split("/"), clip) for rank, clip in enumerate(shuffled)]
    return [clip for *_, clip in sorted(ranked)]


def ordered(clips: Iterable[ListedClip]) -> list[ListedClip]:
    """Return clips folder by folder, by name."""
    return sorted(clips, key=lambda clip: clip.name.split("/"))


def _in_turn(clips: Sequence[ListedClip]) -> list[ListedClip]:
    """Return clips so that any beginning of them has the parts of the data set in the proportion of the whole."""
    totals: dict[str, int] = defaultdict(int)
    for clip in clips:
        totals[clip.part] += 1
    seen: dict[str, int] = defaultdict(int)
    placed = []
    for clip in clips:
        placed.append(((seen[clip.part] + 0.5) / totals[clip.part], clip))
        seen[clip.part] += 1
    return [clip for _, clip in sorted(placed, key=lambda pair: pair[0])]


def _digest(text: str) -> str:
    return hashlib.sha1(os.fsencode(text)).hexdigest()
