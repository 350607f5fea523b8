"""Spotting words in sound as it comes: features hop by hop, the network, the detector. A device runs this same file."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from core.evaluation.detection import Detection, DetectionSettings, Detector
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


class StreamNetwork(Protocol):
    """A network as a stream is heard by it."""

    @property
    def step_frames(self) -> int:
        """Frames that it takes at a time, remembering those before; 0 where it takes whole pictures."""

    def restart(self) -> None:
        """Begin a new stream."""

    def run_timed(self, inputs: Float32) -> tuple[Float32, float]:
        """Return probabilities (n, labels) of pictures, or of the steps that frames complete, and milliseconds."""


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

    def __init__(self, network: StreamNetwork, preparation: Preparation, settings: DetectionSettings) -> None:
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
        self._settings = in_frame_steps(settings, self._preparation.features, self._network.step_frames)
        self._hop = round(self._settings.hop_ms * self.sample_rate / 1000)
        self._detector = Detector(self.labels, self._settings)

    def restart(self) -> None:
        """Begin a new stream at time zero."""
        self._network.restart()
        self._stream = make_stream(self._preparation.features, self._preparation.num_samples)
        self._detector = Detector(self.labels, self._settings)
        self._waiting = np.zeros(0, np.float32)
        self._num_heard = 0

    def push(self, samples: Float32) -> list[Step]:
        """Take samples (n,) of any number and return a step for each hop they complete.

        The first comes once a whole clip was heard, or the first frames of a network that takes them step by step.
        """
        self._waiting = np.concatenate((self._waiting, samples))
        whole = len(self._waiting) - len(self._waiting) % self._hop
        hops, self._waiting = self._waiting[:whole], self._waiting[whole:]
        steps = (self._hear(hop) for hop in hops.reshape(-1, self._hop))
        return [step for step in steps if step is not None]

    def _hear(self, hop: Float32) -> Step | None:
        started_ns = time.perf_counter_ns()
        columns = self._stream.push(hop)
        self._num_heard += len(hop)
        picture = columns if self._network.step_frames else self._stream.window()
        if picture is None or not len(picture):
            return None
        given = self._preparation.scale(picture[np.newaxis])
        feature_ms = (time.perf_counter_ns() - started_ns) / 1e6
        # Frames that come next are no picture of their own.
        found, inference_ms = self._network.run_timed(given[0] if self._network.step_frames else given)
        if not len(found):
            return None
        probabilities = found[-1]
        time_s = self._num_heard / self.sample_rate
        detection = self._detector.push(time_s, probabilities)
        return Step(
            time_s=time_s,
            probabilities=probabilities,
            smoothed=self._detector.smoothed,
            detection=detection,
            columns=columns,
            feature_ms=feature_ms,
            inference_ms=inference_ms,
        )


def in_frame_steps(settings: DetectionSettings, features: Settings, step_frames: int = 0) -> DetectionSettings:
    """Return settings whose hop is the whole number of frame steps nearest to the one wanted.

    A hop in between would hear nothing new, and a network that takes `step_frames` at a time runs at these. What then
    could not fire is widened to what can: a longer hop leaves fewer posteriors in the window.
    """
    step_ms = features.frame_step * 1000 / features.sample_rate
    hop_ms = step_ms * (step_frames or max(1, round(settings.hop_ms / step_ms)))
    most = max(1, -(-settings.average_window_ms // hop_ms))
    return dataclasses.replace(settings, hop_ms=hop_ms, minimum_count=min(settings.minimum_count, int(most)))
