"""The rows of the trials table: sorted and filtered in place, updated row by row."""

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QWidget

from core.experiment.marks import MEANINGS
from core.experiment.store import Constraints, TrialState, TrialSummary
from workbench.trials.columns import COLUMNS, NAMES, Column, columns_for
from workbench.trials.facts import Differences
from workbench.trials.filter import TrialFilter

Index = QModelIndex | QPersistentModelIndex
MOST_STEPS = 100
"""Beyond this many rows that come and go at once the view is told to start afresh."""
FLAGS = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
NAME_FLAGS = FLAGS | Qt.ItemFlag.ItemIsEditable
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
        self.columns: tuple[Column, ...] = COLUMNS
        """Those that the trials of the study fill; letter, name and state stand first."""
        self.progress: dict[str, tuple[str, float | None]] = {}
        """Words and fraction of the trials that run."""
        self.constraints = Constraints()
        self.reference: str | None = None
        self.device = ""
        self.differences: Differences | None = None
        self.filter = TrialFilter()
        self.shown: list[str] = []
        self._rows: dict[str, int] = {}
        self._entries: dict[str, tuple[Any, int, str]] = {}
        """By name, of those the filter admits: what they are sorted by."""
        self._texts: dict[str, tuple[str, ...]] = {}
        """By name, of those that were drawn: what their cells say."""
        self._sorted_by = (LETTER, Qt.SortOrder.AscendingOrder)
        self._alignments = tuple(map(_alignment, COLUMNS))

    # What is shown

    def show_study(self, trials: Iterable[TrialSummary], differences: Differences | None) -> None:
        """Show the trials of another study."""
        self.beginResetModel()
        self.trials = {trial.name: trial for trial in trials}
        self.differences = differences
        self.progress.clear()
        self._entries.clear()
        self._texts.clear()
        self._take_columns(columns_for(self.trials.values()))
        self._weigh(self.trials)
        self._take_order(self._ordered())
        self.endResetModel()

    def update_trials(self, changed: dict[str, TrialSummary | None]) -> None:
        """Take over trials that changed or appeared; None stands for one that is gone."""
        present = {name: trial for name, trial in changed.items() if trial is not None}
        filled = {column.name for column in columns_for(present.values())}
        fits = bool(self.trials) and filled <= set(self.column_names)
        self.trials |= present
        if present and not fits:
            self.beginResetModel()
            self._take_columns(columns_for(self.trials.values()))
            self._texts.clear()
            self.endResetModel()
        for name in changed:
            self._texts.pop(name, None)
            if name not in present or present[name].state is not TrialState.RUNNING:
                self.progress.pop(name, None)
        moved = self._weigh(present)
        gone = [name for name in changed if name not in present and self._entries.pop(name, None)]
        if moved or gone:
            self._show_order(self._ordered())
        # Only now: while rows are taken away the views still ask about them.
        for name in changed.keys() - present.keys():
            self.trials.pop(name, None)
        self.redraw(present)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def _take_columns(self, columns: tuple[Column, ...]) -> None:
        """Fill other columns; what the rows are sorted by stays where it is still there."""
        sorted_by, order = self.columns[self._sorted_by[0]].name, self._sorted_by[1]
        self.columns = columns
        place = self.column_names.index(sorted_by) if sorted_by in self.column_names else LETTER
        self._sorted_by = (place, order)
        self._alignments = tuple(map(_alignment, columns))

    def alignment(self, column: int) -> Qt.AlignmentFlag:
        """Return where the text of a column's cells stands."""
        return self._alignments[column]

    def redraw(self, names: Iterable[str]) -> None:
        """Have the rows of some trials drawn again."""
        for name in names:
            row = self._rows.get(name)
            if row is not None:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(self.columns) - 1))

    def show_filtered(self, wanted: TrialFilter) -> None:
        """Show only trials that pass a filter."""
        self.filter = wanted
        self.rearrange()

    def rearrange(self) -> None:
        """Sort and filter anew, after something that concerns every trial has changed."""
        self._weigh(self.trials)
        self._show_order(self._ordered())

    def _show_order(self, order: list[str]) -> None:
        """Bring the rows into an order in as few steps as the view needs."""
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

    def _weigh(self, names: Iterable[str]) -> bool:
        """Work out anew what places these trials in the order; tell whether that changed for any."""
        key = self.columns[self._sorted_by[0]].key
        differs = False
        for name in names:
            trial, entry = self.trials[name], None
            changes = self.differences.words(name) if self.differences and self.differences.knows(name) else ""
            if self.filter.admits(trial, changes, self.constraints, self.device):
                entry = (key(trial, trial.latency_on(self.device)), trial.number, name)
            differs |= entry != self._entries.get(name)
            if entry is None:
                self._entries.pop(name, None)
            else:
                self._entries[name] = entry
        return differs

    def _ordered(self) -> list[str]:
        rows = self._entries.values()
        measured = sorted(row for row in rows if row[0] is not None)
        if self._sorted_by[1] is Qt.SortOrder.DescendingOrder:
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
        return 0 if parent.isValid() else len(self.columns)

    def text_at(self, row: int, column: int) -> str:
        """Return what a cell says."""
        name = self.shown[row]
        if column == STATE and name in self.progress:
            return self.progress[name][0]
        texts = self._texts.get(name)
        if texts is None:
            trial = self.trials[name]
            latency = trial.latency_on(self.device)
            texts = self._texts[name] = tuple(each.text(trial, latency) for each in self.columns)
        return texts[column]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text_at(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignments[index.column()]
        trial = self.trials[self.shown[index.row()]]
        if role == Qt.ItemDataRole.EditRole:
            return trial.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(trial, index.column())
        return None

    def _tooltip(self, trial: TrialSummary, column: int) -> str:
        text = self.text_at(self._rows[trial.name], column)
        signs = "\n".join(f"{sign} {meaning}" for sign, meaning in MEANINGS.items() if sign in text and column > STATE)
        return trial.message or (f"{text}\n{signs}" if signs else text)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's heading."""
        if orientation is Qt.Orientation.Vertical:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.heading
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.meaning
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignments[section]
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let names be edited."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return NAME_FLAGS if index.column() == NAME else FLAGS

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Ask for a trial to be renamed."""
        if role != Qt.ItemDataRole.EditRole:
            return False
        self.renamed.emit(self.shown[index.row()], str(value).strip())
        return True

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self._sorted_by = (column, order)
        self._weigh(self.trials)
        self._permute(self._ordered())


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.is_figure else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
