"""Two trials side by side: the settings in which they differ, their figures and the differences."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from core.datasets.column_names import name_of
from core.errors import WorkbenchError
from core.experiment.marks import accuracy_marks, latency_marks, quality_marks
from core.experiment.store import Study, TrialSummary
from workbench import number_format, theme
from workbench.trials.details import NARROWEST
from workbench.trials.facts import compare_specs, title_of
from workbench.trials.sheets import table


@dataclass(frozen=True)
class Figure:
    """A figure that two trials are compared by."""

    words: str
    value: Callable[[TrialSummary, str], float | None]
    write: Callable[[float | None], str]
    marks: Callable[[TrialSummary, str], str] = lambda _trial, _device: ""


def _latency(attribute: str) -> Callable[[TrialSummary, str], float | None]:
    def value(trial: TrialSummary, device: str) -> float | None:
        latency = trial.latency_on(device)
        return getattr(latency, attribute) if latency else None

    return value


def _timed(trial: TrialSummary, device: str) -> str:
    return latency_marks(trial.latency_on(device))


ACCURACY = Figure(
    "accuracy, %", lambda trial, _: trial.accuracy, number_format.percent, lambda trial, _: accuracy_marks(trial)
)
FIGURES = (
    Figure("zip, kB", lambda trial, _: trial.zip_bytes, number_format.kilobytes),
    Figure("plain, kB", lambda trial, _: trial.tflite_bytes, number_format.kilobytes),
    Figure("total, ms", _latency("total_ms"), number_format.milliseconds, _timed),
    Figure("features, ms", _latency("feature_ms"), number_format.milliseconds, _timed),
    Figure("inference, ms", _latency("inference_ms"), number_format.milliseconds, _timed),
    Figure("parameters", lambda trial, _: trial.params, lambda value: number_format.count(_whole(value))),
    Figure("non-zero", lambda trial, _: trial.nonzero_params, lambda value: number_format.count(_whole(value))),
    Figure("MACs, M", lambda trial, _: trial.macs, number_format.millions),
    Figure("RAM, kB", lambda trial, _: trial.peak_ram_bytes, number_format.kilobytes),
)


OF_FORECASTS = {
    "features, ms": Figure("input, ms", _latency("feature_ms"), number_format.milliseconds, _timed),
    "MACs, M": Figure("MACs", lambda trial, _: trial.macs, lambda value: number_format.count(_whole(value))),
}
"""What figures of clips are where nothing hears."""


def _figures(one: TrialSummary, other: TrialSummary) -> tuple[Figure, ...]:
    """Return what two trials are compared by: their accuracy, or the error of every quantity that either forecasts."""
    units = {error.name: error.unit for trial in (one, other) for error in trial.errors}
    errors = [_error(name, unit) for name, unit in units.items()]
    if any(trial.task == "keyword_spotting" for trial in (one, other)):
        return (ACCURACY, *errors, *FIGURES)
    return (*errors, *(OF_FORECASTS.get(figure.words, figure) for figure in FIGURES))


def _error(name: str, unit: str) -> Figure:
    def value(trial: TrialSummary, _device: str) -> float | None:
        error = trial.error_of(name)
        return error.mae if error else None

    words = f"{name_of(name)} error, {unit}" if unit else f"{name_of(name)} error"
    return Figure(words, value, number_format.three_digits, lambda trial, _: quality_marks(trial, name))


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


class TrialComparison(QScrollArea):
    """The panel shown while two trials are selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(NARROWEST)
        self.setAccessibleName("Comparison of two trials")
        self.heading, self.figures, self.settings = QLabel(), QLabel(), QLabel()
        content = QFrame()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        for label, title in ((self.heading, ""), (self.figures, "Results"), (self.settings, "Settings that differ")):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.RichText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            if title:
                section = QLabel(title)
                section.setProperty("role", "section")
                column.addWidget(section)
            column.addWidget(label)
        column.addStretch(1)
        self.setWidget(content)

    def show_trials(self, study: Study, one: TrialSummary, other: TrialSummary, device: str) -> None:
        """Compare two trials of a study."""
        titles = [f"<b>{trial.letter}</b>&nbsp; {escape(title_of(trial))}" for trial in (one, other)]
        self.heading.setText("<br>".join(titles))
        rows = [_compared(figure, one, other, device) for figure in _figures(one, other)]
        self.figures.setText(table(rows, ("", one.letter, other.letter, f"{other.letter} − {one.letter}")))
        self.settings.setText(_settings(study, one, other))


def _compared(figure: Figure, one: TrialSummary, other: TrialSummary, device: str) -> tuple[str, str, str, str]:
    first, second = figure.value(one, device), figure.value(other, device)
    difference = (
        "" if first is None or second is None else number_format.signed(figure.write(second - first), second - first)
    )
    return (
        escape(figure.words),
        figure.write(first) + figure.marks(one, device),
        figure.write(second) + figure.marks(other, device),
        difference,
    )


def _settings(study: Study, one: TrialSummary, other: TrialSummary) -> str:
    try:
        found = compare_specs(study.spec(one.name), study.spec(other.name))
    except WorkbenchError as error:
        return f"<span style='color:{theme.current().bad}'>{escape(str(error))}</span>"
    rows = [(escape(each.name), escape(each.ours), escape(each.theirs)) for each in found]
    return table(rows, ("", one.letter, other.letter)) or "None: the same settings, run twice."
