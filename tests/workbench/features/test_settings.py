"""The settings, and the pictures of a clip that follow them: real clicks and drags."""

import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio.wav import read_wav
from core.features.mel import FeatureExtractor
from core.spec import Features, TrialSpec
from tests.workbench.features.actions import RATE, drag, settled
from workbench.jobs import Jobs
from workbench.pages.experiment import ExperimentPage
from workbench.pages.features import SAME, FeaturesPage
from workbench.preferences import Preferences
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_a_clip_is_seen_at_once_as_the_network_gets_it(qtbot: QtBot, page: FeaturesPage, tone_clips: Path) -> None:
    settled(qtbot, page)
    first = sorted((tone_clips / "high").glob("*.wav"))[0]
    assert page.live.source.shows_clip
    assert first.name in page.live.name.text()
    samples = read_wav(first).samples
    features = Features()
    for kind in ("spectrogram", "log_mel", "mfcc"):
        picture = page.live.view.pictures[kind]
        extractor = FeatureExtractor(features.model_copy(update={"kind": kind}), RATE)
        assert picture.isVisible()
        assert picture.appended == extractor.num_frames
        assert picture.scale.count == extractor.num_coefficients
    expected = FeatureExtractor(features, RATE).compute(samples[np.newaxis])[0]
    np.testing.assert_allclose(page.live.view.pictures["mfcc"].values.newest(10**6), expected, atol=2e-3)
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
    assert page.live.view.pictures["mfcc"].scale.count == kept
    assert page.live.card.figures["shape"].text() == f"49 × {kept} × 1"
    drag(page, "upper_edge_hertz", 1.0)
    settled(qtbot, page)
    assert page.live.view.pictures["log_mel"].scale.span == (20.0, 8000.0)


def test_a_slider_runs_over_what_the_other_settings_allow(qtbot: QtBot, page: FeaturesPage) -> None:
    drag(page, "num_mfccs", 1.0)
    assert page.features == Features(num_mfccs=40)
    drag(page, "num_mel_bins", 0.0)
    assert page.features == Features(num_mfccs=40)
    drag(page, "num_mfccs", 0.0)
    drag(page, "num_mel_bins", 1.0)
    assert page.features == Features(num_mfccs=2, num_mel_bins=128)
    assert page.form.rows["num_mfccs"].editor.values[-1] == 128
    drag(page, "frame_length_ms", 1.0)
    assert page.features is not None
    assert page.form.rows["fft_length"].editor.values == (0, 4096, 8192)
    settled(qtbot, page)


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
    for kind, seen in (("log_mel", [True, True, False]), ("spectrogram", [True, False, False]), ("mfcc", [True] * 3)):
        _choose_kind(page, kind)
        settled(qtbot, page)
        assert [view.pictures[name].isVisible() for name in ("spectrogram", "log_mel", "mfcc")] == seen


def _choose_kind(page: FeaturesPage, kind: str) -> None:
    box = page.form.rows["kind"].editor.box
    box.setFocus()
    box.setCurrentIndex(box.findData(kind))
    box.activated.emit(box.currentIndex())


def test_the_micro_front_end_is_seen_in_its_own_scale(qtbot: QtBot, page: FeaturesPage) -> None:
    _choose_kind(page, "micro_frontend")
    settled(qtbot, page)
    view, card = page.live.view, page.live.card
    assert [kind for kind, picture in view.pictures.items() if picture.isVisible()] == ["micro_frontend"]
    picture = view.pictures["micro_frontend"]
    assert (picture.scale.kind, picture.scale.count, picture.scale.unit) == ("channel", 40, "")
    assert picture.levels == (0.0, 26.0)
    assert card.figures["shape"].text() == "98 × 40 × 1"
    qtbot.waitUntil(lambda: len(card.picture._picture) == 98)
    np.testing.assert_array_equal(card.picture._picture, page.live.sound.model_input())
    seen = {name for name, row in page.form.rows.items() if not row.isHidden()}
    assert seen == {"kind", "sample_rate", "normalization"}
    assert page.use_button.isEnabled()
    assert page.gist.text() == "Micro front end 40"
    assert page.filter_words.text() == "Its own 40 filters from 125 to 7,500 Hz: nothing to set"


def test_a_waveform_is_said_to_have_no_picture_and_to_train_nothing(qtbot: QtBot, page: FeaturesPage) -> None:
    _choose_kind(page, "waveform")
    settled(qtbot, page)
    view, card = page.live.view, page.live.card
    assert page.live.sound.features.kind == "waveform"
    assert not any(picture.isVisible() for picture in view.pictures.values())
    assert view.waveform.isVisible() and view.waveform.appended == RATE
    assert card.figures["shape"].text() == "16000"
    assert "there is no picture" in card.note.text() and not card.picture.isVisible()
    assert page.filter_words.text() == "No mel filters: the network gets the samples"
    assert "The networks here learn from pictures" in page.form.rows["kind"].problem.text()
    assert page.gist.text() == "Waveform, 16 kHz"


def test_a_missing_package_is_said_at_the_field_and_the_pictures_stay(
    qtbot: QtBot, page: FeaturesPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled(qtbot, page)
    before = page.live.sound.features
    monkeypatch.setitem(sys.modules, "pymicro_features", None)
    _choose_kind(page, "micro_frontend")
    assert 'pip install "tinyml-workbench[micro]"' in page.form.rows["kind"].problem.text()
    assert not page.use_button.isEnabled()
    qtbot.waitUntil(lambda: not page.live._soon.isActive())
    assert page.live.sound.features == before


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
    assert page.live.view.pictures["mfcc"].scale.count == 13


def test_what_the_model_gets_is_counted_and_timed(qtbot: QtBot, page: FeaturesPage) -> None:
    card = page.live.card
    assert card.figures["float_bytes"].text() == "1,960 bytes"
    assert card.figures["int8_bytes"].text() == "490 bytes"
    qtbot.waitUntil(lambda: card.cost_ms is not None)
    assert 0.01 < card.cost_ms < 50
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


def test_what_the_model_gets_follows_what_was_set_out_of_sight(qtbot: QtBot, page: FeaturesPage) -> None:
    settled(qtbot, page)
    qtbot.waitUntil(lambda: len(page.live.card.picture._picture) == 49)
    page.tabs.setCurrentWidget(page.difference)
    _choose_kind(page, "micro_frontend")
    settled(qtbot, page)
    page.tabs.setCurrentWidget(page.live)
    qtbot.waitUntil(lambda: len(page.live.card.picture._picture) == 98)
