"""The benchmark on the device: the deployed files, timed and judged where they will run.

    python -m core.deploy.device.bench [FOLDER …] [--clips FILE …] [--threads 1,2] [--warmup 20] [--runs 200]

Each FOLDER holds `model.tflite` and `settings.json`; none named means this one. Several are measured in turns, so that
a saving against a reference holds. `--clips` names, for the folders in their order, .npz files of `samples` and
`targets`: clips (int16, n × num_samples, at the model's rate) and the places (n) of their labels, or windows (float32,
n × steps × columns) and what came after them. Lines on stdout, in this order:

    started     device, machine, cores, python, numpy, runtime
    conditions  when ("before", "after"), and what `board.conditions` tells
    progressed  what, done, total                                     (any number, anywhere)
    timed       folder, num_threads, slowed, and feature, inference, total of
                {median_ms, p90_ms, p99_ms, max_ms, num_runs, warmup_runs}; one for each number of threads and folder
    predicted   folder, labels, num_clips, num_right, predictions: [[place of the label, its probability], …]
    forecasts   folder, forecasts: [[value, …], …], by step and target; in place of the line before
    resident    folder, resident_bytes, peak_resident_bytes
    finished    seconds                                               (or failed, message)
"""

from __future__ import annotations

import core.deploy.device.one_thread  # noqa: F401 (before numpy)  # isort: skip

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.deploy.device import board, lines
from core.deploy.device.runtime import open_network, runtime_name
from core.deploy.device.settings import TaskSettings
from core.deploy.device.tasks import read_task
from core.errors import DataError, WorkbenchError
from core.evaluation.network import Network
from core.evaluation.stopwatch import Float64, time_in_turns

_TURNS = 10
_REPORT_S = 0.25
_PARTS = ("feature", "inference", "total")


@dataclass(frozen=True)
class Examples:
    """Examples to judge by: inputs (n, *example_shape) as they were measured, and n targets."""

    inputs: NDArray[Any]
    targets: NDArray[Any]


@dataclass(frozen=True)
class Candidate:
    """A folder to measure; without examples its input is noise, which costs the same time."""

    folder: str
    settings: TaskSettings
    examples: Examples | None

    def received(self) -> Any:
        """Return the one example that is timed."""
        return self.settings.received(self.settings.noise() if self.examples is None else self.examples.inputs[:1])

    def open(self, num_threads: int = 1) -> Network:
        """Return the model, ready to run."""
        return open_network(Path(self.folder), self.settings, num_threads)


def measure(candidates: list[Candidate], threads: list[int], warmup_runs: int, num_runs: int) -> None:
    """Say everything about the candidates: times for every number of threads first, for they are waited for."""
    started_s = time.monotonic()
    lines.say("started", **_about())
    lines.say("conditions", when="before", **board.conditions())
    for num_threads in threads:
        _time(candidates, num_threads, warmup_runs, num_runs)
    for candidate in candidates:
        if candidate.examples is not None:
            _judge(candidate, candidate.examples)
    for candidate in candidates:
        lines.say("resident", folder=candidate.folder, **_resident(candidate.folder))
    lines.say("conditions", when="after", **board.conditions())
    lines.say("finished", seconds=time.monotonic() - started_s)


def _about() -> dict[str, Any]:
    return {
        "device": board.device_name(),
        "machine": platform.machine(),
        "cores": num_cores(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "runtime": runtime_name(),
    }


def num_cores() -> int:
    """Return the number of cores this process may use."""
    return len(os.sched_getaffinity(0))


def _time(candidates: list[Candidate], num_threads: int, warmup_runs: int, num_runs: int) -> None:
    slowed = board.conditions()["slowed"]
    calls = [_calls(candidate, num_threads) for candidate in candidates]
    what = f"timed runs on {num_threads} thread{'s' * (num_threads > 1)}"
    taken_ms: list[list[Float64]] = [[] for _ in candidates]
    sizes = [len(part) for part in np.array_split(np.arange(num_runs), min(_TURNS, num_runs))]
    for turn, size in enumerate(sizes):
        for index, own in enumerate(calls):
            before = sum(sizes[:turn]) * len(calls) + size * index

            def report(done: int, _total: int, before: int = before) -> None:
                lines.say("progressed", what=what, done=before + done, total=num_runs * len(calls))

            taken_ms[index].append(time_in_turns(own, warmup_runs if turn == 0 else 1, size, report))
    slowed = slowed or board.conditions()["slowed"]
    for candidate, parts in zip(candidates, taken_ms):  # noqa: B905 (Python 3.9 knows no `strict`)
        columns = np.concatenate(parts).T
        timings = {name: _timing(columns[index], warmup_runs) for index, name in enumerate(_PARTS)}
        lines.say("timed", folder=candidate.folder, num_threads=num_threads, slowed=slowed, **timings)


def _calls(candidate: Candidate, num_threads: int) -> tuple[Any, ...]:
    """Return what is timed: making the input, the model, and both as one whole."""
    network = candidate.open(num_threads)
    prepare, received = candidate.settings.preparation(), candidate.received()
    given = prepare(received)
    return lambda: prepare(received), lambda: network.run(given), lambda: network.run(prepare(received))


def _timing(taken_ms: Float64, warmup_runs: int) -> dict[str, float]:
    median, p90, p99 = np.quantile(taken_ms, (0.5, 0.9, 0.99)).tolist()
    return {
        "median_ms": median,
        "p90_ms": p90,
        "p99_ms": p99,
        "max_ms": float(taken_ms.max()),
        "num_runs": len(taken_ms),
        "warmup_runs": warmup_runs,
    }


def _judge(candidate: Candidate, examples: Examples) -> None:
    settings = candidate.settings
    network, prepare = candidate.open(), settings.preparation()
    outputs = []
    reported_s = time.monotonic()
    for example in examples.inputs:
        outputs.append(network.run(prepare(settings.received(example[np.newaxis])))[0])
        if time.monotonic() - reported_s > _REPORT_S:
            reported_s = time.monotonic()
            lines.say("progressed", what="examples judged", done=len(outputs), total=len(examples.inputs))
    kind, told = settings.answers(np.stack(outputs), examples.targets)
    lines.say(kind, folder=candidate.folder, **told)


def _resident(folder: str) -> dict[str, int]:
    """Return what a process of its own says, for this one holds every candidate and its examples."""
    asked = subprocess.run(
        [sys.executable, "-m", "core.deploy.device.resident", folder], stdout=subprocess.PIPE, encoding="utf-8"
    )
    said = json.loads(asked.stdout or '{"kind": ""}')
    if said.pop("kind") != "resident":
        raise WorkbenchError(said.get("message", f"{folder}: its memory could not be measured; see the messages above"))
    return dict(said)


def read_examples(path: Path, settings: TaskSettings) -> Examples:
    """Read examples to judge by. Raises DataError naming the file when they are not made for this model."""
    try:
        with np.load(path) as content:
            inputs, targets = content["samples"], content["targets"]
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read as clips or windows ({error}); upload them again") from error
    shape = (len(targets), *settings.example_shape)
    if inputs.dtype != settings.example_type or inputs.shape != shape or not len(targets):
        sides = ", ".join(map(str, settings.example_shape))
        raise DataError(
            f"{path}: must hold {np.dtype(settings.example_type)} samples of shape (n, {sides}) for n targets, has "
            f"{inputs.dtype} {inputs.shape} for {len(targets)}; make them with the settings of the model"
        )
    return Examples(inputs, targets)


def _candidates(folders: list[str], files: list[Path]) -> list[Candidate]:
    found = []
    for index, folder in enumerate(folders):
        settings = read_task(Path(folder))
        own = read_examples(files[index], settings) if index < len(files) else None
        found.append(Candidate(folder, settings, own))
    return found


def main() -> None:
    """Measure what the command line names."""
    parser = lines.CommandLine("bench")
    parser.add_argument("folders", nargs="*", default=["."])
    parser.add_argument("--clips", action="append", type=Path, default=[])
    parser.add_argument("--threads", default=",".join(map(str, range(1, num_cores() + 1))))
    parser.add_argument("--warmup", type=int, default=20)
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    threads = [int(count) for count in options.threads.split(",")]
    measure(_candidates(options.folders, options.clips), threads, options.warmup, options.runs)


if __name__ == "__main__":
    sys.exit(lines.run(main))
