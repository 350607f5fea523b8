"""The trial that goes to a device: finished ones of the study, the one selected on the Trials page first."""

from PySide6.QtWidgets import QComboBox, QWidget

from core.experiment.marks import accuracy_marks, quality_marks
from core.experiment.store import Study, TrialState, TrialSummary
from workbench import number_format
from workbench.form.fields import guard_wheel
from workbench.trials.facts import title_of

NO_TRIAL = "No trained trial yet"
CHARACTERS = 26


class TrialMenu(QComboBox):
    """Offers trials; what the user chose here stays until they select another trial elsewhere."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Trial to deploy")
        self.setMinimumContentsLength(CHARACTERS)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        guard_wheel(self)

    @property
    def trial(self) -> str:
        """Name of the trial shown; empty when there is none."""
        return self.currentData() or ""

    def show_study(self, study: Study | None, selection: tuple[str, ...]) -> None:
        """Offer a study's finished trials, the selected ones on top."""
        finished = [trial for trial in study.summaries() if trial.state is TrialState.FINISHED] if study else []
        finished.sort(key=lambda trial: selection.index(trial.name) if trial.name in selection else len(selection))
        offered = [(trial.name, _words(trial)) for trial in finished] or [("", NO_TRIAL)]
        if offered == [(self.itemData(place), self.itemText(place)) for place in range(self.count())]:
            return
        before = self.trial
        self.blockSignals(True)
        self.clear()
        for name, words in offered:
            self.addItem(words, name)
        self.setCurrentIndex(max(0, self.findData(before)))
        self.setEnabled(bool(finished))
        self.blockSignals(False)
        if self.trial != before:
            self.currentIndexChanged.emit(self.currentIndex())

    def show_trial(self, name: str) -> None:
        """Show a trial, if it is offered."""
        place = self.findData(name)
        if place >= 0:
            self.setCurrentIndex(place)


def _words(trial: TrialSummary) -> str:
    quality = f"{number_format.percent(trial.accuracy)} %{accuracy_marks(trial)}"
    if trial.errors:
        errors = [f"{number_format.three_digits(error.mae)} {error.unit}".strip() for error in trial.errors]
        quality = f"{', '.join(errors)}{quality_marks(trial)}"
    return f"{trial.letter}  {title_of(trial)}  {quality}"
