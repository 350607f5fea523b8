"""What a device hears at this moment: its features, every probability, the words that fire, and the level."""

from collections import deque

import numpy as np
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from core.deploy.live import LiveBeginning, LiveStep, LiveTrouble, LiveWord
from core.evaluation.detection import Detection
from core.events import DeviceSaid
from core.experiment.service_jobs import HearDevice
from workbench import theme
from workbench.devices.book import DeviceBook
from workbench.devices.heard import HeardFeatures, HeardTimeline
from workbench.devices.hearing_form import HearingForm
from workbench.devices.talk import DeviceTalk
from workbench.jobs import QueuedJob
from workbench.record.prompt_card import PromptCard
from workbench.widgets.card import card
from workbench.widgets.empty_page import invitation

REPAINT_MS = 33
LIST_WIDTH = 220
MARGINS = (16, 12, 16, 12)
PROMPT_HEIGHT = 132
WORD_S = 1.5
"""How long the word that fired stays large."""
MOST_LISTED = 500
READY = "Listen shows what the deployed model hears on the device. Nothing is done at a word: the service does that."


class DeviceLivePanel(QWidget):
    """Streams while it is in sight and the user wants it."""

    said = Signal(str)
    """A sentence about what has to be mended first."""

    def __init__(self, book: DeviceBook, talk: DeviceTalk) -> None:
        super().__init__()
        self.book, self.talk = book, talk
        self.detections: deque[Detection] = deque(maxlen=MOST_LISTED)
        """The latest, for a device may be listened to for days."""
        """Those since it began."""
        self._fresh: list[LiveStep] = []
        self._now_s = 0.0
        self._job = ""
        self._build()
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._soon.timeout.connect(self._show_steps)
        self.listen.clicked.connect(self.toggle)
        talk.told.connect(self._hear)
        talk.answered.connect(self._take_end)
        talk.failed.connect(self._take_end)
        talk.changed.connect(self._show_active)
        book.chosen_changed.connect(self._forget)
        self._show_stage(0)
        self._show_active()

    def _build(self) -> None:
        self.listen = QPushButton("Listen")
        self.listen.setProperty("role", "primary")
        self.hearing = HearingForm()
        self.level = QLabel()
        self.level.setProperty("role", "muted")
        top = QHBoxLayout()
        top.setContentsMargins(16, 12, 16, 8)
        top.setSpacing(12)
        top.addWidget(self.listen)
        top.addWidget(self.hearing)
        top.addStretch(1)
        top.addWidget(self.level)
        self.word = PromptCard()
        self.word.setFixedHeight(PROMPT_HEIGHT)
        self.features = HeardFeatures()
        self.timeline = HeardTimeline()
        pictures = QWidget()
        stacked = QVBoxLayout(pictures)
        stacked.setContentsMargins(0, 0, 0, 0)
        stacked.setSpacing(0)
        stacked.addWidget(self.word)
        stacked.addWidget(self.features, 2)
        stacked.addWidget(self.timeline, 3)
        self.stage = QStackedWidget()
        self.empty = invitation(READY)
        self.stage.addWidget(self.empty)
        self.stage.addWidget(pictures)
        self.fired = QListWidget()
        self.fired.setAccessibleName("Words that fired on the device")
        title = QLabel("Words")
        title.setProperty("role", "section")
        self.fired_card = card(title, self.fired, margins=MARGINS, spacing=8)
        self.fired_card.setFixedWidth(LIST_WIDTH)
        body = QHBoxLayout()
        body.setContentsMargins(16, 0, 16, 12)
        body.setSpacing(12)
        body.addWidget(card(self.stage), 1)
        body.addWidget(self.fired_card)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addLayout(body, 1)

    @property
    def is_active(self) -> bool:
        """Tell whether it streams, or is about to."""
        return self.talk.running(lambda job: isinstance(job, HearDevice))

    # What the user does

    def toggle(self) -> None:
        """Hear the device, or stop."""
        if self.is_active:
            self.end()
        elif problem := self.hearing.problem():
            self.said.emit(problem)
        elif self.book.device is not None:
            self._clear()
            wav = (self.hearing.wav,) if self.hearing.wav else ()
            self._job = self.talk.stream(
                HearDevice(device=self.book.chosen, view="features", wav=wav, microphone=self.hearing.microphone)
            )

    def end(self) -> None:
        """Stop hearing."""
        if self.is_active:
            self.talk.end_stream()

    # What the device says

    def _hear(self, event: DeviceSaid) -> None:
        if event.device != self.book.chosen or event.job != self._job:
            return
        if event.what == LiveStep.__name__:
            self._fresh.append(LiveStep.model_validate(event.values))
            if not self._soon.isActive():
                self._soon.start()
        elif event.what == LiveBeginning.__name__:
            beginning = LiveBeginning.model_validate(event.values)
            self._show_stage(1)
            self.timeline.restart(beginning.labels, beginning.hop_ms, beginning.threshold)
            self.features.setVisible(beginning.features is not None)
            if beginning.features is not None:
                self.features.begin(beginning.features)
        elif event.what == LiveWord.__name__:
            self._mark(LiveWord.model_validate(event.values))
        elif event.what == LiveTrouble.__name__:
            trouble = LiveTrouble.model_validate(event.values).message
            if trouble:
                self.said.emit(trouble)

    def _mark(self, word: LiveWord) -> None:
        detection = Detection(word.word, word.heard_s, word.score)
        self.detections.append(detection)
        self.timeline.mark(detection)
        self.fired.insertItem(0, f"{word.heard_s:.2f} s   {word.word}   {word.score:.2f}")
        while self.fired.count() > MOST_LISTED:
            self.fired.takeItem(self.fired.count() - 1)
        self._show_word()

    def _take_end(self, job: QueuedJob) -> None:
        if isinstance(job.intention, HearDevice):
            self._show_steps()

    def _forget(self, _name: str) -> None:
        self.end()
        self._clear()

    # What is shown

    def _clear(self) -> None:
        self._fresh, self._now_s = [], 0.0
        self.detections.clear()
        self.fired.clear()
        self.level.setText("")
        self.timeline.clear()
        self.features.clear()
        self._show_stage(0)
        self._show_word()

    def _show_steps(self) -> None:
        steps, self._fresh = self._fresh, []
        if steps:
            self._now_s = steps[-1].heard_s
            self.timeline.append(self._now_s, np.array([step.smoothed for step in steps]))
            columns = [column for step in steps for column in step.columns]
            if columns:
                self.features.hear(np.array(columns, np.float32))
            level = steps[-1].level_dbfs
            self.level.setText("digital silence" if level is None else f"{level:.0f} dBFS".replace("-", "−"))
        self._show_word()

    def _show_word(self) -> None:
        last = self.detections[-1] if self.detections else None
        active = self.is_active
        if last is not None and (self._now_s - last.time_s < WORD_S or not active):
            self.word.show_prompt(last.label, f"{last.score:.2f} at {last.time_s:.2f} s", last.score, is_taking=False)
        else:
            self.word.show_prompt("", "Listening" if active else "Stopped", 0.0, is_taking=False)

    def _show_stage(self, place: int) -> None:
        """Show the invitation, or what is heard."""
        self.stage.setCurrentIndex(place)
        self.fired_card.setVisible(place == 1)

    def _show_active(self) -> None:
        active = self.is_active
        self.listen.setText("Stop" if active else "Listen")
        theme.set_icon(self.listen, "ph.stop" if active else "ph.ear", "on_accent")
        self.hearing.setEnabled(not active)
        self.empty.setText("The device begins to listen." if active else READY)
        self._show_word()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing is heard out of sight."""
        super().hideEvent(event)
        self.end()
