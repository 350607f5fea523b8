"""Benchmark releases on the device they lie on, several in one session, so that a saving between them holds."""

import hashlib
import io
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from core.deploy import programs
from core.deploy.connection import Connection
from core.deploy.layout import Layout
from core.deploy.probe import EMULATOR
from core.deploy.told import TOLD
from core.errors import DeviceError
from core.events import Emit, Progressed, ignore
from core.results import Conditions, ThreadTiming


class _Line(BaseModel):
    model_config = TOLD


class Board(_Line):
    """The first line: what measures."""

    kind: Literal["started"]
    device: str
    machine: str
    cores: int
    python: str
    runtime: str

    @property
    def emulated(self) -> bool:
        """Whether it is no real board."""
        return self.device == EMULATOR


class _Conditions(Conditions):
    model_config = TOLD

    kind: Literal["conditions"]
    when: Literal["before", "after"]


class _Progress(_Line):
    kind: Literal["progressed"]
    what: str
    done: float
    total: float


class _Timed(ThreadTiming):
    model_config = TOLD

    kind: Literal["timed"]
    folder: str


class _Predicted(_Line):
    kind: Literal["predicted"]
    folder: str
    num_clips: int
    num_right: int
    predictions: tuple[tuple[Annotated[int, Field(ge=0, lt=1 << 31)], float], ...]


class _Forecasts(_Line):
    kind: Literal["forecasts"]
    folder: str
    forecasts: tuple[tuple[float, ...], ...]


class Resident(_Line):
    """Memory of a process that runs one release and nothing else."""

    kind: Literal["resident"]
    folder: str
    resident_bytes: int
    peak_resident_bytes: int


class _Finished(_Line):
    kind: Literal["finished"]
    seconds: float


class _Failed(_Line):
    kind: Literal["failed"]
    message: str


_LINE: TypeAdapter[Any] = TypeAdapter(
    Annotated[
        Board | _Conditions | _Progress | _Timed | _Predicted | _Forecasts | Resident | _Finished | _Failed,
        Field(discriminator="kind"),
    ]
)


@dataclass(frozen=True)
class Plan:
    """How to measure. No threads named means 1 to as many as the device has cores."""

    threads: tuple[int, ...] = ()
    warmup_runs: int = 20
    num_runs: int = 200


@dataclass
class Session:
    """What a benchmark said, by the release's place in the order given."""

    num_releases: int
    board: Board | None = None
    before: Conditions = field(default_factory=Conditions)
    after: Conditions = field(default_factory=Conditions)
    timings: dict[int, list[ThreadTiming]] = field(default_factory=dict)
    answers: dict[int, NDArray[Any]] = field(default_factory=dict)
    """Of the uploaded examples: places of labels (n,), or forecasts (n, steps × targets)."""
    resident: dict[int, Resident] = field(default_factory=dict)
    finished: bool = False


OnTimed = Callable[[int, ThreadTiming, Session], None]


def benchmark(
    connection: Connection,
    releases: Sequence[str],
    examples: Sequence[PurePosixPath],
    plan: Plan,
    on_timed: OnTimed,
    emit: Emit = ignore,
) -> Session:
    """Measure releases by their folder names, the code of the first doing so, and judge them on uploaded examples.

    `examples` go with the first releases. `on_timed` hears of each number of threads as it comes. Raises DeviceError;
    when it ends early by whatever exception, what ran on the device is ended too.
    """
    layout = Layout(connection.home)
    folders = [str(layout.releases / release) for release in releases]
    args = [*folders, f"--warmup={plan.warmup_runs}", f"--runs={plan.num_runs}"]
    args += [f"--clips={path}" for path in examples]
    args += [f"--threads={','.join(map(str, plan.threads))}"] if plan.threads else []
    session = Session(len(releases))
    emit(Progressed(what="Starting the benchmark on the device", done=0, total=1))
    lines = programs.lines(connection, "bench", *args, release=layout.releases / releases[0])
    try:
        for text in lines:
            _hear(session, _read(connection.name, text), folders, on_timed, emit)
    finally:
        lines.close()
    parts = (session.timings, session.resident)
    is_whole = all(len(part) == len(releases) for part in parts) and len(session.answers) == len(examples)
    if not session.finished or session.board is None or not is_whole:
        raise DeviceError(f"{connection.name}: the benchmark ended before it was done; try again")
    return session


def put_examples(
    connection: Connection, inputs: NDArray[Any], targets: NDArray[Any], emit: Emit = ignore
) -> PurePosixPath:
    """Upload n examples as they were measured, with what is right for each, unless they are there; return the file."""
    layout = Layout(connection.home)
    content = hashlib.sha256(inputs.tobytes() + targets.tobytes()).hexdigest()[:24]
    path = layout.clips / f"{content}.npz"
    if connection.run("test", "-f", str(path)).status != 0:
        packed = io.BytesIO()
        np.savez_compressed(packed, samples=inputs, targets=targets)
        connection.run("mkdir", "-p", str(layout.clips)).required(f"{connection.name}: no folder for test data")
        connection.put(packed.getvalue(), path, emit, "test data")
    return path


def _read(name: str, text: str) -> Any:
    try:
        return _LINE.validate_json(text)
    except ValidationError as error:
        raise DeviceError(
            f"{name}: the benchmark said {text[:120]!r}, which is not what was expected; deploy the model again"
        ) from error


def _hear(session: Session, line: Any, folders: list[str], on_timed: OnTimed, emit: Emit) -> None:
    match line:
        case Board():
            session.board = line
        case _Conditions(when="before"):
            session.before = line
        case _Conditions():
            session.after = line
        case _Progress():
            emit(Progressed(what=line.what, done=line.done, total=line.total))
        case _Timed():
            timed = [index for index, timings in session.timings.items() if timings[-1].num_threads == line.num_threads]
            index = _place(folders, line.folder, timed)
            session.timings.setdefault(index, []).append(line)
            on_timed(index, line, session)
        case _Predicted():
            places = np.array([place for place, _ in line.predictions], np.int64)
            session.answers[_place(folders, line.folder, session.answers)] = places
        case _Forecasts():
            if len(set(map(len, line.forecasts))) > 1:
                raise DeviceError("the benchmark gave forecasts of different lengths; deploy the model again")
            session.answers[_place(folders, line.folder, session.answers)] = np.array(line.forecasts)
        case Resident():
            session.resident[_place(folders, line.folder, session.resident)] = line
        case _Failed():
            raise DeviceError(line.message)
        case _Finished():
            session.finished = True


def _place(folders: list[str], folder: str, heard: Container[int]) -> int:
    """Return the place of a folder not heard of yet; trials that are alike share one, and are told in their order."""
    for index, known in enumerate(folders):
        if known == folder and index not in heard:
            return index
    raise DeviceError(f"the benchmark spoke of {folder!r}, which was not asked for; deploy the model again")
