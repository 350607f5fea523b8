"""The services that systemd runs for an ordinary user of a device."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import PurePosixPath

from core.deploy.connection import Answer, Connection
from core.deploy.told import MOST_SHOWN
from core.errors import DeviceError

_FOLDER = ".config/systemd/user"
_UNREACHABLE = ("failed to connect to", "no medium found", "has not been booted", "no such file", "not found")


class UserUnits:
    """systemd of the user at the other end of a connection. Methods raise DeviceError with a sentence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_reached = False

    def path(self, unit: str) -> PurePosixPath:
        """Return the file of a unit."""
        return self._connection.home / _FOLDER / unit

    def install(self, unit: str, text: str) -> None:
        """Write a unit and have it start with the device."""
        path = self.path(unit)
        self._reached()
        self._connection.run("mkdir", "-p", str(path.parent)).required(f"{self._connection.name}: {path.parent}")
        self._connection.put(text.encode(), path)
        self.control("daemon-reload")
        self.control("enable", unit)

    def remove(self, unit: str) -> None:
        """Stop a unit and take it away."""
        self.control("disable", "--now", unit)
        self._connection.run("rm", "-f", str(self.path(unit))).required(f"{self._connection.name}: {self.path(unit)}")
        self.control("daemon-reload")
        # Else a unit that failed is remembered after its file is gone.
        self._systemctl("reset-failed", unit)

    def control(self, *args: str) -> None:
        """Run `systemctl --user` with arguments that must succeed."""
        answer = self._systemctl(*args)
        if answer.status:
            said = (answer.err.strip() or answer.out.strip()).splitlines()
            reason = said[0][:MOST_SHOWN] if said else f"status {answer.status}"
            raise DeviceError(f"{self._connection.name}: systemctl {' '.join(args)} failed: {reason}")

    def show(self, unit: str, *properties: str) -> Mapping[str, str]:
        """Return properties of a unit as systemd writes them; what an older systemd does not know is empty."""
        answer = self._systemctl("show", unit, *(f"--property={name}" for name in properties))
        pairs = (line.partition("=") for line in answer.out.splitlines())
        found = {name: value for name, _, value in pairs}
        return {name: found.get(name, "") for name in properties}

    def journal(self, unit: str, count: int) -> list[str]:
        """Return the last lines that a unit wrote; none where the journal may not be read."""
        for choice in ("--user-unit", "--unit"):
            scope = ("--user",) if choice == "--unit" else ()
            answer = self._run("journalctl", *scope, choice, unit, "--output=cat", "--no-pager", f"--lines={count}")
            lines = [line for line in answer.out.splitlines() if line and not line.startswith("-- ")]
            if answer.status == 0 and lines:
                return lines
        return []

    def lingers(self) -> bool | None:
        """Tell whether the user's services run without a login; None where nobody knows."""
        answer = self._run("loginctl", "show-user", self._user, "--property=Linger")
        _, mark, value = answer.out.strip().partition("Linger=")
        return value == "yes" if mark else None

    def linger(self) -> str:
        """Let the user's services run without a login, and return a sentence with what to do where that is refused."""
        if self.lingers():
            return ""
        self._run("loginctl", "enable-linger", self._user)
        if self.lingers():
            return ""
        return (
            f"The service runs only while {self._user} is logged in on {self._connection.name}; to have it start "
            f"with the device, type there: sudo loginctl enable-linger {self._user}"
        )

    @cached_property
    def _user(self) -> str:
        return self._connection.run("id", "-un").required(f"{self._connection.name}: its user").strip()

    def _systemctl(self, *args: str) -> Answer:
        self._reached()
        return self._run("systemctl", "--user", *args)

    def _run(self, *args: str) -> Answer:
        return self._connection.run("env", self._runtime, *args)

    @cached_property
    def _runtime(self) -> str:
        """Where the user's systemd listens, which a login without PAM does not tell."""
        user_id = self._connection.run("id", "-u").required(f"{self._connection.name}: its user").strip()
        return f"XDG_RUNTIME_DIR=/run/user/{user_id}"

    def _reached(self) -> None:
        if self._is_reached:
            return
        answer = self._run("systemctl", "--user", "show", "--property=Version")
        if answer.status == 0:
            self._is_reached = True
            return
        said = (answer.err.strip() or answer.out.strip()).splitlines()
        reason = said[-1][:MOST_SHOWN] if said else f"status {answer.status}"
        if any(sign in reason.lower() for sign in _UNREACHABLE):
            raise DeviceError(
                f"{self._connection.name}: has no systemd for its users ({reason}), which the listening service needs; "
                "use a system with systemd, as Raspberry Pi OS is, and log in there once as this user"
            )
        raise DeviceError(f"{self._connection.name}: its systemd does not answer ({reason}); start the device again")
