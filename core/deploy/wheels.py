"""Packages for a device, fetched on this machine, so that the device needs no network."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

from core.cache import Notices, cached
from core.deploy.runtimes import PIP, Interpreter, Runtime
from core.errors import DeviceError
from core.events import Emit, Progressed, Warned

_PIWHEELS = "https://www.piwheels.org/simple"
"""Where numpy for 32-bit ARM is; PyPI has none."""
_OLDEST_GLIBC_MINOR = 17
_LOOK_S = 0.2


def fetch_wheels(runtime: Runtime, interpreter: Interpreter, emit: Emit) -> tuple[Path, ...]:
    """Return the wheels of a runtime and of pip for a device's Python, fetching those that are not in the cache.

    Raises DeviceError saying how to go on without a network.
    """
    wanted = (*runtime.requirements, PIP)
    key = hashlib.sha256("\0".join((*wanted, *_platform(interpreter))).encode()).hexdigest()[:24]

    def fill(folder: Path) -> None:
        _download(wanted, interpreter, folder, emit)

    def read(folder: Path) -> tuple[Path, ...]:
        wheels = tuple(sorted(folder.glob("*.whl")))
        for wheel in wheels:
            # A cut one has lost its end, where a zip lists its members.
            zipfile.ZipFile(wheel).close()
        if len(wheels) < len(wanted):
            raise ValueError(f"{folder} lacks a wheel")
        return wheels

    notices = Notices(
        wait=lambda: _tell(emit, 0, len(wanted)),
        damaged=lambda folder: emit(Warned(message=f"{folder} was damaged, so the packages are fetched anew.")),
    )
    return cached("wheels", key, fill, read, notices=notices)


def find_wheels(runtime: Runtime, folder: Path) -> tuple[Path, ...]:
    """Return the wheels of a runtime and of pip that the user has put into a folder.

    Raises DeviceError naming those that are missing.
    """
    wanted = (*runtime.requirements, PIP)
    found = {requirement: sorted(folder.glob(f"{_file_prefix(requirement)}-*.whl")) for requirement in wanted}
    missing = [requirement for requirement, files in found.items() if not files]
    if missing:
        raise DeviceError(f"{folder}: has no wheel of {', '.join(missing)}; put it there, or leave the folder out")
    return tuple(path for files in found.values() for path in files)


def _file_prefix(requirement: str) -> str:
    name, _, version = requirement.partition("==")
    return f"{name.replace('-', '_').replace('.', '_')}-{version}"


def _platform(interpreter: Interpreter) -> list[str]:
    """Return pip's words for a device; every manylinux tag that its C library satisfies has to be named."""
    tags = [
        f"manylinux_{interpreter.glibc[0]}_{minor}_{interpreter.machine}"
        for minor in range(interpreter.glibc[1], _OLDEST_GLIBC_MINOR - 1, -1)
    ]
    tags += [f"manylinux2014_{interpreter.machine}", f"linux_{interpreter.machine}"]
    words = ["--only-binary=:all:", "--implementation", "cp", "--python-version", interpreter.short_version]
    words += [word for tag in tags for word in ("--platform", tag)]
    return words + (["--extra-index-url", _PIWHEELS] if interpreter.machine == "armv7l" else [])


def _download(wanted: Sequence[str], interpreter: Interpreter, folder: Path, emit: Emit) -> None:
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input", "--no-deps"]
    process = subprocess.Popen(
        [*command, *_platform(interpreter), "--dest", str(folder), *wanted],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    try:
        _wait(process, folder, len(wanted), emit)
    except BaseException:
        process.kill()
        process.wait()
        raise


def _wait(process: "subprocess.Popen[str]", folder: Path, num_wanted: int, emit: Emit) -> None:
    said = ""
    while process.poll() is None:
        _tell(emit, len(list(folder.glob("*.whl"))), num_wanted)
        try:
            said, _ = process.communicate(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            continue
    if "No module named pip" in said:
        raise DeviceError("pip is missing in this program's own environment; install it there, or give --wheels")
    if process.returncode:
        reason = next((line for line in reversed(said.splitlines()) if line.startswith("ERROR")), said[-200:])
        raise DeviceError(
            f"The packages for the device could not be fetched ({reason.strip()}); connect this machine to the "
            "internet once, or give a folder of wheels by --wheels"
        )


def _tell(emit: Emit, done: int, total: int) -> None:
    emit(Progressed(what="Fetching packages for the device", done=done, total=total))
