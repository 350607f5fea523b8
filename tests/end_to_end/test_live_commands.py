"""`listen` and `record` in processes of their own, hearing what a virtual microphone plays."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import read_wav
from core.datasets.clips import sound_files
from core.experiment.clip_classification import ClipClassifier
from core.experiment.model_choice import choose_model
from tests.sound import VirtualMicrophone

ROOT = Path(__file__).parents[2]
RATE = 16000


@contextlib.contextmanager
def start(*arguments, cwd):
    """Give the process of a command, which would listen for ever where a test fails."""
    command = [sys.executable, "-m", "workbench", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(words, process):
    """Read what a process says until the words come."""
    said = []
    for line in process.stderr:
        said.append(line)
        if words in line:
            return
    raise AssertionError(f"ended with {process.wait()} without saying {words!r}: {''.join(said)}")


def likeness(one, other):
    """The highest cross-correlation of two sounds over all shifts, 1 for the same."""
    size = 1 << (len(one) + len(other)).bit_length()
    crossed = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    return np.abs(crossed).max() / np.linalg.norm(one) / np.linalg.norm(other)


def test_words_are_spotted_as_they_are_heard(virtual_microphone: VirtualMicrophone, tone_trial, tmp_path):
    clips = tone_trial.parents[2] / "clips"
    played = (0.01 * np.random.default_rng(0).standard_normal(6 * RATE)).astype(np.float32)
    for label, start_s in (("high", 1), ("rising", 4)):
        played[start_s * RATE :][:RATE] += read_wav(sound_files(clips / label)[0]).samples
    options = ("--device", virtual_microphone.name, "--threshold", 0.6, "--json")
    with start("listen", tone_trial, *options, cwd=tmp_path) as process:
        wait_for(f"Listening to {virtual_microphone.name} for high, low, rising", process)
        virtual_microphone.play_samples(played)
        virtual_microphone.wait_played()
        process.send_signal(signal.SIGINT)
        answer, said = process.communicate()
    assert process.returncode == 0, said
    heard = json.loads(answer)
    found = [detection for detection in heard["detections"] if detection["label"] != "low"]
    assert [detection["label"] for detection in found] == ["high", "rising"], heard
    assert found[1]["time_s"] - found[0]["time_s"] == pytest.approx(3, abs=0.7)
    assert heard["seconds"] > 6
    assert heard["dropped_blocks"] == 0
    assert 0 < heard["cpu"] < 1
    assert heard["feature_ms"] > 0 and heard["inference_ms"] > 0


def test_takes_are_recorded_as_they_were_played(virtual_microphone: VirtualMicrophone, tone_trial, tmp_path):
    originals = {label: sound_files(tone_trial.parents[2] / "clips" / label)[:2] for label in ("high", "low")}
    labels = ("--label", "high", "--label", "low", "--count", 2, "--pause", 0.1, "--take-seconds", 2)
    options = (*labels, "--speaker", "Ada", "--device", virtual_microphone.name, "--out", "takes", "--json")
    with start("record", *options, cwd=tmp_path) as process:
        for number in range(2):
            for label in ("high", "low"):
                wait_for(f"Say {label} now", process)
                virtual_microphone.play(originals[label][number])
        answer, said = process.communicate()
    assert process.returncode == 0, said
    told = json.loads(answer)
    classifier = ClipClassifier(choose_model(tone_trial))
    for label in ("high", "low"):
        files = sound_files(tmp_path / "takes" / label)
        assert [path.name for path in files] == [f"{told['speaker']}_nohash_{number}.wav" for number in range(2)]
        for path, original in zip(files, originals[label], strict=True):
            take = read_wav(path)
            assert (take.sample_rate, len(take.samples)) == (RATE, RATE)
            assert likeness(take.samples, read_wav(original).samples) > 0.9
            assert classifier.classify_file(path).label == classifier.classify_file(original).label == label


def test_what_was_recorded_stays_when_recording_is_interrupted(virtual_microphone: VirtualMicrophone, tmp_path):
    options = ("--label", "go", "--count", 50, "--pause", 0, "--device", virtual_microphone.name, "--out", "takes")
    tone = (0.3 * np.sin(np.arange(6 * RATE) / 4)).astype(np.float32)
    with start("record", *options, cwd=tmp_path) as process:
        wait_for("Say go now", process)
        virtual_microphone.play_samples(tone)
        wait_for("go, take 2 of 50", process)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait() == 130, said
    assert "Cancelled." in said
    (kept,) = (tmp_path / "takes" / "go").iterdir()
    assert len(read_wav(kept).samples) == RATE


def test_a_microphone_that_is_gone_or_not_there_is_a_sentence(
    virtual_microphone: VirtualMicrophone, tone_trial, tmp_path
):
    with start("listen", tone_trial, "--device", "nothing of this name", cwd=tmp_path) as process:
        answer, said = process.communicate()
    assert process.returncode == 1, said
    assert "There is no microphone “nothing of this name”" in said
    with start("listen", tone_trial, "--device", virtual_microphone.name, "--json", cwd=tmp_path) as process:
        wait_for("Listening to", process)
        virtual_microphone.kill()
        answer, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert "unplugged or the sound server stopped" in json.loads(answer)["error"]
    assert "Traceback" not in said


def test_a_muted_microphone_ends_the_recording_with_a_sentence(virtual_microphone: VirtualMicrophone, tmp_path):
    options = (
        "--label",
        "go",
        "--pause",
        0,
        "--take-seconds",
        1,
        "--device",
        virtual_microphone.name,
        "--out",
        "takes",
    )
    virtual_microphone.mute()
    with start("record", *options, cwd=tmp_path) as process:
        _, said = process.communicate(timeout=120)
    assert process.returncode == 1, said
    assert "Nothing was heard in three takes" in said
    assert not (tmp_path / "takes").exists()
