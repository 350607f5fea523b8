"""No voice in two parts, and the published rule to the letter."""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.datasets.clips import Clip, ClipSet, find_clips
from core.datasets.listing import ListedClip, with_speakers
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
    listed = with_speakers(ListedClip(f"{label}/{name}", label) for label in labels for name in names[label])
    clips = tuple(Clip(folder / clip.name, labels.index(clip.label), speaker=clip.speaker) for clip in listed)
    return ClipSet(folder, labels, clips, (), "0", synthetic=False)


def spoken_by(count: int, clips_each: int = 2, salt: int = 0) -> ClipSet:
    speakers = [hashlib.sha1(str(number + 10_000 * salt).encode()).hexdigest()[:8] for number in range(count)]
    names = [f"{speaker}_nohash_{number}.wav" for speaker in speakers for number in range(clips_each)]
    return clip_set({"go": names, "stop": names})


def require_whole(parts: Parts, found: ClipSet) -> None:
    rows = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(rows.tolist()) == list(range(len(found.clips)))


def require_fair(parts: Parts, found: ClipSet) -> None:
    """Every label is in every part, and no speaker in two."""
    heard: list[set[str]] = []
    for rows in (parts.train, parts.validation, parts.test):
        assert {found.clips[row].target for row in rows} == set(range(len(found.labels)))
        heard.append(speakers(found, rows) - {""})
    assert not heard[0] & heard[1] | heard[0] & heard[2] | heard[1] & heard[2]


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
    found = clip_set({"cat": ["0487ba9b_nohash_3.wav"], "_unknown_": ["cat_0487ba9b_nohash_0.wav"]})
    assert [clip.speaker for clip in found.clips] == ["0487ba9b", "0487ba9b"]


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
    assert parts.overstates
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


def test_a_label_missing_from_a_part_by_chance_gets_speakers_moved_there() -> None:
    everyone = spoken_by(100)
    names = [clip.path.name for clip in everyone.clips if clip.target == 0]
    of_train = [name for name in names if published_rule(name, 10, 20) == "train"]
    found = clip_set({"go": names, "stop": of_train[:9]})
    parts = split_clips(found, Split())
    require_whole(parts, found)
    require_fair(parts, found)
    assert parts.warnings == (
        "By chance of the rule a part had no clips of some label, so 2 of 100 speakers were moved to another part; "
        "no speaker is in two parts.",
    )
    moved = {
        found.clips[row].speaker
        for name in ("train", "validation", "test")
        for row in getattr(parts, name)
        if published_rule(found.clips[row].path.name, 10, 20) != name
    }
    assert len(moved) == 2


@pytest.mark.parametrize("fraction", [0.02, 0.03, 0.05])
@pytest.mark.parametrize("count", [3, 6, 10, 20])
def test_few_speakers_and_a_small_test_part_leave_no_label_out(count: int, fraction: float) -> None:
    for salt in range(8):
        found = spoken_by(count, salt=salt)
        parts = split_clips(found, Split(validation_fraction=fraction, test_fraction=fraction))
        require_whole(parts, found)
        require_fair(parts, found)
        again = split_clips(found, Split(validation_fraction=fraction, test_fraction=fraction))
        assert np.array_equal(parts.test, again.test)


def test_labels_of_three_speakers_each_are_all_dealt_where_it_is_possible() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        # Whoever says a word: a way to deal them is known, and then forgotten.
        parts_of = {f"{number:08x}": number % 3 for number in range(12)}
        names = {}
        for label in ("a", "b", "c", "d"):
            chosen = [rng.choice([voice for voice, part in parts_of.items() if part == third]) for third in range(3)]
            names[label] = [f"{voice}_nohash_0.wav" for voice in chosen]
        found = clip_set(names)
        require_fair(split_clips(found, Split()), found)


def test_a_label_of_too_few_speakers_is_named_with_what_to_do() -> None:
    names = [clip.path.name for clip in spoken_by(30).clips if clip.target == 0]
    with pytest.raises(
        DataError, match=r"stop: the label has no clip in .*; only 2 speakers say it .*split\.rule = random"
    ):
        split_clips(clip_set({"go": names, "stop": names[:4]}), Split())
    with pytest.raises(DataError, match="only 1 speaker says it"):
        split_clips(clip_set({"go": names, "stop": [names[0].replace("_0.", f"_{n}.") for n in range(9)]}), Split())


def test_clips_of_the_same_name_in_every_folder_are_dealt_one_by_one() -> None:
    found = clip_set({word: [f"{n}.wav" for n in range(10)] for word in ("viens", "divi", "trys")})
    parts = split_clips(found, Split())
    of_test = {found.clips[row].path.name for row in parts.test}
    assert len(of_test) > 2
    require_fair(parts, found)


def given(parts: dict[str, list[str]], labels: tuple[str, ...] = ("go", "stop")) -> ClipSet:
    clips = tuple(
        Clip(Path("clips") / part / label / f"{speaker}_nohash_0.wav", target, speaker=speaker, part=part)  # type: ignore[arg-type]
        for part, speakers in parts.items()
        for target, label in enumerate(labels)
        for speaker in speakers
    )
    return ClipSet(Path("clips"), labels, clips, (), "0", synthetic=False, has_parts=True)


def test_parts_of_the_data_set_are_kept() -> None:
    found = given({"train": ["a", "b"], "validation": ["c"], "test": ["d", "e"]})
    parts = split_clips(found, Split())
    for name, rows in (("train", parts.train), ("validation", parts.validation), ("test", parts.test)):
        assert {found.clips[row].part for row in rows} == {name}
    assert parts.warnings == ("The clips are split as the data set itself says.",)
    assert not parts.overstates


def test_a_part_that_the_data_set_lacks_is_taken_from_its_training_part_by_speaker() -> None:
    found = given({"train": [f"{number:08x}" for number in range(20)], "test": ["d", "e"]})
    parts = split_clips(found, Split())
    require_whole(parts, found)
    require_fair(parts, found)
    assert {found.clips[row].part for row in parts.test} == {"test"}
    assert {found.clips[row].part for row in parts.validation} == {"train"}
    assert "it has no validation part, so that is taken from its training part" in parts.warnings[0]


def test_a_speaker_in_two_given_parts_is_said() -> None:
    found = given({"train": ["a", "b"], "validation": ["c"], "test": ["a", "e"]})
    parts = split_clips(found, Split())
    warnings = parts.warnings
    assert parts.overstates
    assert "1 of 4 speakers are in more than one part of the data set, so accuracy is overstated." in warnings
