"""Spotting from a microphone for as long as wanted, and what it came to."""

import signal
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from types import FrameType
from typing import TYPE_CHECKING, Any

from workbench.commands.microphone_stream import blocks

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from core.evaluation.detection import Detection
    from core.evaluation.spotter import StreamSpotter
    from core.experiment.spotting import Spotter


HOPS_TIMED = 3000
"""Of the latest hops, a minute as a rule, the median cost is reported: a microphone may be listened to for days."""


class Hearing:
    """What a spotter made of a stream so far, in memory that does not grow with it."""

    def __init__(self, spotter: "StreamSpotter", say: Callable[["Detection"], None]) -> None:
        self._spotter = spotter
        self._say = say
        self._taken_ms: deque[tuple[float, float]] = deque(maxlen=HOPS_TIMED)
        self.num_samples = 0
        self.num_detections = 0

    def hear(self, samples: "NDArray[np.float32]") -> None:
        """Take the next samples (n,) and say each word that fires in them."""
        self.num_samples += len(samples)
        for step in self._spotter.push(samples):
            self._taken_ms.append((step.feature_ms, step.inference_ms))
            if step.detection:
                self.num_detections += 1
                self._say(step.detection)

    def medians_ms(self) -> tuple[float | None, float | None]:
        """Return what the latest hops took for features and for inference; None before there was one."""
        if not self._taken_ms:
            return None, None
        feature_ms, inference_ms = (statistics.median(taken) for taken in zip(*self._taken_ms, strict=True))
        return feature_ms, inference_ms


def listen_live(
    spotter: "Spotter", device: str | None, seconds: float | None, say: Callable[["Detection"], None]
) -> dict[str, Any]:
    """Spot words in a microphone's sound, giving each to `say` as it fires, until the time is up or Ctrl+C.

    Returns the number of detections, seconds heard, losses and the cost of a hop as JSON values. Raises AudioError.
    """
    from core.audio.microphone import Microphone
    from core.datasets.listing import SILENCE, UNKNOWN
    from workbench import console

    hearing = Hearing(spotter, say)
    with Microphone(spotter.sample_rate, device) as microphone, _until_interrupted() as is_interrupted:
        name = microphone.device.name
        words = ", ".join(label for label in spotter.labels if label not in (SILENCE, UNKNOWN))
        console.say(f"Listening to {name} for {words}; Ctrl+C ends it.")
        began_s, began_cpu_s = time.monotonic(), time.process_time()
        for block in blocks(microphone):
            hearing.hear(block)
            if is_interrupted() or (seconds is not None and hearing.num_samples >= seconds * spotter.sample_rate):
                break
        wall_s, cpu_s = time.monotonic() - began_s, time.process_time() - began_cpu_s
        dropped_blocks = microphone.state.dropped_blocks
    feature_ms, inference_ms = hearing.medians_ms()
    return {
        "device": name,
        "seconds": hearing.num_samples / spotter.sample_rate,
        "num_detections": hearing.num_detections,
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
