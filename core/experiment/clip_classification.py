"""What a model makes of one clip: all probabilities, the picture it saw, and the sound's own figures."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.audio.clip_part import take_part
from core.audio.loudness import Loudness, measure_loudness
from core.audio.sound_file import read_sound
from core.audio.wav import Sound
from core.datasets.waveforms import FULL_SCALE
from core.evaluation.advice import NOTHING_TO_IMPROVE, advise
from core.evaluation.guarded_model import GuardedModel
from core.evaluation.model_form import ModelForm
from core.experiment.model_choice import ChosenModel
from core.experiment.opened_model import open_chosen
from core.results import Classification

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class ClassifiedClip:
    """Probabilities in the order of `labels`; `picture` (frames, coefficients) is what the network saw, unscaled."""

    labels: tuple[str, ...]
    probabilities: Float32
    picture: Float32
    loudness: Loudness
    unlikeness: float | None
    """Root mean square over the coefficients of how many of the training part's deviations their mean over time lies
    from the training part's; None where the model was not standardized."""
    feature_ms: float
    inference_ms: float
    start_s: float = 0.0
    """Where the part begins that the model heard of a longer sound."""

    @property
    def label(self) -> str:
        """The most probable label."""
        return self._ranked[0][1]

    @property
    def top_probability(self) -> float:
        """Its probability."""
        return self._ranked[0][0]

    @property
    def runner_up(self) -> str:
        """The second most probable label."""
        return self._ranked[1][1]

    @property
    def margin(self) -> float:
        """How much more probable the first is than the second."""
        return self._ranked[0][0] - self._ranked[1][0]

    @property
    def is_flawless(self) -> bool:
        """Tell whether the sound was heard clearly and nothing about it is to be mended."""
        return self.advice().endswith(NOTHING_TO_IMPROVE.lower())

    def advice(self, expected: str = "", session: Classification | None = None) -> str:
        """Return in one sentence what would help; `expected` is what was meant, `session` how the others fared."""
        return advise(
            self.loudness,
            label=self.label,
            top_probability=self.top_probability,
            runner_up=self.runner_up,
            margin=self.margin,
            unlikeness=self.unlikeness,
            expected=expected,
            session=session,
        )

    @cached_property
    def _ranked(self) -> list[tuple[float, str]]:
        # Probabilities of an 8-bit output are often equal: the first of them is said, as where models are judged.
        pairs = zip(self.probabilities.tolist(), self.labels, strict=True)
        return sorted(pairs, key=lambda pair: -pair[0])


class ClipClassifier:
    """A model asked clip by clip, one that is open already or its own. Raises ModelError when it does not fit."""

    def __init__(self, chosen: ChosenModel, num_threads: int = 1, model: GuardedModel | None = None) -> None:
        self.chosen = chosen
        self._preprocessing = chosen.preprocessing
        self._extractor = self._preprocessing.extractor()
        self._model = model or open_chosen(chosen, num_threads)

    @property
    def labels(self) -> tuple[str, ...]:
        """What the probabilities stand for, in their order."""
        return self._preprocessing.labels

    @property
    def form(self) -> ModelForm:
        """How the model is fed and read."""
        return self._model.form

    def classify(self, sound: Sound) -> ClassifiedClip:
        """Return what the model makes of a sound; of one longer than its clips the part that it was trained on."""
        clip, start_s = self._fit(sound)
        started_ns = time.perf_counter_ns()
        picture = self._extractor.compute(clip[np.newaxis])
        given = self._preprocessing.scale(picture)
        feature_ms = (time.perf_counter_ns() - started_ns) / 1e6
        found, inference_ms = self._model.run_timed(given)
        return ClassifiedClip(
            labels=self.labels,
            probabilities=found[0],
            picture=picture[0],
            loudness=measure_loudness(clip, self._preprocessing.features.sample_rate),
            unlikeness=self._unlikeness(given),
            feature_ms=feature_ms,
            inference_ms=inference_ms,
            start_s=start_s,
        )

    def classify_file(self, path: Path) -> ClassifiedClip:
        """Return what the model makes of a file of sound. Raises DataError naming a file that cannot be read."""
        return self.classify(read_sound(path))

    def _fit(self, sound: Sound) -> tuple[Float32, float]:
        """Return the clip as training would have read it, float32 of the model's length and rate, and its start."""
        known = self._preprocessing
        part = take_part(sound, known.features.sample_rate, known.num_samples, known.clip_position)
        return np.divide(part.waveform, FULL_SCALE, dtype=np.float32), part.start_s

    def _unlikeness(self, given: Float32) -> float | None:
        if not self._preprocessing.mean:
            return None
        return float(np.sqrt(np.mean(np.square(given[0, ..., 0].mean(axis=0)))))
