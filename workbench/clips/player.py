"""Plays a clip and tells where it is, so that a cursor can follow."""

from PySide6.QtCore import QObject, QTimer, Signal

from core.audio.player import Player
from core.errors import AudioError
from workbench.clips.sound import ClipSound

CURSOR_MS = 33


class ClipPlayer(QObject):
    """One clip at a time. What cannot be played is said, and nothing else ends."""

    moved = Signal(object)
    """Seconds in the clip that are heard now; None when it is over."""
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._player = Player()
        self._first_s = 0.0
        self._follow = QTimer(self, interval=CURSOR_MS)
        self._follow.timeout.connect(self._tell)

    @property
    def is_playing(self) -> bool:
        """Tell whether a clip is heard."""
        return self._follow.isActive()

    def play(self, sound: ClipSound, first_s: float = 0.0, last_s: float | None = None) -> None:
        """Play a clip from one second to another, in place of what is playing."""
        first, last = (None if second is None else round(second * sound.sample_rate) for second in (first_s, last_s))
        self._first_s = first_s
        try:
            self._player.play(sound.samples[first:last], sound.sample_rate)
        except AudioError as error:
            self.stop()
            self.failed.emit(str(error))
            return
        self._follow.start()
        self.moved.emit(first_s)

    def stop(self) -> None:
        """Fall silent."""
        self._player.stop()
        if self._follow.isActive():
            self._follow.stop()
            self.moved.emit(None)

    def _tell(self) -> None:
        position_s = self._player.position_s
        if position_s is None:
            self.stop()
        else:
            self.moved.emit(self._first_s + position_s)
