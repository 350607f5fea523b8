"""Deploy a trial to a device and measure it there: one button, its figures, the device's facts and its releases."""

from html import escape

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.errors import WorkbenchError
from core.events import Event, LatencyMeasured
from core.experiment.device_jobs import BenchmarkOnDevice, RollBack
from core.results import Latency, ThreadTiming
from workbench import theme
from workbench.devices import sheets as device_sheets
from workbench.devices.benchmark_table import BenchmarkTable
from workbench.devices.book import DeviceBook
from workbench.devices.talk import DeviceTalk
from workbench.devices.task_words import words_of
from workbench.session import Session
from workbench.trials.facts import title_of
from workbench.trials.menu import TrialMenu
from workbench.widgets.card import card, icon_button
from workbench.widgets.elided_label import ElidedLabel

REPAINT_MS = 33
FACTS_WIDTH = 340
MARGINS = (16, 12, 16, 12)
NOT_CHECKED = "Check asks the device what it is and what is missing there. Nothing is changed."


class DeviceDeployPanel(QWidget):
    """Everything it shows follows from the session, the book, and what was measured."""

    charts_wanted = Signal()
    """The user wants to see the trials on the charts, by this device's latency."""
    trial_changed = Signal()
    """Another trial is in the menu."""

    def __init__(self, session: Session, book: DeviceBook, talk: DeviceTalk) -> None:
        super().__init__()
        self.session, self.book, self.talk = session, book, talk
        self._live: dict[str, list[ThreadTiming]] = {}
        """What the benchmark that runs has measured so far, by trial."""
        self._build()
        self._repaint = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._repaint.timeout.connect(self.follow)
        self._followed: tuple[str, ...] = ()
        """The selection whose first trial the menu has shown."""
        self._is_behind = True
        """Whether trials or selection are others than those the menu was made of."""
        self._connect()
        self.follow()

    def _build(self) -> None:
        self.trial = TrialMenu()
        self.deploy = QPushButton("Deploy")
        self.deploy.setProperty("role", "primary")
        self.deploy.setToolTip("Activate the trial on the device and measure it there")
        theme.set_icon(self.deploy, "ph.rocket-launch", "on_accent")
        self.measure = icon_button(
            "", "ph.gauge", "Measure the trials selected on the Trials page in one session, without deploying them"
        )
        self.to_charts = icon_button("Show on the charts", "ph.chart-line-up", "Show this device’s latency")
        top = QHBoxLayout()
        top.setSpacing(8)
        for widget in (self.trial, self.deploy, self.measure):
            top.addWidget(widget)
        top.addStretch(1)
        self.heading = ElidedLabel()
        self.heading.setProperty("role", "title")
        self.table = BenchmarkTable()
        self.nothing = _text("", "muted")
        self.measured, self.differing, self.marks = _sheet(), _sheet("muted"), _sheet()
        head = QHBoxLayout()
        head.addWidget(self.heading, 1)
        head.addWidget(self.to_charts)
        left = QFrame()
        left.setProperty("role", "card")
        column = QVBoxLayout(left)
        column.setContentsMargins(*MARGINS)
        column.setSpacing(10)
        column.addLayout(head)
        for widget in (self.nothing, self.table, self.marks, self.measured, self.differing):
            column.addWidget(widget)
        body = QHBoxLayout()
        body.setSpacing(12)
        body.addWidget(left, 1, Qt.AlignmentFlag.AlignTop)
        body.addLayout(self._build_facts())
        inner = QWidget()
        whole = QVBoxLayout(inner)
        whole.setContentsMargins(16, 12, 16, 12)
        whole.setSpacing(12)
        whole.addLayout(top)
        whole.addLayout(body, 1)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setWidget(inner)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolled)

    def _build_facts(self) -> QVBoxLayout:
        self.facts, self.sentences = _sheet(), _sheet()
        self.releases = _sheet()
        self.roll_back = icon_button("Roll back", "ph.arrow-u-up-left", "Return to the release before")
        self.about = card(_title("This device"), self.facts, self.sentences, margins=MARGINS, spacing=10)
        self.history = card(_title("Releases"), self.releases, self.roll_back, margins=MARGINS, spacing=10)
        self.history.layout().setAlignment(self.roll_back, Qt.AlignmentFlag.AlignLeft)
        column = QVBoxLayout()
        column.setSpacing(12)
        for frame in (self.about, self.history):
            frame.setFixedWidth(FACTS_WIDTH)
            column.addWidget(frame)
        column.addStretch(1)
        return column

    def _connect(self) -> None:
        self.deploy.clicked.connect(self.deploy_trial)
        self.measure.clicked.connect(self.measure_selection)
        self.roll_back.clicked.connect(lambda: self.talk.ask(RollBack(device=self.book.chosen)))
        self.to_charts.clicked.connect(self.charts_wanted)
        self.trial.currentIndexChanged.connect(self._schedule)
        self.trial.currentIndexChanged.connect(lambda: self.trial_changed.emit())
        self.talk.changed.connect(self._schedule)
        self.book.changed.connect(self._schedule)
        self.book.chosen_changed.connect(self._schedule)
        self.session.study_opened.connect(self._fall_behind)
        self.session.trials_changed.connect(self._fall_behind)
        self.session.selection_changed.connect(self._fall_behind)
        self.session.event_received.connect(self._take_event)
        theme.changed.connect(self._schedule)

    @property
    def task(self) -> str:
        """What the trial in the menu is for; empty where there is none."""
        self._catch_up()
        name, study = self.trial.trial, self.session.study
        return study.summary(name).task if name and study is not None else ""

    # What the user does

    def deploy_trial(self) -> None:
        """Put the trial in force on the device and measure it there."""
        self._catch_up()
        self._work((), self.trial.trial)

    def measure_selection(self) -> None:
        """Measure the selected trials on the device, in one session."""
        self._catch_up()
        self._work(self._selected(), "")

    def _work(self, trials: tuple[str, ...], deploy: str) -> None:
        if not (trials or deploy) or self.book.device is None:
            return
        self._live.clear()
        study = str(self.session.opened().folder)
        self.talk.work(BenchmarkOnDevice(device=self.book.chosen, study=study, trials=trials, deploy=deploy))

    # What happens

    def _take_event(self, event: Event) -> None:
        if isinstance(event, LatencyMeasured) and event.latency.device == self.book.chosen:
            latency = event.latency
            timing = ThreadTiming(
                num_threads=latency.num_threads,
                slowed=latency.slowed,
                feature=latency.feature,
                inference=latency.inference,
                total=latency.total,
            )
            self._live.setdefault(event.trial, []).append(timing)
            self._schedule()

    def _fall_behind(self, *_: object) -> None:
        self._is_behind = True
        self._schedule()

    def _catch_up(self) -> None:
        """Offer the trials that there are now, and show the one that was selected elsewhere since."""
        if not self._is_behind:
            return
        self._is_behind = False
        names = self.session.selection
        self.trial.show_study(self.session.study, names)
        if names and names != self._followed:
            self.trial.show_trial(names[0])
        self._followed = names

    def _selected(self) -> tuple[str, ...]:
        return tuple(name for name in self.session.selection if self.trial.findData(name) >= 0)

    # What is shown

    def _schedule(self, *_: object) -> None:
        # Out of sight nothing is made: a menu of thousands of trials takes longer than a picture of their charts.
        if self.isVisible() and not self._repaint.isActive():
            self._repaint.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self.follow()

    def follow(self) -> None:
        """Bring everything up to date."""
        self._catch_up()
        device = self.book.chosen
        busy = self.talk.running(lambda job: isinstance(job, BenchmarkOnDevice) and job.device == device)
        self.deploy.setEnabled(bool(self.trial.trial and device) and not busy)
        theme.set_icon(self.deploy, "ph.rocket-launch", "on_accent" if self.deploy.isEnabled() else "muted")
        selected = self._selected()
        self.measure.setVisible(len(selected) > 1)
        self.measure.setText(f"Measure the {len(selected)} selected")
        self.measure.setEnabled(not busy)
        self._show_figures(device, is_running=busy)
        self._show_facts()

    def _show_figures(self, device: str, *, is_running: bool) -> None:
        name, study = self.trial.trial, self.session.study
        task = words_of(self.task)
        latency = self._latency(name, device)
        live = self._live.get(name, []) if is_running else []
        timings = live or (_timings(latency) if latency and not is_running else [])
        words = ""
        if study is not None and name:
            summary = study.summary(name)
            words = f"{summary.letter}  {title_of(summary)} on {device}"
        self.heading.setText(f"{words}, being measured" if is_running else words or "Nothing to deploy yet")
        if not name:
            self.nothing.setText("Train a trial first; it can be deployed as soon as it is finished.")
        else:
            self.nothing.setText("The first times come in a moment." if is_running else task.not_measured)
        self.nothing.setVisible(not timings)
        self.table.setVisible(bool(timings))
        self.table.show_timings(timings, task.input_part)
        shown = latency if latency is not None and not is_running else None
        self.to_charts.setVisible(shown is not None)
        self.measured.setText(device_sheets.measured_sheet(shown, self._reference(shown)) if shown else "")
        self.marks.setText(device_sheets.marks_sheet(shown) if shown else "")
        self.differing.setText(device_sheets.differences_sheet(shown.run) if shown and shown.run else "")
        for label in (self.measured, self.marks, self.differing):
            label.setVisible(bool(label.text()))

    def _latency(self, name: str, device: str) -> Latency | None:
        if self.session.study is None or not name or not device:
            return None
        try:
            result = self.session.study.result(name)
        except WorkbenchError:
            return None
        return result.latency_on(device) if result else None

    def _reference(self, latency: Latency) -> str:
        if latency.reference_trial == self.trial.trial:
            return ""
        try:
            summary = self.session.opened().summary(latency.reference_trial)
        except WorkbenchError:
            return "the reference trial"
        return f"{summary.letter} {title_of(summary)}"

    def _show_facts(self) -> None:
        report = self.book.report
        self.facts.setVisible(report is not None)
        self.facts.setText(device_sheets.facts_sheet(report) if report else "")
        self.sentences.setText(device_sheets.sentences_sheet(report) if report else escape(NOT_CHECKED))
        releases = report.facts.releases if report else ()
        self.history.setVisible(bool(releases))
        if report is not None:
            self.releases.setText(_releases(releases, report.facts.release, report.facts.previous))
            can_go_back = report.facts.previous in releases and report.facts.previous != report.facts.release
            self.roll_back.setVisible(can_go_back)
            self.roll_back.setToolTip(f"Return to {report.facts.previous}")
            self.roll_back.setEnabled(not self.talk.running(lambda job: isinstance(job, RollBack)))


def _timings(latency: Latency) -> list[ThreadTiming]:
    return list(latency.run.by_threads) if latency.run else []


def _releases(names: tuple[str, ...], current: str, previous: str) -> str:
    palette = theme.current()
    lines = []
    for name in names:
        if name == current:
            lines.append(f"<b>{escape(name)}</b> <span style='color:{palette.good}'>● active</span>")
        else:
            said = " · before" if name == previous else ""
            lines.append(f"<span style='color:{palette.muted}'>{escape(name)}{said}</span>")
    return "".join(f"<p style='margin: 0 0 4px 0'>{line}</p>" for line in lines)


def _title(words: str) -> QLabel:
    label = QLabel(words)
    label.setProperty("role", "section")
    return label


def _sheet(role: str = "") -> QLabel:
    sheet = _text("", role)
    sheet.setTextFormat(Qt.TextFormat.RichText)
    return sheet


def _text(words: str = "", role: str = "") -> QLabel:
    label = QLabel(words, wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
