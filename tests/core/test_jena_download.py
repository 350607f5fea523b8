"""The download of the Jena climate by its command and its job, from a server here that has an archive of its length."""

import io
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from core.datasets.climate import read_series
from core.datasets.jena import JENA
from core.errors import DataError, TrialCancelled
from core.events import Event, Progressed, ignore
from core.experiment.intentions import carry_out
from core.experiment.jobs import Download
from tests.conftest import ROOT
from tests.core.test_datasets_download import Server

HEADER = '"Date Time","p (mbar)","T (degC)","rh (%)"'
RUN_S = 60


def archive() -> bytes:
    """Return an archive as long as the real one: some rows as it has them, and a member that fills it up."""
    times = (f"{1 + number // 144:02}.01.2009 {number // 6 % 24:02}:{number % 6}0:00" for number in range(600))
    rows = [f"{time},996.52,-8.02,93.3" for time in times]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as file:
        file.writestr(f"{JENA.name}.csv", "\n".join([HEADER, *rows]) + "\n")
        # The header of this member, and the table of contents at the end.
        rest = JENA.num_bytes - file.fp.tell() - 202
        file.writestr("__MACOSX/filling", np.random.default_rng(0).bytes(rest))
    assert len(packed.getvalue()) == JENA.num_bytes
    return packed.getvalue()


@pytest.fixture(scope="module")
def content() -> bytes:
    return archive()


@pytest.fixture
def server(content: bytes) -> Iterator[Server]:
    with Server(content) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.05,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def job(server: Server, folder: Path) -> Download:
    return Download(data="jena", folder=str(folder), url=server.url)


@pytest.mark.slow
def test_the_command_names_the_file(server: Server) -> None:
    command = [sys.executable, "-m", "workbench", "data", "download", "jena", "--from", server.url, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RUN_S)
    assert done.returncode == 0, done.stderr
    path = Path(json.loads(done.stdout)["file"])
    assert path == JENA.downloaded and [each.name for each in path.parent.iterdir()] == [path.name]
    series = read_series(path, ("T (degC)", "rh (%)"))
    assert (len(series.times_s), series.interval_s) == (600, 600)


def test_the_job_tells_its_progress_is_cancelled_and_goes_on(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.datasets.progress._INTERVAL_S", 0)
    said: list[Progressed] = []

    def hear(event: Event) -> None:
        assert isinstance(event, Progressed)
        said.append(event)

    def cancel(event: Event) -> None:
        if isinstance(event, Progressed) and event.done > JENA.num_bytes / 5:
            raise TrialCancelled

    folder = tmp_path / "jena"
    server.cuts = [4_000_000, 4_000_000]
    with pytest.raises(TrialCancelled):
        carry_out(job(server, folder), cancel)
    have = (tmp_path / "jena.zip.part").stat().st_size
    assert JENA.num_bytes / 5 < have < JENA.num_bytes and not folder.exists()
    found = carry_out(job(server, folder), hear)
    assert found == str(folder / f"{JENA.name}.csv") and Path(found).read_text().startswith(HEADER)
    assert f"bytes={have}-" in server.ranges and len(server.ranges) == 3
    loading = [event for event in said if event.what == "Downloading Jena climate"]
    assert loading[1].done == have and (loading[-1].done, loading[-1].total) == (JENA.num_bytes, JENA.num_bytes)
    assert said[-1].what == "Unpacking Jena climate" and not (tmp_path / "jena.zip.part").exists()
    # What is there is not fetched again.
    carry_out(job(server, folder), hear)
    assert len(server.ranges) == 3


def test_an_archive_is_checked_by_its_length_and_the_crc_of_its_table(
    server: Server, content: bytes, tmp_path: Path
) -> None:
    damaged = bytearray(content)
    damaged[200] ^= 0xFF
    server.content = bytes(damaged)
    with pytest.raises(DataError, match=r"is damaged \(Bad CRC-32.*download it again"):
        carry_out(job(server, tmp_path / "jena"), ignore)
    server.content = content[:-1]
    with pytest.raises(DataError, match=r"offers 13,568,289 bytes where 13,568,290 are expected.*of your own"):
        carry_out(job(server, tmp_path / "jena"), ignore)
    assert not (tmp_path / "jena").exists()
