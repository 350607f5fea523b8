"""Study B, seven go/stop models: a plain script as the course does it, against a sweep of the program.

Both get the same clips, split, epochs, batches and pruning, one after the other on the whole machine. Ours is the
command a user types, from an empty cache: the worker's start, reading, features, training, conversion, judgement on
the `.tflite` and the latency of each model included. The script measures no latency.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from core.datasets.clips import find_clips
from core.datasets.split import split_clips
from core.experiment.store import Study
from core.experiment.sweep import load_sweep
from core.results import wilson_interval
from core.spec import TrialSpec
from tests.benchmarks import clips, scene
from tests.benchmarks.figure import Figure

SWEEP = scene.ROOT / "resources" / "sweeps" / "system-b.toml"
WORKERS = 2
PUBLISHED_EPOCHS = 20
LETTERS = "ABCDEFG"


def measure(epochs: int = PUBLISHED_EPOCHS) -> list[Figure]:
    """Run both once. Other `epochs` than the published ones scale the fine-tuning alike, for both."""
    folder = clips.real_clips()
    with scene.home_folder() as home:
        settings = _settings(folder, epochs)
        specs = load_sweep(SWEEP, settings).expand()
        ours_s, study = _run_sweep(home, folder, settings)
        script_s, models = _run_script(home, specs)
        ours = {trial.letter: study.result(trial.name).quality for trial in study.summaries()}
        zipped = {trial.letter: trial.zip_bytes for trial in study.summaries()}
    # What a script that kept its trained models, and pruned those, would have taken.
    reusing_s = script_s - sum(models[letter]["base_seconds"] for letter in "DEG")
    note = f"{epochs} epochs, {WORKERS} workers"
    figures = [
        Figure(
            "study B: course script ÷ ours",
            script_s / ours_s,
            "×",
            {"script s": script_s, "ours s": ours_s},
            at_least=2.5,
            note=note,
        ),
        Figure(
            "study B: course script reusing its models ÷ ours",
            reusing_s / ours_s,
            "×",
            {"script s": reusing_s, "ours s": ours_s},
            note=note,
        ),
    ]
    return figures + [
        _accuracies(letter, ours[letter].num_right, ours[letter].num_clips, zipped[letter], models[letter])
        for letter in LETTERS
    ]


def _accuracies(letter: str, right: int, count: int, zip_bytes: int, script: dict[str, int]) -> Figure:
    low, high = (100 * end for end in wilson_interval(right, count))
    script_low, script_high = (100 * end for end in wilson_interval(script["right"], script["clips"]))
    within = low <= script_high and script_low <= high
    return Figure(
        f"study B: accuracy of {letter}, ours − script",
        100 * (right / count - script["right"] / script["clips"]),
        "pp",
        {
            "ours %": 100 * right / count,
            "from": low,
            "to": high,
            "script %": 100 * script["right"] / script["clips"],
            "from ": script_low,
            "to ": script_high,
            "ours zip kB": zip_bytes / 1024,
            "script zip kB": script["zip_bytes"] / 1024,
        },
        note="within noise" if within else "apart by more than noise",
    )


def _settings(folder: Path, epochs: int) -> list[str]:
    settings = [f"dataset.folder={json.dumps(str(folder))}"]
    if epochs != PUBLISHED_EPOCHS:
        settings += [f"training.epochs={epochs}", f"pruning.fine_tuning_epochs={max(1, epochs // 2)}"]
    return settings


def _run_sweep(home: Path, folder: Path, settings: list[str]) -> tuple[float, Study]:
    command = [sys.executable, "-m", "workbench", "sweep", str(SWEEP), "--study", str(home / "study")]
    for setting in settings:
        command += ["--set", setting]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, "--workers", str(WORKERS)],
        cwd=scene.ROOT,
        env=scene.environment(home),
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"the sweep ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-6000:]}")
    return seconds, Study.open(home / "study")


def _run_script(home: Path, specs: list[TrialSpec]) -> tuple[float, dict[str, dict[str, int]]]:
    given = home / "course.json"
    given.write_text(json.dumps(_given(specs[0], next(spec for spec in specs if spec.pruning.schedule != "none"))))
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("course_study_b.py")), str(given)],
        env=scene.environment(home),
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - started
    if done.returncode:
        raise RuntimeError(f"the script ended with {done.returncode}:\n{done.stderr[-6000:]}")
    models = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return seconds, {model["letter"]: model for model in models}


def _given(base: TrialSpec, pruned: TrialSpec) -> dict[str, object]:
    """Return what the script must know to do the same: the clips of each part, and how long to train."""
    found = find_clips(base.dataset)
    parts = split_clips(found, base.split)

    def part(rows) -> list[tuple[str, int]]:
        return [(str(found.clips[row].path), found.clips[row].target) for row in rows]

    return {
        "train": part(parts.train),
        "validation": part(parts.validation),
        "test": part(parts.test),
        "epochs": base.training.epochs,
        "initial_learning_rate": base.training.initial_learning_rate,
        "end_learning_rate": base.training.end_learning_rate,
        "fine_tuning_epochs": pruned.pruning.fine_tuning_epochs,
        "fine_tuning_learning_rate": pruned.pruning.initial_learning_rate,
        "initial_sparsity": pruned.pruning.initial_sparsity,
        "final_sparsity": pruned.pruning.final_sparsity,
        "begin": pruned.pruning.begin,
        "end": pruned.pruning.end,
    }
