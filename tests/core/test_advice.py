"""The sentence that says what would help, from figures alone."""

import numpy as np
import pytest

from core.audio.loudness import Loudness, measure_loudness
from core.evaluation.advice import advise
from core.evaluation.classification import tally

GOOD = Loudness(
    duration_s=1.0, peak=0.4, level_dbfs=-20, clipped_fraction=0, loud_start_s=0.3, loud_end_s=0.8
)  # fmt: skip
SURE = {"label": "go", "top_probability": 0.9, "runner_up": "no", "margin": 0.85}
UNSURE = {"label": "go", "top_probability": 0.5, "runner_up": "no", "margin": 0.1}


def sound(**changes) -> Loudness:
    return Loudness(**{**GOOD.__dict__, **changes})


@pytest.mark.parametrize(
    ("heard", "guess", "more", "sentence"),
    [
        (GOOD, SURE, {}, "Heard clearly as go; nothing to improve."),
        (GOOD, SURE, {"expected": "go"}, "Heard clearly as go; nothing to improve."),
        (sound(peak=0.0004), SURE, {}, "Nothing was heard: check"),
        (sound(clipped_fraction=0.012), UNSURE, {}, "Clipped (1.2 % of the samples at full scale): lower"),
        (sound(peak=0.02), UNSURE, {}, "Too quiet (peak −34 dB of full scale): move closer"),
        (sound(loud_start_s=0), UNSURE, {}, "Cut off at the beginning: leave a moment of silence before"),
        (sound(loud_end_s=1), UNSURE, {}, "Cut off at the end: leave a moment of silence after"),
        (sound(loud_start_s=0, loud_end_s=1), UNSURE, {}, "Loud from beginning to end"),
        (GOOD, UNSURE, {"unlikeness": 2.6}, "Unlike the training clips (2.6 standard deviations away): record"),
        (GOOD, UNSURE, {"unlikeness": 0.5}, "Undecided between go (50 %) and no (40 %): say it again"),
        (GOOD, SURE, {"expected": "stop"}, "Heard as go (90 %) instead of stop: say it again"),
        (sound(clipped_fraction=0.012), SURE, {"expected": "go"}, "Heard clearly as go; clipped (1.2 % of the samples"),
        (sound(peak=0.02), SURE, {}, "Heard clearly as go; too quiet (peak −34 dB of full scale): move closer"),
        (GOOD, SURE, {"unlikeness": 2.6}, "Heard clearly as go; unlike the training clips (2.6 standard"),
        (GOOD, SURE, {"unlikeness": 2.6, "expected": "go"}, "Heard clearly as go; nothing to improve."),
        (sound(loud_start_s=0), SURE, {}, "Heard clearly as go; nothing to improve."),
    ],
)
def test_the_worst_fault_is_told_first(heard, guess, more, sentence):
    assert advise(heard, **guess, **more).startswith(sentence)


def test_a_word_often_taken_for_another_is_named_with_its_count():
    labels = ("go", "no", "stop")
    session = tally(np.array([0, 1, 1, 1, 2]), np.array([0, 0, 0, 0, 2]), labels)
    told = advise(GOOD, **{**SURE, "label": "no"}, expected="go", session=session)
    assert told == "go was heard as no in 3 of 4 takes: add takes of both to the data and train again."
    assert "instead of stop" in advise(GOOD, **SURE, expected="stop", session=session)


def test_loudness_finds_the_loud_part_in_noise():
    rng = np.random.default_rng(0)
    samples = (0.003 * rng.standard_normal(16000)).astype(np.float32)
    samples[4000:9600] += 0.5 * np.sin(np.arange(5600) / 5).astype(np.float32)
    measured = measure_loudness(samples, 16000)
    assert (measured.loud_start_s, measured.loud_end_s) == (pytest.approx(0.25, abs=0.01), pytest.approx(0.6, abs=0.01))
    assert measured.peak == pytest.approx(0.5, abs=0.02)
    assert measured.level_dbfs == pytest.approx(20 * np.log10(0.5 / np.sqrt(2) * np.sqrt(0.35)), abs=0.2)


def test_loudness_counts_full_scale_and_knows_silence():
    samples = np.zeros(1000, np.float32)
    samples[:10] = -1
    assert measure_loudness(samples, 8000).clipped_fraction == 0.01
    silence = measure_loudness(np.zeros(1000, np.float32), 8000)
    assert silence.is_silent
    assert (silence.peak_dbfs, silence.level_dbfs) == (-np.inf, -np.inf)
