"""What is damaged ends in a result or a sentence, and what does not is noticed."""

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.mutation import campaign
from tests.mutation.campaign import Tally
from tests.mutation.kind import KINDS, Trials
from tests.mutation.mutations import mutate_bytes, mutate_json, mutate_json_lines, mutate_text
from tests.mutation.planted import FATES

INPUTS = 100
PLANTED = "tests.mutation.planted:Planted"
NO_TRIALS = Trials(Path(), Path())
SEED = 3


@pytest.fixture(scope="module")
def trials(tone_trial: Path, series_trial: Path) -> Trials:
    return Trials(tone_trial, series_trial)


def tried(place: str, trials: Trials, count: int = INPUTS, first: int = 0, name: str = "planted") -> Tally:
    with campaign.prepared(place, trials) as folder:
        return campaign.run(name, place, folder, SEED, count=count, seconds=240, first=first)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_damaged_ends_in_a_result_or_a_sentence(kind: str, trials: Trials) -> None:
    tally = tried(KINDS[kind], trials, name=kind)
    assert not tally.failures, "\n".join(tally.causes())
    assert tally.inputs == INPUTS


def test_each_way_to_fail_is_noticed_and_the_next_inputs_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "MOST_SECONDS", 0.5)
    count = 16
    tally = tried(PLANTED, NO_TRIALS, count)
    fates = {number: Random(f"planted {SEED} {number}").choice(FATES) for number in range(count)}
    assert set(fates.values()) == set(FATES)
    named = {"exit": "traceback", "result": "", "sentence": ""}
    expected = {number: named.get(fate, fate) for number, fate in fates.items()}
    assert {failure.number: failure.what for failure in tally.failures} == {
        number: what for number, what in expected.items() if what
    }
    assert tally.inputs == count
    hung = next(failure for failure in tally.failures if failure.what == "hang")
    assert hung.trace[-1].startswith("tests/mutation/planted.py") and hung.trace[-1].endswith("_meet")
    counted = Counter(what for what in expected.values() if what)
    assert all(tally.count(what) == number for what, number in counted.items())


def test_a_failure_is_told_by_its_place_and_not_by_its_input() -> None:
    number = next(number for number in range(99) if Random(f"planted {SEED} {number}").choice(FATES) == "traceback")
    tally = tried(PLANTED, NO_TRIALS, 1, number)
    (told,) = tally.causes()
    assert f"planted {number}: traceback IndexError (1)" in told
    assert "tests/mutation/planted.py" in told and "_meet" in told
    assert tally.line().startswith("planted         1 inputs, 1 tracebacks, 0 hangs, 0 over 1 GB, 0 crashes")


def test_nothing_is_told_where_nothing_fails() -> None:
    tally = tried("tests.mutation.planted:Sound", NO_TRIALS, 1000)
    assert (tally.inputs, tally.failures, [*tally.causes()]) == (1000, [], [])


def test_time_ends_what_number_does_not() -> None:
    with campaign.prepared("tests.mutation.planted:Sound", NO_TRIALS) as folder:
        tally = campaign.run("sound", "tests.mutation.planted:Sound", folder, SEED, count=10**9, seconds=0.2)
    assert 0 < tally.inputs < 10**6


def test_a_kind_whose_whole_inputs_fail_is_no_test_of_anything() -> None:
    with pytest.raises(RuntimeError, match=r"undamaged inputs of the kind planted fail(?s:.*)IndexError"):
        tried("tests.mutation.planted:Unsound", NO_TRIALS)


def test_no_folder_is_left(tmp_path: Path) -> None:
    with campaign.prepared(PLANTED, NO_TRIALS) as folder:
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("mutate", [mutate_bytes, mutate_text, mutate_json, mutate_json_lines])
def test_damage_follows_from_the_seed_alone_and_is_seldom_none(mutate) -> None:
    content = json.dumps({"schema": 1, "name": "Größe", "labels": ["go", "stop"], "mean": [0.5, -1e-3]}).encode()
    once, again = ([mutate(Random(number), content) for number in range(300)] for _ in range(2))
    assert once == again
    assert sum(damaged != content for damaged in once) > 280
    assert len(set(once)) > 200
