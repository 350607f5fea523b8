"""What each word of a deployed model does: a row for every word, and only the fields that its action has."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from core.deploy.device.actions import Action, Actions, Command, Logging, Message
from core.evaluation.detection import IGNORED
from workbench.form.fields import guard_wheel

NOTHING, COMMAND, MESSAGE, START, STOP = (
    "Does nothing",
    "Runs a shell command",
    "Sends an MQTT message",
    "Starts the monitor",
    "Stops the monitor",
)
KINDS = (NOTHING, COMMAND, MESSAGE, START, STOP)
WORD_WIDTH = 96


class WordRow(QWidget):
    """One word, what it does, and with what."""

    edited = Signal()

    def __init__(self, word: str) -> None:
        super().__init__()
        self.word = word
        label = QLabel(word)
        label.setFixedWidth(WORD_WIDTH)
        label.setProperty("role", "section")
        self.kind = QComboBox()
        self.kind.setAccessibleName(f"What “{word}” does")
        self.kind.addItems(KINDS)
        guard_wheel(self.kind)
        self.command = QLineEdit(placeholderText="aplay ~/yes.wav")
        self.command.setAccessibleName(f"Shell command of “{word}”")
        self.command.setToolTip("For /bin/sh; finds the word in KEYWORD, its score in KEYWORD_SCORE")
        self.topic = QLineEdit(placeholderText="Topic, such as home/lamp")
        self.topic.setAccessibleName(f"MQTT topic of “{word}”")
        self.payload = QLineEdit(placeholderText="Message; empty sends word, score and time")
        self.payload.setAccessibleName(f"MQTT message of “{word}”")
        self.kind.currentIndexChanged.connect(self._follow)
        self.kind.activated.connect(self.edited)
        for line in (self.command, self.topic, self.payload):
            line.textEdited.connect(self.edited)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(label)
        row.addWidget(self.kind)
        row.addWidget(self.command, 1)
        row.addWidget(self.topic, 1)
        row.addWidget(self.payload, 1)
        row.addStretch()
        self._follow()

    @property
    def action(self) -> Action | None:
        """What the row says; None is nothing."""
        match self.kind.currentText():
            case kind if kind == COMMAND:
                return Command(self.command.text().strip())
            case kind if kind == MESSAGE:
                return Message(self.topic.text().strip(), self.payload.text())
            case kind if kind in (START, STOP):
                return Logging("start" if kind == START else "stop")
        return None

    def show_action(self, action: Action | None) -> None:
        """Show what a word does."""
        if isinstance(action, Command):
            self.kind.setCurrentText(COMMAND)
            self.command.setText(action.command)
        elif isinstance(action, Message):
            self.kind.setCurrentText(MESSAGE)
            self.topic.setText(action.topic)
            self.payload.setText(action.payload)
        elif isinstance(action, Logging):
            self.kind.setCurrentText(START if action.do == "start" else STOP)
        else:
            self.kind.setCurrentText(NOTHING)

    def problem(self) -> str:
        """Return what has to be said yet; nothing when all is."""
        if self.kind.currentText() == COMMAND and not self.command.text().strip():
            return f"Type the command that “{self.word}” runs"
        if self.kind.currentText() == MESSAGE and not self.topic.text().strip():
            return f"Type the topic that “{self.word}” sends to"
        return ""

    def _follow(self) -> None:
        kind = self.kind.currentText()
        self.command.setVisible(kind == COMMAND)
        self.topic.setVisible(kind == MESSAGE)
        self.payload.setVisible(kind == MESSAGE)


class WordActions(QWidget):
    """The table, and what its actions need in common: a broker for messages, the monitor's interval."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: dict[str, WordRow] = {}
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(6)
        self.broker = QLineEdit(Actions.broker_host)
        self.broker.setAccessibleName("Host of the MQTT broker")
        self.port = QSpinBox(minimum=1, maximum=65535, value=Actions.broker_port)
        self.port.setAccessibleName("Port of the MQTT broker")
        self.interval = QDoubleSpinBox(minimum=0.1, maximum=3600, value=Actions.monitor_interval_s, suffix=" s")
        self.interval.setAccessibleName("Interval of the monitor")
        self.battery = QLineEdit(placeholderText="None: what the system itself knows")
        self.battery.setAccessibleName("Command that tells the battery")
        self.battery.setToolTip("For a UPS HAT: a command that prints percent, volts or mains as JSON")
        for box in (self.port, self.interval):
            guard_wheel(box)
        self.message_row = _row("MQTT broker", self.broker, self.port)
        self.monitor_row = _row("Monitor reads every", self.interval, QLabel("battery by"), self.battery)
        column = QGridLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setVerticalSpacing(10)
        column.addLayout(self._grid, 0, 0)
        column.addWidget(self.message_row, 1, 0)
        column.addWidget(self.monitor_row, 2, 0)
        self._follow()

    def show_words(self, labels: tuple[str, ...], actions: Mapping[str, Action]) -> None:
        """Show the words of a model and what they do; silence and strangers' words cannot do anything."""
        for row in self.rows.values():
            self._grid.removeWidget(row)
            row.deleteLater()
        self.rows = {label: WordRow(label) for label in labels if label not in IGNORED}
        for place, (word, row) in enumerate(self.rows.items()):
            row.show_action(actions.get(word))
            row.edited.connect(self._on_edited)
            self._grid.addWidget(row, place, 0)
        self._follow()

    def show_common(self, values: Mapping[str, Any]) -> None:
        """Show broker and monitor as they are installed."""
        self.broker.setText(values["broker_host"])
        self.port.setValue(values["broker_port"])
        self.interval.setValue(values["monitor_interval_s"])
        self.battery.setText(values["battery_command"])

    @property
    def words(self) -> dict[str, Action]:
        """What each word does, of those that do something."""
        return {word: row.action for word, row in self.rows.items() if row.action is not None}

    @property
    def common(self) -> dict[str, Any]:
        """What the actions need, by the names that the service's job has for it."""
        return {
            "broker_host": self.broker.text().strip() or Actions.broker_host,
            "broker_port": self.port.value(),
            "monitor_interval_s": self.interval.value(),
            "battery_command": self.battery.text().strip(),
        }

    def problem(self) -> str:
        """Return what has to be said yet; nothing when all is."""
        return next(filter(None, (row.problem() for row in self.rows.values())), "")

    def _on_edited(self) -> None:
        self._follow()
        self.edited.emit()

    def _follow(self) -> None:
        kinds = {row.kind.currentText() for row in self.rows.values()}
        self.message_row.setVisible(MESSAGE in kinds)
        self.monitor_row.setVisible(not kinds.isdisjoint((START, STOP)))


def _row(words: str, *controls: QWidget) -> QWidget:
    whole = QWidget()
    label = QLabel(words)
    label.setProperty("role", "muted")
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for widget in (label, *controls):
        row.addWidget(widget, 1 if isinstance(widget, QLineEdit) else 0, Qt.AlignmentFlag.AlignVCenter)
    row.addStretch()
    return whole
