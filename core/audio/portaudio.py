"""PortAudio, loaded where sound is first wanted, and what it refuses put into sentences."""

import importlib
from types import ModuleType
from typing import Any

from core.errors import AudioError

_NO_LIBRARY = (
    "No sound: the PortAudio library is not installed; "
    "install it with: sudo apt-get install libportaudio2, and start the program again"
)
_REFUSED = (
    "it is gone, or this program may not use it; plug it in again, allow the program to use it in the system's "
    "settings, or on Linux join its group with: sudo usermod -aG audio $USER, and log in again"
)
# PaErrorCode of portaudio.h. A device node without permission is, to PortAudio's ALSA part, a bad combination.
_REASONS = {
    -9998: "it has not as many channels as it said; plug it in again or choose another",
    -9997: "it refuses its own sample rate; plug it in again or choose another",
    -9993: _REFUSED,
    -9985: "another program holds it; end that program or choose another",
}

_streams: list[Any] = []


def library() -> ModuleType:
    """Return `sounddevice`, PortAudio's binding. Raises AudioError when there is no PortAudio library."""
    try:
        return importlib.import_module("sounddevice")
    except OSError as error:
        raise AudioError(_NO_LIBRARY) from error


def rescanned_library() -> ModuleType:
    """Return the binding with the devices that are there now, for PortAudio looks for them only when it starts.

    While a stream runs the list stays as it is: starting anew would end the stream. Raises AudioError.
    """
    binding = library()
    if not any(stream.active for stream in _streams):
        close_all()
    return binding


def close_all() -> None:
    """End every stream and start PortAudio anew; it then reads its environment and looks for devices again."""
    binding = library()
    while _streams:
        _streams.pop().close()
    binding._terminate()
    binding._initialize()


def start(stream: Any) -> Any:
    """Start a stream of the binding and return it.

    It is held until it is closed: PortAudio's thread would call into freed memory were it forgotten.
    """
    _streams[:] = [known for known in _streams if not known.closed]
    _streams.append(stream)
    stream.start()
    return stream


def refusal(name: str, error: Exception) -> AudioError:
    """Return the sentence for a PortAudioError about the device `name`."""
    code = error.args[1] if len(error.args) > 1 else 0
    reason = _REASONS.get(code, f"{error}; plug it in again or choose another")
    return AudioError(f"{name}: cannot be opened, {reason}")
