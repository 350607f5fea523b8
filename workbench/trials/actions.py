"""What can be done with the selected trials: one set of actions for buttons, menus and the command palette."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCursor, QKeySequence
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from core.errors import WorkbenchError
from core.experiment.export import Format, export_trial
from core.experiment.final import add_final
from core.experiment.jobs import Remeasure, Train
from core.experiment.store import TrialState, TrialSummary
from workbench import theme
from workbench.jobs import Jobs
from workbench.plots.pareto import ParetoChart
from workbench.session import Session
from workbench.trials.export import export_as
from workbench.trials.facts import title_of

RESUMABLE = (TrialState.FAILED, TrialState.CANCELLED, TrialState.QUEUED)
EXPORTS: tuple[tuple[Format, str, str], ...] = (
    ("tflite", "Model (.tflite)", ".tflite"),
    ("zip", "Zipped model (.zip)", ".zip"),
    ("keras", "Keras model (.keras)", ".keras"),
    ("c-array", "C array (.h and .cc)", ".h"),
)


class TrialActions(QObject):
    """Acts on the session's selection; what cannot be done is said in a sentence."""

    said = Signal(str)
    """A sentence for the user."""
    deleted = Signal(str)
    """What was deleted, in words that an undo stands beside."""
    settings_used = Signal()
    rename_requested = Signal()

    def __init__(self, session: Session, jobs: Jobs | None, page: QWidget) -> None:
        super().__init__(page)
        self.session, self.jobs, self.page = session, jobs, page
        self.ask_path: Callable[[str, str], str] = self._ask_path
        self.use = self._action("Use these settings", "ph.sliders-horizontal", "", self.use_settings)
        self.refer = self._action("Set as reference", "ph.flag", "", self.set_reference)
        self.rename = self._action("Rename", "ph.pencil-simple", "F2", self.rename_requested.emit)
        self.compare = self._action("Compare with the reference", "ph.git-diff", "", self.compare_with_reference)
        self.resume = self._action("Resume", "ph.play", "", self.resume_training)
        self.finalize = self._action("Train the final model", "ph.selection-all", "", self.train_on_all)
        self.measure = self._action("Measure latency again", "ph.timer", "", self.measure_again)
        self.delete = self._action("Delete", "ph.trash", "Del", self.delete_selected)
        self.exports = [
            self._action(
                f"Export {words}…", "ph.export", "", lambda form=form, ending=ending: self.export(form, ending)
            )
            for form, words, ending in EXPORTS
        ]
        self.session.selection_changed.connect(self.update)
        self.session.trials_changed.connect(self.update)
        self.session.reference_changed.connect(self.update)
        self.update()

    def export_chart(self, kind: str, chart: ParetoChart, trials: Sequence[TrialSummary]) -> None:
        """Write PNG or SVG of a chart, or CSV of the trials, into a file that the user names."""
        study = self.session.study
        path = self.ask_path(f"Export {kind}", f"{study.name}.{kind.lower()}") if study else ""
        if study is None or not path:
            return
        try:
            target = export_as(kind, Path(path), study, chart, trials)
        except WorkbenchError as error:
            self.said.emit(str(error))
            return
        self.said.emit(f"Wrote {target}")

    def menu(self, parent: QWidget) -> QMenu:
        """Return a menu of everything that can be done."""
        menu = QMenu(parent)
        menu.addActions([self.use, self.refer, self.compare])
        menu.addSeparator()
        menu.addActions([self.resume, self.finalize, self.measure])
        menu.addSeparator()
        menu.addActions(self.exports)
        menu.addSeparator()
        menu.addActions([self.rename, self.delete])
        return menu

    def offer(self, _place: QPoint) -> None:
        """Open the menu at the pointer."""
        menu = self.menu(self.page)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(QCursor.pos())

    def update(self, _told: object = None) -> None:
        """Offer only what the selection allows."""
        trials = self._selected()
        one = len(trials) == 1
        finished = one and trials[0].state is TrialState.FINISHED
        reference = self.session.study.reference if self.session.study else None
        for action in (self.use, self.rename):
            action.setEnabled(one)
        self.refer.setEnabled(finished and trials[0].name != reference)
        self.compare.setEnabled(one and reference is not None and trials[0].name != reference)
        self.resume.setEnabled(self.jobs is not None and any(trial.state in RESUMABLE for trial in trials))
        self.finalize.setVisible(any(trial.task == "keyword_spotting" for trial in trials))
        self.finalize.setEnabled(self.jobs is not None and finished and not trials[0].origin)
        self.measure.setEnabled(self.jobs is not None and any(trial.state is TrialState.FINISHED for trial in trials))
        self.delete.setEnabled(bool(trials))
        for action in self.exports:
            action.setEnabled(finished)

    def use_settings(self) -> None:
        """Take the trial's settings to the form."""
        self._try(lambda: self.session.use_settings(self.session.selection[0]))
        self.settings_used.emit()

    def set_reference(self) -> None:
        """Compare every trial with this one."""
        self._try(lambda: self.session.set_reference(self.session.selection[0]))

    def compare_with_reference(self) -> None:
        """Select the reference beside the trial, which shows the two side by side."""
        reference = self.session.opened().reference
        if reference:
            self.session.select((self.session.selection[0], reference))

    def resume_training(self) -> None:
        """Go on with trials that failed, were cancelled or wait."""
        names = tuple(trial.name for trial in self._selected() if trial.state in RESUMABLE)
        if self.jobs is not None and names:
            self.jobs.submit(Train(study=str(self.session.opened().folder), trials=names))

    def train_on_all(self) -> None:
        """Train the trial's settings once more on every clip, for the model that is put to use."""
        trial = self._selected()[0]
        added: list[str] = []
        if self.jobs is None or not self._try(lambda: added.append(add_final(self.session.opened(), trial.name))):
            return
        self.session.trials_changed.emit(frozenset(added))
        self.jobs.submit(Train(study=str(self.session.opened().folder), trials=tuple(added)))
        self.said.emit(f"Training the settings of {trial.letter} on all clips; its accuracy stands for the new trial")

    def measure_again(self) -> None:
        """Time finished trials once more beside the reference trial."""
        names = tuple(trial.name for trial in self._selected() if trial.state is TrialState.FINISHED)
        if self.jobs is not None and names:
            self.jobs.submit(Remeasure(study=str(self.session.opened().folder), trials=names))

    def delete_selected(self) -> None:
        """Move the selected trials out of sight; undo brings them back."""
        trials = self._selected()
        if trials and self._try(lambda: self.session.delete(tuple(trial.name for trial in trials))):
            letters = ", ".join(trial.letter for trial in trials[:5])
            self.deleted.emit(f"Deleted {letters}" + (f" and {len(trials) - 5} more" if len(trials) > 5 else ""))

    def export(self, form: Format, ending: str) -> None:
        """Write the trial's model where the user says."""
        trial = self._selected()[0]
        suggested = "".join(sign if sign.isalnum() or sign in "-_ ." else "_" for sign in title_of(trial)) + ending
        path = self.ask_path("Export model", suggested)
        if path and not Path(path).suffix:
            path += ending
        written: list[Path] = []
        if path and self._try(lambda: written.extend(export_trial(self.session.opened(), trial.name, form, path))):
            self.said.emit("Wrote " + " and ".join(str(file) for file in written))

    def _selected(self) -> list[TrialSummary]:
        study = self.session.study
        if study is None:
            return []
        found = []
        for name in self.session.selection:
            try:
                found.append(study.summary(name))
            except WorkbenchError:
                # Gone since it was selected; the selection follows with the next refresh.
                continue
        return found

    def _try(self, act: Callable[[], object]) -> bool:
        try:
            act()
        except WorkbenchError as error:
            self.said.emit(str(error))
            return False
        return True

    def _action(self, text: str, icon: str, keys: str, act: Callable[[], object]) -> QAction:
        action = QAction(text, self.page)
        theme.set_icon(action, icon)
        if keys:
            # The table itself takes the key: an action's shortcut would also fire while a name is being typed.
            action.setToolTip(f"{text} ({QKeySequence(keys).toString()})")
        action.triggered.connect(lambda: act())
        self.page.addAction(action)
        return action

    def _ask_path(self, heading: str, suggested: str) -> str:
        path, _ = QFileDialog.getSaveFileName(self.page, heading, suggested)
        return path
