"""Which server is who it says: keys remembered from the first contact, never accepted unasked."""

import contextlib
import os
from pathlib import Path

import paramiko
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

from core.deploy.devices import config_root, write_privately
from core.errors import DeviceError, UnknownHostKey


class KnownHosts:
    """The program's own known_hosts and the user's; a key in either counts."""

    def __init__(self) -> None:
        self.path = config_root() / "known_hosts"
        self._files = (self.path, Path("~/.ssh/known_hosts").expanduser())

    def key_types(self, host: str) -> list[str]:
        """Return the types of the keys remembered of a host, so that it is asked for one of them."""
        return [key.get_name() for key, _ in self._keys_of(host)]

    def check(self, host: str, key: paramiko.PKey, accepted_fingerprint: str = "") -> None:
        """Let a key pass that is remembered, or whose fingerprint the user has confirmed, which is then remembered.

        Raises UnknownHostKey at first contact, DeviceError for a key that changed or was revoked.
        """
        if any(key.get_base64() in _revoked(path) for path in self._files):
            raise DeviceError(f"The key that {host} shows was revoked in known_hosts; nothing was sent to it")
        known = self._keys_of(host)
        if any(remembered == key for remembered, _ in known):
            return
        if known:
            _, path = known[0]
            raise DeviceError(
                f"The key of {host} is not the one remembered in {path}: it now shows {key.get_name()} "
                f"{key.fingerprint}. Either the device was set up anew, or another machine answers in its place; "
                "nothing was sent to it. If you know why, remove the old key by "
                f"`ssh-keygen -R '{host}' -f '{path}'` and connect again"
            )
        if accepted_fingerprint != key.fingerprint:
            raise UnknownHostKey(host, key.get_name(), key.fingerprint)
        self._remember(host, key)

    def forget(self, host: str) -> None:
        """Drop what the program itself remembered of a host; the user's own file stays as it is. Raises DeviceError."""
        if not self.path.is_file():
            return
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if host not in line.split(" ", 1)[0].split(",")]
        write_privately(self.path, "".join(kept))

    def _keys_of(self, host: str) -> list[tuple[paramiko.PKey, Path]]:
        found = []
        for path in self._files:
            keys = _read(path).lookup(host) or {}
            found += [(key, path) for key in keys.values()]
        return found

    def _remember(self, host: str, key: paramiko.PKey) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(f"{host} {key.get_name()} {key.get_base64()}\n")
        except OSError as error:
            raise DeviceError(f"{self.path} could not be written ({error.strerror}); check its permissions") from error


def _revoked(path: Path) -> set[str]:
    """Return the keys that a known_hosts file says are not to be trusted any more."""
    with contextlib.suppress(OSError):
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        return {field for line in lines if line.startswith("@revoked") for field in line.split()[3:]}
    return set()


def _read(path: Path) -> HostKeys:
    """Read a known_hosts file line by line, so that one damaged line hides no other."""
    keys = HostKeys()
    with contextlib.suppress(OSError):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(InvalidHostKey, paramiko.SSHException, ValueError):
                entry = HostKeyEntry.from_line(line.strip()) if not line.startswith(("#", "@")) else None
                if entry is not None:
                    keys._entries.append(entry)
    return keys
