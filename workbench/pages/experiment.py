"""The Experiment page: settings at the left; what they will cost, Train and the curves at the right."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.errors import SpecError, WorkbenchError
from core.experiment.spec_file import load_values, save_spec
from core.experiment.store import Constraints
from core.spec import SPECS, Dataset, Features, SeriesData, TrialSpec
from workbench import preferences as remembered
from workbench import theme
from workbench.form.data_editors import TABLES
from workbench.form.draft import Draft
from workbench.form.estimate_card import EstimateCard
from workbench.form.ready_sweeps import ReadySweep
from workbench.form.spec_form import SpecForm
from workbench.form.starter_menu import StarterMenu
from workbench.form.starter_specs import Starter, draft_spec, last_spec, starters
from workbench.form.sweep_card import SweepCard
from workbench.form.sweep_menu import SweepMenu
from workbench.form.trial_queue import TrialQueue
from workbench.jobs import Jobs
from workbench.pages.welcome import WelcomePage
from workbench.preferences import Preferences
from workbench.session import Session
from workbench.trials.live_curves import LiveCurves
from workbench.widgets.card import flat_button
from workbench.widgets.elided_label import ElidedButton
from workbench.widgets.message_bar import MessageBar
from workbench.widgets.other_page import page_action

TOML = "Specs (*.toml)"
KEEP_MS = 300
FORM_WIDTH, CHARTS_WIDTH = 480, 800


class ExperimentPage(QWidget):
    """Edits a draft and trains what it says."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self.session, self.jobs, self.preferences = session, jobs, preferences
        self.draft = Draft(session.spec or last_spec(preferences.last_spec))
        session.tell_spec(self.draft.valid)
        self.queue = TrialQueue(session, jobs, self)
        self._keep_soon = QTimer(self, singleShot=True, interval=KEEP_MS)
        self._keep_soon.timeout.connect(self._keep_draft)
        self._build()
        self._connect()
        self._restore()
        self._show_draft()
        self._show_reference()

    # Frame

    def _build(self) -> None:
        self.form = SpecForm(self.draft)
        self.message = MessageBar()
        self.estimate = EstimateCard()
        self.sweep = SweepCard()
        self.curves = LiveCurves(self.session)
        left = QWidget()
        left.setMinimumWidth(400)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_toolbar())
        column.addWidget(self.form, 1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.message)
        column.addWidget(self.estimate)
        column.addWidget(self.sweep)
        column.addLayout(self._build_train())
        column.addWidget(self.curves, 1)
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.splitter.addWidget(left)
        self.splitter.addWidget(right)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([FORM_WIDTH, CHARTS_WIDTH])
        self.welcome = WelcomePage(self.session, self.jobs)
        self.whole = QStackedLayout(self)
        self.whole.addWidget(self.splitter)
        self.whole.addWidget(self.welcome)

    def _build_toolbar(self) -> QFrame:
        bar = QFrame()
        bar.setProperty("role", "header")
        self.starter_menu = StarterMenu(self)
        self.starter_menu.chosen.connect(self.use_starter)
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        starter_button = flat_button("Starter specs", "ph.stack", "Begin with a spec that comes with the program")
        starter_button.setProperty("role", "menu")
        starter_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        starter_button.setMenu(self.starter_menu)
        self.sweep_menu = SweepMenu(self)
        self.sweep_menu.chosen.connect(self.offer_sweep)
        sweep_button = flat_button("Sweeps", "ph.git-fork", "Begin with many trials that come with the program")
        sweep_button.setProperty("role", "menu")
        sweep_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        sweep_button.setMenu(self.sweep_menu)
        row.addWidget(starter_button)
        row.addWidget(sweep_button)
        row.addStretch(1)
        for text, act in (
            ("Train", self.train),
            ("Get data…", self.show_welcome),
            ("Vary nothing", self._vary_nothing),
        ):
            action = QAction(text, self)
            action.triggered.connect(lambda _=False, act=act: act())
            self.addAction(action)
        for text, icon, keys, act in (
            ("Open spec…", "ph.file-arrow-up", "Ctrl+Shift+O", self.ask_spec),
            ("Save spec…", "ph.floppy-disk", "Ctrl+S", self.ask_target),
        ):
            action = QAction(text, self, shortcut=QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            action.triggered.connect(lambda _=False, act=act: act())
            theme.set_icon(action, icon)
            self.addAction(action)
            button = flat_button(text.split()[0], icon, f"{text.removesuffix('…')} as TOML ({keys})")
            button.setAccessibleName(text)
            button.clicked.connect(act)
            row.addWidget(button)
        self.addActions(self.starter_menu.actions())
        return bar

    def _build_train(self) -> QHBoxLayout:
        self.train_button = QPushButton("Train")
        self.train_button.setProperty("role", "primary")
        self.train_button.setMinimumWidth(144)
        self.train_button.setMinimumHeight(32)
        self.train_button.setToolTip("Queue what the form says (Enter)")
        self.train_button.clicked.connect(self.train)
        self.why = ElidedButton()
        self.why.setProperty("role", "problem-link")
        self.why.clicked.connect(self._go_to_problem)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.train_button)
        row.addWidget(self.why, 1)
        room = self.why.sizePolicy()
        room.setRetainSizeWhenHidden(True)
        self.why.setSizePolicy(room)
        return row

    def _connect(self) -> None:
        self.queue.advanced.connect(self._show_queued)
        self.queue.ended.connect(self._show_draft)
        self.queue.failed.connect(self.message.show_message)
        self.draft.changed.connect(self._show_draft)
        self.draft.changed.connect(self._keep_later)
        self.welcome.data_ready.connect(lambda folder: self.begin("keyword_spotting", folder))
        self.welcome.table_ready.connect(lambda file: self.begin("forecasting", file))
        self.welcome.skipped.connect(self.show_form)
        self.sweep.cleared.connect(self._vary_nothing)
        self.curves.trial_requested.connect(self.show_trial)
        self.jobs.changed.connect(self._leave_processor)
        self.session.spec_requested.connect(self.use_spec)
        self.session.features_requested.connect(self.use_features)
        self.session.dataset_requested.connect(self.use_dataset)
        self.session.split_requested.connect(lambda split: self.draft.replace_section("split", split))
        self.session.reference_changed.connect(self._show_reference)
        self.session.study_opened.connect(self._show_reference)
        self.session.constraints_changed.connect(self._show_draft)
        self.form.folding_changed.connect(self._remember_folding)

    def _restore(self) -> None:
        if not self.preferences.is_on(remembered.WELCOMED) and self.session.study is None:
            self.show_welcome()
        self.preferences.keep_splitter(self.splitter, "experiment")
        self.form.unfold(self.preferences.open_groups)

    def show_welcome(self) -> None:
        """Offer ways to data."""
        self.whole.setCurrentWidget(self.welcome)
        self.setFocusProxy(self.welcome.download.button)

    def show_form(self) -> None:
        """Show the settings."""
        self.preferences.set(remembered.WELCOMED, "true")
        self.whole.setCurrentWidget(self.splitter)
        self.setFocusProxy(self.train_button)
        self.train_button.setFocus()

    # Specs

    def use_spec(self, spec: TrialSpec) -> None:
        """Edit a spec from here on."""
        self.draft.replace(spec)
        self.show_form()

    def use_features(self, features: Features) -> None:
        """Take up settings of the features; all others stay. A task without features has no use for them."""
        if "features" not in self.draft.spec_type.model_fields:
            return
        self.draft.replace_section("features", features)
        self._keep_draft()
        self.show_form()

    def use_dataset(self, dataset: Dataset | SeriesData) -> None:
        """Take up a choice of data; all other settings stay, unless they are of a task that has no use for such."""
        task, place = ("forecasting", dataset.file) if isinstance(dataset, SeriesData) else (
            "keyword_spotting", dataset.folder
        )  # fmt: skip
        if self.draft.spec_type is not SPECS[task]:
            self.draft.replace(starters(task)[0].spec_for(place))
        self.draft.replace_section("dataset", dataset)
        self._keep_draft()
        if place and self.whole.currentWidget() is self.welcome:
            self.show_form()

    def use_starter(self, starter: Starter) -> None:
        """Begin with a starter spec, on the data at hand; a table that is not known is asked for."""
        data = self._data_for(starter.task)
        if not data and starter.task == "forecasting":
            data = self._ask_table()
        self.use_spec(starter.spec_for(data))

    def offer_sweep(self, ready: ReadySweep) -> None:
        """Show what a ready sweep or search varies, and offer to begin with it."""
        data = self._data_for(ready.task)
        if not data and ready.task == "forecasting":
            data = self._ask_table()
        self.use_spec(ready.base_for(data))
        if data:
            verb = f"{'Search' if ready.search else 'Train'} {ready.num_trials} trials"
            begin = partial(self.queue.begin, ready.on(data), self.sweep.workers.value())
            self.message.show_message(f"{ready.sweep.title}, on {Path(data).name}", verb, begin)

    def begin(self, task: str, data: str) -> None:
        """Begin with the first starter spec of a task, on its data."""
        self.use_spec(starters(task)[0].spec_for(data))

    def _data_for(self, task: str) -> str:
        """Return the data of the form, else those that a task had last, else a table that was downloaded."""
        spec_type = SPECS[task]
        at_hand = str(self.draft.value(spec_type.data_field)) if self.draft.spec_type is spec_type else ""
        known = at_hand or str(self.preferences.get(remembered.LAST_DATA, task))
        if known and Path(known).expanduser().exists():
            return known
        # Imported late: what downloads takes long to load.
        from core.datasets.jena import JENA

        table = JENA.downloaded if task == "forecasting" else None
        return str(table or at_hand)

    def _ask_table(self) -> str:
        at = self.preferences.get(remembered.LAST_FOLDER)
        return QFileDialog.getOpenFileName(self, "CSV file of measurements", at, TABLES)[0]

    def open_spec(self, path: Path | str) -> None:
        """Edit the spec of a TOML file; it may still lack its data folder."""
        try:
            spec = draft_spec(load_values(path), str(path))
        except SpecError as error:
            self.message.show_message(str(error))
            return
        self.use_spec(spec)

    def ask_spec(self) -> None:
        """Let the user choose a TOML file."""
        path, _ = QFileDialog.getOpenFileName(self, "Open spec", self.preferences.get(remembered.LAST_FOLDER), TOML)
        if path:
            self.preferences.set(remembered.LAST_FOLDER, str(Path(path).parent))
            self.open_spec(path)

    def ask_target(self) -> None:
        """Let the user name a TOML file and write the spec there."""
        if self.draft.spec is None:
            self.message.show_message("The settings have a problem; fix it before they are saved")
            return
        path, _ = QFileDialog.getSaveFileName(self, "Save spec", self.preferences.get(remembered.LAST_FOLDER), TOML)
        if path:
            self.save_spec(Path(path).with_suffix(".toml"))

    def save_spec(self, path: Path) -> None:
        """Write the spec as TOML."""
        assert self.draft.spec is not None
        try:
            save_spec(self.draft.spec, path)
        except WorkbenchError as error:
            self.message.show_message(str(error))
            return
        self.preferences.set(remembered.LAST_FOLDER, str(path.parent))

    # Training

    def train(self) -> None:
        """Queue a trial, or one for each combination of what varies."""
        if not self.train_button.isEnabled():
            self._go_to_problem()
            return
        try:
            specs = self.draft.expand()
        except WorkbenchError as error:
            self.message.show_message(str(error))
            return
        self.queue.train(specs, self.sweep.workers.value() if self.draft.axes else 0)

    def _show_queued(self, done: int, total: int) -> None:
        self.train_button.setEnabled(False)
        self.train_button.setText(f"Queued {done} of {total}")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter trains."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.train()
        else:
            super().keyPressEvent(event)

    def show_trial(self, name: str) -> None:
        """Go to a trial among the others."""
        self.session.select((name,))
        trials = page_action(self, "Trials")
        if trials is not None:
            trials.trigger()

    # What the draft says

    def _show_draft(self) -> None:
        constraints = self.session.study.constraints if self.session.study else Constraints()
        self.estimate.show_estimate(self.draft.estimate, constraints, self.draft.spec or self.draft.valid)
        self.sweep.show_axes(self.draft)
        count = self.draft.num_trials
        self.train_button.setEnabled(count > 0)
        self.train_button.setText(f"Train {count} trials" if self.draft.axes and count != 1 else "Train")
        problems = self.draft.problems
        self.why.setVisible(bool(problems))
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            self.why.set_sentence(self.form.words_of(problems[0]) + more)

    def _leave_processor(self) -> None:
        if self.jobs.running is None:
            self.estimate.timer.resume()
        else:
            self.estimate.timer.pause()

    def _go_to_problem(self) -> None:
        if self.draft.problems:
            self.form.focus_field(self.draft.problems[0].path)

    def _vary_nothing(self) -> None:
        for path in list(self.draft.axes):
            self.draft.stop_varying(path)

    def _show_reference(self, *_: object) -> None:
        study = self.session.study
        try:
            reference = study.spec(study.reference) if study and study.reference else None
        except WorkbenchError:
            # A damaged reference is shown on the Trials page; here it only means no dots.
            reference = None
        self.form.compare_with(reference)

    def _keep_later(self) -> None:
        self._keep_soon.start()

    def _keep_draft(self) -> None:
        spec = self.draft.valid
        self.preferences.set(remembered.LAST_SPEC, spec.model_dump_json())
        data = str(self.draft.value(spec.data_field))
        if data:
            self.preferences.set(remembered.LAST_DATA, data, spec.task)
        if self.draft.settings is not None or type(self.session.spec) is not type(spec):
            self.session.tell_spec(spec)

    def _remember_folding(self) -> None:
        self.preferences.set(remembered.OPEN_GROUPS, self.form.unfolded())


def main() -> None:
    """Run the page alone."""
    from workbench.app import run_page

    run_page(ExperimentPage)


if __name__ == "__main__":
    main()
