"""What is asked of devices: jobs on their way, and the questions that come back, answered by asking again.

Long work that trains or measures goes through the window's own queue, so that the job strip shows it. Short questions
and streams have workers of their own: neither waits for training, and none waits for a stream.
"""

from collections.abc import Callable

from pydantic import SecretStr
from PySide6.QtCore import QObject, Signal

from core.events import DeviceSaid, Event, HostKeyQuestion, PasswordQuestion, Warned
from core.experiment.device_jobs import DeviceJob
from workbench.jobs import Jobs, JobState, QueuedJob


class DeviceTalk(QObject):
    """Keeps what was asked together with the queue it went through. Passwords stay in memory, until the window goes."""

    changed = Signal()
    """Something was asked, or is over."""
    answered = Signal(object)
    """A QueuedJob that is done."""
    failed = Signal(object)
    """A QueuedJob that failed or was cancelled; its message is empty when it was cancelled."""
    asked = Signal(object)
    """A QueuedJob that goes on once its question is answered."""
    told = Signal(object)
    """A DeviceSaid of the stream."""
    warned = Signal(str)
    """A sentence about what is not as it should be, of what was asked."""

    def __init__(self, jobs: Jobs, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = jobs
        self.short, self.streams = jobs.beside(), jobs.beside()
        self.open: dict[str, tuple[Jobs, DeviceJob]] = {}
        """What is on its way, by the job's id."""
        self.questions: list[tuple[Jobs, QueuedJob]] = []
        """Jobs that wait for the user, the first one in sight."""
        self._passwords: dict[str, SecretStr] = {}
        for queue in (self.jobs, self.short, self.streams):
            queue.ended.connect(self._take)
            queue.session.event_received.connect(self._pass_on_warning)
        self.streams.session.event_received.connect(self._pass_on)

    def ask(self, intention: DeviceJob) -> str:
        """Ask something short; return the job's id."""
        return self._send(self.short, intention)

    def work(self, intention: DeviceJob) -> str:
        """Ask for work that the job strip shows; return the job's id."""
        return self._send(self.jobs, intention)

    def stream(self, intention: DeviceJob) -> str:
        """Stream from a device in place of what streams now; return the job's id."""
        self.end_stream()
        return self._send(self.streams, intention)

    def end_stream(self) -> None:
        """End the stream, if there is one."""
        for job in [*self.streams.waiting, *filter(None, [self.streams.running])]:
            self.streams.cancel(job.id)

    def cancel(self) -> None:
        """End what is asked at the moment, apart from work in the job strip and streams."""
        for job_id, (queue, _) in list(self.open.items()):
            if queue is self.short:
                queue.cancel(job_id)

    def running(self, matches: Callable[[DeviceJob], bool]) -> bool:
        """Tell whether something that matches is on its way."""
        return any(matches(intention) for _, intention in self.open.values())

    @property
    def asking(self) -> DeviceJob | None:
        """What is asked at the moment through the queue of short questions."""
        return next((intention for queue, intention in self.open.values() if queue is self.short), None)

    # Questions

    def trust(self) -> None:
        """Take the key of the device in question for its own, and go on."""
        question = self.questions[0][1].question
        assert isinstance(question, HostKeyQuestion)
        self._answer({"fingerprint": question.fingerprint})

    def log_in(self, password: str, keep: bool) -> None:  # noqa: FBT001
        """Go on with a password; it is kept in the system's keyring if `keep` says so."""
        self._answer({"password": SecretStr(password), "keep_password": keep})

    def decline(self) -> None:
        """Answer no: nothing is sent to the device."""
        self.questions = [asked for asked in self.questions if asked[1].intention.device != self._in_question()]
        self.changed.emit()

    def _answer(self, answer: dict[str, object]) -> None:
        """Ask again for all that waits for the same answer."""
        about = self.questions[0][1].question
        alike = [
            asked
            for asked in self.questions
            if asked[1].intention.device == self._in_question() and asked[1].question == about
        ]
        self.questions = [asked for asked in self.questions if asked not in alike]
        for queue, job in alike:
            self._send(queue, job.intention.model_copy(update=answer))

    def _in_question(self) -> str:
        return self.questions[0][1].intention.device

    # Jobs

    def _send(self, queue: Jobs, intention: DeviceJob) -> str:
        known = self._passwords.get(intention.device)
        if known is not None and not intention.password.get_secret_value():
            intention = intention.model_copy(update={"password": known})
        job_id = queue.submit(intention)
        self.open[job_id] = (queue, intention)
        self.changed.emit()
        return job_id

    def _take(self, job: QueuedJob) -> None:
        if job.id not in self.open:
            return
        queue, intention = self.open.pop(job.id)
        if job.question is not None:
            if isinstance(job.question, PasswordQuestion):
                self._passwords.pop(intention.device, None)
            self.questions.append((queue, job))
            self.asked.emit(job)
        elif job.state is JobState.FINISHED:
            if intention.password.get_secret_value():
                self._passwords[intention.device] = intention.password
            self.answered.emit(job)
        else:
            self.failed.emit(job)
        self.changed.emit()

    def _pass_on(self, event: Event) -> None:
        if isinstance(event, DeviceSaid):
            self.told.emit(event)

    def _pass_on_warning(self, event: Event) -> None:
        if isinstance(event, Warned) and event.job in self.open:
            self.warned.emit(event.message)
