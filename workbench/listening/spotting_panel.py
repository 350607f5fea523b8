"""Live spotting: the microphone without a break, every label's probability over time, and the words that fire."""

import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from core.audio.microphone import MicrophoneState
from core.datasets.listing import SILENCE, UNKNOWN
from core.errors import WorkbenchError
from core.evaluation.detection import Detection, DetectionSettings
from workbench import number_format, theme
from workbench.listening.detection_form import DetectionForm
from workbench.listening.spotting_stream import SpottingStream
from workbench.plots.probability_timeline import ProbabilityTimeline
from workbench.record.prompt_card import PromptCard
from workbench.widgets.card import card, icon_button
from workbench.widgets.elided_label import ElidedLabel

if TYPE_CHECKING:
    from core.evaluation.spotter import Step
    from core.experiment.spotting import Spotter

REPAINT_MS = 33
COSTS_MS = 500
FORM_WIDTH, LIST_WIDTH = 296, 176
WORD_S = 1.5
"""How long the word that fired stays large."""
PROMPT_HEIGHT = 168
MOST_LISTED = 500
MEANINGS = {SILENCE: "noise", UNKNOWN: "other words"}
READY = "Press Listen or the space bar and speak; words show up here as they fire."


class SpottingPanel(QWidget):
    """The working point at the left; what fires, and why, at the right."""

    microphone_wanted = Signal(bool)
    said = Signal(str)
    settings_changed = Signal(object)
    """DetectionSettings that the user wants."""
    keep_clicked = Signal()
    quiet_wanted = Signal()
    """The user wants to train with the labels that keep a spotter quiet."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.stream: SpottingStream | None = None
        self.detections: deque[Detection] = deque(maxlen=MOST_LISTED)
        """The latest, for a microphone may be listened to for days."""
        """Those since listening began."""
        self.is_active = False
        self._now_s = 0.0
        self._dropped_blocks = 0
        self._cpu = (time.monotonic(), time.process_time())
        self._fresh: list[Step] = []
        self._build()
        # The next turn of the event loop, for a model that is not through with what was heard.
        self._catch_up = QTimer(self, singleShot=True, interval=0)
        self._catch_up.timeout.connect(self._advance)
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._soon.timeout.connect(self._show_steps)
        self._costs_soon = QTimer(self, interval=COSTS_MS)
        self._costs_soon.timeout.connect(self._show_costs)
        self.listen.clicked.connect(self.toggle)
        self.keep.clicked.connect(self.keep_clicked)
        self.quieter.clicked.connect(self.quiet_wanted)
        self.form.settings_changed.connect(self.settings_changed)
        self.timeline.pointed.connect(self.readout.setText)
        self._show_word()

    def _build(self) -> None:
        self.listen = QPushButton("Listen")
        self.listen.setProperty("role", "primary")
        self.listen.setToolTip("Spot words in what the microphone hears, or stop (Space)")
        theme.set_icon(self.listen, "ph.ear", "on_accent")
        self.form = DetectionForm()
        self.keep = icon_button("Keep this working point", "ph.push-pin", "Save it with the model, for the device too")
        self.costs = QLabel(wordWrap=True)
        self.costs.setProperty("role", "muted")
        self.costs.setAccessibleName("Cost of a hop")
        left = QWidget()
        left.setFixedWidth(FORM_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 16, 8, 12)
        column.setSpacing(12)
        self.note = QLabel(wordWrap=True)
        self.note.setProperty("role", "warning")
        self.quieter = icon_button("Train with them", "ph.arrow-right", "Tick them for the experiment, and go there")
        for widget in (self.listen, self.form, self.keep, self.note, self.quieter, self.costs):
            column.addWidget(widget)
        column.addStretch(1)
        self.word = PromptCard()
        self.word.setFixedHeight(PROMPT_HEIGHT)
        self.timeline = ProbabilityTimeline()
        self.readout = ElidedLabel()
        self.readout.setProperty("role", "muted")
        self.readout.setContentsMargins(12, 0, 12, 4)
        stage = card(self.word, self.timeline, self.readout)
        stage.layout().setStretch(1, 1)
        self.fired = QListWidget()
        self.fired.setAccessibleName("Words that fired")
        self.fired.setProperty("role", "clips")
        self.fired.setSpacing(3)
        self.fired.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        title = QLabel("Words that fired", margin=8)
        title.setProperty("role", "section")
        beside = card(title, self.fired, margins=(1, 1, 1, 1))
        beside.setFixedWidth(LIST_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(left)
        right = QHBoxLayout()
        right.setContentsMargins(8, 12, 12, 12)
        right.setSpacing(8)
        right.addWidget(stage, 1)
        right.addWidget(beside)
        row.addLayout(right, 1)

    # What the user does

    def toggle(self) -> None:
        """Listen, or stop."""
        if self.is_active:
            self.stop()
        elif self.stream is not None:
            self.said.emit("")
            try:
                self._begin(self.stream)
            except WorkbenchError as error:
                self.said.emit(str(error))
                return
            self.is_active = True
            self._show_active()
            self.microphone_wanted.emit(True)

    def stop(self) -> None:
        """Stop listening."""
        if self.is_active:
            self.is_active = False
            self._show_active()
            self.microphone_wanted.emit(False)

    # What the page tells

    def use_model(self, spotter: "Spotter | None") -> None:
        """Let another model listen; it begins anew."""
        self.stream = SpottingStream(spotter) if spotter else None
        if self.stream is not None:
            self.stream.stepped.connect(self._take_steps)
            self.stream.fell_behind.connect(self._say_behind)
            self.form.show_settings(self.stream.spotter.settings)
            self._show_note(self.stream.spotter)
            self._begin(self.stream)

    def use_settings(self, settings: DetectionSettings) -> None:
        """Put another working point in force."""
        if self.stream is None:
            return
        hop_ms = self.stream.spotter.settings.hop_ms
        self.stream.use(settings)
        in_force = self.stream.spotter.settings
        self.form.show_settings(in_force)
        if in_force.hop_ms != hop_ms:
            self.timeline.restart(self.stream.spotter.labels, in_force.hop_ms, in_force.threshold)
        self.timeline.show_threshold(in_force.threshold)

    def hear(self, samples: np.ndarray) -> None:
        """Take what is new of the microphone."""
        stream = self.stream
        if self.is_active and stream is not None:
            self._spot(lambda: stream.hear(samples))

    def show_state(self, state: MicrophoneState) -> None:
        """Note what the microphone lost."""
        self._dropped_blocks = state.dropped_blocks

    def end_listening(self) -> None:
        """The microphone is closed, for whatever reason."""
        self.is_active = False
        self._show_active()

    # Steps

    def _begin(self, stream: SpottingStream) -> None:
        stream.restart()
        settings = stream.spotter.settings
        self._fresh, self._now_s = [], 0.0
        self.detections.clear()
        self.fired.clear()
        self.timeline.restart(stream.spotter.labels, settings.hop_ms, settings.threshold)
        self._cpu = (time.monotonic(), time.process_time())
        self._show_word()
        self.costs.setText("")

    def _go_on(self) -> None:
        if self.stream is not None and self.stream.is_behind:
            self._catch_up.start()

    def _advance(self) -> None:
        if self.is_active and self.stream is not None:
            self._spot(self.stream.advance)

    def _spot(self, advance: Callable[[], None]) -> None:
        """Go on with the stream, or say why the model gave up."""
        try:
            advance()
        except WorkbenchError as error:
            self.stop()
            self.said.emit(str(error))
            return
        self._go_on()

    def _take_steps(self, steps: "list[Step]") -> None:
        self._fresh += steps
        for step in steps:
            if step.detection is not None:
                self.detections.append(step.detection)
        if not self._soon.isActive():
            self._soon.start()

    def _say_behind(self, seconds: float) -> None:
        cost = self.stream.cost if self.stream else None
        took = f"a hop takes {cost.feature_ms + cost.inference_ms:.0f} ms" if cost else "a hop takes too long"
        self.said.emit(f"{seconds:.1f} s of sound were left out, for {took}: choose a longer hop or a smaller model")

    # What is shown

    def _show_steps(self) -> None:
        steps, self._fresh = self._fresh, []
        if not steps:
            return
        self._now_s = steps[-1].time_s
        self.timeline.append(self._now_s, np.array([step.smoothed for step in steps]))
        for step in steps:
            if step.detection is not None:
                self.timeline.mark(step.detection)
                self._list(step.detection)
        self._show_word()

    def _show_note(self, spotter: "Spotter") -> None:
        labels = spotter.labels
        # What has one output for its word has all else in the other label.
        is_complete = spotter.form.gives.startswith("sigmoid") and UNKNOWN in labels
        missing = [] if is_complete else [label for label in MEANINGS if label not in labels]
        meant = " or ".join(MEANINGS[label] for label in missing)
        self.note.setText(
            f"This model has no label for {meant}, so that it hears its own words in them. Train with "
            f"{' and '.join(missing)}, as the starter spec “Go/stop, spotting” does."
        )
        for part in (self.note, self.quieter):
            part.setVisible(bool(missing))

    def _list(self, detection: Detection) -> None:
        # The label last, for it alone may be longer than the list is wide.
        words = f"{detection.time_s:.2f} s   {detection.score:.2f}   {detection.label}"
        self.fired.insertItem(0, words)
        self.fired.item(0).setToolTip(words)
        while self.fired.count() > MOST_LISTED:
            self.fired.takeItem(self.fired.count() - 1)

    def _show_word(self) -> None:
        last = self.detections[-1] if self.detections else None
        if last is not None and (self._now_s - last.time_s < WORD_S or not self.is_active):
            self.word.show_prompt(last.label, f"{last.score:.2f} at {last.time_s:.2f} s", last.score, is_taking=False)
        else:
            self.word.show_prompt("", "Listening" if self.is_active else READY, 0.0, is_taking=False)

    def _show_active(self) -> None:
        self.listen.setText("Stop" if self.is_active else "Listen")
        theme.set_icon(self.listen, "ph.stop" if self.is_active else "ph.ear", "on_accent")
        if self.is_active:
            self._costs_soon.start()
        else:
            self._costs_soon.stop()
            self._soon.stop()
            self._show_steps()
        self._show_word()

    def _show_costs(self) -> None:
        cost = self.stream.cost if self.stream else None
        if cost is None:
            return
        wall_s, cpu_s = time.monotonic(), time.process_time()
        share = (cpu_s - self._cpu[1]) / max(1e-3, wall_s - self._cpu[0])
        self._cpu = (wall_s, cpu_s)
        milliseconds = number_format.milliseconds
        lost = f"{self._dropped_blocks} blocks dropped" if self._dropped_blocks else "no block dropped"
        self.costs.setText(
            f"A hop of {cost.hop_ms:g} ms takes {milliseconds(cost.feature_ms + cost.inference_ms)} ms: "
            f"features {milliseconds(cost.feature_ms)}, network {milliseconds(cost.inference_ms)}, "
            f"the slowest hundredth {milliseconds(cost.total_p99_ms)}.\n"
            f"Spotting keeps {100 * cost.core_fraction:.1f} % of a core busy, this window {100 * share:.0f} %; {lost}."
        )
