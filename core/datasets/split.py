"""Dealing clips to training, validation and test, so that no voice is heard in two parts."""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.clips import SILENCE, Clip, ClipSet
from core.errors import DataError
from core.spec import Split

PARTS = ("train", "validation", "test")
_MAX_NUM_WAVS_PER_CLASS = 2**27 - 1

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Rows of the clip set in each part, ascending."""

    train: Rows
    validation: Rows
    test: Rows
    warnings: tuple[str, ...]


def which_set(name: str, validation_fraction: float, test_fraction: float, salt: str = "") -> str:
    """Return the part of a clip by the rule of Speech Commands: SHA-1 of the name up to `_nohash_`.

    Warden, "Speech Commands", 2018, https://arxiv.org/abs/1804.03209. A salt deals differently.
    """
    group = re.sub(r"_nohash_.*$", "", name)
    digest = hashlib.sha1(os.fsencode(f"{salt}{group}")).hexdigest()
    place = int(digest, 16) % (_MAX_NUM_WAVS_PER_CLASS + 1) / _MAX_NUM_WAVS_PER_CLASS
    if place < validation_fraction:
        return "validation"
    return "test" if place < validation_fraction + test_fraction else "train"


def split_clips(found: ClipSet, rule: Split) -> Parts:
    """Deal the clips of a set into three parts.

    Raises DataError when a label would be missing from a part, or when the lists asked for are not there.
    """
    parts = deal_clips(found, rule)
    require_all_labels(found, parts, rule)
    return parts


def deal_clips(found: ClipSet, rule: Split) -> Parts:
    """Deal the clips as `split_clips` does, whether or not it leaves a label without clips in a part.

    Raises DataError when the lists asked for are not there.
    """
    warnings: list[str] = []
    if rule.rule == "lists":
        parts = _by_lists(found)
    elif rule.rule == "random":
        parts = _deal_evenly(found.clips, _own_group, rule)
        warnings.append(
            "The split is random by clip: the same voice may be in training and test, so accuracy is overstated."
        )
    else:
        parts = _by_speaker(found, rule, warnings)
    rows = [np.array([row for row, part in enumerate(parts) if part == name], np.int64) for name in PARTS]
    return Parts(rows[0], rows[1], rows[2], tuple(warnings))


def _by_speaker(found: ClipSet, rule: Split, warnings: list[str]) -> list[str]:
    nameless = [clip for clip in found.clips if not clip.speaker]
    dealt = dict(zip(nameless, _deal_evenly(nameless, _session_or_own_group, rule), strict=True))
    voiced = [clip for clip in nameless if found.labels[clip.target] != SILENCE]
    alone = sum(not clip.session for clip in voiced)
    if alone:
        warnings.append(
            f"{alone:,} {'clip names' if alone == 1 else 'clips name'} neither speaker nor recording session and "
            f"{'was' if alone == 1 else 'were'} split at random: "
            "the same voice may be in training and test, so accuracy is overstated."
        )
    elif voiced:
        warnings.append(
            f"{len(voiced):,} clips name no speaker and were split by recording session: "
            "a person who recorded in two sessions may be in training and test."
        )
    speakers = [clip.speaker for clip in found.clips if clip.speaker]
    part_of = _deal_speakers(speakers, rule, f"{rule.seed}:" if rule.seed else "")
    due = 1 - rule.validation_fraction - rule.test_fraction
    if rule.seed == 0 and sum(part_of[speaker] == "train" for speaker in speakers) < due / 2 * len(speakers):
        part_of = _deal_speakers(speakers, rule, "anew:")
        warnings.append(
            "By the rule of Speech Commands these clips are almost all validation or test clips, so their speakers "
            "were dealt anew; no speaker is in two parts, but the parts are not the published ones."
        )
    return [part_of[clip.speaker] if clip.speaker else dealt[clip] for clip in found.clips]


def _deal_speakers(speakers: Iterable[str], rule: Split, salt: str) -> dict[str, str]:
    return {
        speaker: which_set(speaker, rule.validation_fraction, rule.test_fraction, salt) for speaker in set(speakers)
    }


def _by_lists(found: ClipSet) -> list[str]:
    listed: dict[str, str] = {}
    for part, name in (("validation", "validation_list.txt"), ("test", "testing_list.txt")):
        path = found.folder / name
        if not path.is_file():
            raise DataError(f"{path}: is not there; add the list or split by speaker (split.rule = speaker)")
        for line in path.read_text(encoding="utf-8").splitlines():
            listed[line.strip().replace("\\", "/")] = part
    # Stretches of noise are in no list; they are dealt as the rule's own default fractions would.
    cut = [clip for clip in found.clips if clip.stretch]
    dealt = dict(zip(cut, _deal_evenly(cut, _own_group, Split()), strict=True))
    return [
        dealt[clip] if clip.stretch else listed.get(clip.path.relative_to(found.folder).as_posix(), "train")
        for clip in found.clips
    ]


def _own_group(clip: Clip) -> str:
    return f"{clip.path.name}@{clip.stretch}"


def _session_or_own_group(clip: Clip) -> str:
    return clip.session or _own_group(clip)


def _deal_evenly(clips: Sequence[Clip], group_of: Callable[[Clip], str], rule: Split) -> list[str]:
    """Deal groups label by label in the order of their hash, so that even a few groups reach every part."""
    part_of: dict[str, str] = {}
    for target in sorted({clip.target for clip in clips}):
        groups = {group_of(clip) for clip in clips if clip.target == target}
        ranked = sorted(groups - part_of.keys(), key=lambda group: _salted(group, rule.seed))
        num_validation = max(1, round(len(ranked) * rule.validation_fraction))
        num_test = max(1, round(len(ranked) * rule.test_fraction))
        for rank, group in enumerate(ranked):
            part_of[group] = (
                "validation" if rank < num_validation else "test" if rank < num_validation + num_test else "train"
            )
    return [part_of[group_of(clip)] for clip in clips]


def _salted(group: str, seed: int) -> str:
    return hashlib.sha1(os.fsencode(f"{seed}:{group}")).hexdigest()


def require_all_labels(found: ClipSet, parts: Parts, rule: Split) -> None:
    """Raise DataError naming a label that has no clips in a part, and what to do about it."""
    totals = Counter(clip.target for clip in found.clips)
    held = {name: {found.clips[row].target for row in getattr(parts, name).tolist()} for name in PARTS}
    for target, label in enumerate(found.labels):
        where = _folder_of(found, label)
        if totals[target] < len(PARTS):
            raise DataError(
                f"{where}: the label has {totals[target]} usable clip{'s' * (totals[target] != 1)}; training, "
                "validation and test need at least one each, so add clips or leave the label out"
            )
        for part in PARTS:
            if target not in held[part]:
                raise DataError(f"{where}: the label has no clip in the {part} part; {_remedy(rule)}")


def _folder_of(found: ClipSet, label: str) -> Path:
    return found.folder / label


def _remedy(rule: Split) -> str:
    if rule.rule == "lists":
        return "name some of its clips in the list of that part, or split by speaker (split.rule = speaker)"
    return "add clips of other speakers, raise the part's fraction in [split], or try another split.seed"
