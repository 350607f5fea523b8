"""Passwords of devices in the system's keyring, if the user wants that and the keyring package is installed.

Nowhere else is one kept: not in a file of this program, a log, an event or a command line.
"""

import importlib
from typing import Any

from core.deploy.endpoint import Endpoint
from core.errors import DeviceError

_SERVICE = "tinyml-workbench"
_NO_KEYRINGS = ("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer", "keyrings.alt")
"""Backends that keep nothing, or keep it in a plain file."""


def can_keep() -> bool:
    """Tell whether there is a keyring of the system to keep a password in."""
    return _keyring() is not None


def kept_password(endpoint: Endpoint) -> str:
    """Return the password kept for a login, nothing where there is none or no keyring."""
    keyring = _keyring()
    return (keyring.get_password(_SERVICE, str(endpoint)) or "") if keyring else ""


def keep_password(endpoint: Endpoint, password: str) -> None:
    """Keep the password of a login. Raises DeviceError where there is no keyring, or it refuses."""
    keyring = _keyring()
    if keyring is None:
        raise DeviceError(
            "The password was not kept, for there is no system keyring; `pip install keyring` and unlock one, or "
            "install your key on the device instead"
        )
    try:
        keyring.set_password(_SERVICE, str(endpoint), password)
    except keyring.errors.KeyringError as error:
        raise DeviceError(
            f"The system keyring refused to keep the password ({error}); unlock it and try again"
        ) from error


def forget_password(endpoint: Endpoint) -> None:
    """Drop the password kept for a login, if there is one."""
    keyring = _keyring()
    if keyring and kept_password(endpoint):
        keyring.delete_password(_SERVICE, str(endpoint))


def _keyring() -> Any:
    """Return the keyring package where it has a backend that is the system's own."""
    try:
        keyring = importlib.import_module("keyring")
    except ImportError:
        return None
    backends = getattr(keyring.get_keyring(), "backends", None) or [keyring.get_keyring()]
    usable = any(not type(backend).__module__.startswith(_NO_KEYRINGS) for backend in backends)
    return keyring if usable else None
