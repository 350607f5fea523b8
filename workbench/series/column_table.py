"""The columns of a table of measurements: what each is like, and which are forecast from which."""

from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QWidget

from core.datasets.column_names import name_of
from core.datasets.table_check import ColumnReport
from workbench import number_format, theme
from workbench.widgets.row_table import LEFT, HeadedModel, Index, RowTable

HEADINGS = ("Column", "Unit", "Use", "Missing", "Lowest", "Median", "Highest")
WIDTHS = (88, 88, 104, 64, 64, 64, 64)
MEANINGS = (
    "Name in the file, without its unit; select rows to see their series",
    "As the name says",
    "What the experiment does with it: targets are forecast, inputs are what the network sees; right-click to change",
    "Rows in which nothing was measured",
    "Lowest value",
    "As many values below as above",
    "Highest value",
)
FIRST_FIGURE = 3


class ColumnModel(HeadedModel):
    """One row for each column of numbers, those in use in bold."""

    headings, meanings, figures = HEADINGS, MEANINGS, range(FIRST_FIGURE, len(HEADINGS))

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.columns: tuple[ColumnReport, ...] = ()
        self._uses: dict[str, str] = {}

    def show_columns(self, columns: tuple[ColumnReport, ...]) -> None:
        """Show the columns of another table."""
        self.beginResetModel()
        self.columns = columns
        self.endResetModel()

    def show_uses(self, inputs: tuple[str, ...], targets: tuple[str, ...]) -> None:
        """Say what the experiment does with the columns."""
        uses = dict.fromkeys(inputs, "input") | {
            name: "input, target" if name in inputs else "target" for name in targets
        }
        if uses != self._uses:
            self._uses = uses
            if self.columns:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self.columns) - 1, len(HEADINGS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many columns the table has."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if not index.isValid():
            return None
        report = self.columns[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            figures = (report.low, report.median, report.high)
            return (
                name_of(report.name),
                report.unit,
                self._uses.get(report.name, ""),
                f"{report.num_missing:,}" if report.num_missing else "",
                *(number_format.three_digits(figure).replace("-", "−") for figure in figures),
            )[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role == Qt.ItemDataRole.FontRole and report.name in self._uses:
            font = theme.font()
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Qt.ItemDataRole.ToolTipRole:
            return report.name
        return None


class ColumnTable(RowTable):
    """The view; the columns selected are those whose series are drawn."""

    columns_chosen = Signal(tuple)

    def __init__(self) -> None:
        self.columns = ColumnModel()
        super().__init__(self.columns, "Columns of the table")
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        # Names of one household begin alike: sensor.living_room_…
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setDefaultAlignment(LEFT)
        for place, width in enumerate(WIDTHS):
            self.setColumnWidth(place, width)
        self.selectionModel().selectionChanged.connect(lambda: self.columns_chosen.emit(self.chosen))

    @property
    def chosen(self) -> tuple[str, ...]:
        """Names of the columns selected, in the order of the file."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        return tuple(self.columns.columns[row].name for row in rows)
