"""Sound out of the loudspeaker, and how far it is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio import portaudio
from core.audio.wav import Sound, resample
from core.errors import AudioError

Float32 = NDArray[np.float32]

_NO_DEVICE = "There is no loudspeaker; plug one in, or choose one in the system's settings"


class Player:
    """Plays one sound at a time on the system's default output or a named one."""

    def __init__(self, device: str | int | None = None) -> None:
        self._device = device
        self._stream: Any = None

    def play(self, samples: Float32, sample_rate: int) -> None:
        """Play samples (n,) from their beginning, in place of what is playing. Raises AudioError with what to do."""
        self.stop()
        binding = portaudio.library()
        try:
            info = binding.query_devices(self._device, "output")
            self._rate = round(info["default_samplerate"])
            self._samples = resample(Sound(samples, sample_rate), self._rate).samples
            self._handed = 0
            self._stream = portaudio.started(
                binding.RawOutputStream(
                    samplerate=self._rate,
                    device=self._device,
                    channels=1,
                    dtype="float32",
                    latency="high",
                    callback=self._give,
                )
            )
        except (binding.PortAudioError, ValueError) as error:
            raise AudioError(f"{_NO_DEVICE} ({error})") from error

    def stop(self) -> None:
        """End the sound now."""
        if self._stream is not None:
            self._stream.abort()
            self._stream.close()
            self._stream = None

    @property
    def position_s(self) -> float | None:
        """Seconds from the beginning to what is heard now; None when nothing is playing."""
        if self._stream is None or not self._stream.active:
            return None
        latency_s = float(self._stream.latency)
        handed_s: float = self._handed / self._rate
        return max(0.0, handed_s - latency_s)

    def _give(self, block: Any, frames: int, _time: Any, _status: Any) -> None:
        """Copy a block; this is PortAudio's thread, which must not wait for anything."""
        place = np.frombuffer(block, np.float32)
        given = self._samples[self._handed : self._handed + frames]
        place[: len(given)] = given
        place[len(given) :] = 0
        self._handed += len(given)
        if len(given) < frames:
            raise portaudio.library().CallbackStop
