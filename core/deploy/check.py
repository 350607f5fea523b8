"""Look a device over: what it is, what state it is in, and in sentences what is missing."""

import time
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from core.deploy.connection import Connection
from core.deploy.probe import Probe, probe
from core.deploy.provision import NEEDED_BYTES, is_provisioned
from core.deploy.runtimes import choose
from core.errors import DeviceError

TOLERATED_SKEW_S = 30.0
HOT_C = 80.0
"""Where the firmware of a Raspberry Pi begins to slow its processor."""


class DeviceReport(BaseModel):
    """A device as `check` found it."""

    model_config = ConfigDict(frozen=True)

    device: str
    facts: Probe
    clock_skew_s: float = Field(description="Its clock less this machine's.")
    runtime: str = Field(description="What would run models there; empty where nothing does.")
    python: str = Field(description="Version of the Python that would; empty where none does.")
    provisioned: bool
    missing: tuple[str, ...] = Field(description="Sentences about what keeps models from running there.")
    notes: tuple[str, ...] = Field(description="Sentences about what is worth knowing.")


def check(connection: Connection) -> DeviceReport:
    """Look a device over. Raises DeviceError when it does not answer as a Linux machine does."""
    asked_s = time.time()
    facts = probe(connection)
    answered_s = time.time()
    # It looked at its clock somewhere between, and told whole seconds.
    skew_s = min((facts.now_s - asked_s, facts.now_s + 1 - answered_s), key=abs)
    runtime = python = ""
    missing = list(_missing(facts))
    try:
        interpreter, chosen = choose(facts.pythons)
        runtime, python = chosen.name, ".".join(map(str, interpreter.version))
    except DeviceError as error:
        missing.insert(0, _sentence(str(error)))
    return DeviceReport(
        device=connection.name,
        facts=facts,
        clock_skew_s=skew_s,
        runtime=runtime,
        python=python,
        provisioned=is_provisioned(facts),
        missing=tuple(missing),
        notes=tuple(_notes(facts, skew_s)),
    )


def _missing(facts: Probe) -> Iterator[str]:
    if not facts.home_writable:
        yield f"The home folder {facts.home} cannot be written; mount it writable, or log in as another user."
    elif facts.free_disk_bytes < NEEDED_BYTES and not is_provisioned(facts):
        free, needed = facts.free_disk_bytes // 1024**2, NEEDED_BYTES // 1024**2
        yield f"The disk has {free} MB free, provisioning needs {needed} MB; free some space there."


def _notes(facts: Probe, skew_s: float) -> Iterator[str]:
    if not is_provisioned(facts):
        yield "It is not provisioned yet; that is done once, and before the first deployment by itself."
    if facts.user == "root":
        yield "The login is root, which nothing here needs; an ordinary user is safer."
    if facts.emulated:
        yield "It is an emulator: its latencies say nothing about a real board."
    if abs(skew_s) > TOLERATED_SKEW_S:
        side = "ahead of" if skew_s > 0 else "behind"
        yield (
            f"Its clock is {skew_in_words(skew_s)} {side} this machine's; set it there by "
            "`sudo timedatectl set-ntp true`, else its logs and charts carry wrong times."
        )
    if facts.temperature_c is not None and facts.temperature_c >= HOT_C:
        yield f"The processor has {facts.temperature_c:.0f} °C, where boards begin to slow down; let it cool first."
    if facts.throttling and facts.throttling.now:
        yield f"It reports {_listed(facts.throttling.now)} now; benchmarks taken like this are marked."
    elif facts.throttling and facts.throttling.since_boot:
        said = _listed(facts.throttling.since_boot)
        yield f"It has reported {said} since it was started; its power supply may be weak."
    if facts.governor and facts.governor != "performance":
        yield f"Its governor is {facts.governor}, so short work may run at a lower clock than long work."


def _listed(names: tuple[str, ...]) -> str:
    return " and ".join(names)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."


def skew_in_words(skew_s: float) -> str:
    """Return how far a clock is off, whichever way."""
    minutes, rest_s = divmod(round(abs(skew_s)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24:,} days"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest_s} s" if minutes else f"{rest_s} s"
