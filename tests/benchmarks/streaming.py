"""What a hop of 20 ms costs: features hop by hop against the whole window anew, and a whole live hop of system E."""

import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.benchmarks import scene
from tests.benchmarks.figure import Figure

SPECS = {"E (a)": "system-e-a", "E (b)": "system-e-b", "E (c)": "system-e-c"}
SCHEMES = ("dynamic_range", "int8")  # What the specs say, and what a microcontroller would want.
HOP_MS, WINDOW_S = 20, 1
ROUNDS, CALLS = 60, 25


def measure() -> list[Figure]:
    """Time both in a process of one thread on one core; models are untrained, which their time does not depend on."""
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    with scene.home_folder() as home:
        scene.play("streaming", home, "build", str(home))
        heard = scene.play("streaming", home, "hear", str(home), **one_thread)
    hop, window = heard["features"]["hop"], heard["features"]["window"]
    figures = [
        Figure(
            "features: window of 1 s anew ÷ 20 ms hop",
            window / hop,
            "×",
            {"window anew µs": window, "hop µs": hop, "of that one FFT by numpy µs": heard["features"]["transform"]},
            at_least=20,
            note="MFCC, 40 ms frames every 20 ms, one frame a hop",
        )
    ]
    for name, found in heard["spotting"].items():
        figures.append(
            Figure(
                f"live hop of {name}",
                found["total"]["median"],
                "ms",
                {
                    "p99 ms": found["total"]["p99"],
                    "features ms": found["features"]["median"],
                    "inference ms": found["inference"]["median"],
                },
                at_most=2,
            )
        )
    return figures


def build(home: Path) -> None:
    """Write untrained models of system E with their preprocessing."""
    from core.compression import convert, slim
    from core.datasets.preprocessing import fit_preprocessing, save_preprocessing
    from core.experiment.spec_file import load_spec
    from core.models import assembly, registry
    from core.tasks.registry import TASKS

    rng = np.random.default_rng(0)
    for name, file in SPECS.items():
        spec = load_spec(scene.ROOT / "resources" / "specs" / f"{file}.toml", ["dataset.folder=none"])
        shape = TASKS[spec.task].input_shape(spec)
        model = assembly.assemble(registry.build(spec.model, shape, len(spec.dataset.labels)), seed=0)
        inputs = rng.normal(size=(20, *shape)).astype(np.float32)
        for scheme in SCHEMES:
            folder = home / f"{name}, {scheme}"
            folder.mkdir()
            quantization = spec.quantization.model_copy(update={"scheme": scheme})
            (folder / "model.tflite").write_bytes(slim.slim(convert.convert(model, quantization, inputs)))
            preprocessing = fit_preprocessing(spec.features, spec.dataset, spec.dataset.labels, inputs[..., 0])
            save_preprocessing(preprocessing, folder)
    scene.answer({})


def hear(home: Path) -> None:
    """Time hops on one core."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    models = sorted(path.parent for path in home.glob("*/model.tflite"))
    scene.answer({"features": _time_features(), "spotting": {folder.name: _time_hops(folder) for folder in models}})


def _time_features() -> dict[str, float]:
    """Both read the sound from the ring that the microphone writes to."""
    from core.audio.ring_buffer import RingBuffer
    from core.features.mel import FeatureExtractor, frame_transform
    from core.features.streaming import StreamingExtractor
    from core.spec import Features

    settings = Features()
    hop, window = settings.sample_rate * HOP_MS // 1000, settings.sample_rate * WINDOW_S
    ring = RingBuffer(10 * window)
    ring.write(_noise(5 * window))
    batch, stream = FeatureExtractor(settings, window), StreamingExtractor(settings, window)
    stream.push(ring.latest(window))
    padded = np.zeros((1, settings.effective_fft_length))
    transform, spectrum = frame_transform(padded.shape[1]), np.zeros((1, padded.shape[1] // 2 + 1), np.complex128)

    def by_hop() -> None:
        stream.push(ring.read(ring.written - hop, ring.written))
        stream.window()

    ways: dict[str, Callable[[], object]] = {
        "hop": by_hop,
        "window": lambda: batch.compute(ring.latest(window)[np.newaxis]),
        "transform": lambda: transform(padded, spectrum),
    }
    return _microseconds_by_turns(ways)


def _time_hops(folder: Path) -> dict[str, dict[str, float]]:
    from core.experiment.spotting import open_spotter

    spotter = open_spotter(folder)
    hop = spotter.sample_rate * HOP_MS // 1000
    sound = _noise(spotter.sample_rate * WINDOW_S + hop * 1100)
    times: dict[str, list[float]] = {"total": [], "features": [], "inference": []}
    for start in range(0, len(sound), hop):
        block = sound[start : start + hop]
        started = time.perf_counter()
        steps = spotter.push(block)
        times["total"].append(1000 * (time.perf_counter() - started))
        for step in steps:
            times["features"].append(step.feature_ms)
            times["inference"].append(step.inference_ms)
    return {
        name: {"median": statistics.median(found[-1000:]), "p99": sorted(found[-1000:])[990]}
        for name, found in times.items()
    }


def _noise(num_samples: int) -> np.ndarray:
    return (0.1 * np.random.default_rng(1).standard_normal(num_samples)).astype(np.float32)


def _microseconds_by_turns(ways: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median time of a call of each way."""
    times: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(ROUNDS):
        for way, call in ways.items():
            call()
            for _ in range(CALLS):
                started = time.perf_counter_ns()
                call()
                times[way].append((time.perf_counter_ns() - started) / 1000)
    return {way: statistics.median(found) for way, found in times.items()}


if __name__ == "__main__":
    {"build": build, "hear": hear}[sys.argv[1]](Path(sys.argv[2]))
