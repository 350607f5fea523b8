"""The model that listens: a finished trial of the study, or any .tflite file."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from core.experiment.store import Study, TrialState, TrialSummary
from workbench import number_format
from workbench.form.fields import guard_wheel

NO_MODEL = "No trained trial yet"
HEARS = "keyword_spotting"
ASK_FILE = "Choose a .tflite file…"
FILES = "Models (*.tflite)"


class ModelMenu(QComboBox):
    """Offers models; says which one is wanted."""

    target_chosen = Signal(object)
    """Folder of a trial, or a .tflite file, that the user chose."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Model that listens")
        self.setToolTip("Model that listens")
        self.setMinimumContentsLength(24)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.file: Path | None = None
        """A model from elsewhere that was opened."""
        self._trials: dict[Path, str] = {}
        self._shown: Path | None = None
        self.activated.connect(self._choose)
        guard_wheel(self)
        self._fill()

    @property
    def target(self) -> Path | None:
        """What is shown: folder of a trial or a file; None when there is no model."""
        return self._shown

    def show_study(self, study: Study | None) -> None:
        """Offer a study's finished trials."""
        self._trials = {study.place_of(trial.name): _words(trial) for trial in hearing_trials(study)} if study else {}
        self._fill()

    def show_target(self, target: Path | None) -> None:
        """Show which model listens."""
        if target is not None and target not in self._trials:
            self.file = target
        self._shown = target
        self._fill()

    def offers(self, target: Path | None) -> bool:
        """Tell whether a model is in the menu."""
        return target is not None and (target in self._trials or target == self.file)

    def ask_file(self) -> None:
        """Let the user choose a file."""
        path, _ = QFileDialog.getOpenFileName(self, "Model to listen with", str(self.file or ""), FILES)
        if path:
            self.target_chosen.emit(Path(path))

    def _fill(self) -> None:
        self.clear()
        for folder, words in self._trials.items():
            self.addItem(words, folder)
        if self.file is not None:
            self.addItem(self.file.name, self.file)
        if not self.count():
            self.addItem(NO_MODEL, None)
        self.insertSeparator(self.count())
        self.addItem(ASK_FILE, None)
        places = {self.itemData(place): place for place in range(self.count() - 2)}
        self.setCurrentIndex(places.get(self._shown, 0 if not self._trials and self.file is None else -1))

    def _choose(self, index: int) -> None:
        if index == self.count() - 1:
            self._fill()
            self.ask_file()
        elif self.itemData(index) is not None:
            self.target_chosen.emit(self.itemData(index))


def _words(trial: TrialSummary) -> str:
    title = trial.title or trial.identity
    synthetic = " · synthetic voices" if trial.synthetic else ""
    return f"{trial.letter}  {title}  {number_format.percent(trial.accuracy)} %{synthetic}"


def hearing_trials(study: Study) -> list[TrialSummary]:
    """Return the finished trials that hear; those that forecast have no use for sound."""
    return [trial for trial in study.summaries() if trial.state is TrialState.FINISHED and trial.task == HEARS]


def best_trial(study: Study) -> str | None:
    """Return the name of the most accurate finished trial that hears; None without one."""
    finished = hearing_trials(study)
    return max(finished, key=lambda trial: (trial.accuracy or 0, trial.number)).name if finished else None
