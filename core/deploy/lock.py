"""One desktop at a time: two that deploy at once, or one that measures while another deploys, would spoil both."""

import contextlib
import getpass
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from core.deploy.connection import Connection
from core.deploy.device import hold
from core.deploy.layout import Layout
from core.deploy.told import MOST_SHOWN
from core.errors import DeviceError

WRITABLE = "free some space there, mount it writable, or try another card"


@contextlib.contextmanager
def held(connection: Connection, python: str, doing: str) -> Iterator[None]:
    """Hold a device while something is done, said in a word as in "deploying"; `python` is any of its Pythons.

    Raises DeviceError saying who holds it already.
    """
    layout = Layout(connection.home)
    made = connection.run("mkdir", "-p", str(layout.base))
    made.required(f"{connection.name}: its home folder cannot be written; {WRITABLE}")
    owner = f"{getpass.getuser()} on {socket.gethostname()}, {doing} since {time.strftime('%H:%M')}"
    script = Path(hold.__file__).read_text(encoding="utf-8")
    with connection.beside(python, "-c", script, str(layout.lock), owner) as answer:
        word, _, holder = answer.partition(" ")
        if word == "busy":
            raise DeviceError(f"{connection.name} is in use by {holder[:MOST_SHOWN]}; wait for it and try again")
        if word == "refused":
            raise DeviceError(f"{connection.name}: {layout.base} cannot be written ({holder[:MOST_SHOWN]}); {WRITABLE}")
        if word != "held":
            raise DeviceError(f"{connection.name} could not be locked but said {answer[:200]!r}; try again")
        yield
