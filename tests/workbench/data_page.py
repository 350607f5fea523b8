"""The Data page put before a test, and what it shows."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from tests.workbench.conftest import WORKER_MS, show
from workbench.jobs import Jobs
from workbench.pages.data import DataPage
from workbench.preferences import Preferences
from workbench.session import Session


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> DataPage:
    return show(qtbot, DataPage(session, jobs, preferences))


def open_folder(qtbot: QtBot, page: DataPage, folder: Path) -> None:
    with qtbot.waitSignal(page.reader.read, timeout=WORKER_MS):
        page.use_folder(str(folder))
    settle(qtbot, page)


def settle(qtbot: QtBot, page: DataPage) -> None:
    """Wait until the clips are dealt and the one in sight is shown."""
    qtbot.waitUntil(lambda: not page.reader.is_busy and not page._turning.isActive(), timeout=WORKER_MS)


def cells(page: DataPage, column: int) -> list[str]:
    model = page.browser.table.clips
    return [model.index(row, column).data() for row in range(model.rowCount())]


def labels(page: DataPage) -> dict[str, list[str]]:
    model = page.labels.labels
    rows = [[model.index(row, column).data() for column in range(8)] for row in range(model.rowCount())]
    return {row[0]: row[1:] for row in rows}


def tick_box(page: DataPage, label: str) -> QPoint:
    row = [row.label for row in page.labels.labels.labels].index(label) + 1
    box = page.labels.visualRect(page.labels.labels.index(row, 0))
    return QPoint(box.left() + 13, box.center().y())


def name_at(page: DataPage) -> str:
    assert page.catalogue is not None
    return page.catalogue.names[page.browser.table.current]
