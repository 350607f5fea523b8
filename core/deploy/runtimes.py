"""Which LiteRT runs on which device, with the versions that were tried together."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import DeviceError

PIP = "pip==25.3"
"""Uploaded too, so that Debian's python3-venv, which only root could install, is not needed."""

Version = tuple[int, ...]


@dataclass(frozen=True)
class Interpreter:
    """A Python found on a device. `machine` is that of the Python, not of the kernel, which may be wider."""

    path: str
    implementation: str
    version: Version
    machine: str
    glibc: Version
    """Empty where the C library is another one."""

    @property
    def short_version(self) -> str:
        """Major and minor version, as in `3.11`."""
        return ".".join(map(str, self.version[:2]))


@dataclass(frozen=True)
class Runtime:
    """Packages that run a `.tflite` file, and what they need."""

    requirements: tuple[str, ...]
    machines: tuple[str, ...]
    oldest_python: Version
    newest_python: Version
    oldest_glibc: Version

    @property
    def name(self) -> str:
        """The package of the interpreter with its version."""
        return self.requirements[0].replace("==", " ")

    def fits(self, interpreter: Interpreter) -> bool:
        """Tell whether there are wheels for a Python."""
        return (
            interpreter.implementation == "CPython"
            and interpreter.machine in self.machines
            and self.oldest_python <= interpreter.version[:2] <= self.newest_python
            and self.oldest_glibc <= interpreter.glibc
        )


# In pure Python, 70 kB: a listening service may be told any day to send messages.
_MQTT = "paho-mqtt==2.1.0"
_64_BIT = ("aarch64", "x86_64")
_ALL = (*_64_BIT, "armv7l")
_32_BIT = ("armv6l", "armv7l", "i686")
RUNTIMES = (
    Runtime(("ai-edge-litert==2.3.0", "numpy==2.4.6", _MQTT), _64_BIT, (3, 11), (3, 14), (2, 28)),
    Runtime(
        ("ai-edge-litert==2.3.0", "numpy==2.2.6", "backports.strenum==1.2.8", _MQTT), _64_BIT, (3, 10), (3, 10), (2, 27)
    ),
    Runtime(("tflite-runtime==2.14.0", "numpy==1.26.4", _MQTT), _ALL, (3, 9), (3, 11), (2, 34)),
    Runtime(("tflite-runtime==2.13.0", "numpy==1.26.4", _MQTT), _ALL, (3, 9), (3, 10), (2, 17)),
)
"""The first that fits is taken."""


def choose(found: Iterable[Interpreter]) -> tuple[Interpreter, Runtime]:
    """Return the first Python that a runtime fits. Raises DeviceError saying what to install."""
    pythons = tuple(found)
    for interpreter in pythons:
        for runtime in RUNTIMES:
            if runtime.fits(interpreter):
                return interpreter, runtime
    raise DeviceError(_nothing_fits(pythons))


def _nothing_fits(pythons: tuple[Interpreter, ...]) -> str:
    if not pythons:
        return "there is no Python 3; install it there by `sudo apt install python3`"
    newest = max(pythons, key=lambda python: python.version)
    named = f"{newest.implementation} {newest.short_version} on {newest.machine}"
    if newest.version[:2] < min(runtime.oldest_python for runtime in RUNTIMES):
        return (
            f"Python {newest.short_version} is too old; install Python 3.11 there, which Raspberry Pi OS 12 and "
            "Debian 12 bring"
        )
    if not newest.glibc:
        return "the C library is not glibc, for which alone LiteRT is built; install Raspberry Pi OS or Debian there"
    if newest.machine in _32_BIT:
        return (
            f"its system is a 32-bit one ({newest.machine}), for which LiteRT is not built; install a 64-bit system "
            "there, such as the 64-bit Raspberry Pi OS, which runs on every Raspberry Pi from the 3 and the Zero 2 on"
        )
    if newest.machine not in _ALL:
        return f"LiteRT is not built for {newest.machine}; a board with a 64-bit ARM or x86 processor is needed"
    return (
        f"no LiteRT is built for {named} with glibc {'.'.join(map(str, newest.glibc))}; install the 64-bit "
        "Raspberry Pi OS 12 or newer there"
    )
