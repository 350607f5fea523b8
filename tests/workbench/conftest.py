"""Every test of the window runs without a screen, on settings and studies of its own."""

import math
import os
import wave
from collections.abc import Iterator
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
import pytest
from PySide6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from core.spec import TrialSpec, parse_spec
from workbench import theme
from workbench.jobs import Jobs
from workbench.preferences import Preferences
from workbench.session import Session

RATE = 16_000
WORKER_MS = 120_000
"""Longest wait for something the worker does: TensorFlow is loaded on two busy cores."""


def write_tones(folder: Path, clips_per_label: int = 12) -> Path:
    """Write clips of a low and of a high tone, each by speakers of their own name."""
    rng = np.random.default_rng(0)
    time_s = np.arange(RATE) / RATE
    for label, hertz in (("high", 1800.0), ("low", 300.0)):
        (folder / label).mkdir(parents=True)
        for index in range(clips_per_label):
            tone = 0.4 * np.sin(2 * math.pi * hertz * rng.uniform(0.9, 1.1) * time_s)
            samples = np.int16(32767 * (tone + 0.02 * rng.standard_normal(RATE)).clip(-1, 1))
            with wave.open(str(folder / label / f"{index:08x}_nohash_0.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(RATE)
                file.writeframes(samples.tobytes())
    return folder


@pytest.fixture(scope="session")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tones(tmp_path_factory.mktemp("clips") / "tones")


@pytest.fixture
def tiny_spec(tones: Path) -> TrialSpec:
    """A trial of seconds on two tones."""
    return parse_spec(
        {
            "name": "Tones",
            "dataset": {"folder": str(tones)},
            "split": {"rule": "random", "validation_fraction": 0.25, "test_fraction": 0.25},
            "model": {"family": "cnn", "filters": [4], "kernels": [[3, 3]], "strides": [[2, 2]]},
            "training": {"batch_size": 4, "epochs": 3},
            "quantization": {"scheme": "int8", "representative_clips": 10},
            "measurement": {"warmup_runs": 1, "num_runs": 10},
        }
    )


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "TINYML_WORKBENCH_CACHE"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


@pytest.fixture
def themed(qapp: object) -> Iterator[None]:
    theme.choose("light")
    yield
    theme.choose("light")


@pytest.fixture
def session() -> Session:
    return Session()


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def jobs(qtbot: QtBot, session: Session) -> Iterator[Jobs]:
    found = Jobs(session)
    yield found
    found.wait_closed()
