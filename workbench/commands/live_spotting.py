"""Spotting from a microphone for as long as wanted, and what it came to."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any

from workbench.commands.microphone_stream import blocks

if TYPE_CHECKING:
    from core.evaluation.detection import Detection
    from core.experiment.spotting import Spotter


def listen_live(
    spotter: "Spotter", device: str | None, seconds: float | None, say: Callable[["Detection"], None]
) -> dict[str, Any]:
    """Spot words in a microphone's sound, telling each to `say` as it fires, until the time is up or Ctrl+C.

    Returns detections, seconds heard, losses and the cost of a hop as JSON values. Raises AudioError.
    """
    import numpy as np

    from core.audio.microphone import Microphone
    from core.datasets.listing import SILENCE, UNKNOWN
    from workbench import console

    detections = []
    taken_ms: list[tuple[float, float]] = []
    num_heard = 0
    with Microphone(spotter.sample_rate, device) as microphone, _until_interrupted() as is_interrupted:
        name = microphone.device.name
        words = ", ".join(label for label in spotter.labels if label not in (SILENCE, UNKNOWN))
        console.say(f"Listening to {name} for {words}; Ctrl+C ends it.")
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        for block in blocks(microphone):
            num_heard += len(block)
            for step in spotter.push(block):
                taken_ms.append((step.feature_ms, step.inference_ms))
                if step.detection:
                    detections.append(step.detection)
                    say(step.detection)
            if is_interrupted() or (seconds is not None and num_heard >= seconds * spotter.sample_rate):
                break
        wall_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
        dropped_blocks = microphone.state.dropped_blocks
    feature_ms, inference_ms = (
        np.median(np.array(taken_ms).reshape(-1, 2), axis=0).tolist() if taken_ms else (None,) * 2
    )
    return {
        "device": name,
        "seconds": num_heard / spotter.sample_rate,
        "detections": [asdict(detection) for detection in detections],
        "settings": asdict(spotter.settings),
        "form": spotter.form.as_values(),
        "feature_ms": feature_ms,
        "inference_ms": inference_ms,
        "cpu": cpu_s / wall_s,
        "dropped_blocks": dropped_blocks,
        "synthetic": spotter.chosen.synthetic,
    }


@contextmanager
def _until_interrupted() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl+C into an answer: it is how listening ends, so what was heard is still told."""
    requested = False

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        nonlocal requested
        requested = True

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
