"""System F on real measurements: what forecasts gain over persistence, in how many bytes, and how long training takes.

Each starter spec is trained from three seeds by the command that a user types, and the worst of the three counts.
Training is timed on its own, from an empty cache, one trial at a time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

from core.experiment.store import Study
from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure

SPECS = scene.ROOT / "resources" / "specs"
SEEDS = (0, 1, 2)
# Starter specs with what they must gain over persistence in °C and %, and their zipped kB.
WANTED = {"system-f": (25, 17, 1.0), "system-f-tiny": (20, 14, 0.8)}
COURSE_CNN = "system-f-course"
EPOCHS_S = 20


def measure() -> list[Figure]:
    """Train both starter specs from every seed, and the course's CNN once."""
    table = clips.real_climate()
    load = os.getloadavg()[0]
    figures = []
    with scene.home_folder() as home:
        for name, wanted in WANTED.items():
            study = _train(home, name, SEEDS, table)
            figures += _qualities(name, study, wanted)
            if name == "system-f":
                figures.append(_seconds("its three filters", study, load))
        figures.append(_seconds("the course's 64 filters", _train(home, COURSE_CNN, SEEDS[:1], table), load))
    return figures


def _qualities(name: str, study: Study, wanted: tuple[float, float, float]) -> list[Figure]:
    trials = study.summaries()
    note = f"worst of seeds {', '.join(map(str, SEEDS))}"
    figures = []
    for place, least in enumerate(wanted[:2]):
        errors = [trial.errors[place] for trial in trials]
        worst = min(errors, key=lambda error: error.gain)
        gained = {
            f"MAE {worst.unit}": worst.mae,
            f"persistence {worst.unit}": worst.persistence_mae,
            f"linear model {worst.unit}": worst.linear_mae,
        }
        title = f"{name}: {worst.name} below persistence"
        figures.append(Figure(title, 100 * worst.gain, "%", gained, at_least=least, note=note))
    zipped, plain = (max(sizes) / 1024 for sizes in zip(*((t.zip_bytes, t.tflite_bytes) for t in trials), strict=True))
    figures.append(Figure(f"{name}: zipped", zipped, "kB", {"plain kB": plain}, at_most=wanted[2], note=note))
    return figures


def _seconds(which: str, study: Study, load: float) -> Figure:
    spent = [study.result(trial.name).training_seconds for trial in study.summaries()]
    epochs = study.spec(study.summaries()[0].name).training.epochs
    measured = {f"{epochs} epochs s": max(spent), "load before": load}
    return Figure(f"50 epochs of a CNN, {which}", 50 / epochs * max(spent), "s", measured, at_most=EPOCHS_S)


def _train(home: Path, name: str, seeds: tuple[int, ...], table: Path) -> Study:
    sweep = home / f"{name}.toml"
    sweep.write_text(
        f"base = {json.dumps(str(SPECS / f'{name}.toml'))}\n[axes]\ntraining.seed = {list(seeds)}\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "workbench", "sweep", str(sweep), "--study", str(home / name)]
    done = subprocess.run(
        [*command, "--data", str(table), "--workers", "1"],
        cwd=scene.ROOT,
        env=scene.environment(home),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the sweep ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
    return Study.open(home / name)
