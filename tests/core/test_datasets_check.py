"""The look through a folder finds what would spoil a training, and only that."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.audio.wav import Sound, write_wav
from core.datasets.check import DataReport, check_folder
from core.errors import DataError, TrialCancelled
from core.events import Event, Progressed


def findings(report: DataReport) -> dict[str, tuple[str, ...]]:
    return {finding.kind: finding.files for finding in report.findings}


def test_sound_clips_are_counted_and_nothing_is_found(tone_clips: Path) -> None:
    report = check_folder(tone_clips)
    assert report.findings == ()
    assert (report.num_clips, report.num_speakers) == (96, 16)
    assert [(label.label, label.num_clips, label.num_speakers) for label in report.labels] == [
        ("high", 32, 16),
        ("low", 32, 16),
        ("rising", 32, 16),
    ]
    assert {(label.min_s, label.median_s, label.max_s) for label in report.labels} == {(1.0, 1.0, 1.0)}
    assert (report.sample_rates, report.channels, report.encodings) == ({16000: 96}, {1: 96}, {"16-bit pcm": 96})
    assert DataReport.model_validate_json(report.model_dump_json()) == report


def test_every_kind_of_trouble_is_found_in_the_right_file(own_tone_clips: Path) -> None:
    low = own_tone_clips / "low"
    tone = (0.4 * np.sin(np.arange(16000) * 0.3)).astype(np.float32)
    write_wav(low / "silent.wav", Sound(tone * 0.001, 16000))
    write_wav(low / "clipped.wav", Sound(tone * 4, 16000))
    write_wav(low / "short.wav", Sound(tone[:2000], 16000))
    write_wav(low / "offset.wav", Sound(tone * 0.5 + 0.1, 16000))
    write_wav(low / "slow.wav", Sound(tone, 8000))
    (low / "corrupt.wav").write_bytes(b"RIFF")
    write_wav(low / "twin a.wav", Sound(tone * 0.7, 16000))
    shutil.copy(low / "twin a.wav", low / "twin b.wav")
    shutil.copy(next((own_tone_clips / "high").iterdir()), own_tone_clips / "rising" / "stray.wav")
    (own_tone_clips / "nothing here").mkdir()
    report = check_folder(own_tone_clips)
    found = findings(report)
    assert set(found) == {
        "empty_label",
        "corrupt",
        "silent",
        "clipped",
        "short",
        "offset",
        "duplicate",
        "contradiction",
        "longer",
    }
    assert found["empty_label"] == ("nothing here",)
    assert "corrupt.wav" in found["corrupt"][0]
    for kind in ("silent", "clipped", "short", "offset"):
        assert found[kind] == (f"low/{kind}.wav",)
    assert found["duplicate"] == ("low/twin a.wav = low/twin b.wav",)
    assert "rising/stray.wav" in found["contradiction"][0]
    assert report.sample_rates == {16000: 55, 8000: 1}
    described = {label.label: label for label in report.labels}
    assert described["low"].max_s == 2
    assert described["nothing here"].median_s is None


def test_a_loud_clip_that_only_touches_full_scale_is_not_called_clipped(own_tone_clips: Path) -> None:
    samples = np.zeros(16000, np.float32)
    samples[::100] = 1
    samples[1::100] = -1
    write_wav(own_tone_clips / "low" / "peaks.wav", Sound(samples, 16000))
    assert check_folder(own_tone_clips).findings == ()


def test_silence_and_unknown_are_looked_through_too(own_tone_clips: Path) -> None:
    (own_tone_clips / "low").rename(own_tone_clips / "_silence_")
    assert [label.label for label in check_folder(own_tone_clips).labels] == ["high", "rising", "_silence_"]


def test_progress_is_told_and_ends_at_the_whole(tone_clips: Path) -> None:
    events: list[Event] = []
    check_folder(tone_clips, events.append)
    said = [event for event in events if isinstance(event, Progressed)]
    assert (said[0].done, said[-1].done, said[-1].total) == (0, 96, 96)


def test_looking_can_be_cancelled(tone_clips: Path) -> None:
    def cancel(event: Event) -> None:
        raise TrialCancelled

    with pytest.raises(TrialCancelled):
        check_folder(tone_clips, cancel)


def test_a_folder_without_clips_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no label folders; put the clips"):
        check_folder(tmp_path)
    with pytest.raises(DataError, match="is not a folder"):
        check_folder(tmp_path / "nowhere")


def test_channels_that_cancel_each_other_are_silent(own_tone_clips: Path) -> None:
    tone = np.sin(np.arange(16000) / 10)
    soundfile.write(own_tone_clips / "low" / "apart.wav", np.stack((tone, -tone), axis=1), 16000)
    (finding,) = check_folder(own_tone_clips).findings
    assert (finding.kind, finding.files) == ("silent", ("low/apart.wav",))
