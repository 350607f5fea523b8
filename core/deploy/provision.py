"""Make a device able to run models: a Python environment of the user's own, never the system's, never as root."""

import hashlib
import uuid
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pydantic import BaseModel, ConfigDict, ValidationError

from core.deploy.connection import Answer, Connection
from core.deploy.layout import Layout
from core.deploy.lock import held
from core.deploy.probe import Probe, probe
from core.deploy.runtimes import RUNTIMES, Interpreter, Runtime, choose
from core.deploy.wheels import fetch_wheels, find_wheels
from core.errors import DeviceError
from core.events import Emit, Progressed, ignore

SCHEMA_VERSION = 1
NEEDED_BYTES = 250 * 1024**2
_FILE_NAME = "provisioned.json"
_INSTALL_TIMEOUT_S = 900
_TRY = (
    "import importlib, numpy; name, _, version = {runtime!r}.partition(' '); "
    "importlib.import_module(name.replace('-', '_') + '.interpreter').Interpreter; print(numpy.__version__)"
)
# Of several wheels that were uploaded, which are there and whole.
_SUMS = 'cd "$1" 2>/dev/null || exit 0; shift; sha256sum -- "$@" 2>/dev/null; exit 0'
# An environment has no Python any more when the system's was replaced by a newer one.
_TELL_IF_IT_RUNS = f'[ -x "$1/bin/python" ] && cat "$1/{_FILE_NAME}"'
_CLEAR = 'cd "$1" 2>/dev/null || exit 0; rm -rf .unfinished-*'
# Not ended halfway: what breaks now comes too late.
_PUT_IN_FORCE = """
trap '' TERM
cd "$1" && mv "$2" "$3" && ln -s "environments/$3" "../.venv-$$" && mv -T "../.venv-$$" ../venv
"""
_FORGET_OTHERS = 'cd "$1" && for each in *; do [ "$each" = "$2" ] || [ "$each" = "$3" ] || rm -rf "$each"; done'


class Environment(BaseModel):
    """What is installed on a device, as its own `provisioned.json` says."""

    model_config = ConfigDict(frozen=True)

    schema_version: int = SCHEMA_VERSION
    python: str
    runtime: str
    requirements: tuple[str, ...]


def provision(connection: Connection, emit: Emit = ignore, wheels: Path | None = None) -> Environment:
    """Make the Python environment of a device, unless it is there already, and return what is in it.

    `wheels` is a folder to take packages from instead of the internet. It is put in force at its end by one rename, and
    goes on where it was interrupted. Raises DeviceError saying what is missing on the device.
    """
    facts = probe(connection)
    try:
        interpreter, runtime, wanted = _wanted(facts)
    except DeviceError as error:
        raise DeviceError(f"{connection.name}: {error}") from error
    if (
        read_environment(facts.provisioned) == wanted
        and _try(connection, Layout(connection.home).python, runtime).status == 0
    ):
        return wanted
    _check_room(connection.name, facts)
    files = find_wheels(runtime, wheels) if wheels else fetch_wheels(runtime, interpreter, emit)
    with held(connection, interpreter.path, "provisioning"):
        _upload(connection, files, emit)
        _build(connection, interpreter, runtime, wanted, files, emit)
    return wanted


def is_provisioned(facts: Probe) -> bool:
    """Tell whether the environment of a device is the one this version of the program would make."""
    try:
        return read_environment(facts.provisioned) == _wanted(facts)[2]
    except DeviceError:
        return False


def provisioned(connection: Connection, emit: Emit = ignore) -> Environment:
    """Return what is installed on a device that was provisioned, at the cost of one question; else provision it."""
    told = connection.run("sh", "-c", _TELL_IF_IT_RUNS, "sh", str(Layout(connection.home).venv))
    found = read_environment(told.out)
    if found is not None and found.requirements in (runtime.requirements for runtime in RUNTIMES):
        return found
    return provision(connection, emit)


def read_environment(text: str) -> Environment | None:
    """Read what a device says of its environment; None where it is not one of ours."""
    try:
        return Environment.model_validate_json(text)
    except ValidationError:
        return None


def _wanted(facts: Probe) -> tuple[Interpreter, Runtime, Environment]:
    interpreter, runtime = choose(facts.pythons)
    made = Environment(python=interpreter.short_version, runtime=runtime.name, requirements=runtime.requirements)
    return interpreter, runtime, made


def _check_room(name: str, facts: Probe) -> None:
    if not facts.home_writable:
        raise DeviceError(f"{name}: the home folder {facts.home} cannot be written; mount it writable")
    if facts.free_disk_bytes < NEEDED_BYTES:
        free, needed = facts.free_disk_bytes // 1024**2, NEEDED_BYTES // 1024**2
        raise DeviceError(f"{name}: its disk has {free} MB free, provisioning needs {needed} MB; free some space there")


def _upload(connection: Connection, files: Sequence[Path], emit: Emit) -> None:
    """Upload the wheels that are not there yet. Raises DeviceError for one that arrived damaged."""
    folder = Layout(connection.home).wheels
    connection.run("mkdir", "-p", str(folder)).required(f"{connection.name}: {folder} could not be made")
    sums = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    there = _sums(connection, folder, sums)
    for path in files:
        if there.get(path.name) != sums[path.name]:
            connection.put(path, folder / path.name, emit)
    damaged = [name for name, found in _sums(connection, folder, sums).items() if found != sums[name]]
    if damaged:
        raise DeviceError(f"{connection.name}: {', '.join(damaged)} arrived damaged; provision it again")


def _sums(connection: Connection, folder: PurePosixPath, names: dict[str, str]) -> dict[str, str]:
    answer = connection.run("sh", "-c", _SUMS, "sh", str(folder), *names, timeout_s=120)
    pairs = (line.split("  ", 1) for line in answer.out.splitlines() if "  " in line)
    return {name: digest for digest, name in pairs}


def _build(
    connection: Connection,
    interpreter: Interpreter,
    runtime: Runtime,
    wanted: Environment,
    files: Sequence[Path],
    emit: Emit,
) -> None:
    """Fill an environment under a name of its own, try it, then put it in force."""
    layout = Layout(connection.home)
    name = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()[:12]
    unfinished = layout.environments / f".unfinished-{uuid.uuid4().hex[:8]}"
    connection.run("mkdir", "-p", str(layout.environments)).required(f"{connection.name}: no environment could be made")
    connection.run("sh", "-c", _CLEAR, "sh", str(layout.environments), timeout_s=120)
    _tell(emit, "Making the Python environment", 0)
    made = connection.run(interpreter.path, "-m", "venv", "--without-pip", str(unfinished), timeout_s=300)
    _done(connection, made, "the Python environment could not be made")
    _tell(emit, "Installing packages", 1)
    _install(connection, unfinished / "bin" / "python", runtime, layout.wheels, files)
    _tell(emit, "Trying the packages", 2)
    _done(connection, _try(connection, unfinished / "bin" / "python", runtime), f"{runtime.name} does not run there")
    connection.put((wanted.model_dump_json() + "\n").encode(), unfinished / _FILE_NAME)
    # One that was damaged may have the same name.
    target = f"{name}-{uuid.uuid4().hex[:4]}"
    before = connection.run("readlink", str(layout.venv)).out.strip().rpartition("/")[2]
    swapped = connection.run("sh", "-c", _PUT_IN_FORCE, "sh", str(layout.environments), unfinished.name, target)
    _done(connection, swapped, "the Python environment could not be activated")
    # What runs in the environment before may still load modules from it.
    connection.run("sh", "-c", _FORGET_OTHERS, "sh", str(layout.environments), target, before, timeout_s=120)
    _tell(emit, "Provisioned", 3)


def _install(
    connection: Connection, python: PurePosixPath, runtime: Runtime, wheels: PurePosixPath, files: Sequence[Path]
) -> None:
    """Install by the uploaded pip; its settings on the device are passed over, for they may forbid or redirect it."""
    pip = next(path.name for path in files if path.name.startswith("pip-"))
    options = ["--isolated", "--no-index", "--no-deps", "--no-compile", "--no-input", "--no-cache-dir", "--quiet"]
    options += ["--disable-pip-version-check", "--find-links", str(wheels)]
    command = [str(python), str(wheels / pip / "pip"), "install", *options, *runtime.requirements]
    answer = connection.run("sh", "-c", 'exec "$@" 2>&1', "sh", *command, timeout_s=_INSTALL_TIMEOUT_S)
    _done(connection, answer, "the packages could not be installed")


def _try(connection: Connection, python: PurePosixPath, runtime: Runtime) -> Answer:
    return connection.run(str(python), "-c", _TRY.format(runtime=runtime.name), timeout_s=120)


def _done(connection: Connection, answer: Answer, trouble: str) -> None:
    if "No space left on device" in answer.out + answer.err:
        raise DeviceError(f"{connection.name}: its disk is full, so {trouble}; free some space there and try again")
    answer.required(f"{connection.name}: {trouble}")


def _tell(emit: Emit, what: str, done: int) -> None:
    emit(Progressed(what=what, done=done, total=3))
