"""A connection whose other end says what is written down: all but the network is the program's own."""

import contextlib
import io
import shlex
import threading
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any, NamedTuple

from core.deploy.connection import Connection
from core.deploy.remote_command import FED, TIED

MARK = b"tinyml-workbench-process-group 4242\n"
SILENT = "nothing"


class Said(NamedTuple):
    """What a command on the device comes to; `out` is without the mark that comes before it."""

    out: bytes = b""
    err: bytes = b""
    status: int = 0
    mark: bytes = MARK


class PlayedConnection(Connection):
    """A connection to a device that answers by name, see `name_of`; what is not named says nothing and succeeds."""

    def __init__(self, answers: Mapping[str, Said]) -> None:
        self._answers = answers
        super().__init__(_Transport(answers), "played")  # type: ignore[arg-type]

    def _sftp(self) -> Any:
        return _Files(self._answers)


def name_of(args: list[str]) -> str:
    """Return the name of the answer to a command."""
    match args:
        case ["sh", "-s", *_]:
            return "probe"
        case ["sh", "-c", 'printf %s "$HOME"']:
            return "home"
        case ["env", _, tool, *_]:
            return tool
        case ["cat" | "readlink", path]:
            return PurePosixPath(path).name
        case [*_, verb, _, _, _] if verb == "place":
            return "release"
        case [*_, "roll_back"] | [*_, "find" | "activate", _]:
            return "release"
        case ["id", option]:
            return f"id {option}"
        case [python, "-c", _, _, _] if python.endswith("python"):
            return "held"
    if "-m" in args:
        program = args[args.index("-m") + 1].rpartition(".")[2]
        return next((f"{program} {what}" for what in ("readings", "detections") if what in args), program)
    return SILENT


class _Transport:
    """As much of paramiko's transport as a connection uses."""

    def __init__(self, answers: Mapping[str, Said]) -> None:
        self._answers = answers

    def open_session(self, timeout: float) -> "_Channel":
        return _Channel(self._answers)

    def is_active(self) -> bool:
        return True

    def join(self, timeout: float) -> None:
        """Nothing is waited for."""


class _Channel:
    """As much of paramiko's channel as a command uses; all that is said has come when it is asked for."""

    closed = False
    eof_received = True

    def __init__(self, answers: Mapping[str, Said]) -> None:
        self._answers = answers
        self._out, self._err = io.BytesIO(), io.BytesIO()
        self.exit_status = 0
        self.status_event = threading.Event()
        self.status_event.set()

    def exec_command(self, line: str) -> None:
        args = shlex.split(line.removeprefix(TIED).removeprefix(FED))
        said = self._answers.get(name_of(args), Said())
        self._out, self._err = io.BytesIO(said.mark + said.out), io.BytesIO(said.err)
        self.exit_status = said.status

    def recv(self, num_bytes: int) -> bytes:
        return self._out.read(num_bytes)

    def recv_stderr(self, num_bytes: int) -> bytes:
        return self._err.read(num_bytes)

    def recv_ready(self) -> bool:
        return self._out.tell() < len(self._out.getbuffer())

    def recv_stderr_ready(self) -> bool:
        return self._err.tell() < len(self._err.getbuffer())

    def recv_exit_status(self) -> int:
        return self.exit_status

    def exit_status_ready(self) -> bool:
        return True

    def settimeout(self, timeout: float) -> None: ...

    def sendall(self, content: bytes) -> None: ...

    def shutdown_write(self) -> None: ...

    def close(self) -> None: ...


class _Files:
    """As much of paramiko's SFTP client as files are written and read by."""

    def __init__(self, answers: Mapping[str, Said]) -> None:
        self._answers = answers
        self._written = io.BytesIO()

    def open(self, path: str, mode: str) -> Any:
        if mode == "rb":
            return contextlib.nullcontext(io.BytesIO(self._answers[PurePosixPath(path).name].out))
        self._written = io.BytesIO()
        file = SimpleNamespace(set_pipelined=lambda on: None, write=self._written.write)
        return contextlib.nullcontext(file)

    def stat(self, path: str) -> Any:
        return SimpleNamespace(st_size=len(self._written.getbuffer()))

    def posix_rename(self, source: str, target: str) -> None: ...
