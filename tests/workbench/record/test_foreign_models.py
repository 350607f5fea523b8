"""Models from elsewhere on the page: what is particular about them is said, and their end is a sentence."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from core.audio.wav import read_wav
from core.datasets.clips import sound_files
from core.datasets.preprocessing import Preprocessing, save_preprocessing
from core.spec import Features
from tests.core.tiny_models import accumulating, dense
from tests.workbench.record.actions import LIVE
from workbench.pages.record import RecordPage

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]

FEATURES = Features(kind="log_mel", frame_length_ms=160, frame_step_ms=140, num_mel_bins=5, upper_edge_hertz=7000)


def describe(model: Path, *labels: str) -> Path:
    """Put beside a model how its input is made."""
    save_preprocessing(Preprocessing(features=FEATURES, clip_duration_ms=1000, labels=labels), model.parent)
    return model


def test_logits_are_heard_as_probabilities_and_it_is_said(page: RecordPage, tmp_path: Path, tones: Path) -> None:
    assert not page.form_note.isVisible()
    page.open_model(describe(dense(tmp_path / "logits.tflite", (1, 35), ending=""), "go", "stop", "yes"))
    assert page.form_note.isVisible()
    assert "as 1 × 35" in page.form_note.text() and "softmax was applied" in page.form_note.text()
    page.test.session.hear("high", read_wav(sound_files(tones / "high")[0]))
    heard = page.test.session.clips[-1].heard
    assert heard.probabilities.sum() == pytest.approx(1) and (heard.probabilities >= 0).all()
    page.open_model(describe(dense(tmp_path / "plain.tflite"), "go", "stop", "yes"))
    assert not page.form_note.isVisible()
    assert page.test.session.clips[-1].heard.probabilities == pytest.approx(heard.probabilities, abs=1e-5)


def test_a_model_with_state_listens_step_by_step(page: RecordPage, tmp_path: Path) -> None:
    page.open_model(describe(accumulating(tmp_path / "state.tflite"), "other", "word"))
    assert "It has a state" in page.form_note.text() and "“word”" in page.form_note.text()
    stream = page.spotting.stream
    assert stream.spotter.settings.hop_ms == 280
    steps: list = []
    stream.stepped.connect(steps.extend)
    sound = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    stream.hear(sound)
    while stream.is_behind:
        stream.advance()
    assert page.spotting.note.isVisibleTo(page.spotting)
    page.open_model(describe(tmp_path / "state.tflite", "_unknown_", "word"))
    assert not page.spotting.note.isVisibleTo(page.spotting)
    # In 280 ms there is one frame of 160, then there are two more every 280.
    assert [step.time_s for step in steps] == pytest.approx([0.56, 0.84], abs=0.001)


def test_a_model_whose_process_ends_is_a_sentence_and_the_page_goes_on(
    qtbot: QtBot, page: RecordPage, own_trial: Path, tones: Path
) -> None:
    page.tabs.setCurrentIndex(LIVE)
    live, clip = page.spotting, sound_files(tones / "high")[0]
    live.is_active = True
    live.stream.spotter.model._process.kill()
    live.hear(read_wav(clip).samples)
    live.hear(read_wav(clip).samples)
    assert "ended the process that it ran in" in page.message.text.text()
    assert not live.is_active
    page._say("")
    page.test.hear_files([clip])
    qtbot.waitUntil(lambda: "ended the process that it ran in" in page.message.text.text())
    assert not page.test.session.clips
    page.open_model(own_trial)
    page.test.hear_files([clip])
    qtbot.waitUntil(lambda: bool(page.test.session.clips))
    assert page.test.session.clips[-1].heard.label == "high"
