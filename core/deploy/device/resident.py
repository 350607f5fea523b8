"""Memory of a process that does nothing but hear one clip after another with a release's model."""

from __future__ import annotations

import core.deploy.device.one_thread  # noqa: F401 (before numpy)  # isort: skip

import sys
from pathlib import Path

import numpy as np

from core.deploy.device import lines
from core.deploy.device.runtime import open_network
from core.deploy.device.settings import read_settings

_RUNS = 10


def main() -> None:
    """Say the resident memory, now and at its highest, of this process with the release named on the command line."""
    folder = Path(sys.argv[1])
    settings = read_settings(folder)
    network = open_network(folder, settings)
    extractor = settings.extractor()
    waveform = np.zeros((1, settings.num_samples), np.float32)
    for _ in range(_RUNS):
        network.run(settings.scale(extractor.compute(waveform)))
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines())
    lines.say("resident", resident_bytes=_bytes(status["VmRSS"]), peak_resident_bytes=_bytes(status["VmHWM"]))


def _bytes(field: str) -> int:
    return int(field.split()[0]) * 1024


if __name__ == "__main__":
    sys.exit(lines.run(main))
