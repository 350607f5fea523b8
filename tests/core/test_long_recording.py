"""Long recordings with known words, and what is found in them."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr

from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.clips import SYNTHETIC_MARKER, find_clips
from core.datasets.preprocessing import Preprocessing
from core.datasets.split import split_clips
from core.errors import DataError, WorkbenchError
from core.evaluation.detection import DetectionSettings, SpokenWord
from core.events import Progressed, ignore
from core.experiment import jobs
from core.experiment.detection_report import DetectionReport, detect_file
from core.experiment.intentions import carry_out
from core.experiment.long_recording import (
    about_recording,
    kept_recording,
    make_long_recording,
    read_truth,
    write_truth,
)
from core.experiment.model_choice import ChosenModel
from core.experiment.spotting import Spotter, open_spotter
from core.experiment.trial_folder import read_spec
from core.spec import Features, parse_spec
from tests.core.test_evaluation import FOREIGN_LABELS, FOREIGN_MODEL

RATE = 16000
SETTINGS = DetectionSettings(threshold=0.6)


@pytest.fixture(scope="module")
def made(tone_trial, tmp_path_factory):
    """Two minutes of tones of the test part in hiss as loud as the trial knows it."""
    wav = tmp_path_factory.mktemp("recording") / "long.wav"
    return make_long_recording(read_spec(tone_trial), wav, minutes=2, background_volume=0.5)


def test_words_are_test_clips_where_the_list_says(made, tone_trial):
    spec = read_spec(tone_trial)
    found = find_clips(spec.dataset)
    test = [found.clips[row] for row in split_clips(found, spec.split).test]
    clips_of = {
        label: [read_wav(clip.path).samples for clip in test if found.labels[clip.target] == label and clip.speaker]
        for label in ("high", "low", "rising")
    }
    sound = read_wav(Path(made.wav)).samples
    words = read_truth(Path(made.wav).with_suffix(".csv"))
    assert len(sound) == 120 * RATE
    assert made.num_words == len(words) > 30
    for word in words:
        heard = sound[round(word.time_s * RATE) :][:RATE]
        likeness = [np.dot(heard, clip) / np.linalg.norm(heard) / np.linalg.norm(clip) for clip in clips_of[word.label]]
        assert max(likeness) > 0.97, word
    gaps = np.diff([word.time_s for word in words])
    assert gaps.min() >= 2 and gaps.max() <= 4
    assert {word.label for word in words} == set(clips_of)


def test_the_same_seed_makes_the_same_recording_and_another_does_not(made, tone_trial, tmp_path):
    spec = read_spec(tone_trial)
    again = make_long_recording(spec, tmp_path / "again.wav", minutes=2, background_volume=0.5)
    other = make_long_recording(spec, tmp_path / "other.wav", minutes=2, background_volume=0.5, seed=1)
    assert Path(again.wav).read_bytes() == Path(made.wav).read_bytes()
    assert Path(other.wav).read_bytes() != Path(made.wav).read_bytes()
    assert about_recording(Path(again.wav)) == again
    assert made.noise == "recordings of the data: hiss"
    assert any("no label _unknown_" in warning for warning in made.warnings)


def test_a_recording_in_the_cache_is_made_once(tone_trial):
    spec = read_spec(tone_trial)
    first = kept_recording(spec, minutes=0.5)
    mtime_ns = Path(first.wav).stat().st_mtime_ns
    assert kept_recording(spec, minutes=0.5) == first
    assert Path(first.wav).stat().st_mtime_ns == mtime_ns
    assert kept_recording(spec, minutes=0.5, seed=1).wav != first.wav


def test_without_noise_recordings_pink_noise_is_made_and_said(own_tone_clips, tmp_path):
    spec = parse_spec({"dataset": {"folder": str(own_tone_clips)}})
    made = make_long_recording(spec, tmp_path / "long.wav", minutes=0.3)
    assert "pink noise made here" in made.noise
    words = read_truth(tmp_path / "long.csv")
    before = read_wav(tmp_path / "long.wav").samples[: round(words[0].time_s * RATE)]
    assert 0.001 < np.sqrt(np.mean(np.square(before))) < 0.1


def test_a_recording_of_synthetic_clips_is_marked_in_its_name_and_in_its_report(tone_trial, own_tone_clips, tmp_path):
    (own_tone_clips / SYNTHETIC_MARKER).write_text("{}")
    made = make_long_recording(
        parse_spec({"dataset": {"folder": str(own_tone_clips)}}), tmp_path / "long.wav", minutes=0.3
    )
    assert (made.synthetic, Path(made.wav).name) == (True, "synthetic_long.wav")
    assert detect_file(open_spotter(tone_trial), Path(made.wav)).synthetic


def test_a_recording_too_short_for_a_word_is_refused(tone_trial, tmp_path):
    with pytest.raises(DataError, match="too short for a recording of words"):
        make_long_recording(read_spec(tone_trial), tmp_path / "long.wav", minutes=0.02)


def test_a_list_written_by_hand_is_not_overwritten(tone_trial, tmp_path):
    (tmp_path / "long.csv").write_text("time_s,label\n3,high\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"long\.csv: is there already and was not made here; choose another name"):
        make_long_recording(read_spec(tone_trial), tmp_path / "long.wav", minutes=0.3)
    assert [path.name for path in tmp_path.iterdir()] == ["long.csv"]
    make_long_recording(read_spec(tone_trial), tmp_path / "own.wav", minutes=0.3)
    assert make_long_recording(read_spec(tone_trial), tmp_path / "own.wav", minutes=0.4).minutes == 0.4


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that nobody may write to: /sys")
def test_a_place_that_may_not_be_written_is_a_sentence(tone_trial, made, monkeypatch):
    with pytest.raises(DataError, match=r"/sys/a"):
        make_long_recording(read_spec(tone_trial), Path("/sys/a/long.wav"), minutes=0.3)
    monkeypatch.setenv("TINYML_WORKBENCH_CACHE", "/sys/cache")
    with pytest.raises(DataError, match=r"/sys/cache"):
        detect_file(open_spotter(tone_trial), Path(made.wav))


def test_tones_are_found_and_the_hours_are_told(made, tone_trial):
    events = []
    report = detect_file(open_spotter(tone_trial, SETTINGS), Path(made.wav), emit=events.append)
    assert report.hours == pytest.approx(2 / 60)
    assert report.num_words == made.num_words
    assert report.false_reject_rate < 0.1
    assert report.num_false_accepts == round(report.false_accepts_per_hour * report.hours) <= 1
    assert 0.3 < report.median_delay_s < 1.5
    assert report.num_hits == sum(label.num_hits for label in report.per_label)
    assert not report.synthetic
    assert (events[-1].what, events[-1].done) == ("Seconds heard", 120)
    assert DetectionReport.model_validate_json(report.model_dump_json()) == report


def test_the_network_runs_once_for_any_number_of_thresholds(made, tone_trial, monkeypatch):
    wav = Path(made.wav)
    lenient = detect_file(open_spotter(tone_trial, SETTINGS), wav)

    def run(*given):
        raise AssertionError("the network ran again")

    monkeypatch.setattr(Spotter, "push", run)
    strict = detect_file(open_spotter(tone_trial, DetectionSettings(threshold=0.99)), wav)
    assert strict.num_hits < lenient.num_hits
    at = {point.threshold: point for point in strict.det}
    assert at[0.99].false_reject_rate == strict.false_reject_rate
    assert at[0.6].false_reject_rate == lenient.false_reject_rate
    with pytest.raises(AssertionError, match="ran again"):
        detect_file(open_spotter(tone_trial, DetectionSettings(hop_ms=40)), wav)


def test_without_a_list_there_are_detections_alone(made, tone_trial, tmp_path):
    shutil.copy(made.wav, tmp_path / "unknown.wav")
    report = detect_file(open_spotter(tone_trial, SETTINGS), tmp_path / "unknown.wav")
    assert len(report.detections) > 20
    assert (report.num_words, report.false_reject_rate, report.det, report.truth) == (None, None, (), "")


def test_words_that_the_model_does_not_know_must_not_fire_and_are_named(made, tone_trial, tmp_path):
    words = [SpokenWord("maybe" if word.label == "low" else word.label, word.time_s) for word in read_truth_of(made)]
    write_truth(tmp_path / "other.csv", [*words, SpokenWord("high", 130.0)])
    report = detect_file(open_spotter(tone_trial, SETTINGS), Path(made.wav), tmp_path / "other.csv")
    assert report.num_false_accepts >= sum(word.label == "maybe" for word in words) - 2
    assert any("does not know maybe" in warning for warning in report.warnings)
    assert any("come at 130.0 s, but the recording ends at 120.0 s" in warning for warning in report.warnings)


def read_truth_of(made):
    return read_truth(Path(made.wav).with_suffix(".csv"))


def test_another_rate_and_two_channels_are_heard_as_well(made, tone_trial, tmp_path):
    sound = read_wav(Path(made.wav))
    twice = soxr.resample(sound.samples[: 30 * RATE], RATE, 44100)
    write_wav(tmp_path / "long.wav", Sound(twice, 44100))
    shutil.copy(Path(made.wav).with_suffix(".csv"), tmp_path / "truth.csv")
    report = detect_file(open_spotter(tone_trial, SETTINGS), tmp_path / "long.wav")
    known = [word.label for word in read_truth_of(made) if word.time_s < 28]
    assert [detection.label for detection in report.detections][: len(known)] == known


def test_a_recording_shorter_than_a_clip_is_a_sentence(tone_trial, tmp_path):
    write_wav(tmp_path / "short.wav", Sound(np.ones(8000, np.float32), RATE))
    with pytest.raises(DataError, match=r"short\.wav: lasts 0\.50 s, which is shorter than one clip"):
        detect_file(open_spotter(tone_trial), tmp_path / "short.wav")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("seconds,word\n1,go\n", "has no columns time_s and label"),
        ("time_s,label\n1.5,go\nlater,go\n", r"line 3: must hold a time in seconds and a label"),
        ("time_s,label\n1.5,\n", "line 2: must hold"),
        ("time_s,label\n-1,go\n", "line 2: must hold"),
        ("", "has no columns"),
    ],
)
def test_a_list_that_cannot_be_read_names_its_line(tmp_path, content, sentence):
    (tmp_path / "times.csv").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=rf"times\.csv.*{sentence}"):
        read_truth(tmp_path / "times.csv")


def test_a_list_is_put_into_the_order_of_time(tmp_path):
    (tmp_path / "times.csv").write_text("\ufefflabel, time_s\ngo, 2\nstop, 1.25\n", encoding="utf-8")
    assert read_truth(tmp_path / "times.csv") == [SpokenWord("stop", 1.25), SpokenWord("go", 2)]


def test_the_worker_makes_recordings_and_detects(tone_trial, tmp_path):
    line = jobs.to_line(jobs.MakeRecording(trial=str(tone_trial), wav=str(tmp_path / "a.wav"), minutes=0.5))
    made = carry_out(jobs.parse_job(line), ignore)
    line = jobs.to_line(jobs.Detect(model=str(tone_trial), wav=made["wav"], settings=SETTINGS))
    report = json.loads(json.dumps(carry_out(jobs.parse_job(line), ignore)))
    assert report["num_words"] == made["num_words"] > 5
    assert report["settings"]["threshold"] == 0.6
    assert report["det"][0]["threshold"] == 0.01
    with pytest.raises(WorkbenchError, match=r"not a job: detect\.settings: .*threshold must lie between"):
        jobs.parse_job('{"intention": "detect", "model": "m", "wav": "w", "settings": {"threshold": 3}}')


def test_a_model_that_nobody_here_trained_finds_most_words_among_others(real_clips, tmp_path):
    if not FOREIGN_MODEL.is_file():
        pytest.skip(f"needs {FOREIGN_MODEL}")
    features = {"frame_length_ms": 30, "frame_step_ms": 20, "peak_normalization": True}
    words = [label for label in FOREIGN_LABELS if not label.startswith("_")]
    dataset = {"folder": str(real_clips), "labels": words, "include_unknown": True, "max_clips_per_label": 60}
    spec = parse_spec({"dataset": dataset, "features": features})
    made = make_long_recording(spec, tmp_path / "long.wav", minutes=4, background_volume=0.05)
    preprocessing = Preprocessing(features=Features(**features), clip_duration_ms=1000, labels=FOREIGN_LABELS)
    spotter = Spotter(ChosenModel(FOREIGN_MODEL, preprocessing))
    said = []
    report = detect_file(spotter, Path(made.wav), emit=said.append)
    assert isinstance(said[-1], Progressed)
    assert report.num_words >= 60
    assert report.false_reject_rate < 0.3
    assert report.num_false_accepts <= 4
