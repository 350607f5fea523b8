"""Trials as the store sees them, without training any, and Python processes to meet them from outside."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from core.events import EpochEnded, to_line
from core.experiment.store import Study
from core.results import Classification, Footprint, LabelScore, Latency, Timing, TrialResult
from core.spec import Dataset, KeywordSpottingSpec

ROOT = Path(__file__).parents[2]


def spec(**changes) -> KeywordSpottingSpec:
    return KeywordSpottingSpec(dataset=Dataset(folder="/clips"), **changes)


def timing(median_ms: float) -> Timing:
    return Timing(median_ms=median_ms, p90_ms=median_ms, p99_ms=2 * median_ms, num_runs=10, warmup_runs=1)


def result(
    right: int = 45, total_ms: float = 1.0, reference: str = "", reference_total_ms: float | None = None
) -> TrialResult:
    scores = tuple(LabelScore(label=label, num_clips=50, precision=0.9, recall=0.9) for label in ("go", "stop"))
    latency = Latency(
        device="here",
        num_threads=1,
        feature=timing(0.2),
        inference=timing(0.8),
        total=timing(total_ms),
        reference_trial=reference,
        reference_total_ms=reference_total_ms,
    )
    return TrialResult(
        quality=Classification(
            labels=("go", "stop"), confusion=((right, 50 - right), (50 - right, right)), per_label=scores
        ),
        footprint=Footprint(
            tflite_bytes=9000,
            zip_bytes=5000,
            full_tflite_bytes=11000,
            params=900,
            nonzero_params=800,
            macs=70_000,
            peak_ram_bytes=20_000,
        ),
        latencies=(latency,),
        validation_accuracy=0.93,
        training_seconds=3.5,
        num_training_clips=100,
    )


def say(study: Study, name: str, *events) -> None:
    with (study.folder_of(name) / "events.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(to_line(event) for event in events)


def epoch(number: int, accuracy: float = 0.5) -> EpochEnded:
    return EpochEnded(
        phase="training",
        epoch=number,
        epochs=9,
        loss=1,
        accuracy=accuracy,
        validation_loss=1,
        validation_accuracy=accuracy,
        learning_rate=0.1,
        sparsity=0,
        seconds=1,
    )


def run_python(code: str, *arguments: object, **options) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, text=True, stdout=subprocess.PIPE, stdin=subprocess.PIPE, **options
    )
