"""The scene of the README's pictures: runs under the virtual screen that `screenshots` started."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from core.audio.wav import read_wav
from core.datasets.clips import sound_files
from core.events import EpochEnded, Event
from tests.benchmarks.clips import WORDS
from tests.benchmarks.window import OpenedWindow, starter
from tests.conftest import REAL_CLIPS
from tests.sound import VirtualMicrophone, sound_server
from tests.workbench.camera import camera
from tests.workbench.screenshots import EPOCHS_SEEN, LIVE, LIVE_EPOCHS, SPOTTING, VARIED
from workbench.pages.record import RecordPage
from workbench.record.takes import Phase

SEEN_CLIP = 2
UNFOLDED = ["features", "model"]
SAID = ("go", "stop")
SPOTTED = (*SAID, "bird")
"""The last one is a word that nobody trained for, and must not fire."""
TAKES, HEARD, MARKS, MINUTES = 5, 24, 5, 20
SPOKEN, EVERY_S = 12, 2.0
SEEN_S, VALUES_SEEN = 12, 3
MANY_WORDS, SOON_S = 40, 1.2
"""Enough to be heard still when the picture is taken, and so close that there is always one in the newest second."""


def main(study: Path, target: Path) -> None:
    """Drive the window through its pages and keep what the screen shows."""
    with OpenedWindow(study) as opened:
        shoot = camera(opened, target)
        finished = [trial.name for trial in opened.session.study.summaries()]
        opened.window.choose_theme("light")
        show_clips(opened)
        shoot("data-light")
        judge_clips(opened, finished[6])
        opened.window.choose_theme("dark")
        shoot("data-dark")
        opened.window.choose_theme("light")
        show_training(opened)
        shoot("experiment-light")
        opened.window.choose_theme("dark")
        shoot("experiment-dark")
        opened.window.show_page("Trials")
        opened.session.select((finished[6],))
        shoot("trials-dark")
        opened.window.choose_theme("light")
        shoot("trials-light")
        opened.session.select((finished[6], finished[0]))
        shoot("compare-light")
        vary(opened)
        shoot("sweep-light")
        stop_training(opened)
        opened.session.select((finished[6],))
        with sound_server() as microphone:
            os.environ.update(microphone.environment)
            shoot_listening(opened, microphone, shoot)
            opened.session.open_study(study.with_name(SPOTTING))
            shoot_spotting(opened, microphone, shoot)


def stop_training(opened: OpenedWindow) -> None:
    """Cancel what trains still, and close the message that says so."""
    if opened.jobs.running is None:
        return
    opened.jobs.cancel(opened.jobs.running.id)
    opened.until(lambda: opened.jobs.running is None)
    if opened.window.message.isVisible():
        QTest.mouseClick(opened.window.message.dismiss, Qt.MouseButton.LeftButton)


def show_clips(opened: OpenedWindow) -> None:
    """List the real clips, eight words of them ticked, and go to one of them."""
    opened.window.show_page("Data")
    page = opened.window.page("Data")
    # Where the clips lie on this machine is nobody's business.
    clips = Path.home() / REAL_CLIPS.name
    clips.symlink_to(REAL_CLIPS)
    page.use_folder(str(clips))
    opened.until(lambda: page.catalogue is not None)
    page.use_only((*WORDS, "_silence_", "_unknown_"))
    opened.until(lambda: not page.reader.is_busy)
    page.labels.select_label("stop")
    page.browser.table.go_to(SEEN_CLIP)


def judge_clips(opened: OpenedWindow, trial: str) -> None:
    """Let a trial find the clips that sound unlike their label."""
    page = opened.window.page("Data")
    page.use_only(("go", "stop"))
    page.work.judge(trial, page.dataset)
    opened.until(lambda: page.sources.judge.text() != "Judge" and not page.reader.is_busy)


def show_training(opened: OpenedWindow) -> None:
    """Click Train on a starter spec and wait until its curves have some epochs."""
    epochs: list[int] = []

    def hear(event: Event) -> None:
        if isinstance(event, EpochEnded):
            epochs.append(event.epoch)

    opened.window.show_page("Experiment")
    page = opened.window.page("Experiment")
    spec = starter(LIVE, REAL_CLIPS, ("go", "stop"), training__seed=1, training__epochs=LIVE_EPOCHS)
    opened.session.spec_requested.emit(spec)
    page.form.unfold(UNFOLDED)
    opened.until(lambda: page.estimate.timer.cost_ms is not None and not page.estimate.timer.is_timing)
    with opened.listening(hear):
        QTest.mouseClick(page.train_button, Qt.MouseButton.LeftButton)
        opened.until(lambda: len(epochs) >= EPOCHS_SEEN or opened.jobs.running is None)
    if opened.jobs.running is None:
        raise RuntimeError("the trial ended too soon to be seen in training:\n" + "\n".join(opened.jobs.log))


def shoot_listening(opened: OpenedWindow, microphone: VirtualMicrophone, shoot: Callable[[str], None]) -> None:
    """Say words that nobody trained on: as pictures, take by take, and clip by clip."""
    shoot_features(opened, microphone, shoot)
    opened.window.show_page("Record & test")
    page = opened.window.page("Record & test")
    opened.until(lambda: page.chosen is not None and page.device.chosen is not None)
    record_words(opened, page, microphone)
    # Where the takes went is a folder of this scene, which nobody has.
    page.record.form.folder.line.setText("~/recordings")
    shoot("record-light")
    page.tabs.setCurrentIndex(1)
    page.test.hear_files([path for word in SAID for path in sound_files(REAL_CLIPS / word)[:HEARD]])
    opened.until(lambda: len(page.test.table.rows.clips) == HEARD * len(SAID))
    shoot("test-light")


def shoot_spotting(opened: OpenedWindow, microphone: VirtualMicrophone, shoot: Callable[[str], None]) -> None:
    """Let words be spotted in some minutes, and without a break, by a model that knows noise and other words."""
    page = opened.window.page("Record & test")
    opened.until(lambda: page.chosen is not None and page.chosen.path.is_relative_to(opened.session.study.folder))
    page.tabs.setCurrentIndex(3)
    page.tuner.minutes.setValue(MINUTES)
    QTest.mouseClick(page.tuner.make, Qt.MouseButton.LeftButton)
    opened.until(lambda: page.tuner.curve is not None)
    shoot("threshold-light")
    opened.window.choose_theme("dark")
    page.tabs.setCurrentIndex(2)
    QTest.keyClick(page, Qt.Key.Key_Space)
    microphone.play_samples(speech(SPOKEN, EVERY_S, SPOTTED))
    opened.until(lambda: len(page.spotting.detections) >= MARKS)
    shoot("spotting-dark")
    QTest.keyClick(page, Qt.Key.Key_Space)
    opened.window.choose_theme("light")


def shoot_features(opened: OpenedWindow, microphone: VirtualMicrophone, shoot: Callable[[str], None]) -> None:
    """Listen while words are said, then set two of them against each other under three values of a setting."""
    opened.window.show_page("Features")
    page = opened.window.page("Features")
    QTest.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    QTest.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    speaking = microphone.play_samples(speech(MANY_WORDS, SOON_S, SAID))
    begun_s = time.monotonic()
    opened.until(lambda: time.monotonic() - begun_s > SEEN_S)
    shoot("features-light")
    if speaking.poll() is not None:
        raise RuntimeError("the words ended before they could be seen")
    speaking.kill()
    QTest.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    opened.window.choose_theme("dark")
    page.tabs.setCurrentIndex(1)
    menu = page.difference.varied
    menu.setCurrentIndex(menu.findData("upper_edge_hertz"))
    menu.activated.emit(menu.currentIndex())
    opened.until(lambda: len(page.difference.results) == VALUES_SEEN)
    shoot("difference-dark")
    opened.window.choose_theme("light")


def record_words(opened: OpenedWindow, page: RecordPage, microphone: VirtualMicrophone) -> None:
    """Record some takes, and stop in the midst of one."""
    recorder = page.record.recorder
    page.record.form.words.setText(", ".join(SAID))
    QTest.keyClick(page, Qt.Key.Key_Space)
    for number in range(TAKES + 1):
        opened.until(lambda: recorder.phase is Phase.SPEAK)
        microphone.play(sound_files(REAL_CLIPS / recorder.prompt.label)[number])
        if number < TAKES:
            opened.until(lambda number=number: len(recorder.takes) == number + 1)


def speech(count: int, every_s: float, words: tuple[str, ...]) -> np.ndarray:
    """Return so many real clips of words in turns, at regular times over faint noise, at 16 kHz."""
    noise = np.random.default_rng(0).standard_normal(round(16000 * every_s * (count + 1)))
    samples = (0.001 * noise).astype(np.float32)
    for number in range(count):
        clips = sound_files(REAL_CLIPS / words[number % len(words)])
        word = read_wav(clips[(number + TAKES) % len(clips)]).samples
        start = round(16000 * every_s * (number + 0.5))
        samples[start : start + len(word)] += word
    return samples


def vary(opened: OpenedWindow) -> None:
    """Make two settings vary, as a user does: the mark beside the field, then values."""
    opened.window.show_page("Experiment")
    page = opened.window.page("Experiment")
    page.form.unfold(["features"])
    for path, values in VARIED.items():
        row = page.form.rows[path]
        page.form.focus_field(path)
        QTest.mouseClick(row.mark, Qt.MouseButton.LeftButton)
        row.axis.selectAll()
        QTest.keyClicks(row.axis, values)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
