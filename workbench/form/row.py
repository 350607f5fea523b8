"""One setting in the form: its label, editor, problem, and the line that makes it vary."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from core.section import Section, declared, field_at
from core.settings.clips import Layout
from workbench import theme
from workbench.form import field_text
from workbench.form.draft import Draft, fields_of
from workbench.form.editors import make_editor
from workbench.form.field_text import Shape
from workbench.form.fields import FieldEditor, UnitLine

LABEL_WIDTH = 168
DOT_WIDTH = 12
LAYOUT = "dataset.layout"
NEVER_VARIED = (
    "name", "dataset.folder", LAYOUT, "split.speaker_pattern", "dataset.file", "dataset.time_column",
    "dataset.shape", "dataset.series_columns", "dataset.value_column",
)  # fmt: skip


class FormRow(QWidget):
    """Shows one field of the draft and edits it."""

    applied = Signal()
    """The row appeared or disappeared."""

    def __init__(
        self,
        draft: Draft,
        path: str,
        make: Callable[[type[Section], str], FieldEditor] = make_editor,
        label_width: int = LABEL_WIDTH,
    ) -> None:
        super().__init__()
        self.draft, self.path = draft, path
        section, self.field = field_at(draft.spec_type, path)
        name = path.rpartition(".")[2]
        self.words = field_text.label_of(section, name)
        self.editor = make(section, name)
        self._build(declared(section, name)["unit"], label_width)
        self.editor.text_edited.connect(lambda text: draft.set_text(path, text))
        self.editor.value_chosen.connect(lambda value: draft.set(path, value))
        self.show_value()

    def _build(self, unit: str, label_width: int) -> None:
        self.dot = QLabel("●")
        self.dot.setProperty("role", "dot")
        self.dot.setFixedWidth(DOT_WIDTH)
        self.label = QLabel(self.words)
        self.label.setFixedWidth(label_width)
        self.label.setBuddy(self.editor.control)
        described = f"{self.field.description or ''}"
        self.setToolTip(described)
        self.editor.control.setAccessibleName(f"{self.words}, {unit}" if unit else self.words)
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "problem")
        self.problem.hide()
        self._build_axis(unit)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.dot)
        row.addWidget(self.label)
        row.addWidget(self.editor, 1)
        row.addWidget(self.axis, 1)
        row.addWidget(self.mark)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 2)
        column.setSpacing(2)
        column.addLayout(row)
        below = QHBoxLayout()
        below.setContentsMargins(DOT_WIDTH + label_width + 8, 0, 28, 0)
        below.addWidget(self.problem)
        column.addLayout(below)

    def _build_axis(self, unit: str) -> None:
        self.axis = UnitLine(unit)
        self.axis.setPlaceholderText(f"such as {field_text.example(self.field)}")
        self.axis.setAccessibleName(f"Values of {self.words} to try")
        self.axis.textEdited.connect(lambda text: self.draft.vary(self.path, text))
        self.axis.installEventFilter(self)
        self.axis.hide()
        self.mark = QToolButton(checkable=True)
        self.mark.setProperty("role", "mark")
        self.mark.setFixedWidth(24)
        self.mark.setToolTip("Vary this: try several values, one trial each")
        self.mark.setAccessibleName(f"Vary {self.words}")
        theme.set_icon(self.mark, "ph.git-fork", "muted")
        self.mark.clicked.connect(self._toggle_axis)
        if self.path in NEVER_VARIED:
            # Its place is kept, so that all editors end on one line.
            policy = self.mark.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            self.mark.setSizePolicy(policy)
            self.mark.hide()

    def show_value(self) -> None:
        """Show the draft's value."""
        self.editor.show_value(self.draft.value(self.path))

    def _layout(self) -> Layout:
        """Return how the data are laid out, where that is a setting of the task."""
        is_setting = LAYOUT in fields_of(self.draft.spec_type)
        layout: Layout = self.draft.value(LAYOUT) if is_setting else "automatic"
        return layout

    def show_state(self, differs: bool) -> None:  # noqa: FBT001
        """Show what the draft says of the field: whether it applies, its problem, what varies, and the dot."""
        axis = self.draft.axes.get(self.path)
        self.editor.show_data(self.draft.value(self.draft.spec_type.data_field), self._layout())
        if self.isHidden() == self.draft.applies(self.path):
            self.setVisible(self.draft.applies(self.path))
        self.mark.setChecked(axis is not None)
        self.axis.setVisible(axis is not None)
        if axis is not None and self.axis.text() != axis.text:
            self.axis.setText(axis.text)
        self.editor.setVisible(axis is None)
        problem = "\n".join(found[:1].upper() + found[1:] for found in self.draft.problems_at(self.path))
        if problem != self.problem.text():
            self.problem.setText(problem)
            self.editor.show_fault(problem)
        self.problem.setVisible(bool(problem))
        self.dot.setText("●" if differs else "")
        self.dot.setToolTip("Differs from the reference trial" if differs else "")

    def stops(self) -> list[QWidget]:
        """Return what Tab stops at, in order."""
        inside = dict.fromkeys([self.editor.control, *self.editor.findChildren(QWidget), self.axis, self.mark])
        # The list that a menu drops down is a window of its own.
        return [
            part for part in inside if part.focusPolicy() & Qt.FocusPolicy.TabFocus and part.window() is self.window()
        ]

    def focus(self) -> None:
        """Take the cursor there."""
        (self.axis if self.path in self.draft.axes else self.editor.control).setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Esc gives the field its one value back."""
        escaped = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape
        if watched is self.axis and escaped and event.type() == QEvent.Type.KeyPress:
            self._toggle_axis(vary=False)
            return True
        return False

    def _toggle_axis(self, vary: bool) -> None:  # noqa: FBT001
        if vary:
            self.axis.setText(self._first_values())
            self.draft.vary(self.path, self.axis.text())
            self.axis.setFocus()
        else:
            self.draft.stop_varying(self.path)
            self.editor.control.setFocus()

    def _first_values(self) -> str:
        if field_text.shape_of(self.field) in (Shape.CHOICE, Shape.SWITCH):
            return field_text.example(self.field)
        return field_text.write_values(self.field, [self.draft.value(self.path)])
