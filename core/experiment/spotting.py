"""A trial, or any model file, as a spotter of words in sound as it comes, and the working point kept with it."""

import dataclasses
import json
from pathlib import Path

from pydantic import TypeAdapter

from core.errors import DataError, ModelError
from core.evaluation.detection import DetectionSettings
from core.evaluation.guarded_model import GuardedModel
from core.evaluation.model_form import ModelForm
from core.evaluation.spotter import StreamSpotter
from core.evaluation.wake_word import WakeWord
from core.experiment.files import write_atomically
from core.experiment.model_choice import ChosenModel, choose_model
from core.experiment.opened_model import open_chosen
from core.files import read_bounded
from core.json_text import load_object
from core.section import faults_in

_WAKE_STEP_MS = 30.0


class Spotter(StreamSpotter):
    """A chosen model listening to a stream, at the working point saved with it unless `settings` are given.

    `model` is one that is open already, for clips too. Raises ModelError when it does not fit its preprocessing,
    DataError when the saved working point is damaged.
    """

    def __init__(
        self,
        chosen: ChosenModel,
        settings: DetectionSettings | None = None,
        num_threads: int = 1,
        model: GuardedModel | None = None,
    ) -> None:
        self.chosen = chosen
        self.model = model or open_chosen(chosen, num_threads)
        _check_hearing(self.model, chosen)
        super().__init__(self.model.stream(), chosen.preprocessing, settings or load_working_point(chosen))

    @property
    def form(self) -> ModelForm:
        """How the model is fed and read."""
        return self.model.form


def open_spotter(target: Path | str, settings: DetectionSettings | None = None, num_threads: int = 1) -> Spotter:
    """Return a spotter for a trial's folder or a `.tflite` file with its preprocessing beside it.

    Raises WorkbenchError with a sentence for what cannot be used.
    """
    return Spotter(choose_model(target), settings, num_threads)


def _check_hearing(model: GuardedModel, chosen: ChosenModel) -> None:
    """Make sure that the features of a stream are to be had. Raises ModelError."""
    features = chosen.preprocessing.features
    by_peak = features.applies("peak_normalization") and features.peak_normalization
    if model.form.step_frames and (features.normalization == "clip_mean" or by_peak):
        raise ModelError(
            f"{chosen.path}: is fed frame by frame, before a clip's mean or peak is known; to listen with it, take "
            "features without features.peak_normalization and features.normalization = clip_mean"
        )


def load_working_point(chosen: ChosenModel) -> DetectionSettings:
    """Return the detection settings saved with a model, else those of its maker, else the defaults.

    Raises DataError when damaged.
    """
    path = chosen.working_point
    try:
        given = DetectionSettings(**load_object(read_bounded(path)))
        return TypeAdapter(DetectionSettings).validate_python(dataclasses.asdict(given))
    except FileNotFoundError:
        return _advised(chosen.wake_word) if chosen.wake_word else DetectionSettings()
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise DataError(
            f"{path}: cannot be read as detection settings{faults_in(error)}; delete it to go back to the defaults"
        ) from error


def _advised(wake_word: WakeWord) -> DetectionSettings:
    """Return the working point that microWakeWord gives, whose models take three frames of 10 ms at a time."""
    return DetectionSettings(
        threshold=wake_word.cutoff,
        hop_ms=_WAKE_STEP_MS,
        average_window_ms=wake_word.average_steps * _WAKE_STEP_MS,
        minimum_count=wake_word.average_steps,
    )


def save_working_point(chosen: ChosenModel, settings: DetectionSettings) -> Path:
    """Save detection settings with a model, for whoever spots with it, and return the file. Raises StudyError."""
    path = chosen.working_point
    write_atomically(path, json.dumps(dataclasses.asdict(settings), indent=1) + "\n")
    return path


def changed_settings(base: DetectionSettings, **changes: float | None) -> DetectionSettings:
    """Return settings with those changes that are given. Raises DataError with a sentence for values out of range."""
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return dataclasses.replace(base, **given)  # type: ignore[arg-type]
    except ValueError as error:
        raise DataError(str(error)) from error
