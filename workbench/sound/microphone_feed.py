"""A microphone on the event loop: what is new thirty times a second, its state, and its troubles as sentences."""

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from core.audio.microphone import Device, Microphone, MicrophoneState, input_devices
from core.errors import AudioError

REPAINT_MS = 33
LOOKS_PER_STATE = 2
"""A level is read by eye: half as often as the pictures move is enough."""
SILENT_S = 2.0
"""After so long without any data a stream is said to be stuck."""
MUTED_S = 4.0
"""After so long without any sample but zero a microphone is said to be switched off."""


class MicrophoneFeed(QObject):
    """Listens to one device at a time, on request."""

    heard = Signal(object)
    """Samples that are new, float32 of shape (n,) at 16 kHz."""
    state_told = Signal(object)
    """The MicrophoneState, fifteen times a second."""
    listening_changed = Signal(bool)
    troubled = Signal(str)
    """A sentence about what is wrong and what to do; empty once it is over."""

    def __init__(self, parent: QObject | None = None, interval_ms: int = REPAINT_MS) -> None:
        super().__init__(parent)
        self._microphone: Microphone | None = None
        self._trouble = ""
        self._heard_anything = False
        self._looks = 0
        self._timer = QTimer(self, interval=interval_ms, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._look)

    @property
    def is_listening(self) -> bool:
        """Tell whether a device is open."""
        return self._microphone is not None

    def devices(self) -> list[Device]:
        """Return the devices there are now; none, with a sentence by `troubled`, when they cannot be had."""
        try:
            return input_devices()
        except AudioError as error:
            self.troubled.emit(str(error))
            return []

    def start(self, device: Device | None = None) -> bool:
        """Listen to a device, the system's own when none is named; tell whether it could be opened.

        Where another one is listened to it takes that one's place, without an end of listening in between.
        """
        was_listening = self.is_listening
        self._close()
        microphone = Microphone(device=device)
        try:
            microphone.open()
        except AudioError as error:
            self.troubled.emit(str(error))
            if was_listening:
                self.listening_changed.emit(False)
            return False
        self._microphone = microphone
        self._trouble, self._heard_anything, self._looks = "", False, 0
        self._timer.start()
        self.troubled.emit("")
        self.listening_changed.emit(True)
        return True

    def stop(self) -> None:
        """Close the device."""
        if self.is_listening:
            self._close()
            self.listening_changed.emit(False)

    def _close(self) -> None:
        if self._microphone is not None:
            self._timer.stop()
            self._microphone.close()
            self._microphone = None

    def _look(self) -> None:
        assert self._microphone is not None
        samples = self._microphone.read()
        if len(samples):
            self.heard.emit(samples)
        self._looks += 1
        # Who heard enough may have closed it.
        if self._microphone is not None and self._looks % LOOKS_PER_STATE == 0:
            self._tell_state(self._microphone.state, self._microphone.device.name)

    def _tell_state(self, state: MicrophoneState, name: str) -> None:
        self.state_told.emit(state)
        if state.ended:
            self.stop()
            self.troubled.emit(state.ended)
            return
        trouble = self._trouble_of(state, name)
        if trouble != self._trouble:
            self._trouble = trouble
            self.troubled.emit(trouble)

    def _trouble_of(self, state: MicrophoneState, name: str) -> str:
        if state.seconds_silent_stream > SILENT_S:
            return (
                f"{name} has given no sound for {SILENT_S:.0f} s; check that it is switched on and not suspended, "
                "or choose another one"
            )
        self._heard_anything = self._heard_anything or not state.muted
        if not self._heard_anything and self._looks * self._timer.interval() > 1000 * MUTED_S:
            return (
                f"{name} gives nothing but zeros; switch it on, or allow this program to use the microphone "
                "in the system's settings"
            )
        return ""
