"""A microphone as a stream of mono samples at the rate the features want."""

import math
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio import portaudio
from core.audio.ring_buffer import RingBuffer
from core.errors import AudioError

Float32 = NDArray[np.float32]

_NO_DEVICE = "There is no microphone; plug one in, or allow this program to use it in the system's settings"
_LEVEL_S = 0.1
_CLIPPING_S = 1.0
_FULL_SCALE = 32767 / 32768
_MOST_CHANNELS = 2
# No hardware runs at this rate, but a sound server converts to whatever it is asked for.
_ODD_RATE = 23_457


@dataclass(frozen=True)
class Device:
    """An input of this machine, and how it is opened.

    A sound server takes any rate and converts itself, so it is asked for mono at the wanted rate at once.
    """

    index: int
    name: str
    sample_rate: int
    num_channels: int
    is_default: bool
    takes_any_rate: bool = False


@dataclass(frozen=True)
class MicrophoneState:
    """How a microphone does at this moment."""

    level_dbfs: float
    """Root mean square of the last 100 ms relative to full scale; minus infinity is silence."""
    peak: float
    """Loudest sample of the last 100 ms, 0 to 1."""
    clipped: bool
    """Whether a sample reached full scale within the last second."""
    dropped_blocks: int
    """Gaps in the sound since it was opened."""
    seconds_silent_stream: float
    """How long the device has given nothing at all, not even silence."""
    ended: str
    """Why the stream ended, as a sentence; empty while it runs."""


def input_devices() -> list[Device]:
    """Return the inputs that are there now. Raises AudioError when there is no PortAudio library or no input."""
    binding = portaudio.rescanned_library()
    chosen = binding.default.device[0]
    found = [
        Device(
            index,
            info["name"],
            round(info["default_samplerate"]),
            info["max_input_channels"],
            index == chosen,
            _takes(binding, index, _ODD_RATE),
        )
        for index, info in enumerate(binding.query_devices())
        if info["max_input_channels"]
    ]
    if not found:
        raise AudioError(_NO_DEVICE)
    return found


def find_input(wanted: str | int | None) -> Device:
    """Return the input of a name, a part of a name or an index; None is the system's default.

    Raises AudioError when there is none such, or more than one.
    """
    devices = input_devices()
    if wanted is None:
        return next((device for device in devices if device.is_default), devices[0])
    if isinstance(wanted, int):
        matching = [device for device in devices if device.index == wanted]
    else:
        low = wanted.lower()
        matching = [device for device in devices if device.name.lower() == low] or [
            device for device in devices if low in device.name.lower()
        ]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(device.name for device in matching or devices)
    if matching:
        raise AudioError(f"More than one microphone is meant by “{wanted}”: {names}; give the whole name of one")
    raise AudioError(f"There is no microphone “{wanted}”; plug it in, or choose one of these: {names}")


class Microphone:
    """Samples of a device, resampled where it has a rate of its own; opened as a context or by `open`."""

    def __init__(self, sample_rate: int = 16000, device: str | int | Device | None = None, seconds: float = 60) -> None:
        self.sample_rate = sample_rate
        self._wanted = device
        self._seconds = seconds
        self._stream: Any = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> None:
        """Open the device and begin to listen. Raises AudioError with what to do."""
        self.close()
        self.device = self._wanted if isinstance(self._wanted, Device) else find_input(self._wanted)
        binding = portaudio.library()
        rate = self.sample_rate if self.device.takes_any_rate else self.device.sample_rate
        self._rate = rate
        self._channels = 1 if self.device.takes_any_rate else min(_MOST_CHANNELS, self.device.num_channels)
        self._ring = RingBuffer(round(self._seconds * rate) * self._channels)
        self._resampler = soxr.ResampleStream(rate, self.sample_rate, 1) if rate != self.sample_rate else None
        self._read_to = self._overflows = self._overwritten = self._seen = 0
        self._seen_at = time.monotonic()
        try:
            self._stream = portaudio.started(
                binding.RawInputStream(
                    samplerate=rate,
                    blocksize=0,
                    device=self.device.index,
                    channels=self._channels,
                    dtype="float32",
                    latency="high",
                    callback=self._take,
                )
            )
        except binding.PortAudioError as error:
            raise portaudio.refusal(self.device.name, error) from error

    def close(self) -> None:
        """Stop listening; what was heard and not read is gone."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def read(self) -> Float32:
        """Return what is new since the last call, at `sample_rate`, shape (n,)."""
        stop = self._ring.written
        heard = self._ring.read(self._read_to, stop)
        self._overwritten += len(heard) < stop - self._read_to
        self._read_to = stop
        mono: Float32 = heard if self._channels == 1 else heard.reshape(-1, self._channels).mean(axis=1)
        if self._resampler is None:
            return mono
        resampled: Float32 = self._resampler.resample_chunk(mono)
        return resampled

    @property
    def state(self) -> MicrophoneState:
        """Level, losses, and whether the stream still lives."""
        now, written = time.monotonic(), self._ring.written
        if written != self._seen:
            self._seen, self._seen_at = written, now
        silent_s = now - self._seen_at
        newest = np.abs(self._ring.latest(round(_CLIPPING_S * self._rate) * self._channels))
        last = newest[-round(_LEVEL_S * self._rate) * self._channels :]
        power = float(np.mean(np.square(last)))
        return MicrophoneState(
            level_dbfs=10 * math.log10(power) if power else -math.inf,
            peak=float(last.max()),
            clipped=bool(newest.max() >= _FULL_SCALE),
            dropped_blocks=self._overflows + self._overwritten,
            seconds_silent_stream=silent_s,
            ended=self._ended(),
        )

    def _ended(self) -> str:
        if self._stream is None:
            return "The microphone is closed"
        if self._stream.active:
            return ""
        return (
            f"{self.device.name}: the sound ended, the microphone was unplugged or the sound server stopped; "
            "plug it in or choose another, and start again"
        )

    def _take(self, block: Any, _frames: int, _time: Any, status: Any) -> None:
        """Copy a block; this is PortAudio's thread, which must not wait for anything."""
        if status.input_overflow:
            self._overflows += 1
        self._ring.write(np.frombuffer(block, np.float32))


def _takes(binding: Any, index: int, sample_rate: int) -> bool:
    try:
        binding.check_input_settings(device=index, channels=1, samplerate=sample_rate)
    except binding.PortAudioError:
        return False
    return True
