"""What is wrong with a draft that its own values do not show, said at the field that can mend it."""

import re
from pathlib import Path

from core.datasets.climate import columns_of, form_of
from core.datasets.windows import StepError
from core.errors import DataError, Problem
from core.spec import ForecastingSpec, KeywordSpottingSpec, SeriesData, TrialSpec
from core.tasks.registry import TASKS

ALL_CLIPS = (
    "a trial on all clips has none to be judged by; train with another rule, then choose “Train the final model” for "
    "that trial on the Trials page"
)
_SETTING = re.compile(r" \((dataset|window|split)(\.[^)]*)?\)")
"""What a command would call a setting."""


def data_fault(spec: TrialSpec) -> Problem | None:
    """Return what keeps a spec from being trained: its table, or that no clip is left to test; None where nothing does.

    Looks at the two ends of the file alone.
    """
    if isinstance(spec, KeywordSpottingSpec) and spec.split.rule == "all":
        return Problem("split.rule", ALL_CLIPS)
    if not isinstance(spec, ForecastingSpec) or not spec.dataset.file:
        return None
    try:
        TASKS[spec.task].find_data(spec)
    except StepError as error:
        return Problem("window.step_minutes", f"the table {_without_path(error, spec.dataset)}")
    except DataError as error:
        return Problem(f"dataset.{_faulty_field(spec.dataset)}", _without_path(error, spec.dataset))
    return None


def _faulty_field(data: SeriesData) -> str:
    if not _is_recognised(data):
        for field, nothing in (
            ("time_column", ""),
            ("series_columns", ()),
            ("value_column", ""),
            ("shape", "automatic"),
        ):
            if _is_recognised(data.model_copy(update={field: nothing})):
                return field
        return "file"
    without_inputs = data.model_copy(update={"inputs": ()})
    return "inputs" if data.inputs and _has_columns(without_inputs) else "targets"


def _without_path(error: DataError, data: SeriesData) -> str:
    """Return the sentence alone: the file and the setting are named beside it."""
    sentence = str(error).removeprefix(f"{Path(data.file).expanduser().resolve()}: ").removeprefix(f"{data.file}: ")
    return without_settings(sentence)


def without_settings(sentence: str) -> str:
    """Return a sentence without the names of settings that a command takes: here they stand as words."""
    return _SETTING.sub("", sentence)


def _has_columns(data: SeriesData) -> bool:
    try:
        columns_of(data)
    except DataError:
        return False
    return True


def _is_recognised(data: SeriesData) -> bool:
    try:
        form_of(data)
    except DataError:
        return False
    return True
