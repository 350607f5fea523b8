"""The rows of the trials table: sorted and filtered in place, updated row by row."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from core.experiment.store import Constraints, TrialState, TrialSummary
from workbench.trial_columns import COLUMNS, NAMES
from workbench.trial_facts import MEANINGS, Differences
from workbench.trial_filter import TrialFilter

Index = QModelIndex | QPersistentModelIndex
MOST_STEPS = 100
"""Beyond this many rows that come and go at once the view is told to start afresh."""
LETTER, NAME, STATE = (NAMES.index(name) for name in ("letter", "name", "state"))


class TrialTableModel(QAbstractTableModel):
    """Trials in the order shown.

    Sorting and filtering happen here instead of in a proxy: a proxy asks Python for every comparison, 60,000 times
    for 5,000 trials, where sorting by keys takes milliseconds.
    """

    renamed = Signal(str, str)
    """Name of a trial and the title the user typed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.trials: dict[str, TrialSummary] = {}
        self.progress: dict[str, tuple[str, float | None]] = {}
        """Words and fraction of the trials that run."""
        self.constraints = Constraints()
        self.reference: str | None = None
        self.device = ""
        self.differences: Differences | None = None
        self.filter = TrialFilter()
        self.shown: list[str] = []
        self._rows: dict[str, int] = {}
        self._sorted_by = (LETTER, Qt.SortOrder.AscendingOrder)

    # What is shown

    def show_study(self, trials: Iterable[TrialSummary], differences: Differences | None) -> None:
        """Show the trials of another study."""
        self.beginResetModel()
        self.trials = {trial.name: trial for trial in trials}
        self.differences = differences
        self.progress.clear()
        self._take_order(self._ordered())
        self.endResetModel()

    def update_trials(self, changed: dict[str, TrialSummary | None]) -> None:
        """Take over trials that changed or appeared; None stands for one that is gone."""
        for name, trial in changed.items():
            if trial is None:
                self.trials.pop(name, None)
                self.progress.pop(name, None)
            else:
                self.trials[name] = trial
                if trial.state is not TrialState.RUNNING:
                    self.progress.pop(name, None)
        self.rearrange()
        self.redraw(changed)

    def redraw(self, names: Iterable[str]) -> None:
        """Have the rows of some trials drawn again."""
        for name in names:
            row = self._rows.get(name)
            if row is not None:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def show_filtered(self, wanted: TrialFilter) -> None:
        """Show only trials that pass a filter."""
        self.filter = wanted
        self.rearrange()

    def rearrange(self) -> None:
        """Bring the rows into the order that sorting and filter ask for, in as few steps as the view needs."""
        order = self._ordered()
        if order == self.shown:
            return
        wanted, present = set(order), set(self.shown)
        if len(wanted ^ present) > MOST_STEPS:
            self.beginResetModel()
            self._take_order(order)
            self.endResetModel()
            return
        for name in present - wanted:
            row = self._rows[name]
            self.beginRemoveRows(QModelIndex(), row, row)
            self._take_order([other for other in self.shown if other != name])
            self.endRemoveRows()
        self._permute([name for name in order if name in present])
        for row, name in enumerate(order):
            if name not in present:
                self.beginInsertRows(QModelIndex(), row, row)
                self._take_order([*self.shown[:row], name, *self.shown[row:]])
                self.endInsertRows()

    def row_of(self, name: str) -> int | None:
        """Return the row of a trial, None when it is not shown."""
        return self._rows.get(name)

    def trial_at(self, row: int) -> TrialSummary:
        """Return the trial of a row."""
        return self.trials[self.shown[row]]

    def _ordered(self) -> list[str]:
        column, direction = self._sorted_by
        key = COLUMNS[column].key
        rows = []
        for name, trial in self.trials.items():
            changes = self.differences.words(name) if self.differences and self.differences.knows(name) else ""
            if self.filter.admits(trial, changes, self.constraints, self.device):
                rows.append((key(trial, trial.latency_on(self.device)), trial.number, name))
        measured = sorted((row for row in rows if row[0] is not None), key=lambda row: (row[0], row[1]))
        if direction is Qt.SortOrder.DescendingOrder:
            measured.reverse()
        # What was not measured stands last whichever way the others are sorted.
        unmeasured = sorted(row[1:] for row in rows if row[0] is None)
        return [row[2] for row in measured] + [name for _, name in unmeasured]

    def _permute(self, order: list[str]) -> None:
        if order == self.shown:
            return
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        names = [self.shown[index.row()] for index in before]
        self._take_order(order)
        after = [self.index(self._rows[name], index.column()) for name, index in zip(names, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _take_order(self, order: list[str]) -> None:
        self.shown = order
        self._rows = {name: row for row, name in enumerate(order)}

    # Qt's model interface

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many trials are shown."""
        return 0 if parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        trial = self.trials[self.shown[index.row()]]
        column = COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            if index.column() == STATE and trial.name in self.progress:
                return self.progress[trial.name][0]
            return column.text(trial, trial.latency_on(self.device))
        if role == Qt.ItemDataRole.EditRole:
            return trial.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(trial, index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_figure else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def _tooltip(self, trial: TrialSummary, column: int) -> str:
        text = self.data(self.index(self._rows[trial.name], column))
        signs = "\n".join(f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in text and column > STATE)
        return trial.message or (f"{text}\n{signs}" if signs else text)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's heading."""
        if orientation is Qt.Orientation.Vertical:
            return None
        column = COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.meaning
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if column.is_figure else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let names be edited."""
        return super().flags(index) | (Qt.ItemFlag.ItemIsEditable if index.column() == NAME else Qt.ItemFlag(0))

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Ask for a trial to be renamed."""
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self.shown[index.row()], str(value).strip())
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self._sorted_by = (column, order)
        self._permute(self._ordered())
