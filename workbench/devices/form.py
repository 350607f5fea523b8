"""How a device is reached: the panel in which one is added or changed."""

from pathlib import Path

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCompleter,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from core.deploy.devices import LONGEST_NAME, Device
from core.deploy.endpoint import aliases
from workbench import theme
from workbench.form.fields import guard_wheel
from workbench.widgets.labelled import labelled, side_by_side

WIDTH = 480
EXPLAINED = (
    "A Raspberry Pi or any Linux machine that takes SSH connections. What you leave empty, ~/.ssh/config says, or a "
    "default: port 22, this machine's user name, the agent's keys and those in ~/.ssh. A password is asked for only "
    "where no key is taken."
)


class DeviceForm(QWidget):
    """Four things to say, of which one suffices."""

    submitted = Signal(object)
    """A Device that the user wants."""
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = QLabel()
        self.heading.setProperty("role", "heading")
        self.explained = QLabel(EXPLAINED, wordWrap=True)
        self.explained.setProperty("role", "muted")
        self.host = QLineEdit(placeholderText="raspberrypi.local, 192.168.1.20, or an alias of ~/.ssh/config")
        self.aliases = QStringListModel(self)
        """What ~/.ssh/config names, offered while a host is typed."""
        completer = QCompleter(self.aliases, self.host)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self.host.setCompleter(completer)
        self.name = QLineEdit(placeholderText="As the host", maxLength=LONGEST_NAME)
        self.user = QLineEdit(placeholderText="As ~/.ssh/config says")
        self.port = QSpinBox(minimum=0, maximum=65535, specialValueText="As ~/.ssh/config says")
        guard_wheel(self.port)
        self.key = QLineEdit(placeholderText="The agent's and those in ~/.ssh")
        browse = QToolButton(toolTip="Choose the file of a private key")
        browse.setAccessibleName("Choose the file of a private key")
        theme.set_icon(browse, "ph.folder-open")
        browse.clicked.connect(self._browse)
        self.add = QPushButton("Add")
        self.add.setProperty("role", "primary")
        self.cancel = QPushButton("Cancel")
        self.host.textChanged.connect(lambda: self.add.setEnabled(bool(self.host.text().strip())))
        self.host.returnPressed.connect(self._submit_unless_offered)
        for line in (self.name, self.user, self.key):
            line.returnPressed.connect(self._submit)
        self.add.clicked.connect(self._submit)
        self.cancel.clicked.connect(self.cancelled)
        self._lay_out(browse)

    def _lay_out(self, browse: QToolButton) -> None:
        key_row = QWidget()
        row = QHBoxLayout(key_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.key, 1)
        row.addWidget(browse)
        key_field = labelled("Private key", key_row)
        self.key.setAccessibleName("Private key")
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.add)
        buttons.addWidget(self.cancel)
        buttons.addStretch(1)
        inner = QWidget()
        inner.setFixedWidth(WIDTH)
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        self.name_field = labelled("Name, here and in charts", self.name)
        for widget in (
            self.heading,
            self.explained,
            labelled("Host", self.host),
            self.name_field,
            side_by_side(labelled("User", self.user), labelled("Port", self.port)),
            key_field,
        ):
            column.addWidget(widget)
        column.addSpacing(4)
        column.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(32, 32, 32, 16)
        outer.addWidget(inner)
        outer.addStretch(1)

    def begin(self, device: Device | None = None) -> None:
        """Ask for a new device, or for changes of one that is known."""
        self.heading.setText(f"Change {device.name}" if device else "Add a device")
        self.add.setText("Save" if device else "Add")
        for line, value in (
            (self.host, device.host if device else ""),
            (self.name, device.name if device else ""),
            (self.user, device.user if device else ""),
            (self.key, device.key if device else ""),
        ):
            line.setText(value)
        # A device under another name would be another device.
        self.name_field.setVisible(device is None)
        self.port.setValue(device.port if device else 0)
        self.aliases.setStringList(aliases())
        self.add.setEnabled(device is not None)
        self.host.setFocus()

    def _submit_unless_offered(self) -> None:
        """Let Enter take what is chosen in the list of aliases, and submit where nothing is."""
        offered = self.host.completer().popup()
        if not (offered.isVisible() and offered.currentIndex().isValid()):
            self._submit()

    def _submit(self) -> None:
        host = self.host.text().strip()
        if not host:
            return
        # `ssh` takes the user before the host too.
        user, at, rest = host.rpartition("@")
        self.submitted.emit(
            Device(
                name=(self.name.text().strip() or rest)[:LONGEST_NAME],
                host=rest,
                port=self.port.value(),
                user=user if at else self.user.text().strip(),
                key=self.key.text().strip(),
            )
        )

    def _browse(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Private key", str(Path("~/.ssh").expanduser()))
        if path:
            self.key.setText(path)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc leaves the panel."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)
