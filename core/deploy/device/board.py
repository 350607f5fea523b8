"""The state of the board that a figure was measured in: temperature, clock, power, load.

What the kernel tells is read below `root`, so that a test can put its own files there.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path("/")

# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
_THROTTLING = {0: "under-voltage", 1: "frequency capped", 2: "throttled", 3: "soft temperature limit"}
_SINCE_BOOT = 16
_SLOWING = 0b1110
CPU_ZONES = ("cpu", "soc", "x86_pkg", "acpitz")
"""How the kernel begins the names of the sensors at a processor."""


def conditions(root: Path = ROOT) -> dict[str, Any]:
    """Return temperature, governor, clock, throttling and load now; what the board does not tell is None."""
    bits = throttled_bits(root)
    return {
        "temperature_c": cpu_temperature_c(root),
        "governor": _text(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "frequency_hertz": _frequency_hertz(root),
        "throttled": None if bits is None else decode_throttled(bits),
        "slowed": bool(bits and bits & _SLOWING),
        "load_1min": load_1min(root),
    }


def device_name(root: Path = ROOT) -> str:
    """Return the name of the board, else of its processor."""
    board = _text(root / "proc/device-tree/model") or _text(root / "sys/firmware/devicetree/base/model")
    if board:
        return board.strip("\0")
    for line in (_text(root / "proc/cpuinfo") or "").splitlines():
        if line.startswith(("model name", "Model")):
            return line.split(":", 1)[1].strip()
    return os.uname().machine


def cpu_temperature_c(root: Path = ROOT) -> float | None:
    """Return the processor's temperature, of the zone named after it or else of the first."""
    zones = sorted((root / "sys/class/thermal").glob("thermal_zone*"))
    zones.sort(key=lambda zone: not (_text(zone / "type") or "").lower().startswith(CPU_ZONES))
    for zone in zones:
        millidegrees = number(zone / "temp")
        if millidegrees is not None:
            return millidegrees / 1000
    return None


def load_1min(root: Path = ROOT) -> float | None:
    """Return how many processes wanted to run, averaged over a minute."""
    text = _text(root / "proc/loadavg")
    return float(text.split()[0]) if text else None


def throttled_bits(root: Path = ROOT) -> int | None:
    """Return what the firmware of a Raspberry Pi says about throttling; None elsewhere."""
    text = _text(root / "sys/devices/platform/soc/soc:firmware/get_throttled")
    if text is None:
        try:
            asked = subprocess.run(["vcgencmd", "get_throttled"], capture_output=True, text=True, timeout=5)
        except (OSError, subprocess.TimeoutExpired):
            return None
        text = asked.stdout.rpartition("=")[2]
    try:
        return int(text, 16)
    except ValueError:
        return None


def decode_throttled(bits: int) -> dict[str, list[str]]:
    """Return in words what the bits of `vcgencmd get_throttled` say about now and about the time since boot."""
    return {
        "now": [name for bit, name in _THROTTLING.items() if bits >> bit & 1],
        "since_boot": [name for bit, name in _THROTTLING.items() if bits >> (bit + _SINCE_BOOT) & 1],
    }


def number(path: Path) -> float | None:
    """Return the number in a file of the kernel, None where there is none."""
    try:
        return float(_text(path) or "")
    except ValueError:
        return None


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None


def _frequency_hertz(root: Path) -> float | None:
    kilohertz = number(root / "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq")
    return None if kilohertz is None else kilohertz * 1000
