"""Many inputs of one kind tried in worker processes, so that a bad one costs no more than a new worker."""

import json
import mmap
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.mutation.kind import Trials, kind_at
from tests.mutation.worker import ENDED, HEARTBEAT, WARMING, places_shown

MOST_SECONDS = 5.0
"""That an input may take."""

_WARM_UP_S = 60.0
_LOOK_S = 0.02
_MOST_SAID = 3000
_TELLING_S = 0.1
_FRAME = re.compile(r'File "([^"]+)", line (\d+) in (\S+)')
_ROOT = Path(__file__).resolve().parents[2]
# Else each thread reserves address space of its own, which would count as taken.
_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0", "QT_QPA_PLATFORM": "offscreen",
}  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """An input that ended in neither a result nor a sentence, by its number: it is made again from that alone."""

    number: int
    what: str
    """traceback, hang, memory, or crash: the process was gone."""
    exception: str = ""
    trace: tuple[str, ...] = ()

    @property
    def cause(self) -> tuple[str, str, str]:
        """What failures of one cause have in common."""
        return self.what, self.exception, self.trace[-1] if self.trace else ""


@dataclass
class Tally:
    """What came of the inputs of a kind."""

    kind: str
    inputs: int = 0
    seconds: float = 0.0
    peak_bytes: int = 0
    failures: list[Failure] = field(default_factory=list)

    def count(self, what: str) -> int:
        """Return how many failed in a way."""
        return sum(failure.what == what for failure in self.failures)

    def line(self) -> str:
        """Return the figures in one line."""
        counts = ", ".join(f"{self.count(what)} {name}" for what, name in _NAMES.items())
        rate = self.inputs / self.seconds if self.seconds else 0
        return (
            f"{self.kind:<9} {self.inputs:>7,} inputs, {counts}, "
            f"{self.peak_bytes / 1024**2:.0f} MB at most, {rate:,.0f}/s"
        )

    def causes(self) -> Iterator[str]:
        """Yield a text for each cause of failures, with the numbers of the first inputs that met it."""
        by_cause = Counter(failure.cause for failure in self.failures)
        for cause, count in by_cause.most_common():
            failures = [failure for failure in self.failures if failure.cause == cause]
            numbers = ", ".join(str(failure.number) for failure in failures[:3])
            trace = "".join(f"\n      {place}" for place in failures[0].trace)
            yield f"  {self.kind} {numbers}: {cause[0]} {cause[1]} ({count}){trace}"


_NAMES = {"traceback": "tracebacks", "hang": "hangs", "memory": "over 1 GB", "crash": "crashes"}


@contextmanager
def prepared(place: str, trials: Trials) -> Iterator[Path]:
    """Give a folder with the undamaged inputs of a kind; it is in memory where the system has such folders."""
    memory = Path("/dev/shm")
    where = memory if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="mutation-", dir=where) as name:
        folder = Path(name)
        (folder / "seeds").mkdir()
        kind_at(place).prepare(folder / "seeds", trials)
        yield folder


def run(kind: str, place: str, folder: Path, seed: int, *, count: int, seconds: float, first: int = 0) -> Tally:
    """Try `count` inputs of a kind from the number `first` on, or as many as `seconds` allow."""
    tally = Tally(kind)
    began_s = time.monotonic()
    number, last = first, first + count
    while number < last and (left_s := began_s + seconds - time.monotonic()) > 0:
        number = _go_on(tally, place, folder, f"{kind} {seed}", number, last - number, left_s)
    tally.seconds = time.monotonic() - began_s
    return tally


def _go_on(tally: Tally, place: str, folder: Path, seed: str, first: int, count: int, seconds: float) -> int:
    """Try inputs in one worker; return the number to go on with."""
    with _started(place, folder, seed, first, count, seconds) as (worker, heart):
        hung = _watch(worker, heart)
        number, done, _ = HEARTBEAT.unpack(heart[:])
    tally.inputs += done
    for line in (folder / "reports").read_bytes().splitlines():
        _take(tally, line)
    if number == ENDED and worker.returncode == 0:
        return first + count
    if number == WARMING:
        said = (folder / "complaints").read_text(errors="replace")[-_MOST_SAID:]
        raise RuntimeError(f"undamaged inputs of the kind {tally.kind} fail:\n{said}")
    tally.inputs += 1
    if not hung:
        tally.failures.append(Failure(number, "crash", _ending(worker.returncode)))
    elif _hangs_again(place, folder, seed, number):
        tally.failures.append(Failure(number, "hang", trace=_where_it_stood(folder)))
    return number + 1


def _hangs_again(place: str, folder: Path, seed: str, number: int) -> bool:
    """Tell whether an input takes too long once more: on a busy machine the first time may not have been its fault."""
    with _started(place, folder, seed, number, 1, MOST_SECONDS) as (worker, heart):
        return _watch(worker, heart)


def _where_it_stood(folder: Path) -> tuple[str, ...]:
    """Return where the last worker stood when it was asked."""
    _, _, said = (folder / "complaints").read_text(errors="replace").rpartition("(most recent call first):")
    frames = [(match[1], int(match[2]), match[3]) for match in _FRAME.finditer(said)]
    return tuple(places_shown(frames[::-1]))


def _take(tally: Tally, line: bytes) -> None:
    told = json.loads(line)
    if "peak_bytes" in told:
        tally.peak_bytes = max(tally.peak_bytes, told["peak_bytes"])
    else:
        tally.failures.append(Failure(told["number"], told["what"], told["exception"], tuple(told["trace"])))


@contextmanager
def _started(
    place: str, folder: Path, seed: str, first: int, count: int, seconds: float
) -> Iterator[tuple["subprocess.Popen[bytes]", mmap.mmap]]:
    """Start a worker with an empty scratch folder; it is ended and the folder removed in any case."""
    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "heartbeat").write_bytes(HEARTBEAT.pack(WARMING, 0, time.monotonic()))
    own = {f"TINYML_WORKBENCH_{name}": str(scratch / name.lower()) for name in ("CACHE", "DATA", "CONFIG")}
    environment = {**os.environ, **_ENVIRONMENT, **own, "HOME": str(scratch), "PYTHONPATH": str(_ROOT)}
    command = [
        sys.executable,
        "-m",
        "tests.mutation.worker",
        place,
        str(folder),
        seed,
        str(first),
        str(count),
        str(seconds),
    ]
    with (
        (folder / "heartbeat").open("r+b") as file,
        mmap.mmap(file.fileno(), HEARTBEAT.size) as heart,
        # No pipes: nobody reads while inputs are tried.
        (folder / "reports").open("wb") as out,
        (folder / "complaints").open("wb") as err,
        subprocess.Popen(
            command,
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        ) as worker,
    ):
        try:
            yield worker, heart
        finally:
            _end(worker)
            shutil.rmtree(scratch, ignore_errors=True)


def _watch(worker: "subprocess.Popen[bytes]", heart: mmap.mmap) -> bool:
    """Wait until a worker ends, or end it over an input that takes too long; tell whether it did."""
    while worker.poll() is None:
        number, _, since_s = HEARTBEAT.unpack(heart[:])
        allowed_s = _WARM_UP_S if number == WARMING else MOST_SECONDS
        if number != ENDED and time.monotonic() - since_s > allowed_s:
            worker.send_signal(signal.SIGUSR1)
            time.sleep(_TELLING_S)
            _end(worker)
            return True
        time.sleep(_LOOK_S)
    return False


def _end(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is None:
        # With what it may have started itself.
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


def _ending(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"
