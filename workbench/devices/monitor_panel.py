"""The monitor of a device, live: battery, mains, temperature and load, and all of it as CSV."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.deploy.monitor_log import MonitorState, Reading
from core.events import DeviceSaid
from core.experiment.service_jobs import ExportMonitor, FollowMonitor, ReadMonitor
from workbench import number_format, theme
from workbench.devices.book import DeviceBook
from workbench.devices.talk import DeviceTalk
from workbench.jobs import QueuedJob
from workbench.plots.monitor_chart import MonitorChart, clock
from workbench.widgets.card import card, icon_button
from workbench.widgets.empty_page import invitation

if TYPE_CHECKING:
    from core.experiment.device_jobs import DeviceJob

REPAINT_MS = 33
NUM_READINGS = 20_000
OVERLAP = 100
"""Readings that may have come between what was read and what is followed."""
INVITATION = (
    "Once a word starts the monitor, the device logs battery level, mains, CPU temperature and load. Follow draws "
    "what it has logged and goes on as it logs more."
)
NO_READINGS = (
    "The monitor of this device has logged nothing yet. Install the listening service with a word that starts the "
    "monitor, and say it."
)


class DeviceMonitorPanel(QWidget):
    """Follows one device while it is in sight."""

    said = Signal(str)
    """A sentence about what was done."""

    def __init__(self, book: DeviceBook, talk: DeviceTalk) -> None:
        super().__init__()
        self.book, self.talk = book, talk
        self.state: MonitorState | None = None
        self._is_wanted = False
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._soon.timeout.connect(self._show)
        self.follow.clicked.connect(self.toggle)
        self.export.clicked.connect(self.ask_file)
        talk.answered.connect(self._take)
        talk.failed.connect(self._take_failure)
        talk.told.connect(self._hear)
        talk.changed.connect(self._show)
        book.chosen_changed.connect(self._forget)
        self._show()

    def _build(self) -> None:
        self.follow = QPushButton("Follow")
        self.follow.setProperty("role", "primary")
        self.export: QPushButton = icon_button("Export CSV…", "ph.download-simple", "Save everything it ever logged")
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.figures = QLabel()
        top = QHBoxLayout()
        top.setContentsMargins(16, 12, 16, 8)
        top.setSpacing(12)
        top.addWidget(self.follow)
        top.addWidget(self.words)
        top.addStretch(1)
        top.addWidget(self.figures)
        top.addWidget(self.export)
        self.chart = MonitorChart()
        self.empty = invitation(INVITATION)
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.chart)
        frame = card(self.stack)
        body = QVBoxLayout()
        body.setContentsMargins(16, 0, 16, 12)
        body.addWidget(frame, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(body, 1)

    # What the user does

    def toggle(self) -> None:
        """Follow the monitor, or stop following; it goes on logging either way."""
        if self._is_wanted:
            self.end()
        elif self.book.device is not None:
            self._is_wanted = True
            # First what there is in one piece, then what comes.
            self.talk.ask(ReadMonitor(device=self.book.chosen, num_readings=NUM_READINGS))

    def end(self) -> None:
        """Stop following."""
        if self._is_wanted:
            self._is_wanted = False
            if self._is_following():
                self.talk.end_stream()
            self._show()

    def ask_file(self) -> None:
        """Let the user name a file for everything that was logged."""
        path, _ = QFileDialog.getSaveFileName(self, "Export CSV", f"{self.book.chosen}-monitor.csv", "CSV (*.csv)")
        if path:
            self.export_to(Path(path))

    def export_to(self, path: Path) -> None:
        """Write everything that was logged into a file here."""
        self.talk.ask(ExportMonitor(device=self.book.chosen, csv=str(path)))

    # What the device says

    def _take(self, job: QueuedJob) -> None:
        intention = job.intention
        if isinstance(intention, ExportMonitor):
            self.said.emit(f"Wrote {job.answer['num_readings']:,} readings into {job.answer['csv']}")
        if not isinstance(intention, ReadMonitor) or intention.device != self.book.chosen or not self._is_wanted:
            return
        readings = [Reading.model_validate(values) for values in job.answer["readings"]]
        self.state = MonitorState.model_validate(job.answer["monitor"])
        self.chart.clear()
        self.chart.add(readings)
        self.talk.stream(FollowMonitor(device=intention.device, num_readings=OVERLAP))
        self._show()

    def _take_failure(self, job: QueuedJob) -> None:
        if isinstance(job.intention, ReadMonitor | FollowMonitor):
            self._is_wanted = False

    def _hear(self, event: DeviceSaid) -> None:
        if event.device != self.book.chosen or not self._is_wanted:
            return
        if event.what == MonitorState.__name__:
            self.state = MonitorState.model_validate(event.values)
        elif event.what == Reading.__name__:
            reading = Reading.model_validate(event.values)
            if not self.chart.readings or reading.id > self.chart.readings[-1].id:
                self.chart.add([reading])
        if not self._soon.isActive():
            self._soon.start()

    def _is_following(self) -> bool:
        return self.talk.running(lambda job: _follows(job, self.book.chosen))

    def _forget(self, _name: str) -> None:
        self.end()
        self.state = None
        self.chart.clear()
        self._show()

    # What is shown

    def _show(self) -> None:
        self.follow.setText("Stop" if self._is_wanted else "Follow")
        theme.set_icon(self.follow, "ph.stop" if self._is_wanted else "ph.chart-line", "on_accent")
        has_readings = bool(self.chart.readings)
        self.empty.setText(NO_READINGS if self.state is not None else INVITATION)
        self.stack.setCurrentWidget(self.chart if has_readings else self.empty)
        self.export.setVisible(has_readings)
        self.words.setText(_state_words(self.state, self.chart.readings) if self.state else "")
        self.figures.setText(_latest(self.chart.readings[-1]) if has_readings else "")

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is followed out of sight."""
        super().hideEvent(event)
        self.end()


def _follows(job: "DeviceJob", device: str) -> bool:
    return isinstance(job, FollowMonitor) and job.device == device


def _state_words(state: MonitorState, readings: Sequence[Reading]) -> str:
    if state.session is None or state.began_s is None:
        return "Never started"
    if state.ended_s is None:
        # It goes on after a stop of its service or its device, so when it last did is worth a word.
        newest = f", last at {clock(readings[-1].time_s)}" if readings else ""
        return f"Logging since {clock(state.began_s)}{newest}"
    return f"Logged from {clock(state.began_s)} for {number_format.duration(state.ended_s - state.began_s)}"


def _latest(reading: Reading) -> str:
    """Return the newest figures in a line, of those that the device tells."""
    told: list[tuple[Any, str]] = [
        (reading.battery_percent, "{:.0f} %"),
        (reading.battery_volts, "{:.2f} V"),
        (None if reading.on_mains is None else ("on mains" if reading.on_mains else "on battery"), "{}"),
        (reading.cpu_temperature_c, "{:.1f} °C"),
        (reading.load_1min, "load {:.2f}"),
    ]
    return "   ".join(form.format(value) for value, form in told if value is not None)
