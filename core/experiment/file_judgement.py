"""Any model file judged: what it is, what it is judged on, and by which rule."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from core.datasets.frame import Frame
from core.errors import ModelError
from core.events import Emit
from core.experiment.forecast_judgement import (
    Scaling,
    frame_beside,
    judge_test_part,
    judge_whole_table,
    reads_own_table,
    spec_of_frame,
    take_scaling,
)
from core.experiment.model_choice import judged_file, spec_of_trial
from core.experiment.spec_file import apply_settings, load_values, with_data
from core.spec import ForecastingSpec, KeywordSpottingSpec, TrialSpec, parse_spec
from core.tasks.judgement import Judgement, Part
from core.tasks.registry import TASKS


@dataclass(frozen=True)
class JudgedFile:
    """A model file with the spec of what it is judged on."""

    model: Path
    trial: Path | None
    """Folder of the trial that it belongs to."""
    spec: TrialSpec
    frame: Frame | None
    """Of a forecaster that is judged as it was trained; None where a spec file says what it takes."""
    scaling: Scaling


def choose_file(
    target: Path, spec: Path | None, data: Path | None, settings: Iterable[str], scaling: Scaling
) -> JudgedFile:
    """Return the file of a trial or path, with a spec file's, its trial's or its frame's word on what it takes.

    `scaling` holds means and deviations given for a forecaster that wants them. Raises WorkbenchError.
    """
    model, trial = judged_file(target)
    frame = None if spec else frame_beside(model)
    parsed: TrialSpec
    if spec:
        values, scaling = take_scaling(load_values(spec), scaling)
        parsed = parse_spec(apply_settings(with_data(values, data), settings), str(spec))
    elif trial:
        parsed = spec_of_trial(trial, settings, data)
    elif frame and data:
        parsed = parse_spec(apply_settings(spec_of_frame(frame, data).model_dump(mode="json"), settings), str(model))
    else:
        raise ModelError(
            f"{model}: belongs to no trial, so nothing says how its input is made; "
            "give the settings it was trained with as a spec (--spec)"
        )
    if scaling and not (spec and isinstance(parsed, ForecastingSpec)):
        raise ModelError(
            f"{model}: means and deviations are for a forecaster from elsewhere; give the spec of its columns and "
            "window as well (--spec)"
        )
    return JudgedFile(model, trial, parsed, frame, scaling)


def judge_file(chosen: JudgedFile, outputs: Sequence[str], part: Part, emit: Emit) -> Judgement:
    """Judge a file on a part of its data, a forecaster as a whole on a table other than that of its training.

    Raises WorkbenchError with a sentence where that cannot be done.
    """
    model, trial, spec, frame = chosen.model, chosen.trial, chosen.spec, chosen.frame
    if isinstance(spec, ForecastingSpec) and not outputs:
        if frame and not (trial and reads_own_table(trial, spec)):
            return judge_whole_table(model, trial, frame, spec.dataset, emit)
        if chosen.scaling:
            return judge_test_part(model, spec, chosen.scaling, emit)
    judged = TASKS[spec.task].judge_file(model, spec, tuple(outputs), part, emit)
    return replace(judged, warnings=(*_learnt_by_heart(chosen, part), *judged.warnings))


def _learnt_by_heart(chosen: JudgedFile, part: Part) -> tuple[str, ...]:
    """Say that a trial is judged on clips that it was trained on."""
    if chosen.trial is None or not isinstance(chosen.spec, KeywordSpottingSpec):
        return ()
    own, spec = spec_of_trial(chosen.trial, (), None), chosen.spec
    if not isinstance(own, KeywordSpottingSpec) or _folder_of(own) != _folder_of(spec):
        return ()
    if own.split.rule == "all":
        return (
            "The trial was trained on every clip of its data: judged on those, it shows what was learnt by heart, "
            "which is no accuracy.",
        )
    if part == "test" and own.split.recorded() == spec.split.recorded():
        return ()
    return (
        "Among these clips are some that the trial was trained on: what it learnt by heart raises its accuracy. Its "
        "test part by its own split holds none.",
    )


def _folder_of(spec: KeywordSpottingSpec) -> Path:
    return Path(spec.dataset.folder).expanduser().resolve()
