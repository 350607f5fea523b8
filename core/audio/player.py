"""Sound out of the loudspeaker, and how far it is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.audio import portaudio
from core.audio.wav import Sound, resample
from core.errors import AudioError

Float32 = NDArray[np.float32]

_NO_DEVICE = "There is no loudspeaker{name}; plug one in, or choose one in the system's settings"
# Nobody answers to what is played, so it may wait until it is sure not to stutter.
_LATENCY_S = 0.15


class Player:
    """Plays one sound at a time, on the system's own output or on the one of a name or index."""

    def __init__(self, device: str | int | None = None) -> None:
        self._device = device
        self._stream: Any = None

    def play(self, samples: Float32, sample_rate: int) -> None:
        """Play mono samples (n,) from their beginning, in place of what is playing.

        Resampled where the device refuses their rate. Raises AudioError with what to do.
        """
        self.stop()
        sound = Sound(samples, sample_rate)
        try:
            self._start(portaudio.library(), sound)
        except AudioError:
            # The loudspeakers may be others than when PortAudio last looked for them.
            self._start(portaudio.rescanned_library(), sound)

    def stop(self) -> None:
        """End the sound now."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    @property
    def position_s(self) -> float | None:
        """Seconds from the beginning of the sound to what is heard now; None when nothing is playing."""
        if self._stream is None or not self._stream.active:
            return None
        now_s: float = self._stream.time
        return min(max(0.0, now_s - self._begins_s), self._seconds) if self._begins_s else 0.0

    def _start(self, binding: Any, sound: Sound) -> None:
        try:
            info = binding.query_devices(self._device, "output")
        except (binding.PortAudioError, ValueError) as error:
            name = "" if self._device is None else f" “{self._device}”"
            raise AudioError(_NO_DEVICE.format(name=name)) from error
        fitting = _fit(binding, info, sound)
        self._samples = np.ascontiguousarray(fitting.samples, np.float32)
        self._given = 0
        self._begins_s = 0.0
        self._seconds = sound.seconds
        self._stop_signal = binding.CallbackStop
        try:
            self._stream = portaudio.start(
                binding.RawOutputStream(
                    samplerate=fitting.sample_rate,
                    device=info["index"],
                    channels=1,
                    dtype="float32",
                    latency=_LATENCY_S,
                    callback=self._give,
                )
            )
        except binding.PortAudioError as error:
            raise portaudio.refusal(info["name"], error) from error

    def _give(self, block: Any, num_frames: int, clock: Any, _status: Any) -> None:
        """Copy a block; this is PortAudio's thread, which must not wait for anything."""
        if not self._given:
            self._begins_s = clock.outputBufferDacTime
        room = np.frombuffer(block, np.float32)
        given = self._samples[self._given : self._given + num_frames]
        room[: len(given)] = given
        room[len(given) :] = 0
        self._given += len(given)
        if len(given) < num_frames:
            raise self._stop_signal


def _fit(binding: Any, info: dict[str, Any], sound: Sound) -> Sound:
    try:
        binding.check_output_settings(device=info["index"], channels=1, samplerate=sound.sample_rate)
    except binding.PortAudioError:
        return resample(sound, round(info["default_samplerate"]))
    return sound
