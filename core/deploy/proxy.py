"""The way to a device through another machine: a command whose input and output are the connection."""

import os
import shlex
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

from core.errors import DeviceError

_QUIT_S = 1.0
_MOST_SAID_BYTES = 1 << 16


class ProxySocket(socket.socket):
    """The end of a `ProxyCommand` of ssh_config(5), which ends with it.

    paramiko's own takes the death of the command for silence, and never ends.
    """

    def __init__(self, command: str) -> None:
        ours, theirs = socket.socketpair()
        super().__init__(fileno=ours.detach())
        self._complaint = ""
        self._lock = threading.Lock()
        self._said, path = tempfile.mkstemp(prefix="tinyml-workbench-proxy-")
        Path(path).unlink()
        with theirs:
            # A session of its own: it must not ask on a terminal for what the window's user cannot see.
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._said,
                start_new_session=True,
            )

    @property
    def complaint(self) -> str:
        """The last thing that the command said, once this is closed; nothing when it was not the one that ended."""
        return self._complaint

    def close(self) -> None:
        """End the command too, which most of them do by themselves then."""
        super().close()
        # Both paramiko's thread and its caller close it.
        with self._lock:
            if self._said >= 0:
                self._end_command()
                os.close(self._said)
                self._said = -1

    def _end_command(self) -> None:
        try:
            status = self._process.wait(_QUIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return
        said = os.pread(self._said, _MOST_SAID_BYTES, 0).decode(errors="replace").strip()
        self._complaint = (said.splitlines() or [f"it ended with status {status}"])[-1]


def jump_command(jumps: str, host: str, port: int) -> str:
    """Return the command for a `ProxyJump` of ssh_config(5): one machine, or several with commas between."""
    *before, last = [jump.strip().removeprefix("ssh://") for jump in jumps.split(",")]
    through = ["-J", ",".join(before)] if before else []
    # Nobody is there who could be asked for a password or a host key.
    return shlex.join(["ssh", "-o", "BatchMode=yes", *through, "-W", f"[{host}]:{port}", f"ssh://{last}"])


def open_proxy(command: str) -> ProxySocket:
    """Start a proxy command. Raises DeviceError where there is no shell to start it."""
    try:
        return ProxySocket(command)
    except OSError as error:
        raise DeviceError(f"`{command}` of ~/.ssh/config could not be started ({error.strerror})") from error
