"""The first minute: three ways to clips and one to a table, each a job; then Train gives the first point."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from core.datasets.clips import require_labels
from core.errors import DataError
from core.events import Event
from core.experiment.jobs import AnyJob, CheckData, Download, Synthesize
from workbench.form.data_editors import TABLES
from workbench.form.data_fault import without_settings
from workbench.frame.progress import JobProgress
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.session import Session
from workbench.widgets.stacked import stack
from workbench.widgets.way import Aside, Choice, Way

WIDTH = 720
REPAINT_MS = 33
FIRST_WORDS = ("go", "stop")


class WelcomePage(QWidget):
    """Offers data to somebody who has none yet: clips first, a table of measurements in a line beneath."""

    data_ready = Signal(str)
    """The folder of clips to begin with."""
    table_ready = Signal(str)
    """The CSV file to begin with."""
    skipped = Signal()

    def __init__(self, session: Session, jobs: Jobs) -> None:
        super().__init__()
        self.setAccessibleName("Welcome")
        self.jobs = jobs
        self.download = Choice(
            "ph.download-simple",
            "Download Mini Speech Commands",
            "8,000 clips of eight words, spoken by many people. 174 MB, kept for all studies.",
            "Download",
        )
        self.folder = Choice(
            "ph.folder-open",
            "Use a folder",
            "Your own clips: one sub-folder per label, any rate, width and channel count.",
            "Choose folder…",
        )
        self.synthesis = Choice(
            "ph.speaker-high",
            "Make clips by speech synthesis",
            "Words spoken by espeak-ng in many voices, without a network. What is measured on them says little "
            "about people and is marked synthetic wherever it appears.",
            "Make clips",
        )
        self.words = QLineEdit(", ".join(FIRST_WORDS))
        self.words.setAccessibleName("Words to be spoken")
        self.words.setToolTip("Words to be spoken, separated by commas: one label each")
        self.words.setFixedWidth(200)
        self.synthesis.put_before_button(self.words)
        self.table = Aside(
            "Choose a CSV file",
            "Or forecast temperature, humidity or anything else that was measured at even steps of time:",
            "Choose CSV file…",
            "Download Jena climate 2009–2016",
        )
        self.table.other.setToolTip("420,551 rows of ten minutes from a weather station. 13 MB, kept for all studies.")
        self.ways: tuple[Way, ...] = (self.download, self.folder, self.synthesis, self.table)
        self._job = ""
        self._active: Way | None = None
        self._progress = JobProgress()
        self._build()
        self._repaint = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._repaint.timeout.connect(self._show_progress)
        self.download.wanted.connect(self._download)
        self.folder.wanted.connect(self._ask_folder)
        self.synthesis.wanted.connect(self._synthesize)
        self.table.wanted.connect(self._ask_table)
        self.table.other_wanted.connect(self._download_jena)
        for way in self.ways:
            way.cancelled.connect(lambda: jobs.cancel(self._job))
        session.event_received.connect(self._take)
        jobs.ended.connect(self._on_ended)

    def _build(self) -> None:
        heading = QLabel("Data to begin with")
        heading.setProperty("role", "heading")
        explained = QLabel(
            "A trial turns clips of sound into a small network and measures it. Choose where the clips come from; "
            "after that, Train gives the first point on the chart.",
            wordWrap=True,
        )
        explained.setProperty("role", "muted")
        skip = QPushButton("Set up by hand")
        skip.setProperty("role", "link")
        skip.clicked.connect(self.skipped)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH)
        column = QVBoxLayout(inner)
        column.setSpacing(16)
        column.addStretch(1)
        column.addWidget(heading)
        column.addWidget(explained)
        for way in self.ways:
            column.addWidget(way)
        column.addWidget(skip, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(2)
        whole = QWidget()
        row = QHBoxLayout(whole)
        row.setContentsMargins(32, 16, 32, 16)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)
        # Beside an open log there may not be room for all of it.
        scroll = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(whole)
        stack(self, scroll)

    def use_folder(self, folder: str) -> None:
        """Look through a folder and begin with it."""
        self._start(self.folder, CheckData(folder=folder))

    def _download(self) -> None:
        # Imported late, as below: what downloads and speaks takes long to load.
        from core.datasets.speech_commands import MINI_SPEECH_COMMANDS

        if clips := MINI_SPEECH_COMMANDS.downloaded:
            self.data_ready.emit(str(clips))
        else:
            self._start(self.download, Download())

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with one sub-folder of clips per label")
        if folder:
            self.use_folder(folder)

    def _synthesize(self) -> None:
        words = tuple(dict.fromkeys(word.strip() for word in self.words.text().split(",") if word.strip()))
        if len(words) < 2:
            self.synthesis.show_failure("At least two words are needed to tell apart; separate them by commas.")
            return
        from core.datasets import synthetic

        folder = synthetic.synthetic_folder()
        if words != FIRST_WORDS:
            folder = folder.with_name(f"{folder.name}-{'-'.join(words)}")
        self._start(self.synthesis, Synthesize(folder=str(folder), labels=words))

    def use_table(self, file: str) -> None:
        """Look through a CSV file and begin with it."""
        self._start(self.table, CheckData(folder=file))

    def _ask_table(self) -> None:
        file, _ = QFileDialog.getOpenFileName(self, "CSV file of measurements", "", TABLES)
        if file:
            self.use_table(file)

    def _download_jena(self) -> None:
        from core.datasets.jena import JENA

        if table := JENA.downloaded:
            self.table_ready.emit(str(table))
        else:
            self._start(self.table, Download(data="jena"))

    def _start(self, choice: Way, intention: AnyJob) -> None:
        self._active, self._progress = choice, JobProgress()
        for other in self.ways:
            other.rest(enabled=False)
        choice.show_progress("starting" if self.jobs.ready else "loading TensorFlow", None, None)
        choice.cancel.setFocus()
        self._job = self.jobs.submit(intention)

    def _take(self, event: Event) -> None:
        if event.job and event.job == self._job:
            self._progress.take(event)
            if not self._repaint.isActive():
                self._repaint.start()

    def _show_progress(self) -> None:
        if self._active is not None:
            self._active.show_progress(self._progress.words, self._progress.fraction, self._progress.seconds_left)

    def _on_ended(self, job: QueuedJob) -> None:
        if job.id != self._job or self._active is None:
            return
        choice, self._active, self._job = self._active, None, ""
        for other in self.ways:
            other.rest(enabled=True)
        if job.state is JobState.FAILED:
            choice.show_failure(job.message)
        elif job.state is JobState.FINISHED:
            self._use(choice, job.intention.folder if isinstance(job.intention, CheckData) else job.answer)

    def _use(self, choice: Way, folder: str) -> None:
        if choice is self.table:
            self.table_ready.emit(folder)
            return
        try:
            require_labels(Path(folder))
        except DataError as error:
            choice.show_failure(f"{without_settings(str(error))}.")
            return
        self.data_ready.emit(folder)
