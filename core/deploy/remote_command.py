"""A command on a device, the leader of a process group of its own, so that stopping it stops all it started."""

import contextlib
import select
import shlex
from collections.abc import Iterator, Sequence

import paramiko

from core.deploy.transport import BROKEN, CONNECT_TIMEOUT_S, LOST_AFTER_S
from core.errors import DeviceError

_PAUSE_S = 0.2
_CHUNK_BYTES = 64 * 1024
_MOST_NOISE_BYTES = 64 * 1024
_KEPT_STDERR_BYTES = 16 * 1024
_MOST_DIGITS = 10
_MOST_SHOWN = 40
_MARK = "tinyml-workbench-process-group"
# What the user's own shell prints on starting comes before the mark and is passed over.
FED = f"exec setsid --wait sh -c 'echo {_MARK} $$; exec \"$@\"' sh "
"""Starts a command that reads what it is given."""
TIED = f"""exec setsid --wait sh -c '
echo {_MARK} $$
exec 3<&0 </dev/null
trap : TERM
(read -r _ <&3; kill -s TERM -- -$$) >/dev/null 2>&1 &
(exec "$@" 3<&-)
status=$?
exec 2>/dev/null
kill -s KILL $!
wait
exit $status' sh """
"""Starts a command that is given nothing, and ends it with the connection: the end of its input is the sign.

The shell outlives what it ends, so that nothing of it is left to be seen off by the first process of the device.
"""
# The long form of `kill`, because dash takes no `--` after the short one.
_END_GROUP = """
kill -s TERM -- -"$1" || exit 0
for i in 1 2 3 4 5 6 7 8 9 10; do
    sleep 0.1
    kill -s 0 -- -"$1" 2>/dev/null || exit 0
done
kill -s KILL -- -"$1"
"""


class RemoteCommand:
    """A command that was started; what it writes to stderr is kept in `err`, its last words at least."""

    def __init__(self, transport: paramiko.Transport, args: Sequence[str], leader: str = TIED) -> None:
        self.err = bytearray()
        self._group = 0
        self._transport = transport
        self._channel = transport.open_session(timeout=CONNECT_TIMEOUT_S)
        self._channel.settimeout(LOST_AFTER_S)
        # Arguments are quoted, so that the user's shell there sees each as one word, whatever is in it.
        self._channel.exec_command(leader + shlex.join(args))

    def give(self, given: bytes) -> None:
        """Write to its input."""
        self._channel.sendall(given)

    def end_input(self) -> None:
        """Let it see the end of its input."""
        self._channel.shutdown_write()

    def chunks(self) -> Iterator[bytes]:
        """Yield what it writes, and nothing several times a second while it writes nothing, until it has ended."""
        yield self._after_mark()
        while (chunk := self._receive()) is not None:
            yield chunk

    def status(self) -> int:
        """Return its exit status once it has ended. Raises EOFError when the connection broke instead."""
        status: int = self._channel.recv_exit_status()
        if status < 0:
            raise EOFError
        return status

    def last_words(self) -> str:
        """Return what it wrote to stderr."""
        return self.err.decode(errors="replace")

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more, or cannot be reached any more."""
        return bool(self._channel.exit_status_ready())

    def wait(self, timeout_s: float) -> None:
        """Wait until it has ended by itself, but not longer."""
        if self._transport.is_active():
            self._channel.status_event.wait(timeout_s)

    def close(self) -> None:
        """End its process group, if it still runs and the connection still stands."""
        if self._group and not self.has_ended:
            with contextlib.suppress(*BROKEN):
                self._end_group()
        # Closing tells the other end, and raises where the connection broke without its having been noticed.
        with contextlib.suppress(*BROKEN):
            self._channel.close()

    def _end_group(self) -> None:
        channel = self._transport.open_session(timeout=CONNECT_TIMEOUT_S)
        channel.settimeout(CONNECT_TIMEOUT_S)
        channel.exec_command(shlex.join(["sh", "-c", _END_GROUP, "sh", str(self._group)]))
        channel.recv(1)
        channel.close()

    def _after_mark(self) -> bytes:
        noise = b""
        while len(noise) < _MOST_NOISE_BYTES and (chunk := self._receive()) is not None:
            noise += chunk
            _, mark, after = noise.partition(_MARK.encode() + b" ")
            group, newline, rest = after.partition(b"\n")
            if mark and newline:
                self._group = self._number(group)
                return rest
        if self._channel.exit_status < 0:
            raise EOFError
        said = (noise or bytes(self.err)).decode(errors="replace").strip()[:200]
        raise DeviceError(f"The device did not run the command but said {said!r}; it needs sh and setsid (util-linux)")

    def _number(self, group: bytes) -> int:
        """Return a process group; 0 and 1 would stand for every process of the user when they are ended."""
        if group.isdigit() and len(group) <= _MOST_DIGITS and int(group) > 1:
            return int(group)
        shown = group[:_MOST_SHOWN].decode(errors="replace")
        raise DeviceError(f"The device gave {shown!r} for a process group, which is not one; start it again")

    def _receive(self) -> bytes | None:
        """Return what came, which is nothing after a pause; None at the end."""
        channel = self._channel
        # Asked before what came is taken, lest something come between the two.
        ended = channel.closed or not self._transport.is_active()
        if channel.eof_received:
            ended = channel.status_event.wait(_PAUSE_S) or ended
        elif not channel.recv_ready():
            select.select([channel], [], [], _PAUSE_S)
        while channel.recv_stderr_ready():
            self.err = (self.err + channel.recv_stderr(_CHUNK_BYTES))[-_KEPT_STDERR_BYTES:]
            if not ended:
                # There may be no end of it.
                break
        if channel.recv_ready():
            return bytes(channel.recv(_CHUNK_BYTES))
        return None if ended else b""
