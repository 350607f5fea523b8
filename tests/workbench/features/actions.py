"""What a user does on the Features page."""

from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from tests.workbench.conftest import show
from workbench.jobs import Jobs
from workbench.pages.features import FeaturesPage
from workbench.preferences import Preferences
from workbench.session import Session

RATE = 16000


def open_page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> FeaturesPage:
    return show(qtbot, FeaturesPage(session, jobs, preferences))


def settled(qtbot: QtBot, page: FeaturesPage) -> None:
    """Wait until the pictures show the settings of the controls."""
    live = page.live
    qtbot.waitUntil(lambda: live.sound.features == page.features and not live.sound.is_behind)


def drag(page: FeaturesPage, name: str, *fractions: float) -> None:
    """Drag the handle of a setting's slider to fractions of its width, one after the other."""
    slider = page.form.rows[name].editor.slider
    handle = QPoint(round(8 + (slider.width() - 16) * slider.value() / slider.maximum()), slider.height() // 2)
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=handle)
    for fraction in fractions:
        QTest.mouseMove(slider, QPoint(round(8 + (slider.width() - 16) * fraction), slider.height() // 2))
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton)


def drop(page: FeaturesPage, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.dropEvent(event)


def listen(qtbot: QtBot, page: FeaturesPage, name: str) -> None:
    qtbot.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    menu = page.live.source.device
    menu.setCurrentIndex(next(index for index in range(menu.count()) if menu.itemData(index).name == name))
    qtbot.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.live.feed.heard):
        pass


def show_difference(qtbot: QtBot, page: FeaturesPage) -> None:
    qtbot.mouseClick(page.tabs.tabBar(), Qt.MouseButton.LeftButton, pos=page.tabs.tabBar().tabRect(1).center())
    qtbot.waitUntil(lambda: bool(page.difference.results))
