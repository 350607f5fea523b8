"""Mini Speech Commands: where it lies on this machine, and how it gets there.

Eight words of Warden, "Speech Commands", 2018, https://arxiv.org/abs/1804.03209, 1,000 clips each, CC BY 4.0.
"""

import http.client
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from pathlib import Path

from filelock import FileLock, Timeout

from core.datasets.clips import label_names
from core.datasets.data_folder import data_folder
from core.datasets.progress import Progress
from core.errors import DataError
from core.events import Emit, ignore

URL = "http://storage.googleapis.com/download.tensorflow.org/data/mini_speech_commands.zip"
NUM_BYTES = 182_082_353
NAME = "mini_speech_commands"
CONNECT_TIMEOUT_S = 4.0

_BLOCK_BYTES = 1 << 18
_GRACE_S = 0.5


class OfflineError(DataError):
    """The server could not be reached; clips made by speech synthesis can stand in."""


def mini_speech_commands_folder() -> Path:
    """Return where Mini Speech Commands lies, or would lie once downloaded."""
    return data_folder() / NAME


def is_downloaded() -> bool:
    """Tell whether Mini Speech Commands is there; it is either whole or absent."""
    return len(label_names(mini_speech_commands_folder())) >= 2


def download(
    folder: Path | None = None,
    emit: Emit = ignore,
    url: str = URL,
    num_bytes: int = NUM_BYTES,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> Path:
    """Download and unpack Mini Speech Commands, going on with what an earlier attempt left; return its folder.

    Raises OfflineError after `timeout_s` when the server cannot be reached, DataError when the archive is not
    what it should be or cannot be written, TrialCancelled through `emit`.
    """
    target = folder or mini_speech_commands_folder()
    if label_names(target):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.parent / f"{target.name}.zip.part"
        with FileLock(f"{part}.lock", timeout=0):
            _fetch(url, part, num_bytes, timeout_s, emit)
            _unpack(part, target, emit)
            part.unlink()
    except Timeout as error:
        raise DataError(f"{target}: is being downloaded by another process; wait for it") from error
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{target}: cannot be written ({reason}); free space or choose another folder") from error
    return target


def _fetch(url: str, part: Path, num_bytes: int, timeout_s: float, emit: Emit) -> None:
    """Bring `part` to its full length, asking only for what is missing, as long as each answer brings something."""
    if part.exists() and part.stat().st_size > num_bytes:
        part.unlink()
    part.touch()
    progress = Progress(emit, "Downloading Mini Speech Commands", num_bytes)
    have = part.stat().st_size
    progress.advance(have)
    while have < num_bytes:
        broken: DataError | None = None
        try:
            _fetch_rest(url, part, num_bytes, timeout_s, progress)
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            broken = _explain(error, url)
        arrived = part.stat().st_size
        if arrived <= have:
            raise broken or OfflineError(f"{url}: the server sends nothing; try later or use a folder of your own")
        have = arrived


def _fetch_rest(url: str, part: Path, num_bytes: int, timeout_s: float, progress: Progress) -> None:
    have = part.stat().st_size
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    with _open(request, timeout_s, progress) as answer, part.open("ab") as file:
        if have and answer.status != http.client.PARTIAL_CONTENT:
            # The server sends the whole file whatever it is asked for.
            file.truncate(0)
            progress.advance(-have)
            have = 0
        promised = int(answer.headers.get("Content-Length") or num_bytes - have)
        if have + promised != num_bytes:
            raise DataError(
                f"{url}: the server offers {have + promised:,} bytes where {num_bytes:,} are expected, so it is "
                "another file; use a folder of your own instead"
            )
        while block := answer.read1(_BLOCK_BYTES):
            file.write(block)
            progress.advance(len(block))


def _open(request: urllib.request.Request, timeout_s: float, progress: Progress) -> http.client.HTTPResponse:
    """Open a URL within `timeout_s` and a grace; the time-out of a socket does not cover the look-up of its name."""
    outcome: list[http.client.HTTPResponse | Exception] = []

    def open_url() -> None:
        try:
            outcome.append(urllib.request.urlopen(request, timeout=timeout_s))
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=open_url, daemon=True)
    thread.start()
    deadline_s = time.monotonic() + timeout_s + _GRACE_S
    while thread.is_alive() and time.monotonic() < deadline_s:
        thread.join(0.1)
        progress.advance(0)
    if not outcome:
        raise TimeoutError
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _explain(error: Exception, url: str) -> DataError:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return DataError(
            f"{url}: the server answers {error.code} {error.reason}; try later or use a folder of your own"
        )
    reason = getattr(error, "reason", error)
    said = "no answer" if isinstance(reason, TimeoutError) else getattr(reason, "strerror", None) or reason
    return OfflineError(f"{url}: cannot be reached ({said}); check the network, or make clips by speech synthesis")


def _unpack(archive: Path, target: Path, emit: Emit) -> None:
    """Unpack into a folder beside `target`, every member's CRC checked, and rename it when it is whole."""
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with zipfile.ZipFile(archive) as packed:
            members = [member for member in packed.infolist() if not member.is_dir() and _is_wanted(member)]
            progress = Progress(emit, "Unpacking Mini Speech Commands", len(members))
            for member in members:
                _require_inside(scratch, member, archive)
                # Reading a member to its end compares its CRC.
                packed.extract(member, scratch)
                progress.advance()
        inner = scratch / NAME
        (inner if inner.is_dir() else scratch).replace(target)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        archive.unlink()
        raise DataError(f"{archive.name}: is damaged ({error}); it was removed, download it again") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    """Leave out what a Macintosh adds to archives."""
    return not member.filename.startswith("__MACOSX/") and not member.filename.endswith(".DS_Store")


def _require_inside(folder: Path, member: zipfile.ZipInfo, archive: Path) -> None:
    if not (folder / member.filename).resolve().is_relative_to(folder.resolve()):
        archive.unlink()
        raise DataError(
            f"{archive.name}: its member {member.filename!r} points outside the folder; "
            "it was removed, download it again"
        )
