"""Work that goes on outside the window: one warm worker process, a queue before it, its events to the session.

The window waits for nothing here. A crash or an exhausted memory kills the worker, never the window;
the job that ran becomes a sentence and a new worker is started.
"""

import os
import sys
import uuid
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
from pydantic import ValidationError
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

import core
from core.events import (
    BatchEnded,
    Event,
    HostKeyQuestion,
    JobCancelled,
    JobFailed,
    JobFinished,
    JobStarted,
    PasswordQuestion,
    Progressed,
    WorkerReady,
    parse_event,
)
from core.experiment.device_jobs import DeviceJob
from core.experiment.jobs import AnyJob, Cancel, to_line
from core.visible_text import visible_lines
from workbench.session import Session

LIGHT = ["-m", "core.worker"]
"""A worker that loads TensorFlow only when a job needs it."""
GRACE_MS = 10_000
LOG_LINES = 2000
REFRESH_MS = 150
FLUSH_MS = 100
STARTS_BEFORE_GIVING_UP = 3
IN_TRAINING = "Finished trials are kept; train again to go on from the last epoch."
ON_A_DEVICE = "The release that was active on the device still is; try again."
"""What to do when the worker has gone."""
NICENESS = 5
_IN_PASSING = (BatchEnded, Progressed, WorkerReady, JobStarted)


class JobState(StrEnum):
    """How far a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass
class QueuedJob:
    """One intention on its way; `message` is the failure's sentence, `answer` what the job returned.

    A job that failed with a `question` goes on when it is asked for again with the user's answer in it.
    """

    intention: AnyJob
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    state: JobState = JobState.QUEUED
    message: str = ""
    answer: Any = None
    question: HostKeyQuestion | PasswordQuestion | None = None

    @property
    def kind(self) -> str:
        """Name of the intention, as the worker knows it."""
        return self.intention.intention


class Jobs(QObject):
    """The queue and the worker process behind it."""

    changed = Signal()
    """A job was queued, started, asked to stop or ended."""
    ended = Signal(object)
    """A QueuedJob that is over, whichever way."""
    ready_changed = Signal(bool)
    """The worker has TensorFlow loaded, or is gone."""
    logged = Signal(str)
    """Lines of the worker's log, joined by newlines."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.ready = False
        self.running: QueuedJob | None = None
        self.waiting: deque[QueuedJob] = deque()
        self.log: deque[str] = deque(maxlen=LOG_LINES)
        self.trouble = ""
        """Why there is no worker, once starting one was given up."""
        self.command = [*LIGHT, "--rehearse"]
        self._unsaid: deque[str] = deque(maxlen=LOG_LINES)
        self._failed_starts = 0
        self._closing = False
        self._beside: list[Jobs] = []
        self._process: QProcess | None = None
        self._refresh = _single_shot(self, REFRESH_MS, session.refresh)
        self._flush = _single_shot(self, FLUSH_MS, self._say_log)
        self._grace = _single_shot(self, GRACE_MS, self._kill)

    @property
    def process_id(self) -> int:
        """Process id of the worker, 0 while there is none."""
        return self._process.processId() if self._process else 0

    def start(self) -> None:
        """Start the worker, so that it is warm when it is needed."""
        if self._process is not None or self._closing:
            return
        process = QProcess(self)
        process.setProcessEnvironment(_environment())
        process.setProgram(sys.executable)
        process.setArguments(self.command)
        process.readyReadStandardOutput.connect(self._read_events)
        process.readyReadStandardError.connect(self._read_log)
        process.started.connect(self._on_started)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        self._process = process
        process.start()

    def beside(self) -> "Jobs":
        """Return a queue with a worker of its own, for what must not wait for training or never ends by itself.

        Its worker is started by the first job, without TensorFlow, and quits with this one.
        """
        # A session of its own, so that its events are nobody else's.
        other = Jobs(Session(), self)
        other.command = LIGHT
        self._beside.append(other)
        return other

    def submit(self, intention: AnyJob) -> str:
        """Queue an intention of `core.experiment.jobs` and return the job's id."""
        job = QueuedJob(intention)
        self.waiting.append(job)
        self._failed_starts = 0
        self.start()
        self._send_next()
        self.changed.emit()
        return job.id

    def cancel(self, job_id: str) -> None:
        """Take a job out of the queue, or ask the worker to end it; after ten seconds the worker is killed."""
        for job in self.waiting:
            if job.id == job_id:
                self.waiting.remove(job)
                self._end(job, JobState.CANCELLED)
                return
        if self.running is not None and self.running.id == job_id and self.running.state is JobState.RUNNING:
            self.running.state = JobState.CANCELLING
            self._write(Cancel(cancel=job_id))
            self._grace.start()
            self.changed.emit()

    def close(self) -> None:
        """Close the worker's input: it stops what runs, which stays resumable, and quits."""
        self._closing = True
        for other in self._beside:
            other.close()
        self.waiting.clear()
        if self._process is not None:
            self._process.closeWriteChannel()

    def wait_closed(self, timeout_ms: int = GRACE_MS) -> None:
        """Wait, with the window gone, for the worker to have quit; kill it when it does not."""
        self.close()
        if self._process is not None and not self._process.waitForFinished(timeout_ms):
            self._kill()
            self._process.waitForFinished(timeout_ms)
        for other in self._beside:
            other.wait_closed(timeout_ms)

    def _send_next(self) -> None:
        started = self._process is not None and self._process.state() == QProcess.ProcessState.Running
        if self.running is not None or not self.waiting or not started:
            return
        job = self.waiting.popleft()
        job.state = JobState.RUNNING
        self.running = job
        self._write(job.intention.model_copy(update={"job": job.id}))
        self.changed.emit()

    def _write(self, message: AnyJob | Cancel) -> None:
        if self._process is not None:
            self._process.write(to_line(message).encode())

    def _on_started(self) -> None:
        _be_nice(self.process_id)
        self._send_next()

    def _read_events(self) -> None:
        process = self._process
        while process is not None and process.canReadLine():
            line = process.readLine().data()
            try:
                event = parse_event(line)
            except ValidationError:
                self._note(f"not an event: {line.decode(errors='replace').rstrip()}")
                continue
            self._receive(event)

    def _receive(self, event: Event) -> None:
        if isinstance(event, WorkerReady):
            self.ready, self.trouble, self._failed_starts = True, "", 0
            self.ready_changed.emit(True)
        self.session.event_received.emit(event)
        if event.trial and not isinstance(event, _IN_PASSING):
            self._refresh.start()
        if self.running is None or event.job != self.running.id:
            return
        if isinstance(event, JobFinished):
            self.running.answer = event.answer
            self._end_running(JobState.FINISHED)
        elif isinstance(event, JobFailed):
            self._note(event.details)
            self.running.question = event.question
            self._end_running(JobState.FAILED, event.message)
        elif isinstance(event, JobCancelled):
            self._end_running(JobState.CANCELLED)

    def _end_running(self, state: JobState, message: str = "") -> None:
        job, self.running = self.running, None
        assert job is not None
        self._grace.stop()
        self._end(job, state, message)
        self._send_next()

    def _end(self, job: QueuedJob, state: JobState, message: str = "") -> None:
        job.state, job.message = state, message
        self._refresh.start()
        self.changed.emit()
        self.ended.emit(job)

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            self._bury(f"The worker could not be started: {self._process.errorString()}.")

    def _on_finished(self, exit_code: int, status: QProcess.ExitStatus) -> None:
        self._read_events()
        self._read_log()
        crashed = status == QProcess.ExitStatus.CrashExit
        self._bury(f"The worker was killed by signal {exit_code}." if crashed else f"The worker quit with {exit_code}.")

    def _bury(self, what_happened: str) -> None:
        """Turn the worker's end into words, end its job, and start another one."""
        assert self._process is not None
        self._process.deleteLater()
        self._process = None
        if self._closing:
            return
        was_ready, self.ready = self.ready, False
        self.ready_changed.emit(False)
        self._note(what_happened)
        self._failed_starts += not was_ready
        gave_up = self._failed_starts >= STARTS_BEFORE_GIVING_UP
        if self.running is not None:
            self._end_dead(self.running, what_happened)
        if gave_up:
            self.trouble = f"{what_happened} It failed {self._failed_starts} times; the log says why."
            self.changed.emit()
        else:
            self.start()

    def _end_dead(self, job: QueuedJob, what_happened: str) -> None:
        if job.state is JobState.CANCELLING:
            self._receive(JobCancelled(job=job.id))
            return
        advice = ON_A_DEVICE if isinstance(job.intention, DeviceJob) else IN_TRAINING
        self._receive(JobFailed(job=job.id, message=f"{what_happened} {advice}"))

    def _kill(self) -> None:
        if self._process is not None:
            self._note("the worker did not stop within ten seconds and is killed")
            self._process.kill()

    def _read_log(self) -> None:
        if self._process is None:
            return
        text = self._process.readAllStandardError().data().decode(errors="replace")
        for line in text.splitlines():
            if line.strip():
                self._note(line)

    def _note(self, text: str) -> None:
        for line in visible_lines(text).splitlines():
            self.log.append(line)
            self._unsaid.append(line)
        if self._unsaid and not self._flush.isActive():
            self._flush.start()

    def _say_log(self) -> None:
        lines = "\n".join(self._unsaid)
        self._unsaid.clear()
        self.logged.emit(lines)


def _environment() -> QProcessEnvironment:
    """The worker finds `core` where this process found it, whatever folder the program was started from."""
    environment = QProcessEnvironment.systemEnvironment()
    root = str(Path(core.__file__).parent.parent)
    paths = [root, *filter(None, environment.value("PYTHONPATH").split(os.pathsep))]
    environment.insert("PYTHONPATH", os.pathsep.join(paths))
    return environment


def _be_nice(process_id: int) -> None:
    """Let the window come first on a machine whose every core trains."""
    try:
        psutil.Process(process_id).nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else NICENESS)
    except psutil.Error:
        # It died in between: `finished` tells of it.
        return


def _single_shot(parent: QObject, interval_ms: int, act: Any) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(interval_ms)
    timer.timeout.connect(act)
    return timer
