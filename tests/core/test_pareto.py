"""The front, held to its definition."""

import itertools

import numpy as np
import pytest

from core.experiment.pareto import ACCURACY, TOTAL_MS, ZIP_BYTES, front, front_of, value_of
from core.experiment.summary import DeviceLatency, TrialState, TrialSummary


def dominates(one, other, signs) -> bool:
    pairs = [(sign * a, sign * b) for a, b, sign in zip(one, other, signs, strict=True)]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


@pytest.mark.parametrize("signs", [(1, 1), (-1, 1), (1, -1, 1)])
@pytest.mark.parametrize("levels", [4, 1000])
def test_the_front_is_what_nothing_dominates(signs, levels):
    rng = np.random.default_rng(levels)
    points = {str(n): tuple(row) for n, row in enumerate(rng.integers(levels, size=(200, len(signs))).astype(float))}
    expected = set(points)
    for (name, point), other in itertools.product(points.items(), points.values()):
        if dominates(other, point, signs):
            expected.discard(name)
    assert front(points, signs) == expected


def test_equal_points_are_both_on_the_front():
    assert front({"a": (1.0, 2.0), "b": (1.0, 2.0), "c": (1.0, 3.0)}, (1, 1)) == {"a", "b"}


def test_what_was_not_measured_is_left_out():
    assert front({"a": (1.0, float("nan")), "b": (9.0, 9.0)}, (1, 1)) == {"b"}
    assert front({"a": (float("nan"), 1.0)}, (1, 1)) == set()
    assert front({}, (1, 1)) == set()


def trial(name: str, accuracy: float | None, zip_bytes: int | None, total_ms: float | None) -> TrialSummary:
    latencies = ()
    if total_ms is not None:
        latencies = (DeviceLatency("here", 0.1, 0.2, total_ms, 2 * total_ms, None, False, False),)
    return TrialSummary(
        name, 1, "A", "", "x", TrialState.FINISHED, 0, accuracy=accuracy, zip_bytes=zip_bytes, latencies=latencies
    )


def test_the_front_of_trials_takes_accuracy_as_large_and_the_rest_as_small():
    trials = [trial("a", 0.9, 10, 1), trial("b", 0.8, 20, 0.5), trial("c", 0.8, 20, 1), trial("d", None, None, None)]
    assert front_of(trials, (ACCURACY, ZIP_BYTES)) == {"a"}
    assert front_of(trials, (ACCURACY, TOTAL_MS)) == {"a", "b"}
    assert np.isnan(value_of(trials[0], TOTAL_MS, "a Pi"))
