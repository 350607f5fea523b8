"""A device's microphone, recorded by `arecord` from a sound server of one's own, unplugged and plugged in again."""

import itertools
import shutil

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.clips import sound_files
from core.deploy.device import recorder
from core.deploy.device.recorder import Recorder, microphone_blocks
from core.errors import AudioError
from core.evaluation.detection import DetectionSettings
from tests.device import DeviceProgram, bare_environment, make_release
from tests.sound import missing_programs, sound_server

RATE = 16000


@pytest.fixture
def microphone():
    missing = missing_programs() or ("" if shutil.which("arecord") else "alsa-utils")
    if missing:
        pytest.skip(f"a virtual microphone needs {missing}")
    with sound_server() as server:
        yield server


def test_words_are_heard_before_and_after_the_microphone_was_unplugged(tone_trial, microphone, tmp_path):
    release = make_release(tmp_path / "release", tone_trial, DetectionSettings(threshold=0.6))
    tones = [read_wav(sound_files(tone_trial.parents[2] / "clips" / "high")[number]).samples for number in range(2)]
    silence = 0.01 * np.random.default_rng(0).standard_normal(RATE)
    write_wav(tmp_path / "word.wav", Sound(np.concatenate((silence, tones[0], silence)).astype(np.float32), RATE))
    state = tmp_path / "state.json"
    environment = bare_environment(tmp_path / "bare") | microphone.environment
    with DeviceProgram(release, "spot", "--stream", "--state", state, environment=environment) as program:
        assert program.until("listening")["source"] == "microphone"
        program.until("step")
        microphone.play(tmp_path / "word.wav")
        assert program.until("detected")["word"] == "high"
        microphone.kill()
        interrupted = program.until("interrupted")
        assert interrupted["message"].startswith("microphone: ") and interrupted["pause_s"] == 1
        assert state.read_text().startswith('{"kind": "interrupted"')
        microphone.restart()
        program.until("resumed")
        microphone.play(tmp_path / "word.wav")
        again = program.until("detected")
        assert again["word"] == "high" and again["heard_s"] < 20


@pytest.mark.parametrize("program", ["arecord", "parec"])
def test_sound_comes_at_the_rate_of_the_model(microphone, monkeypatch, program):
    for name, value in microphone.environment.items():
        monkeypatch.setenv(name, value)
    tone = 0.5 * np.sin(2 * np.pi * 500 * np.arange(3 * RATE) / RATE)
    with Recorder(program, RATE) as opened:
        opened.read()
        microphone.play_samples(tone)
        heard = np.zeros(0, np.float32)
        while len(heard) < 2 * RATE:
            heard = np.concatenate((heard, opened.read()))
    loud = heard[np.flatnonzero(np.abs(heard) > 0.1)[0] :][: RATE // 2]
    spectrum = np.abs(np.fft.rfft(loud * np.hanning(len(loud))))
    assert spectrum.argmax() * RATE / len(loud) == pytest.approx(500, abs=3)
    assert np.abs(loud).max() == pytest.approx(0.5, abs=0.02)


def test_a_microphone_that_gives_nothing_is_noticed(microphone, monkeypatch):
    for name, value in microphone.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(recorder, "_SILENT_S", 0.5)
    with Recorder("parec", RATE) as opened:
        opened.read()
        microphone.suspend()
        with pytest.raises(AudioError, match="microphone: gave no sound for 0 s; plug it in again"):
            while True:
                opened.read()


def test_without_a_microphone_it_is_tried_again_after_growing_pauses(monkeypatch, tmp_path):
    if shutil.which("arecord") is None:
        pytest.skip("needs alsa-utils")
    (tmp_path / "empty").write_text("")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("PULSE_SERVER", f"unix:{tmp_path / 'nothing'}")
    told, waited = [], []
    blocks = microphone_blocks(RATE, "", lambda message, pause_s: told.append((message, pause_s)), waited.append)
    assert list(itertools.islice(blocks, 8)) == [None] * 8
    blocks.close()
    assert waited == [1, 2, 4, 8, 16, 32, 60, 60] == [pause_s for _, pause_s in told]
    assert all(message.startswith("microphone: ") for message, _ in told)


def test_a_device_that_cannot_record_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(AudioError, match="sudo apt-get install alsa-utils"):
        next(microphone_blocks(RATE, "", lambda message, pause_s: None, lambda pause_s: None))
