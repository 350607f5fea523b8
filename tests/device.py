"""What runs on a device, run here as it would there: a release folder, and nothing to import but numpy and LiteRT."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.datasets.preprocessing import load_preprocessing
from core.deploy.device import release_files
from core.deploy.device.settings import settings_text
from core.evaluation.detection import DetectionSettings

TIMEOUT_S = 120

# Python runs a module of this name before anything else, in every process that the program starts as well.
_BARE = """
import sys
from importlib.machinery import PathFinder

ALLOWED = {"numpy", "ai_edge_litert", *%r}


class OnlyWhatADeviceHas:
    @staticmethod
    def find_spec(name, path=None, target=None):
        found = PathFinder.find_spec(name, path)
        top = name.partition(".")[0]
        if top == "core":
            # Else the checkout that is installed here would lend what the release lacks.
            if found is None:
                raise ModuleNotFoundError(f"{name} is not in the release", name=name)
        elif found and found.origin and "site-packages" in found.origin and top not in ALLOWED:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


sys.meta_path.insert(0, OnlyWhatADeviceHas)
"""


def make_release(folder: Path, trial: Path, settings: DetectionSettings | None = None) -> Path:
    """Fill a folder with what a device gets of a trial that spots words."""
    preprocessing = load_preprocessing(trial)
    text = settings_text(preprocessing.labels, preprocessing.model_dump(mode="json"), settings or DetectionSettings())
    return fill_release(folder, trial, text)


def fill_release(folder: Path, trial: Path, settings: str) -> Path:
    """Fill a folder with a trial's model, its settings and the code that runs it."""
    for name, source in release_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    shutil.copyfile(trial / "model.tflite", folder / "model.tflite")
    (folder / "settings.json").write_text(settings, encoding="utf-8")
    return folder


def bare_environment(folder: Path, *also: str) -> dict[str, str]:
    """Return the environment of a Python that finds numpy and LiteRT, packages named `also`, and nothing else."""
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(_BARE % (also,))
    return {**os.environ, "PYTHONPATH": str(folder)}


class DeviceProgram:
    """A program of a release while it runs; ends with its `with`."""

    def __init__(self, release: Path, name: str, *args: object, environment: dict[str, str] | None = None) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"core.deploy.device.{name}", *map(str, args)],
            cwd=release,
            env=environment or bare_environment(release.parent / "bare"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.pid = self._process.pid

    def __enter__(self) -> "DeviceProgram":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=TIMEOUT_S)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what it says as it says it."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            yield json.loads(line)

    def until(self, kind: str) -> dict[str, Any]:
        """Return the next line of a kind; pytest's timeout is the limit."""
        for line in self.lines():
            if line["kind"] == kind:
                return line
        raise AssertionError(f"it ended without {kind!r}: {self._process.communicate(timeout=TIMEOUT_S)[1]}")

    def close_ears(self) -> None:
        """Go away without reading any more of what it says."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.stdout = None

    def ended(self) -> tuple[list[dict[str, Any]], int, str]:
        """Return the rest of what it says, its exit status and what it wrote to stderr."""
        out, err = self._process.communicate(timeout=TIMEOUT_S)
        return [json.loads(line) for line in (out or "").splitlines()], self._process.returncode, err


def run_program(release: Path, name: str, *args: object, **options: Any) -> tuple[list[dict[str, Any]], int, str]:
    """Run a program of a release to its end; return its lines, exit status and stderr."""
    with DeviceProgram(release, name, *args, **options) as program:
        return program.ended()
