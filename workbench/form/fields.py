"""One editor for each shape of setting. Each shows a value and says what was typed or chosen.

Text is kept as typed, right or wrong; the draft judges it. The wheel changes nothing that has no focus.
"""

from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QResizeEvent, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QWidget,
)

from core.settings.clips import Layout
from workbench.form import field_text


class FieldEditor(QWidget):
    """The part that all editors share: a row whose `control` takes the focus."""

    text_edited = Signal(str)
    value_chosen = Signal(object)
    control: QWidget

    def hold(self, control: QWidget, *others: QWidget) -> None:
        """Lay out the control and what stands beside it."""
        self.control = control
        self.setFocusProxy(control)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(control, 1)
        for other in others:
            row.addWidget(other)

    def show_value(self, value: Any) -> None:
        """Show a value that came from elsewhere."""
        raise NotImplementedError

    def show_data(self, place: str, layout: Layout = "automatic") -> None:
        """Take note of where the data are, for an editor that offers what is in them."""

    def show_fault(self, faulty: str) -> None:
        """Mark the control when `faulty` says what is wrong."""
        self.control.setProperty("faulty", "true" if faulty else "false")
        self.control.style().unpolish(self.control)
        self.control.style().polish(self.control)
        self.control.setAccessibleDescription(faulty)


class _WheelGuard(QObject):
    """Lets the form scroll when the pointer is over a control without the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


_guard = _WheelGuard()


def guard_wheel(control: QWidget) -> None:
    """Keep the wheel from changing a control that has no focus."""
    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    control.installEventFilter(_guard)


class UnitLine(QLineEdit):
    """A line with its unit inside, at the right edge; in its place what 0 stands for, where it is no amount."""

    def __init__(self, unit: str = "", at_zero: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unit = unit
        self._at_zero = at_zero
        self._unit = QLabel(unit, self)
        self._unit.setProperty("role", "muted")
        self._unit.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        if at_zero:
            self.textChanged.connect(self._name_amount)
        self._keep_room()

    def _name_amount(self, text: str) -> None:
        self._unit.setText(self._at_zero if text.strip() == "0" else self.unit)
        self._keep_room()

    def _keep_room(self) -> None:
        size = self._unit.sizeHint()
        if self._unit.text():
            self.setTextMargins(0, 0, size.width() + 8, 0)
        self._unit.setGeometry(self.width() - size.width() - 8, 0, size.width(), self.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the unit at the edge."""
        super().resizeEvent(event)
        self._keep_room()


class WholeNumberBox(QAbstractSpinBox):
    """Steps a whole number within its bounds, yet lets anything be typed, so that a problem can be shown."""

    def __init__(self, unit: str, at_zero: str, least: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLineEdit(UnitLine(unit, at_zero))
        self._least, self._most = least, most
        guard_wheel(self)

    def stepBy(self, steps: int) -> None:  # noqa: N802
        """Go up or down; from text that is no number, to the lower bound."""
        try:
            value = int(self.text()) + steps
        except ValueError:
            value = self._least
        self.lineEdit().setText(str(min(self._most, max(self._least, value))))
        self.lineEdit().textEdited.emit(self.text())

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802
        """Both ways, always: the bounds hold in `stepBy`."""
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept everything; the draft says what is wrong."""
        return QValidator.State.Acceptable, text, position


class LineEditor(FieldEditor):
    """A line of text: numbers with a fraction, lists of filters, kernels and strides, names."""

    def __init__(self, unit: str) -> None:
        super().__init__()
        line = UnitLine(unit)
        line.textEdited.connect(self.text_edited)
        self.hold(line)
        self.line = line

    def show_value(self, value: Any) -> None:
        """Show a value; the cursor stays where the user is typing the same."""
        text = field_text.write(value)
        if self.line.text() != text:
            self.line.setText(text)
            self.line.setCursorPosition(0)


class WholeNumberEditor(FieldEditor):
    """A whole number with steps."""

    def __init__(self, unit: str, at_zero: str, least: int, most: int) -> None:
        super().__init__()
        box = WholeNumberBox(unit, at_zero, least, most)
        box.lineEdit().textEdited.connect(self.text_edited)
        self.hold(box)
        self.line = box.lineEdit()

    def show_value(self, value: Any) -> None:
        """Show a value."""
        text = field_text.write(value)
        if self.line.text() != text:
            self.line.setText(text)


class ChoiceEditor(FieldEditor):
    """One of a few values."""

    def __init__(self, choices: tuple[Any, ...], unit: str) -> None:
        super().__init__()
        box = QComboBox()
        guard_wheel(box)
        box.setMinimumContentsLength(8)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for choice in choices:
            box.addItem(f"{field_text.words_of(choice)} {unit}".strip(), choice)
        box.activated.connect(lambda index: self.value_chosen.emit(box.itemData(index)))
        self.hold(box)
        self.box = box

    def show_value(self, value: Any) -> None:
        """Show a value; one that is no choice shows nothing chosen."""
        self.box.setCurrentIndex(self.box.findData(value))


class SwitchEditor(FieldEditor):
    """On or off."""

    def __init__(self) -> None:
        super().__init__()
        box = QCheckBox()
        box.clicked.connect(lambda checked: self.value_chosen.emit(checked))
        self.hold(box)
        self.box = box

    def show_value(self, value: Any) -> None:
        """Show a value."""
        self.box.setChecked(bool(value))


def bounds_of(field: FieldInfo) -> tuple[int, int]:
    """Return the least and the most a whole number may be."""
    least, most = -(2**31), 2**31 - 1
    for bound in field.metadata:
        least = max(least, getattr(bound, "ge", least), getattr(bound, "gt", least - 1) + 1)
        most = min(most, getattr(bound, "le", most), getattr(bound, "lt", most + 1) - 1)
    return least, most
