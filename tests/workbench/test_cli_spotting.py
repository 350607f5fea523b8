"""The commands that listen with a model, on a trial of tones: clips, long recordings, takes, synthesized words."""

import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from core.audio import synthesis
from core.datasets.clips import sound_files
from core.datasets.synthetic import make_clips
from core.experiment.jobs import Synthesize
from core.experiment.spotting import open_spotter
from workbench import worker_process
from workbench.cli import app
from workbench.commands.live_spotting import HOPS_TIMED, Hearing


@pytest.fixture
def own_trial(tone_trial, tmp_path):
    """A copy of the trial's folder, in a study that the test may change."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    return tmp_path / "study" / "trials" / tone_trial.name


@pytest.fixture
def clips(tone_trial):
    return tone_trial.parents[2] / "clips"


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def ask(*arguments):
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.stderr
    return json.loads(done.stdout)


def test_classify_takes_a_study_and_a_letter_a_folder_or_a_file(own_trial, clips):
    high, low = sound_files(clips / "high")[0], sound_files(clips / "low")[0]
    study = own_trial.parents[1]
    for model in ((study, "A"), (study, "Tones"), (own_trial,), (own_trial / "model.tflite",)):
        found = ask("classify", *model, high, low)
        assert [clip["label"] for clip in found["clips"]] == ["high", "low"]
        assert found["labels"] == ["_silence_", "high", "low", "rising"]
    clip = found["clips"][0]
    assert sum(clip["probabilities"].values()) == pytest.approx(1, abs=0.02)
    assert clip["advice"] == "Heard clearly as high; nothing to improve."
    assert clip["loudness"]["duration_s"] == 1


def test_classify_draws_a_row_for_each_clip_and_says_what_would_help(own_trial, clips, tmp_path):
    shutil.copy(sound_files(clips / "_background_noise_")[0], tmp_path / "hiss.wav")
    quiet = tmp_path / "quiet.wav"
    quiet.write_bytes(b"RIFF\x34\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80>\x00\x00\x00}\x00\x00\x02\x00"
                      b"\x10\x00data\x10\x00\x00\x00" + bytes(16))  # fmt: skip
    shown = run("classify", own_trial, sound_files(clips / "high")[0], quiet).stdout
    assert "rising" in shown.splitlines()[1]
    assert "quiet.wav: Nothing was heard: check" in shown
    assert shown.count("Heard clearly") == 0


def test_classify_names_clips_that_cannot_be_read_and_classifies_the_others(own_trial, clips, tmp_path):
    broken, empty = tmp_path / "broken.wav", tmp_path / "empty.wav"
    broken.write_bytes(b"RIFF")
    empty.touch()
    high = sound_files(clips / "high")[0]
    done = run("classify", own_trial, broken, high, empty, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert [clip["file"] for clip in found["clips"]] == [str(high)]
    assert [fault.partition(":")[0] for fault in found["faults"]] == [str(broken), str(empty)]
    assert "broken.wav: is not a WAV file" in done.stderr and "empty.wav: is empty" in done.stderr
    assert "is not a model" in run("classify", high, high).stderr


def test_classify_by_a_spec_needs_no_preprocessing_beside_the_model(own_trial, clips, tmp_path):
    shutil.copy(own_trial / "model.tflite", tmp_path / "alone.tflite")
    spec = tmp_path / "spec.toml"
    spec.write_text("[features]\nnum_mel_bins = 20\n")
    named = ("--spec", spec, "--labels", "_silence_,high,low,rising")
    found = ask("classify", tmp_path / "alone.tflite", sound_files(clips / "high")[0], *named)
    assert set(found["clips"][0]["probabilities"]) == {"_silence_", "high", "low", "rising"}
    for more, status, sentence in (
        (named[:2], 2, "name the model's labels in the order of its outputs"),
        ((*named[:2], "--labels", "a,b"), 1, "gives 4 outputs, 2 labels are named"),
        ((), 1, "has no preprocessing.json beside it"),
    ):
        failed = run("classify", tmp_path / "alone.tflite", sound_files(clips / "high")[0], *more)
        assert (failed.exit_code, sentence in failed.stderr) == (status, True), failed.stderr


def test_what_cannot_be_classified_is_a_sentence(own_trial, clips, tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    clip = sound_files(clips / "high")[0]
    for arguments, status, sentence in (
        ((own_trial,), 2, "name at least one sound file"),
        ((own_trial.parents[1], "Z", clip), 1, "no trial of"),
        ((own_trial.parents[1],), 1, "is a study; name the trial in it as well"),
        ((own_trial, tmp_path / "text.wav"), 1, "text.wav: is not a WAV file"),
        ((tmp_path / "nothing.tflite", clip), 1, "nothing.tflite: is not there"),
    ):
        failed = run("classify", *arguments)
        assert (failed.exit_code, sentence in failed.stderr.replace("\n", " ")) == (status, True), failed.stderr


def test_detect_makes_a_recording_and_saves_the_working_point(own_trial, tmp_path):
    made = ("--minutes", 1, "--background-volume", 0.5, "--out", tmp_path / "long.wav")
    report = ask("detect", own_trial.parents[1], "A", *made, "--threshold", 0.6, "--save")
    assert report["wav"] == str(tmp_path / "long.wav")
    assert report["hours"] == pytest.approx(1 / 60)
    assert report["false_reject_rate"] < 0.2
    assert report["false_accepts_per_hour"] == pytest.approx(60 * report["num_false_accepts"])
    assert {"threshold", "false_accepts_per_hour", "false_reject_rate"} == set(report["det"][0])
    assert report["saved"] == str(own_trial / "detection.json")
    again = ask("detect", own_trial, tmp_path / "long.wav")
    assert (again["settings"]["threshold"], again["detections"]) == (0.6, report["detections"])
    by_name = ask("detect", own_trial, tmp_path / "long.wav", "--truth", tmp_path / "long.csv")
    assert by_name["num_words"] == report["num_words"]


def test_detect_draws_rates_with_the_hours_they_are_of(own_trial, tmp_path):
    shown = run("detect", own_trial, "--minutes", 1, "--background-volume", 0.5).stdout
    assert "over 0.0167 hours" in shown
    assert "false reject rate" in shown and "false accepts" in shown and "threshold" in shown
    assert "Warning     The trial has no label _unknown_" in shown


def test_detect_of_what_it_cannot_use_is_a_sentence(own_trial, tmp_path):
    model = tmp_path / "alone.tflite"
    for name, target in (("model.tflite", model), ("preprocessing.json", tmp_path / "preprocessing.json")):
        shutil.copy(own_trial / name, target)
    (tmp_path / "empty.wav").touch()
    for arguments, status, sentence in (
        ((model,), 1, "belongs to no trial whose clips could be taken"),
        ((own_trial, tmp_path / "empty.wav"), 1, "empty.wav: is empty"),
        ((own_trial, "--average-window", 20, "--minimum-count", 9), 2, "minimum_count must not exceed the 1"),
        ((own_trial, tmp_path / "a.wav", tmp_path / "b.wav"), 2, "name one recording"),
        ((own_trial, "--minutes", 99), 2, "less than or equal to 60"),
    ):
        failed = run("detect", *arguments)
        assert (failed.exit_code, sentence in failed.stderr.replace("\n", " ")) == (status, True), failed.stderr


def test_record_refuses_a_label_that_is_no_folder_before_it_opens_a_microphone(tmp_path):
    failed = run("record", "--label", "../go", "--out", tmp_path)
    assert failed.exit_code == 1
    assert "can not be a label" in failed.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [("synthesize", "--words", "go, stop", "--out", "made"), ("data", "synthesize", "made", "--labels", "go, stop")],
)
def test_both_ways_to_synthesize_ask_for_the_same_job(arguments, monkeypatch):
    asked = []
    monkeypatch.setattr(worker_process, "run_job", lambda job, show: asked.append(job) or job.folder)
    options = ("--voices", "3", "--accents", "en-us", "--speeds", "100-150", "--pitches", "40", "--seed", "7")
    assert run(*arguments, *options).exit_code == 0
    assert asked == [
        Synthesize(
            folder=str(Path("made").resolve()), labels=("go", "stop"), num_voices=3, accents=("en-us",),
            speeds=(100, 150), pitches=(40, 40), seed=7,
        )
    ]  # fmt: skip


def test_a_range_that_is_none_is_bad_usage(tmp_path):
    failed = run("synthesize", "--words", "go", "--out", tmp_path / "made", "--speeds", "fast")
    assert failed.exit_code == 2
    assert "must look like 120-199" in failed.stderr


@pytest.mark.skipif(shutil.which(synthesis.PROGRAM) is None, reason="needs espeak-ng")
def test_voices_are_chosen_from_what_was_named(tmp_path):
    among = synthesis.VoiceRange(accents=("en-us",), speeds=(300, 320), pitches=(90, 95))
    made = make_clips(tmp_path / "fast", ("seven",), num_voices=2, takes=2, among=among)
    slow = make_clips(tmp_path / "slow", ("seven",), num_voices=2, takes=2)
    told = json.loads((made / "synthetic.json").read_text())
    assert (told["accents"], told["speeds"], told["pitches"]) == (["en-us"], [300, 320], [90, 95])
    assert "speeds" not in json.loads((slow / "synthetic.json").read_text())
    assert all(path.name.startswith("synthetic_") for path in sound_files(made / "seven"))
    assert make_clips(made, ("seven",), num_voices=2, takes=2, among=among) == made


def test_listening_for_long_takes_no_more_memory(tone_trial):
    hearing = Hearing(open_spotter(tone_trial), say=lambda _detection: None)
    block = np.random.default_rng(0).normal(0, 0.1, 320).astype(np.float32)

    def hear_hops(count):
        for _ in range(count):
            hearing.hear(block)

    hear_hops(HOPS_TIMED + 100)
    tracemalloc.start()
    try:
        before_bytes, _ = tracemalloc.get_traced_memory()
        hear_hops(2 * HOPS_TIMED)
        after_bytes, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # What is kept of a hop takes over 100 bytes; a tenth of that for each would be a minute's 30 kB.
    assert after_bytes - before_bytes < 10 * HOPS_TIMED
    assert hearing.num_samples == (3 * HOPS_TIMED + 100) * len(block)
    assert None not in hearing.medians_ms()
