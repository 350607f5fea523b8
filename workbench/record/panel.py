"""Record: words are asked for one by one, and each take is saved at once."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from core.audio.wav import read_wav
from core.datasets.recordings import SAMPLE_RATE, Take
from core.errors import DataError, WorkbenchError
from workbench import theme
from workbench.clips.player import ClipPlayer
from workbench.number_format import counted
from workbench.plots.waveform import ScrollingWaveform, WaveformView
from workbench.record.form import RecordForm
from workbench.record.prompt_card import PromptCard
from workbench.record.take_table import TakeRow, TakeTable
from workbench.record.takes import Phase, TakeRecorder
from workbench.widgets.card import card, icon_button

if TYPE_CHECKING:
    from core.experiment.clip_classification import ClipClassifier

REPAINT_MS = 33
FORM_WIDTH = 296
STRIP_S = 4.0
STRIP_HEIGHT = 88
READY = "Press Record or the space bar, wait for the red line, and say each word once."


class RecordPanel(QWidget):
    """Settings at the left; the word, the sound and the takes at the right."""

    microphone_wanted = Signal(bool)
    """Listen, or stop."""
    said = Signal(str)
    """A sentence for the page's message line; empty once it does not hold any more."""
    data_chosen = Signal(object)
    """Folder whose takes shall be the data of the experiment."""
    undoable = Signal(str, object)
    """What was done, in words, and a function that takes it back."""

    def __init__(self, folder: Path, person: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.recorder = TakeRecorder()
        self.form = RecordForm(folder, person)
        self.classifier: ClipClassifier | None = None
        self.player = ClipPlayer(self)
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._soon.timeout.connect(self._show_prompt)
        self._build()
        self._connect()
        self._show_prompt()
        self._show_chosen()
        self._show_count()

    def _build(self) -> None:
        self.record = QPushButton("Record")
        self.record.setProperty("role", "primary")
        self.record.setToolTip("Ask for the words one by one, or stop (Space)")
        theme.set_icon(self.record, "ph.record", "on_accent")
        self.use = icon_button("Use as data", "ph.arrow-right", "Take this folder to the Experiment page")
        self.count = QLabel(wordWrap=True)
        self.count.setProperty("role", "muted")
        left = QWidget()
        left.setFixedWidth(FORM_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 16, 8, 12)
        column.setSpacing(12)
        column.addWidget(self.form)
        column.addWidget(self.record)
        column.addWidget(self.count)
        column.addWidget(self.use, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.prompt = PromptCard()
        self.strip = ScrollingWaveform("Wave")
        self.strip.setMinimumHeight(STRIP_HEIGHT)
        self.strip.restart(round(STRIP_S * SAMPLE_RATE), (-STRIP_S, 0.0))
        stage = card(self.prompt, self.strip)
        stage.layout().setStretch(0, 1)
        self.table = TakeTable()
        self.splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.splitter.addWidget(stage)
        self.splitter.addWidget(self._build_takes())
        self.splitter.setSizes([330, 300])
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(left)
        right = QVBoxLayout()
        right.setContentsMargins(8, 12, 12, 12)
        right.addWidget(self.splitter)
        row.addLayout(right, 1)

    def _build_takes(self) -> QWidget:
        self.wave = WaveformView("Take")
        self.wave.setFixedHeight(STRIP_HEIGHT)
        self.play = icon_button("Play", "ph.play", "Play the take (P)")
        self.again = icon_button("Take again", "ph.arrow-counter-clockwise", "Say this word once more (R)")
        self.delete = icon_button("Delete", "ph.trash", "Delete this take's file (Del); Ctrl+Z brings it back")
        # The table has room for the beginning of a sentence.
        self.advice = QLabel(wordWrap=True)
        self.advice.setAccessibleName("What would help with this take")
        buttons = QHBoxLayout()
        buttons.setSpacing(4)
        for button in (self.play, self.again, self.delete):
            buttons.addWidget(button)
        buttons.addSpacing(8)
        buttons.addWidget(self.advice, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(8)
        column.addWidget(card(self.table, margins=(1, 1, 1, 1)), 1)
        column.addWidget(card(self.wave))
        column.addLayout(buttons)
        return whole

    def _connect(self) -> None:
        self.recorder.changed.connect(self._on_phase)
        self.recorder.taken.connect(self._on_taken)
        self.recorder.removed.connect(self.table.takes.remove)
        self.recorder.deleted.connect(self.undoable.emit)
        self.recorder.failed.connect(self.said)
        self.form.edited.connect(self._show_count)
        self.record.clicked.connect(self.toggle)
        self.use.clicked.connect(lambda: self.data_chosen.emit(self.form.chosen_folder))
        self.play.clicked.connect(self.toggle_playing)
        self.again.clicked.connect(self.take_again)
        self.delete.clicked.connect(self.delete_take)
        self.table.chosen.connect(self._show_chosen)
        self.table.takes.rowsRemoved.connect(lambda: self._show_chosen())
        self.player.moved.connect(self._follow)
        self.player.failed.connect(self.said)

    # What the user does

    @property
    def is_active(self) -> bool:
        """Tell whether words are being asked for."""
        return self.recorder.phase is not Phase.IDLE

    def toggle(self) -> None:
        """Begin a batch, or end it."""
        if self.is_active:
            self.stop()
            return
        self._begin(lambda: self.recorder.start(self.form.batch))

    def take_again(self) -> None:
        """Ask for the word of the chosen take once more; the better one stays."""
        take = self.table.current
        if take is not None:
            self._begin(lambda: self.recorder.take_again(take))

    def delete_take(self) -> None:
        """Delete the chosen take."""
        take = self.table.current
        if take is not None:
            self._try(lambda: self.recorder.delete(take))
            self._show_count()

    def toggle_playing(self) -> None:
        """Play the chosen take, or stop."""
        take = self.table.current
        if self.player.is_playing:
            self.player.stop()
        elif take is not None:
            self._try(lambda: self._play(take))

    def stop(self) -> None:
        """End what goes on."""
        self.recorder.stop()
        self.player.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """P plays, R takes again, Del deletes."""
        keys = {Qt.Key.Key_P: self.toggle_playing, Qt.Key.Key_R: self.take_again, Qt.Key.Key_Delete: self.delete_take}
        act = keys.get(Qt.Key(event.key()))
        if act is None:
            super().keyPressEvent(event)
        else:
            act()

    # What the page tells

    def use_model(self, classifier: "ClipClassifier | None") -> None:
        """Let a model hear each take; None lets none."""
        self.classifier = classifier

    def hear(self, samples: np.ndarray) -> None:
        """Take what is new of the microphone."""
        self.strip.append(samples)
        self.recorder.hear(samples)
        self._show_soon()

    def end_listening(self) -> None:
        """The microphone is closed, for whatever reason."""
        if self.is_active:
            self.recorder.stop()

    # What is shown

    def _begin(self, start: object) -> None:
        self.player.stop()
        self.said.emit("")
        if self._try(start):
            self.microphone_wanted.emit(True)

    def _try(self, act: object) -> bool:
        try:
            act()
        except DataError as error:
            self.said.emit(str(error))
            return False
        return True

    def _on_phase(self) -> None:
        active = self.is_active
        self.record.setText("Stop" if active else "Record")
        theme.set_icon(self.record, "ph.stop" if active else "ph.record", "on_accent")
        self.form.setEnabled(not active)
        if not active:
            self.microphone_wanted.emit(False)
        self._show_soon()

    def _on_taken(self, take: Take) -> None:
        heard, fault = None, ""
        try:
            heard = self.classifier.classify_file(take.path) if self.classifier else None
        except WorkbenchError as error:
            # The take is saved all the same.
            fault = str(error)
        self.table.add(TakeRow(take, heard))
        self.said.emit(fault)
        self._show_count()

    def _show_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show_prompt(self) -> None:
        recorder, prompt = self.recorder, self.recorder.prompt
        if prompt is None:
            done = f"{counted(len(recorder.takes), 'take')} saved. Record adds more." if recorder.takes else READY
            self.prompt.show_prompt("", done, 0.0, is_taking=False)
            return
        place = f"take {prompt.place} of {prompt.total}" if prompt.replaces is None else "once more"
        if recorder.phase is Phase.SPEAK:
            line = f"Say it now · {place}"
        else:
            line = f"In {recorder.remaining_s:.1f} s · {place}"
        self.prompt.show_prompt(prompt.label, line, recorder.elapsed, is_taking=recorder.phase is Phase.SPEAK)

    def _show_count(self) -> None:
        takes = self.recorder.takes
        words = len({take.path.parent for take in takes})
        self.count.setText(f"{counted(len(takes), 'take')} of {counted(words, 'word')} saved" if takes else "")
        self.use.setEnabled(self.form.chosen_folder.is_dir())

    def _show_chosen(self, *_: object) -> None:
        row, take = self.table.current_row, self.table.current
        self.advice.setText(row.advice if row else "")
        for button in (self.play, self.again, self.delete):
            button.setEnabled(take is not None)
        if take is None or not take.path.exists():
            self.wave.clear()
            return
        clip = read_wav(take.path)
        self.wave.show_samples(clip.samples, clip.sample_rate)

    def _play(self, take: Take) -> None:
        clip = read_wav(take.path)
        self.player.play(clip)

    def _follow(self, position_s: float | None) -> None:
        self.wave.set_cursor(position_s)
        self.play.setText("Play" if position_s is None else "Stop")
