"""Google's micro front end, as microWakeWord's models take it, through the package pymicro-features.

Of 16-bit samples at 16 kHz it gives 40 channels from 125 to 7,500 Hz, in frames of 30 ms every 10 ms: filter bank,
removal of steady noise, gain control, logarithm (TensorFlow's `lite/experimental/microfrontend`). The package steps by
10 ms alone. TensorFlow Lite Micro's micro_speech steps by 20, so that noise fades half as fast; every second frame is
no substitute: networks for eight words, trained on frames 20 ms apart, lost 2 to 7 points of accuracy by it.

It remembers: noise that goes on is taken away more and more, within about a second. A device that listens has done so
long before a word comes, a fresh front end shows all of the background. So a clip is given after a second of its own
quietest tenth, whose frames are dropped. Against a device that had heard the same background for three seconds, of
70 words over noise recordings at 0.1 and 0.3 of their level pictures differed by 0.9 and 0.6 on the mean so, by 1.6 and
2.3 from a fresh front end, where the values lie around 5. Over the same noise microWakeWord's okay_nabu heard 16 of 24
spoken words in a stream and 16 in clips given so, 11 in clips given to a fresh front end.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FeatureError
from core.features.mel import Float32, Settings

PACKAGE = "pymicro-features"
RECIPE = (
    "Features: TensorFlow Lite's microfrontend library with its default settings, but frames of 30 ms every 10 ms, "
    "40 channels from 125 to 7500 Hz and PCAN on; each value times 10 / 256."
)
NUM_CHANNELS = 40
LOWEST_HERTZ, HIGHEST_HERTZ = 125.0, 7500.0

_SAMPLES_A_CALL = 160
"""The package takes no fewer, and leaves the rest of more."""
_LEAD_IN = 16_000
_QUIET = 1_600
_FULL_SCALE = np.float32(32768)

Int16 = NDArray[np.int16]


class MicroExtractor:
    """Gives each clip to a front end of its own. Raises FeatureError where the package is missing."""

    def __init__(self, settings: Settings, num_samples: int) -> None:
        require_package()
        self._settings = settings
        self._num_frames = settings.num_frames(num_samples)

    def compute(self, waveforms: Float32) -> Float32:
        """Return float32 pictures (n, frames, 40) of waveforms (n, num_samples) in [-1, 1]."""
        pictures = np.empty((len(waveforms), self._num_frames, NUM_CHANNELS), np.float32)
        for picture, waveform in zip(pictures, waveforms):  # noqa: B905 (Python 3.9 knows no `strict`)
            frontend = FrontEnd()
            frontend.push(as_int16(lead_in(waveform)))
            # The first frames begin in the lead-in.
            picture[:] = frontend.push(as_int16(waveform))[-self._num_frames :]
        if self._settings.normalization == "clip_mean":
            pictures -= pictures.mean(axis=1, keepdims=True)
        return pictures


class MicroStream:
    """Keeps one front end alive, so that it fades out what a listening device would. Raises FeatureError."""

    def __init__(self, settings: Settings, num_samples: int) -> None:
        self._settings = settings
        self._num_samples = num_samples
        self._newest: deque[Float32] = deque(maxlen=settings.num_frames(num_samples))
        self._frontend = FrontEnd()
        self._num_heard = 0

    def push(self, samples: Float32) -> Float32:
        """Take samples (n,) and return the new columns (k, 40), before any normalization."""
        columns = self._frontend.push(as_int16(samples))
        self._newest.extend(columns)
        self._num_heard = min(self._num_samples, self._num_heard + len(samples))
        return columns

    def window(self) -> Float32 | None:
        """Return the newest picture (frames, 40); None before a whole clip was heard."""
        if self._num_heard < self._num_samples:
            return None
        picture: Float32 = np.stack(self._newest)
        if self._settings.normalization == "clip_mean":
            picture -= picture.mean(axis=0)
        return picture


class FrontEnd:
    """A front end of the package that takes pieces of any length. Raises FeatureError where the package is missing."""

    def __init__(self) -> None:
        self._frontend = require_package()()
        self._waiting: Int16 = np.zeros(0, np.int16)

    def push(self, samples: Int16) -> Float32:
        """Take samples (n,) at 16 kHz and return the frames (k, 40) that are complete with them."""
        self._waiting = np.concatenate((self._waiting, samples))
        rows = []
        whole = len(self._waiting) // _SAMPLES_A_CALL * _SAMPLES_A_CALL
        for start in range(0, whole, _SAMPLES_A_CALL):
            piece = self._waiting[start : start + _SAMPLES_A_CALL]
            row = self._frontend.process_samples(piece.astype("<i2").tobytes()).features
            if row:
                rows.append(row)
        self._waiting = self._waiting[whole:]
        return np.array(rows, np.float32).reshape(-1, NUM_CHANNELS)


def require_package() -> Any:
    """Return the package's class. Raises FeatureError with what to type where it is missing."""
    try:
        from pymicro_features import MicroFrontend
    except ImportError as error:
        raise FeatureError(
            f'the micro front end needs the package {PACKAGE}; install it: pip install "tinyml-workbench[micro]"'
        ) from error
    return MicroFrontend


def lead_in(clip: Float32) -> Float32:
    """Return what a front end hears before a clip (n,): its quietest tenth of a second to and fro, for a second.

    Silence of nothing but zeros at its ends was put there to fill it, and is no background.
    """
    heard = np.flatnonzero(clip)
    if not len(heard) or heard[-1] + 1 - heard[0] < _QUIET:
        return np.zeros(_LEAD_IN, np.float32)
    recorded = clip[heard[0] : heard[-1] + 1]
    energy = np.concatenate(([0.0], np.cumsum(np.square(recorded, dtype=np.float64))))
    quietest = int((energy[_QUIET::_SAMPLES_A_CALL] - energy[:-_QUIET:_SAMPLES_A_CALL]).argmin()) * _SAMPLES_A_CALL
    quiet = recorded[quietest : quietest + _QUIET]
    lead: Float32 = np.tile(np.concatenate((quiet, quiet[::-1])), -(-_LEAD_IN // (2 * _QUIET)))[:_LEAD_IN]
    return lead


def as_int16(waveform: Float32) -> Int16:
    """Return a waveform in [-1, 1] of any shape as 16-bit samples."""
    scaled = np.round(waveform * _FULL_SCALE)
    return np.clip(scaled, -_FULL_SCALE, _FULL_SCALE - 1, out=scaled).astype(np.int16)
