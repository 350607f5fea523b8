"""The devices that the user named, which of them is in sight, and what the last look at each found. Knows no Qt."""

from dataclasses import dataclass
from typing import Literal

from psygnal import Signal

from core.deploy.check import DeviceReport
from core.deploy.devices import Device, list_devices

Role = Literal["good", "warning", "bad", "muted"]


@dataclass(frozen=True)
class Standing:
    """How a device stands, in two or three words."""

    words: str
    role: Role


NOT_CHECKED = Standing("not checked", "muted")
READY = Standing("ready", "good")
PROVISIONABLE = Standing("not provisioned", "warning")
LACKING = Standing("lacks something", "bad")
UNREACHED = Standing("not reached", "bad")


class DeviceBook:
    """Reports hold for as long as the program runs; the list of devices is that of `core.deploy.devices`."""

    changed = Signal()
    """A device was added, changed or removed, or another thing is known of one."""
    chosen_changed = Signal(str)
    """Name of the device in sight; empty when there is none."""

    def __init__(self) -> None:
        self.devices: tuple[Device, ...] = ()
        self.chosen = ""
        self.reports: dict[str, DeviceReport] = {}
        self._unreached: set[str] = set()

    def read(self) -> None:
        """Read the list of devices, which the command line changes too. Raises DeviceError when it is damaged."""
        self.devices = list_devices()
        names = [device.name for device in self.devices]
        self.changed.emit()
        if self.chosen not in names:
            self.choose(names[0] if names else "")

    def choose(self, name: str) -> None:
        """Put a device in sight."""
        if name != self.chosen:
            self.chosen = name
            self.chosen_changed.emit(name)

    @property
    def device(self) -> Device | None:
        """The device in sight; None when there is none."""
        return next((device for device in self.devices if device.name == self.chosen), None)

    @property
    def report(self) -> DeviceReport | None:
        """What the last check of the device in sight found; None before there was one."""
        return self.reports.get(self.chosen)

    def take_report(self, report: DeviceReport) -> None:
        """Note what a check found."""
        self.reports[report.device] = report
        self._unreached.discard(report.device)
        self.changed.emit()

    def note_unreached(self, name: str) -> None:
        """Note that a device could not be checked."""
        self._unreached.add(name)
        self.changed.emit()

    def forget(self, name: str) -> None:
        """Forget what is known of a device that was removed."""
        self.reports.pop(name, None)
        self._unreached.discard(name)
        self.read()

    def standing(self, name: str) -> Standing:
        """Return how a device stood when it was looked at last."""
        report = self.reports.get(name)
        if name in self._unreached:
            return UNREACHED
        if report is None:
            return NOT_CHECKED
        if report.missing:
            return LACKING
        return READY if report.provisioned else PROVISIONABLE


def address_of(device: Device) -> str:
    """Return where a device is, as one types it for `ssh`."""
    user = f"{device.user}@" if device.user else ""
    port = f":{device.port}" if device.port else ""
    return f"{user}{device.host}{port}"
