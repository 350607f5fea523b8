"""The first minute: three ways to clips, each a job; then one click on Train gives the first point."""

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from core.datasets.clips import label_names
from core.events import Event
from core.experiment.jobs import AnyJob, CheckData, Download, Synthesize
from workbench import number_format, theme
from workbench.frame.progress import JobProgress
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.session import Session

WIDTH = 720
REPAINT_MS = 33
STEPS = 1000
ICON_SIZE = 28
FIRST_WORDS = ("go", "stop")


class WelcomePage(QWidget):
    """Offers clips to somebody who has none yet."""

    data_ready = Signal(str)
    """The folder of clips to begin with."""
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
            "Your own WAV clips: one sub-folder per label, any rate, width and channel count.",
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
        self.choices = (self.download, self.folder, self.synthesis)
        self._job = ""
        self._active: Choice | None = None
        self._progress = JobProgress()
        self._build()
        self._repaint = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._repaint.timeout.connect(self._show_progress)
        self.download.wanted.connect(self._download)
        self.folder.wanted.connect(self._ask_folder)
        self.synthesis.wanted.connect(self._synthesize)
        for choice in self.choices:
            choice.cancelled.connect(lambda: jobs.cancel(self._job))
        session.event_received.connect(self._take)
        jobs.ended.connect(self._on_ended)

    def _build(self) -> None:
        heading = QLabel("Clips to begin with")
        heading.setProperty("role", "heading")
        explained = QLabel(
            "A trial turns clips of sound into a small network and measures it. Choose where the clips come from; "
            "after that, Train gives the first point on the chart.",
            wordWrap=True,
        )
        explained.setProperty("role", "muted")
        skip = QPushButton("Set up by hand")
        skip.setProperty("role", "flat")
        skip.clicked.connect(self.skipped)
        inner = QWidget()
        inner.setMaximumWidth(WIDTH)
        column = QVBoxLayout(inner)
        column.setSpacing(16)
        column.addStretch(1)
        column.addWidget(heading)
        column.addWidget(explained)
        for choice in self.choices:
            column.addWidget(choice)
        column.addWidget(skip, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(2)
        row = QHBoxLayout(self)
        row.setContentsMargins(32, 16, 32, 16)
        row.addStretch(1)
        row.addWidget(inner, 100)
        row.addStretch(1)

    def use_folder(self, folder: str) -> None:
        """Look through a folder and begin with it."""
        self._start(self.folder, CheckData(folder=folder))

    def _download(self) -> None:
        # Imported late, as below: what downloads and speaks takes long to load.
        from core.datasets import speech_commands

        if speech_commands.is_downloaded():
            self.data_ready.emit(str(speech_commands.mini_speech_commands_folder()))
        else:
            self._start(self.download, Download())

    def _ask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder with one sub-folder of WAV clips per label")
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

    def _start(self, choice: "Choice", intention: AnyJob) -> None:
        self._active, self._progress = choice, JobProgress()
        for other in self.choices:
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
        for other in self.choices:
            other.rest(enabled=True)
        if job.state is JobState.FAILED:
            choice.show_failure(job.message)
        elif job.state is JobState.FINISHED:
            self._use(choice, job.intention.folder if isinstance(job.intention, CheckData) else job.answer)

    def _use(self, choice: "Choice", folder: str) -> None:
        labels = label_names(Path(folder))
        if len(labels) < 2:
            found = "none" if not labels else f"only {labels[0]!r}"
            must = "must hold at least two sub-folders of WAV clips, one per label"
            choice.show_failure(f"{folder} {must}; found {found}.")
            return
        self.data_ready.emit(folder)


class Choice(QFrame):
    """One way to clips: what it is, its button, and in the button's place the progress while it goes on."""

    wanted = Signal()
    cancelled = Signal()

    def __init__(self, icon: str, title: str, explained: str, verb: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.setAccessibleName(title)
        picture = QPushButton()
        picture.setProperty("role", "picture")
        picture.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        picture.setEnabled(False)
        picture.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        theme.set_icon(picture, icon, "accent")
        name = QLabel(title)
        name.setProperty("role", "title")
        text = QLabel(explained, wordWrap=True)
        text.setProperty("role", "muted")
        self.failure = QLabel(wordWrap=True)
        self.failure.setProperty("role", "problem")
        self.failure.hide()
        self.button = QPushButton(verb)
        self.button.setAccessibleName(title)
        self.button.clicked.connect(self.wanted)
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self.cancelled)
        self.bar = QProgressBar(textVisible=False, maximum=STEPS)
        self.bar.setAccessibleName(f"Progress: {title}")
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        self._row.addWidget(self.button)
        self._row.addWidget(self.bar, 1)
        self._row.addWidget(self.words)
        self._row.addWidget(self.cancel)
        self._row.addStretch(0)
        column = QVBoxLayout()
        column.setSpacing(8)
        for widget in (name, text, self.failure):
            column.addWidget(widget)
        column.addLayout(self._row)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(16)
        whole.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        whole.addLayout(column, 1)
        self._parts: tuple[QWidget, ...] = (self.button,)
        self.rest(enabled=True)

    def put_before_button(self, part: QWidget) -> None:
        """Put something the button needs before it."""
        self._row.insertWidget(0, part)
        self._parts = (*self._parts, part)

    def rest(self, *, enabled: bool) -> None:
        """Offer the button, unless another choice is going on."""
        for part in self._parts:
            part.show()
            part.setEnabled(enabled)
        for part in (self.bar, self.words, self.cancel):
            part.hide()
        self._row.setStretch(self._row.count() - 1, 1)

    def show_progress(self, words: str, fraction: float | None, seconds_left: float | None) -> None:
        """Show how far it is, with a way to end it."""
        for part in self._parts:
            part.hide()
        for part in (self.bar, self.words, self.cancel):
            part.show()
        self._row.setStretch(self._row.count() - 1, 0)
        self.failure.hide()
        self.bar.setValue(round((fraction or 0) * STEPS))
        left = "" if seconds_left is None else f", {number_format.duration(seconds_left)} left"
        self.words.setText(words + left)

    def show_failure(self, sentence: str) -> None:
        """Say why there are no clips."""
        self.failure.setText(sentence[:1].upper() + sentence[1:])
        self.failure.show()
        self.button.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter does what the focused button says; Esc cancels."""
        if event.key() == Qt.Key.Key_Escape and self.cancel.isVisible():
            self.cancelled.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.button.isVisible():
            self.button.click()
        else:
            super().keyPressEvent(event)
