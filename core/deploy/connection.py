"""A connection to a device over SSH, with few verbs: run, lines, put, get. Never a shell string made of arguments.

Every command is the leader of a process group of its own on the device, so that stopping it stops all it started.
"""

import contextlib
import logging
import select
import shlex
import socket
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import paramiko

from core.deploy import authentication
from core.deploy.authentication import NOTHING_SAID, Access
from core.deploy.devices import Device
from core.deploy.endpoint import Endpoint, resolve
from core.deploy.host_keys import KnownHosts
from core.errors import DeviceError
from core.events import Emit, Progressed, ignore

CONNECT_TIMEOUT_S = 10.0
LOST_AFTER_S = 20
MOST_OUTPUT_BYTES = 8 * 1024**2
MOST_LINE_BYTES = 1024**2
_MOST_NOISE_BYTES = 64 * 1024
_KEPT_STDERR_BYTES = 16 * 1024
_PAUSE_S = 0.2
BEAT_S = 5.0
_QUIT_S = 2.0
_CHUNK_BYTES = 64 * 1024
_PIECE_BYTES = 256 * 1024
_MARK = "tinyml-workbench-process-group"
# What the user's own shell prints on starting comes before the mark and is passed over.
_LEADER = f"exec setsid --wait sh -c 'echo {_MARK} $$; exec \"$@\"' sh "
# The long form of `kill`, because dash takes no `--` after the short one.
_END_GROUP = """
kill -s TERM -- -"$1" || exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.1
    kill -s 0 -- -"$1" 2>/dev/null || exit 0
done
kill -s KILL -- -"$1"
"""

logging.getLogger("paramiko").addHandler(logging.NullHandler())


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
        raise DeviceError(f"{what}: {said[-1] if said else f'the command ended with status {self.status}'}")


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
        self._beside: list[paramiko.Channel] = []
        self._last_beat_s = time.monotonic()

    @classmethod
    def open(
        cls, device: Device, access: Access = NOTHING_SAID, on_wait: Callable[[], None] = lambda: None
    ) -> "Connection":
        """Connect, check the host key, then log in.

        Raises UnknownHostKey, PasswordWanted, or DeviceError with a sentence for everything else.
        """
        endpoint = resolve(device)
        transport = _handshake(endpoint)
        try:
            KnownHosts().check(endpoint.known_as, transport.get_remote_server_key(), access.accepted_fingerprint)
            with _broken(device.name, "logging in"):
                authentication.log_in(transport, endpoint, access.password)
            transport.set_keepalive(LOST_AFTER_S // 4)
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
            self._home = PurePosixPath(asked.required(f"{self.name}: the home folder could not be found"))
        return self._home

    def run(self, *args: str, input: bytes = b"", timeout_s: float = 30) -> Answer:  # noqa: A002 (as in subprocess.run)
        """Run a command to its end and return what it said. Raises DeviceError at the timeout or a flood of output."""
        out = bytearray()
        with _broken(self.name, args[0]), self._started(args) as command:
            command.give(input)
            deadline = time.monotonic() + timeout_s
            for chunk in command.chunks(self._transport):
                out += chunk
                if len(out) > MOST_OUTPUT_BYTES:
                    raise DeviceError(
                        f"{self.name}: {args[0]} gave more than {MOST_OUTPUT_BYTES // 1024**2} MiB of output"
                    )
                if time.monotonic() > deadline:
                    raise DeviceError(f"{self.name}: {args[0]} did not end within {timeout_s:.0f} s; try again")
                self._waited()
            return Answer(command.status(), out.decode(errors="replace"), command.err.decode(errors="replace"))

    def lines(self, *args: str, input: bytes = b"") -> Generator[str, None, None]:  # noqa: A002
        """Run a command and yield its lines as they come, without their ends. Closing the iterator ends the command.

        Raises DeviceError with its last words when it fails, or when a line is endless.
        """
        rest = b""
        with _broken(self.name, args[0]), self._started(args) as command:
            command.give(input)
            for chunk in command.chunks(self._transport):
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    yield line.decode(errors="replace")
                if len(rest) > MOST_LINE_BYTES:
                    raise DeviceError(f"{self.name}: {args[0]} gave a line without end; it was stopped")
                self._waited()
            if rest:
                yield rest.decode(errors="replace")
            Answer(command.status(), "", command.err.decode(errors="replace")).required(
                f"{self.name}: {args[0]} failed"
            )

    @contextlib.contextmanager
    def beside(self, *args: str) -> Iterator[str]:
        """Run a command for as long as the `with` lasts and give its first line.

        Its input gets a byte every few seconds while this connection works, and ends with the `with` or the connection,
        so that a command which reads it knows whether anybody is still there.
        """
        with _broken(self.name, args[0]), self._started(args) as command:
            self._beside.append(command.channel)
            try:
                yield self._first_line(command, args[0])
            finally:
                self._beside.remove(command.channel)
                command.channel.shutdown_write()
                command.channel.status_event.wait(_QUIT_S)

    def _first_line(self, command: "_Command", name: str) -> str:
        said = b""
        for chunk in command.chunks(self._transport):
            said += chunk
            if b"\n" in said:
                return said.split(b"\n")[0].decode(errors="replace")
            self._waited()
        raise DeviceError(f"{self.name}: {name} ended with {bytes(command.err).decode(errors='replace')!r}")

    def _waited(self) -> None:
        """Show life to the commands beside, then to the caller."""
        if time.monotonic() - self._last_beat_s > BEAT_S:
            self._last_beat_s = time.monotonic()
            for channel in self._beside:
                channel.send(b".")
        self.on_wait()

    def put(self, content: bytes | Path, remote: PurePosixPath, emit: Emit = ignore) -> None:
        """Write a file on the device under another name, then rename it, so that it is there whole or not at all."""
        data = content.read_bytes() if isinstance(content, Path) else content
        unfinished = f"{remote}.part"
        with _broken(self.name, f"writing {remote}"):
            sftp = self._sftp()
            try:
                with sftp.open(unfinished, "wb") as file:
                    file.set_pipelined(True)
                    for start in range(0, len(data), _PIECE_BYTES):
                        file.write(data[start : start + _PIECE_BYTES])
                        emit(Progressed(what=f"Uploading {remote.name}", done=start, total=len(data)))
                        self._waited()
                written = sftp.stat(unfinished).st_size
                if written != len(data):
                    raise DeviceError(f"{self.name}: {remote} arrived with {written} of {len(data)} bytes; try again")
                sftp.posix_rename(unfinished, str(remote))
            except OSError as error:
                raise self._why_not_written(remote, error) from error

    def _why_not_written(self, remote: PurePosixPath, error: OSError) -> Exception:
        """Return the reason for a failed upload; SFTP itself says no more than that it failed."""
        if not self._transport.is_active():
            return EOFError()
        told = self.run("df", "-Pk", str(remote.parent)).out.splitlines()
        if len(told) > 1 and told[1].split()[3] == "0":
            return DeviceError(f"{self.name}: its disk is full ({remote.parent}); free some space there and try again")
        return DeviceError(
            f"{self.name}: {remote} could not be written ({error.strerror or error}); check its permissions"
        )

    def get(self, remote: PurePosixPath) -> bytes:
        """Return the content of a file on the device."""
        with _broken(self.name, f"reading {remote}"), self._sftp().open(str(remote), "rb") as file:
            file.prefetch()
            content: bytes = file.read()
            return content

    def _sftp(self) -> paramiko.SFTPClient:
        if self._sftp_client is None:
            self._sftp_client = paramiko.SFTPClient.from_transport(self._transport)
        assert self._sftp_client is not None
        return self._sftp_client

    @contextlib.contextmanager
    def _started(self, args: tuple[str, ...]) -> Iterator["_Command"]:
        channel = self._transport.open_session(timeout=CONNECT_TIMEOUT_S)
        command = _Command(channel)
        try:
            channel.settimeout(LOST_AFTER_S)
            channel.exec_command(_LEADER + shlex.join(args))
            yield command
        finally:
            if command.group and not channel.exit_status_ready():
                self._end(command.group)
            channel.close()

    def _end(self, group: int) -> None:
        """End a process group on the device, if the connection still stands."""
        with contextlib.suppress(paramiko.SSHException, OSError, EOFError):
            channel = self._transport.open_session(timeout=CONNECT_TIMEOUT_S)
            channel.exec_command(shlex.join(["sh", "-c", _END_GROUP, "sh", str(group)]))
            channel.settimeout(CONNECT_TIMEOUT_S)
            channel.recv(1)
            channel.close()


class _Command:
    """A command that runs on the device."""

    def __init__(self, channel: paramiko.Channel) -> None:
        self.group = 0
        self.err = bytearray()
        self.channel = channel

    def give(self, given: bytes) -> None:
        """Write all of its input and end it."""
        self.channel.sendall(given)
        self.channel.shutdown_write()

    def chunks(self, transport: paramiko.Transport) -> Iterator[bytes]:
        """Yield what it writes, and nothing several times a second while it writes nothing."""
        yield self._after_mark(transport)
        while (chunk := self._receive(transport)) is not None:
            yield chunk

    def status(self) -> int:
        """Return its exit status. Raises EOFError when the connection broke instead."""
        status: int = self.channel.recv_exit_status()
        if status < 0:
            raise EOFError
        return status

    def _after_mark(self, transport: paramiko.Transport) -> bytes:
        noise = b""
        while len(noise) < _MOST_NOISE_BYTES and (chunk := self._receive(transport)) is not None:
            noise += chunk
            _, mark, after = noise.partition(_MARK.encode() + b" ")
            group, newline, rest = after.partition(b"\n")
            if mark and newline:
                self.group = int(group)
                return rest
        self.status()
        said = (noise or bytes(self.err)).decode(errors="replace").strip()[:200]
        raise DeviceError(f"The device did not run the command but said {said!r}; it needs sh and setsid (util-linux)")

    def _receive(self, transport: paramiko.Transport) -> bytes | None:
        """Return what came, which is nothing after a pause; None at the end."""
        channel = self.channel
        if not channel.recv_ready():
            select.select([channel], [], [], _PAUSE_S)
        while channel.recv_stderr_ready():
            self.err = (self.err + channel.recv_stderr(_CHUNK_BYTES))[-_KEPT_STDERR_BYTES:]
        if channel.recv_ready():
            return bytes(channel.recv(_CHUNK_BYTES))
        return None if channel.eof_received or channel.closed or not transport.is_active() else b""


def _handshake(endpoint: Endpoint) -> paramiko.Transport:
    """Return a transport whose encryption stands, the server's key not yet checked."""
    sock = _socket(endpoint)
    with _broken(str(endpoint), "the first words of SSH"):
        transport = paramiko.Transport(sock)
        transport.banner_timeout = CONNECT_TIMEOUT_S
        options = transport.get_security_options()
        wanted = [
            kind
            for known in KnownHosts().key_types(endpoint.known_as)
            for kind in (("rsa-sha2-512", "rsa-sha2-256") if known == "ssh-rsa" else (known,))
            if kind in options.key_types
        ]
        options.key_types = (*wanted, *(kind for kind in options.key_types if kind not in wanted))
        try:
            transport.start_client(timeout=CONNECT_TIMEOUT_S)
        except BaseException:
            transport.close()
            raise
        return transport


def _socket(endpoint: Endpoint) -> "socket.socket | paramiko.ProxyCommand":
    if endpoint.proxy_command:
        return paramiko.ProxyCommand(endpoint.proxy_command)
    try:
        sock = socket.create_connection((endpoint.host, endpoint.port), CONNECT_TIMEOUT_S)
    except socket.gaierror as error:
        raise DeviceError(
            f"There is no host called {endpoint.host}; check the name, or give the address instead"
        ) from error
    except ConnectionRefusedError as error:
        raise DeviceError(
            f"{endpoint.host} takes no SSH connection at port {endpoint.port}; switch SSH on there "
            "(`sudo raspi-config`, Interface Options) or mend the port"
        ) from error
    except OSError as error:
        raise DeviceError(
            f"{endpoint.host} does not answer at port {endpoint.port} ({error}); check that it is on and in this "
            "network"
        ) from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, LOST_AFTER_S * 1000)
    return sock


@contextlib.contextmanager
def _broken(name: str, doing: str) -> Iterator[None]:
    """Turn what paramiko raises into a sentence."""
    try:
        yield
    except DeviceError:
        raise
    except (EOFError, TimeoutError, ConnectionError) as error:
        raise DeviceError(f"{name}: the connection was lost ({doing}); what was there before is unchanged") from error
    except OSError as error:
        # Without a number it is paramiko's own word for a channel that is gone.
        reason = error.strerror or "the connection was lost"
        raise DeviceError(f"{name}: {doing} failed ({reason})") from error
    except paramiko.SSHException as error:
        raise DeviceError(f"{name}: SSH failed at {doing} ({error}); check the connection and try again") from error
