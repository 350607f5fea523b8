"""Battery and mains, as the kernel tells them or a command that knows the board's battery HAT."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from core.deploy.device import board

_BEYOND = 1e12
_COMMAND_S = 5.0
_CHARGING = ("charging", "full", "not charging")


def read_power(root: Path = board.ROOT, command: str = "") -> dict[str, Any]:
    """Return battery_percent, battery_volts and on_mains; None for what nobody tells.

    `command` is run by the shell and writes the percentage, or a JSON object of any of the three; what it tells
    comes before what the kernel tells. Raises ValueError with a sentence when it does not.
    """
    found = _from_kernel(root)
    if command:
        found.update(_from_command(command))
    return found


def _from_kernel(root: Path) -> dict[str, Any]:
    supplies = sorted((root / "sys/class/power_supply").glob("*"))
    batteries = [supply for supply in supplies if _word(supply / "type") == "battery"]
    # The battery of a mouse or a keyboard does not feed the board.
    batteries = [supply for supply in batteries if _word(supply / "scope") != "device"]
    chargers = [board.number(supply / "online") for supply in supplies if _word(supply / "type") in ("mains", "usb")]
    battery = batteries[0] if batteries else None
    microvolts = board.number(battery / "voltage_now") if battery else None
    on_mains: bool | None = None
    if any(online is not None for online in chargers):
        on_mains = any(bool(online) for online in chargers)
    elif battery:
        on_mains = _word(battery / "status") in _CHARGING
    return {
        "battery_percent": board.number(battery / "capacity") if battery else None,
        "battery_volts": None if microvolts is None else microvolts / 1e6,
        "on_mains": on_mains,
    }


def _from_command(command: str) -> dict[str, Any]:
    try:
        asked = subprocess.run(
            ["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_COMMAND_S
        )
    except subprocess.TimeoutExpired:
        raise ValueError(f"the battery's command took longer than {_COMMAND_S:.0f} s: {command}") from None
    try:
        told = json.loads(asked.stdout)
    except (ValueError, RecursionError):
        said = (asked.stderr or asked.stdout).strip()[-200:] or "nothing"
        raise ValueError(f"the battery's command must write a percentage or a JSON object, it wrote: {said}") from None
    if not isinstance(told, dict):
        told = {"battery_percent": told}
    names = ("battery_percent", "battery_volts", "on_mains")
    values = {name: told[name] for name in names if told.get(name) is not None}
    if not values or not all(_is_figure(value) for value in values.values()):
        raise ValueError(f"the battery's command must tell numbers for any of {', '.join(names)}, it told: {told}")
    return values


def _is_figure(value: Any) -> bool:
    # Neither NaN nor what is beyond all bounds could be kept, or told again as JSON.
    return isinstance(value, (int, float)) and abs(value) < _BEYOND


def _word(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip().lower()
    except OSError:
        return ""
