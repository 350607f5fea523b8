"""The program's own window, put together as `workbench.app` does, and driven from the same process."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QTimer
from PySide6.QtTest import QTest

from core.events import Event
from core.section import override
from core.spec import TrialSpec, parse_spec
from workbench import app as program
from workbench.form.starter_specs import starters
from workbench.jobs import Jobs
from workbench.main_window import MainWindow
from workbench.preferences import Preferences, default_settings
from workbench.session import Session

SIZE = (1280, 800)


class OpenedWindow:
    """The real window with its real worker, until the end of the `with`."""

    def __init__(self, study: Path | str = "") -> None:
        self.app = program.make_application(["workbench"])
        self.preferences = Preferences(default_settings())
        self.session = Session()
        self.jobs = Jobs(self.session)
        if study:
            self.session.open_study(study)
        self.window = MainWindow(self.session, self.jobs, self.preferences, program.PAGES)
        self.window.resize(*SIZE)

    def __enter__(self) -> "OpenedWindow":
        self.window.show()
        QTest.qWaitForWindowExposed(self.window)
        self.window.build_pages()
        self.jobs.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.window.close()
        self.jobs.wait_closed()

    def until(self, reached: Callable[[], object], timeout_s: float = 600) -> None:
        """Turn the event loop until something holds. Raises TimeoutError, with the worker's last words."""
        deadline = time.monotonic() + timeout_s
        loop = QEventLoop()
        poll = QTimer(interval=5)
        poll.timeout.connect(lambda: loop.quit() if reached() or time.monotonic() > deadline else None)
        poll.start()
        loop.exec()
        if not reached():
            raise TimeoutError("\n".join([*list(self.jobs.log)[-20:], self.jobs.trouble]))

    def until_ready(self) -> None:
        """Wait for a warm worker."""
        self.until(lambda: self.jobs.ready)

    def settle(self) -> None:
        """Draw and do everything that is due."""
        for _ in range(3):
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
            self.app.processEvents()

    @contextlib.contextmanager
    def listening(self, hear: Callable[[Event], None]) -> Iterator[None]:
        """Hear every event of the worker meanwhile."""
        self.session.event_received.connect(hear)
        try:
            yield
        finally:
            self.session.event_received.disconnect(hear)


def starter(file: str, clips: Path, labels: tuple[str, ...], **settings: object) -> TrialSpec:
    """Return a starter spec on a folder of clips, with settings like `training__epochs=3` laid over it."""
    values = next(known.values for known in starters() if known.file == file)
    changes = {"dataset.folder": str(clips), "dataset.labels": labels}
    changes |= {name.replace("__", "."): value for name, value in settings.items()}
    for path, value in changes.items():
        values = override(values, path, value)
    return parse_spec(values)
