"""What the window is about: the open study, the selection, what to undo. Knows nothing of Qt.

Pages take a session in their constructor, show it and change it; they never speak to each other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from psygnal import Signal

from core.datasets.edits import ClipEdit, change_edits
from core.errors import StudyError, WorkbenchError
from core.experiment.store import Constraints, Study, TrialState
from core.spec import Dataset, Features, KeywordSpottingSpec, SeriesData, Split, TrialSpec

THIS_MACHINE = ""


@dataclass(frozen=True)
class Undoable:
    """Something done that can be taken back; `words` say what, as in "Undo: delete trial B"."""

    words: str
    take_back: Callable[[], None]
    trials: frozenset[str] = frozenset()
    """Names of the trials concerned; none where it is of no study, so that it outlives one."""


class Session:
    """The one thing all pages share. Every change goes through a method and is told by a signal."""

    study_opened = Signal(object)
    """A Study was opened; None when none is open any more."""
    trials_changed = Signal(frozenset)
    """Names of trials that appeared, changed or went."""
    selection_changed = Signal(tuple)
    """Selected trial names, the current one first."""
    reference_changed = Signal(object)
    constraints_changed = Signal(object)
    spec_requested = Signal(object)
    """A TrialSpec that the form shall show."""
    features_requested = Signal(object)
    """A Features section that the form shall take up; what else it says stays."""
    dataset_requested = Signal(object)
    """A Dataset or SeriesData that the form shall take up; what else it says stays where it is of the same task."""
    split_requested = Signal(object)
    """A Split of clips that the form shall take up; what else it says stays."""
    clips_edited = Signal(object, object)
    """A folder and by name the ClipEdits that its clips have now."""
    spec_edited = Signal(object)
    """The TrialSpec in the form changed; without problems, a moment after the last keystroke."""
    training_requested = Signal(tuple)
    """Names of trials that shall be trained, or go on where they were stopped."""
    device_changed = Signal(str)
    event_received = Signal(object)
    """Every event of the worker, as it comes."""
    undo_changed = Signal(str)
    """Words of what undo would take back; empty when there is nothing."""
    failed = Signal(str)
    """A sentence for the user about something that could not be done."""

    def __init__(self) -> None:
        self.study: Study | None = None
        self.selection: tuple[str, ...] = ()
        self.spec: TrialSpec | None = None
        """The latest spec in the form that has no problem; None before there is a form."""
        self._device = THIS_MACHINE
        self._done: list[Undoable] = []

    def open_study(self, folder: Path | str) -> None:
        """Open the study of a folder, making it when there is none. Raises StudyError."""
        self.study = Study.open_or_create(Path(folder))
        self.selection = ()
        self._done = [done for done in self._done if not done.trials]
        self.study_opened.emit(self.study)
        self.selection_changed.emit(())
        self.reference_changed.emit(self.study.reference)
        self.constraints_changed.emit(self.study.constraints)
        self._tell_undo()
        self._take_up_task(self.study)

    def _take_up_task(self, study: Study) -> None:
        """Let form and pages follow a study whose trials are all about something else than the form."""
        trials = study.summaries()
        if self.spec is None or not trials or any(trial.task == self.spec.task for trial in trials):
            return
        try:
            spec = study.spec(study.reference or trials[-1].name)
        except WorkbenchError:
            # A damaged trial is shown on the Trials page; the form stays as it is.
            return
        self.spec_requested.emit(spec)
        self.tell_spec(spec)

    def opened(self) -> Study:
        """Return the open study. Raises StudyError when there is none."""
        if self.study is None:
            raise StudyError("no study is open; open or make one first")
        return self.study

    def add_trials(self, specs: list[TrialSpec]) -> list[str]:
        """Add trials to the study, queued, and return their names. Raises StudyError."""
        study = self.opened()
        names = [study.add(spec) for spec in specs]
        self.trials_changed.emit(frozenset(names))
        return names

    def select(self, names: tuple[str, ...]) -> None:
        """Select trials, the current one first."""
        names = tuple(names)
        if names != self.selection:
            self.selection = names
            self.selection_changed.emit(names)

    def use_settings(self, name: str) -> None:
        """Ask for a trial's settings to be shown in the form. Raises StudyError."""
        self.spec_requested.emit(self.opened().spec(name))

    def use_features(self, features: Features) -> None:
        """Ask for settings of the features to be taken up by the form."""
        self.features_requested.emit(features)

    def use_dataset(self, dataset: Dataset | SeriesData) -> None:
        """Ask for a choice of data to be taken up by the form, and by the pages that follow it."""
        if self.spec is not None and type(self.spec.dataset) is type(dataset) and not list(dataset.problems()):
            self.tell_spec(self.spec.model_copy(update={"dataset": dataset}))
        self.dataset_requested.emit(dataset)

    def use_split(self, split: Split) -> None:
        """Ask for another split of the clips to be taken up by the form, and by the pages that follow it."""
        if isinstance(self.spec, KeywordSpottingSpec) and not list(split.problems()):
            self.tell_spec(self.spec.model_copy(update={"split": split}))
        self.split_requested.emit(split)

    def edit_clips(self, folder: Path, changes: Mapping[str, ClipEdit], words: str) -> None:
        """Exclude, relabel or trim clips of a folder; `undo` takes it back. Raises DataError."""
        before = change_edits(folder, changes)
        self.remember(Undoable(words, lambda: self._edit_back(folder, before)))
        self.clips_edited.emit(folder, changes)

    def _edit_back(self, folder: Path, before: Mapping[str, ClipEdit]) -> None:
        change_edits(folder, before)
        self.clips_edited.emit(folder, before)

    def tell_spec(self, spec: TrialSpec) -> None:
        """Tell the other pages what the form says."""
        if spec != self.spec:
            self.spec = spec
            self.spec_edited.emit(spec)

    def train_again(self, names: tuple[str, ...]) -> None:
        """Ask for trials that are not finished to be trained; they go on from their last epoch."""
        self.training_requested.emit(tuple(names))

    def unfinished(self) -> tuple[str, ...]:
        """Return the trials that were never trained to the end and do not run now."""
        ended = (TrialState.FINISHED, TrialState.RUNNING)
        trials = self.study.summaries() if self.study else []
        return tuple(trial.name for trial in trials if trial.state not in ended)

    def set_reference(self, name: str | None) -> None:
        """Make a trial the one that others are compared with. Raises StudyError."""
        self.opened().set_reference(name)
        self.reference_changed.emit(name)

    def set_constraints(self, constraints: Constraints) -> None:
        """Set what a trial must reach to be feasible. Raises StudyError."""
        study = self.opened()
        if constraints != study.constraints:
            study.set_constraints(constraints)
            self.constraints_changed.emit(constraints)

    def rename(self, name: str, title: str) -> None:
        """Give a trial a name of the user's own. Raises StudyError."""
        study = self.opened()
        before = study.summary(name).title
        if title == before:
            return
        study.rename(name, title)
        words = f"rename {study.summary(name).letter}"
        self.remember(Undoable(words, lambda: study.rename(name, before), frozenset([name])))
        self.trials_changed.emit(frozenset([name]))

    def delete(self, names: tuple[str, ...]) -> None:
        """Move trials to the study's trash; `undo` brings them back. Raises StudyError."""
        study = self.opened()
        letters = ", ".join(study.summary(name).letter for name in names)
        gone: list[str] = []

        def restore() -> None:
            for name in gone:
                study.restore(name)

        try:
            for name in names:
                study.delete(name)
                gone.append(name)
        finally:
            if gone:
                self.remember(Undoable(f"delete {letters}", restore, frozenset(gone)))
                self._forget(frozenset(gone))

    def remember(self, done: Undoable) -> None:
        """Let `undo` take something back."""
        self._done.append(done)
        self._tell_undo()

    def undo(self) -> str:
        """Take back what was done last and return its words. Raises StudyError or DataError."""
        if not self._done:
            return ""
        last = self._done.pop()
        self._tell_undo()
        try:
            last.take_back()
        finally:
            if last.trials:
                self.trials_changed.emit(last.trials)
        return last.words

    def refresh(self) -> None:
        """Look again at the study's folder, where the worker and the command line write too."""
        if self.study is None:
            return
        reference = self.study.reference
        try:
            changed = frozenset(self.study.refresh())
        except StudyError as error:
            self.failed.emit(str(error))
            return
        if changed:
            self.trials_changed.emit(changed)
        if self.study.reference != reference:
            self.reference_changed.emit(self.study.reference)

    @property
    def device(self) -> str:
        """The device whose latency the charts show; empty means this machine."""
        return self._device

    @device.setter
    def device(self, device: str) -> None:
        if device != self._device:
            self._device = device
            self.device_changed.emit(device)

    def _forget(self, names: frozenset[str]) -> None:
        self.trials_changed.emit(names)
        self.select(tuple(name for name in self.selection if name not in names))

    def _tell_undo(self) -> None:
        self.undo_changed.emit(self._done[-1].words if self._done else "")
