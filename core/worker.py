"""The process that does the work: jobs in on stdin, events out on stdout, one JSON line each.

Run as ``python -m core.worker`` by the command line, and with ``--rehearse`` by the window, whose worker waits for its
first job with TensorFlow loaded. Nothing here loads it while it is imported: every process of a sweep imports this
module again, and many jobs do without.
"""

import contextlib
import os
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from types import FrameType
from typing import BinaryIO

from core.errors import TrialCancelled, WorkbenchError, part_missing, told_by_system
from core.events import (
    Event,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobStarted,
    TrialFailed,
    TrialFinished,
    TrialStopped,
    WorkerReady,
    question_in,
    to_line,
)
from core.experiment.jobs import AnyJob, Cancel, parse_job

NICENESS = 5
SECONDS_TO_QUIT = 8.0
LAST_WORDS = (TrialFinished, TrialFailed, TrialStopped, JobCancelled, JobFailed, JobFinished)


class Worker:
    """Takes jobs from a stream in their order and says events into another; lives until the first one ends."""

    def __init__(self, jobs: BinaryIO, events: BinaryIO) -> None:
        self._jobs = jobs
        self._events = events
        self._writing = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: deque[AnyJob] = deque()
        self._current: AnyJob | None = None
        self._cancelled = False
        self._closing = False
        self._may_drop_all = False

    def run(self, prepare: Callable[["Worker"], None] | None = None) -> None:
        """Prepare, then work until the input ends. A job's error ends the job, never the worker."""
        threading.Thread(target=self._read, name="jobs", daemon=True).start()
        # A job that is here already rehearses well enough.
        if prepare is not None and not self._waiting:
            prepare(self)
        self._say(WorkerReady(), "")
        while (job := self._next()) is not None:
            self._do(job)

    @contextlib.contextmanager
    def droppable(self) -> Iterator[None]:
        """Let the process quit at once when the input ends meanwhile: what is done in this `with` leaves no trace."""
        self._set_droppable(now=True)
        try:
            yield
        finally:
            self._set_droppable(now=False)

    def _set_droppable(self, *, now: bool) -> None:
        with self._changed:
            self._may_drop_all = now
            if now and self._closing:
                os._exit(0)

    def close(self) -> None:
        """Cancel everything and quit; by force if a library does not return within seconds."""
        with self._changed:
            if self._closing:
                return
            if self._may_drop_all:
                os._exit(0)
            self._closing = self._cancelled = True
            self._waiting.clear()
            self._changed.notify()
        timer = threading.Timer(SECONDS_TO_QUIT, os._exit, (1,))
        timer.daemon = True
        timer.start()

    def _read(self) -> None:
        for line in self._jobs:
            if not line.strip():
                continue
            try:
                request = parse_job(line)
            except WorkbenchError as error:
                self._say(JobFailed(message=str(error)), "")
                continue
            if isinstance(request, Cancel):
                self._cancel(request.cancel)
            else:
                with self._changed:
                    self._waiting.append(request)
                    self._changed.notify()
        self.close()

    def _cancel(self, job_id: str) -> None:
        with self._changed:
            if self._current is not None and self._current.job == job_id:
                self._cancelled = True
                return
            dropped = [job for job in self._waiting if job.job == job_id]
            for job in dropped:
                self._waiting.remove(job)
        for job in dropped:
            self._say(JobCancelled(), job.job)

    def _next(self) -> AnyJob | None:
        with self._changed:
            self._current = None
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if self._closing:
                return None
            self._current, self._cancelled = self._waiting.popleft(), False
            return self._current

    def _do(self, job: AnyJob) -> None:
        try:
            from core.experiment import intentions

            self._emit(JobStarted(intention=job.intention))
            self._emit(JobFinished(answer=intentions.carry_out(job, self._emit)))
        except TrialCancelled:
            self._emit(JobCancelled())
        except WorkbenchError as error:
            self._emit(JobFailed(message=str(error), question=question_in(error)))
        except MemoryError:
            message = "memory ran out; close other programs or use less data, then try again"
            self._emit(JobFailed(message=message, details=traceback.format_exc()))
        except ImportError as error:
            self._emit(JobFailed(message=part_missing(error), details=traceback.format_exc()))
        except OSError as error:
            self._emit(JobFailed(message=str(told_by_system(error)), details=traceback.format_exc()))
        except Exception as error:
            message = f"an unexpected {type(error).__name__}: {error}; the log has the details"
            self._emit(JobFailed(message=message, details=traceback.format_exc()))

    def _emit(self, event: Event) -> None:
        """Say an event of the current job; raise TrialCancelled when the job shall end."""
        assert self._current is not None
        self._say(event, self._current.job)
        if self._cancelled and not isinstance(event, LAST_WORDS):
            raise TrialCancelled

    def _say(self, event: Event, job_id: str) -> None:
        line = to_line(event.model_copy(update={"job": job_id})).encode()
        with self._writing:
            try:
                self._events.write(line)
                self._events.flush()
            except OSError:
                # Nobody listens any more.
                self._closing = self._cancelled = True


def _private_stdout() -> BinaryIO:
    """Return a duplicate of stdout and point stdout itself at stderr, so that no print can end up among events."""
    events = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return events


def _be_nice() -> None:
    """Let the window come first; on Windows it lowers the priority from its side."""
    if sys.platform != "win32":
        os.nice(max(0, NICENESS - os.nice(0)))


def _rehearse(worker: Worker) -> None:
    # A job that needs what cannot be loaded says so in its own place.
    with contextlib.suppress(ImportError, MemoryError):
        with worker.droppable():
            from core.experiment import warm_up
        warm_up.rehearse()


def main() -> None:
    """Work for the program at the other end of stdin and stdout."""
    events = _private_stdout()
    _be_nice()
    worker = Worker(sys.stdin.buffer, events)

    def leave(_signal: int, _frame: FrameType | None) -> None:
        # A thread of its own, because the main one may hold the lock that closing needs.
        threading.Thread(target=worker.close, daemon=True).start()

    signal.signal(signal.SIGTERM, leave)
    # Ctrl+C in a terminal reaches the whole group; the command line decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.run(_rehearse if "--rehearse" in sys.argv[1:] else None)
    # Python's own way out waits for libraries' threads, and aborts when one is reading stdin; all is said by now.
    os._exit(0)


if __name__ == "__main__":
    main()
