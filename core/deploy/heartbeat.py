"""Notice a device that fell silent: while its kernel still takes what is sent, no other sign of it ever comes."""

import contextlib
import threading
from collections.abc import Iterator

import paramiko

from core.deploy.transport import BROKEN, LOST_AFTER_S

BEAT_S = 5.0


@contextlib.contextmanager
def within(timeout_s: float, transport: paramiko.Transport) -> Iterator[None]:
    """Close a connection when something takes longer; whoever waits for anything of it then hears that it broke."""
    overdue = threading.Timer(timeout_s, transport.close)
    overdue.daemon = True
    overdue.start()
    try:
        yield
    finally:
        overdue.cancel()


def watch_over(transport: paramiko.Transport) -> None:
    """Ask for a sign of life every few seconds as long as a connection stands, and close it when none comes."""
    threading.Thread(target=_beat, args=(transport,), name="heartbeat", daemon=True).start()


def _beat(transport: paramiko.Transport) -> None:
    while transport.is_active():
        # A server that does not know the request has to say so, which is as good.
        with within(LOST_AFTER_S, transport), contextlib.suppress(*BROKEN):
            transport.global_request("keepalive@openssh.com", wait=True)
        transport.join(BEAT_S)
