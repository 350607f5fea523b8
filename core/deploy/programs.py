"""The programs of a release, run on a device: what they say line by line, and a sentence where it has none of ours."""

from collections.abc import Generator
from pathlib import PurePosixPath

from core.deploy.connection import Connection
from core.deploy.layout import Layout
from core.errors import DeviceError

_SIGNS = (
    "unrecognized arguments",
    "invalid choice",
    "arguments are required",
    "module named core",
    "module named 'core",
)
"""How argparse and Python complain where a release is of another version than who asks."""


def require_python(connection: Connection) -> PurePosixPath:
    """Return the Python that runs releases on a device. Raises DeviceError where it was not provisioned."""
    python = Layout(connection.home).python
    if connection.run("test", "-x", str(python)).status:
        raise DeviceError(f"{connection.name}: is not provisioned yet; provision it and deploy a model first")
    return python


def lines(
    connection: Connection, name: str, *args: str, release: PurePosixPath | None = None
) -> Generator[str, None, None]:
    """Yield what a program of a release says, by default of the one in force; closing the iterator ends it.

    Raises DeviceError, for a release of another version of this program with what to do.
    """
    try:
        yield from connection.lines(*Layout(connection.home).program(name, *args, release=release))
    except DeviceError as error:
        raise DeviceError(told_plainly(connection.name, str(error))) from error


def told_plainly(device: str, complaint: str) -> str:
    """Return a complaint, or what it means where another version of this program made the release."""
    if any(sign in complaint for sign in _SIGNS):
        return (
            f"{device}: its release was made by another version of this program ({_last_part(complaint)}); deploy the "
            "model again"
        )
    return complaint


def _last_part(complaint: str) -> str:
    return complaint.rpartition("error: ")[2].rpartition("failed: ")[2].strip()
