"""A worker process for one command: started with it, listened to, and ended with it. Knows nothing of Qt."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import ValidationError

import core
from core.errors import TrialCancelled, WorkbenchError
from core.events import Emit, Event, JobCancelled, JobFailed, JobFinished, Warned, parse_event
from core.experiment.jobs import AnyJob, Cancel, to_line

SECONDS_TO_QUIT = 10
_LAST_LINES = 12


def run_job(intention: AnyJob, show: Emit) -> Any:
    """Run one job to its end, handing its events to `show`, and return its answer.

    The first Ctrl+C asks the worker to stop, the second kills it. Raises WorkbenchError with the sentence of a job that
    failed, TrialCancelled when it was cancelled.
    """
    with WorkerProcess() as worker:
        return worker.run(intention, show)


class WorkerProcess:
    """`python -m core.worker`, with TensorFlow in it, so that a crash there is a sentence here."""

    def __enter__(self) -> "WorkerProcess":
        self._log = tempfile.TemporaryFile()
        self._stop_requests = 0
        # A session of its own: Ctrl+C reaches this process alone, which then asks the worker to stop.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "core.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(),
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        return self

    def __exit__(self, *exception: object) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_QUIT)
        except subprocess.TimeoutExpired:
            self._kill()
        self._process.stdout.close()
        self._log.close()

    def run(self, intention: AnyJob, show: Emit) -> Any:
        """Run one job; see `run_job`."""
        job = intention.model_copy(update={"job": uuid.uuid4().hex[:8]})
        with self._asking_to_stop(job.job, show):
            self._write(job)
            for event in self._events():
                show(event)
                if event.job != job.job:
                    continue
                if isinstance(event, JobFinished):
                    return event.answer
                if isinstance(event, JobFailed):
                    raise WorkbenchError(event.message)
                if isinstance(event, JobCancelled):
                    raise TrialCancelled
            raise self._death()

    def _events(self) -> Iterator[Event]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(ValidationError):
                yield parse_event(line)

    def _write(self, message: AnyJob | Cancel) -> None:
        assert self._process.stdin is not None
        # Unbuffered, for a signal may ask for a second line while the first is on its way.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._process.stdin.fileno(), to_line(message).encode())

    @contextlib.contextmanager
    def _asking_to_stop(self, job: str, show: Emit) -> Iterator[None]:
        def on_signal(_number: int, _frame: FrameType | None) -> None:
            self._stop_requests += 1
            if self._stop_requests > 1:
                self._kill()
                return
            show(Warned(message="Stopping; what is finished stays. Once more ends it at once."))
            self._write(Cancel(cancel=job))

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _kill(self) -> None:
        if hasattr(os, "killpg"):
            # With the processes of a sweep.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def _death(self) -> Exception:
        """Return what a worker that ended without an answer comes to."""
        code = self._process.wait()
        if self._stop_requests:
            return TrialCancelled()
        if code < 0:
            return WorkbenchError(
                f"The worker was killed by signal {-code}, perhaps for want of memory. Finished trials and epochs are "
                "kept; resume the trial to go on."
            )
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
        return WorkbenchError("\n".join([f"The worker quit with {code}. Its last words:", *lines]))


def _environment() -> dict[str, str]:
    """Let the worker find `core` where this process found it, whatever folder the command was given in."""
    root = str(Path(core.__file__).parent.parent)
    inherited = os.environ.get("PYTHONPATH")
    return {**os.environ, "PYTHONPATH": os.pathsep.join([root, inherited] if inherited else [root])}
