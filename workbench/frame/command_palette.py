"""Every action of the window by name, under Ctrl+K."""

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from workbench import theme

WIDTH = 560
SHOWN_ROWS = 10
ROW_HEIGHT = 30
ACTION = Qt.ItemDataRole.UserRole
KEYS = Qt.ItemDataRole.UserRole + 1
FAR_FROM_EDGE = 64


class CommandPalette(QFrame):
    """A line to type in and the actions whose words fit; Enter does the one chosen."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("role", "card")
        self.setAccessibleName("Command palette")
        self._actions: list[QAction] = []
        self._before: QWidget | None = None
        self.line = QLineEdit(placeholderText="Type what to do")
        self.line.setAccessibleName("Command")
        self.line.textChanged.connect(self._show_fitting)
        self.line.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("Commands")
        self.list.setItemDelegate(_CommandRow(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.itemClicked.connect(self._do)
        self.nothing = QLabel("No command with these words.")
        self.nothing.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for widget in (self.line, self.list, self.nothing):
            column.addWidget(widget)
        self.hide()

    def open(self, actions: list[QAction]) -> None:
        """Offer these actions."""
        able = [action for action in actions if action.text() and action.isEnabled()]
        # One of many of a kind, as "Theme: dark", comes after what there is but once.
        self._actions = sorted(able, key=lambda action: ": " in action.iconText())
        self._before = self.window().focusWidget()
        self.line.clear()
        self._show_fitting("")
        parent = self.parentWidget()
        self.setGeometry((parent.width() - WIDTH) // 2, FAR_FROM_EDGE, WIDTH, self.sizeHint().height())
        self.show()
        self.raise_()
        self.line.setFocus()

    def close_palette(self) -> None:
        """Go back to what had the focus."""
        self.hide()
        if self._before is not None:
            self._before.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Arrows move in the list while the line keeps the focus."""
        if watched is self.line and event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        if watched is not self.line or event.type() != QEvent.Type.KeyPress:
            return False
        assert isinstance(event, QKeyEvent)
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close_palette()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            step = 1 if key == Qt.Key.Key_Down else -1
            self.list.setCurrentRow((self.list.currentRow() + step) % max(1, self.list.count()))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._do(self.list.currentItem())
        else:
            return False
        return True

    def _show_fitting(self, text: str) -> None:
        words = text.lower().split()
        self.list.clear()
        for action in self._actions:
            name = action.iconText().removesuffix("…")
            if all(word in name.lower() for word in words):
                keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                item = QListWidgetItem(name)
                item.setData(ACTION, action)
                item.setData(KEYS, keys)
                self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.nothing.setVisible(self.list.count() == 0)
        self.list.setVisible(self.list.count() > 0)
        self.list.setFixedHeight(min(self.list.count(), SHOWN_ROWS) * ROW_HEIGHT + 4)
        self.resize(WIDTH, self.sizeHint().height())

    def _do(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        action = item.data(ACTION)
        self.close_palette()
        action.trigger()


class _CommandRow(QStyledItemDelegate):
    """A command's words at the left, its keys at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().paint(painter, option, index)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QColor(theme.current().on_accent if chosen else theme.current().muted))
        flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(option.rect.adjusted(0, 0, -8, 0), flags, index.data(KEYS))


def palette_button_text() -> str:
    """Return the palette's shortcut as this system writes it."""
    return QKeySequence("Ctrl+K").toString(QKeySequence.SequenceFormat.NativeText)
