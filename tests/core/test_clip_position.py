"""Which part of a sound that is longer than a clip is heard: the same one wherever a clip is used."""

import json
from pathlib import Path

import numpy as np
import pytest

from core.audio.clip_part import is_longer, part_start, take_part
from core.audio.wav import Sound, write_wav
from core.datasets.class_difference import LabelClips
from core.datasets.clips import Clip, find_clips
from core.datasets.edits import ClipEdit, change_edits
from core.datasets.preprocessing import Preprocessing, load_preprocessing
from core.datasets.waveforms import load_waveforms, read_clip
from core.deploy.device.settings import spotting_settings
from core.evaluation.detection import DetectionSettings
from core.events import ignore
from core.spec import Dataset, Features

RATE = 16000


def late_word(length_s: float = 2.4, start_s: float = 1.6, rate: int = RATE) -> np.ndarray:
    """Quiet noise with a tone of 0.5 s in it."""
    samples = 0.002 * np.random.default_rng(0).standard_normal(round(length_s * rate))
    samples[round(start_s * rate) :][: rate // 2] += 0.4 * np.sin(np.arange(rate // 2) * 2 * np.pi * 440 / rate)
    return samples.astype(np.float32)


@pytest.fixture
def long_clips(tmp_path: Path) -> Path:
    folder = tmp_path / "long"
    for label in ("go", "stop"):
        (folder / label).mkdir(parents=True)
        for number in range(2):
            write_wav(folder / label / f"{number}.wav", Sound(late_word(), RATE))
    return folder


def loudness(waveform: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(waveform / 32768))))


@pytest.mark.parametrize(("position", "start_s"), [("loudest", 1.25), ("start", 0.0), ("centre", 0.7)])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_each_position_begins_where_it_says_at_any_rate(position, start_s: float, rate: int) -> None:
    part = take_part(Sound(late_word(rate=rate), rate), RATE, RATE, position)
    assert part.waveform.shape == (RATE,)
    assert part.start_s == pytest.approx(start_s, abs=0.03)
    loud = np.flatnonzero(np.abs(part.waveform) > 3000) / RATE
    if position == "start":
        assert len(loud) == 0
    else:
        assert loud[0] == pytest.approx(1.6 - part.start_s, abs=0.01)


@pytest.mark.parametrize("position", ["loudest", "start", "centre"])
def test_what_is_as_long_as_a_clip_or_shorter_is_used_from_its_beginning(position) -> None:
    for num_samples in (RATE, RATE - 1, 400):
        part = take_part(Sound(late_word()[-num_samples:], RATE), RATE, RATE, position)
        assert part.start_s == 0
        assert np.array_equal(part.waveform[:num_samples], np.rint(late_word()[-num_samples:] * 32768).astype(np.int16))
        assert not part.waveform[num_samples:].any()
    assert not is_longer(1.005, 1.0) and is_longer(1.02, 1.0)


@pytest.mark.parametrize("position", ["loudest", "start", "centre"])
def test_training_judging_and_classifying_hear_the_same_samples(long_clips: Path, position) -> None:
    dataset = Dataset(folder=str(long_clips), clip_position=position)
    found = find_clips(dataset)
    trained = load_waveforms(found, RATE, dataset, ignore).samples[0]
    known = Preprocessing(features=Features(), clip_duration_ms=1000, clip_position=position, labels=("go", "stop"))
    judged = read_clip(Clip(found.clips[0].path, 0), RATE, known)
    difference = next(waveforms for _, waveforms in LabelClips(dataset, ("go", "stop")).waveforms(RATE))[0]
    classified = take_part(Sound(late_word(), RATE), RATE, known.num_samples, known.clip_position).waveform
    assert np.array_equal(trained, judged)
    assert np.array_equal(trained, difference)
    # The sound as it was before it was written with 16 bits.
    np.testing.assert_allclose(trained, classified, atol=1)
    assert (loudness(trained) > 0.05) == (position != "start")


def test_a_start_chosen_by_hand_holds_against_the_rule_the_beginning_included(long_clips: Path) -> None:
    dataset = Dataset(folder=str(long_clips))
    assert loudness(load_waveforms(find_clips(dataset), RATE, dataset, ignore).samples[0]) > 0.1
    change_edits(long_clips, {"go/0.wav": ClipEdit(start_ms=0)})
    first = load_waveforms(find_clips(dataset), RATE, dataset, ignore).samples[0]
    assert np.array_equal(first, np.rint(late_word()[:RATE] * 32768).astype(np.int16))


def test_settings_of_before_there_was_a_choice_mean_the_beginning(tmp_path: Path) -> None:
    known = Preprocessing(features=Features(), clip_duration_ms=1000, clip_position="centre", labels=("a", "b"))
    values = json.loads(known.model_dump_json())
    assert Preprocessing.model_validate(values).clip_position == "centre"
    del values["clip_position"]
    (tmp_path / "preprocessing.json").write_text(json.dumps(values))
    assert load_preprocessing(tmp_path).clip_position == "start"
    # A device hears streams, and clips that were cut here: its settings are read with and without the field.
    detection = {"detection": vars(DetectionSettings()), "labels": ["a", "b"]}
    assert spotting_settings({"preprocessing": values, **detection}).clip_duration_ms == 1000


def test_the_loudest_part_does_not_follow_a_steady_hum() -> None:
    hum = 0.3 * np.sin(np.arange(3 * RATE) * 2 * np.pi * 100 / RATE)
    hum[2 * RATE :][: RATE // 2] += 0.4 * np.sin(np.arange(RATE // 2) / 3)
    start = part_start(Sound(hum.astype(np.float32), RATE), 1.0, "loudest")
    assert start / RATE == pytest.approx(1.75, abs=0.03)
