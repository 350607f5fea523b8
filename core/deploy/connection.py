"""A connection to a device over SSH, with few verbs: run, lines, put, get. Never a shell string made of arguments."""

import contextlib
import logging
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import paramiko

from core.deploy import authentication
from core.deploy.authentication import NOTHING_SAID, Access
from core.deploy.devices import Device
from core.deploy.endpoint import resolve
from core.deploy.heartbeat import watch_over, within
from core.deploy.host_keys import KnownHosts
from core.deploy.remote_command import FED, TIED, RemoteCommand
from core.deploy.transport import BROKEN, explained, handshake, is_broken
from core.errors import DeviceError
from core.events import Emit, Progressed, ignore

MOST_OUTPUT_BYTES = 8 * 1024**2
MOST_LINE_BYTES = 1024**2
BEAT_S = 5.0
LOGIN_TIMEOUT_S = 30.0
_QUIT_S = 2.0
_LONGEST_PATH = 4096
_MOST_SHOWN = 300
# So that also over a slow line something is sent now and then to what runs beside.
_PIECE_BYTES = 64 * 1024

# Else it prints what is raised here anyway, where another library has set up logging.
logging.getLogger("paramiko").addHandler(logging.NullHandler())
logging.getLogger("paramiko").propagate = False


@dataclass(frozen=True)
class Answer:
    """What a command on the device came to."""

    status: int
    out: str
    err: str

    def required(self, what: str) -> str:
        """Return the output of a command that has to succeed. Raises DeviceError beginning with `what` was not done."""
        if self.status == 0:
            return self.out
        said = (self.err.strip() or self.out.strip()).splitlines()
        last = said[-1][-_MOST_SHOWN:] if said else f"the command ended with status {self.status}"
        raise DeviceError(f"{what}: {last}")


class Connection:
    """An open connection, to be used in a `with`. All methods raise DeviceError when it breaks.

    `on_wait` is called several times a second while a command runs; it may raise to give up, which ends the command.
    """

    def __init__(self, transport: paramiko.Transport, name: str, on_wait: Callable[[], None] = lambda: None) -> None:
        self.name = name
        self.on_wait = on_wait
        self._transport = transport
        self._sftp_client: paramiko.SFTPClient | None = None
        self._home: PurePosixPath | None = None
        self._beside: list[RemoteCommand] = []
        self._last_beat_s = time.monotonic()

    @classmethod
    def open(
        cls, device: Device, access: Access = NOTHING_SAID, on_wait: Callable[[], None] = lambda: None
    ) -> "Connection":
        """Connect, check the host key, then log in.

        Raises UnknownHostKey, PasswordWanted, or DeviceError with a sentence for everything else.
        """
        endpoint = resolve(device)
        transport = handshake(endpoint)
        try:
            with explained(transport, device.name, "logging in"):
                KnownHosts().check(endpoint.known_as, transport.get_remote_server_key(), access.accepted_fingerprint)
                with within(LOGIN_TIMEOUT_S, transport):
                    authentication.log_in(transport, endpoint, access.password)
            watch_over(transport)
        except BaseException:
            transport.close()
            raise
        return cls(transport, device.name, on_wait)

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._transport.close()

    @property
    def home(self) -> PurePosixPath:
        """The user's home folder on the device."""
        if self._home is None:
            asked = self.run("sh", "-c", 'printf %s "$HOME"')
            told = asked.required(f"{self.name}: the home folder could not be found")
            if not told.startswith("/") or "\0" in told or len(told) > _LONGEST_PATH:
                raise DeviceError(
                    f"{self.name}: calls its home folder {told[:_MOST_SHOWN]!r}, which is not an absolute path; "
                    "see HOME of this user there"
                )
            self._home = PurePosixPath(told)
        return self._home

    def run(self, *args: str, input: bytes = b"", timeout_s: float = 30) -> Answer:  # noqa: A002 (as in subprocess.run)
        """Run a command to its end and return what it said. Raises DeviceError at the timeout or a flood of output."""
        out = bytearray()
        with self._doing(args[0]), self._started(args, input) as command:
            deadline = time.monotonic() + timeout_s
            for chunk in command.chunks():
                out += chunk
                if len(out) > MOST_OUTPUT_BYTES:
                    raise DeviceError(
                        f"{self.name}: {args[0]} gave more than {MOST_OUTPUT_BYTES // 1024**2} MiB of output"
                    )
                if time.monotonic() > deadline:
                    raise DeviceError(f"{self.name}: {args[0]} did not end within {timeout_s:.0f} s; try again")
                self._waited()
            return Answer(command.status(), out.decode(errors="replace"), command.last_words())

    def lines(self, *args: str, input: bytes = b"") -> Generator[str, None, None]:  # noqa: A002
        """Run a command and yield its lines as they come, without their ends. Closing the iterator ends the command.

        Raises DeviceError with its last words when it fails, or when a line is endless.
        """
        rest = b""
        with self._doing(args[0]), self._started(args, input) as command:
            for chunk in command.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line.decode(errors="replace")
                if len(rest) > MOST_LINE_BYTES:
                    raise DeviceError(f"{self.name}: {args[0]} gave a line without end; it was stopped")
                self._waited()
            if rest:
                yield rest.decode(errors="replace")
            Answer(command.status(), "", command.last_words()).required(f"{self.name}: {args[0]} failed")

    @contextlib.contextmanager
    def beside(self, *args: str) -> Iterator[str]:
        """Run a command for as long as the `with` lasts and give its first line.

        Its input gets a byte every few seconds while this connection works, and ends with the `with` or the connection,
        so that a command which reads it knows whether anybody is still there.
        """
        with self._doing(args[0]):
            command = RemoteCommand(self._transport, args, FED)
        self._beside.append(command)
        try:
            with self._doing(args[0]):
                first = self._first_line(command, args[0])
            yield first
        finally:
            self._beside.remove(command)
            with contextlib.suppress(*BROKEN):
                command.end_input()
                command.wait(_QUIT_S)
            command.close()

    def _first_line(self, command: RemoteCommand, name: str) -> str:
        said = b""
        for chunk in command.chunks():
            said += chunk
            if len(said) > MOST_LINE_BYTES:
                break
            if b"\n" in said:
                return said.split(b"\n")[0].decode(errors="replace")
            self._waited()
        else:
            # Else nobody knows yet that the connection broke.
            command.status()
        shown = (said or bytes(command.err)).decode(errors="replace").strip()[:200]
        raise DeviceError(f"{self.name}: {PurePosixPath(name).name} did not answer as expected but said {shown!r}")

    def _waited(self) -> None:
        """Show life to the commands beside, then to the caller."""
        if time.monotonic() - self._last_beat_s > BEAT_S:
            self._last_beat_s = time.monotonic()
            for command in self._beside:
                if command.has_ended:
                    raise self._let_go()
                command.give(b".")
        self.on_wait()

    def _let_go(self) -> Exception:
        """Return why a command beside has ended."""
        if is_broken(self._transport):
            return EOFError()
        return DeviceError(f"{self.name}: heard nothing for so long that it let this work go; try again")

    def put(self, content: bytes | Path, remote: PurePosixPath, emit: Emit = ignore, called: str = "") -> None:
        """Write a file on the device under another name, then rename it, so that it is there whole or not at all.

        Its progress names it as `called`, or by its name there.
        """
        data = content.read_bytes() if isinstance(content, Path) else content
        unfinished, what = f"{remote}.part", f"Uploading {called or remote.name}"
        with self._doing(f"writing {remote.name}"):
            sftp = self._sftp()
            try:
                with sftp.open(unfinished, "wb") as file:
                    file.set_pipelined(True)
                    for start in range(0, len(data), _PIECE_BYTES):
                        emit(Progressed(what=what, done=start, total=len(data), unit="bytes"))
                        file.write(data[start : start + _PIECE_BYTES])
                        self._waited()
                written = sftp.stat(unfinished).st_size
                if written != len(data):
                    # A piece that a full disk refused is told of by no error: pieces are sent without waiting.
                    raise OSError(f"{written} of {len(data)} bytes arrived")
                emit(Progressed(what=what, done=written, total=written, unit="bytes"))
                sftp.posix_rename(unfinished, str(remote))
            except OSError as error:
                raise self._why_not_written(remote, error) from error

    def _why_not_written(self, remote: PurePosixPath, error: OSError) -> Exception:
        """Return the reason for a failed upload; SFTP itself says no more than that it failed."""
        if is_broken(self._transport):
            return EOFError()
        told = self.run("df", "-Pk", str(remote.parent)).out.splitlines()
        if len(told) > 1 and told[1].split()[3:4] == ["0"]:
            return DeviceError(f"{self.name}: its disk is full ({remote.parent}); free some space there and try again")
        return DeviceError(
            f"{self.name}: {remote} could not be written: {error.strerror or error}; check its permissions, try again"
        )

    def get(self, remote: PurePosixPath) -> bytes:
        """Return the content of a file on the device. Raises DeviceError for one as large as no file of ours is."""
        with self._doing(f"reading {remote.name}"), self._sftp().open(str(remote), "rb") as file:
            content: bytes = file.read(MOST_OUTPUT_BYTES + 1)
            if len(content) > MOST_OUTPUT_BYTES:
                raise DeviceError(f"{self.name}: {remote} has more than {MOST_OUTPUT_BYTES // 1024**2} MiB")
            return content

    @contextlib.contextmanager
    def _started(self, args: tuple[str, ...], given: bytes) -> Iterator[RemoteCommand]:
        with contextlib.closing(RemoteCommand(self._transport, args, FED if given else TIED)) as command:
            if given:
                command.give(given)
                command.end_input()
            yield command

    def _doing(self, what: str) -> contextlib.AbstractContextManager[None]:
        return explained(self._transport, self.name, PurePosixPath(what).name)

    def _sftp(self) -> paramiko.SFTPClient:
        if self._sftp_client is None:
            try:
                self._sftp_client = paramiko.SFTPClient.from_transport(self._transport)
            except (paramiko.SFTPError, paramiko.SSHException, EOFError) as error:
                if is_broken(self._transport):
                    raise EOFError from error
                raise DeviceError(
                    f"{self.name}: takes no files over SFTP ({str(error) or 'it hung up'}); switch SFTP on in its SSH "
                    "server, and let the shell there print nothing at a login"
                ) from error
        assert self._sftp_client is not None
        return self._sftp_client
