"""What is wrong with a set of clips as a whole is said wherever the set is looked at or trained on."""

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio import ffmpeg
from core.audio.wav import Sound, write_wav
from core.datasets.catalogue import Catalogue, make_catalogue, open_catalogue
from core.datasets.check import check_folder
from core.datasets.clip_facts import bit, read_facts
from core.datasets.edits import ClipEdit, change_edits
from core.datasets.findings import Finding, find_imbalance, find_in_sound
from core.datasets.waveforms import HEARD
from core.errors import DataError
from core.evaluation.classification import tally
from core.events import ignore
from core.spec import Dataset, KeywordSpottingSpec, Split
from core.tasks.keyword_spotting import KeywordSpotting
from tests.conftest import SPEAKERS

RATE = 16000


def findings(folder: Path) -> dict[str, Finding]:
    return {finding.kind: finding for finding in check_folder(folder).findings}


def catalogue(folder: Path) -> Catalogue:
    return open_catalogue(make_catalogue(Dataset(folder=str(folder)), Split()), folder)


def warnings(folder: Path) -> str:
    """What a trial of the folder warns of."""
    spec = KeywordSpottingSpec(dataset=Dataset(folder=str(folder)))
    return "\n".join(KeywordSpotting().prepare(spec, ignore).warnings)


def said_everywhere(folder: Path, kind: str) -> str:
    """Return the meaning of a finding, after it was seen on the Data page and in a trial too."""
    meaning = findings(folder)[kind].meaning
    dealing = catalogue(folder).dealing
    assert kind in {finding.kind for finding in dealing.findings}
    assert f"{meaning}." in dealing.warnings
    assert meaning in warnings(folder)
    return meaning


def noisy_tone(hertz: float, seed: int, seconds: float = 1.0, rate: int = RATE) -> np.ndarray:
    time_s = np.arange(round(seconds * rate)) / rate
    noise = 0.02 * np.random.default_rng(seed).standard_normal(len(time_s))
    return (0.3 * np.sin(2 * np.pi * hertz * time_s) + noise).astype(np.float32)


def test_a_sound_set_is_warned_of_nothing(tone_clips: Path) -> None:
    assert check_folder(tone_clips).findings == ()
    assert catalogue(tone_clips).dealing.findings == ()
    assert warnings(tone_clips) == ""


def test_longer_clips_are_counted_with_what_is_used_of_them(own_tone_clips: Path) -> None:
    for number in range(3):
        write_wav(
            own_tone_clips / "low" / f"{SPEAKERS[0]}_nohash_9{number}.wav", Sound(noisy_tone(300, number, 2.5), RATE)
        )
    meaning = said_everywhere(own_tone_clips, "longer")
    assert meaning.startswith("3 of 51 clips are longer than 1 s; of each the 1 s with most sound in it is used")
    # What the user chose is not left to the rule.
    change_edits(own_tone_clips, {f"low/{SPEAKERS[0]}_nohash_90.wav": ClipEdit(start_ms=0)})
    assert findings(own_tone_clips)["longer"].figures["clips"] == 2


def test_one_label_with_over_five_times_the_clips_of_another_is_said() -> None:
    (found,) = find_imbalance({"go": 250, "stop": 12, "empty": 0})
    assert found.meaning.startswith("go has 250 clips, stop 12: always saying go would be right for 95.4%")
    assert found.figures == {"go": 250, "stop": 12}
    assert not list(find_imbalance({"go": 60, "stop": 12}))
    assert list(find_imbalance({"go": 61, "stop": 12}))
    assert not list(find_imbalance({"go": 61})) and not list(find_imbalance({}))


def test_an_imbalance_is_said_everywhere(own_tone_clips: Path) -> None:
    for number in range(70):
        speaker = SPEAKERS[number % len(SPEAKERS)]
        write_wav(own_tone_clips / "low" / f"{speaker}_nohash_{100 + number}.wav", Sound(noisy_tone(400, number), RATE))
    assert "low has 86 clips, high 16" in said_everywhere(own_tone_clips, "imbalance")


def test_accuracy_has_the_balance_beside_it() -> None:
    targets = np.array([0] * 250 + [1] * 12)
    lazy = tally(np.zeros(262, int), targets, ("go", "stop", "none"))
    assert lazy.accuracy == lazy.largest_share == pytest.approx(250 / 262)
    assert lazy.largest_label == "go"
    assert lazy.balanced_accuracy == pytest.approx(0.5), "a label without clips has no recall"
    right = tally(targets, targets, ("go", "stop", "none"))
    assert right.balanced_accuracy == right.accuracy == 1


def rewrite(folder: Path, label: str, suffix: str, rate: int = RATE) -> None:
    """Give the clips of a label another format or rate."""
    for path in sorted((folder / label).iterdir()):
        samples, _ = soundfile.read(path, dtype="float32")
        path.unlink()
        soundfile.write(path.with_suffix(suffix), samples[:: RATE // rate], rate)


def test_labels_of_different_formats_are_said(own_tone_clips: Path) -> None:
    rewrite(own_tone_clips, "low", ".ogg")
    meaning = said_everywhere(own_tone_clips, "formats")
    assert "Labels differ in format: high WAV (16); low Ogg Vorbis (16); rising WAV (16)" in meaning
    assert "learns that instead of the word" in meaning
    report = check_folder(own_tone_clips)
    assert report.formats == {"WAV": 32, "Ogg": 16}
    assert report.encodings == {"16-bit pcm": 32, "Vorbis": 16}
    data = KeywordSpotting().prepare(KeywordSpottingSpec(dataset=Dataset(folder=str(own_tone_clips))), ignore)
    assert data.decoders == {"Ogg Vorbis": f"libsndfile {soundfile.__libsndfile_version__}"}


def test_formats_that_all_labels_have_alike_are_not(own_tone_clips: Path) -> None:
    for label in ("low", "high", "rising"):
        rewrite(own_tone_clips, label, ".flac")
    assert "formats" not in findings(own_tone_clips)
    assert catalogue(own_tone_clips).dealing.trouble == ""


def test_labels_of_different_rates_are_said(own_tone_clips: Path) -> None:
    rewrite(own_tone_clips, "rising", ".wav", 8000)
    assert "high 16,000 Hz (16)" in said_everywhere(own_tone_clips, "rates")


def test_labels_that_lack_what_lies_above_4_khz_are_said(own_tone_clips: Path) -> None:
    """A telephone passes nothing on above 3.4 kHz, whatever rate a file was given afterwards."""
    import soxr

    for path in sorted((own_tone_clips / "low").iterdir()):
        samples, _ = soundfile.read(path, dtype="float32")
        write_wav(path, Sound(soxr.resample(soxr.resample(samples, RATE, 8000), 8000, RATE), RATE))
    meaning = said_everywhere(own_tone_clips, "high_band")
    assert meaning.startswith("Labels differ in level above 4 kHz relative to that below: high −")
    assert "rates" not in findings(own_tone_clips)


def test_real_words_do_not_differ_above_4_khz(real_clips: Path, tmp_path: Path) -> None:
    for label in ("yes", "no", "stop", "on"):
        (tmp_path / label).mkdir()
        for path in sorted((real_clips / label).glob("*.wav"))[:12]:
            (tmp_path / label / path.name).write_bytes(path.read_bytes())
    assert not {"high_band", "rates", "formats"} & set(findings(tmp_path))


def test_formats_that_cannot_be_read_are_counted_also_beside_others(
    own_tone_clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg, "find_ffmpeg", lambda: "")
    for number in range(12):
        (own_tone_clips / "low" / f"take {number}.{'m4a' if number < 2 else 'webm'}").write_bytes(b"not opened")
    meaning = said_everywhere(own_tone_clips, "unread")
    assert meaning == "12 files in other formats (m4a 2, webm 10) are not read; install ffmpeg or convert them"
    assert len(findings(own_tone_clips)["unread"].files) == 12
    alone = own_tone_clips.parent / "alone"
    for label in ("go", "stop"):
        (alone / label).mkdir(parents=True)
        (alone / label / "1.m4a").write_bytes(b"not opened")
    with pytest.raises(DataError, match=r"\(m4a 2\) are not read; install ffmpeg"):
        warnings(alone)
    assert "(m4a 2) are not read" in findings(alone)["unread"].meaning
    assert [found.kind for found in catalogue(alone).dealing.findings] == ["unread"]


def lying_wav(samples: np.ndarray, *, rate: int = RATE, code: int = 1, more: int = 0, width: int = 2) -> bytes:
    data = samples.astype("<f4" if code == 3 else "<i2").tobytes()
    head = struct.pack("<HHIIHH", code, 1, rate, (rate * width) & 0xFFFFFFFF, width, 8 * width)
    body = b"WAVEfmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(data) + more) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def test_a_header_that_lies_marks_its_clip_alone(own_tone_clips: Path) -> None:
    whole = np.rint(noisy_tone(400, 1) * 32768)
    low = own_tone_clips / "low"
    (low / "one.wav").write_bytes(lying_wav(whole, rate=1))
    (low / "absurd.wav").write_bytes(lying_wav(whole, rate=2**31 + RATE))
    (low / "16 more.wav").write_bytes(lying_wav(whole + 1, more=16))
    (low / "cut.wav").write_bytes(lying_wav(whole + 2, more=10_000))
    (low / "scaled.wav").write_bytes(lying_wav(whole + 3, code=3, width=4))
    facts = read_facts(own_tone_clips)
    marked = {name: int(facts.columns["faults"][row]) for row, name in enumerate(facts.names)}
    assert {name for name, bits in marked.items() if bits} == {
        f"low/{name}.wav" for name in ("one", "absurd", "cut", "scaled")
    }
    assert marked["low/one.wav"] == marked["low/absurd.wav"] == bit("corrupt")
    assert (marked["low/cut.wav"], marked["low/scaled.wav"]) == (bit("cut"), bit("scaled"))
    assert facts.columns["peak"][facts.names.index("low/scaled.wav")] < 0.5
    said = warnings(own_tone_clips)
    assert "2 of 53 clips were left out" in said
    assert "1 of 51 clips hold less sound than their header promises" in said
    assert "1 of 51 clips hold whole numbers as floats" in said
    assert findings(own_tone_clips)["scaled"].files == ("low/scaled.wav",)


def test_words_that_fill_the_range_of_hisses_evenly_come_from_one_source() -> None:
    def found(*levels_db: float) -> list[str]:
        heard = np.zeros(50 * len(levels_db), HEARD)
        heard["seconds"], heard["sample_rate"] = 1, 16_000
        heard["high_db"] = np.repeat(levels_db, 50)
        targets = np.repeat(np.arange(len(levels_db)), 50)
        labels = [f"word {number}" for number in range(len(levels_db))]
        by_hand = np.zeros(len(heard), np.bool_)
        return [finding.kind for finding in find_in_sound(labels, targets, heard, Dataset(), by_hand)]

    assert found(-42, -35, -28, -21, -15, -10) == []
    assert found(-70, -65, -60, -21, -15, -10) == ["high_band"]
