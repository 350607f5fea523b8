"""The microphone, on a real PortAudio stream from a sound server of the test's own."""

import ctypes
import dataclasses
import math
import os
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from core.audio import portaudio
from core.audio.microphone import Device, Microphone, find_input, input_devices
from core.audio.player import Player
from core.audio.wav import Sound, resample
from core.errors import AudioError
from tests.sound import VirtualMicrophone
from tests.waiting import until


def noise(seconds: float, sample_rate: int = 16000) -> np.ndarray:
    """Make noise that 16 bits hold exactly, every sample of it different from silence."""
    numbers = np.random.default_rng(2).integers(100, 12000, round(seconds * sample_rate))
    numbers[::2] *= -1
    return (numbers / 32768).astype(np.float32)


def wait_heard(microphone: Microphone) -> None:
    until(lambda: microphone.state.seconds_silent_stream == 0)


def record(microphone: Microphone, seconds: float) -> np.ndarray:
    """Read for as long as it takes to hear `seconds`."""
    blocks = [microphone.read()]
    until(lambda: blocks.append(microphone.read()) or sum(map(len, blocks)) >= seconds * microphone.sample_rate)
    return np.concatenate(blocks)


def likeness(heard: np.ndarray, original: np.ndarray) -> float:
    """Return the normalized cross-correlation at its best place, which may lie between two samples."""
    size = len(heard) + len(original)
    spectrum = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(original, size))
    products = np.fft.irfft(spectrum, 8 * size) * 8
    return float(products.max() / np.sqrt(np.dot(heard, heard) * np.dot(original, original)))


def test_inputs_are_listed_by_name_and_the_systems_own_is_marked(virtual_microphone: VirtualMicrophone) -> None:
    devices = {device.name: device for device in input_devices()}
    assert {virtual_microphone.name, virtual_microphone.stereo_name} <= devices.keys()
    assert [device.name for device in devices.values() if device.is_default] == ["default"]
    assert devices[virtual_microphone.name].takes_any_rate
    assert find_input(None).name == "default"
    assert find_input("LAB_MIC_48").name == virtual_microphone.stereo_name
    assert find_input(devices[virtual_microphone.name].index).name == virtual_microphone.name


def test_every_sample_arrives_once_and_in_order(virtual_microphone: VirtualMicrophone) -> None:
    """Though the reader comes seldom, and keeps Python to itself for 80 ms at a time as drawing may."""
    hear_all(virtual_microphone, seconds=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_sample_of_ten_minutes_arrives(virtual_microphone: VirtualMicrophone) -> None:
    hear_all(virtual_microphone, seconds=600)


def hear_all(virtual_microphone: VirtualMicrophone, seconds: float) -> None:
    played = noise(seconds)
    python = ctypes.PyDLL(None)
    with Microphone(device=virtual_microphone.name) as microphone:
        wait_heard(microphone)
        playing = virtual_microphone.play_samples(played)
        blocks = []
        while playing.poll() is None:
            time.sleep(0.15)
            python.usleep(80_000)
            blocks.append(microphone.read())
        virtual_microphone.wait_played()
        blocks.append(record(microphone, 0.5))
        assert microphone.state.dropped_blocks == 0
    heard = np.concatenate(blocks)
    sounding = np.flatnonzero(heard)
    assert len(sounding) == len(played)
    np.testing.assert_array_equal(heard[sounding[0] : sounding[-1] + 1], played)


def test_a_device_of_its_own_rate_is_mixed_down_and_resampled(virtual_microphone: VirtualMicrophone) -> None:
    stereo = dataclasses.replace(
        find_input(virtual_microphone.stereo_name), sample_rate=48000, num_channels=2, takes_any_rate=False
    )
    assert hear_chirp(virtual_microphone, stereo, virtual_microphone.stereo_name) > 0.99


def test_a_sound_server_converts_itself(virtual_microphone: VirtualMicrophone) -> None:
    device = find_input(virtual_microphone.stereo_name)
    assert hear_chirp(virtual_microphone, device, virtual_microphone.stereo_name) > 0.99


def hear_chirp(virtual_microphone: VirtualMicrophone, device: Device, name: str) -> float:
    time_s = np.arange(48000) / 48000
    chirp = 0.4 * np.hanning(48000) * np.sin(2 * np.pi * (200 + 2800 * time_s) * time_s)
    with Microphone(device=device) as microphone:
        wait_heard(microphone)
        virtual_microphone.play_samples(chirp, 48000, name)
        heard = record(microphone, 1.6)
    original = resample(Sound(chirp.astype(np.float32), 48000), 16000).samples
    assert np.abs(heard).max() == pytest.approx(0.4, abs=0.02)
    return likeness(heard, original)


def test_the_state_tells_level_peak_and_clipping(virtual_microphone: VirtualMicrophone) -> None:
    tone = 0.1 * np.sin(2 * np.pi * 500 * np.arange(16000) / 16000)
    loud = np.clip(20 * tone[:4000], -1, 1)
    with Microphone(device=virtual_microphone.name) as microphone:
        until(lambda: microphone.state.muted)
        assert microphone.state.level_dbfs == -math.inf
        playing = virtual_microphone.play_samples(np.concatenate((tone, loud)))
        states = [microphone.state]
        until(lambda: states.append(microphone.state) or states[-1].level_dbfs == pytest.approx(-23.0, abs=0.1))
        state = states[-1]
        assert state.peak == pytest.approx(0.1, abs=1e-3)
        assert not state.clipped
        assert not state.muted
        playing.wait()
        until(lambda: microphone.state.clipped)
        until(lambda: not microphone.state.clipped)
        assert microphone.state.dropped_blocks == 0
        assert microphone.state.ended == ""


def test_a_muted_microphone_is_told_from_a_quiet_one(virtual_microphone: VirtualMicrophone) -> None:
    with Microphone(device=virtual_microphone.name) as microphone:
        virtual_microphone.play_samples(noise(10) * 0.01)
        until(lambda: microphone.state.level_dbfs > -80)
        virtual_microphone.mute()
        until(lambda: microphone.state.muted)
        assert microphone.state.seconds_silent_stream < 1
        virtual_microphone.unmute()
        until(lambda: not microphone.state.muted)


def test_a_microphone_that_gives_nothing_is_noticed(virtual_microphone: VirtualMicrophone) -> None:
    with Microphone(device=virtual_microphone.name) as microphone:
        virtual_microphone.play_samples(noise(10))
        until(lambda: microphone.state.peak > 0)
        virtual_microphone.suspend()
        until(lambda: microphone.state.seconds_silent_stream > 1.2)
        assert microphone.state.peak == 0
        assert microphone.state.ended == ""
        virtual_microphone.resume()
        wait_heard(microphone)


def test_the_end_of_the_sound_server_is_said_and_survived(virtual_microphone: VirtualMicrophone) -> None:
    microphone = Microphone(device=virtual_microphone.name)
    with microphone:
        virtual_microphone.play_samples(noise(20))
        until(lambda: microphone.state.peak > 0)
        microphone.read()
        virtual_microphone.kill()
        until(lambda: microphone.state.ended != "")
        assert "lab_mic: gives no more sound" in microphone.state.ended
        microphone.read()
        assert len(microphone.read()) == 0
    with pytest.raises(AudioError):
        microphone.open()
    virtual_microphone.restart()
    with microphone:
        wait_heard(microphone)
        virtual_microphone.play_samples(noise(1))
        until(lambda: microphone.state.peak > 0)


def test_a_device_that_moved_in_the_list_is_found_by_its_name(virtual_microphone: VirtualMicrophone) -> None:
    device = find_input(virtual_microphone.name)
    for index in (device.index + 1, 999):
        with Microphone(device=dataclasses.replace(device, index=index)) as microphone:
            assert microphone.device == device


def test_a_device_that_cannot_be_opened_is_refused_with_a_reason(virtual_microphone: VirtualMicrophone) -> None:
    device = find_input(virtual_microphone.name)
    impossible = dataclasses.replace(device, sample_rate=999_999, takes_any_rate=False)
    with pytest.raises(AudioError, match="lab_mic: cannot be opened, it refuses its own sample rate; plug it in"):
        Microphone(device=impossible).open()
    virtual_microphone.kill()
    with pytest.raises(AudioError, match=r"lab_mic: cannot be opened, it is gone, or .* usermod"):
        Microphone(device=device).open()


def test_unknown_names_are_answered_with_the_known(virtual_microphone: VirtualMicrophone) -> None:
    with pytest.raises(AudioError, match=r"There is no microphone “theremin”; .* one of these: .*lab_mic"):
        Microphone(device="theremin").open()
    with pytest.raises(AudioError, match=r"There is no microphone “999”"):
        Microphone(device=999).open()
    with pytest.raises(AudioError, match=r"“lab_m” is more than one microphone; .*: lab_mic, lab_mic_48k"):
        Microphone(device="lab_m").open()


def test_no_microphone_at_all_is_said(virtual_microphone: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = Path(os.environ["ALSA_CONFIG_PATH"].split(":")[1])
    empty.write_text("pcm.absent { type hw card 31 }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(empty))
    with pytest.raises(AudioError, match="There is no microphone; plug one in"):
        Microphone().open()


def test_a_missing_library_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """As sounddevice says it where no libportaudio is."""

    def fail(name: str) -> object:
        raise OSError("PortAudio library not found")

    monkeypatch.setattr(portaudio.importlib, "import_module", fail)
    with pytest.raises(AudioError, match=r"No sound: .* sudo apt-get install libportaudio2"):
        input_devices()
    with pytest.raises(AudioError, match="No sound: "):
        Player().play(noise(1), 16000)


def test_lost_blocks_are_counted(virtual_microphone: VirtualMicrophone) -> None:
    """A sound server never reports a loss, so PortAudio's flag is set by hand."""
    with Microphone(device=virtual_microphone.name, seconds=0.5) as microphone:
        wait_heard(microphone)
        microphone._take(bytes(400), 100, None, portaudio.library().CallbackFlags(0x2))
        assert microphone.state.dropped_blocks == 1
        read_to = microphone._ring.written
        until(lambda: microphone._ring.written > read_to + 10_000)
        assert len(microphone.read()) <= 8_000
        assert microphone.state.dropped_blocks == 2


def test_taking_a_block_makes_no_array(virtual_microphone: VirtualMicrophone) -> None:
    """The sound card's thread must not wait for memory."""
    with Microphone(device=virtual_microphone.name) as microphone:
        pass
    block, status = bytes(4 * 48000), portaudio.library().CallbackFlags(0)
    microphone._take(block, 48000, None, status)
    tracemalloc.start()
    try:
        for _ in range(100):
            microphone._take(block, 48000, None, status)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 2000
