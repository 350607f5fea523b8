"""Spotting words in sound as it comes: features hop by hop, the network, the detector."""

import dataclasses
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.datasets.preprocessing import Preprocessing
from core.errors import DataError
from core.evaluation.detection import Detection, DetectionSettings, Detector
from core.evaluation.interpreter import LoadedModel
from core.evaluation.network import check_fit
from core.experiment.files import write_atomically
from core.experiment.model_choice import ChosenModel, choose_model
from core.features.streaming import StreamingExtractor

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """What one hop gave: probabilities and their averages of shape (labels,), and what it took."""

    time_s: float
    """End of the sound heard, from the beginning of the stream."""
    probabilities: Float32
    smoothed: Float64
    detection: Detection | None
    feature_ms: float
    inference_ms: float


class Spotter:
    """A model listening to a stream, at the working point saved with it unless `settings` are given.

    Raises ModelError when the model does not fit its preprocessing, DataError when the saved working point is damaged.
    """

    def __init__(self, chosen: ChosenModel, settings: DetectionSettings | None = None, num_threads: int = 1) -> None:
        self.chosen = chosen
        self.preprocessing = chosen.preprocessing
        self._model = LoadedModel(chosen.path, num_threads)
        extractor = self.preprocessing.extractor()
        check_fit(self._model, (extractor.num_frames, extractor.num_coefficients, 1), len(self.labels))
        self.settings = settings or load_working_point(chosen)
        self.restart()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the probabilities stand for, in their order."""
        return self.preprocessing.labels

    @property
    def sample_rate(self) -> int:
        """Rate of the samples it takes, in Hz."""
        return self.preprocessing.features.sample_rate

    @property
    def settings(self) -> DetectionSettings:
        """The working point in force; its hop is a whole number of frame steps. Setting it forgets the averages."""
        return self._settings

    @settings.setter
    def settings(self, settings: DetectionSettings) -> None:
        self._settings = in_frame_steps(settings, self.preprocessing)
        self._hop = round(self._settings.hop_ms * self.sample_rate / 1000)
        self._detector = Detector(self.labels, self._settings)

    def restart(self) -> None:
        """Begin a new stream at time zero."""
        self._extractor = StreamingExtractor(self.preprocessing.features, self.preprocessing.num_samples)
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
        self._extractor.push(hop)
        self._num_heard += len(hop)
        picture = self._extractor.window()
        if picture is None:
            return None
        given = self.preprocessing.scale(picture[np.newaxis])
        made_ns = time.perf_counter_ns()
        probabilities = self._model.run(given)[0]
        done_ns = time.perf_counter_ns()
        time_s = self._num_heard / self.sample_rate
        detection = self._detector.push(time_s, probabilities)
        smoothed = self._detector.smoothed
        return Step(time_s, probabilities, smoothed, detection, (made_ns - started_ns) / 1e6, (done_ns - made_ns) / 1e6)


def in_frame_steps(settings: DetectionSettings, preprocessing: Preprocessing) -> DetectionSettings:
    """Return settings whose hop is the whole number of frame steps nearest to the one wanted.

    A hop in between would hear nothing new. What then could not fire is widened to what can: a longer hop leaves fewer
    posteriors in the window.
    """
    features = preprocessing.features
    step_ms = features.frame_step * 1000 / features.sample_rate
    hop_ms = step_ms * max(1, round(settings.hop_ms / step_ms))
    most = max(1, -(-settings.average_window_ms // hop_ms))
    return dataclasses.replace(settings, hop_ms=hop_ms, minimum_count=min(settings.minimum_count, int(most)))


def open_spotter(target: Path | str, settings: DetectionSettings | None = None, num_threads: int = 1) -> Spotter:
    """Return a spotter for a trial's folder or a `.tflite` file with its preprocessing beside it.

    Raises WorkbenchError with a sentence for what cannot be used.
    """
    return Spotter(choose_model(target), settings, num_threads)


def load_working_point(chosen: ChosenModel) -> DetectionSettings:
    """Return the detection settings saved with a model, the defaults where none are. Raises DataError when damaged."""
    path = chosen.working_point
    try:
        return DetectionSettings(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return DetectionSettings()
    except (OSError, ValueError, TypeError) as error:
        raise DataError(
            f"{path}: cannot be read as detection settings ({error}); delete it to go back to the defaults"
        ) from error


def save_working_point(chosen: ChosenModel, settings: DetectionSettings) -> Path:
    """Save detection settings with a model, for whoever spots with it, and return the file. Raises StudyError."""
    path = chosen.working_point
    write_atomically(path, json.dumps(dataclasses.asdict(settings), indent=1) + "\n")
    return path


def changed_settings(base: DetectionSettings, **changes: float | None) -> DetectionSettings:
    """Return settings with those changes that are given. Raises DataError with a sentence for values out of range."""
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return dataclasses.replace(base, **given)  # type: ignore[arg-type]
    except ValueError as error:
        raise DataError(str(error)) from error
