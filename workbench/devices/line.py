"""One line above a device: what is going on, what has to be answered first, or what went wrong. Never modal."""

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from core.events import HostKeyQuestion
from workbench import theme
from workbench.devices.sentence import fixed, rich

PASSWORD_WIDTH = 200
CLOSE = "Close"


class DeviceLine(QFrame):
    """Shows one state at a time; controls that do not belong to it are absent."""

    trusted = Signal()
    password_given = Signal(str, bool)
    """The password, and whether the system's keyring shall keep it."""
    confirmed = Signal()
    """The user is sure."""
    declined = Signal()
    """The user wants the question or what is going on to end."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.sign = QLabel()
        self.sign.setFixedWidth(18)
        self.words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.password = QLineEdit(echoMode=QLineEdit.EchoMode.Password, placeholderText="Password")
        self.password.setAccessibleName("Password of the device")
        self.password.setFixedWidth(PASSWORD_WIDTH)
        self.keep = QCheckBox("Keep in the system keyring")
        self.accept = QPushButton()
        self.accept.setProperty("role", "primary")
        self.refuse = QPushButton()
        self.password.returnPressed.connect(self._accept)
        self.password.textChanged.connect(self._allow)
        self.accept.clicked.connect(self._accept)
        self.refuse.clicked.connect(self._refuse)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(12)
        row.addWidget(self.sign)
        row.addWidget(self.words, 1)
        for widget in (self.password, self.keep, self.accept, self.refuse):
            row.addWidget(widget)
        self._icon = ("", "muted")
        self._answered = self.trusted
        theme.changed.connect(self._draw_sign)
        self.hide()

    @property
    def is_passing(self) -> bool:
        """Tell whether what it says ends by itself, as work and questions do; sentences stay until they are read."""
        return self.refuse.text() != CLOSE

    def show_work(self, words: str) -> None:
        """Say what goes on; it can be cancelled."""
        self._show(f"{escape(words)} …", ("ph.arrows-clockwise", "muted"), "", "Cancel")

    def show_trouble(self, sentence: str) -> None:
        """Say what went wrong, until it is read."""
        self._show(_sentence(sentence), ("ph.warning-circle", "bad"), "", CLOSE)

    def show_note(self, sentence: str) -> None:
        """Say what was done, until it is read."""
        self._show(_sentence(sentence), ("ph.check-circle", "good"), "", CLOSE)

    def ask_trust(self, device: str, question: HostKeyQuestion) -> None:
        """Ask whether a key met for the first time is the device's."""
        self._show(
            f"<b>Is this {escape(device)}?</b> {escape(question.host)} is met for the first time, and nothing was sent "
            f"to it yet. The SHA-256 fingerprint of its {escape(question.key_type.removeprefix('ssh-'))} key is<br>"
            f"{fixed(question.fingerprint)}<br>Compare it with what "
            f"{fixed(f'ssh-keygen -lf /etc/ssh/ssh_host_{_kind(question.key_type)}_key.pub')} says on the device.",
            ("ph.fingerprint", "warning"),
            "Trust",
            "Do not connect",
        )
        self._answered = self.trusted

    def ask_password(self, sentence: str, *, can_keep: bool) -> None:
        """Ask for a password; to keep it is offered where there is a keyring."""
        self._show(_sentence(sentence), ("ph.key", "warning"), "Connect", "Do not connect")
        self.password.clear()
        self.password.show()
        self.keep.setChecked(False)
        self.keep.setVisible(can_keep)
        self._allow()
        self.password.setFocus()

    def ask_sure(self, sentence: str, verb: str) -> None:
        """Ask whether something that cannot be taken back shall be done."""
        self._show(_sentence(sentence), ("ph.question", "warning"), verb, "Keep it")
        self._answered = self.confirmed

    def _show(self, html: str, icon: tuple[str, str], accept: str, refuse: str) -> None:
        self.words.setText(html)
        self.setAccessibleName(self.words.text())
        self._icon = icon
        self._draw_sign()
        self.password.hide()
        self.keep.hide()
        self.accept.setText(accept)
        self.accept.setVisible(bool(accept))
        self.accept.setEnabled(True)
        self.refuse.setText(refuse)
        self.show()

    def _draw_sign(self) -> None:
        name, role = self._icon
        if name:
            self.sign.setPixmap(theme.icon(name, role).pixmap(16, 16))

    def _allow(self) -> None:
        self.accept.setEnabled(self.password.isHidden() or bool(self.password.text()))

    def _accept(self) -> None:
        if self.password.isHidden():
            self._answered.emit()
        elif self.password.text():
            given = self.password.text()
            self.password.clear()
            self.password_given.emit(given, self.keep.isChecked())

    def _refuse(self) -> None:
        self.password.clear()
        if self.refuse.text() == CLOSE:
            self.hide()
        else:
            self.declined.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc is the second button."""
        if event.key() == Qt.Key.Key_Escape:
            self._refuse()
        else:
            super().keyPressEvent(event)


def _sentence(text: str) -> str:
    return rich(text if text.endswith((".", "?")) else f"{text}.")


def _kind(key_type: str) -> str:
    """Return the part of a key file's name that tells its kind."""
    kind = key_type.removeprefix("ssh-")
    return "ecdsa" if kind.startswith("ecdsa") else kind
