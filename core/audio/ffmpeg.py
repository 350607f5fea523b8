"""Sound that only ffmpeg reads: what telephones and browsers record. It is run, where it is installed, file by file."""

import re
import shutil
import subprocess
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import IO

from core.errors import DataError

MISSING = "install ffmpeg or convert them"
LONGEST_S = 60.0
"""A file that takes longer to decode is given up."""
_READ_BYTES = 1 << 20
_SAID_BYTES = 300


def find_ffmpeg() -> str:
    """Return the program: the one on PATH, or the one of the package imageio-ffmpeg; empty where there is none."""
    return shutil.which("ffmpeg") or _packaged()


@cache
def _packaged() -> str:
    try:
        import imageio_ffmpeg

        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        return ""


@cache
def version_of(program: str) -> str:
    """Return the version that the program says it is."""
    done = subprocess.run([program, "-version"], capture_output=True, text=True, errors="replace", timeout=LONGEST_S)
    found = re.match(r"ffmpeg version (\S+)", done.stdout)
    return found.group(1) if found else "of unknown version"


def decode(path: Path, demuxer: str, most_bytes: int) -> bytes:
    """Return the first sound of a file as the bytes of a 16-bit WAV file of the rate and channels that it has.

    The demuxer is named and only files may be read, so that a file cannot pass for another kind and lead elsewhere.
    Raises DataError naming the file when ffmpeg is missing or cannot read it, or it is too long.
    """
    program = find_ffmpeg()
    if not program:
        raise DataError(f"{path}: is read by ffmpeg, which is not installed; install it or convert the file to WAV")
    command = [program, "-nostdin", "-v", "error", "-protocol_whitelist", "file,pipe", "-f", demuxer]
    command += ["-i", f"file:{path.absolute()}", "-map", "0:a:0", "-c:a", "pcm_s16le", "-f", "wav", "-"]
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said) as process:
            clock = threading.Timer(LONGEST_S, process.kill)
            clock.start()
            decoded = None
            try:
                assert process.stdout is not None
                decoded = _read(process.stdout, most_bytes)
            finally:
                if decoded is None:
                    process.kill()
                process.wait()
                clock.cancel()
        if decoded is None:
            raise DataError(f"{path}: is too long for a clip; cut it into shorter ones")
        said.seek(0)
        reason = _reason_in(said.read(_SAID_BYTES).decode(errors="replace"))
    if process.returncode != 0 or not decoded:
        raise DataError(f"{path}: ffmpeg cannot read it ({reason or 'it gave no reason'}); convert it to WAV")
    return decoded


def _reason_in(said: str) -> str:
    """Return the first line that ffmpeg said, without the part of it that speaks and where that lies in memory."""
    lines = (re.sub(r"^(\[[^\]]*\]\s*)+", "", line).strip() for line in said.splitlines())
    return next(filter(None, lines), "")


def _read(stream: IO[bytes], most_bytes: int) -> bytes | None:
    """Return all that comes; None when that is more than `most_bytes`."""
    pieces: list[bytes] = []
    size = 0
    while piece := stream.read(_READ_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > most_bytes:
            return None
    return b"".join(pieces)
