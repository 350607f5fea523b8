"""What it costs to compute one clip's features on this machine, measured between turns of the event loop."""

import time

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from core.features.kinds import make_extractor
from core.spec import Features

WARMUP_RUNS, FEW_RUNS, MOST_RUNS = 3, 5, 50
MOST_S = 0.25
"""Costly settings are timed by fewer runs, so that the window stays quick."""


class FeatureTimer(QObject):
    """Times settings once they have been still for a while; a first figure comes after a few runs."""

    timed = Signal(float)
    """Milliseconds a clip, the least of the runs: what others have of the processor is no cost of the features."""

    def __init__(self, parent: QObject, settled_ms: int) -> None:
        super().__init__(parent)
        self.cost_ms: float | None = None
        self._settings: tuple[Features, int] | None = None
        self._times_ms: list[float] = []
        self._settled = QTimer(self, singleShot=True, interval=settled_ms)
        self._settled.timeout.connect(self._begin)
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._time_once)
        self._is_paused = False

    def time(self, features: Features, num_samples: int) -> None:
        """Time these settings soon, unless they are the ones that were timed or are being timed."""
        if self._settings == (features, num_samples):
            return
        self.stop()
        self._settings = (features, num_samples)
        if features.num_frames(num_samples) >= 1 and not self._is_paused:
            self._settled.start()

    @property
    def is_timing(self) -> bool:
        """Whether more runs are to come."""
        return self._settled.isActive() or self._turn.isActive()

    def stop(self) -> None:
        """Forget what was timed."""
        self._settings = self.cost_ms = None
        self._settled.stop()
        self._turn.stop()

    def pause(self) -> None:
        """Time nothing while others have the processor: the figure would be theirs."""
        self._is_paused = True
        self._settled.stop()
        self._turn.stop()

    def resume(self) -> None:
        """Time what was not timed meanwhile."""
        self._is_paused = False
        if self._settings is not None and self.cost_ms is None:
            settings, self._settings = self._settings, None
            self.time(*settings)

    def _begin(self) -> None:
        assert self._settings is not None
        features, num_samples = self._settings
        self._extractor = make_extractor(features, num_samples)
        self._noise = np.random.default_rng(0).normal(0, 0.1, (1, num_samples)).astype(np.float32)
        self._times_ms = []
        self._turn.start()

    def _time_once(self) -> None:
        """Time one clip, between two turns of the event loop."""
        started = time.perf_counter()
        self._extractor.compute(self._noise)
        self._times_ms.append(1000 * (time.perf_counter() - started))
        runs = self._times_ms[WARMUP_RUNS:]
        enough = len(runs) >= MOST_RUNS or (len(runs) >= FEW_RUNS and sum(self._times_ms) > 1000 * MOST_S)
        if enough:
            self._turn.stop()
        if enough or len(runs) == FEW_RUNS:
            self.cost_ms = min(runs)
            self.timed.emit(self.cost_ms)
