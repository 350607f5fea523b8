"""The model a user means: a trial of a study, or any `.tflite` file with what must be done to its input."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.datasets.clips import all_labels
from core.datasets.frame import is_frame
from core.datasets.listing import UNKNOWN
from core.datasets.preprocessing import FILE_NAME as PREPROCESSING
from core.datasets.preprocessing import Preprocessing, beside, read_preprocessing, repeated_label
from core.errors import ModelError, Problem, SpecError, StudyError
from core.evaluation.wake_word import WakeWord, read_wake_word
from core.experiment.files import require_plain_folder
from core.experiment.spec_file import apply_settings, load_values, with_data
from core.experiment.store import is_study
from core.experiment.trial_folder import NAME, read_result, read_spec
from core.files import read_bounded
from core.section import override
from core.spec import Features, KeywordSpottingSpec, TrialSpec, of_task, parse_spec

MODEL = "model.tflite"
WORKING_POINT = "detection.json"
WAKE_CLIP_MS = 2000
"""Part of a sound that a wake word is looked for in: two words take about one second."""


@dataclass(frozen=True)
class ChosenModel:
    """A model file, the way to its input, and where it comes from."""

    path: Path
    preprocessing: Preprocessing
    trial: Path | None = None
    """Folder of the trial it belongs to, None for a file from elsewhere."""
    synthetic: bool = False
    """Trained on clips that a synthesizer spoke."""
    wake_word: WakeWord | None = None
    """What microWakeWord says of it."""

    @property
    def working_point(self) -> Path:
        """File that its detection settings are kept in."""
        under_its_name, alone = beside(self.path, WORKING_POINT)
        return alone if self.path.name == MODEL else under_its_name

    @property
    def fingerprint(self) -> str:
        """Digest of the model and of what is done to its input."""
        digest = hashlib.sha256(self.path.read_bytes())
        digest.update(self.preprocessing.model_dump_json().encode())
        return digest.hexdigest()[:24]


def choose_model(target: Path | str, preprocessing: Preprocessing | None = None) -> ChosenModel:
    """Return the model of a trial's folder, or a `.tflite` file with `preprocessing` given or in a file beside it.

    Raises StudyError for a trial without a model, ModelError or DataError for a file that cannot be used.
    """
    target = Path(target).expanduser()
    if target.is_dir():
        return _of_folder(target, preprocessing)
    if not target.is_file():
        raise ModelError(f"{target}: is not there; name a trial's folder or a .tflite file")
    wake_word = read_wake_word(target)
    found = preprocessing or (_of_wake_word(wake_word) if wake_word else _kept_beside(target))
    return ChosenModel(target, found, wake_word=wake_word)


def judged_file(target: Path) -> tuple[Path, Path | None]:
    """Return the model file of a trial's folder, or a file itself, and the trial that it belongs to, if any.

    Raises StudyError for a trial without a model, ModelError for what is no model.
    """
    target = target.expanduser()
    if target.is_dir():
        model, is_trial = _model_in(target)
        return model, target if is_trial else None
    is_trial = target.name == MODEL and _is_trial(target.parent)
    return target, target.parent if is_trial else None


def spec_of_trial(trial: Path, settings: Iterable[str] = (), data: Path | None = None) -> TrialSpec:
    """Return a trial's spec with the path to its data and settings laid over it. Raises WorkbenchError."""
    values = read_spec(trial).model_dump(mode="json")
    return parse_spec(apply_settings(with_data(values, data), settings), str(trial))


def _of_folder(folder: Path, preprocessing: Preprocessing | None) -> ChosenModel:
    model, is_trial = _model_in(folder)
    result = read_result(folder) if is_trial else None
    return ChosenModel(
        path=model,
        preprocessing=preprocessing or _kept_beside(model),
        trial=folder if is_trial else None,
        synthetic=result is not None and result.synthetic,
    )


def _is_trial(folder: Path) -> bool:
    """Tell whether a folder is that of a trial. Raises StudyError for one that holds links, FIFOs or devices."""
    folder = folder.resolve()
    is_trial = NAME.fullmatch(folder.name) is not None and (folder / "spec.json").is_file()
    if is_trial:
        require_plain_folder(folder)
    return is_trial


def _model_in(folder: Path) -> tuple[Path, bool]:
    """Return the model in a folder, and whether that is a trial's."""
    model, is_trial = folder / MODEL, _is_trial(folder)
    if not model.is_file():
        if is_trial:
            raise StudyError(f"{folder}: the trial has no model yet; train it to its end first")
        if is_study(folder):
            raise StudyError(f"{folder}: is a study; name the trial in it as well, by its letter")
        raise ModelError(f"{folder}: holds no {MODEL}; name a trial's folder or a .tflite file")
    return model, is_trial


def _of_wake_word(wake_word: WakeWord) -> Preprocessing:
    """Return the way to the input of microWakeWord's models, whose one output is the probability of their word."""
    features = Features(kind="micro_frontend")
    return Preprocessing(features=features, clip_duration_ms=WAKE_CLIP_MS, labels=(UNKNOWN, wake_word.word))


def _kept_beside(model: Path) -> Preprocessing:
    for path in beside(model):
        if path.is_file():
            return _read(path, model)
    if model.suffix != Path(MODEL).suffix:
        raise ModelError(f"{model}: is not a model; name a trial's folder or a .tflite file")
    raise ModelError(
        f"{model}: has no {PREPROCESSING} beside it, so its input cannot be made; "
        "give the settings it was trained with as a spec (--spec), with its labels"
    )


def _read(path: Path, model: Path) -> Preprocessing:
    if is_frame(read_bounded(path)):
        raise ModelError(f"{model}: forecasts and takes no sound; choose a model of keyword spotting")
    return read_preprocessing(path)


def preprocessing_of_spec(path: Path | str, labels: tuple[str, ...] = ()) -> Preprocessing:
    """Return the way to the input that a spec's TOML file describes, for a model made elsewhere.

    `labels` are in the order of the outputs; without them they are those of the spec, in alphabetical order. Raises
    SpecError, also for features standardized by a mean that no spec holds.
    """
    values = load_values(path)
    folder = values["dataset"].get("folder") if isinstance(values.get("dataset"), dict) else None
    # The sound is given with the model, so the spec may lack its data.
    parsed = parse_spec(values if folder else override(values, "dataset.folder", "."), str(path))
    spec = of_task(parsed, KeywordSpottingSpec)
    order = labels or (all_labels(spec.dataset) if folder or spec.dataset.labels else ())
    if len(order) < 2:
        raise SpecError((Problem("dataset.labels", "name the model's labels in the order of its outputs"),), str(path))
    repeated = repeated_label(order)
    if repeated:
        why = f"two of the model's outputs are called {repeated}; name each label once"
        raise SpecError((Problem("dataset.labels", why),), str(path))
    if spec.features.normalization == "standardize":
        why = "standardize needs the training part's mean and deviation, which stand in the trial's preprocessing.json"
        raise SpecError((Problem("features.normalization", f"{why}; copy that file beside the model"),), str(path))
    return Preprocessing(
        features=spec.features,
        clip_duration_ms=spec.dataset.clip_duration_ms,
        clip_position=spec.dataset.clip_position,
        labels=order,
    )
