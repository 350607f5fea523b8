"""Judging every clip of a folder: the mistakes a model is surest of come first."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from core.datasets.edits import ClipEdit, change_edits
from core.errors import DataError
from core.evaluation.verdicts import open_verdicts, unlike
from core.experiment.clip_judgement import judge_clips


def test_the_surest_mistakes_come_first() -> None:
    probabilities = np.array(
        [[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.04, 0.95, 0.01], [0.05, 0.95, 0.0], [0.3, 0.3, 0.4], [0.0, 0.0, 1.0]],
        np.float32,
    )
    targets = np.array([0, 0, 0, 0, 1, -1])
    assert unlike(probabilities, targets).tolist() == [2, 3, 1, 4]


def test_clips_in_the_wrong_folder_are_found(tone_trial: Path, own_tone_clips: Path) -> None:
    strays = sorted((own_tone_clips / "low").iterdir())[:2]
    for path in strays:
        shutil.move(path, own_tone_clips / "high" / f"stray_{path.name}")
    verdicts = open_verdicts(judge_clips(tone_trial, own_tone_clips))
    assert verdicts.labels == ("_silence_", "high", "low", "rising")
    assert len(verdicts.names) == 48
    np.testing.assert_allclose(verdicts.probabilities.sum(axis=1), 1, atol=0.05)
    targets = np.array([verdicts.labels.index(name.partition("/")[0]) for name in verdicts.names])
    found = [verdicts.names[row] for row in unlike(verdicts.probabilities, targets)]
    assert set(found[:2]) == {f"high/stray_{path.name}" for path in strays}
    stray = verdicts.of(found[0])
    assert stray is not None
    assert verdicts.labels[int(stray.argmax())] == "low"
    assert verdicts.of("high/nobody.wav") is None


def test_a_trim_is_judged_anew(tone_trial: Path, own_tone_clips: Path) -> None:
    before = judge_clips(tone_trial, own_tone_clips)
    assert judge_clips(tone_trial, own_tone_clips) == before
    name = open_verdicts(before).names[0]
    change_edits(own_tone_clips, {name: ClipEdit(start_ms=900)})
    after = judge_clips(tone_trial, own_tone_clips)
    assert not np.array_equal(open_verdicts(after).of(name), open_verdicts(before).of(name))


def test_a_folder_of_other_words_says_so(tone_trial: Path, own_tone_clips: Path) -> None:
    for label in ("high", "low", "rising"):
        (own_tone_clips / label).rename(own_tone_clips / f"{label} again")
    with pytest.raises(DataError, match="has no clips of _silence_, high, low, rising; choose a trial of its labels"):
        judge_clips(tone_trial, own_tone_clips)
