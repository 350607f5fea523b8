"""The Data page: labels and clips at the left, the clip in sight at the right. Changes are a list, never audio.

Of an experiment that forecasts it shows the table instead.
"""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QSplitter, QStackedLayout, QStackedWidget, QVBoxLayout, QWidget

from core.datasets.catalogue import Catalogue, label_rows
from core.datasets.edits import Edits
from core.evaluation.verdicts import Verdicts
from core.spec import Dataset, ForecastingSpec, KeywordSpottingSpec, Split, TrialSpec
from workbench import preferences as remembered
from workbench.clips import edits as clip_edits
from workbench.clips import label_choice
from workbench.clips.browser import ClipBrowser
from workbench.clips.catalogue_reader import CatalogueReader
from workbench.clips.jobs import ClipJobs
from workbench.clips.label_table import LabelTable
from workbench.clips.layout_line import LayoutLine
from workbench.clips.sources import ClipSources, EmptyData, dropped_folder
from workbench.clips.split_line import SplitLine
from workbench.clips.synthesis_form import SynthesisForm
from workbench.clips.view import ClipView
from workbench.form.data_fault import without_settings
from workbench.form.starter_specs import last_spec
from workbench.jobs import Jobs
from workbench.preferences import Preferences
from workbench.series.view import SeriesView
from workbench.session import Session
from workbench.widgets.message_bar import MessageBar

TURN_MS = 33
"""The panel follows a moment later, so that a held arrow key runs down the clips without reading each."""
WIDE, TALL = (664, 528), (350, 330)


class DataPage(QWidget):
    """Shows the folder of the experiment's spec, and changes which of its clips are used."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self.session, self.preferences = session, preferences
        if session.spec is None:
            session.tell_spec(last_spec(preferences.last_spec))
        self.dataset, self.split = Dataset(), Split()
        if isinstance(session.spec, KeywordSpottingSpec):
            self.dataset, self.split = session.spec.dataset, session.spec.split
        self.catalogue: Catalogue | None = None
        self.reader = CatalogueReader(jobs, self)
        self.work = ClipJobs(session, jobs, self)
        self.series = SeriesView(session, jobs, preferences)
        self._build()
        self.changes = clip_edits.ClipChanges(
            session, lambda: (self.catalogue, self.browser.table.selected()), self.message.show_message
        )
        self._build_actions()
        self._connect()
        self._show_task()

    # Building

    def _build(self) -> None:
        self.sources, self.synthesis, self.message = ClipSources(), SynthesisForm(), MessageBar()
        self.synthesis.hide()
        self.labels, self.browser, self.view = LabelTable(), ClipBrowser(), ClipView()
        self.parts, self.understood = SplitLine(), LayoutLine()
        self.down = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.down.addWidget(_stacked(self.labels, self.parts, stretched=self.labels))
        self.down.addWidget(self.browser)
        self.down.setStretchFactor(1, 1)
        self.down.setSizes(list(TALL))
        self.across = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.across.addWidget(self.down)
        self.across.addWidget(self.view)
        self.across.setStretchFactor(0, 1)
        self.across.setStretchFactor(1, 1)
        self.across.setSizes(list(WIDE))
        self.preferences.keep_splitter(self.across, "data")
        self.preferences.keep_splitter(self.down, "data-down")
        self.preferences.keep_splitter(self.view.pictures, "data-pictures")
        self.empty = EmptyData()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.across)
        whole = _stacked(self.message, self.sources, self.understood, self.synthesis, self.pages, stretched=self.pages)
        self.tasks = QStackedLayout(self)
        self.tasks.addWidget(whole)
        self.tasks.addWidget(self.series)
        self._turning = QTimer(self, singleShot=True, interval=TURN_MS)

    def _build_actions(self) -> None:
        self._commands: list[QAction] = []
        for words, act in (
            ("Choose folder of clips…", self.ask_folder),
            ("Download Mini Speech Commands", self.work.download),
            ("Make clips by speech synthesis…", self.show_synthesis),
            ("Play the clip or fall silent", self.view.toggle),
            ("Exclude or include the selected clips", self.exclude),
            ("Relabel the selected clips…", self.view.open_relabelling),
            ("Restore the selected clips", self.changes.restore),
            ("Show every clip", self.show_all),
        ):
            action = QAction(words, self)
            action.triggered.connect(lambda _=False, act=act: act())
            self._commands.append(action)
        only = QAction("Use only the selected labels", self.labels)
        only.triggered.connect(lambda: self.use_only(self.labels.selected()))
        self._commands.append(only)
        self.labels.addAction(only)
        self.labels.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _connect(self) -> None:
        self.session.spec_edited.connect(self._follow)
        self.session.clips_edited.connect(self._show_edits)
        self.reader.read.connect(self._show_catalogue)
        self.reader.failed.connect(self._show_trouble)
        self.reader.progressed.connect(self.sources.show_progress)
        self.work.folder_ready.connect(self.use_folder)
        self.work.verdicts_ready.connect(self._show_verdicts)
        self.work.download_stopped.connect(
            lambda: self.message.show_message("The download was stopped", "Go on", self.work.download)
        )
        for sender in (self.sources, self.empty):
            sender.folder_wanted.connect(self.ask_folder)
        self.sources.download_wanted.connect(self.work.download)
        self.sources.synthesis_wanted.connect(self.show_synthesis)
        self.sources.judge_menu.aboutToShow.connect(self._offer_trials)
        self.synthesis.wanted.connect(self.hide_synthesis)
        self.synthesis.wanted.connect(self.work.synthesize)
        self.synthesis.closed.connect(self.hide_synthesis)
        self.understood.dataset_wanted.connect(self._choose)
        self.understood.split_wanted.connect(self.session.use_split)
        self.labels.labels.ticked.connect(self.tick)
        self.labels.labels_selected.connect(self.browser.filter.choose_labels)
        self.browser.changed.connect(self._turn)
        table = self.browser.table
        table.play_requested.connect(self._play)
        table.exclusion_requested.connect(self.exclude)
        table.relabelling_requested.connect(self.view.open_relabelling)
        self.view.exclusion_requested.connect(self.exclude)
        self.view.relabelling_requested.connect(self.changes.relabel)
        self.view.restoration_requested.connect(self.changes.restore)
        self.view.trim_requested.connect(self.changes.trim)
        self.view.failed.connect(self.message.show_message)
        self._turning.timeout.connect(self._show_clip)

    # Which folder

    def use_folder(self, folder: str) -> None:
        """Open another folder, all of whose labels are used."""
        self.hide_synthesis()
        plain = {"layout": "automatic", "labels": (), "include_silence": False, "include_unknown": False}
        self._choose(self.dataset.model_copy(update={"folder": folder, **plain}))

    def ask_folder(self) -> None:
        """Let the user choose a folder."""
        at = self.dataset.folder or self.preferences.get(remembered.LAST_FOLDER)
        folder = QFileDialog.getExistingDirectory(self, "Folder with one sub-folder of clips per label", at)
        if folder:
            self.use_folder(folder)

    def show_synthesis(self) -> None:
        """Ask for words to be spoken; asked again, no more."""
        shown = self.synthesis.isHidden()
        self.synthesis.setVisible(shown)
        self.sources.make.setChecked(shown)
        if shown:
            self.synthesis.words.setFocus()
            self.synthesis.words.selectAll()

    def hide_synthesis(self) -> None:
        """Ask for no words."""
        if self.synthesis.isVisible():
            self.setFocus()
        self.synthesis.hide()
        self.sources.make.setChecked(False)

    def _show_task(self) -> None:
        """Show clips, or the table of an experiment that forecasts, with the commands for either."""
        spec = self.session.spec
        hears = not isinstance(spec, ForecastingSpec)
        self.tasks.setCurrentIndex(0 if hears else 1)
        self.setAcceptDrops(hears)
        for action in self._commands:
            (self.addAction if hears else self.removeAction)(action)
        for action in self.series.actions():
            (self.removeAction if hears else self.addAction)(action)
        if isinstance(spec, ForecastingSpec):
            self.setFocusProxy(self.series.chart)
            self.series.follow(spec)
        else:
            self._ask()

    def _follow(self, spec: TrialSpec) -> None:
        """Show the clips of the form, or its table."""
        if isinstance(spec, ForecastingSpec) or self.tasks.currentIndex():
            self._show_task()
        if isinstance(spec, KeywordSpottingSpec) and (spec.dataset, spec.split) != (self.dataset, self.split):
            self.dataset, self.split = spec.dataset, spec.split
            self._ask()

    def _choose(self, dataset: Dataset) -> None:
        """Take a choice of clips to the experiment; what it cannot be trained on is said and listed no further."""
        self.dataset = dataset
        self.session.use_dataset(dataset)
        self._ask()

    @property
    def folder(self) -> Path:
        """The folder in sight, or to be in sight."""
        return Path(self.dataset.folder).expanduser()

    def _ask(self) -> None:
        """Have the folder listed; out of sight that waits."""
        if self.catalogue is not None and (not self.dataset.folder or self.catalogue.folder != self.folder):
            self._forget()
        self.understood.show_settings(self.dataset, self.split)
        if not self.dataset.folder:
            self.sources.show_folder("")
            self.empty.invite()
            return
        if self.catalogue is None:
            self.sources.show_folder(self.dataset.folder)
        else:
            self._show_labels(self.catalogue)
        if self.isVisible() and not self.tasks.currentIndex() and not list(self.dataset.problems()):
            if self.catalogue is None:
                self.sources.show_progress(0, 0)
                self.empty.wait()
            self.reader.ask(self.dataset, self.split)

    def _forget(self) -> None:
        self.catalogue = None
        self.browser.clear()
        self.view.clear()
        self.pages.setCurrentWidget(self.empty)
        self.setFocusProxy(self.empty.button)

    # What is in it

    def _show_catalogue(self, catalogue: Catalogue) -> None:
        if catalogue.folder != self.folder:
            return
        if not catalogue.names:
            unread = [f". {found.meaning}" for found in catalogue.dealing.findings if found.kind == "unread"]
            self._show_trouble(
                f"{catalogue.folder}: none of its sub-folders holds clips; choose a folder with one sub-folder of "
                f"clips per label{''.join(unread)}"
            )
            return
        first = self.catalogue is None
        self.catalogue = catalogue
        self.sources.show_catalogue(catalogue)
        self.understood.show_understood(catalogue)
        self._show_labels(catalogue)
        if first:
            self.message.hide()
            self.sources.judge.setText("Judge")
        self.browser.show_catalogue(catalogue)
        self.pages.setCurrentWidget(self.across)
        self.setFocusProxy(self.browser)

    def _show_labels(self, catalogue: Catalogue) -> None:
        used = label_choice.used_labels(self.dataset, catalogue.labels)
        self.labels.labels.show_labels(label_rows(catalogue), used, len(catalogue.speakers))
        near = [label for label in catalogue.labels if label in used or label in label_choice.EXTRA]
        self.view.offer_labels(near, [label for label in catalogue.labels if label not in near])
        self.parts.show_dealing(catalogue.dealing, self.dataset, self.split)

    def _show_trouble(self, sentence: str) -> None:
        self._forget()
        self.sources.show_folder(self.dataset.folder)
        self.understood.show_trouble()
        self.empty.show_trouble(without_settings(sentence))

    def _turn(self) -> None:
        if not self._turning.isActive():
            self._turning.start()

    def _show_clip(self) -> None:
        clips, table = self.browser.clips, self.browser.table
        if clips is None or table.current < 0:
            self.view.clear(*self.browser.why_none)
            return
        rows = table.selected()
        self.view.show_clip(clips, table.current, self.dataset)
        excluded, changed = (
            clip_edits.are_excluded(clips.catalogue, rows),
            clip_edits.are_changed(clips.catalogue, rows),
        )
        self.view.show_selection(len(rows), all_excluded=excluded, any_changed=changed)

    def _play(self) -> None:
        self._show_clip()
        self.view.toggle()

    # Labels

    def tick(self, label: str, used: bool) -> None:  # noqa: FBT001
        """Use a label or not."""
        if self.catalogue is not None:
            self._use(label_choice.with_label(self.dataset, self.catalogue.labels, label, used))

    def use_only(self, labels: tuple[str, ...]) -> None:
        """Use these labels and no others."""
        if self.catalogue is not None:
            self._use(label_choice.with_labels(self.dataset, self.catalogue.labels, labels))

    def _use(self, dataset: Dataset | None) -> None:
        if dataset is None:
            self.message.show_message("One word at least must stay ticked; tick another one first")
            self.labels.labels.redraw()
        else:
            self._choose(dataset)

    # Clips

    def exclude(self) -> None:
        """Exclude the selected clips, or include them when all are excluded, and go on to the next one."""
        self.changes.exclude()
        self.browser.table.go_on()

    def show_all(self) -> None:
        """Show every clip of the folder."""
        self.labels.select_label("")
        self.browser.filter.clear()

    def _show_edits(self, folder: Path, changes: Edits) -> None:
        """Show at once what was changed, here or by undo; how the clips are dealt now follows."""
        if self.catalogue is None or folder != self.catalogue.folder:
            return
        self.catalogue = self.catalogue.with_edits(changes)
        self.browser.show_catalogue(self.catalogue)
        self._show_clip()
        self._ask()

    # What a trained trial thinks of them

    def _offer_trials(self) -> None:
        self.work.fill(self.sources.judge_menu, self.dataset)

    def _show_verdicts(self, verdicts: Verdicts, folder: Path, judge: str) -> None:
        if self.catalogue is None or folder != self.catalogue.folder:
            return
        self.labels.select_label("")
        self.browser.show_verdicts(verdicts)
        self.sources.judge.setText(f"Judged by {judge}")

    # Window

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Look at the folder again: what was recorded or changed elsewhere is seen."""
        super().showEvent(event)
        self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space plays wherever it means nothing else."""
        if event.key() == Qt.Key.Key_Space and not self.tasks.currentIndex():
            self.view.toggle()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Let a folder be dropped."""
        if dropped_folder(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open the folder that was dropped."""
        folder = dropped_folder(event)
        if folder:
            event.acceptProposedAction()
            self.use_folder(folder)


def _stacked(*widgets: QWidget, stretched: QWidget) -> QWidget:
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget, int(widget is stretched))
    return whole


def main() -> None:
    """Run the page alone."""
    from workbench.app import run_page

    run_page(DataPage)


if __name__ == "__main__":
    main()
