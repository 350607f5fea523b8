"""No voice in two parts, and the published rule to the letter."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets.clips import Clip, ClipSet, find_clips
from core.datasets.split import Parts, split_clips, which_set
from core.errors import DataError
from core.spec import Dataset, Split


def published_rule(filename: str, validation_percentage: float, testing_percentage: float) -> str:
    """Compute the rule as the README of Speech Commands prints it."""
    base_name = Path(filename).name
    hash_name = re.sub(r"_nohash_.*$", "", base_name)
    hash_name_hashed = hashlib.sha1(hash_name.encode()).hexdigest()
    percentage_hash = (int(hash_name_hashed, 16) % (2**27 - 1 + 1)) * (100.0 / (2**27 - 1))
    if percentage_hash < validation_percentage:
        return "validation"
    if percentage_hash < (testing_percentage + validation_percentage):
        return "test"
    return "train"


def clip_set(names: dict[str, list[str]], folder: Path = Path("clips")) -> ClipSet:
    labels = tuple(sorted(names))
    clips = tuple(Clip(folder / label / name, target) for target, label in enumerate(labels) for name in names[label])
    return ClipSet(folder, labels, clips, (), "0", synthetic=False)


def spoken_by(count: int, clips_each: int = 2) -> ClipSet:
    speakers = [hashlib.sha1(str(number).encode()).hexdigest()[:8] for number in range(count)]
    names = [f"{speaker}_nohash_{number}.wav" for speaker in speakers for number in range(clips_each)]
    return clip_set({"go": names, "stop": names})


def require_whole(parts: Parts, found: ClipSet) -> None:
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(rows.tolist()) == list(range(len(found.clips)))


def speakers(found: ClipSet, rows: np.ndarray) -> set[str]:
    return {found.clips[row].speaker for row in rows}


def test_the_rule_is_the_published_one() -> None:
    for number in range(3000):
        name = f"{number * 7919:08x}_nohash_{number % 5}.wav"
        assert which_set(name, 0.1, 0.1) == published_rule(name, 10, 10)


def test_speakers_go_where_the_published_rule_sends_them() -> None:
    found = spoken_by(300)
    parts = split_clips(found, Split(validation_fraction=0.1, test_fraction=0.1))
    require_whole(parts, found)
    for name, rows in (("train", parts.train), ("validation", parts.validation), ("test", parts.test)):
        assert len(rows)
        assert {published_rule(found.clips[row].path.name, 10, 10) for row in rows} == {name}
    assert parts.warnings == ()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_speaker_is_in_two_parts(seed: int) -> None:
    found = spoken_by(200)
    parts = split_clips(found, Split(seed=seed))
    require_whole(parts, found)
    heard = [speakers(found, rows) for rows in (parts.train, parts.validation, parts.test)]
    assert not heard[0] & heard[1] | heard[0] & heard[2] | heard[1] & heard[2]
    assert 0.1 < len(parts.test) / len(found.clips) < 0.3


def test_another_seed_deals_differently_and_the_same_seed_alike() -> None:
    found = spoken_by(200)
    first, again, other = (split_clips(found, Split(seed=seed)) for seed in (0, 0, 5))
    assert np.array_equal(first.test, again.test)
    assert not np.array_equal(first.test, other.test)


def test_a_speaker_named_after_the_word_is_the_same_speaker() -> None:
    assert Clip(Path("cat_0487ba9b_nohash_0.wav"), 0).speaker == Clip(Path("0487ba9b_nohash_3.wav"), 0).speaker


def test_real_clips_share_no_speaker_between_parts(real_clips: Path) -> None:
    words = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
    found = find_clips(Dataset(folder=str(real_clips), labels=words, include_silence=True, include_unknown=True))
    parts = split_clips(found, Split())
    require_whole(parts, found)
    heard = [speakers(found, rows) - {""} for rows in (parts.train, parts.validation, parts.test)]
    assert not heard[0] & heard[1] | heard[0] & heard[2] | heard[1] & heard[2]
    assert len(parts.train) > 0.55 * len(found.clips)


def test_clips_of_one_published_part_are_dealt_anew_and_the_user_is_told() -> None:
    whole = spoken_by(600)
    of_test = tuple(clip for clip in whole.clips if published_rule(clip.path.name, 10, 20) == "test")
    found = replace(whole, clips=of_test)
    parts = split_clips(found, Split())
    require_whole(parts, found)
    assert len(parts.train) > 0.5 * len(of_test)
    (warning,) = parts.warnings
    assert "dealt anew" in warning


def test_clips_without_a_speaker_are_split_by_session_with_a_warning() -> None:
    names = [f"2026112{day}-10{minute:02}_{take}.wav" for day in range(9) for minute in (0, 30) for take in range(5)]
    found = clip_set({"go": names, "stop": names})
    parts = split_clips(found, Split())
    require_whole(parts, found)
    sessions = [{found.clips[row].session for row in rows} for rows in (parts.train, parts.validation, parts.test)]
    assert all(sessions)
    assert not sessions[0] & sessions[1] | sessions[0] & sessions[2] | sessions[1] & sessions[2]
    assert "recording session" in parts.warnings[0]


def test_clips_without_speaker_or_session_are_split_at_random_and_the_user_is_warned() -> None:
    found = clip_set({"go": [f"{n}.wav" for n in range(50)], "stop": [f"s{n}.wav" for n in range(50)]})
    parts = split_clips(found, Split())
    require_whole(parts, found)
    assert len(parts.validation) == 10
    assert len(parts.test) == 20
    assert parts.warnings[0].startswith("100 clips")
    assert "overstated" in parts.warnings[0]


def test_a_random_split_warns_that_accuracy_is_overstated() -> None:
    parts = split_clips(spoken_by(50), Split(rule="random"))
    assert "overstated" in parts.warnings[0]


def test_silence_needs_no_speaker_and_no_warning() -> None:
    spoken = [clip.path.name for clip in spoken_by(60).clips if clip.target == 0]
    parts = split_clips(clip_set({"_silence_": [f"{n}.wav" for n in range(30)], "go": spoken}), Split())
    assert parts.warnings == ()


def test_lists_are_followed(own_tone_clips: Path) -> None:
    listed: dict[str, list[str]] = {"validation_list.txt": [], "testing_list.txt": []}
    for label in ("high", "low", "rising"):
        names = sorted(path.name for path in (own_tone_clips / label).iterdir())
        listed["validation_list.txt"].append(f"{label}/{names[0]}")
        listed["testing_list.txt"] += [f"{label}/{name}" for name in names[1:4]]
    for name, lines in listed.items():
        (own_tone_clips / name).write_text("\n".join(lines) + "\n")
    found = find_clips(Dataset(folder=str(own_tone_clips)))
    parts = split_clips(found, Split(rule="lists"))
    require_whole(parts, found)
    of_test = {found.clips[row].path.relative_to(own_tone_clips).as_posix() for row in parts.test}
    assert of_test == set(listed["testing_list.txt"])
    assert len(parts.validation) == 3


def test_missing_lists_are_named(tone_clips: Path) -> None:
    with pytest.raises(DataError, match=r"validation_list\.txt: is not there"):
        split_clips(find_clips(Dataset(folder=str(tone_clips))), Split(rule="lists"))


def test_a_label_missing_from_a_part_is_named_with_what_to_do() -> None:
    everyone = spoken_by(100)
    names = [clip.path.name for clip in everyone.clips if clip.target == 0]
    of_train = [name for name in names if published_rule(name, 10, 20) == "train"]
    with pytest.raises(DataError, match=r"stop: the label has no clip in the validation part; add clips"):
        split_clips(clip_set({"go": names, "stop": of_train[:9]}), Split())
