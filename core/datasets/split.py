"""Dealing clips to training, validation and test, so that no voice is heard in two parts."""

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.clips import Clip, ClipSet
from core.datasets.listing import SILENCE
from core.datasets.part_filling import fill_parts
from core.errors import DataError
from core.files import read_bounded
from core.spec import Split

PARTS = ("train", "validation", "test")
NO_TEST = (
    "a trial that trains on every clip (split.rule = all) has none to be judged by; train with another rule, then the "
    "trial that you choose on all clips (workbench finalize)"
)
_MAX_NUM_WAVS_PER_CLASS = 2**27 - 1

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Parts:
    """Rows of the clip set in each part, ascending."""

    train: Rows
    validation: Rows
    test: Rows
    warnings: tuple[str, ...]
    overstates: bool = False
    """Whether a voice may be in training and test, so that accuracy is overstated."""


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
    """Deal the clips of a set into three parts; the rule `all` leaves two of them empty.

    Raises DataError when a label would be missing from a part, or when the lists asked for are not there.
    """
    parts = deal_clips(found, rule)
    require_all_labels(found, parts, rule)
    return parts


def deal_clips(found: ClipSet, rule: Split) -> Parts:
    """Deal the clips as `split_clips` does, whether or not it leaves a label without clips in a part.

    Raises DataError when the lists asked for are not there.
    """
    said = _Said()
    if rule.rule == "all":
        parts = ["train"] * len(found.clips)
    elif rule.rule == "lists":
        parts = _by_lists(found)
    elif rule.rule == "random":
        parts = _at_random(found, rule)
        said.warn_of_shared_voices(
            "The split is random by clip: the same voice may be in training and test, so accuracy is overstated."
        )
    elif found.has_parts:
        parts = _as_given(found, rule, said)
    else:
        parts = _by_voice(found, _Shares(rule.validation_fraction, rule.test_fraction, rule.seed), said)
    rows = [np.array([row for row, part in enumerate(parts) if part == name], np.int64) for name in PARTS]
    return Parts(rows[0], rows[1], rows[2], tuple(said.sentences), said.overstates)


@dataclass
class _Said:
    """What is to be known of a split."""

    sentences: list[str] = field(default_factory=list)
    overstates: bool = False

    def warn(self, sentence: str) -> None:
        """Say something that changes no figure."""
        self.sentences.append(sentence)

    def warn_of_shared_voices(self, sentence: str) -> None:
        """Say that a voice may be in two parts."""
        self.sentences.append(sentence)
        self.overstates = True


@dataclass(frozen=True)
class _Shares:
    """What fractions of the clips go to the parts that are dealt; 0 for one that is not."""

    validation: float
    test: float
    seed: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The parts that are dealt."""
        shares = (("validation", self.validation), ("test", self.test))
        return ("train", *(part for part, share in shares if share))


def _by_voice(found: ClipSet, shares: _Shares, said: _Said) -> list[str]:
    """Deal speakers by the rule of Speech Commands; clips without one by recording session, or each by itself."""
    nameless = [clip for clip in found.clips if not clip.speaker]
    if shares.test:
        _warn_of_nameless(found, nameless, said)
    speakers = [clip.speaker for clip in found.clips if clip.speaker]
    part_of = _deal_speakers(speakers, shares, f"{shares.seed}:" if shares.seed else "")
    due = 1 - shares.validation - shares.test
    if shares.seed == 0 and sum(part_of[speaker] == "train" for speaker in speakers) < due / 2 * len(speakers):
        part_of = _deal_speakers(speakers, shares, "anew:")
        said.warn(
            "By the rule of Speech Commands these clips are almost all validation or test clips, so their speakers "
            "were dealt anew; no speaker is in two parts, but the parts are not the published ones."
        )
    voices = [clip.speaker or _session_or_own_group(found, clip) for clip in found.clips]
    part_of |= _deal_evenly(nameless, [_session_or_own_group(found, clip) for clip in nameless], shares)
    filled = fill_parts(_heard(found, voices), part_of, shares.parts)
    num_moved = sum(filled[speaker] != part_of[speaker] for speaker in set(speakers))
    if num_moved:
        said.warn(
            f"By chance of the rule a part had no clips of some label, so {num_moved:,} of {len(set(speakers)):,} "
            f"speakers {'was' if num_moved == 1 else 'were'} moved to another part; no speaker is in two parts."
        )
    return [filled[voice] for voice in voices]


def _at_random(found: ClipSet, rule: Split) -> list[str]:
    shares = _Shares(rule.validation_fraction, rule.test_fraction, rule.seed)
    groups = [_own_group(found, clip) for clip in found.clips]
    filled = fill_parts(_heard(found, groups), _deal_evenly(found.clips, groups, shares), shares.parts)
    return [filled[group] for group in groups]


def _heard(found: ClipSet, voices: Sequence[str]) -> list[tuple[int, str]]:
    return [(clip.target, voice) for clip, voice in zip(found.clips, voices, strict=True)]


def _warn_of_nameless(found: ClipSet, nameless: Sequence[Clip], said: _Said) -> None:
    voiced = [clip for clip in nameless if found.labels[clip.target] != SILENCE]
    alone = sum(not clip.session for clip in voiced)
    if alone:
        said.warn_of_shared_voices(
            f"{alone:,} {'clip names' if alone == 1 else 'clips name'} neither speaker nor recording session and "
            f"{'was' if alone == 1 else 'were'} split at random: "
            "the same voice may be in training and test, so accuracy is overstated."
        )
    elif voiced:
        said.warn(
            f"{len(voiced):,} clips name no speaker and were split by recording session: "
            "a person who recorded in two sessions may be in training and test."
        )


def _deal_speakers(speakers: Iterable[str], shares: _Shares, salt: str) -> dict[str, str]:
    return {speaker: which_set(speaker, shares.validation, shares.test, salt) for speaker in set(speakers)}


def _as_given(found: ClipSet, rule: Split, said: _Said) -> list[str]:
    """Leave clips in the parts that the data set names; a part that it lacks is dealt from its training clips."""
    given = {clip.part for clip in found.clips if clip.part}
    shares = _Shares(
        0 if "validation" in given else rule.validation_fraction,
        0 if "test" in given else rule.test_fraction,
        rule.seed,
    )
    lacking = shares.parts[1:]
    but = f"; it has no {lacking[0]} part, so that is taken from its training part" if lacking else ""
    said.warn(f"The clips are split as the data set itself says{but}.")
    nameless = sum(not clip.speaker and found.labels[clip.target] != SILENCE for clip in found.clips)
    if nameless:
        said.warn(f"{nameless:,} clips name no speaker: whether a voice is in two of its parts cannot be seen.")
    heard_in: dict[str, set[str]] = defaultdict(set)
    for clip in found.clips:
        if clip.speaker and clip.part:
            heard_in[clip.speaker].add(clip.part)
    shared = sum(len(parts) > 1 for parts in heard_in.values())
    if shared:
        said.warn_of_shared_voices(
            f"{shared:,} of {len(heard_in):,} speakers are in more than one part of the data set, "
            "so accuracy is overstated."
        )
    # A clip that the set puts nowhere goes with its speaker.
    part_of = {speaker: min(parts, key=_FROM_TEST.index) for speaker, parts in heard_in.items()}
    cuts = _deal_cuts(found)
    parts = [cuts.get(clip) or clip.part or part_of.get(clip.speaker, "train") for clip in found.clips]
    rows = [row for row, part in enumerate(parts) if part == "train" and not found.clips[row].stretch]
    if lacking:
        of_train = replace(found, clips=tuple(found.clips[row] for row in rows))
        for row, part in zip(rows, _by_voice(of_train, shares, said), strict=True):
            parts[row] = part
    return parts


_FROM_TEST = ("test", "validation", "train")


def _by_lists(found: ClipSet) -> list[str]:
    listed: dict[str, str] = {}
    for part, name in (("validation", "validation_list.txt"), ("test", "testing_list.txt")):
        paths = [found.folder / place / name for place in found.lists_at]
        path = next(filter(Path.is_file, paths), None)
        if path is None:
            raise DataError(f"{paths[0]}: is not there; add the list or split by speaker (split.rule = speaker)")
        try:
            text = read_bounded(path).decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(
                f"{path}: cannot be read as a list of clips ({error}); fix it, or split by speaker"
            ) from error
        for line in text.splitlines():
            listed[line.strip().replace("\\", "/")] = part
    cuts = _deal_cuts(found)
    return [cuts.get(clip) or _listed_part(listed, found, clip) for clip in found.clips]


def _listed_part(listed: Mapping[str, str], found: ClipSet, clip: Clip) -> str:
    name = _name_of(found, clip)
    for place in found.lists_at:
        part = listed.get(name.removeprefix(f"{place}/") if place else name)
        if part:
            return part
    return "train"


def _deal_cuts(found: ClipSet) -> dict[Clip, str]:
    """Deal stretches of noise, which are in no list, as the rule's own default fractions would."""
    cuts = [clip for clip in found.clips if clip.stretch]
    groups = [_own_group(found, clip) for clip in cuts]
    default = Split()
    part_of = _deal_evenly(cuts, groups, _Shares(default.validation_fraction, default.test_fraction, default.seed))
    return {clip: part_of[group] for clip, group in zip(cuts, groups, strict=True)}


def _name_of(found: ClipSet, clip: Clip) -> str:
    return clip.path.relative_to(found.folder).as_posix()


def _own_group(found: ClipSet, clip: Clip) -> str:
    # Its path, for the same names stand in every folder of some sets.
    return f"{_name_of(found, clip)}@{clip.stretch}"


def _session_or_own_group(found: ClipSet, clip: Clip) -> str:
    return clip.session or _own_group(found, clip)


def _deal_evenly(clips: Sequence[Clip], groups: Sequence[str], shares: _Shares) -> dict[str, str]:
    """Deal groups label by label in the order of their hash, so that even a few groups reach every part."""
    of_label: dict[int, set[str]] = defaultdict(set)
    for clip, group in zip(clips, groups, strict=True):
        of_label[clip.target].add(group)
    part_of: dict[str, str] = {}
    for target in sorted(of_label):
        ranked = sorted(of_label[target] - part_of.keys(), key=lambda group: _salted(group, shares.seed))
        num_validation = _count(len(ranked), shares.validation)
        num_test = _count(len(ranked), shares.test)
        for rank, group in enumerate(ranked):
            part_of[group] = (
                "validation" if rank < num_validation else "test" if rank < num_validation + num_test else "train"
            )
    return part_of


def _count(num_groups: int, share: float) -> int:
    return max(1, round(num_groups * share)) if share else 0


def _salted(group: str, seed: int) -> str:
    return hashlib.sha1(os.fsencode(f"{seed}:{group}")).hexdigest()


def require_all_labels(found: ClipSet, parts: Parts, rule: Split) -> None:
    """Raise DataError naming a label that has no clips in a part it is due in, and what to do about it."""
    if rule.rule == "all":
        return
    totals = Counter(clip.target for clip in found.clips)
    held = {name: {found.clips[row].target for row in getattr(parts, name).tolist()} for name in PARTS}
    for target, label in enumerate(found.labels):
        where = found.folder / label
        if totals[target] < len(PARTS):
            raise DataError(
                f"{where}: the label has {totals[target]} usable clip{'s' * (totals[target] != 1)}; training, "
                "validation and test need at least one each, so add clips or leave the label out"
            )
        for part in PARTS:
            if target not in held[part]:
                raise DataError(f"{where}: the label has no clip in the {part} part; {_remedy(found, rule, target)}")


def _remedy(found: ClipSet, rule: Split, target: int) -> str:
    if rule.rule == "lists":
        return "name some of its clips in the list of that part, or split by speaker (split.rule = speaker)"
    if found.has_parts and rule.rule == "speaker":
        return "add clips of it to that part of the data set, or leave the label out"
    voices = {clip.speaker or clip.session or clip.path for clip in found.clips if clip.target == target}
    if len(voices) < len(PARTS):
        return (
            f"only {len(voices)} speaker{'s say' if len(voices) > 1 else ' says'} it and each part needs one: "
            "add clips of other speakers, or split by clip (split.rule = random), which overstates accuracy"
        )
    return (
        "add clips of other speakers, raise Validation fraction (split.validation_fraction) or Test fraction "
        "(split.test_fraction), or try another Seed (split.seed)"
    )
