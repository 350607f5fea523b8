"""Formats of sound: what their files are called, what they begin with, and what decodes them here.

A format has one decoder, so that all clips of a set are heard alike: the same Vorbis file is 16,000 samples to one
decoder and 15,744 to another, and a network learns such a difference instead of the word.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from core.audio import ffmpeg, wav
from core.errors import DataError

Decoder = Literal["plain", "libsndfile", "ffmpeg"]

HEAD_BYTES = 64


@dataclass(frozen=True)
class FileFormat:
    """A format of files. `plain` ones are WAV, which `wav.py` reads here as on a device."""

    name: str
    suffixes: tuple[str, ...]
    decoder: Decoder
    begins: Callable[[bytes], bool]
    """Tells the format by the first bytes of a file."""
    demuxer: str = ""
    """What ffmpeg calls it."""


def _starts(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(beginnings)


def _mpeg_layer(head: bytes) -> int:
    """Return the layer bits of the MPEG audio frame that stands here, 0 those of AAC; −1 where none does."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return -1
    return (head[1] & 0x06) >> 1


FORMATS = (
    FileFormat("WAV", wav.SUFFIXES, "plain", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE"),
    FileFormat("RF64", (".rf64",), "libsndfile", _starts(b"RF64", b"RIFX")),
    FileFormat("W64", (".w64",), "libsndfile", _starts(b"riff\x2e\x91\xcf\x11")),
    FileFormat("FLAC", (".flac",), "libsndfile", _starts(b"fLaC")),
    FileFormat("Ogg", (".ogg", ".oga", ".opus"), "libsndfile", _starts(b"OggS")),
    FileFormat("MP3", (".mp3",), "libsndfile", lambda head: head[:3] == b"ID3" or _mpeg_layer(head) > 0),
    FileFormat("AIFF", (".aif", ".aiff", ".aifc"), "libsndfile", _starts(b"FORM")),
    FileFormat("AU", (".au", ".snd"), "libsndfile", _starts(b".snd", b"dns.")),
    FileFormat("CAF", (".caf",), "libsndfile", _starts(b"caff")),
    FileFormat("MP4", (".m4a", ".mp4", ".3gp", ".3g2"), "ffmpeg", lambda head: head[4:8] == b"ftyp", "mov"),
    FileFormat("WebM", (".webm", ".weba", ".mka"), "ffmpeg", _starts(b"\x1a\x45\xdf\xa3"), "matroska"),
    FileFormat("AMR", (".amr",), "ffmpeg", _starts(b"#!AMR"), "amr"),
    FileFormat("WMA", (".wma",), "ffmpeg", _starts(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"), "asf"),
    FileFormat("AAC", (".aac",), "ffmpeg", lambda head: _mpeg_layer(head) == 0, "aac"),
)  # fmt: skip

_ALWAYS = tuple(suffix for kind in FORMATS if kind.decoder != "ffmpeg" for suffix in kind.suffixes)
_BY_FFMPEG = tuple(suffix for kind in FORMATS if kind.decoder == "ffmpeg" for suffix in kind.suffixes)


def is_sound(name: str) -> bool:
    """Tell by its name whether a file holds sound that can be read here; hidden files are none."""
    return not name.startswith(".") and (
        name.lower().endswith(_ALWAYS) or (name.lower().endswith(_BY_FFMPEG) and bool(ffmpeg.find_ffmpeg()))
    )


def is_unread(name: str) -> bool:
    """Tell by its name whether a file holds sound that only ffmpeg reads, which is not here."""
    return not name.startswith(".") and name.lower().endswith(_BY_FFMPEG) and not ffmpeg.find_ffmpeg()


def readable_suffixes() -> tuple[str, ...]:
    """Return how the names end of files that can be read here, in small letters with their dot."""
    return _ALWAYS + _BY_FFMPEG if ffmpeg.find_ffmpeg() else _ALWAYS


def recognise(head: bytes, path: Path) -> FileFormat:
    """Return the format of a file by its first bytes, whatever it is called.

    Raises DataError naming the file when it is none of these.
    """
    if not head:
        raise DataError(f"{path}: is empty; record or copy it again")
    for kind in FORMATS:
        if kind.begins(head):
            return kind
    claimed = next((kind.name for kind in FORMATS if path.name.lower().endswith(kind.suffixes)), "sound")
    raise DataError(f"{path}: is not a {claimed} file, nor another format that is read here; convert it to WAV")


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file. Raises DataError naming one that cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except OSError as error:
        reason = error.strerror or os.strerror(error.errno or 0)
        raise DataError(f"{path}: cannot be read ({reason}); check the file and its permissions") from error
