"""What a device is, asked in one go by a shell script that needs nothing to be installed there."""

import re

from pydantic import BaseModel, ConfigDict, Field

from core.deploy.connection import Connection
from core.deploy.device import board
from core.deploy.layout import Layout
from core.deploy.runtimes import Interpreter, Version
from core.deploy.told import TimeSeconds
from core.errors import DeviceError

EMULATOR = "linux,dummy-virt"
"""How QEMU names its ARM board."""

_ABOUT_PYTHON = (
    "import platform, struct, sys; "
    'print(platform.python_implementation(), "%d.%d.%d" % sys.version_info[:3], struct.calcsize("P") * 8)'
)
_SCRIPT = f"""
LC_ALL=C; export LC_ALL
say() {{ printf 'probe %s=%s\\n' "$1" "$2"; }}
first() {{ head -n 1 "$1" 2>/dev/null | tr -d '\\0'; }}
say now_s "$(date +%s)"
say system "$(uname -s)"
say machine "$(uname -m)"
say model "$(first /proc/device-tree/model)"
say product "$(first /sys/devices/virtual/dmi/id/product_name)"
say processor "$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)"
say os "$(sed -n 's/^PRETTY_NAME=//p' /etc/os-release 2>/dev/null | tr -d '"')"
say cores "$(nproc)"
say memory_kib "$(sed -n 's/^MemTotal: *\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
say free_kib "$(df -Pk "$HOME" 2>/dev/null | sed -n '2s/^[^ ]* *[0-9]* *[0-9]* *\\([0-9]*\\).*/\\1/p')"
say user "$(id -un)"
say home "$HOME"
[ -w "$HOME" ] && say writable yes
for zone in /sys/class/thermal/thermal_zone*; do
    [ -r "$zone/temp" ] && say temperature "$(first "$zone/type") $(first "$zone/temp")"
done
say governor "$(first /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor)"
firmware=/sys/devices/platform/soc/soc:firmware/get_throttled
say throttled "$(vcgencmd get_throttled 2>/dev/null | grep = || first "$firmware")"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null)"
for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9; do
    path=$(command -v "$name") && about=$("$path" -c '{_ABOUT_PYTHON}' 2>/dev/null) && say python "$about $path"
done
cd "$1" 2>/dev/null || exit 0
[ -x venv/bin/python ] && say provisioned "$(first venv/provisioned.json)"
say release "$(readlink current)"
say previous "$(readlink previous)"
ls -1t releases 2>/dev/null | while read -r name; do say kept "$name"; done
"""
_MILLIDEGREES = re.compile("(.* )?-?[0-9]{1,9}")
_NARROWED = {"aarch64": "armv7l", "x86_64": "i686"}
"""What a 32-bit Python runs as under a 64-bit kernel, which is what 32-bit Raspberry Pi OS brings."""


class Throttling(BaseModel):
    """What the firmware of a Raspberry Pi says, in words."""

    model_config = ConfigDict(frozen=True)

    now: tuple[str, ...]
    since_boot: tuple[str, ...]


class Probe(BaseModel):
    """The facts of a device; None or empty where it does not tell."""

    model_config = ConfigDict(frozen=True)

    model: str = Field(description="Of the board, else of the processor.")
    os: str
    machine: str = Field(description="Architecture of the kernel.")
    cores: int = Field(gt=0)
    memory_bytes: int = Field(ge=0)
    free_disk_bytes: int = Field(ge=0, description="Where the user's home folder is.")
    user: str
    home: str
    home_writable: bool
    temperature_c: float | None
    governor: str
    throttling: Throttling | None
    now_s: TimeSeconds = Field(description="Seconds since 1970 by its clock.")
    pythons: tuple[Interpreter, ...] = Field(description="In the order of preference.")
    emulated: bool
    provisioned: str = Field(description="What its environment says of itself, as JSON.")
    release: str = Field(description="Folder name of the active release.")
    previous: str = Field(description="Folder name of the release before it.")
    releases: tuple[str, ...] = Field((), description="Folder names of all that are kept there, the newest first.")


def probe(connection: Connection) -> Probe:
    """Ask a device what it is. Raises DeviceError when its answer is not that of a Linux machine."""
    asked = connection.run("sh", "-s", str(Layout(connection.home).base), input=_SCRIPT.encode(), timeout_s=120)
    said: dict[str, list[str]] = {}
    for line in asked.out.splitlines():
        if line.startswith("probe ") and "=" in line:
            key, _, value = line.removeprefix("probe ").partition("=")
            said.setdefault(key, []).append(value.strip())
    try:
        return _read({key: values[0] for key, values in said.items()}, said)
    except (LookupError, ValueError) as error:
        shown = (asked.out.strip() or asked.err.strip())[:200]
        raise DeviceError(
            f"{connection.name} is not a Linux machine as expected (it said {shown!r}); give one that runs Raspberry "
            "Pi OS, Debian or the like"
        ) from error


def _read(first: dict[str, str], said: dict[str, list[str]]) -> Probe:
    if first["system"] != "Linux":
        raise ValueError(first["system"])
    glibc = _version(first.get("glibc", "").rpartition(" ")[2])
    model = first.get("model") or first.get("processor") or first.get("product") or first["machine"]
    return Probe(
        model=model,
        os=first.get("os") or first["system"],
        machine=first["machine"],
        cores=int(first["cores"]),
        memory_bytes=int(first["memory_kib"]) * 1024,
        free_disk_bytes=int(first.get("free_kib") or 0) * 1024,
        user=first["user"],
        home=first["home"],
        home_writable="writable" in first,
        temperature_c=_temperature_c(said.get("temperature", [])),
        governor=first.get("governor", ""),
        throttling=_throttling(first.get("throttled", "")),
        now_s=float(first["now_s"]),
        pythons=tuple(_interpreter(line, first["machine"], glibc) for line in said.get("python", [])),
        emulated=first.get("model") == EMULATOR,
        provisioned=first.get("provisioned", ""),
        release=first.get("release", "").rpartition("/")[2],
        previous=first.get("previous", "").rpartition("/")[2],
        releases=tuple(said.get("kept", [])),
    )


def _interpreter(line: str, machine: str, glibc: Version) -> Interpreter:
    implementation, version, bits, path = line.split(" ", 3)
    narrowed = machine if bits == "64" else _NARROWED.get(machine, machine)
    return Interpreter(path, implementation, _version(version), narrowed, glibc)


def _version(text: str) -> Version:
    return tuple(int(part) for part in text.split(".") if part.isascii() and part.isdigit())


def _temperature_c(zones: list[str]) -> float | None:
    """Return the processor's temperature, of the zone named after it or else of the first."""
    # A sensor that is switched off has no number.
    told = [zone for zone in zones if _MILLIDEGREES.fullmatch(zone)]
    ordered = sorted(told, key=lambda zone: not zone.lower().startswith(board.CPU_ZONES))
    return int(ordered[0].rpartition(" ")[2]) / 1000 if ordered else None


def _throttling(text: str) -> Throttling | None:
    try:
        return Throttling.model_validate(board.decode_throttled(int(text.rpartition("=")[2], 16)))
    except ValueError:
        # Who may not ask the firmware of a Raspberry Pi is told so in place of a number.
        return None
