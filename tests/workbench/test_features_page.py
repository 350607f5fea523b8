"""The Features page: real clicks and drags, real clips, and a real microphone stream."""

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio import portaudio
from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.class_difference import compare
from core.features.decibels import log_mel_decibels
from core.features.mel import FeatureExtractor
from core.spec import Dataset, Features, TrialSpec
from tests.sound import VirtualMicrophone
from workbench.features.live_panel import EMPTY
from workbench.jobs import Jobs
from workbench.pages.experiment import ExperimentPage
from workbench.pages.features import SAME, FeaturesPage
from workbench.preferences import Preferences
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]

RATE = 16000


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tiny_spec: TrialSpec) -> FeaturesPage:
    session.tell_spec(tiny_spec)
    return open_page(qtbot, session, jobs, preferences)


def open_page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> FeaturesPage:
    page = FeaturesPage(session, jobs, preferences)
    page.resize(1192, 712)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    return page


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


# Settings and pictures


def test_a_clip_is_seen_at_once_as_the_network_gets_it(qtbot: QtBot, page: FeaturesPage, tone_clips: Path) -> None:
    settled(qtbot, page)
    first = sorted((tone_clips / "high").glob("*.wav"))[0]
    assert page.live.source.shows_clip
    assert first.name in page.live.name.text()
    samples = read_wav(first).samples
    features = Features()
    for name, kind in (("spectrogram", "spectrogram"), ("log_mel", "log_mel"), ("mfccs", "mfcc")):
        picture = getattr(page.live.view, name)
        extractor = FeatureExtractor(features.model_copy(update={"kind": kind}), RATE)
        assert picture.isVisible()
        assert picture.appended == extractor.num_frames
        assert picture.scale.count == extractor.num_coefficients
    expected = FeatureExtractor(features, RATE).compute(samples[np.newaxis])[0]
    np.testing.assert_allclose(page.live.view.mfccs.values.newest(10**6), expected, atol=2e-3)
    qtbot.waitUntil(lambda: len(page.live.card.picture._picture) == 49)
    np.testing.assert_allclose(page.live.card.picture._picture, expected, atol=2e-3)


def test_the_picture_follows_while_a_slider_is_dragged(qtbot: QtBot, page: FeaturesPage) -> None:
    settled(qtbot, page)
    drag(page, "num_mfccs", 0.2, 0.1, 0.05)
    kept = page.form.rows["num_mfccs"].editor.slider.value() + 2
    assert kept < 10
    assert page.form.rows["num_mfccs"].editor.line.text() == str(kept)
    assert page.features == Features(num_mfccs=kept)
    settled(qtbot, page)
    assert page.live.view.mfccs.scale.count == kept
    assert page.live.card.figures["shape"].text() == f"49 × {kept} × 1"
    drag(page, "upper_edge_hertz", 1.0)
    settled(qtbot, page)
    assert page.live.view.log_mel.scale.span == (20.0, 8000.0)


def test_every_field_of_the_section_is_a_control_with_its_words(page: FeaturesPage) -> None:
    assert list(page.form.rows) == list(Features.model_fields)
    for name, row in page.form.rows.items():
        assert row.toolTip() == Features.model_fields[name].description
    hidden = [name for name, row in page.form.rows.items() if row.isHidden()]
    assert hidden == []
    page.draft.set("features.kind", "spectrogram")
    hidden = [name for name, row in page.form.rows.items() if row.isHidden()]
    assert hidden == ["num_mel_bins", "lower_edge_hertz", "upper_edge_hertz", "num_mfccs"]


def test_pictures_beyond_the_one_that_is_given_are_absent(qtbot: QtBot, page: FeaturesPage) -> None:
    view = page.live.view
    box = page.form.rows["kind"].editor.box
    for kind, seen in (("log_mel", [True, True, False]), ("spectrogram", [True, False, False]), ("mfcc", [True] * 3)):
        box.setFocus()
        box.setCurrentIndex(box.findData(kind))
        box.activated.emit(box.currentIndex())
        settled(qtbot, page)
        assert [picture.isVisible() for picture in (view.spectrogram, view.log_mel, view.mfccs)] == seen


def test_a_problem_stands_beneath_its_field_and_the_pictures_stay(qtbot: QtBot, page: FeaturesPage) -> None:
    settled(qtbot, page)
    line = page.form.rows["num_mfccs"].editor.line
    line.selectAll()
    QTest.keyClicks(line, "60")
    assert page.features is None
    assert "at most as many as mel bins (40)" in page.form.rows["num_mfccs"].problem.text().lower()
    assert not page.use_button.isEnabled()
    qtbot.waitUntil(lambda: not page.live._soon.isActive())
    assert page.live.sound.features == Features(num_mfccs=6)
    line.selectAll()
    QTest.keyClicks(line, "13")
    settled(qtbot, page)
    assert page.live.view.mfccs.scale.count == 13


def test_what_the_model_gets_is_counted_and_timed(qtbot: QtBot, page: FeaturesPage) -> None:
    card = page.live.card
    assert card.figures["float_bytes"].text() == "1,960 bytes"
    assert card.figures["int8_bytes"].text() == "490 bytes"
    qtbot.waitUntil(lambda: card.median_ms is not None, timeout=20_000)
    assert 0.01 < card.median_ms < 50
    assert card.figures["time"].text().endswith("ms a clip")
    page.draft.set("features.normalization", "standardize")
    settled(qtbot, page)
    assert "mean and deviation come from the training part" in card.note.text()
    page.draft.set("features.num_mel_bins", 128)
    page.draft.set("features.frame_length_ms", 16.0)
    assert "mel filters hold no frequency" in page.filter_words.text()


def test_settings_go_to_the_experiment_in_one_click_and_come_back(
    qtbot: QtBot, page: FeaturesPage, session: Session, jobs: Jobs, preferences: Preferences, tiny_spec: TrialSpec
) -> None:
    experiment = ExperimentPage(session, jobs, preferences)
    qtbot.addWidget(experiment)
    assert page.state.text() == SAME
    assert not page.use_button.isEnabled()
    page.draft.set("features.num_mfccs", 13)
    assert page.form.rows["num_mfccs"].dot.toolTip() == "Differs from the experiment"
    qtbot.mouseClick(page.use_button, Qt.MouseButton.LeftButton)
    wanted = tiny_spec.model_copy(update={"features": Features(num_mfccs=13)})
    assert experiment.draft.spec == wanted
    assert session.spec == wanted
    assert page.state.text() == SAME
    assert not page.use_button.isEnabled()
    page.draft.set("features.kind", "log_mel")
    qtbot.mouseClick(page.back_button, Qt.MouseButton.LeftButton)
    assert page.features == Features(num_mfccs=13)
    assert page.form.rows["kind"].editor.box.currentText() == "MFCC"


def test_the_page_follows_the_experiment_unless_other_settings_are_tried(
    page: FeaturesPage, session: Session, tiny_spec: TrialSpec
) -> None:
    session.tell_spec(tiny_spec.model_copy(update={"features": Features(num_mfccs=12)}))
    assert page.features == Features(num_mfccs=12)
    page.draft.set("features.num_mfccs", 5)
    session.tell_spec(tiny_spec.model_copy(update={"features": Features(num_mfccs=20)}))
    assert page.features == Features(num_mfccs=5)
    assert page.use_button.isEnabled()


# Clips


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


def _drop(page: FeaturesPage, path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    event = QDropEvent(
        QPointF(300, 300), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    page.dropEvent(event)


def test_a_dropped_file_is_seen_and_a_broken_one_is_explained(qtbot: QtBot, page: FeaturesPage, tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.3, 0.3, 3 * RATE).astype(np.float32)
    write_wav(tmp_path / "three seconds.wav", Sound(samples, RATE))
    page.tabs.setCurrentIndex(1)
    _drop(page, tmp_path / "three seconds.wav")
    settled(qtbot, page)
    assert page.tabs.currentWidget() is page.live
    assert page.live.name.text() == "three seconds.wav"
    assert page.live.view.mfccs.appended == Features().num_frames(3 * RATE)
    (tmp_path / "broken.wav").write_bytes(b"RIFF")
    _drop(page, tmp_path / "broken.wav")
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


# Microphone


def _listen(qtbot: QtBot, page: FeaturesPage, name: str) -> None:
    qtbot.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    menu = page.live.source.device
    menu.setCurrentIndex(next(index for index in range(menu.count()) if menu.itemData(index).name == name))
    qtbot.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.live.feed.heard, timeout=20_000):
        pass


def test_what_the_microphone_hears_is_seen_to_the_last_bit(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone, tone_clips: Path
) -> None:
    _listen(qtbot, page, virtual_microphone.name)
    source, view = page.live.source, page.live.view
    assert source.listen.text() == "Stop"
    heard: list[np.ndarray] = []
    page.live.feed.heard.connect(heard.append)
    played = read_wav(sorted((tone_clips / "rising").glob("*.wav"))[0]).samples
    virtual_microphone.play_samples(played)
    qtbot.waitUntil(lambda: source.meter.level_dbfs > -30, timeout=20_000)
    qtbot.waitUntil(lambda: source.meter.level_dbfs == -np.inf, timeout=20_000)
    together = np.concatenate(heard)
    first = np.flatnonzero(together)[0] - np.flatnonzero(played)[0]
    np.testing.assert_array_equal(together[first : first + len(played)], played)
    shown = view.waveform.samples.newest(10**6)[np.newaxis]
    for picture, kind in ((view.log_mel, "log_mel"), (view.mfccs, "mfcc")):
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
    _listen(qtbot, page, virtual_microphone.name)
    square = np.sign(np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)).astype(np.float32)
    virtual_microphone.play_samples(square)
    qtbot.waitUntil(lambda: page.live.source.meter.clipped, timeout=20_000)
    assert page.live.source.meter.peak == pytest.approx(1, abs=1e-3)
    qtbot.waitUntil(lambda: not page.live.source.meter.clipped, timeout=20_000)


def test_nobody_is_listened_to_out_of_sight(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    _listen(qtbot, page, virtual_microphone.name)
    page.tabs.setCurrentIndex(1)
    assert not page.live.feed.is_listening
    page.tabs.setCurrentIndex(0)
    assert page.live.feed.is_listening
    page.hide()
    assert not page.live.feed.is_listening


def test_a_dead_stream_is_said_and_the_rest_works_on(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    _listen(qtbot, page, virtual_microphone.name)
    virtual_microphone.suspend()
    message = page.live.message
    qtbot.waitUntil(lambda: "has given no sound for 2 s" in message.text.text(), timeout=20_000)
    virtual_microphone.resume()
    qtbot.waitUntil(lambda: not message.isVisible(), timeout=20_000)
    virtual_microphone.kill()
    qtbot.waitUntil(lambda: "gives no more sound" in message.text.text(), timeout=20_000)
    assert not page.live.feed.is_listening
    assert page.live.source.listen.text() == "Listen"
    drag(page, "num_mfccs", 0.05)
    settled(qtbot, page)
    qtbot.mouseClick(page.live.source.clip, Qt.MouseButton.LeftButton)
    settled(qtbot, page)
    assert page.live.view.mfccs.appended == 49
    virtual_microphone.restart()
    qtbot.mouseClick(page.live.source.microphone, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(page.live.source.listen, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.live.feed.heard, timeout=20_000):
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
        assert page.live.view.mfccs.appended == 49
        qtbot.mouseClick(page.live.source.play, Qt.MouseButton.LeftButton)
        assert "sudo apt-get install libportaudio2" in page.live.message.text.text()
        assert page.live.source.play.text() == "Play"


def test_a_clip_is_played_with_a_moving_cursor(
    qtbot: QtBot, page: FeaturesPage, virtual_microphone: VirtualMicrophone
) -> None:
    settled(qtbot, page)
    qtbot.mouseClick(page.live.source.play, Qt.MouseButton.LeftButton)
    frame = page.live.view.mfccs
    qtbot.waitUntil(lambda: frame.cursor_s is not None and frame.cursor_s > 0.2, timeout=20_000)
    assert page.live.source.play.text() == "Stop"
    assert page.live.source.meter.level_dbfs > -40
    qtbot.waitUntil(lambda: frame.cursor_s is None, timeout=20_000)
    assert page.live.source.play.text() == "Play"


# Class difference


def _difference(qtbot: QtBot, page: FeaturesPage) -> None:
    qtbot.mouseClick(page.tabs.tabBar(), Qt.MouseButton.LeftButton, pos=page.tabs.tabBar().tabRect(1).center())
    qtbot.waitUntil(lambda: bool(page.difference.results))


def test_two_labels_stand_beside_their_difference(qtbot: QtBot, page: FeaturesPage, tone_clips: Path) -> None:
    _difference(qtbot, page)
    panel = page.difference
    [expected] = compare(Dataset(folder=str(tone_clips)), ("high", "low"), [Features()])
    np.testing.assert_allclose(panel.results[0].difference, expected.difference, atol=1e-5)
    column = panel.grid.columns[0]
    np.testing.assert_allclose(column.pictures[0]._picture, expected.means[0], atol=1e-5)
    np.testing.assert_allclose(column.pictures[2]._picture, expected.difference, atol=1e-5)
    np.testing.assert_allclose(column.profiles[1].values, np.abs(expected.difference).mean(axis=0), atol=1e-5)
    assert [label.text().split("\n")[0] for label in panel.grid.names[:3]] == ["high", "low", "high − low"]
    panel.shown.setCurrentIndex(1)
    panel.shown.activated.emit(1)
    np.testing.assert_allclose(column.pictures[2]._picture, expected.effect, rtol=1e-4)
    before = panel.results
    panel.second.setCurrentText("rising")
    panel.second.activated.emit(panel.second.currentIndex())
    qtbot.waitUntil(lambda: panel.results is not before)
    assert panel.results[0].labels == ("high", "rising")


def test_three_values_of_a_setting_stand_side_by_side(qtbot: QtBot, page: FeaturesPage) -> None:
    _difference(qtbot, page)
    panel = page.difference
    panel.varied.setCurrentIndex(panel.varied.findData("upper_edge_hertz"))
    panel.varied.activated.emit(panel.varied.currentIndex())
    panel.values.selectAll()
    QTest.keyClicks(panel.values, "8000, 4000, 2000")
    qtbot.waitUntil(lambda: len(panel.results) == 3 and not panel.run.is_running)
    assert [result.features.upper_edge_hertz for result in panel.results] == [8000, 4000, 2000]
    titles = [column.title.text() for column in panel.grid.columns]
    assert titles[0] == "Upper edge 8000 Hz, 49 × 10"
    assert len({column.pictures[2].levels for column in panel.grid.columns}) == 1
    QTest.keyClicks(panel.values, ", 1000")
    qtbot.waitUntil(lambda: "At most 3 values stand side by side" in panel.problem.text())
    panel.values.selectAll()
    QTest.keyClicks(panel.values, "9000")
    qtbot.waitUntil(lambda: "Upper edge 9000 Hz" in panel.problem.text())
    assert len(panel.results) == 3


def test_the_difference_follows_a_drag(qtbot: QtBot, page: FeaturesPage) -> None:
    _difference(qtbot, page)
    drag(page, "num_mfccs", 0.2, 0.1, 0.03)
    kept = page.features.num_mfccs
    qtbot.waitUntil(lambda: page.difference.results[0].difference.shape == (49, kept))
    qtbot.waitUntil(lambda: page.difference.grid.columns[0].pictures[0].scale.count == kept)


def test_clips_that_are_excluded_are_averaged_no_more(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tiny_spec: TrialSpec, own_tone_clips: Path
) -> None:
    from core.datasets.edits import ClipEdit

    session.tell_spec(tiny_spec.model_copy(update={"dataset": Dataset(folder=str(own_tone_clips))}))
    page = open_page(qtbot, session, jobs, preferences)
    _difference(qtbot, page)
    assert page.difference.results[0].counts == (16, 16)
    name = sorted((own_tone_clips / "low").glob("*.wav"))[0].relative_to(own_tone_clips).as_posix()
    session.edit_clips(own_tone_clips, {name: ClipEdit(excluded=True)}, "exclude a clip")
    qtbot.waitUntil(lambda: page.difference.results[0].counts == (16, 15))
