"""The window as a program: puts session, worker, pages and settings together and runs them."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from core.errors import WorkbenchError
from workbench import page_help as told
from workbench import preferences as remembered
from workbench import theme
from workbench.jobs import Jobs
from workbench.main_window import MainWindow, PageEntry
from workbench.preferences import Preferences, default_settings
from workbench.session import Session

PAGE_SIZE = (1200, 800)
WORKER_AFTER_MS, PAGES_AFTER_MS = 100, 1000
"""The window is drawn and takes keys before the worker and the pages out of sight claim the processor."""


def _data(session: Session, jobs: Jobs, preferences: Preferences) -> QWidget:
    # Imported late: the window is shown before the charts' library is loaded.
    from workbench.pages.data import DataPage

    return DataPage(session, jobs, preferences)


def _features(session: Session, jobs: Jobs, preferences: Preferences) -> QWidget:
    # Imported late: the window is shown before the charts' library is loaded.
    from workbench.pages.features import FeaturesPage

    return FeaturesPage(session, jobs, preferences)


def _experiment(session: Session, jobs: Jobs, preferences: Preferences) -> QWidget:
    from workbench.pages.experiment import ExperimentPage

    return ExperimentPage(session, jobs, preferences)


def _trials(session: Session, jobs: Jobs, preferences: Preferences) -> QWidget:
    from workbench.pages.trials import TrialsPage

    return TrialsPage(session, jobs, preferences)


def _record(session: Session, jobs: Jobs, preferences: Preferences) -> QWidget:
    from workbench.pages.record import RecordPage

    return RecordPage(session, jobs, preferences)


def _devices(session: Session, jobs: Jobs, preferences: Preferences) -> QWidget:
    # Imported late: it brings the library for SSH with it.
    from workbench.pages.devices import DevicesPage

    return DevicesPage(session, jobs, preferences)


PAGES = (
    PageEntry("Data", "ph.database", told.DATA_HELP, _data, told.DATA_OF_FORECASTS_HELP),
    PageEntry("Features", "ph.waves", told.FEATURES_HELP, _features, told.FEATURES_OF_FORECASTS_HELP),
    PageEntry("Experiment", "ph.flask", told.EXPERIMENT_HELP, _experiment, told.EXPERIMENT_OF_FORECASTS_HELP),
    PageEntry("Trials", "ph.chart-line-up", told.TRIALS_HELP, _trials, told.TRIALS_OF_FORECASTS_HELP),
    PageEntry("Record & test", "ph.microphone", told.RECORD_HELP, _record, told.RECORD_OF_FORECASTS_HELP),
    PageEntry("Devices", "ph.cpu", told.DEVICES_HELP, _devices, told.DEVICES_OF_FORECASTS_HELP),
)
"""The rail, in order; Ctrl+1 and on follow it. A new page is one line here."""


def make_application(arguments: list[str]) -> QApplication:
    """Return the Qt application under the program's name."""
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(arguments)
    app.setApplicationName("tinyml-workbench")
    return app


def open_last_study(session: Session, preferences: Preferences) -> str:
    """Open the study of last time; return a sentence when it cannot be."""
    folder = preferences.get(remembered.LAST_STUDY)
    if not folder:
        return ""
    if not Path(folder).is_dir():
        return f"the study {folder} of last time is not there any more; open another one"
    try:
        session.open_study(folder)
    except WorkbenchError as error:
        return str(error)
    return ""


def run_page(build: Callable[[Session, Jobs, Preferences], QWidget]) -> None:
    """Show one page alone, on the study of last time or the one named as argument."""
    app = make_application(sys.argv)
    preferences = Preferences(default_settings())
    theme.choose(preferences.theme)
    session = Session()
    if len(sys.argv) > 1:
        session.open_study(sys.argv[1])
    else:
        open_last_study(session, preferences)
    jobs = Jobs(session)
    page = build(session, jobs, preferences)
    page.resize(*PAGE_SIZE)
    page.show()
    jobs.start()
    app.exec()
    jobs.wait_closed()


def run_window() -> int:
    """Show the window until it is closed; return the exit status."""
    app = make_application(sys.argv)
    preferences = Preferences(default_settings())
    session = Session()
    trouble = open_last_study(session, preferences)
    jobs = Jobs(session)
    window = MainWindow(session, jobs, preferences, PAGES)
    if trouble:
        window.message.show_message(trouble)
    window.show()
    QTimer.singleShot(WORKER_AFTER_MS, jobs.start)
    QTimer.singleShot(PAGES_AFTER_MS, window.build_pages)
    status = app.exec()
    jobs.wait_closed()
    return status
