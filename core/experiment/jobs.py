"""What the worker can be asked to do: one class per intention, one JSON line each.

    {"job": "7", "intention": "train", "study": "/home/ada/go-stop", "trials": ["0001-2c8b584a5986"]}
    {"cancel": "7"}

Each intention names what its `answer` in the JobFinished event holds.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from core.errors import WorkbenchError
from core.evaluation.detection import DetectionSettings
from core.experiment.device_jobs import AnyDeviceJob
from core.experiment.job import Job
from core.experiment.service_jobs import AnyServiceJob
from core.settings.clips import Layout
from core.spec import Dataset, SeriesData, Split


class Train(Job):
    """Run trials one after another, going on from their checkpoints. Answer: names of those finished."""

    intention: Literal["train"] = "train"
    study: str
    trials: tuple[str, ...] = Field(description="Folder names; finished ones are passed over.")


class RunSweep(Job):
    """Run trials on several processes, then measure them again one by one. Answer: names of those finished."""

    intention: Literal["sweep"] = "sweep"
    study: str
    trials: tuple[str, ...]
    num_workers: int = Field(2, ge=1, le=256)
    scheduler: str = Field("", description="Address of a Dask scheduler; none means processes of this machine.")


class RunSearch(Job):
    """Try some combinations of axes, chosen by what was found, then measure them. Answer: names of those tried."""

    intention: Literal["search"] = "search"
    study: str
    base: dict[str, Any] = Field(description="Settings of all trials, nested as in a TOML file.")
    axes: dict[str, list[Any]] = Field(description="Values to try by dotted path.")
    num_trials: int = Field(24, ge=1, description="With those of the study that lie on the axes.")
    seed: int = Field(0, ge=0)
    num_workers: int = Field(2, ge=1, le=256)
    scheduler: str = Field("", description="Address of a Dask scheduler; none means processes of this machine.")


class Remeasure(Job):
    """Time finished trials again beside the reference trial, in one session. Answer: their names."""

    intention: Literal["remeasure"] = "remeasure"
    study: str
    trials: tuple[str, ...]


class Download(Job):
    """Fetch a data set, going on where an earlier attempt stopped. Answer: its folder, or the CSV file of Jena."""

    intention: Literal["download"] = "download"
    data: Literal["mini_speech_commands", "jena"] = "mini_speech_commands"
    folder: str = Field("", description="Where to put it; the user's data folder when empty.")
    url: str = Field("", description="Another server that has the same archive; the usual one when empty.")


class Synthesize(Job):
    """Make clips by speech synthesis. Answer: the folder."""

    intention: Literal["synthesize"] = "synthesize"
    folder: str
    labels: tuple[str, ...]
    clips_per_label: int = Field(100, ge=2, le=5000)
    num_voices: int = Field(0, ge=0, le=5000, description="Voices that share the clips; 0 gives each two.")
    accents: tuple[str, ...] = Field((), description="Of espeak-ng, such as en-us; English ones when empty.")
    speeds: tuple[int, int] = Field((120, 199), description="Lowest and highest, in words per minute.")
    pitches: tuple[int, int] = Field((25, 75), description="Lowest and highest, of 0 to 99.")
    seed: int = Field(0, ge=0)


class MakeRecording(Job):
    """Make a long recording of a trial's test clips over noise. Answer: a LongRecording as JSON values."""

    intention: Literal["make_recording"] = "make_recording"
    trial: str = Field(description="Folder of the trial.")
    wav: str = Field("", description="File to write; in the user's cache when empty.")
    minutes: float = Field(10.0, ge=0.2, le=60)
    background_volume: float = Field(0.1, ge=0, le=1)
    seed: int = Field(0, ge=0)


class Detect(Job):
    """Find words in a long recording. Answer: a DetectionReport as JSON values; see `hear_recording` for its curve."""

    intention: Literal["detect"] = "detect"
    model: str = Field(description="Folder of a trial, or a .tflite file with its preprocessing beside it.")
    wav: str
    truth: str = Field("", description="CSV of what was said when; that beside the recording when empty.")
    settings: DetectionSettings | None = Field(None, description="Those saved with the model when there are none.")


class CheckData(Job):
    """Look through a folder of clips, or a CSV file. Answer: a DataReport, or a TableReport, as JSON values."""

    intention: Literal["check_data"] = "check_data"
    folder: str
    layout: Layout = Field("automatic", description="Of a folder of clips: where their labels come from.")
    speaker_pattern: str = Field("", description="Of a folder of clips: finds the speaker in a file's name.")
    table: SeriesData | None = Field(None, description="How a CSV file is to be read, where that is not found out.")


class Catalogue(Job):
    """List the clips of a data set with what is wrong with them and their parts.

    Answer: the folder in the cache that `core.datasets.catalogue.open_catalogue` reads.
    """

    intention: Literal["catalogue"] = "catalogue"
    dataset: Dataset
    split: Split = Split()


class JudgeClips(Job):
    """Judge every clip of a folder with a trial's file.

    Answer: the folder in the cache that `core.evaluation.verdicts.open_verdicts` reads.
    """

    intention: Literal["judge_clips"] = "judge_clips"
    trial: str = Field(description="The trial's folder.")
    folder: str
    layout: Layout = Field("automatic", description="Where the labels of the clips come from.")


class Quickstart(Job):
    """Find data, run three starter trials. Answer: {study, data, synthetic, trials}."""

    intention: Literal["quickstart"] = "quickstart"
    data: str = Field("", description="Folder of clips; found, fetched or synthesized when empty.")
    study: str


class Cancel(BaseModel):
    """Ask a running or queued job to end."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cancel: str


AnyJob = (
    Train
    | RunSweep
    | RunSearch
    | Remeasure
    | Download
    | Synthesize
    | MakeRecording
    | Detect
    | CheckData
    | Catalogue
    | JudgeClips
    | Quickstart
    | AnyDeviceJob
    | AnyServiceJob
)

_JOB: TypeAdapter[AnyJob] = TypeAdapter(Annotated[AnyJob, Field(discriminator="intention")])


def parse_job(line: str | bytes) -> AnyJob | Cancel:
    """Read one line. Raises WorkbenchError saying what is wrong with it."""
    try:
        return Cancel.model_validate_json(line)
    except ValidationError:
        pass
    try:
        return _JOB.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise WorkbenchError(f"not a job: {place + ': ' if place else ''}{first['msg']}") from error


def to_line(job: AnyJob | Cancel) -> str:
    """Write a job as one JSON line, newline included."""
    if isinstance(job, Cancel):
        return job.model_dump_json() + "\n"
    return json.dumps({"job": job.job, **job.model_dump(mode="json"), **job.secrets()}, ensure_ascii=False) + "\n"
