"""A process that damages inputs of one kind and gives them to the program, for as long as nothing ends it.

It says on stdout, a JSON line each, what ended otherwise than in a result or a sentence; where it is stands in a file
that whoever started it maps too.

python -m tests.mutation.worker PLACE FOLDER SEED FIRST COUNT SECONDS
"""

import contextlib
import faulthandler
import json
import mmap
import os
import resource
import signal
import struct
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import IO

import psutil

from core.errors import WorkbenchError
from tests.mutation.kind import Kind, kind_at

MOST_BYTES = 1 << 30
"""Memory that an input may cost."""
HEARTBEAT = struct.Struct("<qqd")
"""Number of the input that is being tried, how many were done, and since when on the monotonic clock."""
WARMING, ENDED = -1, -2

_LINES_SHOWN = 6
_OURS = ("core/", "workbench/")
_ROOT = Path(__file__).resolve().parents[2]
_INPUTS_A_TIDY = 250
_PROCESS = psutil.Process()


def main() -> None:
    """Try inputs from a number on."""
    place, folder, seed, first, count, seconds = sys.argv[1:]
    root = Path(folder)
    # Where it stands is asked for by a signal when an input takes too long.
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    reports = os.fdopen(os.dup(1), "w", buffering=1)
    # What the program itself prints is not looked at.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with (root / "heartbeat").open("r+b") as file, mmap.mmap(file.fileno(), HEARTBEAT.size) as heart:
        work(
            kind_at(place)(root / "seeds", root / "scratch"),
            heart,
            reports,
            seed,
            int(first),
            int(count),
            float(seconds),
        )


def work(kind: Kind, heart: mmap.mmap, reports: IO[str], seed: str, first: int, count: int, seconds: float) -> None:
    """Try `count` inputs or as many as `seconds` allow, and say how much memory they took at most."""
    beat(heart, WARMING, 0)
    for given in kind.whole():
        for attempt in kind.attempts(given):
            attempt()
    kind.tidy()
    _allow_memory()
    before_kb = _most_kb()
    until_s = time.monotonic() + seconds
    done = 0
    for number in range(first, first + count):
        if time.monotonic() > until_s:
            break
        beat(heart, number, done)
        try_input(kind, seed, number, reports)
        done += 1
        if done % _INPUTS_A_TIDY == 0:
            kind.tidy()
            _allow_memory()
    beat(heart, ENDED, done)
    print(json.dumps({"peak_bytes": 1024 * (_most_kb() - before_kb)}), file=reports)


def try_input(kind: Kind, seed: str, number: int, reports: IO[str]) -> None:
    """Damage one input and give it to the program; say what ends in anything else than a result or a sentence."""
    attempts = kind.attempts(kind.damaged(Random(f"{seed} {number}")))
    while True:
        # Putting an input in its place may fail as well: an attempt may stand on the one before.
        try:
            attempt = next(attempts)
            attempt()
        except StopIteration:
            return
        except WorkbenchError:
            continue
        except (Exception, SystemExit) as error:
            print(json.dumps(_told(number, error)), file=reports)


def _told(number: int, error: BaseException) -> dict[str, object]:
    """Return what is said of an exception: the last places in the program, and nothing of the input."""
    frames = traceback.extract_tb(error.__traceback__)[1:]
    shown = places_shown([(frame.filename, frame.lineno, frame.name) for frame in frames])
    what = "memory" if isinstance(error, MemoryError) else "traceback"
    return {"number": number, "what": what, "exception": type(error).__name__, "trace": shown}


def places_shown(frames: Sequence[tuple[str, int | None, str]]) -> list[str]:
    """Return the last of some places, from the outermost on: those in the program where there are any."""
    places = [(_short(filename), line, name) for filename, line, name in frames]
    ours = [place for place in places if place[0].startswith(_OURS)]
    return [f"{file}:{line} {name}" for file, line, name in (ours or places)[-_LINES_SHOWN:]]


def _short(filename: str) -> str:
    with contextlib.suppress(ValueError):
        return Path(filename).relative_to(_ROOT).as_posix()
    return filename


def beat(heart: mmap.mmap, number: int, done: int) -> None:
    """Tell where the worker is."""
    heart[:] = HEARTBEAT.pack(number, done, time.monotonic())


def _most_kb() -> int:
    """Return the most memory that this process had so far, or one that it started."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _allow_memory() -> None:
    """Let the process grow by no more than an input may cost; what earlier inputs left is not the next one's fault."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_PROCESS.memory_info().vms + MOST_BYTES, hard))


if __name__ == "__main__":
    main()
