"""Sound in the formats that people have: read by one named decoder each, and never taken for what it is not."""

import shutil
import stat
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from core.audio import ffmpeg, sound_file
from core.audio.formats import FORMATS, is_sound, is_unread, readable_suffixes
from core.audio.sound_file import decoder_of, open_sound, read_blocks, read_channels, read_format, read_sound
from core.audio.wav import Sound, write_wav
from core.errors import DataError

RATE = 16000
BY_LIBRARY = {
    "a.flac": ({}, "FLAC", "16-bit pcm"),
    "a.ogg": ({}, "Ogg", "Vorbis"),
    "a.opus": ({"format": "OGG", "subtype": "OPUS"}, "Ogg", "Opus"),
    "a.mp3": ({}, "MP3", "MP3"),
    "a.aiff": ({}, "AIFF", "16-bit pcm"),
    "a.rf64": ({"format": "RF64"}, "RF64", "16-bit pcm"),
    "a.w64": ({}, "W64", "16-bit pcm"),
    "a.au": ({}, "AU", "16-bit pcm"),
    "a.caf": ({}, "CAF", "16-bit pcm"),
    "alaw.wav": ({"subtype": "ALAW"}, "WAV", "A-law"),
    "ulaw.wav": ({"subtype": "ULAW"}, "WAV", "mu-law"),
    "ima.wav": ({"subtype": "IMA_ADPCM"}, "WAV", "IMA ADPCM"),
    "ms.wav": ({"subtype": "MS_ADPCM"}, "WAV", "MS ADPCM"),
    "gsm.wav": ({"subtype": "GSM610"}, "WAV", "GSM 6.10"),
}
needs_ffmpeg = pytest.mark.skipif(not ffmpeg.find_ffmpeg(), reason="needs ffmpeg")


def word(rate: int = RATE) -> np.ndarray:
    """A tone burst from 0.4 to 0.7 s of one second, which no delay of a decoder pushes out."""
    samples = np.zeros(rate, np.float32)
    samples[round(0.4 * rate) : round(0.7 * rate)] = 0.4 * np.sin(np.arange(round(0.3 * rate)) * 2 * np.pi * 600 / rate)
    return samples


def likeness(heard: np.ndarray, expected: np.ndarray) -> float:
    """Largest correlation over all delays: decoders differ in where a sound begins."""
    size = len(heard) + len(expected)
    together = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(expected, size)), size)
    return float(together.max() / np.sqrt(np.square(heard).sum() * np.square(expected).sum()))


@pytest.fixture(scope="module")
def library_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("by library")
    for name, (options, _, _) in BY_LIBRARY.items():
        soundfile.write(folder / name, word(), RATE, **options)
    return folder


@pytest.mark.parametrize("name", BY_LIBRARY)
def test_what_the_library_knows_is_read_by_it(library_files: Path, name: str) -> None:
    _, file_format, encoding = BY_LIBRARY[name]
    path = library_files / name
    opened = open_sound(path)
    assert (opened.form.file_format, opened.form.encoding, opened.form.sample_rate) == (file_format, encoding, RATE)
    assert opened.form.decoder == f"libsndfile {soundfile.__libsndfile_version__}"
    whole = read_channels(opened, path)[:, 0]
    assert len(whole) == opened.form.num_frames
    assert opened.form.seconds == pytest.approx(1, abs=0.1)
    assert likeness(whole, word()) > 0.97
    # Any part of it is the part of the whole, whatever the decoder makes of a start in the middle.
    assert np.array_equal(read_channels(opened, path, 300, 200)[:, 0], whole[4800 : 4800 + 4001])
    np.testing.assert_allclose(np.concatenate(list(read_blocks(path, RATE, 0.07))), whole, atol=1e-4)
    assert is_sound(name)


@pytest.mark.parametrize("name", ["long.mp3", "long.ogg", "long.opus", "long.flac"])
def test_a_long_file_is_read_in_pieces_as_it_is_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An MP3 that is read on after a seek, which soundfile does after every read, has other samples there."""
    path = tmp_path / name
    options = {"format": "OGG", "subtype": "OPUS"} if name == "long.opus" else {}
    soundfile.write(path, np.tile(word(), 20), RATE, **options)
    at_once = read_sound(path).samples
    monkeypatch.setattr(sound_file, "_BLOCK_FRAMES", 30_000)
    np.testing.assert_allclose(read_sound(path).samples, at_once, atol=1e-3)
    assert len(at_once) == pytest.approx(20 * RATE, abs=RATE / 10)


def test_plain_wav_is_read_as_on_a_device_and_needs_no_decoder(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", Sound(word(), RATE))
    form = read_format(tmp_path / "a.wav")
    assert (form.file_format, form.encoding, form.decoder, decoder_of("a.wav")) == ("WAV", "16-bit pcm", "", "")


def test_the_name_of_a_file_does_not_decide_what_it_is(library_files: Path, tmp_path: Path) -> None:
    shutil.copy(library_files / "a.mp3", tmp_path / "phone.wav")
    assert read_format(tmp_path / "phone.wav").file_format == "MP3"
    write_wav(tmp_path / "a.flac", Sound(word(), RATE))
    np.testing.assert_allclose(read_sound(tmp_path / "a.flac").samples, word(), atol=1e-4)
    (tmp_path / "text.mp3").write_text("this is no sound, only text in a file")
    with pytest.raises(DataError, match=r"text\.mp3: is not a MP3 file, nor another format"):
        read_sound(tmp_path / "text.mp3")


def test_opus_of_8_khz_speech_has_nothing_above_its_own_band(tmp_path: Path) -> None:
    """Another decoder shows a mirror of the voice there; the rate that is read and soxr do not."""
    noise = 0.2 * np.random.default_rng(0).standard_normal(16000).astype(np.float32)
    soundfile.write(tmp_path / "phone.opus", noise, 8000, format="OGG", subtype="OPUS")
    sound = read_sound(tmp_path / "phone.opus")
    assert sound.sample_rate == 8000
    power = np.square(np.abs(np.fft.rfft(soxr.resample(sound.samples, 8000, RATE))))
    edge = round(len(power) * 4200 / 8000)
    assert 10 * np.log10(power[edge:].sum() / power[:edge].sum()) < -55


@pytest.mark.parametrize("name", ["a.flac", "a.ogg", "a.aiff", "a.mp3", "ima.wav"])
@pytest.mark.parametrize("kept", [0, 3, 20, 50])
def test_a_damaged_file_is_a_sentence_that_names_it(library_files: Path, tmp_path: Path, name: str, kept: int) -> None:
    path = tmp_path / name
    path.write_bytes((library_files / name).read_bytes()[:kept])
    with pytest.raises(DataError, match=name):
        read_sound(path)


def test_a_flac_file_that_was_cut_is_read_to_its_end_and_known_as_cut(library_files: Path, tmp_path: Path) -> None:
    content = (library_files / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[: len(content) * 3 // 4])
    try:
        form = read_format(tmp_path / "a.flac")
    except DataError as error:
        assert "a.flac" in str(error)
    else:
        assert form.is_cut


@pytest.mark.parametrize("form", [{"format": "AIFF", "subtype": "FLOAT"}, {"format": "CAF", "subtype": "DOUBLE"}])
def test_floats_of_whole_numbers_are_divided_in_any_format(tmp_path: Path, form: dict[str, str]) -> None:
    soundfile.write(tmp_path / "whole.snd", word() * 32768, RATE, **form)
    assert read_format(tmp_path / "whole.snd").full_scale == 32768
    np.testing.assert_allclose(read_sound(tmp_path / "whole.snd").samples, word(), atol=1e-6)


def test_a_clip_of_hours_is_refused_before_it_fills_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_file, "MOST_SAMPLES", 8 * RATE)
    write_wav(tmp_path / "long.wav", Sound(np.tile(word(), 9), RATE))
    with pytest.raises(DataError, match=r"long\.wav: is 0 min long"):
        read_sound(tmp_path / "long.wav")
    # A part of it is read as of any other, and so is the whole, block by block.
    assert len(read_sound(tmp_path / "long.wav", 2000, 1000).samples) < 1.1 * RATE
    assert sum(map(len, read_blocks(tmp_path / "long.wav", RATE))) == 9 * RATE


BY_FFMPEG = {
    "a.m4a": ("MP4", []),
    "a.mp4": ("MP4", []),
    "a.3gp": ("MP4", ["-c:a", "aac"]),
    "a.webm": ("WebM", []),
    "a.amr": ("AMR", ["-ar", "8000"]),
    "a.wma": ("WMA", []),
    "a.aac": ("AAC", []),
}


def encode(folder: Path, name: str) -> Path:
    source = folder / "source.wav"
    write_wav(source, Sound(word(), RATE))
    command = [ffmpeg.find_ffmpeg(), "-v", "error", "-y", "-i", str(source), *BY_FFMPEG[name][1], str(folder / name)]
    if subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip(f"this ffmpeg writes no {name}")
    return folder / name


@needs_ffmpeg
@pytest.mark.parametrize("name", BY_FFMPEG)
def test_what_telephones_and_browsers_record_is_read_by_ffmpeg(tmp_path: Path, name: str) -> None:
    path = encode(tmp_path, name)
    form = read_format(path)
    assert form.file_format == BY_FFMPEG[name][0]
    assert form.decoder == decoder_of(name) and form.decoder.startswith("ffmpeg ")
    assert is_sound(name) and not is_unread(name)
    sound = read_sound(path)
    assert sound.seconds == pytest.approx(1, abs=0.15)
    assert likeness(soxr.resample(sound.samples, sound.sample_rate, RATE), word()) > 0.9


@needs_ffmpeg
def test_a_damaged_recording_is_a_sentence_with_what_ffmpeg_said(tmp_path: Path) -> None:
    path = encode(tmp_path, "a.m4a")
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"a\.m4a: ffmpeg cannot read it \([a-zA-Z][^\[@]+\); convert it to WAV"):
        read_sound(path)


@needs_ffmpeg
def test_what_ffmpeg_gives_is_bounded(tmp_path: Path) -> None:
    path = encode(tmp_path, "a.m4a")
    with pytest.raises(DataError, match="is too long for a clip"):
        ffmpeg.decode(path, "mov", 10_000)
    # It runs with a path of any kind, and reads it as what it begins with.
    odd = tmp_path / "-i concat:x|y.m4a"
    shutil.copy(path, odd)
    assert read_format(odd).seconds == pytest.approx(1, abs=0.15)


def test_ffmpeg_that_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(ffmpeg, "find_ffmpeg", lambda: str(program))
    monkeypatch.setattr(ffmpeg, "LONGEST_S", 0.2)
    with pytest.raises(DataError, match=r"x\.m4a: ffmpeg cannot read it"):
        ffmpeg.decode(tmp_path / "x.m4a", "mov", 1000)


def test_without_ffmpeg_its_formats_are_known_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg, "find_ffmpeg", lambda: "")
    assert is_unread("a.M4A") and not is_sound("a.m4a") and not is_unread(".a.m4a") and not is_unread("a.txt")
    assert ".m4a" not in readable_suffixes() and ".flac" in readable_suffixes()
    (tmp_path / "a.m4a").write_bytes(struct.pack(">I", 28) + b"ftypM4A " + bytes(16))
    with pytest.raises(DataError, match=r"a\.m4a: is read by ffmpeg, which is not installed"):
        read_sound(tmp_path / "a.m4a")


def test_every_format_is_told_from_every_other_by_its_beginning(library_files: Path) -> None:
    for name, (_, file_format, _) in BY_LIBRARY.items():
        head = (library_files / name).read_bytes()[:64]
        assert [kind.name for kind in FORMATS if kind.begins(head)] == [file_format]
