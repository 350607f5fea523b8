"""What a trial must reach, as chips above the charts: [accuracy ≥ 95 %] [zip ≤ 10 kB] [total ≤ 5 ms] +."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from PySide6.QtCore import QLocale, Signal
from PySide6.QtGui import QDoubleValidator, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QWidget

from core.datasets.column_names import name_of, unit_of
from core.experiment.baselines import Baseline
from core.experiment.constraints import ERROR, Constraints
from workbench import theme
from workbench.number_format import BYTES_PER_KB, plain
from workbench.widgets.plain_text import verbatim


@dataclass(frozen=True)
class Limitable:
    """A figure that can be bounded: its field in Constraints, its words, and how it is typed."""

    field: str
    words: str
    unit: str
    factor: float
    """Typed value × factor = the field's own unit."""
    most: float
    usual: float
    """What a new chip begins with when there is nothing to go by."""


ACCURACY = Limitable("accuracy_min", "accuracy ≥", "%", 0.01, 100, 95)
COSTS = (
    Limitable("zip_bytes_max", "zip ≤", "kB", BYTES_PER_KB, 1e7, 10),
    Limitable("total_ms_max", "total ≤", "ms", 1, 1e6, 5),
)
SMALL_COSTS = (replace(COSTS[0], usual=1), replace(COSTS[1], usual=0.1))
"""What forecasters cost, which are a tenth of what listens."""
LIMITABLES = (ACCURACY, *COSTS)


def limitables_for(columns: Sequence[str], baselines: Iterable[Baseline]) -> tuple[Limitable, ...]:
    """Return what can be bounded where trials are rated by the errors of columns; the accuracy where there is none."""
    rated = {
        column: [error.mae for one in baselines if (error := one.error_of(column))] for column in columns if column
    }
    qualities = [error_limitable(column, float(f"{min(errors, default=1):.2g}")) for column, errors in rated.items()]
    if not qualities:
        return LIMITABLES
    return (*qualities, *SMALL_COSTS) if all(columns) else (ACCURACY, *qualities, *COSTS)


def error_limitable(column: str, usual: float = 1) -> Limitable:
    """Return how the error of a forecast quantity is bounded."""
    return Limitable(f"{ERROR}.{column}", f"{name_of(column)} error ≤", unit_of(column), 1, 1e6, usual)


def _limitable_of(field: str) -> Limitable:
    """Return how a field is typed, whatever trials of the study are rated by."""
    known = {limitable.field: limitable for limitable in LIMITABLES}
    return known.get(field) or error_limitable(field.partition(".")[2])


class ConstraintChip(QFrame):
    """One constraint: typed in place, taken away by its ×."""

    edited = Signal(str, float)
    removed = Signal(str)

    def __init__(self, limitable: Limitable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.limitable = limitable
        self.setProperty("role", "card")
        self.value = QLineEdit()
        self.value.setAccessibleName(f"{limitable.words} in {limitable.unit}")
        validator = QDoubleValidator(0, limitable.most, 4, self.value)
        validator.setLocale(QLocale.c())
        validator.setNotation(QDoubleValidator.Notation.StandardNotation)
        self.value.setValidator(validator)
        self.value.setFixedWidth(56)
        self.value.editingFinished.connect(self._tell)
        remove = QToolButton(toolTip="Remove this constraint")
        remove.setProperty("role", "mark")
        remove.setAccessibleName(f"Remove the constraint {limitable.words}")
        theme.set_icon(remove, "ph.x", "muted")
        remove.clicked.connect(lambda: self.removed.emit(limitable.field))
        self.remove = remove
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 1, 2, 1)
        row.setSpacing(4)
        for widget in (QLabel(limitable.words), self.value, QLabel(limitable.unit), remove):
            row.addWidget(widget)

    def show_value(self, value: float) -> None:
        """Show a bound in the field's own unit."""
        text = plain(float(f"{value / self.limitable.factor:.4g}")).replace(",", "")
        if text != self.value.text():
            self.value.setText(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Keep Enter to the chip: it ends typing and starts nothing else."""
        event.accept()

    def _tell(self) -> None:
        if self.value.text():
            self.edited.emit(self.limitable.field, float(self.value.text()) * self.limitable.factor)


class ConstraintBar(QWidget):
    """The chips in force and a + that offers the others."""

    changed = Signal(object)
    """The new Constraints, after typing, adding or removing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.constraints = Constraints()
        self.limitables: tuple[Limitable, ...] = LIMITABLES
        self.chips: dict[str, ConstraintChip] = {}
        self.add = QToolButton(toolTip="Add a constraint", popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.add.setProperty("role", "flat")
        self.add.setAccessibleName("Add a constraint")
        theme.set_icon(self.add, "ph.plus", "muted")
        self.menu = QMenu(self.add)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.add.setMenu(self.menu)
        self.invitation = QLabel("Add a constraint to shade what meets it")
        self.invitation.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._places = QHBoxLayout()
        self._places.setSpacing(8)
        row.addLayout(self._places)
        row.addWidget(self.add)
        row.addWidget(self.invitation)
        row.addStretch(1)
        self.offer(LIMITABLES)

    def offer(self, limitables: Iterable[Limitable]) -> None:
        """Let other figures be bounded; what is in force stays."""
        self.limitables = tuple(limitables)
        for limitable in self.limitables:
            self._chip(limitable)
        self.show_constraints(self.constraints)

    def _chip(self, limitable: Limitable) -> ConstraintChip:
        if limitable.field not in self.chips:
            chip = self.chips[limitable.field] = ConstraintChip(limitable)
            chip.edited.connect(self._set)
            chip.removed.connect(lambda field: self._set(field, None))
            costs = [limitable.field for limitable in COSTS]
            for field in sorted(self.chips, key=lambda field: field in costs):
                self._places.addWidget(self.chips[field])
        return self.chips[limitable.field]

    def show_constraints(self, constraints: Constraints) -> None:
        """Show what is in force."""
        self.constraints = constraints
        bounds = constraints.bounds()
        for field, bound in bounds.items():
            self._chip(_limitable_of(field)).show_value(bound)
        for field, chip in self.chips.items():
            chip.setVisible(field in bounds)
        self.add.setVisible(any(limitable.field not in bounds for limitable in self.limitables))
        self.invitation.setVisible(not bounds)

    def show_dragged(self, field: str, value: float) -> None:
        """Follow a line while it is dragged."""
        self.chips[field].show_value(value)

    def _fill_menu(self) -> None:
        self.menu.clear()
        bounds = self.constraints.bounds()
        for limitable in self.limitables:
            if limitable.field not in bounds:
                self.menu.addAction(
                    verbatim(f"{limitable.words} … {limitable.unit}"),
                    lambda limitable=limitable: self._begin(limitable),
                )

    def _begin(self, limitable: Limitable) -> None:
        self._set(limitable.field, limitable.usual * limitable.factor)
        chip = self.chips[limitable.field]
        chip.value.setFocus()
        chip.value.selectAll()

    def _set(self, field: str, value: float | None) -> None:
        constraints = self.constraints.with_bound(field, value)
        if constraints != self.constraints:
            self.show_constraints(constraints)
            self.changed.emit(constraints)
