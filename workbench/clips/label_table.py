"""The table of labels: what each has, which are used, and the clips of which the browser shows."""

from typing import Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QFont, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from core.datasets.catalogue import LabelRow
from workbench import number_format, theme
from workbench.widgets.row_table import HeadedModel, Index, RowTable

ROW_HEIGHT = 24
WHOLE = "All labels"
COLUMNS = ("Label", "Clips", "Seconds", "Speakers", "Train", "Valid.", "Test", "Faulty")
WIDTHS = (132, 60, 68, 72, 60, 60, 60, 60)
MEANINGS = (
    "Tick the labels to tell apart; select rows to see their clips alone",
    "Clips that count under the label, without excluded ones",
    "Seconds of sound",
    "Speakers that the file names tell",
    "Clips that train",
    "Clips that choose the best epoch",
    "Clips that accuracy is measured on",
    "Clips with something wrong: unreadable, silent, clipped, too short, DC offset, or the same sound twice",
)


class LabelTableModel(HeadedModel):
    """All labels in sum, then each by itself with its tick."""

    headings, meanings, figures = COLUMNS, MEANINGS, range(1, len(COLUMNS))

    ticked = Signal(str, bool)
    """A label and whether it shall be used."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.labels: tuple[LabelRow, ...] = ()
        self.used: frozenset[str] = frozenset()
        self._texts: list[tuple[str, ...]] = []

    def show_labels(self, labels: tuple[LabelRow, ...], used: frozenset[str], num_speakers: int) -> None:
        """Show labels with their figures, ticked when they are used; the sum knows how many speakers there are."""
        same = [row.label for row in labels] == [row.label for row in self.labels]
        if not same:
            self.beginResetModel()
        self.labels, self.used = labels, used
        self._texts = [_sum_texts(labels, num_speakers), *map(_texts, labels)] if labels else []
        if same:
            self.redraw()
        else:
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return one more than there are labels."""
        return 0 if parent.isValid() else len(self._texts)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let labels be ticked."""
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        tickable = index.row() > 0 and index.column() == 0
        return flags | Qt.ItemFlag.ItemIsUserCheckable if tickable else flags

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid() or index.row() >= len(self._texts):
            return None
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts[row][column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.CheckStateRole and row and column == 0:
            used = self.labels[row - 1].label in self.used
            return Qt.CheckState.Checked if used else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self._colour(row, column))
        if role == Qt.ItemDataRole.FontRole and row == 0:
            font = theme.font()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tooltip(row)
        return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Ask for a label to be used or not."""
        if role != Qt.ItemDataRole.CheckStateRole or index.row() == 0:
            return False
        self.ticked.emit(self.labels[index.row() - 1].label, Qt.CheckState(value) is Qt.CheckState.Checked)
        return True

    def redraw(self) -> None:
        """Have every cell drawn again."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, len(COLUMNS) - 1))

    def _colour(self, row: int, column: int) -> str:
        palette = theme.current()
        if row and self.labels[row - 1].label not in self.used:
            return palette.muted
        faulty = column == len(COLUMNS) - 1 and self._texts[row][column] != number_format.NOTHING
        return palette.warning if faulty else palette.text

    def _tooltip(self, row: int) -> str:
        if row == 0:
            return "Every clip of the folder"
        label = self.labels[row - 1]
        excluded = f"\n{label.num_excluded:,} excluded" if label.num_excluded else ""
        return label.label + _ORIGINS.get(label.label, "") + excluded


class LabelTable(RowTable):
    """The view; rows selected narrow the browser down, Space ticks."""

    labels_selected = Signal(tuple)
    """Labels whose clips shall be shown; none means all."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.labels = LabelTableModel()
        super().__init__(self.labels, "Labels", parent)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, width)
        self.selectionModel().selectionChanged.connect(lambda *_: self.labels_selected.emit(self.selected()))
        self.labels.modelReset.connect(lambda: self.select_label(""))

    def selected(self) -> tuple[str, ...]:
        """Return the labels selected; none when all are, or none is."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self.labels.labels[row - 1].label for row in rows) if rows and rows[0] else ()

    def select_label(self, label: str) -> None:
        """Select one label; the sum of all when it is none of them."""
        names = [row.label for row in self.labels.labels]
        row = names.index(label) + 1 if label in names else 0
        flags = QItemSelectionModel.SelectionFlag
        self.selectionModel().setCurrentIndex(self.labels.index(row, 0), flags.ClearAndSelect | flags.Rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space ticks, as Qt has it."""
        if event.key() == Qt.Key.Key_Space:
            QTableView.keyPressEvent(self, event)
        else:
            super().keyPressEvent(event)


_ORIGINS = {
    "_silence_": ": from its folder, or cut from the recordings in _background_noise_",
    "_unknown_": ": from its folder, or from the words that are not ticked",
}


def _texts(row: LabelRow) -> tuple[str, ...]:
    # Clips that stand for `_unknown_` count under their own words.
    figures = (row.num_clips or sum(row.parts), row.seconds, row.num_speakers, *row.parts, row.num_faulty)
    return (row.label, *_figures(figures))


def _sum_texts(labels: tuple[LabelRow, ...], num_speakers: int) -> tuple[str, ...]:
    parts = [sum(row.parts[place] for row in labels) for place in range(3)]
    clips, seconds, faulty = (
        sum(row.num_clips for row in labels),
        sum(row.seconds for row in labels),
        sum(row.num_faulty for row in labels),
    )
    return (WHOLE, *_figures((clips, seconds, num_speakers, *parts, faulty)))


def _figures(values: tuple[float, ...]) -> list[str]:
    return [(number_format.three_digits(value) if place == 1 else f"{value:,}") if value else number_format.NOTHING
            for place, value in enumerate(values)]  # fmt: skip
