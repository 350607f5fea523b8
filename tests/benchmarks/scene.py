"""Scenes: parts of a benchmark that need a process of their own, with settings, cache and screen of its own."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def home_folder() -> Iterator[Path]:
    """Give a new home: settings, data and cache of nobody."""
    with tempfile.TemporaryDirectory(prefix="tinyml-workbench-bench-") as folder:
        yield Path(folder)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a process that lives in a home; it draws without a screen unless told of one."""
    own = {
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "TINYML_WORKBENCH_CACHE": str(home / "cache"),
    }
    screen = {} if "DISPLAY" in more else {"QT_QPA_PLATFORM": "offscreen"}
    inherited = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "QT_QPA_PLATFORM")}
    return inherited | own | screen | more


def play(module: str, home: Path, *arguments: str, **variables: str) -> Any:
    """Run `python -m tests.benchmarks.<module>` in a home and return the JSON on its last line."""
    done = subprocess.run(
        [sys.executable, "-m", f"tests.benchmarks.{module}", *arguments],
        cwd=ROOT,
        env=environment(home, **variables),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{module} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-6000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def answer(values: Mapping[str, Any]) -> None:
    """Print what a scene measured, for `play`."""
    print(json.dumps(values), flush=True)
