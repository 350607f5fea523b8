"""What a user does on the Record & test page, and what comes of it."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget
from pytestqt.qtbot import QtBot

from core.audio.wav import read_wav
from core.evaluation.detection import DetectionSettings
from tests.sound import VirtualMicrophone
from tests.workbench.conftest import show
from workbench.jobs import Jobs
from workbench.pages.record import RecordPage
from workbench.preferences import Preferences
from workbench.record.takes import Phase
from workbench.session import Session

RATE = 16000
SOUND_MS = 60_000
WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")
TEST, LIVE, THRESHOLD = 1, 2, 3
NOISE = 0.0005
WORKING_POINT = DetectionSettings(average_window_ms=200, threshold=0.7, suppression_ms=700)


def open_page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> RecordPage:
    page = show(qtbot, RecordPage(session, jobs, preferences))
    qtbot.waitUntil(lambda: session.study is None or page.chosen is not None)
    page.setFocus()
    return page


def choose_device(page: RecordPage, name: str) -> None:
    menu = page.device
    page.look_for_devices()
    menu.setCurrentIndex(next(index for index in range(menu.count()) if menu.itemData(index).name == name))


def click(qtbot: QtBot, button: QWidget) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(menu: QComboBox, text: str) -> None:
    index = menu.findText(text)
    assert index >= 0
    menu.setCurrentIndex(index)
    menu.activated.emit(index)


def drop(page: RecordPage, *paths: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    page.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, buttons, keys))


def fill_in(page: RecordPage, folder: Path, words: str, person: str = "Ada") -> None:
    form = page.record.form
    for line, text in ((form.folder.line, str(folder)), (form.words, words), (form.person, person)):
        line.clear()
        QTest.keyClicks(line, text)
    form.takes.setValue(1)
    # A loudspeaker needs no time to breathe.
    form.pause.setMinimum(0.1)
    form.pause.setValue(0.1)
    page.setFocus()


def record_all(qtbot: QtBot, page: RecordPage, microphone: VirtualMicrophone, clips: dict[str, Path]) -> None:
    """Press the space bar and play each word when it is asked for."""
    recorder = page.record.recorder
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert page.record.record.text() == "Stop"
    for label, clip in clips.items():
        wanted = len(recorder.takes) + 1
        qtbot.waitUntil(lambda: recorder.phase is Phase.SPEAK, timeout=SOUND_MS)
        assert recorder.prompt is not None and recorder.prompt.label == label
        microphone.play(clip)
        qtbot.waitUntil(lambda wanted=wanted: len(recorder.takes) == wanted, timeout=SOUND_MS)
    assert recorder.phase is Phase.IDLE
    assert not page.feed.is_listening


def likeness(recorded: Path, original: Path) -> float:
    """Return the peak of the normalized cross-correlation of two clips."""
    one, other = read_wav(recorded).samples, read_wav(original).samples
    size = len(one) + len(other)
    products = np.fft.irfft(np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size)), size)
    return float(np.abs(products).max() / (np.linalg.norm(one) * np.linalg.norm(other)))


def in_stream(clips: list[Path], first_s: float, every_s: float) -> np.ndarray:
    """Return clips at regular times over faint noise."""
    rng = np.random.default_rng(0)
    samples = (NOISE * rng.standard_normal(round((first_s + every_s * len(clips) + 1) * RATE))).astype(np.float32)
    for number, path in enumerate(clips):
        clip = read_wav(path).samples
        start = round((first_s + every_s * number) * RATE)
        samples[start : start + len(clip)] += clip
    return samples
