"""The forecasting service of a device: whether it runs, and of what; the words and buttons of it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.deploy.forecast_service import ForecastStatus
from workbench import number_format, theme
from workbench.devices.service_panel import NOT_LINGERING, STATES
from workbench.widgets.card import icon_button

INVITATION = "A service keeps forecasting at every step, by itself and after every start of the device."


class ForecasterCard(QWidget):
    """Shows a status; what its buttons ask for is another's to do."""

    installed = Signal()
    """The user wants the device to forecast by itself, from what the form names."""
    told = Signal(str)
    """The verb that the service is to be told."""

    def __init__(self) -> None:
        super().__init__()
        self.status: ForecastStatus | None = None
        self.state, self.details = QLabel(textFormat=Qt.TextFormat.RichText), QLabel(wordWrap=True)
        self.details.setProperty("role", "muted")
        self.install: QPushButton = icon_button(
            "Keep forecasting", "ph.infinity", "Install a service that forecasts from these values at every step"
        )
        self.start: QPushButton = icon_button("Start", "ph.play", "Forecast again")
        self.stop: QPushButton = icon_button("Stop", "ph.stop", "Stop forecasting, until the device starts again")
        self.uninstall: QPushButton = icon_button("Uninstall", "ph.trash", "Take the service away; its readings stay")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in self.buttons:
            buttons.addWidget(button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for label in (self.state, self.details):
            column.addWidget(label)
        column.addLayout(buttons)
        self.install.clicked.connect(self.installed)
        for verb, button in (("start", self.start), ("stop", self.stop), ("uninstall", self.uninstall)):
            button.clicked.connect(lambda _=False, verb=verb: self.told.emit(verb))
        theme.changed.connect(self._dress)
        self.show_status(None)

    def _dress(self, _palette: object) -> None:
        self.show_status(self.status)

    @property
    def buttons(self) -> tuple[QPushButton, ...]:
        """All of them."""
        return self.install, self.start, self.stop, self.uninstall

    def show_status(self, status: ForecastStatus | None) -> None:
        """Show how the service does; None where nobody has asked yet."""
        self.status = status
        state = status.state if status else "absent"
        words, role = STATES[state]
        dot = f"<span style='color:{getattr(theme.current(), role)}'>●</span>"
        self.state.setText(f"{dot} By itself: {words.lower()}")
        self.state.setVisible(state != "absent")
        self.details.setText(_details(status) if status and state != "absent" else INVITATION)
        self.install.setText("Keep forecasting" if state == "absent" else "From these values")
        self.start.setVisible(state in ("stopped", "failed"))
        self.stop.setVisible(state in ("running", "starting"))
        self.uninstall.setVisible(state != "absent")


def _details(status: ForecastStatus) -> str:
    parts = [f"From {status.source.place}"] if status.source is not None else []
    if status.running_s is not None:
        parts.append(f"for {number_format.duration(status.running_s)}")
    lines = [" · ".join(parts), status.message]
    if status.lingers is False and "linger" not in status.message:
        lines.append(NOT_LINGERING)
    return "\n".join(filter(None, lines))
