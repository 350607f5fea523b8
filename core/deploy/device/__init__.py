"""What is copied to a device and runs there: standard library, numpy and LiteRT alone, Python 3.9 or newer.

Files keep their place below `core`, so that the same imports serve both sides. A release folder holds them beside
`model.tflite` and `settings.json`, and each runs there as ``python -m core.deploy.device.spot`` and the like.
"""

from __future__ import annotations

from pathlib import Path

SHARED_FILES = (
    "core/__init__.py",
    "core/errors.py",
    "core/audio/__init__.py",
    "core/audio/wav.py",
    "core/datasets/__init__.py",
    "core/datasets/column_names.py",
    "core/datasets/csv_form.py",
    "core/datasets/long_form.py",
    "core/datasets/table_cells.py",
    "core/datasets/table_header.py",
    "core/datasets/time_texts.py",
    "core/deploy/__init__.py",
    "core/evaluation/__init__.py",
    "core/evaluation/detection.py",
    "core/evaluation/network.py",
    "core/evaluation/spotter.py",
    "core/evaluation/stopwatch.py",
    "core/features/__init__.py",
    "core/features/kinds.py",
    "core/features/mel.py",
    "core/features/micro_frontend.py",
    "core/features/streaming.py",
    "core/features/waveform.py",
    "core/settings/__init__.py",
    "core/settings/feature_sizes.py",
)
"""Files that the desktop uses as well, by their path from the folder that holds `core`."""


def release_files() -> dict[str, Path]:
    """Return every file of code that a release needs: its path in the release, and where it is here."""
    own = Path(__file__).parent
    root = own.parents[2]
    names = [*SHARED_FILES, *(path.relative_to(root).as_posix() for path in sorted(own.glob("*.py")))]
    return {name: root / name for name in names}
