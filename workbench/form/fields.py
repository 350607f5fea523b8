"""One editor for each shape of setting. Each shows a value and says what was typed or chosen.

Text is kept as typed, right or wrong; the draft judges it. The wheel changes nothing that has no focus.
"""

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent, QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QWidget,
)

from core.datasets.clips import label_names
from core.section import Section, declared
from workbench import theme
from workbench.form import field_text
from workbench.form.field_text import Shape


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
    """A line with its unit inside, at the right edge."""

    def __init__(self, unit: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.unit = unit
        self._unit = QLabel(unit, self)
        self._unit.setProperty("role", "muted")
        self._unit.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        if unit:
            self.setTextMargins(0, 0, self._unit.sizeHint().width() + 8, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the unit at the edge."""
        super().resizeEvent(event)
        size = self._unit.sizeHint()
        self._unit.setGeometry(self.width() - size.width() - 8, 0, size.width(), self.height())


class WholeNumberBox(QAbstractSpinBox):
    """Steps a whole number within its bounds, yet lets anything be typed, so that a problem can be shown."""

    def __init__(self, unit: str, least: int, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLineEdit(UnitLine(unit))
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

    def __init__(self, unit: str, least: int, most: int) -> None:
        super().__init__()
        box = WholeNumberBox(unit, least, most)
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


class FolderEditor(FieldEditor):
    """A folder: typed, chosen or dropped."""

    def __init__(self) -> None:
        super().__init__()
        self.line = UnitLine()
        self.line.setPlaceholderText("Drop a folder here")
        self.line.setAcceptDrops(False)
        self.line.textEdited.connect(self.text_edited)
        browse = QToolButton(toolTip="Choose the folder")
        browse.setAccessibleName("Choose the folder")
        theme.set_icon(browse, "ph.folder-open")
        browse.clicked.connect(self._browse)
        self.setAcceptDrops(True)
        self.hold(self.line, browse)

    def show_value(self, value: Any) -> None:
        """Show a folder; its whole path is the tooltip."""
        if self.line.text() != value:
            self.line.setText(str(value))
        self.line.setToolTip(str(value))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take anything from the file browser."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take the first folder dropped."""
        self._choose(event.mimeData().urls()[0].toLocalFile())

    def _browse(self) -> None:
        self._choose(QFileDialog.getExistingDirectory(self, "Folder of clips", self.line.text()))

    def _choose(self, folder: str) -> None:
        if folder:
            self.line.setText(folder)
            self.value_chosen.emit(folder)


class LabelsEditor(FieldEditor):
    """Labels, typed or ticked in a menu of the folder's sub-folders."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = ""
        self.line = UnitLine()
        self.line.setPlaceholderText("every folder")
        self.line.textEdited.connect(self.text_edited)
        button = QToolButton(toolTip="Tick labels of the folder")
        button.setAccessibleName("Tick labels of the folder")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.set_icon(button, "ph.check-square")
        self.menu = _StayingMenu(self)
        self.menu.aboutToShow.connect(self._fill)
        button.setMenu(self.menu)
        self.hold(self.line, button)

    def show_value(self, value: Any) -> None:
        """Show labels, in the order typed while it names the same ones."""
        typed = sorted(part.strip() for part in self.line.text().split(",") if part.strip())
        if typed != sorted(value):
            self.line.setText(field_text.write(value))
            self.line.setCursorPosition(0)
        self.line.setToolTip(field_text.write(value))

    def _fill(self) -> None:
        self.menu.clear()
        chosen = {part.strip() for part in self.line.text().split(",")}
        for label in label_names(Path(self.folder)) if self.folder else ():
            action = self.menu.addAction(label)
            action.setCheckable(True)
            action.setChecked(label in chosen)
            action.toggled.connect(self._read_menu)
        if self.menu.isEmpty():
            self.menu.addAction("Choose a folder of labels first").setEnabled(False)

    def _read_menu(self) -> None:
        labels = tuple(action.text() for action in self.menu.actions() if action.isChecked())
        self.line.setText(field_text.write(labels))
        self.value_chosen.emit(labels)


class _StayingMenu(QMenu):
    """A menu that stays open while several entries are ticked."""

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802
        action = self.activeAction()
        if action is not None and action.isCheckable():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)


def make_editor(section: type[Section], name: str) -> FieldEditor:
    """Return the editor for a field, by the shape of what it holds."""
    field = section.model_fields[name]
    unit = declared(section, name)["unit"]
    if name == "folder":
        return FolderEditor()
    shape = field_text.shape_of(field)
    if shape is Shape.TEXTS:
        return LabelsEditor()
    if shape is Shape.SWITCH:
        return SwitchEditor()
    if shape is Shape.CHOICE:
        return ChoiceEditor(field_text.choices_of(field), unit)
    if shape is Shape.WHOLE:
        return WholeNumberEditor(unit, *bounds_of(field))
    return LineEditor(unit)


def bounds_of(field: FieldInfo) -> tuple[int, int]:
    """Return the least and the most a whole number may be."""
    least, most = -(2**31), 2**31 - 1
    for bound in field.metadata:
        least = max(least, getattr(bound, "ge", least), getattr(bound, "gt", least - 1) + 1)
        most = min(most, getattr(bound, "le", most), getattr(bound, "lt", most + 1) - 1)
    return least, most
