"""The strip at the bottom of the window: what runs, how far, how long still, what waits; and the log above it."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from core.errors import WorkbenchError
from core.events import Event, TrialStarted
from workbench import number_format, theme
from workbench.frame.progress import JobProgress
from workbench.jobs import LOG_LINES, Jobs, JobState, QueuedJob
from workbench.session import Session
from workbench.widgets.elided_label import shortened

REPAINT_MS = 33
STEPS = 1000
TITLE_LENGTH = 40
JOB_WORDS = {
    "train": "Training",
    "sweep": "Sweep",
    "search": "Search",
    "remeasure": "Measuring again",
    "download": "Download",
    "synthesize": "Speech synthesis",
    "make_recording": "Mixing a recording",
    "detect": "Detection",
    "check_data": "Data check",
    "catalogue": "Listing clips",
    "judge_clips": "Judging clips",
    "quickstart": "Quick start",
    "add_device": "Adding a device",
    "check_device": "Checking a device",
    "install_key": "Installing a key",
    "provision_device": "Provisioning",
    "deploy_trial": "Deployment",
    "benchmark_on_device": "Benchmark on a device",
    "roll_back": "Roll back",
    "remove_device": "Removing a device",
    "install_service": "Installing the service",
    "control_service": "Telling the service",
    "look_at_service": "Looking at the service",
    "hear_device": "Hearing a device",
    "read_monitor": "Reading the monitor",
    "export_monitor": "Exporting readings",
    "follow_monitor": "Following the monitor",
    "forecast_on_device": "Forecast on a device",
    "follow_forecasts": "Forecasts on a device",
    "install_forecaster": "Installing the forecasts",
    "control_forecaster": "Telling the forecasts",
}


class JobStrip(QFrame):
    """One line about the running job, with its cancel button and the switch of the log."""

    log_toggled = Signal(bool)

    def __init__(self, session: Session, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setAccessibleName("Job strip")
        self.session, self.jobs = session, jobs
        self.progress = JobProgress()
        self._followed = ""
        self._build()
        self._repaint = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._repaint.timeout.connect(self.show_state)
        jobs.changed.connect(self._schedule)
        jobs.ready_changed.connect(self._schedule)
        session.event_received.connect(self._take)
        self.show_state()

    def _build(self) -> None:
        self.name = QLabel()
        self.name.setProperty("role", "section")
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.bar = QProgressBar(textVisible=False, maximum=STEPS)
        self.bar.setAccessibleName("Progress of the running job")
        self.bar.setMinimumWidth(80)
        self.left = QLabel()
        self.left.setMinimumWidth(72)
        self.queue = QLabel()
        self.queue.setProperty("role", "muted")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("End the running job; a trial can be resumed from its last epoch (Esc)")
        self.cancel.clicked.connect(self.cancel_running)
        self.log = QToolButton(text="Log", checkable=True)
        self.log.setProperty("role", "flat")
        self.log.setToolTip("Show what the worker prints")
        self.log.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_icon(self.log, "ph.terminal-window", "muted")
        self.log.toggled.connect(self.log_toggled)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(12)
        for widget in (self.name, self.words):
            row.addWidget(widget)
        row.addWidget(self.bar, 1)
        for widget in (self.left, self.queue):
            row.addWidget(widget)
        self.rest = QWidget()
        self.rest.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        row.addWidget(self.rest, 1)
        row.addWidget(self.cancel)
        row.addWidget(self.log)
        self.setFixedHeight(44)

    def cancel_running(self) -> None:
        """Ask the running job to end."""
        if self.jobs.running is not None:
            self.jobs.cancel(self.jobs.running.id)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc cancels the job while the strip has the focus."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancel_running()
        else:
            super().keyPressEvent(event)

    def _take(self, event: Event) -> None:
        running = self.jobs.running
        if running is None or event.job != running.id:
            return
        if running.id != self._followed:
            self._followed, self.progress = running.id, JobProgress()
        self.progress.take(event)
        if isinstance(event, TrialStarted):
            self._plan(event.trial)
        self._schedule()

    def _plan(self, trial: str) -> None:
        try:
            self.progress.plan(self.session.opened().spec(trial))
        except WorkbenchError:
            # Another study was opened meanwhile: the phase alone is counted then.
            return

    def _schedule(self) -> None:
        if not self._repaint.isActive():
            self._repaint.start()

    def show_state(self) -> None:
        """Show the latest state."""
        job = self.jobs.running
        busy = job is not None
        for widget in (self.bar, self.left, self.cancel):
            widget.setVisible(busy)
        self.rest.setVisible(not busy)
        self.queue.setText(self._queue_words())
        self.queue.setVisible(bool(self.queue.text()))
        if job is None:
            self.name.setText(self._idle_words())
            self.words.setText("")
        else:
            self._show_running(job)
        self.words.setVisible(bool(self.words.text()))

    def _show_running(self, job: QueuedJob) -> None:
        progress = self._progress_of(job)
        self.name.setText(self._name(job, progress.trial))
        cancelling = job.state is JobState.CANCELLING
        waiting = "starting" if self.jobs.ready else "loading TensorFlow"
        self.words.setText("cancelling" if cancelling else progress.words or waiting)
        self.cancel.setEnabled(not cancelling)
        if progress.fraction is None:
            # A busy bar would repaint for ever; an empty one says the same.
            self.bar.setValue(0)
        else:
            self.bar.setValue(round(progress.fraction * STEPS))
        left = progress.seconds_left
        self.left.setText("" if left is None else f"{number_format.duration(left)} left")

    def _progress_of(self, job: QueuedJob) -> JobProgress:
        # Until a job has said something, what is kept is of the one before.
        return self.progress if job.id == self._followed else JobProgress()

    def _name(self, job: QueuedJob, trial: str) -> str:
        words = JOB_WORDS.get(job.kind, job.kind)
        if not trial:
            return words
        try:
            summary = self.session.opened().summary(trial)
        except WorkbenchError:
            return words
        return f"{summary.letter}  {shortened(summary.title, TITLE_LENGTH)}".strip()

    def _queue_words(self) -> str:
        count = len(self.jobs.waiting)
        if self.jobs.running is not None:
            trials = getattr(self.jobs.running.intention, "trials", ())
            progress = self._progress_of(self.jobs.running)
            count += max(0, len(trials) - max(1, len(progress.trials_at_work)) - progress.trials_over)
        return f"{count} queued" if count else ""

    def _idle_words(self) -> str:
        if self.jobs.trouble:
            return self.jobs.trouble
        return "Ready" if self.jobs.ready else "Loading TensorFlow in the background"


class LogPane(QPlainTextEdit):
    """What the worker prints, its latest lines."""

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent, readOnly=True, maximumBlockCount=LOG_LINES)
        self.setProperty("role", "log")
        self.setAccessibleName("Log of the worker")
        self.setPlaceholderText("What the worker prints appears here.")
        self.setFont(theme.fixed_font())
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTabChangesFocus(True)
        self.setPlainText("\n".join(jobs.log))
        jobs.logged.connect(self.appendPlainText)
