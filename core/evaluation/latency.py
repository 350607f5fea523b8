"""Time a `.tflite` file on this machine as a device would use it: one clip at a time."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from core.evaluation.guarded_model import GuardedModel, try_out
from core.evaluation.interpreter import LoadedModel
from core.evaluation.model_form import State
from core.evaluation.network import Float32
from core.evaluation.stopwatch import time_in_turns
from core.events import Emit, Progressed, ignore
from core.results import Latency, Timing
from core.spec import Measurement


def measure(model: Path, make_input: Callable[[], Float32], settings: Measurement, emit: Emit = ignore) -> Latency:
    """Time making the input (1, *input_shape), running the model, and both as one whole, in turns.

    Taking turns lets a disturbance of the machine fall on all three alike. Raises ModelError when the file cannot be
    run.
    """
    try_out(model, settings.num_threads)
    loaded = LoadedModel(model, settings.num_threads)
    given = make_input()

    def whole() -> None:
        loaded.run(make_input())

    calls = (make_input, lambda: loaded.run(given), whole)
    feature, inference, total = _time_in_turns(calls, settings.warmup_runs, settings.num_runs, emit)
    return Latency(
        device=device_name(), num_threads=settings.num_threads, feature=feature, inference=inference, total=total
    )


@dataclass(frozen=True)
class Benchmark:
    """How long a run of a file takes; the shapes of all its inputs and outputs, and whether it remembers runs."""

    timing: Timing
    takes: tuple[tuple[int, ...], ...]
    gives: tuple[tuple[int, ...], ...]
    state: State


def benchmark(
    model: Path, num_threads: int = 1, warmup_runs: int = 20, num_runs: int = 200, emit: Emit = ignore
) -> Benchmark:
    """Time the inference of any file on random input for all its inputs. Raises ModelError when it cannot be run."""
    with GuardedModel(model, num_threads) as opened:
        timing = _summarize(opened.time(warmup_runs, num_runs, _reporting(emit)), warmup_runs)
        return Benchmark(timing, opened.takes, opened.gives, opened.state)


@cache
def device_name() -> str:
    """Return the name of this machine's processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Model"))]
    return names[0] if names else platform.processor() or platform.machine()


def _time_in_turns(
    calls: tuple[Callable[[], object], ...], warmup_runs: int, num_runs: int, emit: Emit
) -> list[Timing]:
    taken_ms = time_in_turns(calls, warmup_runs, num_runs, _reporting(emit))
    return [_summarize(column, warmup_runs) for column in taken_ms.T]


def _reporting(emit: Emit) -> Callable[[int, int], None]:
    return lambda done, total: emit(Progressed(what="timed runs", done=done, total=total))


def _summarize(taken_ms: np.ndarray, warmup_runs: int) -> Timing:
    median, p90, p99 = np.quantile(taken_ms, (0.5, 0.9, 0.99))
    return Timing(median_ms=median, p90_ms=p90, p99_ms=p99, num_runs=len(taken_ms), warmup_runs=warmup_runs)
