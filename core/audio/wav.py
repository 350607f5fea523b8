"""WAV files, read as they are meant and written as 16-bit mono.

Layout: "Multimedia Programming Interface and Data Specifications 1.0" (IBM and Microsoft, 1991) and
"Multiple Channel Audio Data and WAVE Files" (Microsoft, 2001). The standard library's `wave` refuses
float samples and WAVE_FORMAT_EXTENSIBLE.

A header that lies about lengths is not believed: the sound goes on to the end of the file, and a file is refused only
where less than half of what is promised is there. A device runs this same
file and has no soxr, so that is loaded where it is used: at any rate but the file's own.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import DataError

Float32 = NDArray[np.float32]
Encoding = Literal["pcm", "float"]

SUFFIXES = (".wav", ".wave")

_ENCODINGS: dict[int, Encoding] = {1: "pcm", 3: "float"}
_EXTENSIBLE = 0xFFFE
_SAMPLE_BYTES: dict[Encoding, tuple[int, ...]] = {"pcm": (1, 2, 3, 4), "float": (4, 8)}
# A recorder that writes to a pipe cannot go back to fill in lengths, and leaves one of these or near it.
_STREAM_BYTES = 0x7FFF0000
_CUT_MARGIN_S = 0.05
_SCANNED_FRAMES = 1 << 18

RATES_HERTZ = (1_000, 768_000)
"""Lowest and highest rate of what is sound: beyond them a header lies, and resampling would fill the memory."""
LOUDEST_FLOAT = 8.0
"""Float samples above this are no loud sound, they are whole numbers that nobody divided."""
_WHOLE_SCALES = (2.0**15, 2.0**23, 2.0**31)


@dataclass(frozen=True)
class Sound:
    """Mono samples, float32 in [-1, 1], shape (n,), and their rate in Hz."""

    samples: Float32
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Duration."""
        return len(self.samples) / self.sample_rate


class CompressedError(DataError):
    """A WAV file whose samples are not plain numbers."""


@dataclass(frozen=True)
class Format:
    """How a file stores its samples, and where they lie in it."""

    encoding: Encoding
    num_channels: int
    sample_rate: int
    sample_bytes: int
    data_start: int
    data_bytes: int
    missing_bytes: int = 0
    """What the header promises beyond the end of the file."""
    full_scale: float = 1.0
    """By what float samples are divided: 1, or the full scale of the whole numbers that they hold."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.sample_bytes * self.num_channels

    @property
    def missing_s(self) -> float:
        """How much longer the sound would be if the header were right."""
        return self.missing_bytes / (self.frame_bytes * self.sample_rate)

    @property
    def num_frames(self) -> int:
        """Samples per channel."""
        return self.data_bytes // self.frame_bytes

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.num_frames / self.sample_rate


def read_format(path: Path) -> Format:
    """Read the header of a WAV file, and of float samples whether they hold whole numbers.

    Raises DataError naming the file when it is truncated, empty, not a WAV file, at no rate of sound or without sound;
    CompressedError when its samples are not plain numbers.
    """
    try:
        with path.open("rb") as file:
            return parse(file, path)
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the file and its permissions") from error


def parse(file: BinaryIO, path: Path) -> Format:
    """Read the header of an open WAV file that is called `path` in errors. Raises as `read_format` does."""
    form = _parse(file, path)
    if form.encoding != "float":
        return form
    levels = FloatLevels()
    file.seek(form.data_start)
    left = form.data_bytes - form.data_bytes % form.frame_bytes
    while left > 0:
        raw = file.read(min(_SCANNED_FRAMES * form.frame_bytes, left))
        left -= len(raw)
        levels.hear(_to_float(raw[: len(raw) - len(raw) % form.frame_bytes], form))
        if not raw:
            break
    return replace(form, full_scale=levels.full_scale)


class FloatLevels:
    """What float samples tell of their full scale, heard block by block: 1, or that of whole numbers kept as floats."""

    def __init__(self) -> None:
        self._peak = 0.0
        self._is_whole = True

    def hear(self, samples: Float32) -> None:
        """Take the next samples, of any shape; what is no number counts as nothing."""
        finite = samples[np.isfinite(samples)]
        self._peak = max(self._peak, float(np.abs(finite).max(initial=0.0)))
        self._is_whole = self._is_whole and bool((finite == np.rint(finite)).all())

    @property
    def full_scale(self) -> float:
        """By what the samples are divided; a quiet clip is known by whole numbers, a loud one by its peak alone."""
        if self._peak <= (1.0 if self._is_whole else LOUDEST_FLOAT):
            return 1.0
        return next((scale for scale in _WHOLE_SCALES if self._peak <= scale), _WHOLE_SCALES[-1])


def read_frames(file: BinaryIO, form: Format, path: Path, first: int, count: int) -> Float32:
    """Read samples (at most `count`, channels) of an open file, float32 in [-1, 1], from a frame on.

    Raises DataError naming the file when they are not numbers.
    """
    file.seek(form.data_start + first * form.frame_bytes)
    return _decode(file.read(max(0, min(count, form.num_frames - first)) * form.frame_bytes), form, path)


def frames_between(form_rate: int, num_frames: int, start_ms: float, duration_ms: float) -> tuple[int, int]:
    """Return the first frame and the number of frames of a stretch, and a little more of it for resampling.

    A `duration_ms` of 0 goes to the end.
    """
    first = min(num_frames, round(form_rate * start_ms / 1000))
    count = num_frames - first
    return first, min(count, int(form_rate * (duration_ms / 1000 + _CUT_MARGIN_S)) + 1) if duration_ms else count


def read_channels(path: Path, form: Format, start_ms: float = 0, duration_ms: float = 0) -> Float32:
    """Read samples (frames, channels), float32 in [-1, 1]; a `duration_ms` of 0 reads to the end.

    Raises DataError naming the file when its samples are not numbers.
    """
    with path.open("rb") as file:
        return read_frames(file, form, path, *frames_between(form.sample_rate, form.num_frames, start_ms, duration_ms))


def read_wav(path: Path, start_ms: float = 0, duration_ms: float = 0) -> Sound:
    """Read a WAV file of any width, rate and channel count, mixed down to mono.

    With `duration_ms` only that much from `start_ms` on is read, and a little more for resampling.
    Raises DataError naming the file when it is truncated, empty, not a WAV file or without sound.
    """
    form = read_format(path)
    return Sound(mono(read_channels(path, form, start_ms, duration_ms)), form.sample_rate)


def mono(channels: Float32) -> Float32:
    """Return samples (frames,) of samples (frames, channels), mixed down."""
    mixed: Float32 = channels[:, 0] if channels.shape[1] == 1 else channels.mean(axis=1)
    return np.ascontiguousarray(mixed)


def read_blocks(path: Path, sample_rate: int, block_s: float = 1.0) -> Iterator[Float32]:
    """Yield a WAV file in blocks (n,), mono and resampled, so that hours of sound need the memory of seconds.

    Raises DataError naming the file when it is truncated, empty, not a WAV file, without sound, or no numbers.
    """
    form = read_format(path)
    frames_each = max(1, round(form.sample_rate * block_s))

    def blocks() -> Iterator[Float32]:
        with path.open("rb") as file:
            for first in range(0, form.num_frames, frames_each):
                yield mono(read_frames(file, form, path, first, frames_each))

    yield from resample_blocks(blocks(), form.sample_rate, sample_rate)


def resample_blocks(blocks: Iterable[Float32], from_rate: int, to_rate: int) -> Iterator[Float32]:
    """Yield blocks (n,) that follow each other at another rate."""
    if from_rate == to_rate:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(from_rate, to_rate, 1)
    for block in blocks:
        yield resampler.resample_chunk(block)
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


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
    fields: tuple[Encoding, int, int, int] | None = None
    for name, start, num_bytes in _chunks(file, 12, size):
        if name == b"fmt ":
            file.seek(start)
            fields = _parse_fmt(file.read(min(num_bytes, 64)), path)
        elif name == b"data":
            if fields is None:
                raise DataError(f"{path}: is damaged, it has samples before their format; record or copy it again")
            available, missing = _data_bytes(file, num_bytes, start, size)
            form = Format(*fields, start, available, missing)
            if form.num_frames == 0:
                raise DataError(f"{path}: holds no sound; record it again or remove it")
            if missing >= available:
                raise DataError(
                    f"{path}: is truncated, it holds {available:,} of {available + missing:,} bytes of sound; "
                    "record or copy it again"
                )
            return form
    raise DataError(f"{path}: is truncated, it has no samples; record or copy it again")


def _chunks(file: BinaryIO, place: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, start and length of each chunk from a place on.

    Chunks begin at even places; some writers forget the byte that fills up an odd one, so where a name stands there in
    its stead the next chunk begins at once.
    """
    while place + 8 <= size:
        file.seek(place)
        name, num_bytes = struct.unpack("<4sI", file.read(8))
        yield name, place + 8, num_bytes
        place += 8 + num_bytes
        if num_bytes % 2:
            file.seek(place)
            place += not _begins_at_once(file.read(5))


def _begins_at_once(head: bytes) -> bool:
    return _is_name(head[:4]) and head[1:] not in (b"fmt ", b"data")


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)


def _data_bytes(file: BinaryIO, declared: int, start: int, size: int) -> tuple[int, int]:
    """Return how many bytes of sound there are, and how many more the header promises."""
    available = size - start
    if declared >= _STREAM_BYTES or (declared == 0 and not _are_chunks(file, start, size)):
        return available, 0
    return min(declared, available), max(0, declared - available)


def _are_chunks(file: BinaryIO, start: int, size: int) -> bool:
    """Tell whether what is left of a file is chunks to its end, or nothing, and so no sound."""
    end = start
    for name, begins, num_bytes in _chunks(file, start, size):
        end = begins + num_bytes
        if not _is_name(name) or end > size:
            return False
    return size - end <= 1


def _parse_fmt(chunk: bytes, path: Path) -> tuple[Encoding, int, int, int]:
    if len(chunk) < 16:
        raise DataError(f"{path}: is truncated, its format is cut off; record or copy it again")
    code, num_channels, sample_rate, _, frame_bytes, num_bits = struct.unpack("<HHIIHH", chunk[:16])
    if code == _EXTENSIBLE and len(chunk) >= 26:
        # The sub-format begins with the code that a plain header would have.
        code = struct.unpack("<H", chunk[24:26])[0]
    if code not in _ENCODINGS:
        raise CompressedError(f"{path}: is compressed (WAV format {code}); convert it to PCM, for example with sox")
    encoding = _ENCODINGS[code]
    # Some writers leave the size of a frame at 0; its bits tell it as well.
    sample_bytes = frame_bytes // num_channels if frame_bytes and num_channels else -(-num_bits // 8)
    if num_channels == 0 or sample_bytes not in _SAMPLE_BYTES[encoding]:
        raise DataError(
            f"{path}: has {num_channels} channels of {frame_bytes} bytes at {sample_rate} Hz, which is not sound; "
            "record or convert it again"
        )
    check_rate(sample_rate, path)
    return encoding, num_channels, sample_rate, sample_bytes


def check_rate(sample_rate: int, path: Path) -> None:
    """Raise DataError naming the file when its rate is none of sound."""
    lowest, highest = RATES_HERTZ
    if not lowest <= sample_rate <= highest:
        raise DataError(
            f"{path}: says that it has {sample_rate:,} samples a second, sound has {lowest:,} to {highest:,}; "
            "record or convert it again"
        )


def _decode(raw: bytes, form: Format, path: Path) -> Float32:
    """Return samples (frames, channels). Raises DataError naming the file when they are not numbers."""
    samples = _to_float(raw[: len(raw) - len(raw) % form.frame_bytes], form)
    if form.encoding == "float":
        check_numbers(samples, path)
        if form.full_scale != 1:
            samples /= np.float32(form.full_scale)
    return samples.reshape(-1, form.num_channels)


def check_numbers(samples: Float32, path: Path) -> None:
    """Raise DataError naming the file when its samples are not numbers."""
    if not np.isfinite(samples).all():
        raise DataError(f"{path}: holds samples that are not numbers; record or convert it again")


def _to_float(raw: bytes, form: Format) -> Float32:
    width = form.sample_bytes
    if form.encoding == "float":
        # What becomes infinite is refused as no number.
        with np.errstate(over="ignore"):
            return np.frombuffer(raw, f"<f{width}").astype(np.float32)
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if width == 3:
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return (padded.view("<i4").ravel() / 2**31).astype(np.float32)
    return np.frombuffer(raw, f"<i{width}").astype(np.float32) / np.float32(2 ** (8 * width - 1))
