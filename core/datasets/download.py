"""Data sets on the web: where each lies on this machine, and how it gets there, whole or not at all."""

import http.client
import shutil
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from core.datasets.data_folder import data_folder
from core.datasets.progress import Progress
from core.errors import DataError
from core.events import Emit, ignore

CONNECT_TIMEOUT_S = 4.0

_BLOCK_BYTES = 1 << 18
_GRACE_S = 0.5
# For a member that is encrypted it is RuntimeError, for a name that is empty or no text one of the last two.
_SIGNS_OF_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, LookupError, ValueError)
# The others may want gigabytes, by a word in their header alone.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_GROWTH = 20


class OfflineError(DataError):
    """The server could not be reached; what can stand in for the data is in the sentence."""


@dataclass(frozen=True)
class Archive:
    """A zip on the web that holds a data set: its exact length, and what a user can do where it cannot be had."""

    title: str
    url: str
    num_bytes: int
    name: str
    """Folder it is unpacked into; a folder of this name within the archive is that folder."""
    content: Callable[[Path], Path | None]
    """What a folder holds of the data set, None where it does not."""
    instead: str
    offline: str

    @property
    def folder(self) -> Path:
        """Where the data set lies on this machine, or would lie once downloaded."""
        return data_folder() / self.name

    @property
    def downloaded(self) -> Path | None:
        """The data set on this machine, whole, or None."""
        return self.content(self.folder)


def download(
    archive: Archive, folder: Path | None = None, emit: Emit = ignore, timeout_s: float = CONNECT_TIMEOUT_S
) -> Path:
    """Download and unpack a data set, going on with what an earlier attempt left; return its folder or file.

    Raises OfflineError after `timeout_s` when the server cannot be reached, DataError when the archive is not
    what it should be or cannot be written, TrialCancelled through `emit`.
    """
    target = folder or archive.folder
    if archive.content(target) is None:
        _fetch_archive(archive, target, emit, timeout_s)
    content = archive.content(target)
    if content is None:
        raise DataError(f"{target}: the archive does not hold {archive.title}; remove the folder and download it again")
    return content


def _fetch_archive(archive: Archive, target: Path, emit: Emit, timeout_s: float) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.parent / f"{target.name}.zip.part"
        with FileLock(f"{part}.lock", timeout=0):
            _fetch(archive, part, timeout_s, emit)
            _unpack(archive, part, target, emit)
            part.unlink()
    except Timeout as error:
        raise DataError(f"{target}: is being downloaded by another process; wait for it") from error
    except OSError as error:
        reason = error.strerror or error
        raise DataError(f"{target}: cannot be written ({reason}); free space or choose another folder") from error


def _fetch(archive: Archive, part: Path, timeout_s: float, emit: Emit) -> None:
    """Bring `part` to its full length, asking only for what is missing, as long as each answer brings something."""
    num_bytes = archive.num_bytes
    if part.exists() and part.stat().st_size > num_bytes:
        part.unlink()
    part.touch()
    progress = Progress(emit, f"Downloading {archive.title}", num_bytes, unit="bytes")
    have = part.stat().st_size
    progress.advance(have)
    while have < num_bytes:
        broken: DataError | None = None
        try:
            _fetch_rest(archive, part, timeout_s, progress)
        except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            broken = _explain(error, archive)
        arrived = part.stat().st_size
        if arrived <= have:
            raise broken or OfflineError(f"{archive.url}: the server sends nothing; try later or {archive.instead}")
        have = arrived


def _fetch_rest(archive: Archive, part: Path, timeout_s: float, progress: Progress) -> None:
    url, num_bytes = archive.url, archive.num_bytes
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
                f"another file; {archive.instead}"
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


def _explain(error: Exception, archive: Archive) -> DataError:
    url = archive.url
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        return DataError(f"{url}: the server answers {error.code} {error.reason}; try later or {archive.instead}")
    reason = getattr(error, "reason", error)
    said = "no answer" if isinstance(reason, TimeoutError) else getattr(reason, "strerror", None) or reason
    return OfflineError(f"{url}: cannot be reached ({said}); check the network, or {archive.offline}")


def _unpack(archive: Archive, packed_file: Path, target: Path, emit: Emit) -> None:
    """Unpack into a folder beside `target`, every member's CRC checked, and rename it when it is whole."""
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with zipfile.ZipFile(packed_file) as packed:
            members = [member for member in packed.infolist() if not member.is_dir() and _is_wanted(member)]
            _require_room(members, archive)
            progress = Progress(emit, f"Unpacking {archive.title}", len(members))
            for member in members:
                _require_inside(scratch, member, packed_file)
                if member.compress_type not in _METHODS:
                    raise zipfile.BadZipFile(f"a member is packed by method {member.compress_type}")
                # Reading a member to its end compares its CRC.
                packed.extract(member, scratch)
                progress.advance()
        inner = scratch / archive.name
        (inner if inner.is_dir() else scratch).replace(target)
    except _SIGNS_OF_DAMAGE as error:
        packed_file.unlink()
        raise DataError(f"{packed_file.name}: is damaged ({error}); it was removed, download it again") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _is_wanted(member: zipfile.ZipInfo) -> bool:
    """Leave out what a Macintosh adds to archives."""
    return not member.filename.startswith("__MACOSX/") and not member.filename.endswith(".DS_Store")


def _require_room(members: Sequence[zipfile.ZipInfo], archive: Archive) -> None:
    """Raise BadZipFile where members would fill the disk."""
    if sum(member.file_size for member in members) > _MOST_GROWTH * archive.num_bytes:
        raise zipfile.BadZipFile(f"it would unpack to more than {_MOST_GROWTH} times its size")


def _require_inside(folder: Path, member: zipfile.ZipInfo, archive: Path) -> None:
    if not (folder / member.filename).resolve().is_relative_to(folder.resolve()):
        archive.unlink()
        raise DataError(
            f"{archive.name}: its member {member.filename!r} points outside the folder; "
            "it was removed, download it again"
        )
