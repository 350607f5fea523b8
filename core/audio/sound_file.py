"""Files of sound in any format, read on the desktop: each format by one decoder, its name and version said.

Plain WAV is read by `wav.py`, as on a device. All else that libsndfile knows is read by it (through soundfile), what
telephones and browsers record by ffmpeg. Compressed sound is decoded from its beginning, for a decoder that starts
elsewhere gives other samples, and no length or delay is taken for granted: decoders differ in both.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from core.audio import ffmpeg, wav
from core.audio.formats import FORMATS, FileFormat, read_head, recognise
from core.audio.wav import Float32, Sound
from core.errors import DataError

MOST_SAMPLES = 2**24
"""Samples of all channels that are read of one clip, 17 minutes of mono at 16 kHz: memory stays bounded."""
MISSING_S = 0.1
"""So much sound may be missing of what a header promises; recorders are wrong by a few bytes, copies are cut."""
_BLOCK_FRAMES = 1 << 18
_LEAD_FRAMES = 1 << 14
_HEAD_BYTES = 1 << 16
_ENCODINGS = {
    "PCM_S8": "8-bit pcm", "PCM_U8": "8-bit pcm", "PCM_16": "16-bit pcm", "PCM_24": "24-bit pcm",
    "PCM_32": "32-bit pcm", "FLOAT": "32-bit float", "DOUBLE": "64-bit float", "ULAW": "mu-law", "ALAW": "A-law",
    "IMA_ADPCM": "IMA ADPCM", "MS_ADPCM": "MS ADPCM", "GSM610": "GSM 6.10", "VORBIS": "Vorbis", "OPUS": "Opus",
    "MPEG_LAYER_I": "MPEG layer 1", "MPEG_LAYER_II": "MPEG layer 2", "MPEG_LAYER_III": "MP3",
}  # fmt: skip


@dataclass(frozen=True)
class SoundFormat:
    """How a file stores its samples, and what decodes it."""

    file_format: str
    """A name of `formats.FORMATS`."""
    encoding: str
    num_channels: int
    sample_rate: int
    num_frames: int
    decoder: str = ""
    """Name and version; empty for plain WAV."""
    missing_s: float = 0.0
    """Seconds that the header promises beyond the end of the file."""
    full_scale: float = 1.0
    """By what float samples were divided; 1 where they were floats between −1 and 1, as they should be."""

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.num_frames / self.sample_rate

    @property
    def is_cut(self) -> bool:
        """Whether much is missing of what the header promises."""
        return self.missing_s > MISSING_S


class OpenSound(Protocol):
    """A file whose format is known, to be read from its beginning any number of times."""

    @property
    def form(self) -> SoundFormat:
        """How it stores its samples."""

    def blocks(self, frames_each: int) -> Iterator[Float32]:
        """Yield samples (at most `frames_each`, channels), float32 in [-1, 1], from the beginning on."""

    def stretch(self, first: int, count: int) -> Float32:
        """Return samples (at most `count`, channels) from a frame on."""


def open_sound(path: Path) -> OpenSound:
    """Recognise a file and read its header.

    Raises DataError naming the file when it is no sound, is empty or damaged, or needs a decoder that is not here.
    """
    kind = recognise(read_head(path), path)
    if kind.decoder == "ffmpeg":
        return _Decoded(path, kind)
    if kind.decoder == "plain":
        try:
            return _Plain(path)
        except wav.CompressedError:
            pass  # A-law, mu-law and the ADPCMs come in WAV files too.
    return _Library(path, kind)


def read_format(path: Path) -> SoundFormat:
    """Return how a file stores its samples. Raises DataError naming the file."""
    return open_sound(path).form


def read_channels(sound: OpenSound, path: Path, start_ms: float = 0, duration_ms: float = 0) -> Float32:
    """Read samples (frames, channels) of a clip, float32 in [-1, 1]; a `duration_ms` of 0 reads to the end.

    Raises DataError naming the file when it is longer than any clip, or its samples are not numbers.
    """
    form = sound.form
    first, count = wav.frames_between(form.sample_rate, form.num_frames, start_ms, duration_ms)
    if count * form.num_channels > MOST_SAMPLES:
        most_s = MOST_SAMPLES / form.num_channels / form.sample_rate
        raise DataError(
            f"{path}: is {form.seconds / 60:,.0f} min long, clips like it have {most_s / 60:,.0f} min at most; "
            "cut it into shorter ones"
        )
    return sound.stretch(first, count)


def read_sound(path: Path, start_ms: float = 0, duration_ms: float = 0) -> Sound:
    """Read a clip of any format, rate and channel count, mixed down to mono.

    With `duration_ms` only that much from `start_ms` on is read, and a little more for resampling. Raises DataError
    naming the file.
    """
    sound = open_sound(path)
    return Sound(wav.mono(read_channels(sound, path, start_ms, duration_ms)), sound.form.sample_rate)


def read_blocks(path: Path, sample_rate: int, block_s: float = 1.0) -> Iterator[Float32]:
    """Yield a file in blocks (n,), mono and resampled, so that hours of sound need the memory of seconds.

    Raises DataError naming the file.
    """
    sound = open_sound(path)
    frames_each = max(1, round(sound.form.sample_rate * block_s))
    yield from wav.resample_blocks(map(wav.mono, sound.blocks(frames_each)), sound.form.sample_rate, sample_rate)


def decoder_of(name: str) -> str:
    """Return name and version of what decodes files called like this; empty for WAV, which is read here."""
    kind = next((kind for kind in FORMATS if name.lower().endswith(kind.suffixes)), FORMATS[0])
    return _versions(kind)


def decoder_for(file_format: str, encoding: str) -> str:
    """Return name and version of what decodes a format of files; empty for plain WAV, which is read here."""
    kind = next(kind for kind in FORMATS if kind.name == file_format)
    if kind.decoder == "plain" and not is_plain(encoding):
        return _library_version()
    return _versions(kind)


def is_plain(encoding: str) -> bool:
    """Tell whether samples are stored as the numbers they are."""
    return encoding.endswith(("-bit pcm", "-bit float"))


def _versions(kind: FileFormat) -> str:
    if kind.decoder == "libsndfile":
        return _library_version()
    if kind.decoder == "ffmpeg":
        program = ffmpeg.find_ffmpeg()
        return f"ffmpeg {ffmpeg.version_of(program)}" if program else ""
    return ""


def _library_version() -> str:
    import soundfile

    return f"libsndfile {soundfile.__libsndfile_version__}"


class _Plain:
    """A WAV file of plain numbers."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._plain = wav.read_format(path)
        self.form = _plain_form(self._plain)

    def blocks(self, frames_each: int) -> Iterator[Float32]:
        with self._path.open("rb") as file:
            for first in range(0, self._plain.num_frames, frames_each):
                yield wav.read_frames(file, self._plain, self._path, first, frames_each)

    def stretch(self, first: int, count: int) -> Float32:
        with self._path.open("rb") as file:
            return wav.read_frames(file, self._plain, self._path, first, count)


class _Library:
    """A file that libsndfile reads."""

    def __init__(self, path: Path, kind: FileFormat) -> None:
        self._path = path
        with self._open() as file:
            wav.check_rate(file.samplerate, path)
            # Some formats do not know their length before they are read, and a header may lie about it.
            num_frames, levels = 0, wav.FloatLevels()
            for block in self._read(file):
                num_frames += len(block)
                if file.subtype in ("FLOAT", "DOUBLE"):
                    levels.hear(block)
            if num_frames == 0:
                raise DataError(f"{path}: holds no sound; record it again or remove it")
            self.form = SoundFormat(
                file_format=kind.name,
                encoding=_ENCODINGS.get(file.subtype, file.subtype.replace("_", " ")),
                num_channels=file.channels,
                sample_rate=file.samplerate,
                num_frames=num_frames,
                decoder=_library_version(),
                missing_s=max(0, file.frames - num_frames) / file.samplerate if file.seekable() else 0.0,
                full_scale=levels.full_scale,
            )

    def blocks(self, frames_each: int) -> Iterator[Float32]:
        held = np.zeros((0, self.form.num_channels), np.float32)
        for piece in self._pieces():
            held = np.concatenate((held, piece))
            while len(held) >= frames_each:
                yield held[:frames_each]
                held = held[frames_each:]
        if len(held):
            yield held

    def stretch(self, first: int, count: int) -> Float32:
        return _stretch(self._pieces(), self.form.num_channels, first, count)

    def _pieces(self) -> Iterator[Float32]:
        """Yield the file in pieces, as floats between −1 and 1."""
        with self._open() as file:
            for piece in self._read(file):
                wav.check_numbers(piece, self._path)
                yield piece if self.form.full_scale == 1 else piece / np.float32(self.form.full_scale)

    def _open(self) -> Any:
        import soundfile

        try:
            return soundfile.SoundFile(self._path)
        except (soundfile.LibsndfileError, OSError) as error:
            raise self._unreadable(error) from error

    def _read(self, file: Any) -> Iterator[Float32]:
        """Yield the file in pieces, each begun a little before it.

        soundfile seeks after every read, and an MP3 decoder that was moved has lost what the next frames refer to.
        """
        place = 0
        while True:
            lead = min(place, _LEAD_FRAMES) if file.seekable() else 0
            try:
                if lead:
                    file.seek(place - lead)
                piece: Float32 = file.read(lead + _BLOCK_FRAMES, dtype="float32", always_2d=True)[lead:]
            except RuntimeError as error:
                raise self._unreadable(error) from error
            if len(piece) == 0:
                return
            place += len(piece)
            yield piece

    def _unreadable(self, error: Exception) -> DataError:
        said = str(getattr(error, "error_string", error)).strip().rstrip(".")
        return DataError(f"{self._path}: libsndfile cannot read it ({said}); record or convert it again")


class _Decoded:
    """A file that ffmpeg has decoded."""

    def __init__(self, path: Path, kind: FileFormat) -> None:
        self._path = path
        self._content = io.BytesIO(ffmpeg.decode(path, kind.demuxer, 2 * MOST_SAMPLES + _HEAD_BYTES))
        self._plain = wav.parse(self._content, path)
        plain = _plain_form(self._plain)
        self.form = SoundFormat(
            file_format=kind.name,
            encoding=path.suffix.lower().removeprefix(".") or kind.name,
            num_channels=plain.num_channels,
            sample_rate=plain.sample_rate,
            num_frames=plain.num_frames,
            decoder=_versions(kind),
        )

    def blocks(self, frames_each: int) -> Iterator[Float32]:
        for first in range(0, self.form.num_frames, frames_each):
            yield self.stretch(first, frames_each)

    def stretch(self, first: int, count: int) -> Float32:
        return wav.read_frames(self._content, self._plain, self._path, first, count)


def _plain_form(plain: wav.Format) -> SoundFormat:
    return SoundFormat(
        file_format=FORMATS[0].name,
        encoding=f"{8 * plain.sample_bytes}-bit {plain.encoding}",
        num_channels=plain.num_channels,
        sample_rate=plain.sample_rate,
        num_frames=plain.num_frames,
        missing_s=plain.missing_s,
        full_scale=plain.full_scale,
    )


def _stretch(blocks: Iterator[Float32], num_channels: int, first: int, count: int) -> Float32:
    """Return `count` frames from a frame on of blocks that begin at 0."""
    pieces = [np.zeros((0, num_channels), np.float32)]
    place, end = 0, first + count
    for block in blocks:
        pieces.append(block[max(0, first - place) : max(0, end - place)])
        place += len(block)
        if place >= end:
            break
    return np.concatenate(pieces)
