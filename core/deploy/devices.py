"""The devices that the user named: `devices.json` in the config folder. No secret is ever in it."""

import json
import os
from pathlib import Path

from platformdirs import user_config_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import DeviceError
from core.files import PRIVATE, read_bounded, replace_file
from core.json_text import load_object

SCHEMA_VERSION = 1
LONGEST_NAME = 64
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_FILE_NAME = "devices.json"


class Device(BaseModel):
    """How to reach a device: like `ssh -p PORT -i KEY USER@HOST`; what is empty, `~/.ssh/config` or a default says."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=_ONE_LINE,
        description="What the user calls it, and the charts too.",
    )
    host: str = Field(min_length=1, description="Name, address, or an alias of ~/.ssh/config.")
    port: int = Field(0, ge=0, le=65535, description="0 means what ~/.ssh/config says, else 22.")
    user: str = Field("", description="Empty means what ~/.ssh/config says, else this machine's user.")
    key: str = Field("", description="File of a private key; empty means agent and default keys.")


def make_device(name: str, host: str, port: int = 0, user: str = "", key: str = "") -> Device:
    """Return a device as the user describes it. Raises DeviceError for a name that cannot stand in a list or chart."""
    try:
        return Device(name=name, host=host, port=port, user=user, key=key)
    except ValidationError as error:
        raise DeviceError(
            f"a device needs a host, and a name of 1 to {LONGEST_NAME} characters in one line; this name is {name!r} "
            f"for the host {host!r}"
        ) from error


def config_root() -> Path:
    """Return the user's config folder; TINYML_WORKBENCH_CONFIG moves it."""
    moved = os.environ.get("TINYML_WORKBENCH_CONFIG")
    return Path(moved) if moved else user_config_path("tinyml-workbench", appauthor=False)


def list_devices() -> tuple[Device, ...]:
    """Return the devices known, by name. Raises DeviceError when the file is damaged or of a newer version."""
    path = config_root() / _FILE_NAME
    try:
        document = load_object(read_bounded(path))
        if document["schema"] > SCHEMA_VERSION:
            raise DeviceError(f"{path} was written by a newer version of this program; update it")
        found = [Device.model_validate(values) for values in document["devices"]]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, LookupError, TypeError, ValidationError) as error:
        raise DeviceError(f"{path} cannot be read as a list of devices; fix it or move it away") from error
    return tuple(sorted(found, key=lambda device: device.name))


def find_device(name: str) -> Device:
    """Return a device by its name. Raises DeviceError naming those there are."""
    for device in list_devices():
        if device.name == name:
            return device
    known = ", ".join(device.name for device in list_devices()) or "none yet"
    raise DeviceError(f"no device called {name!r}; name one of these or add it: {known}")


def keep_device(device: Device) -> None:
    """Add a device, or change the one of that name. Raises DeviceError when it cannot be written."""
    _write((*(known for known in list_devices() if known.name != device.name), device))


def forget_device(name: str) -> None:
    """Take a device off the list; nothing happens on the device itself. Raises DeviceError for an unknown name."""
    gone = find_device(name)
    _write(tuple(known for known in list_devices() if known != gone))


def _write(devices: tuple[Device, ...]) -> None:
    path = config_root() / _FILE_NAME
    content = {"schema": SCHEMA_VERSION, "devices": [device.model_dump() for device in devices]}
    write_privately(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def write_privately(path: Path, text: str) -> None:
    """Replace a file of the config folder at once, readable to its owner alone. Raises DeviceError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text.encode(), PRIVATE)
    except OSError as error:
        raise DeviceError(
            f"{path} could not be written ({error.strerror}); check the disk and its permissions"
        ) from error
