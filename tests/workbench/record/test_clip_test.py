"""The tab that tries a model on clips: recorded, chosen, dropped, right and wrong."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio.wav import Sound, read_wav, write_wav
from core.datasets.clips import sound_files
from tests.sound import VirtualMicrophone
from tests.workbench.record.actions import (
    LIVE,
    RATE,
    SOUND_MS,
    TEST,
    THRESHOLD,
    choose,
    choose_device,
    click,
    drop,
    likeness,
    open_page,
)
from workbench.jobs import Jobs
from workbench.pages.record import RecordPage
from workbench.preferences import Preferences
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_a_clip_is_heard_counted_and_added_to_the_data(
    qtbot: QtBot, page: RecordPage, virtual_microphone: VirtualMicrophone, tones: Path, tmp_path: Path
) -> None:
    choose_device(page, virtual_microphone.name)
    page.record.form.folder.line.setText(str(tmp_path / "mine"))
    page.tabs.setCurrentIndex(TEST)
    test = page.test
    choose(test.word, "high")
    QTest.keyClick(page, Qt.Key.Key_Space)
    assert test.prompt.word == "high"
    with qtbot.waitSignal(page.feed.heard, timeout=SOUND_MS):
        pass
    virtual_microphone.play(sound_files(tones / "high")[2])
    qtbot.waitUntil(lambda: bool(test.table.rows.clips), timeout=SOUND_MS)
    assert not page.feed.is_listening
    result = test.result
    qtbot.waitUntil(lambda: result.label.text().startswith("high"))
    assert result.verdict.text() == "right"
    assert result.bars.labels == ("_silence_", "high", "low", "rising")
    assert sum(result.bars.probabilities) == pytest.approx(1, abs=0.05)
    assert result.picture._picture.shape == test.session.clips[0].heard.picture.shape
    assert "nothing to improve" in result.advice.text()

    drop(page, *sound_files(tones / "low")[:3])
    qtbot.waitUntil(lambda: test.score.text() == "4 of 4 right")
    choose(result.expected, "rising")
    qtbot.waitUntil(lambda: test.score.text() == "3 of 4 right")
    assert result.verdict.text() == "wrong"
    # A tone is loud all the time, which is worth saying before anything else.
    assert "Loud from beginning to end" in result.advice.text()
    quality = test.session.quality
    assert quality.confusion[quality.labels.index("rising")][quality.labels.index("low")] == 1

    choose(result.expected, "low")
    qtbot.waitUntil(lambda: result.add.text() == "Add to the data as low")
    click(qtbot, result.add)
    added = sound_files(tmp_path / "mine" / "low")
    assert len(added) == 1 and likeness(added[0], sound_files(tones / "low")[2]) > 0.99
    qtbot.waitUntil(lambda: result.add.text() == "In the data" and not result.add.isEnabled())
    page.session.undo()
    assert not added[0].exists()
    qtbot.waitUntil(lambda: result.add.text() == "Add to the data as low" and result.add.isEnabled())
    click(qtbot, test.anew)
    qtbot.waitUntil(lambda: test.score.text() == "Nothing judged yet")


def test_a_model_from_elsewhere_asks_for_its_settings_and_a_broken_file_is_a_sentence(
    qtbot: QtBot, page: RecordPage, own_trial: Path, tones: Path, tmp_path: Path
) -> None:
    page.tabs.setCurrentIndex(TEST)
    alone = tmp_path / "alone"
    alone.mkdir()
    model = Path(shutil.copy(own_trial / "model.tflite", alone / "words.tflite"))
    drop(page, model)
    assert page.foreign.isVisible() and "words.tflite" in page.foreign.words.text()
    spec = tmp_path / "words.toml"
    spec.write_text('[features]\nnum_mel_bins = 20\nnormalization = "clip_mean"\n')
    QTest.keyClicks(page.foreign.labels, "quiet, h, l")
    page.foreign.take(spec)
    assert "gives 4 outputs, 3 labels are named" in page.message.text.text()
    page.foreign.ask_for(model)
    page.foreign.labels.clear()
    QTest.keyClicks(page.foreign.labels, "quiet, h, l, r")
    page.foreign.take(spec)
    assert not page.foreign.isVisible()
    assert page.model.currentText() == "words.tflite"
    drop(page, sound_files(tones / "high")[0])
    qtbot.waitUntil(lambda: page.test.result.bars.labels == ("quiet", "h", "l", "r"))
    text = tmp_path / "text.tflite"
    text.write_text("no model")
    (tmp_path / "preprocessing.json").write_bytes((own_trial / "preprocessing.json").read_bytes())
    drop(page, text)
    assert "not a .tflite file" in page.message.text.text()
    assert page.model.currentText() == "words.tflite"
    drop(page, spec)
    qtbot.waitUntil(lambda: "is not a sound file" in page.message.text.text())


def test_folders_and_long_clips_are_heard_and_every_file_that_was_not_is_counted(
    qtbot: QtBot, page: RecordPage, tones: Path, tmp_path: Path
) -> None:
    page.tabs.setCurrentIndex(TEST)
    mixed = tmp_path / "mixed" / "high"
    mixed.mkdir(parents=True)
    tone = read_wav(sound_files(tones / "high")[0]).samples
    silence = np.zeros(2 * RATE, np.float32)
    write_wav(mixed / "long.wav", Sound(np.concatenate([silence, tone, silence]), RATE))
    (mixed / "empty.wav").touch()
    (mixed / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "bare").mkdir()
    drop(page, tmp_path / "bare")
    assert "bare: holds no sound that is read here" in page.message.text.text()
    drop(page, mixed.parent)
    qtbot.waitUntil(lambda: page.test.score.text() == "1 of 1 right")
    assert page.message.text.text().startswith("2 files were not heard, the first of them")
    assert "broken.wav: is not a WAV file" in page.message.text.text()
    assert page.test.result.costs.text().startswith("From 2.00 s on · features")
    assert page.test.table.columnWidth(4) >= page.test.table.sizeHintForColumn(4)


def test_before_anything_is_trained_the_page_says_what_it_will_show(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences
) -> None:
    page = open_page(qtbot, session, jobs, preferences)
    assert page.model.currentText() == "No trained trial yet"
    for tab, empty in zip((TEST, LIVE, THRESHOLD), page.without_model, strict=True):
        page.tabs.setCurrentIndex(tab)
        assert empty.isVisible() and empty.button.text() == "Set up a trial"
        QTest.keyClick(page, Qt.Key.Key_Space)
        assert not page.feed.is_listening
