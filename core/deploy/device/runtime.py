"""LiteRT as it is installed here, and a release opened with it."""

from __future__ import annotations

import importlib
from importlib import metadata
from pathlib import Path
from typing import Any

from core.deploy.device.settings import TaskSettings
from core.errors import ModelError
from core.evaluation.network import Network, check_fit

MODEL_NAME = "model.tflite"
_PACKAGES = ("ai_edge_litert", "tflite_runtime")
_DISTRIBUTIONS = ("ai-edge-litert", "tflite-runtime")


def interpreter_class() -> Any:
    """Return the interpreter of the first runtime that is installed. Raises ModelError when none is."""
    for package in _PACKAGES:
        try:
            return importlib.import_module(f"{package}.interpreter").Interpreter
        except ModuleNotFoundError as error:
            if error.name not in (package, f"{package}.interpreter"):
                raise
    raise ModelError(
        f"neither {_DISTRIBUTIONS[0]} nor {_DISTRIBUTIONS[1]} is installed here; provision the device again"
    )


def runtime_name() -> str:
    """Return name and version of the runtime, as pip writes them."""
    for name in _DISTRIBUTIONS:
        try:
            return f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue
    return ""


def open_network(folder: Path, settings: TaskSettings, num_threads: int = 1) -> Network:
    """Open the model of a release. Raises ModelError naming the file when it does not run or fit the settings."""
    path = folder / MODEL_NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error.strerror}); deploy the model again") from error
    network = Network(path, content, interpreter_class(), num_threads)
    check_fit(network, settings.input_shape, settings.num_outputs)
    return network
