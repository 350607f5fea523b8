"""What tells two labels apart: their mean pictures and the difference, under several settings side by side.

The analysis that shows which coefficients and which band carry the difference, before anything is trained.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.datasets.clips import Clip, find_clips
from core.datasets.listing import SILENCE, UNKNOWN
from core.datasets.preprocessing import LEAST_DEVIATION
from core.datasets.waveforms import FULL_SCALE, read_clip
from core.errors import DataError
from core.features.kinds import make_extractor
from core.spec import Dataset, Features

MOST_VARIANTS = 3
MOST_CLIPS = 1000
"""Clips of each label that are averaged: more would fill the memory and move no mean visibly."""
_CHUNK = 8

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int16 = NDArray[np.int16]
Labels = tuple[str, str]


@dataclass(frozen=True)
class ClassDifference:
    """Mean pictures (frames, coefficients) of two labels under one setting of the features."""

    features: Features
    labels: Labels
    counts: tuple[int, int]
    means: tuple[Float32, Float32]
    deviation: Float32
    """Standard deviation (frames, coefficients) within the labels, pooled."""

    @property
    def difference(self) -> Float32:
        """First mean minus second, in the unit of the picture."""
        return self.means[0] - self.means[1]

    @property
    def effect(self) -> Float32:
        """Difference in standard deviations (Cohen's d), so that coefficients of any size can be compared."""
        return np.divide(self.difference, np.maximum(self.deviation, LEAST_DEVIATION), dtype=np.float32)


def per_frame(difference: Float32) -> Float32:
    """Return the mean size of a difference (frames, coefficients) in each frame."""
    mean: Float32 = np.abs(difference).mean(axis=1)
    return mean


def per_coefficient(difference: Float32) -> Float32:
    """Return the mean size of a difference (frames, coefficients) in each coefficient."""
    mean: Float32 = np.abs(difference).mean(axis=0)
    return mean


class LabelClips:
    """The waveforms of two labels, read once for every setting that is tried on them."""

    def __init__(self, dataset: Dataset, labels: Labels) -> None:
        """Find the clips, without reading them. Raises DataError when a label has none."""
        if labels[0] == labels[1]:
            raise DataError(f"a difference needs two labels, {labels[0]} was given twice; choose another one")
        found = find_clips(_narrowed(dataset, labels))
        targets = [found.labels.index(label) for label in labels]
        self.labels = labels
        self.clips = tuple([clip for clip in found.clips if clip.target == target] for target in targets)
        self.duration_ms = dataset.clip_duration_ms
        self._length = dataset
        self.faults: list[str] = []
        """Why clips were left out."""
        self._read: dict[tuple[int, int, int], tuple[Int16, ...]] = {}

    def waveforms(self, sample_rate: int) -> Iterator[tuple[int, Int16]]:
        """Yield the label's place and int16 waveforms (at most 8, num_samples), reading what is not read yet."""
        for side, clips in enumerate(self.clips):
            for start in range(0, len(clips), _CHUNK):
                place = (sample_rate, side, start)
                if place not in self._read:
                    self._read[place] = self._read_chunk(clips[start : start + _CHUNK], sample_rate)
                if self._read[place]:
                    yield side, np.stack(self._read[place])

    def _read_chunk(self, clips: Sequence[Clip], sample_rate: int) -> tuple[Int16, ...]:
        found = []
        for clip in clips:
            try:
                found.append(read_clip(clip, sample_rate, self._length))
            except DataError as error:
                self.faults.append(str(error))
        return tuple(found)


class Comparison:
    """Averages the pictures of two labels a little at a time, so that a window can stay free meanwhile."""

    def __init__(self, clips: LabelClips, variants: Sequence[Features]) -> None:
        self.clips = clips
        self.total = len(variants) * sum(len(own) for own in clips.clips)
        self.done = 0
        self.results: list[ClassDifference] = []
        """One for each variant finished so far, in their order."""
        self._work = self._average(variants)

    def advance(self, seconds: float) -> bool:
        """Go on for about so long and tell whether anything is left. Raises DataError when a label has no sound."""
        deadline = time.perf_counter() + seconds
        for num_clips in self._work:
            self.done += num_clips
            if time.perf_counter() >= deadline:
                return True
        return False

    def _average(self, variants: Sequence[Features]) -> Iterator[int]:
        for features in variants:
            sums = _Sums(features, self.clips.duration_ms)
            for side, waveforms in self.clips.waveforms(features.sample_rate):
                sums.add(side, waveforms)
                yield len(waveforms)
            self.results.append(sums.result(self.clips.labels))


def compare(dataset: Dataset, labels: Labels, variants: Sequence[Features]) -> list[ClassDifference]:
    """Return the difference of two labels under each setting. Raises DataError when a label has no clips."""
    comparison = Comparison(LabelClips(dataset, labels), variants)
    while comparison.advance(60):
        pass
    return comparison.results


class _Sums:
    """Sums and sums of squares of pictures, by label."""

    def __init__(self, features: Features, duration_ms: int) -> None:
        self._features = features
        num_samples = round(features.sample_rate * duration_ms / 1000)
        self._extractor = make_extractor(features, num_samples)
        shape = (2, *features.picture_shape(num_samples))
        self._sums: Float64 = np.zeros(shape)
        self._squares: Float64 = np.zeros(shape)
        self._counts = [0, 0]

    def add(self, side: int, waveforms: Int16) -> None:
        pictures = self._extractor.compute(np.divide(waveforms, FULL_SCALE, dtype=np.float32))
        self._sums[side] += pictures.sum(axis=0, dtype=np.float64)
        self._squares[side] += np.square(pictures, dtype=np.float64).sum(axis=0)
        self._counts[side] += len(waveforms)

    def result(self, labels: Labels) -> ClassDifference:
        for label, count in zip(labels, self._counts, strict=True):
            if not count:
                raise DataError(f"no clip of {label} can be read; check the folder")
        counts = np.array(self._counts, np.float64)[:, np.newaxis, np.newaxis]
        means = self._sums / counts
        within = (self._squares - counts * means**2).sum(axis=0) / max(1, sum(self._counts) - 2)
        deviation = np.sqrt(np.maximum(0, within))
        if self._features.normalization == "standardize":
            scale = self._deviation_of_all()
            means, deviation = (means - self._mean_of_all()) / scale, deviation / scale
        first, second = means.astype(np.float32)
        return ClassDifference(
            self._features, labels, (self._counts[0], self._counts[1]), (first, second), deviation.astype(np.float32)
        )

    def _mean_of_all(self) -> Float64:
        mean: Float64 = self._sums.sum(axis=(0, 1)) / (sum(self._counts) * self._sums.shape[1])
        return mean

    def _deviation_of_all(self) -> Float64:
        """Return the deviation of each coefficient over these clips: they stand for the training part here."""
        square = self._squares.sum(axis=(0, 1)) / (sum(self._counts) * self._sums.shape[1])
        deviation: Float64 = np.sqrt(np.maximum(square - self._mean_of_all() ** 2, LEAST_DEVIATION**2))
        return deviation


def _narrowed(dataset: Dataset, labels: Labels) -> Dataset:
    """Return a data set of no more labels than are needed: the others' clips need not be looked for."""
    extra = {SILENCE, UNKNOWN} & set(labels)
    most = min(dataset.max_clips_per_label or MOST_CLIPS, MOST_CLIPS)
    asked = {
        "include_silence": SILENCE in extra,
        "include_unknown": UNKNOWN in extra,
        "max_clips_per_label": most,
    }
    if extra:
        # How many clips an extra label has, and from which words, depends on all the others.
        return dataset.model_copy(update=asked)
    return dataset.model_copy(update={"labels": tuple(sorted(labels)), **asked})
