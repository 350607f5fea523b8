"""What is particular to a task on a device: its settings there, its test examples, and how answers are compared."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.datasets.clips import Clip, find_clips
from core.datasets.frame import load_frame
from core.datasets.preprocessing import load_preprocessing
from core.datasets.split import split_clips
from core.datasets.waveforms import FULL_SCALE, read_clip
from core.deploy.device.forecast_settings import forecast_settings_text
from core.deploy.device.settings import settings_text
from core.errors import DataError, DeviceError, StudyError
from core.evaluation import forecasting
from core.evaluation.classification import predict
from core.events import Emit
from core.experiment.model_choice import MODEL, choose_model
from core.experiment.spotting import load_working_point
from core.features.kinds import KINDS
from core.results import (
    FORECAST_TOLERANCE,
    ClipDifference,
    DeviceAccuracy,
    DeviceErrors,
    DeviceQuantity,
    ForecastDifference,
)
from core.spec import ForecastingSpec, KeywordSpottingSpec
from core.tasks.registry import TASKS

_MOST_DIFFERENCES = 50
_OTHER_EXAMPLES = "the device answered for other examples or labels than it was given; deploy the model again"

Spec = TypeVar("Spec", contravariant=True)


@dataclass(frozen=True)
class TestExamples:
    """Examples (n, …) of a test part as they were measured, what is right for each, and what each is called."""

    inputs: NDArray[Any]
    targets: NDArray[Any]
    names: tuple[str, ...]


class DeviceTask(Protocol[Spec]):
    """What a task owes to a device beside what it owes to the pipeline."""

    def settings(self, folder: Path) -> str:
        """Return the `settings.json` that goes with a trial's model. Raises StudyError when no device can use it."""

    def data_of(self, spec: Spec) -> str:
        """Return what trials must have in common to be judged by the same examples."""

    def pick(self, spec: Spec, count: int, emit: Emit) -> TestExamples:
        """Return so many examples of a trial's test part, evenly over it. Raises DataError when they are not there."""

    def compare(self, folder: Path, examples: TestExamples, there: NDArray[Any]) -> Mapping[str, Any]:
        """Judge the same examples here by the same file; return the field of a DeviceRun with where answers differ."""


class SpottingOnDevice:
    """Clips, and the label of each."""

    def settings(self, folder: Path) -> str:
        """Return labels, preprocessing, and the working point that was saved. Raises StudyError."""
        chosen = choose_model(folder)
        preprocessing = chosen.preprocessing
        kind = preprocessing.features.kind
        if KINDS[kind].package:
            raise StudyError(
                f"{folder}: features of kind {kind} need the package {KINDS[kind].package}, which devices do not get; "
                "deploy a trial of another kind, such as log_mel"
            )
        return settings_text(preprocessing.labels, preprocessing.model_dump(mode="json"), load_working_point(chosen))

    def data_of(self, spec: KeywordSpottingSpec) -> str:
        """Return folder, split and sample rate."""
        return spec.dataset.model_dump_json() + spec.split.model_dump_json() + str(spec.features.sample_rate)

    def pick(self, spec: KeywordSpottingSpec, count: int, emit: Emit) -> TestExamples:  # noqa: ARG002
        """Return clips evenly over the labels."""
        found = find_clips(spec.dataset, spec.split.speaker_pattern)
        rows = split_clips(found, spec.split).test
        if not len(rows):
            raise DataError("the trial was trained on every clip, so none is left to compare answers on")
        read: list[tuple[NDArray[np.int16], Clip]] = []
        for row in rows[_evenly(len(rows), count)].tolist():
            clip = found.clips[row]
            try:
                read.append((read_clip(clip, spec.features.sample_rate, spec.dataset), clip))
            except DataError:
                continue
        if not read:
            raise DataError(f"{found.folder}: none of its test clips can be read; check the folder")
        return TestExamples(
            np.stack([samples for samples, _ in read]),
            np.array([clip.target for _, clip in read], np.int64),
            tuple(str(clip.path.relative_to(found.folder)) for _, clip in read),
        )

    def compare(self, folder: Path, examples: TestExamples, there: NDArray[Any]) -> Mapping[str, Any]:
        """Return accuracy there and here, and the clips whose labels differ."""
        preprocessing = load_preprocessing(folder)
        pictures = preprocessing.extractor().compute(np.divide(examples.inputs, FULL_SCALE, dtype=np.float32))
        here = predict(folder / MODEL, preprocessing.scale(pictures), len(preprocessing.labels)).argmax(axis=1)
        labels = preprocessing.labels
        if there.shape != here.shape or (there >= len(labels)).any():
            raise DeviceError(_OTHER_EXAMPLES)
        differences = tuple(
            ClipDifference(
                clip=examples.names[row],
                label=labels[examples.targets[row]],
                here=labels[here[row]],
                there=labels[there[row]],
            )
            for row in np.flatnonzero(here != there)
        )
        accuracy = DeviceAccuracy(
            num_clips=len(here),
            num_right=int((there == examples.targets).sum()),
            num_right_here=int((here == examples.targets).sum()),
            differences=differences,
        )
        return {"accuracy": accuracy}


class ForecastingOnDevice:
    """Windows, and the values that came after each."""

    def settings(self, folder: Path) -> str:
        """Return the frame, and the values that its training part was centred at."""
        frame = load_frame(folder)
        return forecast_settings_text(frame.model_dump(mode="json"), frame.input_mean or (0.0,) * len(frame.inputs))

    def data_of(self, spec: ForecastingSpec) -> str:
        """Return file, window and split."""
        return spec.dataset.model_dump_json() + spec.window.model_dump_json() + spec.split.model_dump_json()

    def pick(self, spec: ForecastingSpec, count: int, emit: Emit) -> TestExamples:
        """Return windows evenly over time."""
        test = TASKS[spec.task].prepare(spec, emit).cut.test  # type: ignore[attr-defined]
        rows = _evenly(len(test), count)
        names = tuple(map(str, test.times_s[rows].tolist()))
        return TestExamples(test.inputs[rows], test.targets[rows], names)

    def compare(self, folder: Path, examples: TestExamples, there: NDArray[Any]) -> Mapping[str, Any]:
        """Return the errors there and here, and the values that differ, the largest first."""
        frame = load_frame(folder)
        here = forecasting.forecast(folder / MODEL, examples.inputs, frame).astype(np.float64)
        if there.shape != (len(here), here[0].size):
            raise DeviceError(_OTHER_EXAMPLES)
        there = there.reshape(here.shape)
        quantities = []
        for place, (name, unit) in enumerate(zip(frame.targets, frame.units, strict=True)):
            truth = examples.targets[..., place]
            mae, mae_here = (float(np.abs(forecasts[..., place] - truth).mean()) for forecasts in (there, here))
            quantities.append(DeviceQuantity(name=name, unit=unit, mae=mae, mae_here=mae_here))
        allowed = FORECAST_TOLERANCE * np.array([quantity.mae_here for quantity in quantities])
        gaps = np.abs(there - here) / np.maximum(allowed, np.finfo(np.float32).tiny)
        largest = np.argsort(-gaps, axis=None)[:_MOST_DIFFERENCES]
        differences = tuple(
            ForecastDifference(
                time_s=int(examples.names[row]),
                name=frame.targets[place],
                horizon=int(step) + 1,
                here=float(here[row, step, place]),
                there=float(there[row, step, place]),
            )
            for row, step, place in zip(*np.unravel_index(largest, gaps.shape), strict=True)
            if gaps[row, step, place] > 1
        )
        errors = DeviceErrors(
            num_windows=len(here),
            quantities=tuple(quantities),
            num_differences=int((gaps > 1).sum()),
            differences=differences,
        )
        return {"errors": errors}


DEVICE_TASKS: Mapping[str, DeviceTask[Any]] = {
    "keyword_spotting": SpottingOnDevice(),
    "forecasting": ForecastingOnDevice(),
}


def _evenly(size: int, count: int) -> NDArray[np.int64]:
    """Return so many places of a list, evenly over it."""
    return np.unique(np.linspace(0, size - 1, min(count, size)).round().astype(np.int64))
