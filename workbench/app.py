"""The window as a program: puts session, worker, pages and settings together and runs them."""

import sys
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from core.errors import WorkbenchError
from workbench import preferences as remembered
from workbench import theme
from workbench.jobs import Jobs
from workbench.main_window import TITLE, MainWindow, PageEntry
from workbench.preferences import Preferences, default_settings
from workbench.session import Session

PAGE_SIZE = (1200, 800)
WORKER_AFTER_MS, PAGES_AFTER_MS = 100, 1000
"""The window is drawn and takes keys before the worker and the pages out of sight claim the processor."""
DATA_HELP = """\
The clips that trials are made of. Choose or drop a folder with one sub-folder of WAV clips per label, download Mini \
Speech Commands, or have words of your own spoken by a synthesizer. Ticked labels are told apart; _silence_ and \
_unknown_ come from their folders, from noise recordings and from the words not ticked. Speakers are dealt to train, \
validation and test so that no voice is in two parts; the line beneath the labels says whether that holds.

Step through the clips with the arrow keys, Space plays, Del excludes, F2 relabels; drag the waveform to use another \
second of a clip. All of it is kept in a list beside the clips, never in them, and Ctrl+Z takes it back. Judge has a \
trained trial listen to every clip: those that sound unlike their label come first. Clips it was trained on it may \
know by heart, so a mistake among them weighs more."""
FEATURES_HELP = """\
This page shows what a network gets of a sound. Listen (Space) to a microphone, step through clips (arrows), or drop \
a WAV file; drag a setting and the pictures follow. The picture whose name stands out is the one given to the network, \
and the card beneath holds its shape, its bytes and what it costs to compute on this machine. Use these settings takes \
them to the Experiment page; a dot marks what differs from there.

Class difference averages the pictures of two labels over all their clips and shows where they differ, per frame and \
per coefficient: coefficients and bands without a difference can be left out. Name up to three values of one setting \
to see them side by side. Divided by the standard deviation, a difference tells what a network can rely on."""
EXPERIMENT_HELP = """\
This page holds every setting of a trial, in the order of the journey from clips to the measured file. A group folds \
to one line; a problem stands beneath its field and keeps Train from starting until it is mended. The card at the \
right estimates size and work before anything is trained. A dot marks a setting that differs from the study's \
reference trial.

Train (Enter) queues a trial; you may go on editing and queue more. The mark beside a field varies it: type values \
separated by commas, and Train becomes one trial for each combination. Cancel ends what runs; the trial keeps its last \
epoch and goes on from there: Ctrl+K, Train unfinished trials."""
TRIALS_HELP = """\
Each trial of the study is a row of the table and a point on both charts, with the same letter and colour everywhere. \
The line joins the trials that no other one beats in both figures; the others are pale, running ones hollow. Drag or \
type the constraints above the charts to shade what meets them.

Click a row or point to see what it is, what differs from the reference trial, its confusion matrix and its curves. \
Use these settings takes a trial's settings to the Experiment page. Deleted trials come back with Ctrl+Z."""

RECORD_HELP = """\
Record asks for words one by one (Space), keeps the loudest second of each take, and saves it at once under its word, \
so that the folder is a data set like any other. Test lets a model hear clips that are recorded, chosen or dropped, \
and shows every probability and the features it saw; say what was meant, and right and wrong are counted. One sentence \
tells what would help most, and Add to the data keeps the clip for the next training.

Live spotting hears the microphone without a break. A word fires when its averaged probability reaches the threshold, \
and none fires within the suppression after it. Threshold counts both errors in a long recording with known words: \
drag the point along the curve, or choose a row, towards fewer missed words or fewer false accepts per hour. Keep this \
working point saves it with the model, where the device finds it too."""

DEVICES_HELP = """\
A device is a Raspberry Pi or any Linux machine that takes SSH connections. At the first contact its fingerprint is \
shown and nothing is sent until you trust it; a key that changed later is refused. Check says what the device is and \
what is missing, Provision makes a Python environment in the user's own folder. Deploy brings a trial there, tries it, \
puts it in force at once and measures it beside the reference trial; Roll back returns to the release before. The \
figures stand in the trial and on the charts of the Trials page, whose menu chooses the device.

The listening service keeps the deployed model listening, by itself and after every start; each word does nothing, \
runs a shell command, sends an MQTT message, or starts and stops the monitor. Monitor draws what that logs of battery, \
mains, temperature and load, and saves it as CSV. Live shows what the device hears now. A password is asked for only \
where no key is taken, and forgotten with the window unless the system keyring shall keep it; Install my key makes it \
needless."""


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
    PageEntry("Data", "ph.database", DATA_HELP, _data),
    PageEntry("Features", "ph.waves", FEATURES_HELP, _features),
    PageEntry("Experiment", "ph.flask", EXPERIMENT_HELP, _experiment),
    PageEntry("Trials", "ph.chart-line-up", TRIALS_HELP, _trials),
    PageEntry("Record & test", "ph.microphone", RECORD_HELP, _record),
    PageEntry("Devices", "ph.cpu", DEVICES_HELP, _devices),
)
"""The rail, in order; Ctrl+1 and on follow it. A new page is one line here."""


def make_application(arguments: list[str]) -> QApplication:
    """Return the Qt application under the program's name."""
    QApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(arguments)
    app.setApplicationName("tinyml-workbench")
    app.setApplicationDisplayName(TITLE)
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
