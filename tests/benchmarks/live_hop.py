"""What one hop of live spotting costs, and a DET curve over ten minutes, with a network of system E, untrained."""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from core.datasets.preprocessing import Preprocessing
from core.evaluation.detection import DetectionSettings, Posteriors, SpokenWord, det_curve
from core.experiment.model_choice import ChosenModel
from core.experiment.spotting import Spotter
from core.spec import TrialSpec
from tests.benchmarks import clips
from tests.benchmarks.figure import Figure
from workbench.commands.live_spotting import Hearing
from workbench.form.starter_specs import starters

STARTER = "system-e-a"
SECONDS = 60
MINUTES = 10


def measure() -> list[Figure]:
    """Push a minute of noise hop by hop; then move the threshold over ten minutes of posteriors."""
    (found,) = [starter for starter in starters() if starter.file == STARTER]
    spec = found.spec_for("")
    with tempfile.TemporaryDirectory() as folder:
        spotter = Spotter(_untrained(spec, Path(folder)))
    hops = np.random.default_rng(0).normal(0, 0.1, (SECONDS * 50, spotter.sample_rate // 50)).astype(np.float32)
    whole_ms, steps = [], []
    for hop in hops:
        started = time.perf_counter()
        found_steps = spotter.push(hop)
        whole_ms.append(1000 * (time.perf_counter() - started))
        steps += found_steps
    settled_ms = whole_ms[100:]
    grown_mb = _memory_grown_mb(spotter, hops)
    det_s = _time_det_curve()
    return [
        Figure(
            "one live hop: features, network, detector",
            statistics.median(settled_ms),
            "ms",
            {
                "features ms": statistics.median(step.feature_ms for step in steps),
                "inference ms": statistics.median(step.inference_ms for step in steps),
                "p99 ms": float(np.quantile(settled_ms, 0.99)),
            },
            at_most=2,
            note=f"{STARTER}, hop {spotter.settings.hop_ms:g} ms, 1 thread",
        ),
        Figure(
            "memory that listening takes more each minute",
            grown_mb / MINUTES,
            "MB",
            {f"in {MINUTES} minutes MB": grown_mb},
            at_most=0.02,
        ),
        Figure("DET curve of 101 thresholds over 10 minutes", 1000 * det_s, "ms", {"s": det_s}),
    ]


def _memory_grown_mb(spotter: Spotter, hops: NDArray[np.float32]) -> float:
    """Return how much more of the machine's memory the process holds after minutes of listening, a minute apart."""
    hearing = Hearing(spotter, say=lambda _detection: None)
    process = psutil.Process()

    def hear_minute() -> None:
        for hop in hops:
            hearing.hear(hop)

    hear_minute()
    hear_minute()
    before_bytes = process.memory_info().rss
    for _ in range(MINUTES):
        hear_minute()
    return (process.memory_info().rss - before_bytes) / 1024**2


def _untrained(spec: TrialSpec, folder: Path) -> ChosenModel:
    from core.compression import convert, package, slim
    from core.models import assembly, registry

    preprocessing = Preprocessing(features=spec.features, clip_duration_ms=1000, labels=clips.WORDS)
    model = assembly.assemble(registry.build(spec.model, preprocessing.input_shape, len(clips.WORDS)), 0)
    inputs = np.random.default_rng(0).normal(size=(50, *preprocessing.input_shape)).astype(np.float32)
    path = package.deploy(slim.slim(convert.convert(model, spec.quantization, inputs)), folder)
    return ChosenModel(path, preprocessing)


def _time_det_curve() -> float:
    """Return the seconds for random posteriors that wander as those of speech do, and a word every three seconds."""
    num_hops = MINUTES * 60 * 50
    rng = np.random.default_rng(0)
    wander = [np.convolve(rng.normal(0, 12, num_hops), np.full(40, 1 / 40), "same") for _ in clips.WORDS]
    scores = np.exp(np.transpose(wander))
    probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    given = Posteriors(clips.WORDS, np.arange(1, num_hops + 1) / 50, probabilities, MINUTES * 60.0)
    truth = [SpokenWord(clips.WORDS[index % len(clips.WORDS)], 3.0 * index) for index in range(MINUTES * 20)]
    started = time.perf_counter()
    det_curve(given, truth, DetectionSettings())
    return time.perf_counter() - started
