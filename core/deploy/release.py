"""Deploy a model: all its files in one release folder, checked there, put in force by one rename, undone by another."""

import hashlib
import io
import re
import tarfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.deploy.connection import Connection
from core.deploy.device import install, release_files
from core.deploy.device.runtime import MODEL_NAME
from core.deploy.device.settings import FILE_NAME as SETTINGS_NAME
from core.deploy.layout import Layout
from core.deploy.told import message_in
from core.errors import DeviceError
from core.events import Emit, ignore
from core.json_text import load_object

_LONGEST_LABEL = 40


@dataclass(frozen=True)
class Release:
    """A model with everything that runs it, as it goes to a device; `label` names its folder there."""

    label: str
    files: Mapping[str, bytes]

    @property
    def sums(self) -> bytes:
        """What is expected of every file, as `sha256sum` writes it."""
        lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(self.files.items())]
        return "".join(lines).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of the sums: two releases with the same one are the same."""
        return hashlib.sha256(self.sums).hexdigest()

    def archive(self) -> bytes:
        """Return all files and their sums as one compressed tar file."""
        packed = io.BytesIO()
        # A model hardly shrinks, and the code is small.
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as content:
            for name, data in (*sorted(self.files.items()), (install.SUMS, self.sums)):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                content.addfile(member, io.BytesIO(data))
        return packed.getvalue()


def make_release(title: str, identity: str, model: bytes, settings: str) -> Release:
    """Put a model, its `settings.json` and the code that runs them together."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()[:_LONGEST_LABEL] or "model"
    code = {name: path.read_bytes() for name, path in release_files().items()}
    return Release(f"{plain}-{identity}", {**code, MODEL_NAME: model, SETTINGS_NAME: settings.encode()})


def place(connection: Connection, release: Release, emit: Emit = ignore) -> str:
    """Bring a release to a device without putting it in force, unless it is there, and return its folder's name.

    Raises DeviceError; what is in force stays so.
    """
    layout = Layout(connection.home)
    there = _ask(connection, "find", release.digest)
    if there:
        return there
    archive = layout.base / f".arriving-{uuid.uuid4().hex[:8]}.tar.gz"
    connection.put(release.archive(), archive, emit, "the model and its code")
    return _ask(connection, "place", str(archive), release.digest, release.label)


def deploy(connection: Connection, release: Release, emit: Emit = ignore) -> str:
    """Bring a release to a device, see that it runs there, put it in force, and return its folder's name.

    Raises DeviceError; until the last step what was in force before stays so.
    """
    name = place(connection, release, emit)
    layout = Layout(connection.home)
    tried = connection.run(*layout.program("resident", ".", release=layout.releases / name), timeout_s=120)
    if tried.status != 0:
        raise DeviceError(f"{connection.name}: the model does not run there ({_reason(tried.out, tried.err)})")
    _ask(connection, "activate", name)
    return name


def roll_back(connection: Connection) -> str:
    """Put the release before the current one in force again and return its folder's name. Raises DeviceError."""
    return _ask(connection, "roll_back")


def _ask(connection: Connection, verb: str, *args: str) -> str:
    layout = Layout(connection.home)
    script = Path(install.__file__).read_text(encoding="utf-8")
    answer = connection.run(str(layout.python), "-c", script, str(layout.base), verb, *args, timeout_s=120)
    try:
        said = load_object(answer.out)
        if "failed" in said:
            raise DeviceError(f"{connection.name}: {said['failed']}")
        return str(said["release"])
    except (ValueError, LookupError) as error:
        reason = _reason(answer.out, answer.err)
        raise DeviceError(f"{connection.name}: the release could not be handled there ({reason})") from error


def _reason(out: str, err: str) -> str:
    """Return the last words of a program on a device, which may be the line of a failure."""
    for line in reversed(out.splitlines()):
        try:
            said = message_in(load_object(line))
        except ValueError:
            continue
        if said:
            return said
    return ((err or out).strip().splitlines() or ["it said nothing"])[-1][:300]
