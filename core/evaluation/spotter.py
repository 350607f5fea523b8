"""Spotting words in sound as it comes: features hop by hop, the network, the detector. A device runs this same file."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.evaluation.detection import Detection, DetectionSettings, Detector
from core.evaluation.network import Network
from core.features.kinds import make_stream
from core.features.mel import Settings

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


class Preparation(Protocol):
    """The way from a waveform to the network's input, and what its outputs stand for."""

    @property
    def labels(self) -> tuple[str, ...]:
        """What the probabilities stand for, in their order."""

    @property
    def features(self) -> Settings:
        """What decides the picture."""

    @property
    def num_samples(self) -> int:
        """Samples of one clip."""

    def scale(self, pictures: Float32) -> Float32:
        """Return network inputs (n, …) of pictures (n, frames, coefficients)."""


@dataclass(frozen=True)
class Step:
    """What one hop gave: probabilities and their averages of shape (labels,), and what it took."""

    time_s: float
    """End of the sound heard, from the beginning of the stream."""
    probabilities: Float32
    smoothed: Float64
    detection: Detection | None
    columns: Float32
    """Frames (k, coefficients) that the hop completed, before any normalization."""
    feature_ms: float
    inference_ms: float


class StreamSpotter:
    """A network listening to a stream; it must fit its preparation."""

    def __init__(self, network: Network, preparation: Preparation, settings: DetectionSettings) -> None:
        self._network = network
        self._preparation = preparation
        self.settings = settings
        self.restart()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the probabilities stand for, in their order."""
        return self._preparation.labels

    @property
    def sample_rate(self) -> int:
        """Rate of the samples it takes, in Hz."""
        return self._preparation.features.sample_rate

    @property
    def settings(self) -> DetectionSettings:
        """The working point in force; its hop is a whole number of frame steps. Setting it forgets the averages."""
        return self._settings

    @settings.setter
    def settings(self, settings: DetectionSettings) -> None:
        self._settings = in_frame_steps(settings, self._preparation.features)
        self._hop = round(self._settings.hop_ms * self.sample_rate / 1000)
        self._detector = Detector(self.labels, self._settings)

    def restart(self) -> None:
        """Begin a new stream at time zero."""
        self._stream = make_stream(self._preparation.features, self._preparation.num_samples)
        self._detector = Detector(self.labels, self._settings)
        self._waiting = np.zeros(0, np.float32)
        self._num_heard = 0

    def push(self, samples: Float32) -> list[Step]:
        """Take samples (n,) of any number and return a step for each hop they complete, once a whole clip was heard."""
        self._waiting = np.concatenate((self._waiting, samples))
        whole = len(self._waiting) - len(self._waiting) % self._hop
        hops, self._waiting = self._waiting[:whole], self._waiting[whole:]
        steps = (self._hear(hop) for hop in hops.reshape(-1, self._hop))
        return [step for step in steps if step is not None]

    def _hear(self, hop: Float32) -> Step | None:
        started_ns = time.perf_counter_ns()
        columns = self._stream.push(hop)
        self._num_heard += len(hop)
        picture = self._stream.window()
        if picture is None:
            return None
        given = self._preparation.scale(picture[np.newaxis])
        made_ns = time.perf_counter_ns()
        probabilities = self._network.run(given)[0]
        done_ns = time.perf_counter_ns()
        time_s = self._num_heard / self.sample_rate
        detection = self._detector.push(time_s, probabilities)
        return Step(
            time_s=time_s,
            probabilities=probabilities,
            smoothed=self._detector.smoothed,
            detection=detection,
            columns=columns,
            feature_ms=(made_ns - started_ns) / 1e6,
            inference_ms=(done_ns - made_ns) / 1e6,
        )


def in_frame_steps(settings: DetectionSettings, features: Settings) -> DetectionSettings:
    """Return settings whose hop is the whole number of frame steps nearest to the one wanted.

    A hop in between would hear nothing new. What then could not fire is widened to what can: a longer hop leaves fewer
    posteriors in the window.
    """
    step_ms = features.frame_step * 1000 / features.sample_rate
    hop_ms = step_ms * max(1, round(settings.hop_ms / step_ms))
    most = max(1, -(-settings.average_window_ms // hop_ms))
    return dataclasses.replace(settings, hop_ms=hop_ms, minimum_count=min(settings.minimum_count, int(most)))
