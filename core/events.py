"""What a job says while it works: one frozen class per event, one JSON line each.

The same lines go over the worker's pipe and into the trial's ``events.jsonl``, so a live chart and a
reopened trial replay the same story.
"""

import time
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from core.errors import PasswordWanted, UnknownHostKey
from core.results import Latency, TrialResult

Stage = Literal["prepare", "build", "train", "prune", "convert", "slim", "evaluate", "measure"]
Phase = Literal["training", "fine_tuning"]


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    time_s: float = Field(default_factory=time.time, description="Seconds since 1970.")
    job: str = Field("", description="Which job says it; empty outside a worker.")
    trial: str = Field("", description="Name of the trial's folder; empty where none is concerned.")


class WorkerReady(_Said):
    """TensorFlow is loaded and warm; the next job starts at once."""

    kind: Literal["worker_ready"] = "worker_ready"


class JobStarted(_Said):
    """The worker took up a job."""

    kind: Literal["job_started"] = "job_started"
    intention: str


class JobFinished(_Said):
    """The job did all it was asked; `answer` is what it returns, as JSON values."""

    kind: Literal["job_finished"] = "job_finished"
    answer: Any = None


class HostKeyQuestion(BaseModel):
    """Whether a device met for the first time is the one meant; the job can be asked for again with the fingerprint."""

    model_config = ConfigDict(frozen=True)

    about: Literal["host_key"] = "host_key"
    host: str
    key_type: str
    fingerprint: str


class PasswordQuestion(BaseModel):
    """A device, or a key, wants a password; the job can be asked for again with it."""

    model_config = ConfigDict(frozen=True)

    about: Literal["password"] = "password"


class JobFailed(_Said):
    """The job ended on an error; `message` is a sentence for the user, `details` the traceback if any.

    With a `question` it is no failure yet: answered in the same job asked for again, it goes on.
    """

    kind: Literal["job_failed"] = "job_failed"
    message: str
    details: str = ""
    question: HostKeyQuestion | PasswordQuestion | None = Field(None, discriminator="about")


class JobCancelled(_Said):
    """The job ended because it was asked to."""

    kind: Literal["job_cancelled"] = "job_cancelled"


class TrialStarted(_Said):
    """A trial is running from here on; `resumed` when it goes on from a checkpoint."""

    kind: Literal["trial_started"] = "trial_started"
    resumed: bool = False


class StageStarted(_Said):
    """A stage of the journey began."""

    kind: Literal["stage_started"] = "stage_started"
    stage: Stage
    note: str = ""


class Progressed(_Said):
    """How far a countable piece of work is; `what` names it in the user's words."""

    kind: Literal["progressed"] = "progressed"
    what: str
    done: float
    total: float
    unit: Literal["", "bytes"] = ""


class BatchEnded(_Said):
    """Some batches of an epoch are done; said for the first batch and then a few times a second."""

    kind: Literal["batch_ended"] = "batch_ended"
    phase: Phase
    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    accuracy: float | None = None
    mae: Mapping[str, float] = Field(default_factory=dict)


class EpochEnded(_Said):
    """One pass over the training part. Epochs count from 1; accuracies are fractions of the Keras model's.

    A forecast has no accuracy, but the mean absolute error of each quantity in its unit. Where every clip is trained on
    there is nothing to validate by.
    """

    kind: Literal["epoch_ended"] = "epoch_ended"
    phase: Phase
    epoch: int
    epochs: int
    loss: float
    validation_loss: float | None = None
    accuracy: float | None = None
    validation_accuracy: float | None = None
    mae: Mapping[str, float] = Field(default_factory=dict)
    validation_mae: Mapping[str, float] = Field(default_factory=dict)
    learning_rate: float
    sparsity: float
    seconds: float


class Warned(_Said):
    """Something the user should know about the numbers that follow."""

    kind: Literal["warned"] = "warned"
    message: str


class LatencyMeasured(_Said):
    """A trial was timed on a device, with one number of threads; the rest of the benchmark goes on."""

    kind: Literal["latency_measured"] = "latency_measured"
    latency: Latency


class DeviceSaid(_Said):
    """Something that a program on a device tells as it happens; `what` names the class that `values` are of."""

    kind: Literal["device_said"] = "device_said"
    device: str
    what: str
    values: dict[str, Any]


class TrialFinished(_Said):
    """The trial is measured; its result is written."""

    kind: Literal["trial_finished"] = "trial_finished"
    result: TrialResult


class TrialFailed(_Said):
    """The trial ended on an error."""

    kind: Literal["trial_failed"] = "trial_failed"
    message: str
    details: str = ""


class TrialStopped(_Said):
    """The trial was cancelled; it can be resumed."""

    kind: Literal["trial_stopped"] = "trial_stopped"


Event = (
    WorkerReady
    | JobStarted
    | JobFinished
    | JobFailed
    | JobCancelled
    | TrialStarted
    | StageStarted
    | Progressed
    | BatchEnded
    | EpochEnded
    | Warned
    | LatencyMeasured
    | DeviceSaid
    | TrialFinished
    | TrialFailed
    | TrialStopped
)
Emit = Callable[[Event], None]
"""Takes an event; raises TrialCancelled when the work should end here."""

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])


def parse_event(line: str | bytes) -> Event:
    """Read one JSON line. Raises pydantic.ValidationError when it is not an event."""
    return _ADAPTER.validate_json(line)


def to_line(event: Event) -> str:
    """Write an event as one JSON line, newline included."""
    return event.model_dump_json() + "\n"


def question_in(error: Exception) -> HostKeyQuestion | PasswordQuestion | None:
    """Return what the user has to be asked for the job to go on, None for an error that no answer mends."""
    if isinstance(error, UnknownHostKey):
        return HostKeyQuestion(host=error.host, key_type=error.key_type, fingerprint=error.fingerprint)
    return PasswordQuestion() if isinstance(error, PasswordWanted) else None


def ignore(event: Event) -> None:
    """An `Emit` for callers who need no events."""
