"""How soon a sweep says that one of its processes was killed."""

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.benchmarks import scene
from tests.benchmarks.figure import Figure
from tests.conftest import write_tones

ROUNDS = 3
NUM_WORKERS = 2


def measure() -> list[Figure]:
    """Kill the newest process of a sweep while every one trains."""
    with scene.home_folder() as home:
        clips = write_tones(home / "tones")
        taken_s = [_kill_one(home, home / f"study-{number}", clips) for number in range(ROUNDS)]
    return [
        Figure(
            "a killed process of a sweep is reported",
            max(taken_s),
            "s",
            {"median s": statistics.median(taken_s), "longest s": max(taken_s)},
            at_most=2,
        )
    ]


def _kill_one(home: Path, folder: Path, clips: Path) -> float:
    from core.experiment.jobs import RunSweep, to_line
    from core.experiment.store import Study
    from core.spec import parse_spec

    study = Study.create(folder)
    training = {"epochs": 1000, "batch_size": 2, "initial_learning_rate": 0.0001}
    names = tuple(
        study.add(parse_spec({"dataset": {"folder": str(clips)}, "training": {**training, "seed": seed}}))
        for seed in range(NUM_WORKERS)
    )
    job = RunSweep(job="sweep", study=str(folder), trials=names, num_workers=NUM_WORKERS)
    with subprocess.Popen(
        [sys.executable, "-m", "core.worker"],
        cwd=scene.ROOT,
        env=scene.environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as worker:
        assert worker.stdin and worker.stdout
        worker.stdin.write(to_line(job))
        worker.stdin.flush()
        events = map(json.loads, worker.stdout)
        training_now: set[str] = set()
        while len(training_now) < NUM_WORKERS:
            event = next(events)
            if event["kind"] == "epoch_ended":
                training_now.add(event["trial"])
        spawned = psutil.Process(worker.pid).children(recursive=True)
        pool = [process for process in spawned if "spawn_main" in " ".join(process.cmdline())]
        max(pool, key=psutil.Process.create_time).kill()
        killed_s = time.monotonic()
        while next(events)["kind"] != "job_failed":
            pass
        taken_s = time.monotonic() - killed_s
        worker.stdin.close()
    return taken_s
