"""Time calls in turns. Standard library and numpy alone: a device measures itself with this same file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

_REPORT_S = 0.25

Float64 = NDArray[np.float64]


def time_in_turns(
    calls: Sequence[Callable[[], object]], warmup_runs: int, num_runs: int, report: Callable[[int, int], None]
) -> Float64:
    """Return the milliseconds (num_runs, calls) that each call took; `report` hears of runs done and in all.

    Taking turns lets a disturbance of the machine fall on all calls alike.
    """
    for _ in range(warmup_runs):
        for call in calls:
            call()
    taken_ns = np.zeros((num_runs, len(calls)), np.int64)
    reported_s = time.monotonic()
    for run in range(num_runs):
        for column, call in enumerate(calls):
            started_ns = time.perf_counter_ns()
            call()
            taken_ns[run, column] = time.perf_counter_ns() - started_ns
        if time.monotonic() - reported_s > _REPORT_S:
            reported_s = time.monotonic()
            report(run + 1, num_runs)
    taken_ms: Float64 = taken_ns / 1e6
    return taken_ms
