"""The listening service of a device: what each word does, whether it runs, and what it heard last."""

from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.deploy.device.actions import Action
from core.deploy.service import HeardWord, ServiceStatus, default_actions
from core.experiment.service_jobs import AnyServiceJob, ControlService, InstallService, LookAtService
from workbench import number_format, theme
from workbench.devices.book import DeviceBook
from workbench.devices.hearing_form import HearingForm
from workbench.devices.talk import DeviceTalk
from workbench.devices.word_actions import WordActions
from workbench.jobs import QueuedJob
from workbench.widgets.card import card, icon_button

HEARD_WIDTH = 320
MARGINS = (16, 12, 16, 12)
INVITATION = (
    "The listening service runs the deployed model on the device, by itself and after every start, and does "
    "something at each word: a shell command, an MQTT message, or the monitor of battery, temperature and load."
)
NOT_LINGERING = (
    "It runs only while its user is logged in there; to have it start with the device, type there: "
    "sudo loginctl enable-linger $USER"
)
STATES = {
    "absent": ("Not installed", "muted"),
    "running": ("Running", "good"),
    "starting": ("Starting", "warning"),
    "stopping": ("Stopping", "warning"),
    "stopped": ("Stopped", "warning"),
    "failed": ("Failed", "bad"),
}
_ACTIONS: TypeAdapter[dict[str, Action]] = TypeAdapter(dict[str, Action])


class DeviceServicePanel(QWidget):
    """Shows the device in sight as it was when it was asked last."""

    said = Signal(str)
    """A sentence about what has to be mended first."""

    def __init__(self, book: DeviceBook, talk: DeviceTalk) -> None:
        super().__init__()
        self.book, self.talk = book, talk
        self.status: ServiceStatus | None = None
        self._known = ""
        """The device that is shown."""
        self._build()
        self._connect()
        self._show_status()

    def _build(self) -> None:
        self.state, self.details = QLabel(textFormat=Qt.TextFormat.RichText), QLabel(wordWrap=True)
        self.state.setProperty("role", "title")
        self.details.setProperty("role", "muted")
        self.install = QPushButton("Install")
        self.install.setProperty("role", "primary")
        self.start: QPushButton = icon_button("Start", "ph.play", "Listen again")
        self.stop: QPushButton = icon_button("Stop", "ph.stop", "Stop listening, until the device starts again")
        self.uninstall: QPushButton = icon_button("Uninstall", "ph.trash", "Take the service away; what it heard stays")
        self.look: QPushButton = icon_button("Look again", "ph.arrow-clockwise", "Ask the device how the service does")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.install, self.start, self.stop, self.uninstall):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.look)
        head = QWidget()
        column = QVBoxLayout(head)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        for widget in (self.state, self.details):
            column.addWidget(widget)
        column.addLayout(buttons)
        self.words = WordActions()
        self.hearing = HearingForm()
        title = QLabel("When it hears")
        title.setProperty("role", "section")
        self.table = card(title, self.words, self.hearing, margins=MARGINS, spacing=12)
        self.table.layout().addStretch(1)
        scrolled = QScrollArea(widgetResizable=True)
        scrolled.setWidget(self.table)
        self.heard = QListWidget()
        self.heard.setAccessibleName("Words heard last")
        self.heard.setFont(theme.font())
        heard_title = QLabel("Heard last")
        heard_title.setProperty("role", "section")
        self.heard_card = card(heard_title, self.heard, margins=MARGINS, spacing=8)
        self.heard_card.setFixedWidth(HEARD_WIDTH)
        self.body = QWidget()
        body = QHBoxLayout(self.body)
        body.setContentsMargins(16, 0, 16, 12)
        body.setSpacing(12)
        body.addWidget(scrolled, 1)
        body.addWidget(self.heard_card)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(head)
        whole.addWidget(self.body, 1)
        whole.addStretch(0)

    def _connect(self) -> None:
        self.install.clicked.connect(self.put_to_work)
        self.start.clicked.connect(lambda: self._control("start"))
        self.stop.clicked.connect(lambda: self._control("stop"))
        self.uninstall.clicked.connect(lambda: self._control("uninstall"))
        self.look.clicked.connect(self.ask)
        self.talk.answered.connect(self._take)
        self.talk.changed.connect(self._show_busy)
        self.book.chosen_changed.connect(self._forget)
        theme.changed.connect(self._show_status)

    # What the user does

    def ask(self) -> None:
        """Ask the device how its service does."""
        if self.book.device is not None:
            self.talk.ask(LookAtService(device=self.book.chosen))

    def put_to_work(self) -> None:
        """Install the service with the table as it stands, or give it this table."""
        problem = self.words.problem() or self.hearing.problem()
        if problem:
            self.said.emit(problem)
            return
        self.talk.ask(
            InstallService(
                device=self.book.chosen,
                words=self.words.words,
                microphone=self.hearing.microphone,
                wav=self.hearing.wav,
                **self.words.common,
            )
        )

    def _control(self, verb: str) -> None:
        self.talk.ask(ControlService(device=self.book.chosen, verb=verb))

    # What the device says

    def _take(self, job: QueuedJob) -> None:
        intention = job.intention
        if not isinstance(intention, AnyServiceJob) or intention.device != self.book.chosen:
            return
        if isinstance(intention, LookAtService):
            self._take_look(job.answer)
        elif isinstance(intention, InstallService | ControlService):
            self.status = ServiceStatus.model_validate(job.answer)
            self._show_status()

    def _take_look(self, answer: dict[str, Any]) -> None:
        self.status = ServiceStatus.model_validate(answer["status"])
        labels, installed = tuple(answer["labels"]), answer["actions"]
        offered = tuple(label for label in labels if not label.startswith("_"))
        if installed is not None:
            self.words.show_words(labels, _ACTIONS.validate_python(installed["words"]))
            self.words.show_common(installed)
            self.hearing.show_source(installed["microphone"], installed["wav"])
        elif tuple(self.words.rows) != offered or self._known != self.book.chosen:
            self.words.show_words(labels, default_actions(labels).words)
        self._known = self.book.chosen
        self._show_heard([HeardWord.model_validate(values) for values in answer["detections"]])
        self._show_status()

    def _forget(self, _name: str) -> None:
        self.status, self._known = None, ""
        self.words.show_words((), {})
        self.hearing.show_source("", "")
        self._show_heard([])
        self._show_status()
        if self.isVisible():
            self.ask()

    # What is shown

    def _show_heard(self, heard: list[HeardWord]) -> None:
        self.heard.clear()
        for word in reversed(heard):
            when = datetime.fromtimestamp(word.time_s)
            day = "" if when.date() == datetime.now().date() else f"{when:%d %b} "
            did = f"   {word.did}" if word.did else ""
            self.heard.addItem(f"{day}{when:%H:%M:%S}   {word.word}   {word.score:.2f}{did}")
        self.heard_card.setVisible(bool(heard))

    def _show_status(self, *_: object) -> None:
        status = self.status
        has_words = bool(self.words.rows)
        self.body.setVisible(status is not None and has_words)
        if status is None:
            self.state.setText("Listening service")
            self.details.setText(INVITATION)
        else:
            words, role = STATES[status.state]
            dot = f"<span style='color:{getattr(theme.current(), role)}'>●</span>"
            self.state.setText(f"{dot} {words}" if status.release else "No model to listen with yet")
            self.details.setText(_details(status) or INVITATION)
        state = status.state if status else ""
        self.install.setVisible(has_words)
        self.install.setText("Install" if state in ("", "absent") else "Install this table")
        self.start.setVisible(state in ("stopped", "failed"))
        self.stop.setVisible(state in ("running", "starting"))
        self.uninstall.setVisible(state not in ("", "absent"))
        self.look.setText("Look again" if status else "Look")
        self._show_busy()

    def _show_busy(self) -> None:
        busy = self.talk.running(lambda job: isinstance(job, InstallService | ControlService | LookAtService))
        for button in (self.install, self.start, self.stop, self.uninstall, self.look):
            button.setEnabled(not busy)

    def showEvent(self, event: Any) -> None:  # noqa: N802
        """Ask once for each device, when it is first seen."""
        super().showEvent(event)
        if self.status is None and not self.talk.running(lambda job: isinstance(job, LookAtService)):
            self.ask()


def _details(status: ServiceStatus) -> str:
    """Return in a line what the service runs, since when, and at what cost."""
    if not status.release:
        return "Deploy a trial first; the words that it knows can act then."
    parts = [f"{status.release}"]
    if status.running_s is not None:
        parts.append(f"for {number_format.duration(status.running_s)}")
    if status.cpu_share is not None:
        parts.append(f"{number_format.percent(status.cpu_share)} % of a core")
    if status.memory_bytes is not None:
        parts.append(f"{number_format.three_digits(status.memory_bytes / 1024**2)} MB")
    if status.restarts:
        parts.append(f"restarted {status.restarts} times after failures")
    line = " · ".join(parts)
    if status.state == "absent":
        return f"{INVITATION} It would run {status.release}."
    if status.lingers is False:
        line += f"\n{NOT_LINGERING}"
    return f"{line}\n{status.message}" if status.message and "linger" not in status.message else line
