"""The download, from a server that does what real ones do: cuts connections, lies, is not there."""

import http.server
import io
import re
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from core.datasets.clips import label_names
from core.datasets.download import CONNECT_TIMEOUT_S, Archive, OfflineError, download
from core.datasets.speech_commands import MINI_SPEECH_COMMANDS
from core.errors import DataError, TrialCancelled
from core.events import Emit, Event, Progressed, ignore


def archive(extra: dict[str, bytes] | None = None) -> bytes:
    """Make an archive laid out like the real one."""
    packed = io.BytesIO()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        for word in ("go", "stop"):
            for number in range(20):
                file.writestr(f"{MINI_SPEECH_COMMANDS.name}/{word}/{number:08x}_nohash_0.wav", rng.bytes(20_000))
        file.writestr(f"{MINI_SPEECH_COMMANDS.name}/README.md", "clips")
        file.writestr("__MACOSX/._junk", "junk")
        for name, content in (extra or {}).items():
            file.writestr(name, content)
    return packed.getvalue()


class Server(http.server.ThreadingHTTPServer):
    """Serves one file with ranges; each of `cuts` ends one answer after that many bytes."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.cuts: list[int] = []
        self.ranges: list[str] = []
        self.obeys_ranges = True
        self.error = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/clips.zip"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range", "")
        self.server.ranges.append(asked)
        if self.server.error:
            self.send_error(self.server.error)
            return
        found = re.match(r"bytes=(\d+)-", asked) if self.server.obeys_ranges else None
        rest = self.server.content[int(found.group(1)) :] if found else self.server.content
        self.send_response(206 if found else 200)
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if self.server.cuts:
            rest = rest[: self.server.cuts.pop(0)]
            self.close_connection = True
        self.wfile.write(rest)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(archive()) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def at(url: str, num_bytes: int) -> Archive:
    """Return the archive as it would be elsewhere."""
    return replace(MINI_SPEECH_COMMANDS, url=url, num_bytes=num_bytes)


def fetch(server: Server, folder: Path, num_bytes: int | None = None, emit: Emit = ignore) -> Path:
    return download(at(server.url, num_bytes or len(server.content)), folder, emit)


def test_a_whole_download_is_unpacked_and_nothing_else_is_left(server: Server, tmp_path: Path) -> None:
    events: list[Event] = []
    folder = fetch(server, tmp_path / "data" / "clips", emit=events.append)
    assert label_names(folder) == ("go", "stop")
    # The folder of the words itself, where it always was, not one that merely holds it.
    assert len(list((folder / "go").iterdir())) == 20
    assert {path.name for path in (tmp_path / "data").iterdir()} <= {"clips", "clips.zip.part.lock"}
    said = [event for event in events if isinstance(event, Progressed)]
    assert {event.what for event in said} == {"Downloading Mini Speech Commands", "Unpacking Mini Speech Commands"}
    assert [event.done for event in said if event.what.startswith("Down")][-1] == len(server.content)


def test_what_is_there_is_not_downloaded_again(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path / "clips")
    fetch(server, tmp_path / "clips")
    assert server.ranges == [""]


def test_a_cut_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.cuts = [100_000, 200_000]
    folder = fetch(server, tmp_path / "clips")
    assert server.ranges == ["", "bytes=100000-", "bytes=300000-"]
    with zipfile.ZipFile(io.BytesIO(server.content)) as packed:
        name = f"{MINI_SPEECH_COMMANDS.name}/go/00000003_nohash_0.wav"
        assert (folder / "go" / "00000003_nohash_0.wav").read_bytes() == packed.read(name)


def test_a_later_attempt_goes_on_from_what_a_cancelled_one_left(server: Server, tmp_path: Path) -> None:
    def cancel_midway(event: Event) -> None:
        if isinstance(event, Progressed) and event.done > 0:
            raise TrialCancelled

    part = tmp_path / "clips.zip.part"
    part.write_bytes(server.content[:123_456])
    with pytest.raises(TrialCancelled):
        fetch(server, tmp_path / "clips", emit=cancel_midway)
    assert part.stat().st_size >= 123_456
    fetch(server, tmp_path / "clips")
    assert server.ranges[-1].startswith("bytes=")


def test_a_server_that_ignores_ranges_is_read_from_the_beginning(server: Server, tmp_path: Path) -> None:
    server.obeys_ranges = False
    (tmp_path / "clips.zip.part").write_bytes(b"leftover of something")
    assert label_names(fetch(server, tmp_path / "clips")) == ("go", "stop")


def test_a_file_of_another_length_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"offers {len(server.content):,} bytes where 182,082,353 are expected"):
        fetch(server, tmp_path / "clips", MINI_SPEECH_COMMANDS.num_bytes)
    assert not (tmp_path / "clips").exists()


def test_a_damaged_member_is_found_by_its_crc(server: Server, tmp_path: Path) -> None:
    damaged = bytearray(server.content)
    damaged[300_000] ^= 0xFF
    server.content = bytes(damaged)
    with pytest.raises(DataError, match=r"is damaged \(Bad CRC-32.*download it again"):
        fetch(server, tmp_path / "clips")
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


MEMBER, LISTED = b"PK\3\4", b"PK\1\2"
CONTENT = 30 + len("go/1.wav")


@pytest.mark.parametrize(
    ("method", "damage"),
    [
        (zipfile.ZIP_STORED, {(MEMBER, 8): b"\x63", (LISTED, 10): b"\x63"}),
        (zipfile.ZIP_STORED, {(MEMBER, 6): b"\1", (LISTED, 8): b"\1"}),
        (zipfile.ZIP_STORED, {(LISTED, 9): b"\x08", (LISTED, 46): b"\xff"}),
        (zipfile.ZIP_DEFLATED, {(MEMBER, CONTENT): b"\xff" * 8}),
        (zipfile.ZIP_BZIP2, {}),
        (zipfile.ZIP_LZMA, {}),
    ],
    ids=["unknown method", "encrypted", "name that is no text", "deflated", "bzip2", "lzma"],
)
def test_a_member_that_cannot_be_unpacked_is_told_and_the_archive_removed(
    server: Server, tmp_path: Path, method: int, damage: dict[tuple[bytes, int], bytes]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("go/1.wav", b"sound" * 100)
    content = bytearray(packed.getvalue())
    for (record, offset), put in damage.items():
        start = content.index(record) + offset
        content[start : start + len(put)] = put
    server.content = bytes(content)
    with pytest.raises(DataError, match=r"is damaged \(.*it was removed, download it again"):
        fetch(server, tmp_path / "clips", len(content))
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


def test_what_is_no_archive_is_refused(server: Server, tmp_path: Path) -> None:
    server.content = b"<html>Sign in to this network</html>"
    with pytest.raises(DataError, match="is damaged"):
        fetch(server, tmp_path / "clips")


@pytest.mark.parametrize("name", ["../outside.wav", "mini_speech_commands/../../outside.wav", "/tmp/outside.wav"])
def test_a_member_outside_the_folder_is_refused(server: Server, tmp_path: Path, name: str) -> None:
    server.content = archive({name: b"evil"})
    with pytest.raises(DataError, match="points outside the folder"):
        fetch(server, tmp_path / "inner" / "clips")
    assert not (tmp_path / "outside.wav").exists()
    assert not (tmp_path / "inner" / "outside.wav").exists()
    assert not (tmp_path / "inner" / "clips").exists()


def test_an_error_of_the_server_is_told(server: Server, tmp_path: Path) -> None:
    server.error = 503
    with pytest.raises(DataError, match="the server answers 503 Service Unavailable; try later"):
        fetch(server, tmp_path / "clips")


def test_a_refused_connection_is_told_at_once(tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/clips.zip"
        with pytest.raises(OfflineError, match=r"cannot be reached \(Connection refused\); check the network"):
            download(at(url, 1000), tmp_path / "clips")


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/clips.zip"
        started_s = time.monotonic()
        with pytest.raises(OfflineError, match=r"cannot be reached \(no answer\)"):
            download(at(url, 1000), tmp_path / "clips", timeout_s=0.5)
        # Sooner than without being told how long to wait.
        assert time.monotonic() - started_s < CONNECT_TIMEOUT_S


def test_a_name_that_does_not_resolve_in_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, given_up = threading.Event(), threading.Event()

    def never(*_: object, **__: object) -> object:
        asked.set()
        given_up.wait()
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", never)
    with pytest.raises(OfflineError, match="no answer"):
        download(at("http://storage.example/clips.zip", 1000), tmp_path / "clips", timeout_s=0.5)
    given_up.set()
    assert asked.is_set()


def test_two_downloads_at_once_do_not_write_into_each_other(server: Server, tmp_path: Path) -> None:
    with FileLock(tmp_path / "clips.zip.part.lock"), pytest.raises(DataError, match="by another process"):
        fetch(server, tmp_path / "clips")


def test_a_place_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot be written"):
        fetch(server, tmp_path / "file" / "clips")


def test_the_data_folder_is_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYML_WORKBENCH_DATA", str(tmp_path))
    folder = tmp_path / MINI_SPEECH_COMMANDS.name
    assert (MINI_SPEECH_COMMANDS.folder, MINI_SPEECH_COMMANDS.downloaded) == (folder, None)
    for word in ("go", "stop"):
        (folder / word).mkdir(parents=True)
    assert MINI_SPEECH_COMMANDS.downloaded == folder
    monkeypatch.delenv("TINYML_WORKBENCH_DATA")
    assert MINI_SPEECH_COMMANDS.folder.is_relative_to(Path.home())
