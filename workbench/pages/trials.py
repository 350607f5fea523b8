"""The Trials page: a study's trials as a table and two Pareto charts, with the selected one's details beside them.

Runs alone too: ``python -m workbench.pages.trials STUDY``.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QWidget

from core.errors import StudyError, WorkbenchError
from core.events import Event, TrialFailed, TrialFinished, TrialStarted, TrialStopped
from core.experiment.store import Constraints, Study, TrialSummary
from workbench import theme
from workbench.jobs import Jobs
from workbench.plots.pareto import ParetoChart
from workbench.preferences import Preference, Preferences, default_settings
from workbench.session import Session
from workbench.trials.actions import TrialActions
from workbench.trials.beside import TrialsBeside
from workbench.trials.charts import TrialCharts
from workbench.trials.constraint_bar import ConstraintBar, limitables_for
from workbench.trials.facts import Differences, baseline_words
from workbench.trials.filter import FilterBar, TrialFilter
from workbench.trials.forecast_panel import ForecastPage
from workbench.trials.frame import EmptyTrials
from workbench.trials.running import RunningTrials
from workbench.trials.settings_reader import DifferenceReader
from workbench.trials.sheets import hover_card
from workbench.trials.table import TrialTable
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.message_bar import MessageBar
from workbench.widgets.other_page import page_action
from workbench.widgets.stacked import padded, stack

REPAINT_MS = 33
HIDDEN_COLUMNS = Preference("trials/hidden_columns", "")
MOST_SINGLY = 20
"""Beyond so many changes at once the whole study is shown anew."""
WIDE, TALL = (900, 360), (440, 300)


class TrialsPage(QWidget):
    """Shows the session's study. Everything it draws follows from the study and the session, at most every 33 ms."""

    def __init__(self, session: Session, jobs: Jobs | None = None, preferences: Preferences | None = None) -> None:
        super().__init__()
        self.session = session
        self.preferences = preferences or Preferences(default_settings())
        self.differences: Differences | None = None
        self.running = RunningTrials(session)
        self.reader = DifferenceReader(self)
        self.actions_of_trials = TrialActions(session, jobs, self)
        self._changed: set[str] = set()
        self._whole = True
        self._build()
        self._connect()
        self._restore()

    # Building

    def _build(self) -> None:
        self.message = MessageBar()
        self.constraints = ConstraintBar()
        self.charts = TrialCharts()
        self.filter = FilterBar()
        self.table = TrialTable()
        self.column_menu = QMenu(self)
        self.filter.columns.setMenu(self.column_menu)
        self.beside = TrialsBeside()
        self.details = self.beside.details
        self.details.more.setMenu(self.actions_of_trials.menu(self))
        upper, lower = QWidget(), QWidget()
        stack(upper, padded(self.constraints, 12, 8, 12, 4), self.charts)
        self.baselines = ElidedLabel()
        self.baselines.setProperty("role", "muted")
        self.baselines.setContentsMargins(12, 4, 12, 4)
        stack(lower, self.filter, self.baselines, self.table)
        self.down = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.down.addWidget(upper)
        self.down.addWidget(lower)
        self.down.setStretchFactor(0, 3)
        self.down.setStretchFactor(1, 2)
        self.down.setSizes(list(TALL))
        self.across = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.across.addWidget(self.down)
        self.across.addWidget(self.beside)
        self.across.setStretchFactor(0, 1)
        self.across.setSizes(list(WIDE))
        self.empty = EmptyTrials()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.across)
        self.forecasts = ForecastPage()
        self.pages.addWidget(self.forecasts)
        stack(self, self.message, self.pages)

    def _connect(self) -> None:
        session = self.session
        session.study_opened.connect(self._show_study)
        session.trials_changed.connect(self._note_changed)
        session.selection_changed.connect(self._show_selection)
        session.reference_changed.connect(self._show_reference)
        session.constraints_changed.connect(self._show_constraints)
        session.device_changed.connect(self._show_device)
        session.event_received.connect(self._take_event)
        theme.changed.connect(self._note_theme)
        self.constraints.changed.connect(self._set_constraints)
        self.charts.limit_dragged.connect(self.constraints.show_dragged)
        self.charts.constraints_changed.connect(self._set_constraints)
        self.charts.trial_clicked.connect(self._take_click)
        self.charts.device_chosen.connect(lambda device: setattr(session, "device", device))
        self.charts.export_requested.connect(self._export_chart)
        self.charts.size_changed.connect(self._show_running)
        self.charts.describe = self._describe
        self.charts.ratings_changed.connect(self._offer_limits)
        self.details.forecast.enlarge_requested.connect(self.enlarge_forecasts)
        self.forecasts.closed.connect(self._close_forecasts)
        self.filter.changed.connect(self._show_filter)
        self.reader.progressed.connect(self._take_read)
        self.table.chosen.connect(session.select)
        self.table.details_requested.connect(self.details.take_focus)
        self.table.deletion_requested.connect(self.actions_of_trials.delete_selected)
        self.table.trials.renamed.connect(self._rename)
        self.table.columns_changed.connect(self._remember_columns)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self.actions_of_trials.offer)
        self.column_menu.aboutToShow.connect(lambda: self.table.fill_column_menu(self.column_menu))
        self.details.use_requested.connect(self.actions_of_trials.use_settings)
        self.actions_of_trials.said.connect(self.message.show_message)
        self.actions_of_trials.rename_requested.connect(self.table.rename_current)
        self.actions_of_trials.settings_used.connect(self.open_experiment)
        self.actions_of_trials.deleted.connect(lambda words: self.message.show_message(words, "Undo", self.undo))
        export = QAction("Export table as CSV…", self)
        export.triggered.connect(lambda: self._export_chart(self.charts.size_chart, "CSV"))
        self.addAction(export)
        self._repainting = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._repainting.timeout.connect(self._repaint)
        # The panel follows a moment later, so that a held arrow key runs down the table without waiting for it.
        self._turning = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._turning.timeout.connect(self._show_beside)

    def _restore(self) -> None:
        self.table.hide_columns(str(self.preferences.get(HIDDEN_COLUMNS)).split(","))
        self.preferences.keep_splitter(self.across, "trials")
        self.preferences.keep_splitter(self.down, "trials-down")
        self.preferences.keep_splitter(self.charts.splitter, "trials-charts")
        self.preferences.keep_splitter(self.forecasts.splitter, "trials-forecasts")
        self._show_study(self.session.study)

    # From the session

    def _show_study(self, study: Study | None) -> None:
        self.differences = Differences(study) if study else None
        self.running.forget_all()
        self.message.hide()
        self.pages.setCurrentWidget(self.across)
        self.filter.clear()
        self._whole = True
        self._schedule()

    def _note_changed(self, names: frozenset[str]) -> None:
        self._changed |= names
        self._schedule()

    def _note_theme(self, _palette: object) -> None:
        self.charts.dress(theme.current())
        self._show_beside()
        self.table.viewport().update()

    def _show_reference(self, reference: str | None) -> None:
        if self.differences is not None:
            self.differences.compare_with(reference)
            self._whole = True
            self._schedule()

    def _show_constraints(self, constraints: Constraints) -> None:
        self.constraints.show_constraints(constraints)
        self.charts.show_constraints(constraints)
        self.table.trials.constraints = constraints
        self.table.trials.rearrange()
        self._show_count()
        self._show_beside()

    def _show_device(self, _device: str) -> None:
        self._whole = True
        self._schedule()

    def _show_selection(self, names: tuple[str, ...]) -> None:
        self.table.show_selection(names)
        self.charts.show_selection(names, self._reference)
        if self.isVisible() and not self._turning.isActive():
            self._turning.start()

    def _take_event(self, event: Event) -> None:
        if not self.running.take(event):
            return
        self._changed.add(event.trial)
        current = self.session.selection[:1] == (event.trial,)
        if current and self.isVisible() and not isinstance(event, TrialStarted):
            self.details.curves.add_event(event)
        if isinstance(event, TrialFinished | TrialFailed | TrialStopped):
            self.running.forget(event.trial)
        self._schedule()

    # Redrawing

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self._repaint()

    def _schedule(self) -> None:
        if self.isVisible() and not self._repainting.isActive():
            self._repainting.start()

    def _repaint(self) -> None:
        """Bring the page up to date with the study; what nobody sees waits for `showEvent`."""
        study = self.session.study
        if not self.isVisible() or not (self._whole or self._changed):
            return
        changed, self._changed = self._changed, set()
        table = self.table.trials
        table.device, table.reference = self.session.device, self._reference
        if self.differences is not None:
            self.differences.forget(name for name in changed if name not in self.running)
        if self._whole or len(changed) > MOST_SINGLY:
            self._show_all(study)
        elif study is not None:
            self._show_some({name: _summary_of(study, name) for name in changed})
        table.progress = self.running.progress()
        table.redraw(self.running)
        self.charts.show_selection(self.session.selection, self._reference)
        self.table.show_selection(self.session.selection)
        if self.pages.currentWidget() is not self.forecasts or not table.trials:
            self.pages.setCurrentWidget(self.across if table.trials else self.empty)
            self.setFocusProxy(self.table if table.trials else self.empty.button)
        self.baselines.setText(baseline_words(self.charts.baselines))
        self.baselines.setVisible(bool(self.charts.baselines))
        self.empty.show_study(study, self.experiment_action())
        self._show_count()
        if self.differences is not None and table.filter.words and not all(map(self.differences.knows, table.trials)):
            self.reader.read(self.differences, table.trials)
        self._show_beside()

    def _show_all(self, study: Study | None) -> None:
        self._whole = False
        table = self.table.trials
        table.constraints = study.constraints if study else Constraints()
        table.show_study(study.summaries() if study else (), self.differences)
        self.constraints.show_constraints(table.constraints)
        self.charts.show_constraints(table.constraints)
        self.charts.show_study(table.trials, self.session.device)
        self.running.keep(table.trials)
        self._show_running()

    def _show_some(self, changed: dict[str, TrialSummary | None]) -> None:
        self.table.trials.update_trials(changed)
        self.running.keep({name: trial for name, trial in changed.items() if trial is not None})
        self.charts.update_trials(changed, self.running.estimates())

    def _show_running(self) -> None:
        """Place the trials that run, by what they are expected to be."""
        running = {name: self.table.trials.trials[name] for name in self.running if name in self.table.trials.trials}
        if running:
            self.charts.update_trials(running, self.running.estimates())

    def _show_beside(self) -> None:
        trials = [self.table.trials.trials[name] for name in self._known_selection()]
        self.beside.show_trials(self.session.study, trials, self.differences, self.session.device)

    def _show_count(self, unread: int = 0) -> None:
        self.filter.show_count(len(self.table.trials.shown), len(self.table.trials.trials), unread)

    def _known_selection(self) -> list[str]:
        return [name for name in self.session.selection if name in self.table.trials.trials]

    @property
    def _reference(self) -> str | None:
        return self.session.study.reference if self.session.study else None

    # Filtering

    def _show_filter(self, wanted: TrialFilter) -> None:
        self.table.trials.show_filtered(wanted)
        self.table.show_selection(self.session.selection)
        if wanted.words and self.differences is not None:
            self.reader.read(self.differences, self.table.trials.trials)
        else:
            self.reader.stop()
        self._show_count()

    def _take_read(self, unread: int) -> None:
        if unread == 0:
            self.table.trials.rearrange()
        self._show_count(unread)

    # What the user does

    def enlarge_forecasts(self) -> None:
        """Show the forecasts of the current trial over the whole page."""
        study, names = self.session.study, self._known_selection()
        if study is not None and names and self.forecasts.show_trial_of(study, self.table.trials.trials[names[0]]):
            self.pages.setCurrentWidget(self.forecasts)

    def _close_forecasts(self) -> None:
        self.pages.setCurrentWidget(self.across)
        self.table.setFocus()

    def _offer_limits(self) -> None:
        columns = [rating.column for rating in self.charts.ratings]
        self.constraints.offer(limitables_for(columns, self.charts.baselines))

    def undo(self) -> None:
        """Take back the last deletion or renaming."""
        self._try(self.session.undo)

    def open_experiment(self) -> None:
        """Go to the page where settings are made, where there is one."""
        action = self.experiment_action()
        if action is not None:
            action.trigger()

    def experiment_action(self) -> QAction | None:
        """Return the window's own action that shows the Experiment page, None when this page runs alone."""
        return page_action(self, "Experiment")

    def _take_click(self, name: str, joins: bool) -> None:  # noqa: FBT001
        others = [other for other in self.session.selection if other != name]
        self.session.select((name, *others) if joins else (name,))

    def _set_constraints(self, constraints: Constraints) -> None:
        self._try(lambda: self.session.set_constraints(constraints))
        self._show_constraints(self.session.opened().constraints)

    def _rename(self, name: str, title: str) -> None:
        self._try(lambda: self.session.rename(name, title))

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except WorkbenchError as error:
            self.message.show_message(str(error))

    def _remember_columns(self) -> None:
        self.preferences.set(HIDDEN_COLUMNS, ",".join(self.table.hidden_columns()))

    def _export_chart(self, chart: ParetoChart, kind: str) -> None:
        table = self.table.trials
        self.actions_of_trials.export_chart(kind, chart, [table.trials[name] for name in table.shown])

    def _describe(self, name: str) -> str:
        trial = self.table.trials.trials[name]
        return hover_card(trial, self.session.device, self.differences.of(name) if self.differences else ())


def _summary_of(study: Study, name: str) -> TrialSummary | None:
    try:
        return study.summary(name)
    except StudyError:
        return None


def main() -> None:
    """Run the page alone."""
    from workbench.app import run_page

    run_page(TrialsPage)


if __name__ == "__main__":
    main()
