"""The microphones there are, by name and with the rate each has of its own."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget

from core.audio.microphone import Device
from workbench.form.fields import guard_wheel

NO_DEVICE = "No microphone"


class DeviceMenu(QComboBox):
    """A menu that says when it opens, so that devices plugged in meanwhile are in it."""

    opened = Signal()
    device_chosen = Signal(object)
    """The Device that the user chose."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Microphone to listen to")
        self.setMinimumContentsLength(20)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.activated.connect(lambda index: self.device_chosen.emit(self.itemData(index)))
        guard_wheel(self)
        self.show_devices([])

    def show_devices(self, devices: list[Device]) -> None:
        """Offer these devices; the one chosen before stays so while it is there."""
        before = self.chosen
        self.clear()
        for device in devices:
            rate = "any rate" if device.takes_any_rate else f"{device.sample_rate / 1000:g} kHz"
            self.addItem(f"{device.name}, {rate}" + (" (default)" if device.is_default else ""), device)
        if not devices:
            self.addItem(NO_DEVICE, None)
        names = [device.name for device in devices]
        default = next((place for place, device in enumerate(devices) if device.is_default), 0)
        self.setCurrentIndex(names.index(before.name) if before and before.name in names else default)

    @property
    def chosen(self) -> Device | None:
        """The device in the menu; None when there is none."""
        found: Device | None = self.currentData()
        return found

    def showPopup(self) -> None:  # noqa: N802
        """Tell first."""
        self.opened.emit()
        super().showPopup()
