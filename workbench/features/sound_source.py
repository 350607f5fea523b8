"""The bar above the pictures: a microphone to listen to or a clip to look at, and how loud it is."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QWidget,
)

from core.audio.microphone import Device
from workbench import theme
from workbench.clips.shelf import ClipShelf
from workbench.form.fields import guard_wheel
from workbench.plots.level_meter import LevelMeter
from workbench.sound.file_choice import sound_filter
from workbench.sound.microphone_menu import DeviceMenu

NO_LABEL = "No clips yet"


class SoundSource(QFrame):
    """Says what the user wants to hear; the page does it."""

    turned_to = Signal(str)
    """`microphone` or `clip`, by the user."""
    listen_clicked = Signal()
    play_clicked = Signal()
    device_chosen = Signal(object)
    """A Device."""
    devices_wanted = Signal()
    """The menu of devices opens: they are to be looked for anew."""
    clip_chosen = Signal(object)
    """Path of a file of sound."""

    def __init__(self, shelf: ClipShelf, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.shelf = shelf
        self.meter = LevelMeter()
        self.microphone = _turn("Microphone", "ph.microphone")
        self.clip = _turn("Clip", "ph.music-note-simple")
        group = QButtonGroup(self)
        group.addButton(self.microphone)
        group.addButton(self.clip)
        self.microphone.clicked.connect(lambda: self._turn_to("microphone"))
        self.clip.clicked.connect(lambda: self._turn_to("clip"))
        self.parts = QStackedWidget()
        self.parts.addWidget(self._build_microphone())
        self.parts.addWidget(self._build_clip())
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        row.addWidget(self.microphone)
        row.addWidget(self.clip)
        row.addSpacing(8)
        row.addWidget(self.parts, 1)
        row.addWidget(self.meter)
        self.microphone.setChecked(True)
        self.show_devices([])

    def _build_microphone(self) -> QWidget:
        self.device = DeviceMenu()
        self.device.setMinimumContentsLength(12)
        self.device.opened.connect(self.devices_wanted)
        self.device.device_chosen.connect(self.device_chosen)
        self.listen = QPushButton("Listen")
        self.listen.setProperty("role", "primary")
        self.listen.setMinimumWidth(80)
        self.listen.setToolTip("Show what the microphone hears (Space)")
        self.listen.clicked.connect(self.listen_clicked)
        return _row(self.listen, (self.device, 1))

    def _build_clip(self) -> QWidget:
        self.label = QComboBox()
        self.label.setAccessibleName("Label whose clips are looked at")
        self.label.setMinimumContentsLength(6)
        self.label.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.label.activated.connect(lambda index: self.choose_label(self.label.itemText(index)))
        guard_wheel(self.label)
        self.back = _step("ph.caret-left", "Clip before (Left)", lambda: self.step(-1))
        self.forth = _step("ph.caret-right", "Next clip (Right)", lambda: self.step(1))
        self.open = _step("ph.folder-open", "Choose a file of sound; or drop one anywhere on the page", self.ask_clip)
        self.play = QPushButton("Play")
        self.play.setProperty("role", "primary")
        self.play.setMinimumWidth(80)
        self.play.setToolTip("Play the clip (Space)")
        self.play.clicked.connect(self.play_clicked)
        return _row(self.play, self.label, self.back, self.forth, self.open, (QWidget(), 1))

    # What is shown

    @property
    def shows_clip(self) -> bool:
        """Tell whether a clip is looked at."""
        return self.clip.isChecked()

    def show_source(self, source: str) -> None:
        """Show the controls of the `microphone` or of the `clip`."""
        self.clip.setChecked(source == "clip")
        self.microphone.setChecked(source == "microphone")
        self.parts.setCurrentIndex(int(source == "clip"))

    def show_devices(self, devices: list[Device]) -> None:
        """Offer these devices; the one chosen before stays so while it is there."""
        self.device.show_devices(devices)

    @property
    def chosen_device(self) -> Device | None:
        """The device in the menu; None when there is none."""
        return self.device.chosen

    def show_listening(self, listening: bool) -> None:  # noqa: FBT001
        """Let the button say what it does next."""
        self.listen.setText("Stop" if listening else "Listen")

    def show_playing(self, playing: bool) -> None:  # noqa: FBT001
        """Let the button say what it does next."""
        self.play.setText("Stop" if playing else "Play")

    def show_shelf(self) -> None:
        """Offer the labels of the folder that the shelf was opened on."""
        self.label.clear()
        self.label.addItems(self.shelf.labels or [NO_LABEL])
        self.label.setEnabled(bool(self.shelf.labels))
        self.label.setCurrentText(self.shelf.label or NO_LABEL)
        for button in (self.back, self.forth):
            button.setEnabled(bool(self.shelf.clips))

    # What the user does

    def _turn_to(self, source: str) -> None:
        self.show_source(source)
        self.turned_to.emit(source)

    def choose_label(self, label: str) -> None:
        """Look at the first clip of a label."""
        self.shelf.choose(label)
        self.label.setCurrentText(label)
        self._choose_from_shelf()

    def step(self, by: int) -> None:
        """Look at the next clip of the label, or the one before."""
        self.shelf.step(by)
        self._choose_from_shelf()

    def ask_clip(self) -> None:
        """Let the user choose a file."""
        path, _ = QFileDialog.getOpenFileName(self, "Look at a sound", str(self.shelf.folder), sound_filter())
        if path:
            self.clip_chosen.emit(Path(path))

    def _choose_from_shelf(self) -> None:
        if self.shelf.clip is not None:
            self.clip_chosen.emit(self.shelf.clip)


def _turn(text: str, icon: str) -> QToolButton:
    button = QToolButton(text=text, checkable=True)
    button.setProperty("role", "flat")
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    theme.set_icon(button, icon)
    return button


def _step(icon: str, explained: str, act: object) -> QToolButton:
    button = QToolButton(toolTip=explained)
    button.setAccessibleName(explained.partition(" (")[0])
    theme.set_icon(button, icon)
    button.clicked.connect(act)
    return button


def _row(*parts: QWidget | tuple[QWidget, int]) -> QWidget:
    whole = QWidget()
    row = QHBoxLayout(whole)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(4)
    for part in parts:
        if isinstance(part, tuple):
            row.addWidget(*part)
        else:
            row.addWidget(part)
    return whole
