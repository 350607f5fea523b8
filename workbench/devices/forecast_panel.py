"""What the release in force on a device forecasts, of a table or a sensor there."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from core.deploy.forecast import DeviceForecast, ForecastTrouble, SensorReading, Stretch
from core.deploy.forecast_service import ForecastStatus
from core.events import DeviceSaid
from core.experiment.device_jobs import DeviceJob
from core.experiment.service_jobs import ControlForecaster, FollowForecasts, ForecastOnDevice, InstallForecaster
from workbench import theme
from workbench.devices.book import DeviceBook
from workbench.devices.forecaster_card import ForecasterCard
from workbench.devices.source_form import SourceForm
from workbench.devices.talk import DeviceTalk
from workbench.jobs import QueuedJob
from workbench.plots.device_forecast import DeviceForecastChart
from workbench.widgets.card import card, icon_button
from workbench.widgets.empty_page import invitation

SOURCE_WIDTH = 400
ROW_HEIGHT = 26
MARGINS = (16, 12, 16, 12)
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
INVITATION = (
    "The deployed model forecasts from the latest values of a table on the device, or of a sensor that a command "
    "there reads. A sensor’s readings are kept on the device until they fill the window of the model."
)


class DeviceForecastPanel(QWidget):
    """Forecasts once, or step by step while it is in sight."""

    said = Signal(str)
    """A sentence about what has to be mended first."""

    def __init__(self, book: DeviceBook, talk: DeviceTalk) -> None:
        super().__init__()
        self.book, self.talk = book, talk
        self._build()
        self.once.clicked.connect(self.forecast)
        self.follow.clicked.connect(self.toggle)
        self.service.installed.connect(self.keep_forecasting)
        self.service.told.connect(self._control)
        talk.answered.connect(self._take)
        talk.failed.connect(self._show_busy)
        talk.told.connect(self._hear)
        talk.changed.connect(self._show_busy)
        book.chosen_changed.connect(self._forget)
        self._show_busy()

    def _build(self) -> None:
        self.form = SourceForm()
        self.once = QPushButton("Forecast")
        self.once.setProperty("role", "primary")
        self.follow: QPushButton = icon_button(
            "Follow", "ph.clock-clockwise", "Forecast again at every step of the model, while this is in sight"
        )
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.once)
        buttons.addWidget(self.follow)
        buttons.addStretch(1)
        title = QLabel("Latest values")
        title.setProperty("role", "section")
        self.state = QLabel(wordWrap=True)
        self.state.setProperty("role", "muted")
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        source = card(title, self.form, margins=MARGINS, spacing=12)
        source.layout().addLayout(buttons)
        source.layout().addWidget(self.state)
        self.service = ForecasterCard()
        source.layout().addWidget(self.service)
        source.setFixedWidth(SOURCE_WIDTH)
        self.state.hide()
        self.table = QTableWidget(0, 0)
        self.table.setAccessibleName("Values measured and forecast")
        self.table.setProperty("role", "clips")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setTabKeyNavigation(False)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.chart = DeviceForecastChart()
        self.found = card(self.chart)
        self.stack = QStackedWidget()
        self.empty = card(invitation(INVITATION))
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.found)
        left = QVBoxLayout()
        left.setSpacing(12)
        left.addWidget(source)
        self.listed = card(self.table)
        self.listed.setFixedWidth(SOURCE_WIDTH)
        self.listed.hide()
        left.addWidget(self.listed, 1)
        left.addStretch(0)
        body = QHBoxLayout(self)
        body.setContentsMargins(16, 12, 16, 12)
        body.setSpacing(12)
        body.addLayout(left)
        body.addWidget(self.stack, 1)

    # What the user does

    def forecast(self) -> None:
        """Forecast once, of what is there now."""
        if self._can_ask():
            self.talk.ask(ForecastOnDevice(device=self.book.chosen, source=self.form.source()))

    def toggle(self) -> None:
        """Forecast step by step, or stop."""
        if self.is_following:
            self.talk.end_stream()
        elif self._can_ask():
            self.talk.stream(FollowForecasts(device=self.book.chosen, source=self.form.source()))

    def keep_forecasting(self) -> None:
        """Let the device forecast by itself from what the form names."""
        if self._can_ask():
            self.talk.ask(InstallForecaster(device=self.book.chosen, source=self.form.source()))

    def _control(self, verb: str) -> None:
        self.talk.ask(ControlForecaster.model_validate({"device": self.book.chosen, "verb": verb}))

    @property
    def is_following(self) -> bool:
        """Tell whether it goes on step by step, or is about to."""
        return self.talk.running(lambda job: isinstance(job, FollowForecasts))

    def _can_ask(self) -> bool:
        problem = self.form.problem()
        if problem:
            self.said.emit(problem)
        return not problem and self.book.device is not None

    # What the device says

    def _take(self, job: QueuedJob) -> None:
        if job.intention.device != self.book.chosen:
            return
        if isinstance(job.intention, ForecastOnDevice):
            self._say("")
            self._show(DeviceForecast.model_validate(job.answer["forecast"]))
        elif isinstance(job.intention, InstallForecaster | ControlForecaster):
            status = ForecastStatus.model_validate(job.answer)
            self.service.show_status(status)
            if self.chart.forecast is None:
                self._show(status.forecast)

    def _hear(self, event: DeviceSaid) -> None:
        if event.device != self.book.chosen or not self.is_following:
            return
        if event.what == DeviceForecast.__name__:
            self._say("")
            self._show(DeviceForecast.model_validate(event.values))
        elif event.what == ForecastTrouble.__name__:
            self._say(ForecastTrouble.model_validate(event.values).message)
        elif event.what == SensorReading.__name__:
            reading = SensorReading.model_validate(event.values)
            told = ", ".join(f"{name} {value:g}" for name, value in reading.values.items())
            self._say(f"{reading.time:%H:%M:%S}   {told}")

    def _forget(self, _name: str) -> None:
        if self.is_following:
            self.talk.end_stream()
        self._say("")
        self._show(None)
        self.service.show_status(None)
        if self.isVisible():
            self._look()

    def _look(self) -> None:
        if self.book.device is not None:
            self._control("status")

    # What is shown

    def _say(self, sentence: str) -> None:
        self.state.setText(sentence)
        self.state.setVisible(bool(sentence))

    def _show(self, forecast: DeviceForecast | None) -> None:
        self.chart.show_forecast(forecast)
        self.stack.setCurrentWidget(self.empty if forecast is None else self.found)
        self.listed.setVisible(forecast is not None)
        if forecast is not None:
            self._show_table(forecast)

    def _show_table(self, forecast: DeviceForecast) -> None:
        quantities = forecast.coming.quantities
        headers = ["Time", "", *(f"{each.name} {each.unit}".strip() for each in quantities)]
        self.table.setColumnCount(len(headers))
        self.table.setHorizontalHeaderLabels(headers)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        rows = [*_rows(forecast.past, forecast, "measured"), *_rows(forecast.coming, forecast, "forecast")]
        self.table.setRowCount(len(rows))
        for place, cells in enumerate(rows):
            for column, text in enumerate(cells):
                item = QTableWidgetItem(text)
                if column > 1:
                    item.setTextAlignment(RIGHT)
                if cells[1] == "forecast":
                    item.setFont(_bold())
                self.table.setItem(place, column, item)
        for column in range(len(headers)):
            self.table.horizontalHeaderItem(column).setTextAlignment(RIGHT if column > 1 else LEFT)

    def _show_busy(self, *_: object) -> None:
        following = self.is_following
        busy = self.talk.running(_asks)
        self.once.setEnabled(not following and not busy)
        for button in self.service.buttons:
            button.setEnabled(not busy)
        self.form.setEnabled(not following)
        self.follow.setText("Stop" if following else "Follow")
        theme.set_icon(self.follow, "ph.stop" if following else "ph.clock-clockwise", "muted")

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Ask once for each device, when it is first seen."""
        super().showEvent(event)
        if self.service.status is None and not self.talk.running(_asks):
            self._look()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is followed out of sight."""
        super().hideEvent(event)
        if self.is_following:
            self.talk.end_stream()


def _asks(job: DeviceJob) -> bool:
    return isinstance(job, ForecastOnDevice | InstallForecaster | ControlForecaster)


def _rows(stretch: Stretch, forecast: DeviceForecast, mark: str) -> list[tuple[str, ...]]:
    values = {each.column: each.values for each in stretch.quantities}
    days = {at.date() for at in (*forecast.past.times, *forecast.coming.times)}
    form = "%H:%M" if len(days) == 1 else "%d %b %H:%M"
    if forecast.step_minutes % 1:
        form += ":%S"
    columns = [each.column for each in forecast.coming.quantities]
    rows = []
    for place, at in enumerate(stretch.times):
        figures = (f"{values[column][place]:.2f}" if column in values else "" for column in columns)
        rows.append((f"{at:{form}}", mark, *figures))
    return rows


def _bold() -> object:
    font = theme.font()
    font.setBold(True)
    return font
