"""Words found in a stream of posteriors, and how they compare with the words that were spoken.

In the manner of `RecognizeCommands` of Speech Commands (Warden 2018, https://arxiv.org/abs/1804.03209): posteriors are
averaged over a window, the label on top fires when its average reaches the threshold, and nothing fires again within
the suppression time. Other than there, a label fires once per rise: it may fire again after its average fell below the
threshold or another label came on top, so that a network without `_silence_` can report a word twice in a row.

Standard library and numpy alone, of Python 3.9: this file is copied to a device as it is.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

IGNORED = ("_silence_", "_unknown_")
"""Labels that never fire."""

TOLERANCE_MS = 1500.0
"""A word counts as found when its label fires at most this long after its time, as in Speech Commands' accuracy_utils.

A network that hears one second fires when the word has come into its window and the average has followed: some
0.7 to 1.5 s after the word's clip began. There the tolerance also reaches as far back; here only EARLY_MS, because
what fires long before a word was not caused by it.
"""
EARLY_MS = 250.0
"""How long before its time a word may fire: a mark set by hand lies a little late at times."""

THRESHOLDS = (*(percent / 100 for percent in range(1, 100)), 0.995, 0.999)
"""Where a DET curve is computed: dense near 1, where trained networks have most of their posteriors."""

_SAME_TIME_S = 1e-6

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class DetectionSettings:
    """The working point of a detector. Raises ValueError with a sentence for values with which nothing could fire."""

    average_window_ms: float = 500.0
    threshold: float = 0.8
    suppression_ms: float = 1000.0
    minimum_count: int = 2
    """Posteriors that the window must hold before anything fires."""
    hop_ms: float = 20.0
    """Time from one run of the network to the next."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("average_window_ms", 0, 10_000),
            ("threshold", 0, 1),
            ("suppression_ms", 0, 60_000),
            ("minimum_count", 1, 1000),
            ("hop_ms", 1, 1000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} must lie between {low} and {high}, is {value:g}")
        most = max(1, math.ceil(self.average_window_ms / self.hop_ms))
        if self.minimum_count > most:
            raise ValueError(
                f"minimum_count must not exceed the {most} posteriors that a window of {self.average_window_ms:g} ms "
                f"holds at a hop of {self.hop_ms:g} ms, is {self.minimum_count}; lower it or widen the window"
            )


@dataclass(frozen=True)
class Detection:
    """A word that fired: when, in seconds from the beginning of the sound, and its averaged posterior."""

    label: str
    time_s: float
    score: float


@dataclass(frozen=True)
class SpokenWord:
    """A word that was spoken: when it, or the clip that holds it, begins."""

    label: str
    time_s: float


@dataclass(frozen=True)
class Posteriors:
    """What a network said over a recording: at times (n,) in seconds, probabilities (n, labels).

    `duration_s` is that of the recording, so that rates per hour count every second of it.
    """

    labels: tuple[str, ...]
    times_s: Float64
    probabilities: Float32
    duration_s: float

    @property
    def hours(self) -> float:
        """Hours of audio."""
        return self.duration_s / 3600


class Detector:
    """Turns posteriors into detections as they come."""

    def __init__(self, labels: Sequence[str], settings: DetectionSettings, ignored: Sequence[str] = IGNORED) -> None:
        self.settings = settings
        self._labels = tuple(labels)
        self._ignored = frozenset(index for index, label in enumerate(labels) if label in ignored)
        self._window: deque[tuple[float, Float64]] = deque()
        self._smoothed = np.zeros(len(self._labels))
        self._risen = -1
        self._has_fired = False
        self._last_fired_s = -math.inf

    @property
    def smoothed(self) -> Float64:
        """Posteriors averaged over the window, shape (labels,)."""
        return self._smoothed

    def push(self, time_s: float, probabilities: Float32 | Float64) -> Detection | None:
        """Take the posteriors (labels,) at a time, later than those before, and return the word that fires, if any."""
        self._window.append((time_s, np.asarray(probabilities, np.float64)))
        oldest_s = time_s - self.settings.average_window_ms / 1000 + _SAME_TIME_S
        while len(self._window) > 1 and self._window[0][0] < oldest_s:
            self._window.popleft()
        self._smoothed = np.mean([posterior for _, posterior in self._window], axis=0)
        top = int(self._smoothed.argmax())
        score = float(self._smoothed[top])
        enough = len(self._window) >= self.settings.minimum_count
        if not enough or score < self.settings.threshold or top in self._ignored:
            self._risen = -1
            return None
        if top != self._risen:
            self._risen, self._has_fired = top, False
        if self._has_fired or time_s - self._last_fired_s < self._suppression_s:
            return None
        self._has_fired, self._last_fired_s = True, time_s
        return Detection(self._labels[top], time_s, score)

    @property
    def _suppression_s(self) -> float:
        return self.settings.suppression_ms / 1000 - _SAME_TIME_S


def detect(posteriors: Posteriors, settings: DetectionSettings, ignored: Sequence[str] = IGNORED) -> list[Detection]:
    """Return what a Detector would report of posteriors pushed one by one, computed at once."""
    return _fire(posteriors, _smooth(posteriors, settings), settings, ignored)


@dataclass(frozen=True)
class _Smoothed:
    """Of each averaged posterior: label on top, its average, and of how many it is the average."""

    top: Int64
    score: Float64
    counts: Int64


def _smooth(posteriors: Posteriors, settings: DetectionSettings) -> _Smoothed:
    times_s = posteriors.times_s
    oldest_s = times_s - settings.average_window_ms / 1000 + _SAME_TIME_S
    rows = np.arange(len(times_s))
    first = np.minimum(np.searchsorted(times_s, oldest_s), rows)
    sums = np.zeros((len(times_s) + 1, len(posteriors.labels)))
    np.cumsum(posteriors.probabilities, axis=0, dtype=np.float64, out=sums[1:])
    counts = rows + 1 - first
    averages = (sums[1:] - sums[first]) / counts[:, np.newaxis]
    top = averages.argmax(axis=1)
    return _Smoothed(top, averages[rows, top], counts)


def _fire(
    posteriors: Posteriors, smoothed: _Smoothed, settings: DetectionSettings, ignored: Sequence[str]
) -> list[Detection]:
    """Return at most one detection for each rise: a stretch with one label on top and not below the threshold."""
    fires = np.array([label not in ignored for label in posteriors.labels])
    risen = fires[smoothed.top] & (smoothed.score >= settings.threshold) & (smoothed.counts >= settings.minimum_count)
    label = np.where(risen, smoothed.top, -1)
    starts = np.flatnonzero((label >= 0) & (label != np.concatenate(([-1], label[:-1]))))
    changes = np.append(np.flatnonzero(label[1:] != label[:-1]) + 1, len(label))
    stops = changes[np.searchsorted(changes, starts, side="right")]
    found: list[Detection] = []
    suppression_s = settings.suppression_ms / 1000 - _SAME_TIME_S
    last_fired_s = -math.inf
    for start, stop in np.column_stack((starts, stops)).tolist():
        row = start + int(np.searchsorted(posteriors.times_s[start:stop], last_fired_s + suppression_s))
        if row < stop:
            last_fired_s = float(posteriors.times_s[row])
            found.append(Detection(posteriors.labels[int(label[row])], last_fired_s, float(smoothed.score[row])))
    return found


@dataclass(frozen=True)
class DetectionResult:
    """Detections held against the words spoken; `hits` pairs each word found with the detection that found it."""

    hours: float
    hits: tuple[tuple[SpokenWord, Detection], ...]
    missed: tuple[SpokenWord, ...]
    false_accepts: tuple[Detection, ...]

    @property
    def num_words(self) -> int:
        """Words that were to be found."""
        return len(self.hits) + len(self.missed)

    @property
    def false_accepts_per_hour(self) -> float:
        """Detections that no word explains, per hour of audio."""
        return len(self.false_accepts) / self.hours

    @property
    def false_reject_rate(self) -> float | None:
        """Fraction of the words that were not found, None where none was spoken."""
        return len(self.missed) / self.num_words if self.num_words else None


def compare(
    detections: Iterable[Detection],
    truth: Iterable[SpokenWord],
    hours: float,
    tolerance_ms: float = TOLERANCE_MS,
    ignored: Sequence[str] = IGNORED,
) -> DetectionResult:
    """Pair detections with spoken words, in the order of time and each at most once.

    A detection finds a word of its label that begins at t when it fires between t − EARLY_MS and t + `tolerance_ms`.
    Every other detection is a false accept: in noise, during another word, or for a second time. Words of `ignored`
    labels are nothing to be found. Raises ValueError when there are no hours of audio.
    """
    if hours <= 0:
        raise ValueError(f"rates need audio to count over, but there are {hours:g} hours")
    waiting: dict[str, deque[SpokenWord]] = defaultdict(deque)
    for word in sorted(truth, key=lambda word: word.time_s):
        if word.label not in ignored:
            waiting[word.label].append(word)
    hits: list[tuple[SpokenWord, Detection]] = []
    missed: list[SpokenWord] = []
    false_accepts: list[Detection] = []
    for detection in sorted(detections, key=lambda detection: detection.time_s):
        words = waiting[detection.label]
        while words and detection.time_s > words[0].time_s + tolerance_ms / 1000:
            missed.append(words.popleft())
        if words and detection.time_s >= words[0].time_s - EARLY_MS / 1000:
            hits.append((words.popleft(), detection))
        else:
            false_accepts.append(detection)
    missed += [word for words in waiting.values() for word in words]
    missed.sort(key=lambda word: word.time_s)
    return DetectionResult(hours, tuple(hits), tuple(missed), tuple(false_accepts))


@dataclass(frozen=True)
class DetPoint:
    """Both kinds of error at one threshold: a point of the detection error tradeoff curve."""

    threshold: float
    false_accepts_per_hour: float
    false_reject_rate: float | None


def det_curve(
    posteriors: Posteriors,
    truth: Sequence[SpokenWord],
    settings: DetectionSettings,
    thresholds: Sequence[float] = THRESHOLDS,
    tolerance_ms: float = TOLERANCE_MS,
    ignored: Sequence[str] = IGNORED,
) -> list[DetPoint]:
    """Return the errors at each threshold, from stored posteriors: the network does not run again.

    Martin et al., "The DET curve in assessment of detection task performance", Eurospeech 1997.
    """
    smoothed = _smooth(posteriors, settings)
    points = []
    for threshold in thresholds:
        found = _fire(posteriors, smoothed, replace(settings, threshold=threshold), ignored)
        result = compare(found, truth, posteriors.hours, tolerance_ms, ignored)
        points.append(DetPoint(threshold, result.false_accepts_per_hour, result.false_reject_rate))
    return points
