"""The clip browser: a table of as many clips as there are, stepped through with the arrow keys."""

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from core.datasets.catalogue import Catalogue
from core.evaluation.verdicts import Verdicts
from workbench import theme
from workbench.clips.rows import (
    COLUMNS,
    LABEL,
    MEANINGS_OF_COLUMNS,
    NAME,
    PART,
    PROBLEM,
    SECONDS,
    SOUNDS_LIKE,
    SPEAKER,
    ClipFilter,
    ClipRows,
)
from workbench.widgets.row_table import HeadedModel, Index, RowTable

WIDTHS = {LABEL: 80, SPEAKER: 84, PART: 76, SECONDS: 56, PROBLEM: 92, SOUNDS_LIKE: 96}


class ClipTableModel(HeadedModel):
    """Shows `ClipRows`; cells are worked out when they come into sight."""

    headings, meanings, figures = COLUMNS, MEANINGS_OF_COLUMNS, (SECONDS,)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.clips: ClipRows | None = None
        self._struck = theme.font()
        self._struck.setStrikeOut(True)

    def show_catalogue(self, catalogue: Catalogue) -> None:
        """Show a catalogue; rows stay where they are when its clips are the same as before."""
        if self.clips is not None and self.clips.lists(catalogue):
            self.clips.renew(catalogue)
            self.redraw()
            return
        self.beginResetModel()
        if self.clips is None or self.clips.catalogue.folder != catalogue.folder:
            self.clips = ClipRows(catalogue)
        else:
            self.clips.renew(catalogue)
            self.clips.arrange()
        self.endResetModel()

    def clear(self) -> None:
        """Show nothing."""
        self.beginResetModel()
        self.clips = None
        self.endResetModel()

    def show_filtered(self, wanted: ClipFilter) -> None:
        """Show only clips that pass a filter, in its own order."""
        if self.clips is not None:
            self._rearrange(lambda clips: setattr(clips, "filter", wanted))

    def judge(self, verdicts: Verdicts | None) -> None:
        """Take over what a model thinks of the clips."""
        if self.clips is not None:
            self._rearrange(lambda clips: clips.judge(verdicts))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; by none the clips stand as in their folder, or the surest mistake first."""
        if self.clips is not None:
            by = (column, order is Qt.SortOrder.DescendingOrder) if column >= 0 else None
            self._rearrange(lambda clips: setattr(clips, "sorted_by", by))

    def redraw(self) -> None:
        """Have every cell in sight drawn again."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(COLUMNS) - 1))

    def clip_at(self, row: int) -> int:
        """Return the catalogue's row of a row shown."""
        assert self.clips is not None
        return int(self.clips.shown[row])

    def _rearrange(self, change: Callable[[ClipRows], object]) -> None:
        assert self.clips is not None
        self.beginResetModel()
        change(self.clips)
        self.clips.arrange()
        self.endResetModel()

    # Qt's model interface

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many clips are shown."""
        return 0 if parent.isValid() or self.clips is None else len(self.clips.shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if self.clips is None or not index.isValid():
            return None
        column = index.column()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        row = int(self.clips.shown[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return self.clips.text(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self._colour(row, column))
        if role == Qt.ItemDataRole.FontRole:
            struck = column == NAME and self.clips.catalogue.edit_of(row).excluded
            return self._struck if struck else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join([self.clips.catalogue.names[row], *self.clips.sentences(row)])
        return None

    def _colour(self, row: int, column: int) -> str:
        palette, clips = theme.current(), self.clips
        assert clips is not None
        if clips.catalogue.edit_of(row).excluded:
            return palette.muted
        if column == PROBLEM or (column == SOUNDS_LIKE and clips.is_unlike(row)):
            return palette.warning
        return palette.muted if column in (SPEAKER, PART) else palette.text


class ClipTable(RowTable):
    """The view: the keyboard, and the clips selected."""

    current_changed = Signal(int)
    """The catalogue's row of the current clip, −1 for none."""
    selection_changed = Signal()
    play_requested = Signal()
    exclusion_requested = Signal()
    relabelling_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        self.clips = ClipTableModel()
        super().__init__(self.clips, "Clips", parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSortIndicatorClearable(True)
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(40)
        self.setSortingEnabled(True)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        self.setColumnHidden(SOUNDS_LIKE, True)
        self.selectionModel().currentRowChanged.connect(self._tell_current)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())
        self.clips.modelReset.connect(self._begin)

    @property
    def current(self) -> int:
        """The catalogue's row of the current clip, −1 for none."""
        row = self.currentIndex().row()
        return self.clips.clip_at(row) if row >= 0 else -1

    def selected(self) -> list[int]:
        """Return the catalogue's rows of the clips selected, in the order shown."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return [self.clips.clip_at(row) for row in rows]

    def go_to(self, row: int) -> None:
        """Make a row shown the current one, and the only one selected."""
        if 0 <= row < self.clips.rowCount():
            flags = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(
                self.clips.index(row, NAME), flags.ClearAndSelect | flags.Rows | flags.Current
            )
            self.scrollTo(self.clips.index(row, NAME))

    def go_on(self) -> None:
        """Make the clip below the selected ones the current one."""
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        self.go_to(min(max(rows, default=-1) + 1, self.clips.rowCount() - 1))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space plays, Del excludes, F2 relabels."""
        if event.key() == Qt.Key.Key_Space:
            self.play_requested.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.exclusion_requested.emit()
        elif event.key() == Qt.Key.Key_F2:
            self.relabelling_requested.emit()
        else:
            super().keyPressEvent(event)

    def _begin(self) -> None:
        """After another filter, folder or order: the first clip is the current one."""
        if self.clips.rowCount():
            self.go_to(0)
        else:
            self.current_changed.emit(-1)

    def _tell_current(self, current: QModelIndex, _before: QModelIndex) -> None:
        self.current_changed.emit(self.clips.clip_at(current.row()) if current.isValid() else -1)
