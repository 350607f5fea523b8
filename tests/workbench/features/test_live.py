"""Clips and the microphone as moving pictures: real clips, and a real microphone stream."""

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio import portaudio
from core.audio.wav import Sound, read_wav, write_wav
from core.features.decibels import log_mel_decibels
from core.features.mel import FeatureExtractor
from core.spec import Features, TrialSpec
from tests.sound import VirtualMicrophone
from tests.workbench.features.actions import RATE, drag, drop, listen, open_page, settled
from workbench.features.live_panel import EMPTY
from workbench.jobs import Jobs
from workbench.pages.features import FeaturesPage
from workbench.preferences import Preferences
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_keys_and_buttons_step_through_the_clips(qtbot: QtBot, page: FeaturesPage, tone_clips: Path) -> None:
    clips = sorted((tone_clips / "high").glob("*.wav"))
    page.setFocus()
    QTest.keyClick(page, Qt.Key.Key_Right)
    assert f"{clips[1].name} (2 of 32)" in page.live.name.text()
    np.testing.assert_array_equal(page.live.sound.samples, read_wav(clips[1]).samples)
    QTest.keyClick(page, Qt.Key.Key_Left)
    qtbot.mouseClick(page.live.source.back, Qt.MouseButton.LeftButton)
    assert f"{clips[-1].name} (32 of 32)" in page.live.name.text()
    label = page.live.source.label
    label.setCurrentText("low")
    label.activated.emit(label.currentIndex())
    assert page.live.name.text().startswith("low/")


def test_coming_back_shows_a_clip_of_the_labels_chosen_meanwhile(
    qtbot: QtBot, page: FeaturesPage, session: Session, tiny_spec: TrialSpec
) -> None:
    settled(qtbot, page)
    page.hide()
    chosen = tiny_spec.dataset.model_copy(update={"labels": ("low", "rising")})
    session.tell_spec(tiny_spec.model_copy(update={"dataset": chosen}))
    page.show()
    assert page.live.name.text().startswith("low/") and page.live.source.label.currentText() == "low"
    qtbot.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    assert not page.live.name.text()


def test_a_dropped_file_is_seen_and_a_broken_one_is_explained(qtbot: QtBot, page: FeaturesPage, tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 3 * RATE).astype(np.float32)
    write_wav(tmp_path / "three seconds.wav", Sound(samples, RATE))
    page.tabs.setCurrentIndex(1)
    drop(page, tmp_path / "three seconds.wav")
    settled(qtbot, page)
    assert page.tabs.currentWidget() is page.live
    assert page.live.name.text() == "three seconds.wav"
    assert page.live.view.pictures["mfcc"].appended == Features().num_frames(3 * RATE)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    drop(page, tmp_path / "broken.wav")
    assert page.live.message.isVisible()
    assert "broken.wav: is not a WAV file" in page.live.message.text.text()
    assert page.live.name.text() == "three seconds.wav"


def test_without_clips_the_page_says_what_it_will_show(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences
) -> None:
    page = open_page(qtbot, session, jobs, preferences)
    assert page.live.pictures.currentWidget().text() == EMPTY
    assert page.live.source.listen.isVisible()
    page.tabs.setCurrentIndex(1)
    assert "Choose a folder" in page.difference.pictures.currentWidget().text()


def test_what_the_microphone_hears_is_seen_to_the_last_bit(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone, tone_clips: Path
) -> None:
    listen(qtbot, page, virtual_microphone.name)
    source, view = page.live.source, page.live.view
    assert source.listen.text() == "Stop"
    heard: list[np.ndarray] = []
    page.live.feed.heard.connect(heard.append)
    played = read_wav(sorted((tone_clips / "rising").glob("*.wav"))[0]).samples
    virtual_microphone.play_samples(played)
    qtbot.waitUntil(lambda: source.meter.level_dbfs > -30)
    qtbot.waitUntil(lambda: source.meter.level_dbfs == -np.inf)
    together = np.concatenate(heard)
    first = np.flatnonzero(together)[0] - np.flatnonzero(played)[0]
    np.testing.assert_array_equal(together[first : first + len(played)], played)
    shown = view.waveform.samples.newest(10**6)[np.newaxis]
    for picture, kind in ((view.pictures["log_mel"], "log_mel"), (view.pictures["mfcc"], "mfcc")):
        columns = FeatureExtractor(Features(kind=kind), shown.shape[1]).compute(shown)[0]
        expected = log_mel_decibels(columns, Features().frame_length) if kind == "log_mel" else columns
        np.testing.assert_allclose(picture.values.newest(10**6), expected, atol=0.02)
    assert not source.meter.clipped
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert source.listen.text() == "Listen"
    assert view.waveform.appended > RATE


def test_the_clip_light_tells_of_what_is_too_loud(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    listen(qtbot, page, virtual_microphone.name)
    square = np.sign(np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)).astype(np.float32)
    virtual_microphone.play_samples(square)
    qtbot.waitUntil(lambda: page.live.source.meter.clipped)
    assert page.live.source.meter.peak == pytest.approx(1, abs=1e-3)
    qtbot.waitUntil(lambda: not page.live.source.meter.clipped)


def test_nobody_is_listened_to_out_of_sight(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    listen(qtbot, page, virtual_microphone.name)
    page.tabs.setCurrentIndex(1)
    assert not page.live.feed.is_listening
    page.tabs.setCurrentIndex(0)
    assert page.live.feed.is_listening
    page.hide()
    assert not page.live.feed.is_listening


def test_a_dead_stream_is_said_and_the_rest_works_on(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    listen(qtbot, page, virtual_microphone.name)
    virtual_microphone.suspend()
    message = page.live.message
    qtbot.waitUntil(lambda: "has given no sound for 2 s" in message.text.text())
    virtual_microphone.resume()
    qtbot.waitUntil(lambda: not message.isVisible())
    virtual_microphone.kill()
    qtbot.waitUntil(lambda: "gives no more sound" in message.text.text())
    assert not page.live.feed.is_listening
    assert page.live.source.listen.text() == "Listen"
    drag(page, "num_mfccs", 0.05)
    settled(qtbot, page)
    qtbot.mouseClick(page.live.source.clip, Qt.MouseButton.LeftButton)
    settled(qtbot, page)
    assert page.live.view.pictures["mfcc"].appended == 49
    virtual_microphone.restart()
    qtbot.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.live.feed.heard):
        pass
    assert not message.isVisible()


def test_without_a_microphone_or_portaudio_a_sentence_says_what_to_do(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Path(os.environ["ALSA_CONFIG_PATH"].split(":")[1])
    empty.write_text("pcm.absent { type hw card 31 }\n")
    with monkeypatch.context() as patch:
        patch.setenv("ALSA_CONFIG_PATH", str(empty))
        qtbot.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    assert "There is no microphone; plug one in" in page.live.message.text.text()
    assert page.live.source.device.currentText() == "No microphone"

    def fail(name: str) -> object:
        raise OSError("PortAudio library not found")

    with monkeypatch.context() as patch:
        patch.setattr(portaudio.importlib, "import_module", fail)
        qtbot.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
        assert "sudo apt-get install libportaudio2" in page.live.message.text.text()
        qtbot.mouseClick(page.live.source.clip, Qt.MouseButton.LeftButton)
        settled(qtbot, page)
        assert page.live.view.pictures["mfcc"].appended == 49
        qtbot.mouseClick(page.live.source.play, Qt.MouseButton.LeftButton)
        assert "sudo apt-get install libportaudio2" in page.live.message.text.text()
        assert page.live.source.play.text() == "Play"


def test_a_clip_is_played_with_a_moving_cursor(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    settled(qtbot, page)
    qtbot.mouseClick(page.live.source.play, Qt.MouseButton.LeftButton)
    frame = page.live.view.pictures["mfcc"]
    qtbot.waitUntil(lambda: frame.cursor_s is not None and frame.cursor_s > 0.2)
    assert page.live.source.play.text() == "Stop"
    assert page.live.source.meter.level_dbfs > -40
    qtbot.waitUntil(lambda: frame.cursor_s is None)
    assert page.live.source.play.text() == "Play"
