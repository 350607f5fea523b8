"""WAV files of every kind that people have, and files that only claim to be one."""

import struct
from pathlib import Path

import numpy as np
import pytest

from core.audio.wav import Sound, read_blocks, read_format, read_wav, resample, to_int16, write_wav
from core.errors import DataError

RATE = 16000
HEAD_BYTES = 44
EXTENSIBLE_TAIL = b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"


def tone(num_samples: int = RATE, hertz: float = 440, rate: int = RATE) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(num_samples) / rate)).astype(np.float32)


def encode(samples: np.ndarray, kind: str) -> bytes:
    if kind == "u8":
        return np.clip(np.rint(samples * 128 + 128), 0, 255).astype(np.uint8).tobytes()
    if kind == "s24":
        whole = np.rint(samples * 2**23).astype("<i4")
        return whole.view(np.uint8).reshape(*whole.shape, 4)[..., :3].tobytes()
    if kind.startswith("f"):
        return samples.astype(f"<f{int(kind[1:]) // 8}").tobytes()
    bits = int(kind[1:])
    return np.rint(samples * 2.0 ** (bits - 1)).astype(f"<i{bits // 8}").tobytes()


def wav_bytes(
    samples: np.ndarray,
    kind: str = "s16",
    rate: int = RATE,
    *,
    extensible: bool = False,
    before: bytes = b"",
    after: bytes = b"",
    declared: int | None = None,
    riff_bytes: int | None = None,
    frame_bytes: int | None = None,
    byte_rate: int | None = None,
) -> bytes:
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    bits = 8 if kind == "u8" else int(kind[1:])
    code = 3 if kind.startswith("f") else 1
    frame_bytes = channels * bits // 8 if frame_bytes is None else frame_bytes
    byte_rate = rate * frame_bytes if byte_rate is None else byte_rate
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else code, channels, rate, byte_rate, frame_bytes, bits)
    if extensible:
        head += struct.pack("<HHI", 22, bits, 3) + struct.pack("<H", code) + EXTENSIBLE_TAIL
    data = encode(samples, kind)
    length = len(data) if declared is None else declared
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(head)) + head
    body += b"data" + struct.pack("<I", length) + data + after
    return b"RIFF" + struct.pack("<I", len(body) if riff_bytes is None else riff_bytes) + body


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


@pytest.mark.parametrize("layout", ["plain", "extensible"])
@pytest.mark.parametrize("channels", [1, 2, 5])
@pytest.mark.parametrize(
    ("kind", "error"), [("u8", 1 / 128), ("s16", 1e-4), ("s24", 1e-6), ("s32", 1e-6), ("f32", 1e-7), ("f64", 1e-7)]
)
def test_every_width_encoding_and_channel_count_is_read(
    tmp_path: Path, kind: str, error: float, channels: int, layout: str
) -> None:
    mono = tone()
    samples = mono if channels == 1 else np.stack([mono * (1 + 0.1 * index) for index in range(channels)], axis=1)
    path = tmp_path / "clip.wav"
    path.write_bytes(wav_bytes(samples, kind, extensible=layout == "extensible"))
    sound = read_wav(path)
    assert sound.sample_rate == RATE
    assert sound.samples.dtype == np.float32
    expected = samples if channels == 1 else samples.mean(axis=1)
    np.testing.assert_allclose(sound.samples, expected, atol=error)


def test_what_is_written_is_read_back_to_the_bit(tmp_path: Path) -> None:
    samples = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)
    path = tmp_path / "ramp.wav"
    write_wav(path, Sound((samples / 32768).astype(np.float32), 8000))
    sound = read_wav(path)
    assert sound.sample_rate == 8000
    assert np.array_equal(to_int16(sound.samples), samples)


def test_too_loud_samples_are_clipped_and_do_not_wrap(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    write_wav(path, Sound(np.array([2.0, -2.0], np.float32), RATE))
    np.testing.assert_allclose(read_wav(path).samples, [1, -1], atol=1e-4)


def test_chunks_around_the_samples_are_skipped_also_odd_ones(tmp_path: Path) -> None:
    path = tmp_path / "tagged.wav"
    path.write_bytes(
        wav_bytes(tone(1001), "u8", before=chunk(b"JUNK", b"odd"), after=b"\0" + chunk(b"LIST", b"INFO" * 9))
    )
    np.testing.assert_allclose(read_wav(path).samples, tone(1001), atol=1 / 128)


@pytest.mark.parametrize(
    ("declared", "riff_bytes"), [(0, 0), (0xFFFFFFFF, 0xFFFFFFFF), (0x7FFFF000, 0x7FFFF024), (0, 0xFFFFFFFF)]
)
def test_recordings_from_a_pipe_have_no_right_length_and_are_read_to_their_end(
    tmp_path: Path, declared: int, riff_bytes: int
) -> None:
    path = tmp_path / "piped.wav"
    path.write_bytes(wav_bytes(tone(), declared=declared, riff_bytes=riff_bytes))
    np.testing.assert_allclose(read_wav(path).samples, tone(), atol=1e-4)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000])
def test_resampling_keeps_the_tone_and_its_duration(rate: int) -> None:
    sound = resample(Sound(tone(rate, 440, rate), rate), RATE)
    assert sound.sample_rate == RATE
    assert abs(len(sound.samples) - RATE) <= 1
    inner = slice(1000, 15000)
    np.testing.assert_allclose(sound.samples[inner], tone()[inner], atol=2e-3)


def test_a_part_of_a_ten_minute_file_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    long = np.tile(np.linspace(-0.5, 0.5, RATE, dtype=np.float32), 600)
    path.write_bytes(wav_bytes(long))
    assert read_format(path).seconds == 600
    start = read_wav(path, 0, 1000)
    assert 1 <= start.seconds < 1.1
    middle = read_wav(path, 300_500, 1000)
    np.testing.assert_allclose(middle.samples[:RATE], long[300 * RATE + RATE // 2 :][:RATE], atol=1e-4)
    assert len(read_wav(path, 600_000, 1000).samples) == 0


WHOLE = wav_bytes(tone(100))
BAD = {
    "empty": (b"", "is empty"),
    "text": (b"this is no sound, only text in a file", "is not a WAV file"),
    "mp3": (b"ID3\x04" + bytes(200), "is not a WAV file"),
    "only the head": (WHOLE[:20], "is truncated"),
    "cut in its format": (WHOLE[:30], "is truncated"),
    "cut in its samples": (WHOLE[:-100], "is truncated, it holds 100 of 200 bytes"),
    "cut before its samples": (WHOLE[:44], "holds no sound"),
    "at a rate of 1 Hz": (wav_bytes(tone(), rate=1), "says that it has 1 samples a second"),
    "at a rate of gigahertz": (wav_bytes(tone(), rate=2**31 + RATE, byte_rate=0), "says that it has 2,147,499,648"),
    "no samples": (wav_bytes(tone(0)), "holds no sound"),
    "no data chunk": (b"RIFF" + struct.pack("<I", 4) + b"WAVE", "is truncated, it has no samples"),
    "samples before their format": (b"RIFF\x10\0\0\0WAVEdata" + struct.pack("<I", 4) + bytes(4), "before their format"),
    "mu-law": (WHOLE[:20] + struct.pack("<H", 7) + WHOLE[22:], "is compressed"),
    "no channels": (WHOLE[:22] + struct.pack("<H", 0) + WHOLE[24:], "which is not sound"),
    "not numbers": (wav_bytes(np.array([0, np.nan, 0], np.float32), "f32"), "not numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_what_is_wrong_and_what_to_do(tmp_path: Path, case: str) -> None:
    content, message = BAD[case]
    path = tmp_path / "räuber hotzenplotz.wav"
    path.write_bytes(content)
    for read in (read_wav, lambda path: list(read_blocks(path, RATE))):
        with pytest.raises(DataError, match=message) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert ";" in str(caught.value)


@pytest.mark.parametrize("length", range(0, len(WHOLE)))
def test_a_file_cut_anywhere_is_refused_by_name_or_read_where_most_is_there(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.wav"
    path.write_bytes(WHOLE[:length])
    left = length - HEAD_BYTES
    if left <= 100:
        with pytest.raises(DataError, match=r"cut\.wav"):
            read_wav(path)
    else:
        np.testing.assert_allclose(read_wav(path).samples, tone(100)[: left // 2], atol=1e-4)
        assert read_format(path).missing_s == pytest.approx((len(WHOLE) - length) / 2 / RATE)


@pytest.mark.parametrize("more", [1, 16, 44, 30_000])
def test_a_length_that_is_too_large_is_read_to_the_end_of_the_file(tmp_path: Path, more: int) -> None:
    path = tmp_path / "longer.wav"
    path.write_bytes(wav_bytes(tone(), declared=2 * RATE + more))
    np.testing.assert_allclose(read_wav(path).samples, tone(), atol=1e-4)
    assert read_format(path).missing_s == pytest.approx(more / 2 / RATE)


def test_a_length_of_zero_is_believed_only_where_nothing_but_chunks_follows(tmp_path: Path) -> None:
    path = tmp_path / "zero.wav"
    path.write_bytes(wav_bytes(tone(), declared=0))
    np.testing.assert_allclose(read_wav(path).samples, tone(), atol=1e-4)
    for after in (b"", chunk(b"LIST", b"INFO" * 9)):
        path.write_bytes(wav_bytes(tone(0), after=after))
        with pytest.raises(DataError, match="holds no sound"):
            read_wav(path)


@pytest.mark.parametrize("kind", ["u8", "s16", "s24", "f32"])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_frame_size_of_zero_follows_from_the_bits(tmp_path: Path, kind: str, channels: int) -> None:
    path = tmp_path / "align.wav"
    samples = np.stack([tone()] * channels, axis=1)
    path.write_bytes(wav_bytes(samples, kind, frame_bytes=0))
    np.testing.assert_allclose(read_wav(path).samples, tone(), atol=1 / 128)


@pytest.mark.parametrize("content", [b"odd", b"an odd number of bytes."])
@pytest.mark.parametrize("pad", [b"", b"\0", b"x"])
def test_an_odd_chunk_may_lack_its_pad_byte(tmp_path: Path, content: bytes, pad: bytes) -> None:
    path = tmp_path / "odd.wav"
    path.write_bytes(wav_bytes(tone(), before=b"JUNK" + struct.pack("<I", len(content)) + content + pad))
    np.testing.assert_allclose(read_wav(path).samples, tone(), atol=1e-4)


@pytest.mark.parametrize("kind", ["f32", "f64"])
@pytest.mark.parametrize("bits", [16, 24, 32])
def test_whole_numbers_kept_as_floats_are_divided_by_their_full_scale(tmp_path: Path, kind: str, bits: int) -> None:
    path = tmp_path / "whole.wav"
    path.write_bytes(wav_bytes(tone() * np.float32(2 ** (bits - 1)), kind))
    assert read_format(path).full_scale == 2 ** (bits - 1)
    np.testing.assert_allclose(read_wav(path).samples, tone(), atol=1e-6)
    # The scale is that of the file, not of the quiet part that is read.
    part = np.concatenate(list(read_blocks(path, RATE, 0.01)))
    np.testing.assert_allclose(part, tone(), atol=1e-6)


def test_a_quiet_clip_of_whole_numbers_stays_quiet(tmp_path: Path) -> None:
    path = tmp_path / "quiet.wav"
    quiet = np.rint(tone() / np.abs(tone()).max() * 5).astype(np.float32)
    path.write_bytes(wav_bytes(quiet, "f32"))
    np.testing.assert_allclose(read_wav(path).samples, quiet / 32768, atol=1e-9)


def test_loud_floats_are_not_taken_for_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "loud.wav"
    path.write_bytes(wav_bytes(tone() * np.float32(4), "f32"))
    assert read_format(path).full_scale == 1
    np.testing.assert_allclose(read_wav(path).samples, tone() * 4, atol=1e-6)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.wav"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(DataError, match="cannot be read"):
        read_wav(tmp_path)


def test_real_clips_are_read_as_the_standard_library_reads_them(real_clips: Path) -> None:
    import wave

    for path in sorted((real_clips / "go").glob("*.wav"))[:20]:
        with wave.open(str(path)) as file:
            expected = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert np.array_equal(to_int16(read_wav(path).samples), expected)
