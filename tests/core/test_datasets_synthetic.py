"""Synthesized clips: many voices, one second each, the same for the same seed, and marked for ever."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from core.audio import synthesis
from core.audio.synthesis import SPEEDS, Voice, VoiceRange, deal_voices, speak, trim
from core.audio.wav import Sound, read_wav
from core.datasets import synthetic
from core.datasets.clips import find_clips
from core.datasets.synthetic import make_clips, synthetic_folder
from core.errors import DataError, TrialCancelled
from core.events import Event
from core.spec import Dataset

needs_espeak = pytest.mark.skipif(shutil.which(synthesis.PROGRAM) is None, reason="needs espeak-ng")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clips(tmp_path_factory.mktemp("made") / "clips", ("go", "stop"), num_voices=12, takes=2, seed=3)


@needs_espeak
def test_words_are_spoken_by_voices_that_count_as_speakers(made: Path) -> None:
    found = find_clips(Dataset(folder=str(made)))
    assert found.labels == ("go", "stop")
    assert len(found.clips) == 48
    assert len({clip.speaker for clip in found.clips}) == 12
    assert found.synthetic


@needs_espeak
def test_clips_are_a_second_long_audible_and_of_different_loudness(made: Path) -> None:
    sounds = [read_wav(path) for path in sorted((made / "stop").iterdir())]
    assert {(sound.sample_rate, len(sound.samples)) for sound in sounds} == {(16000, 16000)}
    peaks = [float(np.abs(sound.samples).max()) for sound in sounds]
    assert min(peaks) > 0.15
    assert max(peaks) < 0.95
    assert np.std(peaks) > 0.05
    assert len({sound.samples.tobytes() for sound in sounds}) == len(sounds)


@needs_espeak
def test_the_same_seed_plans_the_same_and_another_differently(made: Path, tmp_path: Path) -> None:
    """Some versions of espeak-ng give other samples at every call, so clips are compared by voice alone."""

    def names(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*.wav")}

    again = make_clips(tmp_path / "again", ("stop", "go"), num_voices=12, takes=2, seed=3)
    assert names(again) == names(made)
    other = make_clips(tmp_path / "other", ("go", "stop"), num_voices=2, takes=1, seed=4)
    assert not names(other) & names(made)


@needs_espeak
def test_only_voices_that_the_synthesizer_lists_are_spoken() -> None:
    assert {"f2", "m3", "Annie"} <= set(synthesis.known_timbres())
    for name in ("en-us+fast_test", "en-us+Klatt", "en-us+nonsense"):
        with pytest.raises(DataError, match="is not a voice used here"):
            speak("stop", Voice(name, 150, 50))


@needs_espeak
@pytest.mark.parametrize("speed", [79, 450])
def test_speeds_that_the_synthesizer_replaces_by_others_are_refused(speed: int) -> None:
    with pytest.raises(DataError, match="must lie between 80 and 449"):
        speak("stop", Voice("en-us", speed, 50))
    with pytest.raises(DataError, match="between 80 and 449"):
        VoiceRange(speeds=(speed, speed))
    with pytest.raises(DataError, match="names a variant too"):
        VoiceRange(accents=("en-us+f2",))


@needs_espeak
def test_takes_of_the_fastest_and_the_slowest_stay_within_what_can_be_spoken(tmp_path: Path) -> None:
    for bound in SPEEDS:
        among = VoiceRange(accents=("en-us",), speeds=(bound, bound), pitches=(99, 99))
        made = make_clips(tmp_path / str(bound), ("go",), num_voices=3, takes=2, among=among)
        assert len(list((made / "go").iterdir())) == 6


def test_a_clip_that_equals_another_is_spoken_anew_or_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for espeak-ng, some of whose voices are the same and which clips that is depends on its version."""
    tone = np.sin(np.arange(8000) / 5).astype(np.float32)
    alike: list[Voice] = []

    def same_for_all_but_a_faster_one(text: str, voice: Voice) -> Sound:
        alike.append(voice)
        return Sound(tone if voice.speed <= 110 else tone[: 8000 - voice.speed], 16000)

    monkeypatch.setattr(synthetic, "synthesizer_version", lambda: "stand-in")
    monkeypatch.setattr(synthetic, "known_timbres", lambda: ("f1", "f2"))
    monkeypatch.setattr(synthetic, "speak", same_for_all_but_a_faster_one)
    among = VoiceRange(accents=("en-us",), speeds=(100, 100))
    made = make_clips(tmp_path / "some", ("go",), num_voices=2, takes=1, among=among)
    assert len({read_wav(path).samples.tobytes() for path in (made / "go").iterdir()}) == 2
    assert len(alike) > 2

    monkeypatch.setattr(synthetic, "speak", lambda text, voice: Sound(tone, 16000))
    made = make_clips(tmp_path / "one", ("go", "stop"), num_voices=2, takes=3, among=among)
    assert [len(list((made / word).iterdir())) for word in ("go", "stop")] == [1, 1]


@needs_espeak
def test_the_silence_that_espeak_ends_with_is_not_in_the_clip() -> None:
    spoken = speak("seven", Voice("en-us+f2", 150, 50))
    trimmed = trim(spoken)
    assert trimmed.seconds < spoken.seconds - 0.02
    assert np.abs(trimmed.samples[-80:]).max() > 0.02 * np.abs(trimmed.samples).max()


@needs_espeak
def test_the_marker_tells_how_clips_were_made(made: Path) -> None:
    told = json.loads((made / "synthetic.json").read_text())
    assert told["made_by"].startswith("eSpeak NG")
    assert (told["words"], told["num_voices"], told["takes"], told["seed"]) == (["go", "stop"], 12, 2, 3)


@needs_espeak
def test_a_folder_made_alike_is_kept_and_one_with_other_things_is_refused(made: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    assert make_clips(made, ("go", "stop"), num_voices=12, takes=2, seed=3) == made
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    with pytest.raises(DataError, match="is not empty; choose a new folder"):
        make_clips(made, ("go", "stop"), num_voices=13, takes=2, seed=3)


@needs_espeak
def test_cancelling_leaves_nothing(tmp_path: Path) -> None:
    def cancel(event: Event) -> None:
        raise TrialCancelled

    with pytest.raises(TrialCancelled):
        make_clips(tmp_path / "clips", emit=cancel)
    assert list(tmp_path.iterdir()) == []


@needs_espeak
def test_voices_sound_different() -> None:
    low, high = speak("stop", Voice("en-us+m3", 150, 20)), speak("stop", Voice("en-us+f2", 150, 80))
    assert low.seconds > 0.2
    assert low.samples.tobytes() != high.samples.tobytes()


def test_voices_differ_in_accent_or_timbre_before_they_repeat() -> None:
    voices = deal_voices(200, np.random.default_rng(0))
    assert len({voice.name for voice in voices}) == 200
    assert len(deal_voices(1000, np.random.default_rng(0))) == 1000


def test_a_missing_synthesizer_is_told_with_the_line_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for call in (lambda: make_clips(tmp_path / "clips"), lambda: speak("go", Voice("en-us", 150, 50))):
        with pytest.raises(DataError, match="not installed; install it with: sudo apt-get install espeak-ng"):
            call()


def test_trimming_takes_the_quiet_ends_alone() -> None:
    samples = np.zeros(1000, np.float32)
    samples[[300, 400, 600]] = [0.5, 0.001, -0.5]
    assert len(trim(Sound(samples, 16000)).samples) == 301
    silence = Sound(np.zeros(10, np.float32), 16000)
    assert trim(silence) is silence


def test_made_clips_have_their_place_in_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYML_WORKBENCH_DATA", str(tmp_path))
    assert synthetic_folder().parent == tmp_path
