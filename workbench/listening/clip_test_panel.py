"""Test: a clip is recorded, chosen or dropped, and a model says what it hears."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.audio.sound_file import read_sound
from core.audio.wav import Sound, resample
from core.datasets.recordings import SAMPLE_RATE, Take, delete_take, save_take, trim_take
from core.errors import DataError, WorkbenchError
from workbench import number_format, theme
from workbench.clips.player import ClipPlayer
from workbench.form.fields import guard_wheel
from workbench.listening.result_card import ResultCard, fill_labels
from workbench.listening.tested_clips import TestedClips, sounds_in
from workbench.listening.tested_table import TestedTable
from workbench.plots.confusion import ConfusionMatrix
from workbench.record.prompt_card import PromptCard
from workbench.record.takes import TAKE_S
from workbench.sound.file_choice import sound_filter
from workbench.widgets.card import card, icon_button
from workbench.widgets.labelled import labelled

if TYPE_CHECKING:
    from core.experiment.clip_classification import ClipClassifier

REPAINT_MS = 33
BUDGET_S = 0.02
"""Longest stretch of files before the event loop gets its turn."""
MANY_FILES_MS = 200
"""Of many files in a row the session is shown so often, for that takes longer than hearing one."""
LEFT_WIDTH, RIGHT_WIDTH = 368, 340
READY = "Press Record a clip and say a word, or drop files of sound on the page."


class ClipTestPanel(QWidget):
    """The session at the left, the clip in sight in the middle, how the session goes at the right."""

    microphone_wanted = Signal(bool)
    said = Signal(str)
    added = Signal(object)
    """The Take that joined the data."""
    undoable = Signal(str, object)
    """What was done, in words, and a function that takes it back."""

    def __init__(self, place_to_add: Callable[[], tuple[Path, str]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = TestedClips()
        self.place_to_add = place_to_add
        """Gives the folder of the data and the speaker's digits that a clip is added with."""
        self.player = ClipPlayer(self)
        self._heard: np.ndarray | None = None
        """What was heard of the clip in the making; None when there is none."""
        self._num_recorded = 0
        self._files: deque[Path] = deque()
        self._faults: list[str] = []
        """Why files of those that came together could not be heard."""
        self._next_file = QTimer(self, singleShot=True, interval=0)
        self._next_file.timeout.connect(self._hear_some)
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._soon.timeout.connect(self._show_prompt)
        # Many files in a row are shown together, not one after the other.
        self._session_soon = QTimer(self, singleShot=True)
        self._session_soon.timeout.connect(self._show_session)
        self._build()
        self._connect()
        self._show_place(-1)
        self._show_session()

    # Building

    def _build(self) -> None:
        self.record = QPushButton("Record a clip")
        self.record.setProperty("role", "primary")
        self.record.setToolTip("Say one word; its loudest second is heard by the model (Space)")
        theme.set_icon(self.record, "ph.record", "on_accent")
        self.choose = icon_button("Choose files of sound…", "ph.folder-open", "Or drop them anywhere on the page")
        self.word = QComboBox()
        guard_wheel(self.word)
        self.table = TestedTable(self.session)
        self.result = ResultCard()
        self.prompt = PromptCard()
        self.middle = QStackedWidget()
        stage = card(self.prompt)
        self.middle.addWidget(stage)
        self.middle.addWidget(self.result)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 12, 12)
        row.setSpacing(12)
        row.addWidget(self._build_left())
        row.addWidget(self.middle, 1)
        row.addWidget(self._build_right())

    def _build_left(self) -> QWidget:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.record, 1)
        buttons.addWidget(self.choose, 1)
        left = QWidget()
        left.setFixedWidth(LEFT_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(labelled("The word I am going to say", self.word))
        column.addLayout(buttons)
        column.addWidget(card(self.table, margins=(1, 1, 1, 1)), 1)
        return left

    def _build_right(self) -> QWidget:
        self.score = QLabel()
        self.score.setProperty("role", "heading")
        self.accuracy = QLabel(wordWrap=True)
        self.accuracy.setProperty("role", "muted")
        self.confusion = ConfusionMatrix()
        # As high as its width asks for, which a fixed policy would cap at the height for another one.
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.confusion.setSizePolicy(policy)
        self.anew = icon_button("New session", "ph.arrow-counter-clockwise", "Forget these clips and count from zero")
        right = card(self.score, self.accuracy, self.confusion, margins=(16, 12, 12, 12), spacing=8)
        right.setFixedWidth(RIGHT_WIDTH)
        right.layout().addStretch(1)
        right.layout().addWidget(self.anew, 0, Qt.AlignmentFlag.AlignLeft)
        return right

    def _connect(self) -> None:
        self.session.changed.connect(self._show_session_soon)
        self.record.clicked.connect(self.toggle)
        self.choose.clicked.connect(self.ask_files)
        self.anew.clicked.connect(self.session.begin_anew)
        self.table.chosen.connect(self._show_place)
        self.result.expected_chosen.connect(self._correct)
        self.result.play_clicked.connect(self.toggle_playing)
        self.result.add_clicked.connect(self.add_to_data)
        self.player.moved.connect(self._follow)
        self.player.failed.connect(self.said)

    # What the user does

    @property
    def is_active(self) -> bool:
        """Tell whether a clip is being recorded."""
        return self._heard is not None

    def toggle(self) -> None:
        """Record a clip, or leave it."""
        if self.is_active:
            self.stop()
        elif self.session.classifier is not None:
            self.player.stop()
            self.said.emit("")
            self._heard = np.zeros(0, np.float32)
            self._show_prompt()
            self.microphone_wanted.emit(True)

    def ask_files(self) -> None:
        """Let the user choose clips."""
        paths, _ = QFileDialog.getOpenFileNames(self, "Clips to hear", "", sound_filter())
        self.hear_files(Path(path) for path in paths)

    def hear_files(self, paths: Iterable[Path]) -> None:
        """Let the model hear files, and those of folders, some in each turn of the event loop."""
        if self.session.classifier is None:
            return
        if not self._files:
            self._faults.clear()
        for path in paths:
            found = sounds_in(path)
            self._files.extend(found)
            if not found:
                self._note_fault(f"{path}: holds no sound that is read here, nor does a folder in it")
        self._next_file.start()

    def toggle_playing(self) -> None:
        """Play the clip in sight, or stop."""
        place = self.table.place
        if self.player.is_playing:
            self.player.stop()
        elif place >= 0:
            self.player.play(self.session.clips[place].sound)

    def add_to_data(self) -> None:
        """Save the clip in sight under the word that was said, else under the one that was heard."""
        place = self.table.place
        clip = self.session.clips[place]
        try:
            folder, speaker = self.place_to_add()
            samples = trim_take(resample(clip.sound, SAMPLE_RATE).samples, SAMPLE_RATE)
            take: Take = save_take(folder, clip.expected or clip.heard.label, speaker, samples)
        except DataError as error:
            self.said.emit(str(error))
            return
        self.session.mark_added(place, take.path)
        self.added.emit(take)
        self.undoable.emit(f"add {take.path.parent.name}/{take.path.name} to the data", lambda: self._take_out(take))

    def _take_out(self, take: Take) -> None:
        delete_take(take)
        self.session.forget_added(take.path)

    def stop(self) -> None:
        """End what goes on."""
        self.player.stop()
        if self.is_active:
            self._heard = None
            self._show_prompt()
            self.microphone_wanted.emit(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """P plays."""
        if event.key() == Qt.Key.Key_P:
            self.toggle_playing()
        else:
            super().keyPressEvent(event)

    # What the page tells

    def use_model(self, classifier: "ClipClassifier | None") -> None:
        """Let another model hear the session."""
        self.session.use(classifier)
        for menu in (self.word, self.result.expected):
            fill_labels(menu, self.session.labels)
        for button in (self.record, self.choose):
            button.setEnabled(classifier is not None)
        self._show_place(self.table.place)

    def hear(self, samples: np.ndarray) -> None:
        """Take what is new of the microphone."""
        if self._heard is None:
            return
        self._heard = np.concatenate((self._heard, samples))
        if not self._soon.isActive():
            self._soon.start()
        if len(self._heard) >= TAKE_S * SAMPLE_RATE:
            heard, self._heard = self._heard, None
            self.microphone_wanted.emit(False)
            self._num_recorded += 1
            clip = trim_take(heard[: round(TAKE_S * SAMPLE_RATE)], SAMPLE_RATE)
            self._hear_recording(Sound(clip, SAMPLE_RATE))

    def _hear_recording(self, sound: Sound) -> None:
        try:
            self.session.hear(f"recording {self._num_recorded}", sound, self.word.currentData())
        except WorkbenchError as error:
            self.said.emit(str(error))

    def end_listening(self) -> None:
        """The microphone is closed, for whatever reason."""
        self._heard = None
        self._show_prompt()

    def _hear_some(self) -> None:
        if self.session.classifier is None:
            self._files.clear()
        deadline = time.perf_counter() + BUDGET_S
        while self._files and time.perf_counter() < deadline:
            self._hear_file(self._files.popleft())
        if self._files:
            self._next_file.start()

    def _hear_file(self, path: Path) -> None:
        try:
            sound = read_sound(path)
            if not len(sound.samples):
                raise DataError(f"{path}: holds no sound; record or copy it again")
            # In a data set the folder says the word.
            folder = path.parent.name
            expected = folder if folder in self.session.labels else self.word.currentData()
            self.session.hear(path.stem.replace("_nohash_", " · "), sound, expected)
        except WorkbenchError as error:
            self._note_fault(str(error))

    def _note_fault(self, sentence: str) -> None:
        self._faults.append(sentence)
        count = len(self._faults)
        self.said.emit(sentence if count == 1 else f"{count} files were not heard, the first of them {self._faults[0]}")

    # What is shown

    def _show_prompt(self) -> None:
        self.record.setText("Stop" if self.is_active else "Record a clip")
        theme.set_icon(self.record, "ph.stop" if self.is_active else "ph.record", "on_accent")
        if self._heard is None:
            self.prompt.show_prompt("", READY, 0.0, is_taking=False)
            self.middle.setCurrentIndex(int(self.table.place >= 0))
            return
        fraction = min(1.0, len(self._heard) / SAMPLE_RATE / TAKE_S)
        self.prompt.show_prompt(self.word.currentData() or "…", "Say it now", fraction, is_taking=True)
        self.middle.setCurrentIndex(0)

    def _show_session_soon(self) -> None:
        if not self._session_soon.isActive():
            self._session_soon.start(MANY_FILES_MS if self._files else REPAINT_MS)

    def _show_session(self) -> None:
        session = self.session
        self.table.follow()
        judged, quality = session.num_judged, session.quality
        self.score.setText(f"{session.num_right} of {judged} right" if judged else "Nothing judged yet")
        self.accuracy.setText(
            f"{number_format.accuracy_in_words(session.num_right, judged)}. {number_format.balance_in_words(quality)}"
            if quality
            else "Say which word a clip was meant to be, and right and wrong are counted here."
        )
        self.confusion.show_quality(quality)
        self.anew.setEnabled(bool(session.clips))
        self._show_prompt()

    def _show_place(self, place: int) -> None:
        classifier = self.session.classifier
        if place >= 0 and classifier is not None:
            preprocessing = classifier.chosen.preprocessing
            self.result.show_clip(self.session.clips[place], self.session.advice(place), preprocessing)
        self._show_prompt()

    def _correct(self, expected: str) -> None:
        self.session.correct(self.table.place, expected)

    def _follow(self, position_s: float | None) -> None:
        self.result.wave.set_cursor(position_s)
        self.result.play.setText("Play" if position_s is None else "Stop")
