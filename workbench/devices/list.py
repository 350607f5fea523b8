"""The devices by name, with where they are and how they stood last; beneath them the button that adds one."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from core.deploy.devices import Device
from workbench import theme
from workbench.devices.book import DeviceBook, Role, address_of
from workbench.widgets.card import icon_button

ROW_HEIGHT = 52
SIGN_SIZE = QSize(16, 16)
SIGNS: dict[Role, str] = {
    "good": "ph.check-circle",
    "warning": "ph.circle-dashed",
    "bad": "ph.warning-circle",
    "muted": "ph.circle",
}


class DeviceList(QWidget):
    """Shows the book and lets one device be chosen."""

    add_clicked = Signal()
    device_chosen = Signal(str)

    def __init__(self, book: DeviceBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.book = book
        self.rows = QListWidget()
        self.rows.setAccessibleName("Devices")
        self.rows.setProperty("role", "devices")
        self.rows.setIconSize(SIGN_SIZE)
        self.rows.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.rows.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.add: QPushButton = icon_button("Add a device", "ph.plus", "Name a Raspberry Pi or any Linux machine")
        self.add.clicked.connect(self.add_clicked)
        self.rows.currentItemChanged.connect(self._choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.rows, 1)
        column.addWidget(self.add)
        book.changed.connect(self.follow)
        book.chosen_changed.connect(self._mark)
        theme.changed.connect(self.follow)

    def follow(self, *_: object) -> None:
        """Show what the book says now."""
        self.rows.blockSignals(True)
        self.rows.clear()
        for device in self.book.devices:
            standing = self.book.standing(device.name)
            item = QListWidgetItem(_sign(standing.role), f"{device.name}\n{_place(device)}{standing.words}")
            item.setToolTip(f"{address_of(device)}: {standing.words}")
            item.setData(Qt.ItemDataRole.UserRole, device.name)
            item.setSizeHint(QSize(0, ROW_HEIGHT))
            self.rows.addItem(item)
        self.rows.blockSignals(False)
        self._mark(self.book.chosen)

    def _mark(self, name: str) -> None:
        self.rows.blockSignals(True)
        for row in range(self.rows.count()):
            if self.rows.item(row).data(Qt.ItemDataRole.UserRole) == name:
                self.rows.setCurrentRow(row)
        self.rows.blockSignals(False)

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.device_chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _place(device: Device) -> str:
    return "" if device.name == device.host else f"{device.host} · "


def _sign(role: Role) -> QIcon:
    """Return the sign of a standing, which can be made out on a chosen row too."""
    sign = QIcon(theme.icon(SIGNS[role], role).pixmap(SIGN_SIZE))
    sign.addPixmap(theme.icon(SIGNS[role], "on_accent").pixmap(SIGN_SIZE), QIcon.Mode.Selected)
    return sign
