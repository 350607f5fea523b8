"""The Record & test page: real clicks and keys, real sound through a virtual microphone, a trained model."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QWidget
from pytestqt.qtbot import QtBot

from core.audio import portaudio
from core.audio.wav import read_format, read_wav
from core.datasets.clips import wav_files
from core.datasets.preprocessing import Preprocessing, save_preprocessing
from core.evaluation.detection import DetectionSettings
from core.experiment.clip_classification import ClipClassifier
from core.experiment.model_choice import choose_model
from core.experiment.spotting import load_working_point, open_spotter
from core.spec import Features
from tests.sound import VirtualMicrophone
from tests.workbench.conftest import WORKER_MS
from workbench.jobs import Jobs
from workbench.listening.point_table import PointTable
from workbench.listening.threshold_curve import ThresholdCurve, WorkingPoint
from workbench.pages.record import RecordPage
from workbench.preferences import Preferences
from workbench.record import takes
from workbench.record.takes import Phase
from workbench.session import Session

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]

RATE = 16000
SOUND_MS = 20_000
REFERENCE_MODEL = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "models" / "mlperf_tiny_kws_ref_model.tflite"
)
WORDS = ("down", "go", "left", "no", "right", "stop", "up", "yes")
REFERENCE_LABELS = (*sorted((*WORDS, "off", "on")), "_silence_", "_unknown_")
TEST, LIVE, THRESHOLD = 1, 2, 3
WORKING_POINT = DetectionSettings(average_window_ms=200, threshold=0.7, suppression_ms=700)
NOISE = 0.0005
FIRST_S, EVERY_S = 1.2, 1.4


@pytest.fixture(autouse=True)
def short_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen for little more than the second that a clip lasts."""
    monkeypatch.setattr(takes, "TAKE_S", 1.6)


@pytest.fixture
def own_trial(tone_trial: Path, tmp_path: Path) -> Path:
    """A copy of the trial's folder, in a study that the test may change."""
    shutil.copytree(tone_trial.parents[1], tmp_path / "study")
    return tmp_path / "study" / "trials" / tone_trial.name


@pytest.fixture
def tones(tone_trial: Path) -> Path:
    """Folder of the tones that the trial knows."""
    return tone_trial.parents[2] / "clips"


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, own_trial: Path) -> RecordPage:
    """The page on a study with one trained trial."""
    session.open_study(own_trial.parents[1])
    return open_page(qtbot, session, jobs, preferences)


@pytest.fixture
def reference_model(tmp_path: Path) -> Path:
    """A model that nobody here trained, with its preprocessing beside it."""
    if not REFERENCE_MODEL.is_file():
        pytest.skip(f"needs {REFERENCE_MODEL}")
    features = Features(frame_length_ms=30, frame_step_ms=20, peak_normalization=True)
    (tmp_path / "reference").mkdir()
    save_preprocessing(
        Preprocessing(features=features, clip_duration_ms=1000, labels=REFERENCE_LABELS), tmp_path / "reference"
    )
    return Path(shutil.copy(REFERENCE_MODEL, tmp_path / "reference" / "model.tflite"))


def open_page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> RecordPage:
    page = RecordPage(session, jobs, preferences)
    page.resize(1192, 712)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
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


# Record


def test_takes_are_the_sound_that_was_heard_and_a_data_set_like_any_other(
    qtbot: QtBot, page: RecordPage, virtual_microphone: VirtualMicrophone, tones: Path, tmp_path: Path
) -> None:
    choose_device(page, virtual_microphone.name)
    fill_in(page, tmp_path / "mine", "high, rising")
    clips = {label: wav_files(tones / label)[0] for label in ("high", "rising")}
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
    other = wav_files(tones / "high")[5]
    virtual_microphone.play(other)
    qtbot.waitUntil(lambda: recorder.phase is Phase.IDLE, timeout=SOUND_MS)
    assert [path.name for path in wav_files(tmp_path / "mine" / "high")] == [f"{speaker}_nohash_1.wav"]
    assert likeness(wav_files(tmp_path / "mine" / "high")[0], other) > 0.9
    table.selectRow(0)
    QTest.keyClick(table, Qt.Key.Key_Delete)
    assert not wav_files(tmp_path / "mine" / "high")
    assert table.takes.rowCount() == 1


def test_a_killed_sound_server_ends_the_batch_with_a_sentence_and_it_can_go_on(
    qtbot: QtBot, page: RecordPage, virtual_microphone: VirtualMicrophone, tones: Path, tmp_path: Path
) -> None:
    choose_device(page, virtual_microphone.name)
    fill_in(page, tmp_path / "mine", "high, low")
    recorder = page.record.recorder
    click(qtbot, page.record.record)
    qtbot.waitUntil(lambda: recorder.phase is Phase.SPEAK, timeout=SOUND_MS)
    virtual_microphone.play(wav_files(tones / "high")[0])
    qtbot.waitUntil(lambda: len(recorder.takes) == 1, timeout=SOUND_MS)
    virtual_microphone.kill()
    qtbot.waitUntil(lambda: "gives no more sound" in page.message.text.text(), timeout=SOUND_MS)
    assert page.message.isVisible()
    assert recorder.phase is Phase.IDLE and page.record.record.text() == "Record"
    assert len(wav_files(tmp_path / "mine" / "high")) == 1
    # The rest works on: a clip is heard without a microphone.
    drop(page, wav_files(tones / "low")[0])
    qtbot.waitUntil(lambda: page.test.result.label.text().startswith("low"))
    page.tabs.setCurrentIndex(0)
    virtual_microphone.restart()
    page.message.show()
    click(qtbot, page.message.button)
    qtbot.waitUntil(lambda: recorder.phase is Phase.SPEAK, timeout=SOUND_MS)
    assert not page.message.isVisible()
    QTest.keyClick(page, Qt.Key.Key_Escape)
    assert recorder.phase is Phase.IDLE and not page.feed.is_listening


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
    page.hide()
    assert not page.feed.is_listening and not page.record.is_active


# Test


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
    virtual_microphone.play(wav_files(tones / "high")[2])
    qtbot.waitUntil(lambda: bool(test.table.rows.clips), timeout=SOUND_MS)
    assert not page.feed.is_listening
    result = test.result
    qtbot.waitUntil(lambda: result.label.text().startswith("high"))
    assert result.verdict.text() == "right"
    assert result.bars.labels == ("_silence_", "high", "low", "rising")
    assert sum(result.bars.probabilities) == pytest.approx(1, abs=0.05)
    assert result.picture._picture.shape == test.session.clips[0].heard.picture.shape
    assert "nothing to mend" in result.advice.text()

    drop(page, *wav_files(tones / "low")[:3])
    qtbot.waitUntil(lambda: test.score.text() == "4 of 4 right")
    choose(result.expected, "rising")
    qtbot.waitUntil(lambda: test.score.text() == "3 of 4 right")
    assert "rising was said" in result.verdict.text()
    # A tone is loud all the time, which is worth saying before anything else.
    assert "Loud from beginning to end" in result.advice.text()
    quality = test.session.quality
    assert quality.confusion[quality.labels.index("rising")][quality.labels.index("low")] == 1

    choose(result.expected, "low")
    qtbot.waitUntil(lambda: result.add.text() == "Add to the data as low")
    click(qtbot, result.add)
    added = wav_files(tmp_path / "mine" / "low")
    assert len(added) == 1 and likeness(added[0], wav_files(tones / "low")[2]) > 0.99
    qtbot.waitUntil(lambda: result.add.text() == "In the data" and not result.add.isEnabled())
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
    drop(page, wav_files(tones / "high")[0])
    qtbot.waitUntil(lambda: page.test.result.bars.labels == ("quiet", "h", "l", "r"))
    text = tmp_path / "text.tflite"
    text.write_text("no model")
    (tmp_path / "preprocessing.json").write_bytes((own_trial / "preprocessing.json").read_bytes())
    drop(page, text)
    assert "not a .tflite file" in page.message.text.text()
    assert page.model.currentText() == "words.tflite"
    drop(page, spec)
    qtbot.waitUntil(lambda: "is not a WAV file" in page.message.text.text())


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


# Live


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
        samples[start : start + RATE] += read_wav(wav_files(tones / label)[number]).samples
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
    clip = np.concatenate([np.zeros(RATE, np.float32), read_wav(wav_files(tones / "high")[0]).samples])
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
    page.open_model(reference_model)
    assert not live.note.isVisible() and not live.quieter.isVisible()


# Threshold


def test_the_working_point_is_dragged_along_the_curve_and_kept_with_the_trial(
    qtbot: QtBot, page: RecordPage, own_trial: Path
) -> None:
    page.tabs.setCurrentIndex(THRESHOLD)
    tuner = page.tuner
    tuner.minutes.setValue(1)
    click(qtbot, tuner.make)
    assert tuner.make.text() == "Cancel"
    QTest.keyClick(page, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: tuner.make.text().startswith("Make"), timeout=WORKER_MS)
    assert tuner.curve is None
    click(qtbot, tuner.make)
    qtbot.waitUntil(lambda: tuner.progress.value() > 0, timeout=WORKER_MS)
    qtbot.waitUntil(lambda: tuner.curve is not None, timeout=WORKER_MS)
    chart, curve = tuner.chart, tuner.curve
    assert curve.hours == pytest.approx(1 / 60)
    assert len(curve.points) > 3
    assert "of audio" in tuner.words.text()
    for place in range(len(curve.points)):
        chart.show_place(place)
        covered = chart.words.sceneBoundingRect()
        assert not any(covered.contains(chart.place_of(other)) for other in range(len(curve.points)))
    wanted = len(curve.points) - 2

    def at(place: int) -> QPoint:
        return chart.mapFromScene(chart.place_of(place))

    QTest.mousePress(chart.viewport(), Qt.MouseButton.LeftButton, pos=at(chart.place))
    QTest.mouseMove(chart.viewport(), at(wanted))
    QTest.mouseRelease(chart.viewport(), Qt.MouseButton.LeftButton, pos=at(wanted))
    dragged = curve.points[wanted].threshold
    assert tuner.form.threshold.value() == pytest.approx(dragged, abs=1e-3)
    assert page.spotting.stream.spotter.settings.threshold == dragged
    assert tuner.table.currentIndex().row() == wanted
    chart.setFocus()
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chart.place == wanted - 1
    tuner.table.selectRow(1)
    assert chart.place == 1
    click(qtbot, tuner.keep)
    kept = DetectionSettings(**json.loads((own_trial / "detection.json").read_text()))
    assert kept.threshold == curve.points[1].threshold
    assert load_working_point(choose_model(own_trial)) == kept
    assert "detection.json" in page.message.text.text()

    # Another average gives another curve of the same recording.
    tuner.form.boxes["average_window_ms"].setValue(200)
    qtbot.waitUntil(lambda: tuner.curve is not curve and tuner.curve is not None, timeout=WORKER_MS)
    assert tuner.curve.settings.average_window_ms == 200
    assert tuner.curve.wav == curve.wav


def test_the_row_of_the_working_point_comes_into_sight(qtbot: QtBot) -> None:
    points = tuple(WorkingPoint(place / 60, place / 60, place / 60, 60 - place, place / 60) for place in range(60))
    table = PointTable()
    table.resize(260, 300)
    qtbot.addWidget(table)
    with qtbot.waitExposed(table):
        table.show()
    table.points.show_curve(ThresholdCurve(points, DetectionSettings(), 1, 100, "", synthetic=False, warnings=()))
    table.show_place(45)
    qtbot.waitUntil(lambda: table.viewport().rect().contains(table.visualRect(table.currentIndex())))


# With real clips


@pytest.fixture
def clear_clips(real_clips: Path, reference_model: Path) -> dict[str, Path]:
    """Of eight words the first clip each in which the model finds the word, as a clip and in a stream."""
    classifier = ClipClassifier(choose_model(reference_model))
    spotter = open_spotter(reference_model, WORKING_POINT)

    def is_clear(path: Path, word: str) -> bool:
        heard = classifier.classify_file(path)
        if heard.label != word or heard.top_probability < 0.95:
            return False
        spotter.restart()
        steps = spotter.push(in_stream([path], 1.2, 1.2))
        return [step.detection.label for step in steps if step.detection] == [word]

    return {word: next(path for path in wav_files(real_clips / word) if is_clear(path, word)) for word in WORDS}


def in_stream(clips: list[Path], first_s: float, every_s: float) -> np.ndarray:
    """Return clips at regular times over faint noise."""
    rng = np.random.default_rng(0)
    samples = (NOISE * rng.standard_normal(round((first_s + every_s * len(clips) + 1) * RATE))).astype(np.float32)
    for number, path in enumerate(clips):
        clip = read_wav(path).samples
        start = round((first_s + every_s * number) * RATE)
        samples[start : start + len(clip)] += clip
    return samples


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
        (saved,) = wav_files(tmp_path / "mine" / word)
        assert likeness(saved, original) > 0.9
        assert classifier.classify_file(saved).label == classifier.classify_file(original).label == word
        assert rows[word].heard.label == word


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
