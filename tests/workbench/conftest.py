"""Every test of the window runs without a screen, on settings and studies of its own."""

import os
from collections.abc import Iterator
from functools import partialmethod
from pathlib import Path
from typing import TypeVar

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.spec import TrialSpec, parse_spec
from workbench import theme
from workbench.jobs import LIGHT, Jobs
from workbench.preferences import Preferences
from workbench.session import Session

WORKER_MS = 240_000
"""Longest wait for something the worker does: TensorFlow is loaded on two busy cores."""
PATIENCE_MS = 60_000
"""Longest wait where a test names none: what happens at all happens at once, unless the machine is busy."""


class PatientQtBot(QtBot):
    """Waits longer than five seconds before a test fails."""

    waitUntil = partialmethod(QtBot.waitUntil, timeout=PATIENCE_MS)  # noqa: N815 (as in pytest-qt)
    waitSignal = partialmethod(QtBot.waitSignal, timeout=PATIENCE_MS)  # noqa: N815
    waitExposed = partialmethod(QtBot.waitExposed, timeout=PATIENCE_MS)  # noqa: N815


@pytest.fixture
def qtbot(qapp: object, request: pytest.FixtureRequest) -> QtBot:
    return PatientQtBot(request)


Shown = TypeVar("Shown", bound=QWidget)


def show(qtbot: QtBot, page: Shown) -> Shown:
    """Put a page before a test, in the size it has in a window of 1280 × 800."""
    page.resize(1192, 712)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    return page


@pytest.fixture
def tiny_spec(tone_clips: Path) -> TrialSpec:
    """A trial of seconds on three tones."""
    return parse_spec(
        {
            "name": "Tones",
            "dataset": {"folder": str(tone_clips)},
            "model": {"family": "cnn", "filters": [4], "kernels": [[3, 3]], "strides": [[2, 2]]},
            "training": {"batch_size": 4, "epochs": 3},
            "quantization": {"scheme": "int8", "representative_examples": 10},
            "measurement": {"warmup_runs": 1, "num_runs": 10},
        }
    )


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
    # Most tests train nothing, so that their worker need not get ready for it.
    found.command = LIGHT
    yield found
    found.wait_closed()
