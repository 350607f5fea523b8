"""What a device listens to: its microphone, or a WAV file or folder that lies on it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from workbench.form.fields import guard_wheel

MICROPHONE, FILE = "Microphone", "WAV file or folder there"
LINE_WIDTH = 240


class HearingForm(QWidget):
    """A choice and the one line that belongs to it."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        name = QLabel("Hears")
        name.setProperty("role", "muted")
        self.source = QComboBox()
        self.source.setAccessibleName("What the device listens to")
        self.source.addItems((MICROPHONE, FILE))
        guard_wheel(self.source)
        self.line = QLineEdit()
        self.line.setMinimumWidth(LINE_WIDTH)
        self.source.currentIndexChanged.connect(self._follow)
        self.source.activated.connect(self.edited)
        self.line.textEdited.connect(self.edited)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (name, self.source, self.line):
            row.addWidget(widget)
        self._follow()

    @property
    def hears_file(self) -> bool:
        """Whether it is no microphone."""
        return self.source.currentText() == FILE

    @property
    def microphone(self) -> str:
        """ALSA's name of the microphone; empty is the system's default."""
        return "" if self.hears_file else self.line.text().strip()

    @property
    def wav(self) -> str:
        """File or folder on the device; empty where a microphone is heard."""
        return self.line.text().strip() if self.hears_file else ""

    def problem(self) -> str:
        """Return what has to be said yet; nothing when all is."""
        return "Name the WAV file or folder on the device" if self.hears_file and not self.wav else ""

    def show_source(self, microphone: str, wav: str) -> None:
        """Show which microphone is heard, or which file or folder in its place."""
        self.source.setCurrentText(FILE if wav else MICROPHONE)
        self.line.setText(wav or microphone)

    def _follow(self) -> None:
        self.line.clear()
        self.line.setPlaceholderText("/home/pi/words.wav" if self.hears_file else "The system’s default")
        self.line.setAccessibleName("WAV file or folder on the device" if self.hears_file else "Name of the microphone")
