"""The form of a spec, generated from its declaration: groups in the order of the journey, each folding to one line."""

from collections.abc import Iterable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from core.errors import Problem
from core.section import differences, field_at, sections
from core.spec import TrialSpec
from workbench import theme
from workbench.form.draft import Draft, fields_of
from workbench.form.essences import essence
from workbench.form.field_text import label_of
from workbench.form.row import FormRow
from workbench.widgets.elided_label import ElidedLabel

TOP_MARGINS = (13, 0, 9, 4)
"""Those of a group's frame and body, so that labels and editors stand in line with the groups'."""


class SpecForm(QScrollArea):
    """Edits a draft. Fields that do not apply are absent."""

    folding_changed = Signal()

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.draft = draft
        self._reference: TrialSpec | None = None
        self._spec_type: type[TrialSpec] = draft.spec_type
        self.rows: dict[str, FormRow] = {}
        """Rows by path; those of a group are made when it is first unfolded."""
        self.groups: dict[str, FormGroup] = {}
        self.setWidget(self._build())
        draft.changed.connect(self.show_state)
        draft.replaced.connect(self.show_values)
        self.show_state()

    def _build(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 8, 8, 16)
        column.setSpacing(4)
        top = QVBoxLayout()
        top.setContentsMargins(*TOP_MARGINS)
        column.addLayout(top)
        for path in fields_of(self.draft.spec_type):
            if "." not in path:
                top.addWidget(self._make_row(path))
        for name, section in sections(self.draft.spec_type).items():
            group = FormGroup(section.title, (section.__doc__ or "").split("\n\n")[0])
            group.first_opened.connect(lambda name=name: self._fill(name))
            group.folding_changed.connect(self.folding_changed)
            column.addWidget(group)
            self.groups[name] = group
        column.addStretch(1)
        return body

    def _build_anew(self) -> None:
        opened = self.unfolded()
        self._spec_type = self.draft.spec_type
        self.rows.clear()
        self.groups.clear()
        self.takeWidget().deleteLater()
        self.setWidget(self._build())
        self.unfold(opened)

    def _make_row(self, path: str) -> FormRow:
        row = self.rows[path] = FormRow(self.draft, path)
        return row

    def _fill(self, name: str) -> None:
        for path in fields_of(self.draft.spec_type):
            if path.startswith(f"{name}."):
                self.groups[name].add_row(self._make_row(path))
        self._order(name)
        self.show_state()

    def _order(self, name: str) -> None:
        """Let Tab go from a group's header through its fields: those made last would come last of all."""
        before: QWidget = self.groups[name].header
        for path, row in self.rows.items():
            if path.startswith(f"{name}."):
                for stop in row.stops():
                    self.setTabOrder(before, stop)
                    before = stop

    def show_values(self) -> None:
        """Show the values of a draft that was replaced, in other fields where it is of another task."""
        if self.draft.spec_type is not self._spec_type:
            self._build_anew()
        for row in self.rows.values():
            row.show_value()

    def show_state(self) -> None:
        """Show what applies, what is wrong, and what differs from the reference."""
        comparable = self._reference is not None and isinstance(self._reference, self.draft.spec_type)
        changed = differences(self.draft.valid, self._reference) if comparable else {}
        for path, row in self.rows.items():
            row.show_state(path in changed)
        for name, group in self.groups.items():
            faults = [found for found in self.draft.problems if found.path.startswith(f"{name}.")]
            group.show_essence(essence(getattr(self.draft.valid, name)), len(faults))

    def compare_with(self, reference: TrialSpec | None) -> None:
        """Mark what differs from another spec with a dot."""
        self._reference = reference
        self.show_state()

    def focus_field(self, path: str) -> None:
        """Unfold the group of a field and take the cursor there."""
        group = self.groups.get(path.partition(".")[0])
        if group is not None:
            group.unfold()
        row = self.rows.get(path)
        if row is None:
            return
        row.focus()
        self.ensureWidgetVisible(row, 0, 48)

    def unfolded(self) -> list[str]:
        """Return the names of the open groups."""
        return [name for name, group in self.groups.items() if group.is_open]

    def unfold(self, names: Iterable[str]) -> None:
        """Open these groups and fold the others."""
        opened = set(names)
        for name, group in self.groups.items():
            if name in opened:
                group.unfold()
            else:
                group.fold()

    def words_of(self, problem: Problem) -> str:
        """Return a problem with the words that stand at its field."""
        if problem.path not in fields_of(self.draft.spec_type):
            return str(problem)
        section, _ = field_at(self.draft.spec_type, problem.path)
        prefix, _, name = problem.path.rpartition(".")
        words = label_of(section, name)
        place = f"{section.title}, {words}" if prefix else words
        return f"{place}: {problem.message}"


class FormGroup(QFrame):
    """A section of the spec: a header that folds it, and its rows."""

    folding_changed = Signal()
    first_opened = Signal()

    def __init__(self, title: str, described: str) -> None:
        super().__init__()
        self.setProperty("role", "card")
        self.title = title
        self.is_open = True
        self.header = QToolButton(text=title)
        self.header.setProperty("role", "fold")
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setIconSize(QSize(14, 14))
        self.header.setToolTip(described)
        self.header.clicked.connect(self.toggle)
        self.gist = ElidedLabel()
        self.gist.setProperty("role", "muted")
        self.gist.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(self.header)
        top.addWidget(self.gist, 1)
        self.body = QWidget()
        self._rows = QVBoxLayout(self.body)
        self._rows.setContentsMargins(8, 0, 4, 6)
        self._rows.setSpacing(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 4, 4, 4)
        column.setSpacing(2)
        column.addLayout(top)
        column.addWidget(self.body)
        self.fold()

    def add_row(self, row: FormRow) -> None:
        """Put a row at the end."""
        self._rows.addWidget(row)

    def show_essence(self, text: str, num_problems: int) -> None:
        """Show the gist, or how many problems are inside."""
        problems = f"{num_problems} problem{'s' if num_problems > 1 else ''}"
        self.gist.setText(problems if num_problems else text)
        self.header.setAccessibleName(f"{self.title}: {self.gist.text()}")
        theme.set_role(self.gist, "problem" if num_problems else "muted")

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Wait for the button to be let go."""
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """The whole line folds, not its title alone."""
        if event.button() == Qt.MouseButton.LeftButton and event.position().y() <= self.header.geometry().bottom():
            self.toggle()

    def toggle(self) -> None:
        """Fold or unfold."""
        if self.is_open:
            self.fold()
        else:
            self.unfold()

    def fold(self) -> None:
        """Show one line."""
        self._set_open("ph.caret-right", opened=False)

    def unfold(self) -> None:
        """Show every field that applies."""
        if self._rows.count() == 0:
            self.first_opened.emit()
        self._set_open("ph.caret-down", opened=True)

    def _set_open(self, icon: str, *, opened: bool) -> None:
        self.is_open = opened
        self.body.setVisible(opened)
        theme.set_icon(self.header, icon, "muted")
        self.folding_changed.emit()
