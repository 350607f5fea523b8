"""Takes as they are trimmed, numbered and saved: a data set at any moment, even when the program is killed."""

import re
import signal
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import read_wav
from core.datasets.clips import find_clips, sound_files
from core.datasets.listing import ListedClip, with_speakers
from core.datasets.recordings import check_folder, save_take, speaker_id, trim_take
from core.errors import DataError
from core.spec import Dataset
from tests.core.studies import run_python

RATE = 16000


def word_at(start_s: float, seconds: float, length_s: float = 2.0) -> np.ndarray:
    """Quiet noise with a tone in it."""
    samples = 0.002 * np.random.default_rng(0).standard_normal(round(length_s * RATE))
    tone = 0.4 * np.sin(np.arange(round(seconds * RATE)) / 4)
    samples[round(start_s * RATE) :][: len(tone)] += tone
    return samples.astype(np.float32)


@pytest.mark.parametrize("start_s", [0.1, 0.5, 0.9, 1.4])
def test_the_loudest_second_has_the_word_in_its_middle_where_there_is_room(start_s):
    clip = trim_take(word_at(start_s, 0.4), RATE)
    assert clip.shape == (RATE,)
    loud = np.flatnonzero(np.abs(clip) > 0.1) / RATE
    assert loud[-1] - loud[0] == pytest.approx(0.4, abs=0.01)
    if 0.3 <= start_s <= 1.3:
        assert loud[0] == pytest.approx(0.3, abs=0.06)


def test_what_is_shorter_than_a_clip_is_padded_and_silence_is_cut_anywhere():
    assert np.array_equal(trim_take(word_at(0, 0.4, length_s=0.5), RATE)[: RATE // 2], word_at(0, 0.4, length_s=0.5))
    assert trim_take(np.zeros(3 * RATE, np.float32), RATE).shape == (RATE,)


def test_a_long_word_keeps_its_loudest_second():
    samples = word_at(0.5, 2.0, length_s=3.0)
    samples[: round(1.2 * RATE)] *= 0.05
    clip = trim_take(samples, RATE)
    assert np.square(clip).sum() == pytest.approx(np.square(samples[round(1.3 * RATE) :][:RATE]).sum(), rel=0.02)


def test_a_recorded_folder_is_a_data_set_that_keeps_its_speakers(tmp_path):
    ada, bob = speaker_id("Ada"), speaker_id("Bob")
    for label in ("go", "stop"):
        for speaker in (ada, bob, ada):
            save_take(tmp_path, label, speaker, trim_take(word_at(0.5, 0.4), RATE))
    found = find_clips(Dataset(folder=str(tmp_path)))
    assert found.labels == ("go", "stop")
    assert {clip.speaker for clip in found.clips} == {ada, bob}
    assert [path.name for path in sound_files(tmp_path / "go")] == sorted(
        [f"{ada}_nohash_0.wav", f"{ada}_nohash_1.wav", f"{bob}_nohash_0.wav"]
    )
    sound = read_wav(sound_files(tmp_path / "go")[0])
    assert (sound.sample_rate, len(sound.samples)) == (16000, 16000)


def test_numbering_goes_on_where_the_folder_stands(tmp_path):
    (tmp_path / "go").mkdir()
    for name in ("0a0a0a0a_nohash_7.wav", "0b0b0b0b_nohash_9.wav", "0a0a0a0a_nohash_x.wav"):
        (tmp_path / "go" / name).touch()
    take = save_take(tmp_path, "go", "0a0a0a0a", word_at(0.5, 0.4)[:RATE])
    assert take.path == tmp_path / "go" / "0a0a0a0a_nohash_8.wav"
    assert not take.is_silent
    assert save_take(tmp_path, "go", "0a0a0a0a", np.zeros(RATE, np.float32)).is_silent


def test_a_person_has_the_same_digits_for_ever_and_nobody_has_new_ones():
    assert speaker_id("Ada") == speaker_id(" ada ") != speaker_id("Bob")
    assert speaker_id() != speaker_id()
    for speaker in (speaker_id("Jürgen"), speaker_id()):
        assert re.fullmatch("[0-9a-f]{8}", speaker)
        (clip,) = with_speakers([ListedClip(f"go/{speaker}_nohash_0.wav", "go")])
        assert clip.speaker == speaker


@pytest.mark.parametrize("label", ["", " go", "../go", "go/stop", ".go", "what?"])
def test_a_label_that_is_no_folder_name_is_refused(tmp_path, label):
    with pytest.raises(DataError, match="can not be a label"):
        save_take(tmp_path, label, "0a0a0a0a", np.zeros(RATE, np.float32))


def test_a_folder_that_may_not_be_written_is_a_sentence():
    with pytest.raises(DataError, match=r"/sys/takes/go: the take could not be saved \(.*\); choose a folder"):
        save_take(Path("/sys/takes"), "go", "0a0a0a0a", np.zeros(RATE, np.float32))


def test_a_folder_is_looked_at_before_anybody_speaks(tmp_path):
    (tmp_path / "file").touch()
    check_folder(tmp_path / "not" / "yet")
    with pytest.raises(DataError, match=r"file/takes: takes can not be saved there \(.*/file may not be written\)"):
        check_folder(tmp_path / "file" / "takes")


KILLED_WHILE_SAVING = """
    import os, signal, sys
    from pathlib import Path
    import numpy as np
    from core.datasets import recordings
    folder, clip = Path(sys.argv[1]), np.ones(16000, np.float32)
    recordings.save_take(folder, "go", "0a0a0a0a", clip)
    def half(path, sound):
        path.write_bytes(b"RIFF and then the power went")
        os.kill(os.getpid(), signal.SIGKILL)
    recordings.write_wav = half
    recordings.save_take(folder, "go", "0a0a0a0a", clip)
"""


def test_a_crash_loses_the_take_in_progress_alone(tmp_path):
    process = run_python(KILLED_WHILE_SAVING, tmp_path)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    (kept,) = sound_files(tmp_path / "go")
    assert len(read_wav(kept).samples) == RATE
    assert save_take(tmp_path, "go", "0a0a0a0a", np.ones(RATE, np.float32)).path.name == "0a0a0a0a_nohash_1.wav"
