"""The device's microphone, through a recording program of the system: `arecord`, else PulseAudio's `parec`.

A process of its own, because then an unplugged microphone, a driver that hangs or a sound server that restarts ends a
pipe, which can be opened again; PortAudio would have to be started anew to see a microphone that came back. And every
Raspberry Pi OS has `arecord`.
"""

from __future__ import annotations

import os
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np
from numpy.typing import NDArray

from core.deploy.device.resampler import Resampler
from core.errors import AudioError

# ALSA itself converts rates without a filter, so that hiss above 8 kHz would fold into the voice. Nearly every
# microphone has this rate of its own.
_ALSA_HERTZ = 48_000
_BLOCK_MS = 50
_BUFFER_MS = 500
_CHUNK_BYTES = 1 << 16
_FULL_SCALE = np.float32(32768)
_SILENT_S = 5.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_STEADY_S = 10.0
_END_S = 2.0

_REASONS = (
    ("device or resource busy", "another program holds it, perhaps the listening service; stop that first"),
    ("permission denied", "this user may not use it; type `sudo usermod -aG audio $USER` there and log in again"),
    ("no such", "there is none; plug it in"),
    ("cannot find card", "there is none; plug it in"),
    ("connection refused", "the sound server is not running; start it, or plug the microphone in again"),
)

Float32 = NDArray[np.float32]


class Recorder:
    """One run of a recording program; use it as a context, so that it ends."""

    def __init__(self, program: str, sample_rate: int, device: str = "") -> None:
        self.program = program
        self.device = device
        self._hertz = _ALSA_HERTZ if program == "arecord" else sample_rate
        self._resampler = Resampler(self._hertz, sample_rate)
        self._rest = b""
        self._complaint = ""

    def __enter__(self) -> Recorder:
        self._process = subprocess.Popen(
            self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._ears = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            self._ears.register(pipe, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        self._ears.close()
        self._process.terminate()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def read(self) -> Float32:
        """Wait for sound and return it, float32 (n,) in [-1, 1]. Raises AudioError when none comes any more."""
        until_s = time.monotonic() + _SILENT_S
        while True:
            ready = self._ears.select(max(0.0, until_s - time.monotonic()))
            if not ready:
                raise AudioError(f"{self._name}: gave no sound for {_SILENT_S:.0f} s; plug it in again")
            for key, _ in ready:
                content = os.read(key.fd, _CHUNK_BYTES)
                if key.fileobj is self._process.stderr:
                    self._hear_complaint(content)
                elif content:
                    return self._samples(content)
                else:
                    raise AudioError(f"{self._name}: {self._reason()}")

    def _command(self) -> list[str]:
        if self.program == "parec":
            own = ["--format=s16le", f"--rate={self._hertz}", "--channels=1", f"--latency-msec={_BLOCK_MS}"]
            return ["parec", "--raw", *own, *([f"--device={self.device}"] if self.device else [])]
        times = [f"--period-time={_BLOCK_MS * 1000}", f"--buffer-time={_BUFFER_MS * 1000}"]
        form = ["-t", "raw", "-f", "S16_LE", "-c", "1", "-r", str(self._hertz)]
        return ["arecord", "-q", "-D", self.device or "default", *form, *times]

    @property
    def _name(self) -> str:
        return f"microphone {self.device}" if self.device else "microphone"

    def _samples(self, content: bytes) -> Float32:
        content = self._rest + content
        whole = len(content) - len(content) % 2
        self._rest = content[whole:]
        samples = np.frombuffer(content[:whole], "<i2").astype(np.float32) / _FULL_SCALE
        return self._resampler.push(samples)

    def _hear_complaint(self, content: bytes) -> None:
        if not content:
            assert self._process.stderr is not None
            self._ears.unregister(self._process.stderr)
        for line in content.decode(errors="replace").splitlines():
            # Lost samples are told here too, and are no reason for an end.
            if line.strip() and "overrun" not in line:
                self._complaint = line.strip()

    def _reason(self) -> str:
        assert self._process.stderr is not None
        if self._process.stderr in (key.fileobj for key in self._ears.get_map().values()):
            self._hear_complaint(os.read(self._process.stderr.fileno(), _CHUNK_BYTES))
        low = self._complaint.lower()
        for sign, reason in _REASONS:
            if sign in low:
                return f"{reason} ({self._complaint})"
        return f"the sound ended; plug it in again ({self._complaint or 'no reason given'})"


def microphone_blocks(
    sample_rate: int, device: str, interrupted: Callable[[str, float], None], pause: Callable[[float], None]
) -> Iterator[Float32 | None]:
    """Yield what the microphone hears, for ever; None where the sound broke off and then began anew.

    When it breaks off, `interrupted` hears why and how many seconds are waited, by `pause`; each wait is twice the one
    before, until there was sound for a while. Raises AudioError when there is no recording program.
    """
    programs = [program for program in ("arecord", "parec") if shutil.which(program)]
    if not programs:
        raise AudioError("nothing records here: type `sudo apt-get install alsa-utils` on the device")
    pause_s = _FIRST_PAUSE_S
    # One may have no way to the microphone where the other has: they take turns.
    for program in cycle(programs):
        opened_s = time.monotonic()
        try:
            with Recorder(program, sample_rate, device) as recorder:
                while True:
                    yield recorder.read()
        except AudioError as error:
            if time.monotonic() - opened_s > _STEADY_S:
                pause_s = _FIRST_PAUSE_S
            interrupted(str(error), pause_s)
        pause(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        yield None
