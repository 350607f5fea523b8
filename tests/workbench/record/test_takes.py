"""The tab that records: real clicks and keys, real sound through a virtual microphone, a trained model."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from core.audio import portaudio
from core.audio.wav import read_format
from core.datasets.clips import sound_files
from core.experiment.clip_classification import ClipClassifier
from core.experiment.model_choice import choose_model
from core.spec import Dataset, KeywordSpottingSpec
from tests.sound import VirtualMicrophone
from tests.workbench.record.actions import (
    RATE,
    SOUND_MS,
    WORDS,
    choose_device,
    click,
    drop,
    fill_in,
    likeness,
    record_all,
)
from workbench.pages.record import RecordPage
from workbench.record.takes import Phase

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]


def test_takes_are_the_sound_that_was_heard_and_a_data_set_like_any_other(
    qtbot: QtBot, page: RecordPage, virtual_microphone: VirtualMicrophone, tones: Path, tmp_path: Path
) -> None:
    choose_device(page, virtual_microphone.name)
    fill_in(page, tmp_path / "mine", "high, rising")
    clips = {label: sound_files(tones / label)[0] for label in ("high", "rising")}
    record_all(qtbot, page, virtual_microphone, clips)
    saved = sorted((tmp_path / "mine").rglob("*.wav"))
    assert [path.parent.name for path in saved] == ["high", "rising"]
    speaker = page.record.recorder.speaker_of("Ada")
    for path in saved:
        assert path.name == f"{speaker}_nohash_0.wav"
        form = read_format(path)
        assert (form.num_channels, form.sample_bytes, form.sample_rate, form.num_frames) == (1, 2, RATE, RATE)
        assert likeness(path, clips[path.parent.name]) > 0.9
    table = page.record.table
    assert [row.label for row in table.takes.rows] == ["rising", "high"]
    assert all(row.heard.label == row.label for row in table.takes.rows)
    assert page.record.count.text() == "2 takes of 2 words saved"

    # Once more: the better take stays, under a number of its own.
    table.selectRow(1)
    QTest.keyClick(table, Qt.Key.Key_R)
    recorder = page.record.recorder
    qtbot.waitUntil(lambda: recorder.phase is Phase.SPEAK, timeout=SOUND_MS)
    other = sound_files(tones / "high")[5]
    virtual_microphone.play(other)
    qtbot.waitUntil(lambda: recorder.phase is Phase.IDLE, timeout=SOUND_MS)
    assert [path.name for path in sound_files(tmp_path / "mine" / "high")] == [f"{speaker}_nohash_1.wav"]
    assert likeness(sound_files(tmp_path / "mine" / "high")[0], other) > 0.9
    table.selectRow(0)
    content = sound_files(tmp_path / "mine" / "high")[0].read_bytes()
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert not sound_files(tmp_path / "mine" / "high")
    assert table.takes.rowCount() == 1
    assert page.session.undo() == f"delete high/{speaker}_nohash_1.wav"
    (restored,) = sound_files(tmp_path / "mine" / "high")
    assert restored.read_bytes() == content
    assert [row.label for row in table.takes.rows] == ["high", "rising"]
    # The take that was replaced is not lost either.
    page.session.undo()
    assert len(sound_files(tmp_path / "mine" / "high")) == 2
    assert page.record.count.text() == "3 takes of 2 words saved"


def test_a_killed_sound_server_ends_the_batch_with_a_sentence_and_it_can_go_on(
    qtbot: QtBot, page: RecordPage, virtual_microphone: VirtualMicrophone, tones: Path, tmp_path: Path
) -> None:
    choose_device(page, virtual_microphone.name)
    fill_in(page, tmp_path / "mine", "high, low")
    recorder = page.record.recorder
    click(qtbot, page.record.record)
    qtbot.waitUntil(lambda: recorder.phase is Phase.SPEAK, timeout=SOUND_MS)
    virtual_microphone.play(sound_files(tones / "high")[0])
    qtbot.waitUntil(lambda: len(recorder.takes) == 1, timeout=SOUND_MS)
    virtual_microphone.kill()
    qtbot.waitUntil(lambda: "gives no more sound" in page.message.text.text(), timeout=SOUND_MS)
    assert page.message.isVisible()
    assert recorder.phase is Phase.IDLE and page.record.record.text() == "Record"
    assert len(sound_files(tmp_path / "mine" / "high")) == 1
    # The rest works on: a clip is heard without a microphone.
    drop(page, sound_files(tones / "low")[0])
    qtbot.waitUntil(lambda: page.test.result.label.text().startswith("low"))
    page.tabs.setCurrentIndex(0)
    virtual_microphone.restart()
    page.message.show()
    click(qtbot, page.message.button)
    qtbot.waitUntil(lambda: recorder.phase is Phase.SPEAK, timeout=SOUND_MS)
    assert not page.message.isVisible()
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert recorder.phase is Phase.IDLE and not page.feed.is_listening


def test_the_words_are_those_of_the_experiment_until_others_are_written(page: RecordPage, tones: Path) -> None:
    words = page.record.form.words
    told = KeywordSpottingSpec(dataset=Dataset(folder=str(tones)))
    page.session.tell_spec(told)
    assert words.text() == "high, low, rising"
    chosen = told.dataset.model_copy(update={"labels": ("low", "high")})
    page.session.tell_spec(told.model_copy(update={"dataset": chosen}))
    assert words.text() == "low, high"
    words.clear()
    QTest.keyClicks(words, "mine")
    page.session.tell_spec(told)
    assert words.text() == "mine"


def test_what_cannot_be_recorded_is_a_sentence(
    qtbot: QtBot,
    page: RecordPage,
    virtual_microphone: VirtualMicrophone,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    page.record.form.words.setText("")
    click(qtbot, page.record.record)
    assert "Name at least one word" in page.message.text.text()
    fill_in(page, tmp_path / "mine", "up/down")
    click(qtbot, page.record.record)
    assert "can not be a label" in page.message.text.text()
    fill_in(page, tmp_path / "mine", "go")
    empty = Path(os.environ["ALSA_CONFIG_PATH"].split(":")[1])
    written = empty.read_text()
    empty.write_text("pcm.absent { type hw card 31 }\n")
    with monkeypatch.context() as patch:
        patch.setenv("ALSA_CONFIG_PATH", str(empty))
        page.look_for_devices()
        click(qtbot, page.record.record)
    assert "There is no microphone; plug one in" in page.message.text.text()
    assert page.device.currentText() == "No microphone"
    assert page.record.record.text() == "Record"

    def fail(name: str) -> object:
        raise OSError("PortAudio library not found")

    with monkeypatch.context() as patch:
        patch.setattr(portaudio.importlib, "import_module", fail)
        click(qtbot, page.message.button)
        assert "sudo apt-get install libportaudio2" in page.message.text.text()
    empty.write_text(written)
    choose_device(page, virtual_microphone.name)
    click(qtbot, page.record.record)
    assert page.feed.is_listening
    # Another microphone takes the place of the first, and the batch goes on.
    devices = [page.device.itemData(at).name for at in range(page.device.count())]
    other = devices.index(virtual_microphone.stereo_name)
    page.device.setCurrentIndex(other)
    page.device.activated.emit(other)
    assert page.feed.is_listening and page.record.is_active
    with qtbot.waitSignal(page.feed.heard, timeout=SOUND_MS):
        pass
    # One that is gone ends it.
    gone = replace(page.device.chosen, name="gone", index=99)
    page.device.setItemData(other, gone)
    page.device.activated.emit(other)
    assert "gone" in page.message.text.text()
    assert not page.feed.is_listening and not page.record.is_active
    page.device.setCurrentIndex(devices.index(virtual_microphone.name))
    click(qtbot, page.record.record)
    assert page.feed.is_listening
    page.hide()
    assert not page.feed.is_listening and not page.record.is_active


def test_eight_words_are_recorded_as_they_were_played_and_heard_alike(
    qtbot: QtBot,
    page: RecordPage,
    virtual_microphone: VirtualMicrophone,
    clear_clips: dict[str, Path],
    reference_model: Path,
    tmp_path: Path,
) -> None:
    choose_device(page, virtual_microphone.name)
    page.open_model(reference_model)
    fill_in(page, tmp_path / "mine", ", ".join(WORDS))
    record_all(qtbot, page, virtual_microphone, clear_clips)
    classifier = ClipClassifier(choose_model(reference_model))
    rows = {row.label: row for row in page.record.table.takes.rows}
    for word, original in clear_clips.items():
        (saved,) = sound_files(tmp_path / "mine" / word)
        assert likeness(saved, original) > 0.9
        assert classifier.classify_file(saved).label == classifier.classify_file(original).label == word
        assert rows[word].heard.label == word
