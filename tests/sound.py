"""A virtual microphone: a PulseAudio of one's own, whose microphone hears what its loudspeaker plays.

The fixture `virtual_microphone` gives one to a test and points PortAudio to it, in this very process; for a program
in a process of its own there is `sound_server()` with its `environment`.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.audio import portaudio
from core.audio.wav import Sound, write_wav

PROGRAMS = ("pulseaudio", "paplay", "pactl")
_ALSA = Path("/usr/share/alsa/alsa.conf")
_START_S = 30
_PRIORITY = -11

# Without norewinds the first data comes nearly two seconds late.
_SERVER = """
load-module module-native-protocol-unix socket={socket} auth-anonymous=1
load-module module-null-sink sink_name=mono_speaker rate=16000 channels=1 format=s16le norewinds=1
load-module module-remap-source source_name=mono_microphone master=mono_speaker.monitor
load-module module-null-sink sink_name=stereo_speaker rate=48000 channels=2 format=s16le norewinds=1
load-module module-remap-source source_name=stereo_microphone master=stereo_speaker.monitor
set-default-sink mono_speaker
set-default-source mono_microphone
"""
_DEVICES = """
pcm.lab_mic {{ type pulse server "unix:{socket}" device mono_microphone }}
pcm.lab_mic_48k {{ type pulse server "unix:{socket}" device stereo_microphone }}
pcm.!default {{ type pulse server "unix:{socket}" }}
"""


class VirtualMicrophone:
    """Two microphones and what they hear; `name` is of 16 kHz and mono, `stereo_name` of 48 kHz and stereo.

    What is played to the first comes back bit by bit.
    """

    name = "lab_mic"
    stereo_name = "lab_mic_48k"
    _SPEAKERS = {name: "mono_speaker", stereo_name: "stereo_speaker"}  # noqa: RUF012
    _SOURCES = {name: "mono_microphone", stereo_name: "stereo_microphone"}  # noqa: RUF012

    def __init__(self, folder: Path) -> None:
        socket = folder / "socket"
        (folder / "home").mkdir()
        (folder / "run").mkdir(mode=0o700)
        (folder / "default.pa").write_text(_SERVER.format(socket=socket))
        self._folder = folder
        self._name_devices()
        self._own = {"HOME": str(folder / "home"), "XDG_RUNTIME_DIR": str(folder / "run")}
        self.environment = {"PULSE_SERVER": f"unix:{socket}", "ALSA_CONFIG_PATH": f"{_ALSA}:{folder / 'asoundrc'}"}
        """What a program must find in its environment before it loads PortAudio."""
        self._playing: list[subprocess.Popen[bytes]] = []
        self._server = self._start()

    def play(self, path: Path, device: str = name) -> subprocess.Popen[bytes]:
        """Begin to play a WAV file to a microphone and return at once."""
        playing = subprocess.Popen(["paplay", "--device", self._SPEAKERS[device], str(path)], env=self._environment())
        _prefer(playing)
        self._playing.append(playing)
        return playing

    def play_samples(
        self, samples: np.ndarray, sample_rate: int = 16000, device: str = name
    ) -> subprocess.Popen[bytes]:
        """Begin to play mono samples in [-1, 1] to a microphone and return at once."""
        path = self._folder / f"{len(self._playing)}.wav"
        write_wav(path, Sound(samples.astype(np.float32), sample_rate))
        return self.play(path, device)

    def wait_played(self, timeout_s: float = 60) -> None:
        """Return when everything has been played to its end."""
        for playing in self._playing:
            assert playing.wait(timeout_s) == 0, "paplay failed"

    def kill(self) -> None:
        """End the sound server at once, as if the microphone were unplugged."""
        self._server.kill()
        self._server.wait()

    def restart(self) -> None:
        """Start the sound server anew, as if the microphone were plugged in again."""
        self.kill()
        (self._folder / "socket").unlink(missing_ok=True)
        self._server = self._start()

    def suspend(self, device: str = name) -> None:
        """Let a microphone give nothing more, without a word to whom listens."""
        self._control("suspend-source", self._SOURCES[device], "1")

    def resume(self, device: str = name) -> None:
        """Undo `suspend`."""
        self._control("suspend-source", self._SOURCES[device], "0")

    def mute(self, device: str = name) -> None:
        """Let a microphone give silence."""
        self._control("set-source-mute", self._SOURCES[device], "1")

    def unmute(self, device: str = name) -> None:
        """Undo `mute`."""
        self._control("set-source-mute", self._SOURCES[device], "0")

    def recover(self) -> None:
        """Be as a new one is: nothing plays, nothing is muted or suspended, the server runs and has its devices."""
        self._end_playing()
        self._name_devices()
        try:
            for device in self._SOURCES:
                self.unmute(device)
                self.resume(device)
        except subprocess.CalledProcessError:
            # A test ended the server, or it is ending just now.
            self.restart()

    def close(self) -> None:
        """End the server and what still plays."""
        self._end_playing()
        self.kill()

    def _name_devices(self) -> None:
        (self._folder / "asoundrc").write_text(_DEVICES.format(socket=self._folder / "socket"))

    def _end_playing(self) -> None:
        for playing in self._playing:
            playing.kill()
            playing.wait()
        self._playing.clear()

    def _environment(self) -> dict[str, str]:
        return os.environ | self._own | self.environment

    def _control(self, *command: str) -> None:
        subprocess.run(["pactl", *command], env=self._environment(), check=True, capture_output=True)

    def _start(self) -> subprocess.Popen[bytes]:
        switches = ["--daemonize=no", "--exit-idle-time=-1", "--disallow-exit", "--use-pid-file=no"]
        command = ["pulseaudio", "-n", "-F", str(self._folder / "default.pa"), *switches]
        with (self._folder / "log.txt").open("ab") as log:
            server = subprocess.Popen(
                [*command, "--realtime=no", "--high-priority=no"], env=self._environment(), stdout=log, stderr=log
            )
        _prefer(server)
        deadline = time.monotonic() + _START_S
        while subprocess.run(["pactl", "info"], env=self._environment(), capture_output=True).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                said = (self._folder / "log.txt").read_text(errors="replace")
                raise RuntimeError(f"PulseAudio does not run: {said[-2000:]}")
            time.sleep(0.02)
        return server


def _prefer(process: subprocess.Popen[bytes]) -> None:
    """Let a process come first where that is allowed: a loudspeaker that waits for a busy processor leaves gaps."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _PRIORITY)


def missing_programs() -> str:
    """Return what must be installed before a virtual microphone can be had; nothing when all is there."""
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    if not missing and not any(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")):
        missing.append("libasound2-plugins")
    return ", ".join(missing)


@contextlib.contextmanager
def sound_server() -> Iterator[VirtualMicrophone]:
    """Start a sound server of one's own."""
    # Not in pytest's folder: the path of a socket may have no more than 107 letters.
    with tempfile.TemporaryDirectory(prefix="sound-") as folder:
        microphone = VirtualMicrophone(Path(folder))
        try:
            yield microphone
        finally:
            microphone.close()


@pytest.fixture(scope="module")
def module_sound_server() -> Iterator[VirtualMicrophone]:
    """Give the tests of a module one sound server, for its start takes as long as many a test."""
    if missing := missing_programs():
        pytest.skip(f"a virtual microphone needs {missing}")
    with sound_server() as microphone:
        yield microphone


@pytest.fixture
def virtual_microphone(
    module_sound_server: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch
) -> Iterator[VirtualMicrophone]:
    """Let PortAudio find two virtual microphones and nothing else that is called `lab_mic`."""
    with monkeypatch.context() as patch:
        for name, value in module_sound_server.environment.items():
            patch.setenv(name, value)
        portaudio.close_all()
        yield module_sound_server
    portaudio.close_all()
    module_sound_server.recover()
