"""The clip in sight: its sound in two pictures, what is to be said about it, and what can be done with it."""

import math
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSpinBox,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from core.audio.clip_part import is_longer, part_start
from core.audio.wav import Sound
from core.datasets.edits import ClipEdit
from core.datasets.waveforms import ClipLength
from core.errors import DataError
from core.settings.clips import ClipPosition
from core.spec import Dataset
from workbench import number_format, theme
from workbench.clips.player import ClipPlayer
from workbench.clips.rows import ClipRows
from workbench.clips.sound import ClipSound, read_sound
from workbench.clips.waveform import LEAST_USED_MS, ClipWaveform
from workbench.form.fields import guard_wheel
from workbench.plots.spectrogram import PictureView
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.plain_text import verbatim

SETTLED_MS = 400
"""A start that is stepped through is taken over when it rests."""
SENTENCES_HEIGHT = 36
HEIGHTS = (160, 220)
ANOTHER = "Another label"


class ClipView(QFrame):
    """Shows one clip and asks for changes of all that are selected."""

    exclusion_requested = Signal()
    relabelling_requested = Signal(str)
    """The label that the selected clips shall count under."""
    restoration_requested = Signal()
    trim_requested = Signal(str, int)
    """Name of a clip, and where its used part shall begin, in milliseconds."""
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "pane")
        self.sound: ClipSound | None = None
        self.edit = ClipEdit()
        self._length: ClipLength = Dataset()
        self._name = ""
        """Path of the clip within its folder."""
        self._path = Path()
        self.player = ClipPlayer(self)
        self._build()
        self._settle = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._connect()
        self.clear()

    def _build(self) -> None:
        self.title, self.facts, self.pointed = ElidedLabel(), ElidedLabel(), ElidedLabel()
        self.title.setProperty("role", "title")
        for label in (self.facts, self.pointed):
            label.setProperty("role", "muted")
        self.sentences = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self.sentences.setProperty("role", "warning")
        self.sentences.setFixedHeight(SENTENCES_HEIGHT)
        self.waveform, self.spectrogram = ClipWaveform(), PictureView("kHz")
        self.waveform.show_seconds(False)
        self.waveform.setToolTip("Click to play from here; drag to use another second of the clip")
        self.spectrogram.setAccessibleName("Spectrogram")
        self.pictures = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        for picture in (self.waveform, self.spectrogram):
            self.pictures.addWidget(picture)
            picture.setMinimumHeight(72)
        self.pictures.setSizes(list(HEIGHTS))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(4)
        for widget in (self.title, self.facts, self.sentences):
            column.addWidget(widget)
        column.addWidget(self.pictures, 1)
        column.addWidget(self.pointed)
        column.addLayout(self._build_listening())
        column.addLayout(self._build_changing())

    def _build_listening(self) -> QHBoxLayout:
        self.play_button = QPushButton("Play")
        self.play_button.setToolTip("Hear the clip, or fall silent (Space)")
        self.play_button.setMinimumWidth(88)
        theme.set_icon(self.play_button, "ph.play")
        self.play_each = QCheckBox("Play each")
        self.play_each.setToolTip("Play every clip that comes into sight, while stepping with the arrow keys")
        self.start = QSpinBox(suffix=" ms", singleStep=10, keyboardTracking=False, prefix="from ")
        self.start.setAccessibleName("Where the used part of the clip begins")
        self.start.setToolTip("Trim: where the part that training uses begins; the file stays as it is")
        self.start.setMinimumWidth(112)
        guard_wheel(self.start)
        self.loudest = QPushButton("Loudest part")
        self.loudest.setToolTip("Use the part of the clip that holds most sound")
        return _row(self.play_button, self.play_each, None, QLabel("Use"), self.start, self.loudest)

    def _build_changing(self) -> QHBoxLayout:
        self.exclude_button = QPushButton("Exclude")
        theme.set_icon(self.exclude_button, "ph.prohibit")
        self.relabel_button = QToolButton(text="Relabel", popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.relabel_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.relabel_button.setToolTip("Let the selected clips count under another label (F2)")
        theme.set_icon(self.relabel_button, "ph.tag")
        self.relabel_menu, self.other_labels = QMenu(self), QMenu("Labels not ticked", self)
        self.relabel_button.setMenu(self.relabel_menu)
        self.new_label = QLineEdit(placeholderText=ANOTHER)
        self.new_label.setAccessibleName(ANOTHER)
        # Not the menu's own, which deletes what is its own when the labels change.
        self.typed_label = QWidgetAction(self)
        self.typed_label.setText(ANOTHER)
        self.typed_label.setDefaultWidget(self.new_label)
        self.restore_button = QPushButton("Restore")
        self.restore_button.setToolTip("Take back every change of the selected clips, whenever it was made")
        theme.set_icon(self.restore_button, "ph.arrow-counter-clockwise")
        self.selected = QLabel()
        self.selected.setProperty("role", "muted")
        # A click leaves the keys to the table: Space would press the button again instead of playing.
        changing = (self.exclude_button, self.relabel_button, self.restore_button)
        for button in (self.play_button, self.loudest, *changing):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return _row(*changing, self.selected, None)

    def _connect(self) -> None:
        self.play_button.clicked.connect(self.toggle)
        self.exclude_button.clicked.connect(self.exclusion_requested)
        self.restore_button.clicked.connect(self.restoration_requested)
        self.new_label.returnPressed.connect(self._use_typed)
        self.start.valueChanged.connect(self._preview)
        self.loudest.clicked.connect(self._use_loudest)
        self.waveform.trim_dragged.connect(self._show_start)
        self.waveform.trim_chosen.connect(self._trim)
        self._settle.timeout.connect(lambda: self._trim(self.start.value()))
        for picture in (self.waveform, self.spectrogram):
            picture.place_clicked.connect(self.play_from)
            picture.pointed.connect(self.pointed.setText)
        self.player.moved.connect(self._show_cursor)
        self.player.failed.connect(self.failed)

    # What is shown

    def clear(self, words: str = "No clip is selected", explained: str = "") -> None:
        """Show no clip, and say why."""
        self._leave()
        self.sound, self._name, self._path = None, "", Path()
        self.waveform.clear()
        self.waveform.show_used(0, 1000, 1000)
        self.spectrogram.clear()
        self.title.setText(words)
        for label in (self.facts, self.pointed, self.selected):
            label.setText("")
        self.sentences.setText(explained)
        self.restore_button.hide()
        self._enable()

    def show_clip(self, clips: ClipRows, row: int, length: ClipLength) -> None:
        """Show a clip of a catalogue, of which training uses `used_ms`."""
        catalogue = clips.catalogue
        path = catalogue.folder / catalogue.names[row]
        if path != self._path:
            self._leave()
            self._path, self._name = path, catalogue.names[row]
            self._read(path)
        self.edit, self._length = catalogue.edit_of(row), length
        self.title.setText(catalogue.names[row].rpartition("/")[2])
        self.facts.setText(self._facts(clips, row))
        self.sentences.setText("  ".join(clips.sentences(row)))
        self.sentences.setToolTip("\n".join(clips.sentences(row)))
        self._show_trim()
        self._enable()

    def show_selection(self, count: int, *, all_excluded: bool, any_changed: bool) -> None:
        """Say how many clips the buttons act on, and what they will do."""
        self.restore_button.setVisible(any_changed)
        self.exclude_button.setText("Include" if all_excluded else "Exclude")
        theme.set_icon(self.exclude_button, "ph.arrow-u-up-left" if all_excluded else "ph.prohibit")
        self.exclude_button.setToolTip(
            f"{'Use them again' if all_excluded else 'Use the selected clips nowhere'}; the files stay (Del)"
        )
        self.selected.setText(f"{count:,} clips selected" if count > 1 else "")

    def offer_labels(self, labels: Sequence[str], others: Sequence[str]) -> None:
        """Offer labels to relabel with, the others a step further away."""
        self.relabel_menu.clear()
        self.other_labels.clear()
        self._offer(self.relabel_menu, labels)
        self._offer(self.other_labels, others)
        if others:
            self.relabel_menu.addMenu(self.other_labels)
        self.relabel_menu.addSeparator()
        self.relabel_menu.addAction(self.typed_label)

    def _offer(self, menu: QMenu, labels: Sequence[str]) -> None:
        for label in labels:
            menu.addAction(verbatim(label), lambda label=label: self.relabelling_requested.emit(label))

    def _use_typed(self) -> None:
        label = self.new_label.text().strip()
        self.new_label.clear()
        self.relabel_menu.close()
        if label:
            self.relabelling_requested.emit(label)

    def open_relabelling(self) -> None:
        """Let the user choose a label."""
        if self.relabel_button.isEnabled():
            self.relabel_button.showMenu()

    def _leave(self) -> None:
        """Fall silent, and take over a start that was not yet."""
        self.player.stop()
        if self._settle.isActive():
            self._settle.stop()
            self._trim(self.start.value())

    def _read(self, path: Path) -> None:
        try:
            self.sound = read_sound(path)
        except DataError:
            # Why it cannot be read stands among the sentences.
            self.sound = None
            self.waveform.clear()
            self.spectrogram.clear()
            return
        self.waveform.show_samples(self.sound.samples, self.sound.sample_rate)
        self.spectrogram.show_picture(self.sound.picture, self.sound.duration_s)
        if self.play_each.isChecked() and self.isVisible():
            self.play()

    def _facts(self, clips: ClipRows, row: int) -> str:
        columns = clips.catalogue.columns[row]
        said = [clips.label_words(row)]
        if clips.speaker_of(row):
            said.append(f"speaker {clips.speaker_of(row)}")
        said.append(clips.part_words(row) if columns["part"] >= 0 else "not used")
        if columns["seconds"]:
            said.append(f"{columns['seconds']:.2f} s at {number_format.plain(columns['sample_rate'] / 1000)} kHz")
            said.append(f"peak {_decibels(float(columns['peak']))} dB")
        return " · ".join(said)

    def _show_trim(self) -> None:
        if self._settle.isActive():
            # The user is still choosing.
            return
        length_ms = round(1000 * self.sound.duration_s) if self.sound else self._used_ms
        start_ms = self._start_ms
        self.waveform.show_used(start_ms, self._used_ms, length_ms)
        with QSignalBlocker(self.start):
            self.start.setRange(0, max(0, length_ms - LEAST_USED_MS))
            self.start.setValue(start_ms)
        self.loudest.setEnabled(self.sound is not None and length_ms > self._used_ms)

    @property
    def _used_ms(self) -> int:
        """How much of a clip is used."""
        return self._length.clip_duration_ms

    @property
    def _start_ms(self) -> int:
        """Where the used part begins: where the user let it, or by the rule for longer clips."""
        return self._start_by(self._length.clip_position) if self.edit.start_ms is None else self.edit.start_ms

    def _start_by(self, position: ClipPosition) -> int:
        if self.sound is None:
            return 0
        sound = Sound(self.sound.samples, self.sound.sample_rate)
        return round(1000 * part_start(sound, self._used_ms / 1000, position) / sound.sample_rate)

    def _show_start(self, start_ms: int) -> None:
        with QSignalBlocker(self.start):
            self.start.setValue(start_ms)

    def _enable(self) -> None:
        for control in (self.play_button, self.start):
            control.setEnabled(self.sound is not None)
        for control in (self.exclude_button, self.relabel_button):
            control.setEnabled(bool(self._name))
        if self.sound is None:
            self.loudest.setEnabled(False)

    # What is done

    def toggle(self) -> None:
        """Play the clip, or fall silent."""
        if self.player.is_playing:
            self.player.stop()
        else:
            self.play()

    def play(self) -> None:
        """Play the clip; of a trimmed or longer one what is used."""
        if self.sound is not None:
            first_s = self._start_ms / 1000
            is_part = bool(first_s) or is_longer(self.sound.duration_s, self._used_ms / 1000)
            self.player.play(self.sound, first_s, first_s + self._used_ms / 1000 if is_part else None)

    def play_from(self, first_s: float) -> None:
        """Play the clip from a second on."""
        if self.sound is not None:
            self.player.play(self.sound, min(max(0.0, first_s), self.sound.duration_s))

    def _show_cursor(self, seconds: float | None) -> None:
        for picture in (self.waveform, self.spectrogram):
            picture.set_cursor(seconds)
        playing = seconds is not None
        text = "Stop" if playing else "Play"
        if self.play_button.text() != text:
            self.play_button.setText(text)
            theme.set_icon(self.play_button, "ph.stop" if playing else "ph.play")

    def _preview(self, start_ms: int) -> None:
        length_ms = round(1000 * self.sound.duration_s) if self.sound else self._used_ms
        self.waveform.show_used(start_ms, self._used_ms, length_ms)
        self._settle.start()

    def _use_loudest(self) -> None:
        if self.sound is not None:
            self._trim(self._start_by("loudest"))

    def _trim(self, start_ms: int) -> None:
        self.trim_requested.emit(self._name, start_ms)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nothing plays out of sight."""
        self.player.stop()
        super().hideEvent(event)


def _decibels(peak: float) -> str:
    """Return a part of full scale in decibels."""
    return f"{20 * math.log10(peak):z.1f}".replace("-", "−") if peak else "−∞"


def _row(*widgets: QWidget | None) -> QHBoxLayout:
    """Lay widgets out beside each other; None is room that stretches."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        if widget is None:
            row.addStretch(1)
        else:
            row.addWidget(widget)
    return row
