"""How a listening service does, what it heard, and what the battery monitor wrote, on a page."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from rich.console import Group
from rich.text import Text

from core.deploy.monitor_log import MonitorState, Reading
from core.deploy.service import HeardWord, ServiceStatus
from core.visible_text import visible
from workbench import console
from workbench.number_format import NOTHING, duration, kilobytes, percent, three_digits

MOST_COLUMNS = 40
_BARS = "▁▂▃▄▅▆▇█"
_CURVES = (
    ("battery_percent", "battery %"),
    ("battery_volts", "battery V"),
    ("cpu_temperature_c", "processor °C"),
    ("load_1min", "load"),
)


def show_status(status: ServiceStatus) -> None:
    """Draw how a service does."""
    if status.state == "absent":
        name = shlex.quote(status.device)
        console.note(f"{status.device} has no listening service; `workbench device service {name} install`")
        return
    since = f" for {duration(status.running_s)}" if status.running_s is not None else ""
    times = "once" if status.restarts == 1 else f"{status.restarts} times"
    restarts = f", started again {times} after a failure" if status.restarts else ""
    console.note(f"{'Service':<8} {status.state}{since}{restarts}")
    console.note(f"{'Release':<8} {status.release or NOTHING}")
    costs = [f"{percent(status.cpu_share)} % of a core"] if status.cpu_share is not None else []
    costs += [f"{kilobytes(status.memory_bytes)} kB"] if status.memory_bytes else []
    if status.state == "running" and costs:
        console.note(f"{'Cost':<8} {', '.join(costs)}")
    for number, (word, action) in enumerate(status.words.items()):
        console.note(f"{'' if number else 'Words':<8} {word} {action}")
    if not status.words:
        console.note(f"{'Words':<8} none does anything")
    if status.message:
        console.note(status.message)


def show_detections(device: str, heard: Sequence[HeardWord]) -> None:
    """Draw the words that were heard, the newest last."""
    if not heard:
        console.say(f"{device} has heard no word yet.")
        return
    headings: console.Headings = (("time", "left"), ("word", "left"), ("score", "right"), ("did", "left"))
    rows = [(_clock(each.time_s), each.word, three_digits(each.score), each.did or NOTHING) for each in heard]
    console.show_table("", headings, rows)


def monitor_picture(device: str, monitor: MonitorState, readings: Sequence[Reading]) -> Group:
    """Return curves of the newest readings in letters, each between its least and its greatest value."""
    lines = [Text(visible(_monitor_in_words(device, monitor)))]
    newest = readings[-1] if readings else None
    if newest is not None:
        mains = {None: NOTHING, True: "mains", False: "battery"}[newest.on_mains]
        lines.append(Text(f"{'power':<13} {mains:>7}  at {_clock(newest.time_s)}"))
    for name, title in _CURVES:
        values = [value for reading in readings if (value := getattr(reading, name)) is not None]
        if values:
            low, high = three_digits(min(values)), three_digits(max(values))
            lines.append(Text(f"{title:<13} {three_digits(values[-1]):>7}  {bars(values)}  {low} to {high}"))
    return Group(*lines)


def bars(values: Sequence[float]) -> str:
    """Return a curve as a row of blocks, the newest at the right."""
    shown = list(values)[-MOST_COLUMNS:]
    low, span = min(shown), max(shown) - min(shown)
    steps = (int((value - low) / span * (len(_BARS) - 1)) if span else 0 for value in shown)
    return "".join(_BARS[step] for step in steps)


def _monitor_in_words(device: str, monitor: MonitorState) -> str:
    if monitor.began_s is None:
        return f"The monitor of {device} has not been started yet."
    if monitor.ended_s is None:
        return f"The monitor of {device} has been running since {_clock(monitor.began_s)}."
    return f"The monitor of {device} ran from {_clock(monitor.began_s)} to {_clock(monitor.ended_s)}."


def _clock(time_s: float) -> str:
    return datetime.fromtimestamp(time_s).strftime("%Y-%m-%d %H:%M:%S")
