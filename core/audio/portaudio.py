"""PortAudio, loaded where sound is first wanted, and what it refuses put into sentences."""

import importlib
from types import ModuleType
from typing import Any
from weakref import WeakSet

from core.errors import AudioError

_NO_LIBRARY = (
    "No sound: the PortAudio library is not installed; "
    "install it with: sudo apt-get install libportaudio2, and start the program again"
)
# PaErrorCode of portaudio.h.
_INVALID_CHANNELS, _INVALID_RATE, _UNAVAILABLE = -9998, -9997, -9985
_REASONS = {
    _INVALID_CHANNELS: "it has not as many channels as it said; plug it in again or choose another",
    _INVALID_RATE: "it refuses its own sample rate; plug it in again or choose another",
    _UNAVAILABLE: (
        "another program holds it, or you may not use it; close that program, allow this one to use the microphone "
        "in the system's settings, or on Linux join the group: sudo usermod -aG audio $USER, and log in again"
    ),
}

_opened: WeakSet[Any] = WeakSet()


def library() -> ModuleType:
    """Return `sounddevice`, PortAudio's binding. Raises AudioError when the library is missing or does not start."""
    try:
        return importlib.import_module("sounddevice")
    except OSError as error:
        raise AudioError(_NO_LIBRARY) from error


def rescanned_library() -> ModuleType:
    """Return the binding with the devices that are there now, for PortAudio looks for them only when it starts.

    While a stream is open the list stays as it is: starting anew would end the stream.
    """
    loaded = library()
    if not any(not stream.closed for stream in _opened):
        loaded._terminate()
        loaded._initialize()
    return loaded


def started(stream: Any) -> Any:
    """Start a stream and remember it as long as it is open."""
    _opened.add(stream)
    stream.start()
    return stream


def refusal(name: str, error: Exception) -> AudioError:
    """Return the sentence for what PortAudio says of the device `name`."""
    code = error.args[1] if len(error.args) > 1 else 0
    reason = _REASONS.get(code, f"PortAudio says: {error}; plug it in again or choose another")
    return AudioError(f"{name}: cannot be opened, {reason}")
