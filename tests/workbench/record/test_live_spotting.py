"""The tab that spots words live, in sound through a virtual microphone."""

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio.wav import read_wav
from core.datasets.clips import sound_files
from tests.sound import VirtualMicrophone
from tests.workbench.record.actions import LIVE, RATE, SOUND_MS, WORDS, WORKING_POINT, choose_device, click, in_stream
from workbench.pages.record import RecordPage
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]

FIRST_S, EVERY_S = 1.2, 1.4


def test_words_are_spotted_live_and_a_dead_stream_is_said(
    qtbot: QtBot, page: RecordPage, virtual_microphone: VirtualMicrophone, tones: Path
) -> None:
    choose_device(page, virtual_microphone.name)
    page.tabs.setCurrentIndex(LIVE)
    live = page.spotting
    live.form.threshold.setValue(0.7)
    QTest.keyClick(page, Qt.Key.Key_Space)
    spoken = [("high", 1.0), ("rising", 2.6), ("high", 4.2)]
    samples = (0.002 * np.random.default_rng(0).standard_normal(6 * RATE)).astype(np.float32)
    for number, (label, time_s) in enumerate(spoken):
        start = round(time_s * RATE)
        samples[start : start + RATE] += read_wav(sound_files(tones / label)[number]).samples
    heard: list[np.ndarray] = []
    page.feed.heard.connect(heard.append)
    virtual_microphone.play_samples(samples)
    qtbot.waitUntil(lambda: len(live.detections) == 3, timeout=SOUND_MS)
    assert [detection.label for detection in live.detections] == [label for label, _ in spoken]
    together = np.concatenate(heard)
    began_s = np.flatnonzero(together)[0] / RATE
    for detection, (_, time_s) in zip(live.detections, spoken, strict=True):
        assert 0.2 < detection.time_s - began_s - time_s < 1.6
    qtbot.waitUntil(lambda: len(live.timeline.marks) == 3)
    assert live.word.word == "high"
    assert live.fired.count() == 3 and "high" in live.fired.item(0).text()
    qtbot.waitUntil(lambda: "of a core" in live.costs.text())
    virtual_microphone.kill()
    qtbot.waitUntil(lambda: "gives no more sound" in page.message.text.text(), timeout=SOUND_MS)
    assert not live.is_active and live.listen.text() == "Listen"
    assert live.fired.count() == 3


def test_a_threshold_that_is_not_reached_keeps_silent_and_a_bad_setting_is_a_sentence(
    page: RecordPage, tones: Path
) -> None:
    page.tabs.setCurrentIndex(LIVE)
    live = page.spotting
    live.is_active = True
    clip = np.concatenate([np.zeros(RATE, np.float32), read_wav(sound_files(tones / "high")[0]).samples])
    live.form.threshold.setValue(1.0)
    live.stream.spotter.push(clip)
    assert not live.detections
    live.form.boxes["minimum_count"].setValue(900)
    assert live.form.fault.isVisible() and "must not exceed" in live.form.fault.text()
    assert live.stream.spotter.settings.minimum_count == 2
    live.form.boxes["minimum_count"].setValue(3)
    assert not live.form.fault.isVisible()
    assert live.stream.spotter.settings.minimum_count == 3
    assert page.tuner.form.boxes["minimum_count"].value() == 3
    live.is_active = False


def test_a_model_that_knows_no_other_words_is_told_how_to_train_one_that_does(
    qtbot: QtBot, page: RecordPage, session: Session, reference_model: Path
) -> None:
    page.tabs.setCurrentIndex(LIVE)
    live = page.spotting
    assert "no label for other words" in live.note.text() and "Train with _unknown_" in live.note.text()
    with qtbot.waitSignal(session.dataset_requested) as asked:
        click(qtbot, live.quieter)
    assert asked.args[0].include_silence and asked.args[0].include_unknown
    # Who listens goes on with the other model.
    live.is_active = True
    page.open_model(reference_model)
    assert not live.note.isVisible() and not live.quieter.isVisible()
    assert live.is_active and live.timeline.labels == page.chosen.preprocessing.labels
    live.is_active = False


def test_eight_words_are_spotted_live_at_their_times(
    qtbot: QtBot,
    page: RecordPage,
    virtual_microphone: VirtualMicrophone,
    clear_clips: dict[str, Path],
    reference_model: Path,
) -> None:
    choose_device(page, virtual_microphone.name)
    page.open_model(reference_model)
    page.tabs.setCurrentIndex(LIVE)
    live = page.spotting
    page.use_settings(WORKING_POINT)
    samples = in_stream(list(clear_clips.values()), FIRST_S, EVERY_S)
    heard: list[np.ndarray] = []
    page.feed.heard.connect(heard.append)
    click(qtbot, live.listen)
    virtual_microphone.play_samples(samples)
    qtbot.waitUntil(lambda: len(live.detections) == len(WORDS), timeout=SOUND_MS)
    began_s = np.flatnonzero(np.concatenate(heard))[0] / RATE
    for number, (word, detection) in enumerate(zip(WORDS, live.detections, strict=True)):
        assert detection.label == word
        assert 0.2 < detection.time_s - began_s - FIRST_S - EVERY_S * number < 1.3
