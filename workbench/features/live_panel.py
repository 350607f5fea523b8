"""Live: a microphone or a clip, its scrolling pictures, and what the model gets of it."""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from core.audio.loudness import measure_loudness
from core.audio.microphone import Device, MicrophoneState
from core.audio.player import Player
from core.audio.sound_file import read_sound
from core.errors import AudioError, DataError
from core.settings.clips import ClipPosition
from core.spec import Dataset, Features
from workbench.clips.shelf import ClipShelf
from workbench.features.input_card import InputCard
from workbench.features.live_sound import LiveSound
from workbench.features.live_view import LiveView
from workbench.features.sound_source import SoundSource
from workbench.sound.microphone_feed import REPAINT_MS, MicrophoneFeed
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.message_bar import MessageBar

INPUT_MS = 250
"""A picture of the newest clip is looked at, not followed: four a second are enough."""
METERED_S = 0.1
EMPTY = "Here a sound is seen as the network gets it.\nPress Listen and speak, or drop a file of sound on the page."
CARD_HEIGHT = 168


class LivePanel(QWidget):
    """Hears, shows, and follows the settings it is given."""

    def __init__(
        self, features: Features, clip_duration_ms: int, clip_position: ClipPosition, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.sound = LiveSound(features, clip_duration_ms, clip_position)
        self.shelf = ClipShelf()
        self.feed = MicrophoneFeed(self)
        self.player = Player()
        self._wanted = (features, clip_duration_ms, clip_position)
        self._plays = False
        self._resume = False
        self._begun = False
        self._soon = QTimer(self, singleShot=True, interval=REPAINT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._soon.timeout.connect(self._follow)
        self._input_soon = QTimer(self, singleShot=True, interval=INPUT_MS)
        self._input_soon.timeout.connect(self._show_input)
        self._build()
        self._connect()
        self.card.show_settings(features, clip_duration_ms)

    def _build(self) -> None:
        self.message = MessageBar()
        self.source = SoundSource(self.shelf)
        self.view = LiveView(self.sound)
        self.card = InputCard()
        self.name = ElidedLabel()
        """What is heard or looked at."""
        self.name.setProperty("role", "muted")
        self.readout = ElidedLabel()
        self.readout.setProperty("role", "muted")
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.empty = QLabel(EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.empty.setProperty("role", "muted")
        self.pictures = QStackedWidget()
        self.pictures.addWidget(self.empty)
        self.pictures.addWidget(self.view)
        frame = QFrame()
        frame.setProperty("role", "card")
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(2, 4, 2, 2)
        inside.setSpacing(0)
        inside.addWidget(self.pictures, 1)
        footer = QHBoxLayout()
        footer.setContentsMargins(12, 0, 12, 2)
        footer.addWidget(self.name, 1)
        footer.addWidget(self.readout, 1)
        inside.addLayout(footer)
        self.splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.splitter.addWidget(frame)
        self.splitter.addWidget(self.card)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setSizes([500, CARD_HEIGHT])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.source)
        column.addWidget(self.message)
        area = QVBoxLayout()
        area.setContentsMargins(8, 8, 8, 8)
        area.addWidget(self.splitter)
        column.addLayout(area, 1)

    def _connect(self) -> None:
        self.feed.heard.connect(self._hear)
        self.feed.state_told.connect(self._show_state)
        self.feed.listening_changed.connect(self._on_listening_changed)
        self.feed.troubled.connect(self._tell_trouble)
        self.source.turned_to.connect(self._turn)
        self.source.listen_clicked.connect(self.toggle_listening)
        self.source.play_clicked.connect(self.toggle_playing)
        self.source.devices_wanted.connect(self.look_for_devices)
        self.source.device_chosen.connect(self._choose_device)
        self.source.clip_chosen.connect(self.show_clip)
        self.view.pointed.connect(self.readout.setText)

    # What the page asks for

    def use(self, features: Features, clip_duration_ms: int, clip_position: ClipPosition) -> None:
        """Take other settings, at the next picture."""
        if (features, clip_duration_ms, clip_position) != self._wanted:
            self._wanted = (features, clip_duration_ms, clip_position)
            self._follow_soon()

    def open_folder(self, dataset: Dataset) -> None:
        """Offer the clips of a data set's folder."""
        if self.shelf.open(dataset):
            self.source.show_shelf()
            # The clip in sight is of another folder or label: coming back shows one that is not.
            self._begun = self._begun and not self.source.shows_clip

    def show_clip(self, path: Path) -> None:
        """Look at a sound file, or say why not."""
        try:
            clip = read_sound(path)
        except DataError as error:
            self.message.show_message(str(error))
            return
        self.stop_playing()
        self.feed.stop()
        self.source.show_source("clip")
        self.message.hide()
        self.name.setText(f"{self.shelf.label}/{self.shelf.words}" if path == self.shelf.clip else path.name)
        self.sound.show_clip(clip)
        self._show_pictures()

    # Microphone

    def look_for_devices(self) -> None:
        """Offer the microphones that are there now."""
        if not self.feed.is_listening:
            self.source.show_devices(self.feed.devices())

    def toggle_listening(self) -> None:
        """Listen, or stop."""
        if self.feed.is_listening:
            self.feed.stop()
            return
        self._listen(self.source.chosen_device)

    def _listen(self, device: Device | None) -> None:
        if device is None:
            self.look_for_devices()
            device = self.source.chosen_device
        if device is not None and self.feed.start(device):
            self.name.setText(f"Listening to {device.name}")
            self.sound.listen()
            self._show_pictures()

    def _choose_device(self, device: Device | None) -> None:
        if self.feed.is_listening:
            self._listen(device)

    def _on_listening_changed(self, listening: bool) -> None:  # noqa: FBT001
        self.source.show_listening(listening)
        if not listening:
            self.source.meter.clear()

    def _hear(self, samples: np.ndarray) -> None:
        self.sound.hear(samples)
        if not self._input_soon.isActive():
            self._input_soon.start()

    def _show_state(self, state: MicrophoneState) -> None:
        self.source.meter.show_level(state.level_dbfs, state.peak, state.clipped)

    def _tell_trouble(self, sentence: str) -> None:
        if sentence:
            self.message.show_message(sentence, "Try again", lambda: self._listen(None))
        else:
            self.message.hide()

    # Clips

    def toggle_playing(self) -> None:
        """Play the clip, or stop."""
        if self._plays:
            self.stop_playing()
            return
        clip = self.sound.clip
        if clip is None:
            return
        try:
            self.player.play(clip.samples, clip.sample_rate)
        except AudioError as error:
            self.message.show_message(str(error))
            return
        self._plays = True
        self.source.show_playing(True)
        self._follow_soon()

    def stop_playing(self) -> None:
        """End what is playing."""
        self._plays = False
        self.player.stop()
        self.source.show_playing(False)
        self.source.meter.clear()
        self.view.set_cursor(None)

    def _show_position(self) -> None:
        clip, position_s = self.sound.clip, self.player.position_s
        if clip is None or position_s is None:
            self.stop_playing()
            return
        self.view.set_cursor(position_s)
        stop = round(position_s * clip.sample_rate)
        now = clip.samples[max(0, stop - round(METERED_S * clip.sample_rate)) : stop]
        if len(now):
            loudness = measure_loudness(now, clip.sample_rate)
            self.source.meter.show_level(loudness.level_dbfs, loudness.peak, loudness.clipped_fraction > 0)
        self._soon.start()

    # Pictures

    def _turn(self, source: str) -> None:
        if source == "clip":
            self.feed.stop()
            if self.shelf.clip is not None:
                self.show_clip(self.shelf.clip)
            return
        self.stop_playing()
        self.look_for_devices()
        self.name.setText("")
        self.sound.listen()
        self._show_pictures()

    def _show_pictures(self) -> None:
        anything = self.sound.clip is not None or self.feed.is_listening or len(self.sound.samples) > 0
        self.pictures.setCurrentWidget(self.view if anything else self.empty)
        self._follow_soon()
        self._input_soon.start()

    def _follow_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _show_wanted(self) -> None:
        features, clip_duration_ms, _ = self._wanted
        self.card.show_settings(features, clip_duration_ms)

    def _follow(self) -> None:
        """Catch up with the settings and with what is not transformed yet; follow what plays."""
        if self._wanted != (self.sound.features, self.sound.clip_duration_ms, self.sound.clip_position):
            self.sound.use(*self._wanted)
            self._show_wanted()
            self._input_soon.start()
        elif self.sound.is_behind:
            self.sound.advance()
        if self.sound.is_behind:
            self._soon.start()
        if self._plays:
            self._show_position()

    def _show_input(self) -> None:
        if self.isVisible():
            self.card.show_input(self.sound.model_input())

    # In sight or not

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Go on listening; at first, show a clip, so that there is something to see."""
        super().showEvent(event)
        if event.spontaneous():
            return
        self._show_wanted()
        self._input_soon.start()
        if self._resume:
            self._listen(self.source.chosen_device)
        elif not self._begun and self.shelf.clip is not None:
            self.show_clip(self.shelf.clip)
        self._begun = True

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nobody is listened to out of sight."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._resume = self.feed.is_listening
            self.feed.stop()
            self.stop_playing()
