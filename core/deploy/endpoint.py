"""Where a device really is: what the user gave, completed from `~/.ssh/config`."""

import getpass
import os
import re
from dataclasses import dataclass
from pathlib import Path

import paramiko

from core.deploy.devices import Device
from core.deploy.proxy import jump_command
from core.errors import DeviceError

SSH_PORT = 22
_MOST_INCLUDES = 16
_INCLUDE = re.compile(r"^\s*include\s*[=\s]\s*(.+?)\s*$", re.IGNORECASE)
_HOST = re.compile(r"^\s*host\s*[=\s]\s*(.+?)\s*$", re.IGNORECASE)
_UNSUPPORTED = {"certificatefile": "CertificateFile", "pkcs11provider": "PKCS11Provider"}
"""Ways to log in that ssh knows and this program does not."""


@dataclass(frozen=True)
class Endpoint:
    """An SSH server and how to log in to it; `host_key_name` is what known_hosts calls it.

    `keys_only` leaves out what is not among `keys`; `agent` is a socket in place of SSH_AUTH_SOCK's, or `none`.
    """

    host: str
    port: int
    user: str
    keys: tuple[Path, ...]
    keys_only: bool
    host_key_name: str
    proxy_command: str
    must_have_keys: bool = False
    """Whether the user named the keys for this device, and not for whatever `~/.ssh/config` has in mind."""
    agent: str = ""
    unsupported: tuple[str, ...] = ()
    """What `~/.ssh/config` says on logging in that is passed over here."""

    @property
    def known_as(self) -> str:
        """Name in a known_hosts file: with the port where it is not the usual one."""
        return self.host_key_name if self.port == SSH_PORT else f"[{self.host_key_name}]:{self.port}"

    def __str__(self) -> str:
        return f"{self.user}@{self.host}" + (f":{self.port}" if self.port != SSH_PORT else "")


def resolve(device: Device) -> Endpoint:
    """Return where a device is. Raises DeviceError when `~/.ssh/config` cannot be understood."""
    path = Path("~/.ssh/config").expanduser()
    try:
        found = paramiko.SSHConfig.from_text(_with_includes(path)).lookup(device.host)
        port = device.port or int(found.get("port", SSH_PORT))
    except (paramiko.SSHException, ValueError, OSError) as error:
        raise DeviceError(f"{path} cannot be understood ({error}); fix it, or give the device's address") from error
    host = found["hostname"]
    user = device.user or found.get("user") or getpass.getuser()
    keys = (device.key,) if device.key else tuple(found.get("identityfile", ()))
    return Endpoint(
        host=host,
        port=port,
        user=user,
        keys=tuple(Path(key).expanduser() for key in keys),
        keys_only=found.get("identitiesonly", "no") == "yes",
        host_key_name=found.get("hostkeyalias", host),
        proxy_command=_proxy_command(found, host, port),
        must_have_keys=bool(device.key),
        agent=_agent(found.get("identityagent", "")),
        unsupported=tuple(name for option, name in _UNSUPPORTED.items() if found.get(option, "none") != "none"),
    )


def aliases() -> tuple[str, ...]:
    """Return the hosts that `~/.ssh/config` names, without patterns; none where it cannot be read."""
    try:
        text = _with_includes(Path("~/.ssh/config").expanduser())
    except OSError:
        return ()
    named = [name for line in text.splitlines() if (host := _HOST.match(line)) for name in host[1].split()]
    return tuple(sorted({name.strip('"') for name in named if not set(name) & set("*?!")}))


def _proxy_command(found: paramiko.SSHConfigDict, host: str, port: int) -> str:
    if found.get("proxyjump", "none") != "none":
        return jump_command(found["proxyjump"], host, port)
    command: str = found.get("proxycommand", "") or ""
    return "" if command == "none" else command


def _agent(given: str) -> str:
    """Return the agent's socket that an `IdentityAgent` names; nothing for the usual one."""
    if given in ("", "none"):
        return given
    name = "$SSH_AUTH_SOCK" if given == "SSH_AUTH_SOCK" else given
    return str(Path(os.path.expandvars(name)).expanduser())


def _with_includes(path: Path, depth: int = 0) -> str:
    """Return a config file with the files it includes put in place, which paramiko does not do."""
    if not path.is_file() or depth > _MOST_INCLUDES:
        return ""
    lines = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        included = _INCLUDE.match(line)
        if not included:
            lines.append(line)
            continue
        for pattern in included[1].split():
            absolute = Path("~/.ssh").expanduser() / Path(pattern.strip('"')).expanduser()
            found = sorted(Path(absolute.anchor).glob(str(absolute.relative_to(absolute.anchor))))
            lines += [_with_includes(name, depth + 1) for name in found]
    return "\n".join(lines)
