"""A model on a microphone's stream: hop by hop, a little at a time, with what it costs. Knows nothing of Qt."""

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr
from numpy.typing import NDArray
from psygnal import Signal

from core.datasets.recordings import SAMPLE_RATE

if TYPE_CHECKING:
    from core.evaluation.detection import DetectionSettings
    from core.evaluation.spotter import Step
    from core.experiment.spotting import Spotter

Float32 = NDArray[np.float32]

BUDGET_S = 0.012
"""Longest stretch of work before the event loop gets its turn."""
MOST_BEHIND_S = 2.0
"""A model that cannot keep up leaves out what is older than this."""
COSTS_S = 4.0
"""Time over which costs are told."""


@dataclass(frozen=True)
class HopCost:
    """Medians of the newest hops in milliseconds, the slowest hundredth, and the part of a core that they keep busy."""

    hop_ms: float
    feature_ms: float
    inference_ms: float
    total_p99_ms: float
    core_fraction: float


class SpottingStream:
    """Hears samples at 16 kHz and tells the steps that come of them."""

    stepped = Signal(object)
    """A list of Step, at least one."""
    fell_behind = Signal(float)
    """Seconds of sound that were left out because hops take longer than they last."""

    def __init__(self, spotter: "Spotter") -> None:
        self.spotter = spotter
        self.restart()

    def restart(self) -> None:
        """Begin a new stream at time zero."""
        self.spotter.restart()
        rate = self.spotter.sample_rate
        self._resampler = soxr.ResampleStream(SAMPLE_RATE, rate, 1) if rate != SAMPLE_RATE else None
        self._waiting: Float32 = np.zeros(0, np.float32)
        self._forget_costs()

    def use(self, settings: "DetectionSettings") -> None:
        """Put another working point in force; the stream goes on."""
        if settings != self.spotter.settings:
            self.spotter.settings = settings
            self._forget_costs()

    @property
    def is_behind(self) -> bool:
        """Tell whether `advance` has a hop to do."""
        return len(self._waiting) >= self._hop

    def hear(self, samples: Float32) -> None:
        """Take what is new of the stream."""
        fresh = self._resampler.resample_chunk(samples) if self._resampler else samples
        self._waiting = np.concatenate((self._waiting, fresh))
        most = round(MOST_BEHIND_S * self.spotter.sample_rate)
        if len(self._waiting) > most:
            left_out = len(self._waiting) - most
            self._waiting = self._waiting[left_out:]
            self.fell_behind.emit(left_out / self.spotter.sample_rate)
        self.advance()

    def advance(self) -> None:
        """Go on for some milliseconds with what was heard and not spotted in yet."""
        deadline = time.perf_counter() + BUDGET_S
        steps: list[Step] = []
        while self.is_behind and time.perf_counter() < deadline:
            hop, self._waiting = self._waiting[: self._hop], self._waiting[self._hop :]
            steps += self.spotter.push(hop)
        if steps:
            self._costs.extend((step.feature_ms, step.inference_ms) for step in steps)
            self.stepped.emit(steps)

    @property
    def cost(self) -> HopCost | None:
        """What the newest hops took; None before there were any."""
        if not self._costs:
            return None
        taken = np.array(self._costs)
        total = taken.sum(axis=1)
        hop_ms = self.spotter.settings.hop_ms
        feature_ms, inference_ms = np.median(taken, axis=0).tolist()
        share = float(total.mean()) / hop_ms
        return HopCost(hop_ms, feature_ms, inference_ms, float(np.percentile(total, 99)), share)

    @property
    def _hop(self) -> int:
        return round(self.spotter.settings.hop_ms * self.spotter.sample_rate / 1000)

    def _forget_costs(self) -> None:
        hops = max(1, round(1000 * COSTS_S / self.spotter.settings.hop_ms))
        self._costs: deque[tuple[float, float]] = deque(maxlen=hops)
