"""What the shell offers while a command is typed, once `workbench --install-completion` was called."""


def hosts(incomplete: str) -> list[str]:
    """Return aliases of `~/.ssh/config`, after the user who was typed before an @."""
    from core.deploy.endpoint import aliases

    user, at, host = incomplete.rpartition("@")
    return [f"{user}{at}{alias}" for alias in aliases() if alias.startswith(host)]


def devices(incomplete: str) -> list[str]:
    """Return the names of devices that were added; none where their list cannot be read."""
    from core.deploy.devices import list_devices
    from core.errors import DeviceError

    try:
        return [device.name for device in list_devices() if device.name.startswith(incomplete)]
    except DeviceError:
        return []
