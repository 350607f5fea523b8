"""Several trials at once, each in a process of its own: on this machine, or wherever an executor sends them.

A trial's process writes the trial's `events.jsonl`; this one follows those files and hands on what is new. So a
local pool and a Dask cluster on a shared disk go the same way.
"""

import contextlib
import importlib
import multiprocessing
import multiprocessing.connection
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from core.errors import TrialCancelled, WorkbenchError
from core.events import Emit, Event, Progressed, StageStarted, ignore
from core.experiment import latencies, runner
from core.experiment.event_file import EVENTS, EventFile
from core.experiment.files import writing_failed
from core.experiment.store import Study, TrialState
from core.files import require_plain_file
from core.spec import stage_key

POLL_S = 0.25
_MARKER = ".going-"
_worked_for: set[Path] = set()
"""In a process of a pool: markers of the sweeps that it trained for, to be taken away if the sweep's own is killed."""


def run_many(
    study: Study, names: Sequence[str], num_workers: int, emit: Emit = ignore, scheduler: str = ""
) -> list[str]:
    """Run trials on `num_workers` processes, then time all of them again one by one, and return those finished.

    Trials that share a trained base are not started together: one trains it, the others take it over. Raises
    TrialCancelled once every process has stopped, or WorkbenchError when trials failed, the others being finished.
    """
    with executor_at(scheduler, num_workers) as pool:
        failures = train_many(study, names, num_workers, pool, emit)
    finished = latencies.remeasure(study, names, emit)
    runner.raise_failures(study, names, failures)
    return finished


def train_many(
    study: Study,
    names: Sequence[str],
    num_workers: int,
    pool: Executor,
    emit: Emit = ignore,
    earlier: int = 0,
    total: int = 0,
) -> dict[str, str]:
    """Run trials on an executor; return the sentences of those that failed, by name.

    Progress counts `earlier` trials of a `total` as done, where these are some of many. Raises TrialCancelled once
    every process has stopped.
    """
    waiting = [name for name in names if study.summary(name).state is not TrialState.FINISHED]
    with _marker(study.folder) as marker:
        schedule = _Schedule(study, waiting, num_workers, pool, marker, emit, earlier, total or len(waiting))
        failures = schedule.run()
    study.refresh()
    return failures


@dataclass
class _Running:
    """A trial that was handed to the executor."""

    name: str
    base: str
    future: Future[str]
    tail: EventFile
    base_is_trained: bool = False


@dataclass
class _Schedule:
    """Which trial goes next, and what those on their way say."""

    study: Study
    waiting: list[str]
    num_workers: int
    pool: Executor
    marker: Path
    emit: Emit
    earlier: int
    total: int
    running: list[_Running] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)
    processes: set[multiprocessing.process.BaseProcess] = field(default_factory=set)

    def run(self) -> dict[str, str]:
        """Run all that waits; return the sentences of those that failed, by name."""
        bases = {name: stage_key(self.study.spec(name), "training") for name in self.waiting}
        count = len(self.waiting)
        try:
            while self.waiting or self.running:
                self._start(bases)
                wait([trial.future for trial in self.running], timeout=POLL_S, return_when="FIRST_COMPLETED")
                self._point_out_deaths()
                self._follow()
                # Said even when nothing is new, because the caller asks for the end by raising from here.
                done = self.earlier + count - len(self.waiting) - len(self.running)
                self.emit(Progressed(what="Trials", done=done, total=self.total))
        except BaseException:
            self._stop()
            raise
        return self.failures

    def _start(self, bases: dict[str, str]) -> None:
        """Hand over trials while there is room, leaving out those whose base is in training just now."""
        in_training = {trial.base for trial in self.running if not trial.base_is_trained}
        for name in list(self.waiting):
            if len(self.running) >= self.num_workers:
                return
            if bases[name] in in_training:
                continue
            self.waiting.remove(name)
            events = self.study.folder_of(name) / EVENTS
            tail = EventFile(events, events.stat().st_size if events.exists() else 0)
            folder = str(self.study.folder.resolve())
            future = self.pool.submit(_run_in_process, folder, name, self.num_workers, str(self.marker))
            self.running.append(_Running(name, bases[name], future, tail))
            in_training.add(bases[name])

    def _follow(self) -> None:
        """Hand on new events, and take note of trials that ended."""
        ended = [trial for trial in self.running if trial.future.done()]
        for trial in self.running:
            for event in trial.tail.fresh():
                if isinstance(event, StageStarted) and event.stage not in ("prepare", "build", "train"):
                    trial.base_is_trained = True
                self.emit(event)
        for trial in ended:
            self.running.remove(trial)
            try:
                message = trial.future.result()
            except BrokenProcessPool as error:
                self._stop()
                raise WorkbenchError(
                    "a process of the sweep was killed, most often because memory ran out; finished trials are kept, "
                    "run the others again with fewer workers"
                ) from error
            if message:
                self.failures[trial.name] = message

    def _point_out_deaths(self) -> None:
        """Have the executor look at its processes when one of them ended.

        Until CPython 3.12 it lists those that it waits for before the newest is there, and so learns of the death of
        that one only when something else wakes it, as any call does.
        """
        self.processes.update(multiprocessing.active_children())
        if any(not process.is_alive() for process in self.processes):
            with contextlib.suppress(BrokenProcessPool):
                self.pool.submit(_wake)

    def _stop(self) -> None:
        """Ask every process to stop and wait until they did, handing on their last words."""
        self.marker.unlink(missing_ok=True)
        for trial in self.running:
            trial.future.cancel()
        while wait([trial.future for trial in self.running], timeout=POLL_S).not_done:
            self._point_out_deaths()
        for trial in self.running:
            for event in trial.tail.fresh():
                with contextlib.suppress(TrialCancelled):
                    self.emit(event)
        self.running.clear()


@contextlib.contextmanager
def _marker(folder: Path) -> Iterator[Path]:
    """Give a file that is there as long as trials shall go on: taking it away works on a full disk too.

    It is held locked, so that one left by a sweep that was killed is known, and taken away by the next.
    """
    for left in folder.glob(f"{_MARKER}*"):
        with contextlib.suppress(Timeout, OSError):
            require_plain_file(left)
            with FileLock(left, timeout=0):
                left.unlink()
    try:
        handle, name = tempfile.mkstemp(prefix=_MARKER, dir=folder)
    except OSError as error:
        raise WorkbenchError(writing_failed(folder, error)) from error
    os.close(handle)
    marker = Path(name).resolve()
    with FileLock(marker):
        try:
            yield marker
        finally:
            marker.unlink(missing_ok=True)


@contextlib.contextmanager
def executor_at(scheduler: str, num_workers: int) -> Iterator[Executor]:
    """Give an executor of the Dask cluster at an address, or of processes on this machine when none is named.

    A cluster must see the study and the clips under the same paths. Raises WorkbenchError when it cannot be reached.
    """
    if not scheduler:
        with _local_pool(num_workers) as pool:
            yield pool
        return
    try:
        client = importlib.import_module("distributed").Client(scheduler, timeout=10)
    except ImportError as error:
        raise WorkbenchError("a Dask scheduler needs the package distributed; install it, or name none") from error
    except OSError as error:
        raise WorkbenchError(f"no Dask scheduler answers at {scheduler} ({error}); check the address") from error
    with client:
        yield client.get_executor(pure=False)


def _local_pool(num_workers: int) -> ProcessPoolExecutor:
    # Forking a process that has TensorFlow's threads hangs; a spawned one starts clean.
    return ProcessPoolExecutor(num_workers, multiprocessing.get_context("spawn"), _leave_with_parent)


def _leave_with_parent() -> None:
    """End a process of the pool when the one that started it is gone.

    Each keeps as many threads as there are cores. With its share alone, the last and largest trials of study B left the
    other core idle: 92 s against 75 s for the seven. Trials of a sweep also give the same numbers as trained alone.
    """
    parent = multiprocessing.parent_process()
    assert parent is not None

    def leave() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        for marker in _worked_for:
            marker.unlink(missing_ok=True)
        os._exit(1)

    threading.Thread(target=leave, daemon=True).start()


def _run_in_process(study: str, name: str, num_workers: int, marker: str) -> str:
    """Run one trial; return the sentence of its failure, or nothing. What it says goes into its folder alone."""
    _worked_for.add(Path(marker))
    try:
        runner.run(Study.open(study), name, _until_gone(Path(marker)), contended=num_workers > 1)
    except TrialCancelled:
        return ""
    except WorkbenchError as error:
        return str(error)
    return ""


def _wake() -> None:
    """Do nothing, which is called to have an executor look at its processes."""


def _until_gone(marker: Path) -> Callable[[Event], None]:
    """Return an `Emit` that ends the trial soon after the marker is gone."""
    asked_s = 0.0

    def look(_event: Event) -> None:
        nonlocal asked_s
        if time.monotonic() - asked_s > POLL_S:
            asked_s = time.monotonic()
            if not marker.exists():
                raise TrialCancelled

    return look
