"""A microphone as a stream of mono samples at the rate that the features want."""

import dataclasses
import math
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any, Self

import numpy as np
import soxr
from numpy.typing import NDArray

from core.audio import portaudio
from core.audio.ring_buffer import RingBuffer
from core.errors import AudioError

Float32 = NDArray[np.float32]

LEVEL_S = 0.1
"""Newest part of the sound that level and peak are of."""
HOLD_S = 1.0
"""Newest part of the sound in which clipping and muteness are looked for."""
BLOCK_S = 0.0125
"""What comes at once, so that each of 60 pictures a second finds something new. Of the parts that PortAudio would
choose two come together, 58 times a second."""

_NO_DEVICE = "There is no microphone; plug one in, or allow this program to use it in the system's settings"
_FULL_SCALE = 32767 / 32768
_MOST_CHANNELS = 2
# No hardware runs at this rate, but a sound server converts to whatever it is asked for.
_ODD_RATE = 23_457


@dataclass(frozen=True)
class Device:
    """An input of this machine.

    One that `takes_any_rate` is a sound server's. The server knows the rate of the hardware and converts; rate and
    channels of such a device are PortAudio's invention.
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
    muted: bool
    """Whether the last second was nothing but zeros: switched off, or the system does not let this program listen."""
    dropped_blocks: int
    """Gaps in the sound since the microphone was opened."""
    seconds_silent_stream: float
    """How long the device has given nothing at all, not even zeros."""
    ended: str
    """Why the stream ended, as a sentence; empty while it runs."""


def input_devices() -> list[Device]:
    """Return the inputs that are there now. Raises AudioError when there is no PortAudio library or no input."""
    binding = portaudio.rescanned_library()
    chosen = binding.default.device[0]
    found = [
        Device(
            index=index,
            name=info["name"],
            sample_rate=round(info["default_samplerate"]),
            num_channels=info["max_input_channels"],
            is_default=index == chosen,
            takes_any_rate=_takes(binding, index, _ODD_RATE),
        )
        for index, info in enumerate(binding.query_devices())
        if info["max_input_channels"]
    ]
    if not found:
        raise AudioError(_NO_DEVICE)
    return found


def find_input(wanted: str | int | None) -> Device:
    """Return the input of a name, a part of a name or an index; None is the system's own choice.

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
    if matching:
        raise AudioError(f"“{wanted}” is more than one microphone; give the whole name of one: {_names(matching)}")
    raise AudioError(f"There is no microphone “{wanted}”; plug it in, or choose one of these: {_names(devices)}")


class Microphone:
    """New samples of a device on request, opened as a context or by `open`.

    A sound server is asked for mono at `sample_rate`. Any other device is opened at its own rate and channels, mixed
    down and resampled, which delays the sound by 10 to 20 ms. A Device is opened as it says of itself.
    """

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
        """Begin to listen; what was heard before is gone. Raises AudioError with what to do."""
        self.close()
        self.device = device = self._find()
        self._rate = self.sample_rate if device.takes_any_rate else device.sample_rate
        self._channels = 1 if device.takes_any_rate else min(_MOST_CHANNELS, device.num_channels)
        self._ring = RingBuffer(round(self._seconds * self._rate) * self._channels)
        # The filter for varying rates answers within 20 ms, the usual one within 40 to 80. It is flat within 0.1 dB up
        # to 7.4 kHz and folds nothing back either, but delays 6 kHz by 0.3 ms more than 1 kHz.
        self._resampler = soxr.ResampleStream(self._rate, self.sample_rate, 1, vr=True)
        self._read_to = self._overflows = self._overtakes = self._looked_at = 0
        self._finished = False
        self._moved_at = time.monotonic()
        binding = portaudio.library()
        try:
            self._stream = portaudio.start(
                binding.RawInputStream(
                    samplerate=self._rate,
                    device=device.index,
                    channels=self._channels,
                    dtype="float32",
                    blocksize=round(BLOCK_S * self._rate),
                    # Of PortAudio's two this one bears that another thread keeps Python for 25 ms.
                    latency="high",
                    callback=self._take,
                    finished_callback=self._finish,
                )
            )
        except binding.PortAudioError as error:
            raise portaudio.refusal(device.name, error) from error

    def close(self) -> None:
        """Stop listening. What was heard can still be read."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def read(self) -> Float32:
        """Return what is new since the last call, at `sample_rate`, float32 of shape (n,)."""
        stop = self._ring.written
        heard = self._ring.read(self._read_to, stop)
        self._overtakes += len(heard) < stop - self._read_to
        self._read_to = stop
        mono: Float32 = heard if self._channels == 1 else heard.reshape(-1, self._channels).mean(axis=1)
        if self._rate == self.sample_rate:
            return mono
        resampled: Float32 = self._resampler.resample_chunk(mono)
        return resampled

    @property
    def state(self) -> MicrophoneState:
        """Level, losses, and whether the stream still lives."""
        now, written = time.monotonic(), self._ring.written
        if written != self._looked_at:
            self._looked_at, self._moved_at = written, now
        still_s = now - self._moved_at
        held = np.abs(self._ring.latest(self._count(HOLD_S)))
        last = held[-self._count(LEVEL_S) :] if still_s < HOLD_S else np.zeros(1, np.float32)
        power = float(np.mean(np.square(last)))
        loudest = float(held.max())
        return MicrophoneState(
            level_dbfs=10 * math.log10(power) if power else -math.inf,
            peak=float(last.max()),
            clipped=loudest >= _FULL_SCALE,
            muted=loudest == 0 and written >= len(held),
            dropped_blocks=self._overflows + self._overtakes,
            seconds_silent_stream=still_s,
            ended=self._ended(),
        )

    def _find(self) -> Device:
        if not isinstance(self._wanted, Device):
            return find_input(self._wanted)
        known = portaudio.library().query_devices()
        if self._wanted.index < len(known) and known[self._wanted.index]["name"] == self._wanted.name:
            return self._wanted
        # Devices came or went since this one was listed, and the rest moved up or down.
        return dataclasses.replace(self._wanted, index=find_input(self._wanted.name).index)

    def _count(self, seconds: float) -> int:
        return round(seconds * self._rate) * self._channels

    def _ended(self) -> str:
        if self._stream is not None and not self._finished:
            return ""
        if self._stream is None:
            return f"{self.device.name}: is closed; start it again"
        return (
            f"{self.device.name}: gives no more sound, it was unplugged or the sound server stopped; "
            "plug it in or choose another, and start again"
        )

    def _take(self, block: Any, _num_frames: int, _time: Any, status: Any) -> None:
        """Copy a block; this is PortAudio's thread, which must not wait for anything."""
        if status.input_overflow:
            self._overflows += 1
        self._ring.write(np.frombuffer(block, np.float32))

    def _finish(self) -> None:
        self._finished = True


def _takes(binding: ModuleType, index: int, sample_rate: int) -> bool:
    try:
        binding.check_input_settings(device=index, channels=1, samplerate=sample_rate)
    except binding.PortAudioError:
        return False
    return True


def _names(devices: Iterable[Device]) -> str:
    return ", ".join(device.name for device in devices)
