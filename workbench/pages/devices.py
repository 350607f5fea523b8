"""The Devices page: a Raspberry Pi or any Linux machine, to deploy to, to measure on, to listen with and to watch.

Runs alone too: ``python -m workbench.pages.devices STUDY``.
"""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QToolButton,
    QWidget,
)

from core.deploy import passwords
from core.deploy.check import DeviceReport
from core.deploy.devices import Device
from core.errors import WorkbenchError
from core.events import HostKeyQuestion
from core.experiment import device_jobs
from core.experiment.device_jobs import DeviceJob
from core.spec import TrialSpec
from workbench import theme
from workbench.devices.book import DeviceBook, address_of
from workbench.devices.deploy_panel import DeviceDeployPanel
from workbench.devices.forecast_panel import DeviceForecastPanel
from workbench.devices.form import DeviceForm
from workbench.devices.line import DeviceLine
from workbench.devices.list import DeviceList
from workbench.devices.live_panel import DeviceLivePanel
from workbench.devices.monitor_panel import DeviceMonitorPanel
from workbench.devices.service_panel import DeviceServicePanel
from workbench.devices.talk import DeviceTalk
from workbench.devices.task_words import words_of
from workbench.frame.job_strip import JOB_WORDS
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.preferences import Preference, Preferences
from workbench.session import Session
from workbench.widgets.card import icon_button
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.empty_page import EmptyPage
from workbench.widgets.stacked import stack

LAST_DEVICE = Preference("devices/last", "")
LIST_WIDTH, PAGE_WIDTH = 264, 922
WORDS_WIDTH = 480
IN_JOB_STRIP = (device_jobs.BenchmarkOnDevice, device_jobs.ProvisionDevice)
RENEWED_BY = (*IN_JOB_STRIP, device_jobs.RollBack)
"""What changes so much on a device that it is looked at again."""


class DevicesPage(QWidget):
    """The list at the left; the device in sight, with what goes on or is asked above it, at the right."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self.session, self.preferences = session, preferences
        self.book = DeviceBook()
        self.talk = DeviceTalk(jobs, self)
        self._confirmed: Callable[[], object] = lambda: None
        """What is done when the user is sure."""
        self._warnings: list[str] = []
        """Sentences to be shown once nothing goes on any more that would take their place."""
        self._build()
        self._connect()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._follow_task()
        self._invite(session.spec)
        self.book.chosen = str(preferences.get(LAST_DEVICE))
        self.read()

    # Building

    def _build(self) -> None:
        self.line = DeviceLine()
        self.list = DeviceList(self.book)
        self.form = DeviceForm()
        self.empty = EmptyPage("Add a device", WORDS_WIDTH)
        self.deploying = DeviceDeployPanel(self.session, self.book, self.talk)
        self.service = DeviceServicePanel(self.book, self.talk)
        self.monitor = DeviceMonitorPanel(self.book, self.talk)
        self.live = DeviceLivePanel(self.book, self.talk)
        self.forecast = DeviceForecastPanel(self.book, self.talk)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        for panel, words in (
            (self.deploying, "Deploy and measure"),
            (self.service, "Listening service"),
            (self.monitor, "Monitor"),
            (self.live, "Live"),
            (self.forecast, "Forecast"),
        ):
            self.tabs.addTab(panel, words)
        self.whole = QWidget()
        stack(self.whole, self._build_head(), self.tabs)
        self.stack = QStackedWidget()
        for widget in (self.empty, self.form, self.whole):
            self.stack.addWidget(widget)
        right = QWidget()
        stack(right, self.line, self.stack)
        self.across = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.across.addWidget(self.list)
        self.across.addWidget(right)
        self.across.setStretchFactor(1, 1)
        self.across.setSizes([LIST_WIDTH, PAGE_WIDTH])
        self.preferences.keep_splitter(self.across, "devices")
        stack(self, self.across)

    def _build_head(self) -> QFrame:
        self.name = ElidedLabel()
        self.name.setProperty("role", "heading")
        # As wide as it is, while there is room.
        self.name.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.address = ElidedLabel()
        self.address.setProperty("role", "muted")
        self.check: QPushButton = icon_button(
            "Check", "ph.magnifying-glass", "See what the device is and what it lacks"
        )
        self.provision = QPushButton("Provision")
        self.provision.setToolTip("Make the Python environment that runs models, in the user’s own folder")
        theme.set_icon(self.provision, "ph.package", "muted")
        self.more = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setAccessibleName("More about this device")
        self.more.setToolTip("More about this device")
        theme.set_icon(self.more, "ph.dots-three", "muted")
        self.more.setMenu(self._build_menu())
        head = QFrame()
        row = QHBoxLayout(head)
        row.setContentsMargins(16, 12, 16, 4)
        row.setSpacing(8)
        row.addWidget(self.name)
        row.addWidget(self.address, 1)
        for widget in (self.check, self.provision, self.more):
            row.addWidget(widget)
        return head

    def _build_menu(self) -> QMenu:
        menu = QMenu(self)
        for words, icon, act in (
            ("Install my key", "ph.key", self.install_key),
            ("Change how it is reached…", "ph.pencil-simple", self.change_device),
            ("Remove from this list…", "ph.minus-circle", self.ask_removal),
            ("Remove, and delete everything of ours there…", "ph.trash", self.ask_uninstallation),
        ):
            menu.addAction(self._action(words, icon, act))
        return menu

    def _action(self, words: str, icon: str, act: Callable[[], object]) -> QAction:
        action = QAction(words, self)
        theme.set_icon(action, icon)
        action.triggered.connect(lambda: act())
        return action

    def _connect(self) -> None:
        self.list.add_clicked.connect(self.add_device)
        self.list.device_chosen.connect(self.choose)
        self.empty.button.clicked.connect(self.add_device)
        self.form.submitted.connect(self._submit)
        self.form.cancelled.connect(self._leave_form)
        self.check.clicked.connect(self.check_device)
        self.provision.clicked.connect(lambda: self.talk.work(device_jobs.ProvisionDevice(device=self.book.chosen)))
        self.deploying.charts_wanted.connect(self.show_charts)
        self.deploying.trial_changed.connect(self._follow_task)
        for panel in (self.service, self.live, self.forecast):
            panel.said.connect(self.line.show_trouble)
        self.monitor.said.connect(self.line.show_note)
        self.line.trusted.connect(self.talk.trust)
        self.line.password_given.connect(self.talk.log_in)
        self.line.declined.connect(self._decline)
        self.line.confirmed.connect(lambda: self._confirmed())
        self.session.spec_edited.connect(self._invite)
        # For the command palette.
        self.addAction(self._action("Add a device", "ph.plus", self.add_device))
        self.addAction(self._action("Check the device", "ph.magnifying-glass", self.check_device))
        self.addAction(self._action("Deploy to the device", "ph.rocket-launch", self.deploying.deploy.click))
        self.talk.changed.connect(self._show_talk)
        self.talk.answered.connect(self._take_answer)
        self.talk.failed.connect(self._take_failure)
        self.talk.warned.connect(self._warnings.append)
        self.talk.asked.connect(lambda _: self._show_talk())
        self.book.changed.connect(self._show_device)
        self.book.chosen_changed.connect(self._show_device)
        self.book.chosen_changed.connect(self._leave_sentence)
        self.session.study_opened.connect(self._take_study)

    # What the user does

    def read(self) -> None:
        """Read the list of devices."""
        try:
            self.book.read()
        except WorkbenchError as error:
            self.line.show_trouble(str(error))

    def choose(self, name: str) -> None:
        """Put a device in sight."""
        self.preferences.set(LAST_DEVICE, name)
        self.book.choose(name)
        self._leave_form()

    def add_device(self) -> None:
        """Ask for a new device, in the place of the one in sight."""
        self.stack.setCurrentWidget(self.form)
        self.form.begin()

    def change_device(self) -> None:
        """Ask for changes in how the device in sight is reached."""
        self.stack.setCurrentWidget(self.form)
        self.form.begin(self.book.device)

    def check_device(self) -> None:
        """Ask the device in sight what it is and what it lacks."""
        if self.book.device is not None:
            self.talk.ask(device_jobs.CheckDevice(device=self.book.chosen))

    def install_key(self) -> None:
        """Add the user's public key to those that the device takes."""
        self.talk.ask(device_jobs.InstallKey(device=self.book.chosen))

    def remove_device(self, name: str, *, uninstall: bool) -> None:
        """Take a device off the list; with `uninstall` everything of the program on it goes first."""
        self.talk.ask(device_jobs.RemoveDevice(device=name, uninstall=uninstall))

    def ask_removal(self) -> None:
        """Ask whether the device in sight shall go from the list."""
        name = self.book.chosen
        self._confirmed = lambda: self.remove_device(name, uninstall=False)
        self.line.ask_sure(f"Remove {name} from this list? Nothing is changed on the device.", "Remove")

    def ask_uninstallation(self) -> None:
        """Ask whether everything of the program on the device in sight shall go, and then it from the list."""
        name = self.book.chosen
        self._confirmed = lambda: self.remove_device(name, uninstall=True)
        self.line.ask_sure(
            f"Delete everything of this program on {name}? Its environment, releases, listening service "
            "and all that its monitor logged go.",
            "Delete",
        )

    def show_charts(self) -> None:
        """Show the trials by the latency on the device in sight."""
        self.session.device = self.book.chosen
        for action in self.window().actions():
            if action.text() == "Trials":
                action.trigger()

    def _submit(self, device: Device) -> None:
        self.line.hide()
        self.talk.ask(
            device_jobs.AddDevice(
                device=device.name, host=device.host, port=device.port, user=device.user, key=device.key
            )
        )

    def _follow_task(self) -> None:
        """Show the panels that belong to what the trial in the menu is for."""
        forecasts = self.deploying.task == "forecasting"
        for panel, belongs in (
            (self.service, not forecasts),
            (self.monitor, not forecasts),
            (self.live, not forecasts),
            (self.forecast, forecasts),
        ):
            self.tabs.setTabVisible(self.tabs.indexOf(panel), belongs)

    def _invite(self, spec: TrialSpec | None) -> None:
        self.empty.show_words("No device yet", words_of(spec.task if spec else "").no_device)

    def _take_study(self, *_: object) -> None:
        if self.isVisible():
            self._follow_task()

    def _leave_sentence(self, *_: object) -> None:
        """Let a sentence about another device go, read or not, and whether something shall be done to it."""
        if not self.talk.questions and self.talk.asking is None:
            self.line.hide()

    def _leave_form(self) -> None:
        self.stack.setCurrentWidget(self.whole if self.book.device else self.empty)
        self.list.setVisible(bool(self.book.devices))

    def _decline(self) -> None:
        if self.talk.questions:
            self.talk.decline()
        elif self.talk.asking:
            self.talk.cancel()
        else:
            self.line.hide()

    # What comes back

    def _take_answer(self, job: QueuedJob) -> None:
        intention = job.intention
        device = intention.device
        match intention:
            case device_jobs.AddDevice() | device_jobs.CheckDevice():
                self.book.take_report(DeviceReport.model_validate(job.answer))
                if isinstance(intention, device_jobs.AddDevice):
                    self.read()
                    self.choose(device)
            case device_jobs.InstallKey():
                self.line.show_note(f"{device} takes the key {job.answer} from now on; no password is asked any more")
            case device_jobs.RemoveDevice():
                self.book.forget(device)
                self._leave_form()
            case device_jobs.BenchmarkOnDevice():
                self.session.refresh()
                self.session.device = device
        if isinstance(intention, RENEWED_BY):
            self.talk.ask(device_jobs.CheckDevice(device=device))

    def _take_failure(self, job: QueuedJob) -> None:
        if job.state is not JobState.FAILED:
            return
        if isinstance(job.intention, device_jobs.CheckDevice):
            self.book.note_unreached(job.intention.device)
        if not isinstance(job.intention, IN_JOB_STRIP):
            # Of those the window tells, whatever page is in sight.
            self.line.show_trouble(job.message)

    def _show_talk(self) -> None:
        """Show what has to be answered first, else what goes on."""
        if self.talk.questions:
            self._show_question(self.talk.questions[0][1])
        elif (asking := self.talk.asking) is not None:
            self.line.show_work(_doing(asking))
        elif self._warnings and not self.talk.open:
            self.line.show_trouble("; ".join(self._warnings))
            self._warnings.clear()
        elif self.line.is_passing:
            self.line.hide()

    def _show_question(self, job: QueuedJob) -> None:
        if isinstance(job.question, HostKeyQuestion):
            self.line.ask_trust(job.intention.device, job.question)
        else:
            self.line.ask_password(job.message, can_keep=passwords.can_keep())

    def _show_device(self, *_: object) -> None:
        device, report = self.book.device, self.book.report
        if self.stack.currentWidget() is not self.form:
            self._leave_form()
        if device is None:
            return
        self.name.setText(device.name)
        self.address.setText("" if address_of(device) == device.name else address_of(device))
        self.provision.setVisible(report is not None and not report.provisioned and not report.missing)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Take up devices that the command line added meanwhile."""
        super().showEvent(event)
        self.read()
        self._follow_task()


def _doing(intention: DeviceJob) -> str:
    return f"{JOB_WORDS.get(intention.intention, intention.intention)}: {intention.device}"


if __name__ == "__main__":
    from workbench.app import run_page

    run_page(DevicesPage)
