"""The window's frame: the rail of pages, the study and theme menus, messages, and the job strip below."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QActionGroup, QCloseEvent, QDesktopServices, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from core.errors import WorkbenchError
from core.experiment.jobs import RunSearch, RunSweep, Train
from core.experiment.store import Study, TrialState
from core.spec import ForecastingSpec
from workbench import preferences as remembered
from workbench import theme
from workbench.frame.command_palette import CommandPalette
from workbench.frame.header import Header
from workbench.frame.help_panel import HelpPanel
from workbench.frame.job_strip import JOB_WORDS, JobStrip, LogPane
from workbench.frame.page_rail import PageRail
from workbench.frame.page_stack import PageStack
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.preferences import Preferences
from workbench.session import Session
from workbench.trials import search_outcome
from workbench.widgets.message_bar import MessageBar
from workbench.widgets.plain_text import titled, verbatim

TITLE = "TinyML Workbench"
SMALLEST = (1120, 640)
USUAL = (1440, 900)
LOOK_AGAIN_MS = 3000


@dataclass(frozen=True)
class PageEntry:
    """A page of the rail: its word, icon, help of two paragraphs, and what builds it when it is first shown."""

    title: str
    icon: str
    help_text: str
    build: Callable[[Session, Jobs, Preferences], QWidget]
    help_of_forecasts: str = ""
    """Help while the experiment at hand forecasts, where that is another one."""


class MainWindow(QMainWindow):
    """Holds the pages and everything that is true of all of them."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences, pages: tuple[PageEntry, ...]) -> None:
        super().__init__()
        self.session, self.jobs, self.preferences, self.entries = session, jobs, preferences, pages
        self._built: dict[str, QWidget] = {}
        self._failed_kind = self._failure = ""
        # Before there are widgets, which would each be dressed twice.
        theme.choose(preferences.theme)
        self._build_actions()
        self._build_frame()
        self._connect()
        self.setMinimumSize(*SMALLEST)
        self._restore()
        self._show_study(session.study)
        self._look_again = QTimer(self, interval=LOOK_AGAIN_MS)
        self._look_again.timeout.connect(self._refresh_if_seen)
        self._look_again.start()

    # Frame

    def _build_frame(self) -> None:
        self.stack = PageStack()
        for entry in self.entries:
            self.stack.addWidget(_Unbuilt(entry.title))
        self.message = MessageBar()
        self.help = HelpPanel()
        self.strip = JobStrip(self.session, self.jobs)
        self.log = LogPane(self.jobs)
        self.log.hide()
        page_column = _column(self.message, self.help, self.stack)
        page_column.setStretch(2, 1)
        page_area = QWidget()
        page_area.setLayout(page_column)
        self.rail = PageRail([(entry.title, entry.icon) for entry in self.entries])
        upper = QWidget()
        row = QHBoxLayout(upper)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(page_area, 1)
        self.log_splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.log_splitter.addWidget(upper)
        self.log_splitter.addWidget(self.log)
        self.log_splitter.setStretchFactor(0, 1)
        self.log_splitter.splitterMoved.connect(
            lambda: self.preferences.set(remembered.LOG_HEIGHT, self.log_splitter.sizes()[1])
        )
        central = QWidget()
        theme_menu = QMenu(self)
        theme_menu.addActions(self.theme_actions)
        self.header = Header(TITLE, self.study_menu, theme_menu)
        self.header.search.clicked.connect(self.open_palette)
        column = _column(self.header, self.log_splitter, self.strip)
        column.setStretch(1, 1)
        central.setLayout(column)
        self.setCentralWidget(central)
        self.palette_popup = CommandPalette(central)

    def _build_actions(self) -> None:
        self.page_actions = [
            self._action(
                entry.title.replace("&", "&&"),
                entry.icon,
                f"Ctrl+{number}",
                lambda title=entry.title: self.show_page(title),
            )
            for number, entry in enumerate(self.entries, 1)
        ]
        new = self._action("New study…", "ph.folder-plus", "Ctrl+N", self.ask_new_study)
        opened = self._action("Open study…", "ph.folder-open", "Ctrl+O", self.ask_study)
        self.folder_action = self._action("Show study folder", "ph.folder", "", self.show_folder)
        self.recent_menu = QMenu("Recent studies", self)
        self.recent_menu.aboutToShow.connect(self._fill_recent)
        self.study_menu = QMenu(self)
        self.study_menu.addActions([new, opened])
        self.study_menu.addMenu(self.recent_menu)
        self.study_menu.addSeparator()
        self.study_menu.addAction(self.folder_action)
        group = QActionGroup(self)
        self.theme_actions = []
        for choice, words in (("system", "Follow the system"), ("light", "Light"), ("dark", "Dark")):
            action = self._action(words, "", "", lambda choice=choice: self.choose_theme(choice))
            # The palette's words, where no menu above says what is followed, light or dark.
            action.setIconText(f"Theme: {words.lower()}")
            action.setCheckable(True)
            action.setData(choice)
            group.addAction(action)
            self.theme_actions.append(action)
        self.undo_action = self._action("Undo", "ph.arrow-counter-clockwise", "Ctrl+Z", self.undo)
        self.undo_action.setEnabled(False)
        self._action("Show the log", "ph.terminal-window", "Ctrl+L", lambda: self.strip.log.toggle())
        self._action("Train unfinished trials", "ph.play", "", self.train_unfinished)
        self._action("Cancel the running job", "ph.stop", "", lambda: self.strip.cancel_running())
        self._action("Help of this page", "ph.question", "F1", self.toggle_help)
        self._action("Quit", "ph.sign-out", "Ctrl+Q", self.close)
        palette = QAction("Command palette", self, shortcut=QKeySequence("Ctrl+K"))
        palette.triggered.connect(self.open_palette)
        self._palette_action = palette
        self.addAction(palette)

    def _action(self, text: str, icon: str, keys: str, act: Callable[[], object]) -> QAction:
        action = QAction(text, self)
        if icon:
            theme.set_icon(action, icon)
        if keys:
            action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda: act())
        self.addAction(action)
        return action

    def _connect(self) -> None:
        self.rail.chosen.connect(self.show_page)
        self.strip.log_toggled.connect(self._show_log)
        self.session.study_opened.connect(self._show_study)
        self.session.undo_changed.connect(self._show_undo)
        self.session.failed.connect(self.message.show_message)
        self.session.training_requested.connect(self._train)
        self.jobs.ended.connect(self._on_job_ended)

    # Pages

    def show_page(self, title: str) -> None:
        """Show a page of the rail, building it when it is first asked for."""
        self.help.hide()
        page = self.page(title)
        self.stack.setCurrentWidget(page)
        if not self.rail.isAncestorOf(QApplication.focusWidget()):
            page.setFocus()
        self.rail.mark(title)
        self.preferences.set(remembered.PAGE, title)

    def page(self, title: str) -> QWidget:
        """Return a page, built."""
        if title not in self._built:
            index = [entry.title for entry in self.entries].index(title)
            page = self.entries[index].build(self.session, self.jobs, self.preferences)
            placeholder = self.stack.widget(index)
            self.stack.removeWidget(placeholder)
            placeholder.deleteLater()
            self.stack.insertWidget(index, page)
            self._built[title] = page
        return self._built[title]

    def build_pages(self) -> None:
        """Build the pages not seen yet, so that the first visit is as quick as the others."""
        for entry in self.entries:
            self.page(entry.title)

    @property
    def shown(self) -> str:
        """Title of the page in sight."""
        return self.entries[self.stack.currentIndex()].title

    def toggle_help(self) -> None:
        """Open or close the help of the page in sight."""
        if self.help.isVisible():
            self.help.close_help()
            return
        entry = self.entries[self.stack.currentIndex()]
        forecasts = isinstance(self.session.spec, ForecastingSpec) and entry.help_of_forecasts
        self.help.show_help(entry.title, forecasts or entry.help_text)

    def open_palette(self) -> None:
        """Offer every action of the window and of the page in sight."""
        page = self.stack.currentWidget()
        actions = [action for action in self.actions() if action is not self._palette_action]
        self.palette_popup.open([*page.actions(), *actions])

    # Studies

    def open_study(self, folder: Path | str) -> None:
        """Open a study, or say why it cannot be."""
        try:
            self.session.open_study(folder)
        except WorkbenchError as error:
            self.message.show_message(str(error))

    def ask_study(self) -> None:
        """Let the user choose a study's folder."""
        folder = QFileDialog.getExistingDirectory(self, "Open study", self._last_folder())
        if folder:
            self.open_study(folder)

    def ask_new_study(self) -> None:
        """Let the user name a new folder."""
        folder, _ = QFileDialog.getSaveFileName(self, "New study: name its folder", self._last_folder())
        if folder:
            self.open_study(folder)

    def show_folder(self) -> None:
        """Show the study's folder in the system's file browser."""
        if self.session.study is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.session.study.folder)))

    def undo(self) -> None:
        """Take back what was done last to trials or clips."""
        try:
            words = self.session.undo()
        except WorkbenchError as error:
            self.message.show_message(str(error))
            return
        if words:
            self.message.show_message(f"Taken back: {words}")

    def choose_theme(self, choice: theme.Choice) -> None:
        """Put a theme in force and remember it."""
        theme.choose(choice)
        self.preferences.set(remembered.THEME, choice)
        for action in self.theme_actions:
            action.setChecked(action.data() == choice)

    def _last_folder(self) -> str:
        study = self.session.study
        return str(study.folder.parent if study else remembered.default_study_folder().parent)

    def _show_study(self, study: Study | None) -> None:
        # What was said was about the study before.
        self.message.hide()
        self.folder_action.setEnabled(study is not None)
        self.setWindowTitle(f"{TITLE} — {titled(study.name)}" if study else TITLE)
        self.header.show_study(study.name if study else "", str(study.folder) if study else "")
        if study is None:
            return
        self.preferences.remember_study(study.folder)
        if study.warning:
            self.message.show_message(study.warning)

    def _fill_recent(self) -> None:
        self.recent_menu.clear()
        for folder in self.preferences.recent_studies:
            action = self.recent_menu.addAction(verbatim(folder))
            action.triggered.connect(lambda _=False, folder=folder: self.open_study(folder))
        if self.recent_menu.isEmpty():
            self.recent_menu.addAction("None yet").setEnabled(False)

    def _show_undo(self, words: str) -> None:
        self.undo_action.setEnabled(bool(words))
        self.undo_action.setText(f"Undo: {verbatim(words)}" if words else "Undo")

    # Jobs

    def _on_job_ended(self, job: QueuedJob) -> None:
        if job.question is not None:
            # The Devices page asks it.
            return
        if job.state is JobState.FAILED:
            words = JOB_WORDS.get(job.kind, job.kind)
            self.message.show_message(f"{words}: {job.message}", "Show log", lambda: self.strip.log.setChecked(True))
            self._failed_kind, self._failure = job.kind, self.message.text.text()
        elif job.state is JobState.FINISHED and isinstance(job.intention, RunSearch):
            self._show_found(job.intention, job.answer)
        elif job.state is JobState.FINISHED and job.kind == self._failed_kind:
            # What failed went well now; another message that came meanwhile stays.
            if self.message.text.text() == self._failure:
                self.message.hide()
        elif job.state is JobState.CANCELLED and isinstance(job.intention, Train | RunSweep):
            # Trials queued by other jobs are not this one's to go on with.
            self.session.refresh()
            names = tuple(name for name in job.intention.trials if self._can_go_on(name))
            if names:
                words = "The trial was" if len(names) == 1 else f"{len(names)} trials were"
                self.message.show_message(f"{words} stopped", "Go on", lambda: self.session.train_again(names))

    def _show_found(self, search: RunSearch, names: list[str]) -> None:
        """Say what a search found, unless another study is open by now."""
        study = self.session.study
        if study is None or str(study.folder) != search.study:
            return
        self.session.refresh()
        summaries = [study.summary(name) for name in names]
        if sentence := search_outcome.sentence(study, summaries):
            best = search_outcome.as_values(study, summaries)["best"]
            self.message.show_message(sentence, "Show it", lambda: self._show_trial(best))

    def _show_trial(self, name: str) -> None:
        self.show_page("Trials")
        self.session.select((name,))

    def _can_go_on(self, name: str) -> bool:
        """Tell whether a trial of a job that was cancelled was left undone; none of them runs any more."""
        try:
            return self.session.opened().summary(name).state is not TrialState.FINISHED
        except WorkbenchError:
            return False

    def train_unfinished(self) -> None:
        """Train what waits, failed or was cancelled; each goes on from its last epoch."""
        names = self.session.unfinished()
        if names:
            self.session.train_again(names)
        else:
            self.message.show_message("Every trial of this study is finished or runs")

    def _train(self, names: tuple[str, ...]) -> None:
        self.jobs.submit(Train(study=str(self.session.opened().folder), trials=names))

    def _show_log(self, shown: bool) -> None:  # noqa: FBT001
        self.log.setVisible(shown)
        self.preferences.set(remembered.LOG_SHOWN, str(shown).lower())
        if shown:
            height = int(self.preferences.get(remembered.LOG_HEIGHT))
            self.log_splitter.setSizes([max(height, self.height() - height), height])

    def _refresh_if_seen(self) -> None:
        if self.isVisible() and not self.isMinimized():
            self.session.refresh()

    # Window state

    def _restore(self) -> None:
        self.choose_theme(self.preferences.theme)
        if not self.restoreGeometry(self.preferences.get(remembered.GEOMETRY)):
            self._fit_screen()
        self.strip.log.setChecked(self.preferences.is_on(remembered.LOG_SHOWN))
        titles = [entry.title for entry in self.entries]
        page = self.preferences.get(remembered.PAGE)
        self.show_page(page if page in titles else titles[0])

    def _fit_screen(self) -> None:
        """Take the usual size, or all of a screen that has less room."""
        room = self.screen().availableSize()
        self.resize(QSize(*USUAL).boundedTo(room))
        if room.width() < USUAL[0] or room.height() < USUAL[1]:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The palette stands where the window was; it closes."""
        self.palette_popup.hide()
        super().resizeEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Remember how the window stood; what runs is stopped so that it can be resumed."""
        self.preferences.set(remembered.GEOMETRY, self.saveGeometry())
        self._look_again.stop()
        self.jobs.close()
        super().closeEvent(event)


class _Unbuilt(QWidget):
    """Keeps the place of a page that nobody asked for yet."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)


def _column(*widgets: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    return column
