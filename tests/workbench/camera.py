"""Pictures of the whole virtual screen, once the window has drawn."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest

from tests.benchmarks.window import OpenedWindow

TURNS = 80
TURN_MS = 10


def camera(opened: OpenedWindow, target: Path) -> Callable[[str], None]:
    """Let a window fill the screen, and return what takes a picture of it into a folder under a name."""
    target.mkdir(parents=True, exist_ok=True)
    screen = opened.app.primaryScreen()
    opened.window.setGeometry(screen.geometry())
    opened.until_ready()

    def shoot(name: str) -> None:
        QCursor.setPos(QPoint(screen.geometry().width() - 1, screen.geometry().height() - 1))
        for _ in range(TURNS):  # Counted, not timed: a busy machine draws late.
            QTest.qWait(TURN_MS)
        picture = screen.grabWindow(0)
        assert not picture.isNull() and picture.save(str(target / f"{name}.png")), f"{name} could not be written"
        print(target / f"{name}.png", flush=True)

    return shoot
