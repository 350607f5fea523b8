"""A sound under the settings in force: a microphone's newest seconds, or a clip. Knows nothing of Qt."""

import time

import numpy as np
import soxr
from numpy.typing import NDArray
from psygnal import Signal

from core.audio.clip_part import take_part
from core.audio.ring_buffer import RingBuffer
from core.audio.wav import Sound, resample
from core.datasets.waveforms import FULL_SCALE
from core.features.kinds import KINDS, make_extractor
from core.features.live import make_live
from core.settings.clips import ClipPosition
from core.spec import Features

Float32 = NDArray[np.float32]

STREAM_RATE = 16000
"""Rate at which a microphone is heard. Features of 8 kHz are given it resampled as training clips are, by a filter
that steep that sound comes a tenth of a second later."""
STREAM_S = 10.0
LONGEST_CLIP_S = 10.0
BUDGET_S = 0.012
"""Longest stretch of work before the event loop gets its turn."""
PIECE = 4000
"""Samples transformed together."""


class LiveSound:
    """Hears sound and tells its columns. Under other settings all that is held is heard anew, a little at a time."""

    restarted = Signal()
    """Everything is other than it was; what is held is heard again from its beginning."""
    heard = Signal(object, object)
    """New samples (n,) at the features' rate, and the Columns that are complete with them."""

    def __init__(
        self, features: Features, clip_duration_ms: int = 1000, clip_position: ClipPosition = "loudest"
    ) -> None:
        self.features = features
        self.clip_duration_ms = clip_duration_ms
        self.clip_position = clip_position
        self.clip: Sound | None = None
        """The clip in sight; None while a stream is heard."""
        self._stream = RingBuffer(round(STREAM_RATE * STREAM_S))
        self._restart()

    @property
    def span_s(self) -> float:
        """Seconds that the pictures show."""
        return STREAM_S if self.clip is None else len(self.samples) / self.features.sample_rate

    @property
    def num_columns(self) -> int:
        """Frames of the pictures, when they are full."""
        if self.clip is None:
            return round(STREAM_S * self.features.sample_rate / self.features.frame_step)
        return max(1, self.features.num_frames(len(self.samples)))

    def use(self, features: Features, clip_duration_ms: int, clip_position: ClipPosition = "loudest") -> None:
        """Take other settings."""
        self.clip_position = clip_position
        if (features, clip_duration_ms) != (self.features, self.clip_duration_ms):
            self.features, self.clip_duration_ms = features, clip_duration_ms
            self._restart()

    def listen(self) -> None:
        """Turn to a stream; what was heard of it before is shown still."""
        if self.clip is not None:
            self.clip = None
            self._restart()

    def hear(self, samples: Float32) -> None:
        """Take what is new of a stream, at 16 kHz."""
        self._stream.write(samples)
        if self.clip is None and len(samples):
            fresh = self._resampler.resample_chunk(samples) if self._resampler else samples
            self._pending = np.concatenate((self._pending, fresh)) if self.is_behind else fresh
            self.advance()

    def advance(self) -> None:
        """Go on for some milliseconds with what is not transformed yet."""
        deadline = time.perf_counter() + BUDGET_S
        while self.is_behind and time.perf_counter() < deadline:
            piece, self._pending = self._pending[:PIECE], self._pending[PIECE:]
            self.heard.emit(piece, self._live.push(piece))

    @property
    def is_behind(self) -> bool:
        """Tell whether `advance` has anything left to do."""
        return len(self._pending) > 0

    def show_clip(self, clip: Sound) -> None:
        """Turn to a clip: its first ten seconds, padded to the length that clips are given to a network with."""
        self.clip = clip
        self._restart()

    def model_input(self) -> Float32 | None:
        """Return what a network gets of the newest clip, (frames, coefficients); None before there is one."""
        if self.clip is None:
            return self._live.clip()
        num_samples = self._clip_samples
        if self.features.num_frames(num_samples) < 1:
            return None
        part = take_part(self.clip, self.features.sample_rate, num_samples, self.clip_position)
        used = np.divide(part.waveform, FULL_SCALE, dtype=np.float32)
        return make_extractor(self.features, num_samples).compute(used[np.newaxis])[0]

    @property
    def _clip_samples(self) -> int:
        return round(self.features.sample_rate * self.clip_duration_ms / 1000)

    def _restart(self) -> None:
        rate = self.features.sample_rate
        self._live = make_live(self.features, self._clip_samples)
        self._resampler = soxr.ResampleStream(STREAM_RATE, rate, 1) if rate != STREAM_RATE else None
        self.samples: Float32 = self._held_clip(self.clip) if self.clip else self._held_stream()
        if self.clip is not None:
            self._live.push(KINDS[self.features.kind].lead_in(self.samples))
        self._pending: Float32 = self.samples
        self.restarted.emit()
        self.advance()

    def _held_stream(self) -> Float32:
        heard = self._stream.read(self._stream.oldest, self._stream.written)
        return self._resampler.resample_chunk(heard) if self._resampler else heard

    def _held_clip(self, clip: Sound) -> Float32:
        kept = resample(clip, self.features.sample_rate).samples[: round(LONGEST_CLIP_S * self.features.sample_rate)]
        padded = np.zeros(max(len(kept), self._clip_samples), np.float32)
        padded[: len(kept)] = kept
        return padded
