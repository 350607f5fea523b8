"""Looking through a folder of clips for what would spoil a training."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from core.audio import wav
from core.datasets.clips import SILENCE, SYNTHETIC_MARKER, UNKNOWN, Clip, label_names, wav_files
from core.datasets.progress import Progress
from core.datasets.waveforms import map_in_threads
from core.errors import DataError
from core.events import Emit, ignore

SILENT_PEAK = 10 ** (-60 / 20)
CLIPPED_RUN = 3
SHORT_S = 0.3
OFFSET = 0.02
_FULL_SCALE = 0.999

Float32 = NDArray[np.float32]
Key = TypeVar("Key")


class _Reported(BaseModel):
    model_config = ConfigDict(frozen=True)


class LabelReport(_Reported):
    """What the clips of one label are like. Durations in seconds; None where no clip could be read."""

    label: str
    num_clips: int
    num_speakers: int = Field(description="Speakers that the names tell; 0 where they tell none.")
    min_s: float | None
    median_s: float | None
    max_s: float | None


class Finding(_Reported):
    """One kind of trouble and the files that have it, relative to the folder."""

    kind: str
    meaning: str
    files: tuple[str, ...]


class DataReport(_Reported):
    """Everything that `data check` tells of a folder."""

    folder: str
    synthetic: bool
    num_clips: int
    num_speakers: int
    labels: tuple[LabelReport, ...]
    sample_rates: dict[int, int] = Field(description="Clips by rate in Hz.")
    encodings: dict[str, int] = Field(description="Clips by width and encoding.")
    channels: dict[int, int] = Field(description="Clips by number of channels.")
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings


class _Heard(_Reported):
    """What one readable clip is like."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    form: wav.Format
    audio: str
    faults: tuple[str, ...]


_MEANINGS = {
    "empty_label": "label folder without WAV clips",
    "corrupt": "cannot be read",
    "silent": "never louder than −60 dB of full scale",
    "clipped": f"{CLIPPED_RUN} or more samples in a row at full scale",
    "short": f"shorter than {SHORT_S:g} s",
    "offset": f"mean of the samples is off zero by more than {OFFSET:.0%} of full scale",
    "duplicate": "same sound as another clip of its label",
    "contradiction": "same sound under two labels",
}


def check_folder(folder: Path, emit: Emit = ignore) -> DataReport:
    """Read every clip of a folder and report what is in it, and what is wrong with it.

    Raises DataError when there is no such folder or it has no label folders.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: is not a folder; choose one with a sub-folder of WAV clips per label")
    names = [*label_names(folder), *(name for name in (SILENCE, UNKNOWN) if (folder / name).is_dir())]
    if not names:
        raise DataError(f"{folder}: has no label folders; put the WAV clips of each label into a folder of its own")
    clips_of = {name: wav_files(folder / name) for name in names}
    paths = [path for name in names for path in clips_of[name]]
    progress = Progress(emit, "Checking clips", len(paths))
    heard: dict[Path, _Heard] = {}
    found: dict[str, list[str]] = defaultdict(list, empty_label=[name for name in names if not clips_of[name]])
    for path, result in zip(paths, map_in_threads(_listen, paths), strict=True):
        progress.advance()
        if isinstance(result, DataError):
            found["corrupt"].append(str(result))
            continue
        heard[path] = result
        for fault in result.faults:
            found[fault].append(str(path.relative_to(folder)))
    for kind, files in _repeated(folder, heard):
        found[kind] += files
    forms = [one.form for one in heard.values()]
    return DataReport(
        folder=str(folder),
        synthetic=(folder / SYNTHETIC_MARKER).is_file(),
        num_clips=len(paths),
        num_speakers=_num_speakers(paths),
        labels=tuple(_describe(name, clips_of[name], heard) for name in names),
        sample_rates=_count(form.sample_rate for form in forms),
        encodings=_count(f"{8 * form.sample_bytes}-bit {form.encoding}" for form in forms),
        channels=_count(form.num_channels for form in forms),
        findings=tuple(
            Finding(kind=kind, meaning=meaning, files=tuple(found[kind]))
            for kind, meaning in _MEANINGS.items()
            if found[kind]
        ),
    )


def _listen(path: Path) -> _Heard | DataError:
    try:
        form = wav.read_format(path)
        channels = wav.read_channels(path, form)
    except DataError as error:
        return error
    audio = hashlib.sha256(channels.tobytes()).hexdigest()
    return _Heard(form=form, audio=audio, faults=tuple(_faults(channels, form.seconds)))


def _faults(channels: Float32, seconds: float) -> Iterable[str]:
    if np.abs(channels).max() < SILENT_PEAK:
        yield "silent"
    if any(_longest_run(np.abs(channel) >= _FULL_SCALE) >= CLIPPED_RUN for channel in channels.T):
        yield "clipped"
    if seconds < SHORT_S:
        yield "short"
    if np.abs(channels.mean(axis=0)).max() > OFFSET:
        yield "offset"


def _longest_run(flags: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def _repeated(folder: Path, heard: dict[Path, _Heard]) -> Iterable[tuple[str, list[str]]]:
    same: dict[str, list[Path]] = defaultdict(list)
    for path, one in heard.items():
        same[one.audio].append(path)
    for paths in same.values():
        if len(paths) > 1:
            kind = "duplicate" if len({path.parent for path in paths}) == 1 else "contradiction"
            yield kind, [" = ".join(str(path.relative_to(folder)) for path in paths)]


def _describe(label: str, paths: Iterable[Path], heard: dict[Path, _Heard]) -> LabelReport:
    paths = list(paths)
    seconds = [heard[path].form.seconds for path in paths if path in heard]
    return LabelReport(
        label=label,
        num_clips=len(paths),
        num_speakers=_num_speakers(paths),
        min_s=min(seconds, default=None),
        median_s=float(np.median(seconds)) if seconds else None,
        max_s=max(seconds, default=None),
    )


def _num_speakers(paths: Iterable[Path]) -> int:
    return len({Clip(path, 0).speaker for path in paths} - {""})


def _count(values: Iterable[Key]) -> dict[Key, int]:
    return dict(Counter(values).most_common())
