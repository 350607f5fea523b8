"""The listening loop of a device on WAV files, with what words set off, where there are numpy and LiteRT alone."""

import json
import sqlite3

import numpy as np
import pytest

from core.audio.wav import Sound, read_wav, resample, write_wav
from core.datasets.clips import sound_files
from core.datasets.preprocessing import Preprocessing
from core.deploy.device.actions import Actions, Command, Logging, actions_text
from core.deploy.device.resampler import Resampler
from core.deploy.device.settings import settings_text
from core.deploy.device.spot import Pace
from core.evaluation.detection import Detection, DetectionSettings, SpokenWord, compare
from core.experiment.spotting import open_spotter
from core.spec import Features
from tests.conftest import ROOT
from tests.device import DeviceProgram, make_release, run_program

RATE = 16000
SETTINGS = DetectionSettings(threshold=0.6)
REAL_MODEL = ROOT.parent / "shared" / "data" / "models" / "mlperf_tiny_kws_ref_model.tflite"
REAL_LABELS = ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes", "_silence_", "_unknown_")


@pytest.fixture(scope="module")
def release(tone_trial, tmp_path_factory):
    return make_release(tmp_path_factory.mktemp("device") / "release", tone_trial, SETTINGS)


@pytest.fixture(scope="module")
def sound(tone_trial):
    """A high tone at 1 s, a rising one at 4 s and a high one at 7 s in quiet noise, ten seconds."""
    clips = tone_trial.parents[2] / "clips"
    samples = (0.01 * np.random.default_rng(0).standard_normal(10 * RATE)).astype(np.float32)
    for number, (label, start_s) in enumerate((("high", 1), ("rising", 4), ("high", 7))):
        samples[start_s * RATE : (start_s + 1) * RATE] += read_wav(sound_files(clips / label)[number]).samples
    return samples


@pytest.fixture
def recording(sound, tmp_path):
    write_wav(tmp_path / "words.wav", Sound(sound, RATE))
    return tmp_path / "words.wav"


def words(said):
    return [line["word"] for line in said if line["kind"] == "detected"]


def test_a_device_hears_in_a_file_what_the_desktop_hears(tone_trial, release, recording):
    said, status, err = run_program(release, "spot", "--wav", recording)
    assert status == 0, err
    assert [line["kind"] for line in said] == ["listening", "detected", "detected", "detected", "ended"]
    here = [step.detection for step in open_spotter(tone_trial, SETTINGS).push(read_wav(recording).samples)]
    found = [(line["word"], line["heard_s"], line["score"]) for line in said if line["kind"] == "detected"]
    expected = [(one.label, one.time_s, one.score) for one in here if one]
    assert [one[0] for one in found] == [one[0] for one in expected] == ["high", "rising", "high"]
    assert [one[1:] for one in found] == [pytest.approx(one[1:], abs=1e-4) for one in expected]


def test_files_of_other_rates_and_a_folder_of_them_are_one_stream(release, sound, tmp_path):
    folder = tmp_path / "a folder" / "deeper"
    folder.mkdir(parents=True)
    half = 5 * RATE
    write_wav(folder / "1.wav", resample(Sound(sound[:half], RATE), 44100))
    write_wav(folder / "2.WAV", resample(Sound(sound[half:], RATE), 48000))
    (folder / "notes.txt").write_text("no sound")
    said, _, err = run_program(release, "spot", "--wav", tmp_path / "a folder")
    assert words(said) == ["high", "rising", "high"], err
    assert [line["file"] for line in said if line["kind"] == "detected"] == [str(folder / "1.wav")] * 2 + [
        str(folder / "2.WAV")
    ]
    assert said[-1]["heard_s"] == pytest.approx(10, abs=0.01)


@pytest.mark.parametrize(("from_hertz", "to_hertz"), [(48000, 16000), (44100, 16000), (8000, 16000), (22050, 8000)])
def test_the_resampler_of_a_device_is_as_good_as_that_of_the_desktop(from_hertz, to_hertz):
    time_s = np.arange(2 * from_hertz) / from_hertz
    low_tones = sum(np.sin(2 * np.pi * hertz * time_s + hertz) for hertz in (100, 440, 1000, 2500, 3000)) / 6
    # Above half of the lower rate, this one must be gone and not folded back.
    too_high = 0.15 * np.sin(2 * np.pi * 0.575 * to_hertz * time_s) * (from_hertz > to_hertz)
    given = (low_tones + too_high).astype(np.float32)
    resampler = Resampler(from_hertz, to_hertz)
    blocks = np.split(given, np.sort(np.random.default_rng(1).integers(0, len(given), 40)))
    made = np.concatenate([resampler.push(block) for block in blocks])
    expected = resample(Sound(given, from_hertz), to_hertz).samples[: len(made)]
    inner = slice(500, -500)
    noise_db = 10 * np.log10(np.mean((made - expected)[inner] ** 2) / np.mean(expected[inner] ** 2))
    assert noise_db < -75
    assert 0 <= 2 * to_hertz - len(made) < 40


def test_words_do_what_the_table_says_and_nothing_in_them_reaches_the_shell(release, recording, tmp_path):
    out = tmp_path / "heard.txt"
    hostile = "$(touch pwned)`touch pwned`; touch pwned"
    settings = json.loads((release / "settings.json").read_text())
    labels = [hostile if label == "rising" else label for label in settings["labels"]]
    table = Actions(
        {
            "high": Command(f'echo "$KEYWORD $KEYWORD_SCORE" >> "{out}"; echo noise; exit 3'),
            hostile: Command(f'echo "$KEYWORD" >> "{out}"'),
        }
    )
    (tmp_path / "actions.json").write_text(actions_text(table))
    release = _with_labels(release, labels, tmp_path / "renamed")
    said, status, err = run_program(
        release, "spot", "--wav", recording, "--actions", tmp_path / "actions.json", "--pace", 4, "--data", tmp_path
    )
    assert status == 0 and "noise" in err
    assert [line["did"] for line in said if line["kind"] == "detected"] == ["command"] * 3
    first, second, third = out.read_text().splitlines()
    assert first.startswith("high 0.") and second == hostile and third.startswith("high 0.")
    assert not list(tmp_path.rglob("pwned"))
    assert "the command of “high” ended with status 3" in [line.get("message") for line in said]


def test_a_word_starts_the_monitor_and_another_ends_it(release, recording, tmp_path):
    table = Actions(
        {"high": Logging("start"), "rising": Logging("stop")}, monitor_interval_s=0.01, battery_command="echo 87.5"
    )
    (tmp_path / "actions.json").write_text(actions_text(table))
    data = tmp_path / "data"
    said, _, err = run_program(
        release, "spot", "--wav", recording, "--actions", tmp_path / "actions.json", "--data", data, "--pace", 8
    )
    assert [line["did"] for line in said if line["kind"] == "detected"] == [
        "monitor started",
        "monitor stopped",
        "monitor started",
    ], err
    said, _, _ = run_program(release, "history", data, "readings")
    assert said[0]["kind"] == "monitor" and said[0]["id"] == 2 and said[0]["ended_s"] is None
    readings = said[1:]
    assert {line["session"] for line in readings} == {1, 2}
    assert {line["battery_percent"] for line in readings} == {87.5}
    assert len([line for line in readings if line["session"] == 1]) >= 3
    newer, _, _ = run_program(release, "history", data, "readings", "--after", readings[-2]["id"])
    assert newer[1:] == readings[-1:]
    heard, _, _ = run_program(release, "history", data, "detections", "--count", 2)
    assert [(line["word"], line["did"]) for line in heard] == [
        ("rising", "monitor stopped"),
        ("high", "monitor started"),
    ]


def test_the_live_stream_tells_every_hop(release, recording):
    with DeviceProgram(release, "spot", "--stream", "--features", "--wav", recording) as program:
        beginning = program.until("listening")
        steps = [line for line in program.lines() if line["kind"] == "step"]
    labels, hop_s = beginning["labels"], beginning["hop_ms"] / 1000
    assert [step["heard_s"] for step in steps] == pytest.approx(np.arange(1, 10 + hop_s / 2, hop_s).tolist())
    for step in steps:
        assert len(step["probabilities"]) == len(step["smoothed"]) == len(labels)
        assert sum(step["probabilities"]) == pytest.approx(1, abs=0.02)
        assert [len(column) for column in step["columns"]] == [10]
    levels = [step["level_dbfs"] for step in steps]
    assert min(levels) < -35 and max(levels) > -20


def test_a_reader_that_went_away_ends_the_stream_quietly(release, recording):
    with DeviceProgram(release, "spot", "--stream", "--pace", 1, "--wav", recording) as program:
        program.until("step")
        program.close_ears()
        _, status, err = program.ended()
    assert status == 0 and "Traceback" not in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ('{"schema_version": 9}', "has schema 9, the program here reads schema 1; install the service again"),
        ('{"schema_version": 1, "words": {"go": {"kind": "sing"}}}', "is not a table of actions"),
        (None, "cannot be read"),
    ],
)
def test_a_table_of_actions_that_cannot_be_used_is_an_error_for_good(release, recording, tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "actions.json").write_text(content)
    state = tmp_path / "state.json"
    said, status, _ = run_program(
        release, "spot", "--wav", recording, "--actions", tmp_path / "actions.json", "--state", state
    )
    assert status == 2
    assert sentence in said[-1]["message"]
    assert json.loads(state.read_text())["message"] == said[-1]["message"]


def test_the_network_runs_more_seldom_while_the_device_cannot_keep_up(tone_trial, capsys):
    spotter = open_spotter(tone_trial, SETTINGS)
    pace = Pace(spotter)

    def hear(share):
        for _ in range(20):
            pace.heard(0.5, 0.5 * share)
        said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        return spotter.settings.hop_ms, [line["kind"] for line in said]

    assert hear(0.5) == (20, [])
    assert hear(1.1) == (40, ["warned"])
    assert hear(0.95) == (80, ["warned"])
    assert spotter.settings.minimum_count == 1
    assert hear(0.5) == (80, [])
    assert hear(0.2) == (40, ["warned"])
    assert hear(0.2) == (20, ["resumed"])
    assert spotter.settings == SETTINGS
    assert hear(0.1) == (20, [])
    for _ in range(9):
        slowest, _ = hear(3)
    assert slowest == 320


def test_files_that_cannot_be_heard_are_named(release, tmp_path):
    (tmp_path / "empty").mkdir()
    said, status, _ = run_program(release, "spot", "--wav", tmp_path / "empty")
    assert (status, said[-1]["kind"]) == (1, "failed") and "has no WAV file" in said[-1]["message"]


def test_what_a_newer_program_kept_is_left_alone(release, tmp_path):
    file = sqlite3.connect(tmp_path / "history.sqlite")
    file.execute("PRAGMA user_version = 7")
    file.close()
    said, status, _ = run_program(release, "history", tmp_path, "detections")
    assert status == 2 and "was written by a newer version (schema 7" in said[0]["message"]


def test_real_words_are_heard_by_a_model_from_elsewhere(real_clips, tone_trial, tmp_path):
    if not REAL_MODEL.is_file():
        pytest.skip(f"needs {REAL_MODEL}")
    release = make_release(tmp_path / "release", tone_trial)
    features = Features(frame_length_ms=30, fft_length=512, peak_normalization=True)
    preprocessing = Preprocessing(features=features, clip_duration_ms=1000, labels=REAL_LABELS)
    (release / "model.tflite").write_bytes(REAL_MODEL.read_bytes())
    text = settings_text(REAL_LABELS, preprocessing.model_dump(mode="json"), DetectionSettings(threshold=0.7))
    (release / "settings.json").write_text(text)
    spoken = ("go", "stop", "yes", "left", "go", "stop")
    hiss = read_wav(real_clips / "_background_noise_" / "white_noise.wav").samples
    samples = 0.02 * hiss[: (3 * len(spoken) + 2) * RATE]
    for number, word in enumerate(spoken):
        clip = read_wav(sound_files(real_clips / word)[3 * number]).samples
        start = (2 + 3 * number) * RATE
        samples[start : start + len(clip)] += 0.5 * clip / np.abs(clip).max()
    write_wav(tmp_path / "spoken.wav", Sound(samples.astype(np.float32), RATE))
    said, _, err = run_program(release, "spot", "--wav", tmp_path / "spoken.wav")
    heard = [Detection(line["word"], line["heard_s"], line["score"]) for line in said if line["kind"] == "detected"]
    truth = [SpokenWord(word, 2.0 + 3 * number) for number, word in enumerate(spoken)]
    result = compare(heard, truth, hours=len(samples) / RATE / 3600)
    assert len(result.hits) >= 5 and len(result.false_accepts) <= 1, err


def _with_labels(release, labels, folder):
    """Return a copy of a release whose model has other labels."""
    folder.mkdir()
    for path in release.iterdir():
        (folder / path.name).symlink_to(path)
    values = json.loads((release / "settings.json").read_text())
    values["labels"] = labels
    (folder / "settings.json").unlink()
    (folder / "settings.json").write_text(json.dumps(values))
    return folder
