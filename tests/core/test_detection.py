"""The detector on posteriors that a test can think through, and its comparison with the words spoken."""

import ast
import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from core.evaluation import detection
from core.evaluation.detection import (
    Detection,
    DetectionSettings,
    Detector,
    Posteriors,
    SpokenWord,
    compare,
    det_curve,
    detect,
)

LABELS = ("_silence_", "go", "stop")
HOP_S = 0.02
QUICK = DetectionSettings(average_window_ms=0, minimum_count=1, suppression_ms=0)


def posteriors(*stretches: tuple[str, float, float]) -> Posteriors:
    """Posteriors made of stretches: the label on top, its probability, seconds; the rest goes to silence."""
    rows = []
    for label, probability, seconds in stretches:
        row = np.zeros(len(LABELS), np.float32)
        row[0] = 1 - probability
        row[LABELS.index(label)] += probability
        rows += [row] * round(seconds / HOP_S)
    times_s = HOP_S * np.arange(1, len(rows) + 1)
    return Posteriors(LABELS, times_s, np.array(rows, np.float32), len(rows) * HOP_S)


def stream(given: Posteriors, settings: DetectionSettings) -> list[Detection]:
    detector = Detector(given.labels, settings)
    found = (detector.push(time_s, row) for time_s, row in zip(given.times_s, given.probabilities, strict=True))
    return [one for one in found if one is not None]


def labels_and_times(found: list[Detection]) -> list[tuple[str, float]]:
    return [(one.label, round(one.time_s, 2)) for one in found]


def test_a_word_fires_once_for_each_rise():
    given = posteriors(("_silence_", 0, 0.5), ("go", 0.9, 2), ("_silence_", 0, 0.5), ("go", 0.9, 0.5))
    assert labels_and_times(stream(given, QUICK)) == [("go", 0.52), ("go", 3.02)]


def test_silence_and_unknown_never_fire():
    detector = Detector(("_silence_", "_unknown_", "go"), QUICK)
    assert detector.push(0.02, np.array([1.0, 0, 0])) is None
    assert detector.push(0.04, np.array([0, 1.0, 0])) is None
    assert detector.push(0.06, np.array([0, 0, 1.0])) == Detection("go", 0.06, 1.0)


def test_the_average_has_to_reach_the_threshold():
    given = posteriors(("_silence_", 0, 1), ("go", 1, 2))
    found = stream(given, dataclasses.replace(QUICK, average_window_ms=500, threshold=0.8))
    # 20 of the 25 posteriors in the window.
    assert labels_and_times(found) == [("go", 1.4)]
    assert found[0].score == pytest.approx(0.8)


def test_a_blip_shorter_than_the_window_does_not_fire():
    given = posteriors(("_silence_", 0, 1), ("go", 1, 0.3), ("_silence_", 0, 1))
    assert stream(given, DetectionSettings(average_window_ms=500, threshold=0.8)) == []
    assert labels_and_times(stream(given, QUICK)) == [("go", 1.02)]


def test_nothing_fires_during_the_suppression_and_what_is_still_there_fires_after_it():
    given = posteriors(
        ("_silence_", 0, 0.5), ("go", 0.9, 0.2), ("stop", 0.9, 0.2), ("go", 0.9, 0.2), ("stop", 0.9, 1), ("go", 0.9, 1)
    )
    found = stream(given, dataclasses.replace(QUICK, suppression_ms=1000))
    assert labels_and_times(found) == [("go", 0.52), ("stop", 1.52), ("go", 2.52)]


def test_nothing_fires_before_the_window_holds_enough():
    given = posteriors(("go", 1, 1))
    found = stream(given, DetectionSettings(average_window_ms=500, minimum_count=10, threshold=0.5))
    assert labels_and_times(found) == [("go", 0.2)]


def test_smoothed_is_the_average_over_the_window():
    detector = Detector(("go", "stop"), DetectionSettings(average_window_ms=40, minimum_count=1))
    for time_s, value in ((0.02, 0.2), (0.04, 0.4), (0.06, 0.9)):
        detector.push(time_s, np.array([value, 1 - value]))
    assert detector.smoothed == pytest.approx([0.65, 0.35])


@pytest.mark.parametrize("seed", range(8))
def test_detecting_at_once_gives_what_the_stream_gives(seed):
    rng = np.random.default_rng(seed)
    wander = [np.convolve(rng.normal(0, 12, 3000), np.full(40, 1 / 40), "same") for _ in LABELS]
    scores = np.exp(np.transpose(wander))
    probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    times_s = HOP_S * np.arange(1, 3001)
    given = Posteriors(LABELS, times_s, probabilities, 60.0)
    settings = DetectionSettings(
        average_window_ms=float(rng.integers(0, 800)),
        threshold=float(rng.uniform(0.3, 0.9)),
        suppression_ms=float(rng.integers(0, 1500)),
        minimum_count=1,
    )
    streamed, at_once = stream(given, settings), detect(given, settings)
    assert len(streamed) > 5
    assert labels_and_times(at_once) == labels_and_times(streamed)
    assert [one.score for one in at_once] == pytest.approx([one.score for one in streamed], abs=1e-6)


def test_a_detection_finds_a_word_within_the_tolerance_and_only_once():
    truth = [SpokenWord("go", 10), SpokenWord("go", 20), SpokenWord("stop", 30), SpokenWord("_unknown_", 40)]
    found = [
        Detection("go", 9.7, 1),  # long before the word
        Detection("go", 11.4, 1),
        Detection("go", 11.5, 1),  # for a second time
        Detection("go", 21.6, 1),  # too late
        Detection("go", 30.5, 1),  # another word
        Detection("stop", 29.8, 1),
        Detection("stop", 41, 1),  # during an unknown word
    ]
    result = compare(found, truth, hours=0.5)
    assert [(word.time_s, one.time_s) for word, one in result.hits] == [(10, 11.4), (30, 29.8)]
    assert result.missed == (SpokenWord("go", 20),)
    assert [one.time_s for one in result.false_accepts] == [9.7, 11.5, 21.6, 30.5, 41]
    assert (result.num_words, result.false_accepts_per_hour) == (3, 10)
    assert result.false_reject_rate == pytest.approx(1 / 3)


def test_without_words_there_is_no_reject_rate_and_without_audio_no_rate():
    assert compare([], [], hours=1).false_reject_rate is None
    with pytest.raises(ValueError, match="there are 0 hours"):
        compare([], [], hours=0)


def test_det_points_are_what_detecting_at_each_threshold_gives():
    given = posteriors(
        ("_silence_", 0, 1), ("go", 0.95, 1), ("_silence_", 0, 2), ("go", 0.6, 1), ("_silence_", 0, 2),
        ("stop", 0.7, 1), ("_silence_", 0, 1),
    )  # fmt: skip
    truth = [SpokenWord("go", 0.8), SpokenWord("go", 3.8)]
    per_hour = 3600 / given.duration_s
    points = det_curve(given, truth, QUICK, thresholds=(0.5, 0.65, 0.9, 0.99))
    assert [(point.false_reject_rate, point.false_accepts_per_hour / per_hour) for point in points] == [
        (0, pytest.approx(1)), (0.5, pytest.approx(1)), (0.5, 0), (1, 0),
    ]  # fmt: skip
    for point in points:
        found = stream(given, dataclasses.replace(QUICK, threshold=point.threshold))
        assert compare(found, truth, given.hours).false_reject_rate == point.false_reject_rate


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"threshold": 1.5}, "threshold must lie between 0 and 1, is 1.5"),
        ({"hop_ms": 0}, "hop_ms must lie between 1 and 1000, is 0"),
        ({"average_window_ms": 100, "minimum_count": 6}, "must not exceed the 5 posteriors .* lower it or widen"),
    ],
)
def test_settings_with_which_nothing_could_fire_are_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        DetectionSettings(**changes)


def test_the_file_needs_the_standard_library_and_numpy_alone():
    tree = ast.parse(Path(detection.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported - set(sys.stdlib_module_names) == {"numpy"}
