"""Memory of a process that does nothing but run a release's model on one example after another."""

from __future__ import annotations

import core.deploy.device.one_thread  # noqa: F401 (before numpy)  # isort: skip

import sys
from pathlib import Path

from core.deploy.device import lines
from core.deploy.device.runtime import open_network
from core.deploy.device.tasks import read_task

_RUNS = 10


def main() -> None:
    """Say the resident memory, now and at its highest, of this process with the release named on the command line."""
    folder = Path(sys.argv[1])
    settings = read_task(folder)
    network = open_network(folder, settings)
    prepare = settings.preparation()
    received = settings.received(settings.noise())
    for _ in range(_RUNS):
        network.run(prepare(received))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    lines.say("resident", resident_bytes=_bytes(status["VmRSS"]), peak_resident_bytes=_bytes(status["VmHWM"]))


def _bytes(field: str) -> int:
    return int(field.split()[0]) * 1024


if __name__ == "__main__":
    sys.exit(lines.run(main))
