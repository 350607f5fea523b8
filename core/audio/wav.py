"""WAV files, read as they are meant and written as 16-bit mono.

Layout: "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft, 1991) and
"Multiple Channel Audio Data and WAVE Files" (Microsoft, 2001). The standard library's `wave` refuses
float samples and WAVE_FORMAT_EXTENSIBLE.

A device runs this same file and has no soxr, so that is loaded where it is used: at any rate but the file's own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError

Float32 = NDArray[np.float32]
Encoding = Literal["pcm", "float"]

_ENCODINGS: dict[int, Encoding] = {1: "pcm", 3: "float"}
_EXTENSIBLE = 0xFFFE
_SAMPLE_BYTES: dict[Encoding, tuple[int, ...]] = {"pcm": (1, 2, 3, 4), "float": (4, 8)}
# A recorder that writes to a pipe cannot go back to fill in lengths, and leaves one of these or near it.
_STREAM_BYTES = 0x7FFF0000
_CUT_MARGIN_S = 0.05


@dataclass(frozen=True)
class Sound:
    """Mono samples, float32 in [-1, 1], shape (n,), and their rate in Hz."""

    samples: Float32
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class Format:
    """How a file stores its samples, and where they lie in it."""

    encoding: Encoding
    num_channels: int
    sample_rate: int
    sample_bytes: int
    data_start: int
    data_bytes: int

    @property
    def num_frames(self) -> int:
        """Samples per channel."""
        return self.data_bytes // (self.sample_bytes * self.num_channels)

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.num_frames / self.sample_rate


def read_format(path: Path) -> Format:
    """Read the header of a WAV file.

    Raises DataError naming the file when it is truncated, empty, not a WAV file or without sound.
    """
    try:
        with path.open("rb") as file:
            return _parse(file, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from error


def read_channels(path: Path, form: Format, start_ms: float = 0, duration_ms: float = 0) -> Float32:
    """Read samples (frames, channels), float32 in [-1, 1]; a `duration_ms` of 0 reads to the end.

    Raises DataError naming the file when its samples are not numbers.
    """
    first = min(form.num_frames, round(form.sample_rate * start_ms / 1000))
    frames = form.num_frames - first
    if duration_ms:
        frames = min(frames, int(form.sample_rate * (duration_ms / 1000 + _CUT_MARGIN_S)) + 1)
    frame_bytes = form.num_channels * form.sample_bytes
    with path.open("rb") as file:
        file.seek(form.data_start + first * frame_bytes)
        raw = file.read(frames * frame_bytes)
    return _decode(raw, form, path)


def read_wav(path: Path, start_ms: float = 0, duration_ms: float = 0) -> Sound:
    """Read a WAV file of any width, rate and channel count, mixed down to mono.

    With `duration_ms` only that much from `start_ms` on is read, and a little more for resampling.
    Raises DataError naming the file when it is truncated, empty, not a WAV file or without sound.
    """
    form = read_format(path)
    channels = read_channels(path, form, start_ms, duration_ms)
    mono = channels[:, 0] if form.num_channels == 1 else channels.mean(axis=1)
    return Sound(np.ascontiguousarray(mono), form.sample_rate)


def read_blocks(path: Path, sample_rate: int, block_s: float = 1.0) -> Iterator[Float32]:
    """Yield a WAV file in blocks (n,), mono and resampled, so that hours of sound need the memory of seconds.

    Raises DataError naming the file when it is truncated, empty, not a WAV file, without sound, or no numbers.
    """
    form = read_format(path)
    resampler = None
    if form.sample_rate != sample_rate:
        import soxr

        resampler = soxr.ResampleStream(form.sample_rate, sample_rate, 1)
    frames_each = max(1, round(form.sample_rate * block_s))
    frame_bytes = form.num_channels * form.sample_bytes
    with path.open("rb") as file:
        file.seek(form.data_start)
        for start in range(0, form.num_frames, frames_each):
            frames = min(frames_each, form.num_frames - start)
            block = _decode(file.read(frames * frame_bytes), form, path).mean(axis=1)
            is_last = start + frames == form.num_frames
            yield block if resampler is None else resampler.resample_chunk(block, last=is_last)


def write_wav(path: Path, sound: Sound) -> None:
    """Write a sound as 16-bit PCM mono; what exceeds full scale is clipped."""
    data = to_int16(sound.samples).astype("<i2").tobytes()
    head = struct.pack("<HHIIHH", 1, 1, sound.sample_rate, 2 * sound.sample_rate, 2, 16)
    with path.open("wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVE")
        file.write(b"fmt " + struct.pack("<I", len(head)) + head)
        file.write(b"data" + struct.pack("<I", len(data)) + data)


def to_int16(samples: Float32) -> NDArray[np.int16]:
    """Round samples of any shape in [-1, 1] to 16 bits; the inverse of division by 32768."""
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)


def resample(sound: Sound, sample_rate: int) -> Sound:
    """Return the sound at another rate, by the SoX resampler (https://sourceforge.net/projects/soxr)."""
    if sound.sample_rate == sample_rate:
        return sound
    import soxr

    return Sound(soxr.resample(sound.samples, sound.sample_rate, sample_rate), sample_rate)


def _parse(file: BinaryIO, path: Path) -> Format:
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(12)
    if not head:
        raise DataError(f"{path}: is empty; record or copy it again")
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        raise DataError(f"{path}: is not a WAV file; convert it to WAV")
    riff_bytes = struct.unpack("<I", head[4:8])[0]
    fields: tuple[Encoding, int, int, int] | None = None
    for name, start, num_bytes in _chunks(file, size):
        if name == b"fmt ":
            fields = _parse_fmt(file.read(min(num_bytes, 64)), path)
        elif name == b"data":
            if fields is None:
                raise DataError(f"{path}: is damaged, it has samples before their format; record or copy it again")
            data_bytes = _data_bytes(num_bytes, start, size, riff_bytes, path)
            form = Format(*fields, start, data_bytes)
            if form.num_frames == 0:
                raise DataError(f"{path}: holds no sound; record it again or remove it")
            return form
    raise DataError(f"{path}: is truncated, it has no samples; record or copy it again")


def _chunks(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and length of each chunk; the file stands at its start. Chunks begin at even places."""
    place = 12
    while place + 8 <= size:
        file.seek(place)
        name, num_bytes = struct.unpack("<4sI", file.read(8))
        yield name, place + 8, num_bytes
        place += 8 + num_bytes + num_bytes % 2


def _data_bytes(declared: int, start: int, size: int, riff_bytes: int, path: Path) -> int:
    available = size - start
    if declared >= _STREAM_BYTES or (declared == 0 and riff_bytes + 8 != size):
        return available
    if declared > available:
        raise DataError(
            f"{path}: is truncated, it holds {available:,} of {declared:,} bytes of sound; record or copy it again"
        )
    return declared


def _parse_fmt(chunk: bytes, path: Path) -> tuple[Encoding, int, int, int]:
    if len(chunk) < 16:
        raise DataError(f"{path}: is truncated, its format is cut off; record or copy it again")
    code, num_channels, sample_rate, _, frame_bytes, _ = struct.unpack("<HHIIHH", chunk[:16])
    if code == _EXTENSIBLE and len(chunk) >= 26:
        # The sub-format begins with the code that a plain header would have.
        code = struct.unpack("<H", chunk[24:26])[0]
    if code not in _ENCODINGS:
        raise DataError(f"{path}: is compressed (WAV format {code}); convert it to PCM, for example with sox")
    encoding = _ENCODINGS[code]
    if num_channels == 0 or sample_rate == 0 or frame_bytes // num_channels not in _SAMPLE_BYTES[encoding]:
        raise DataError(
            f"{path}: has {num_channels} channels of {frame_bytes} bytes at {sample_rate} Hz, which is no sound; "
            "record or convert it again"
        )
    return encoding, num_channels, sample_rate, frame_bytes // num_channels


def _decode(raw: bytes, form: Format, path: Path) -> Float32:
    """Return samples (frames, channels). Raises DataError naming the file when they are not numbers."""
    raw = raw[: len(raw) - len(raw) % (form.sample_bytes * form.num_channels)]
    samples = _to_float(raw, form)
    if form.encoding == "float" and not np.isfinite(samples).all():
        raise DataError(f"{path}: holds samples that are not numbers; record or convert it again")
    return samples.reshape(-1, form.num_channels)


def _to_float(raw: bytes, form: Format) -> Float32:
    width = form.sample_bytes
    if form.encoding == "float":
        return np.frombuffer(raw, f"<f{width}").astype(np.float32)
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if width == 3:
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return (padded.view("<i4").ravel() / 2**31).astype(np.float32)
    return np.frombuffer(raw, f"<i{width}").astype(np.float32) / np.float32(2 ** (8 * width - 1))
