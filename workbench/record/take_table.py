"""The takes just made: word, file, how loud, how a model hears them, what is wrong with them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QWidget

from core.datasets.recordings import Take
from core.evaluation.advice import fault_of_sound
from workbench import theme
from workbench.widgets.row_table import HeadedModel, Index, RowTable

if TYPE_CHECKING:
    from core.experiment.clip_classification import ClassifiedClip

HEADERS = ("Word", "File", "Peak dBFS", "Heard as", "What would help")
WIDTHS = (88, 192, 84, 128)
GOOD = "Nothing to improve"


@dataclass(frozen=True)
class TakeRow:
    """A take, and what a model makes of it; None without a model."""

    take: Take
    heard: "ClassifiedClip | None"

    @property
    def label(self) -> str:
        """The word."""
        return self.take.path.parent.name

    @property
    def is_doubtful(self) -> bool:
        """Tell whether the model knows the word and heard another one."""
        return self.heard is not None and self.label in self.heard.labels and self.heard.label != self.label

    @property
    def advice(self) -> str:
        """What would help, in one sentence."""
        return fault_of_sound(self.take.loudness) or (
            self.heard.advice(self.label) if self.heard and self.is_doubtful else GOOD
        )

    def text(self, column: int) -> str:
        """Return what stands in a column."""
        if column == 2:
            return f"{self.take.loudness.peak_dbfs:z.1f}".replace("-", "−")
        if column == 3:
            return f"{self.heard.label} {100 * self.heard.top_probability:.0f} %" if self.heard else "–"
        return {0: self.label, 1: self.take.path.name}.get(column, self.advice)


class TakeModel(HeadedModel):
    """Rows of takes, the newest first."""

    headings, figures = HEADERS, (2,)

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[TakeRow] = []

    def add(self, row: TakeRow) -> None:
        """Put a take on top."""
        self.beginInsertRows(QModelIndex(), 0, 0)
        self.rows.insert(0, row)
        self.endInsertRows()

    def remove(self, take: Take) -> None:
        """Take a take out."""
        place = next(place for place, row in enumerate(self.rows) if row.take == take)
        self.beginRemoveRows(QModelIndex(), place, place)
        del self.rows[place]
        self.endRemoveRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many takes there are."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        row, column = self.rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return row.text(column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            palette = theme.current()
            if column == 3 and row.is_doubtful:
                return QColor(palette.warning)
            if column == 4 and row.advice == GOOD:
                return QColor(palette.muted)
        return None


class TakeTable(RowTable):
    """Shows the takes; Delete asks for the chosen one to go."""

    chosen = Signal(object)
    """The Take that is current; None when there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self.takes = TakeModel()
        super().__init__(self.takes, "Takes", parent)
        header = self.horizontalHeader()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(WIDTHS):
            header.resizeSection(column, width)
        self.selectionModel().currentRowChanged.connect(lambda: self.chosen.emit(self.current))

    @property
    def current(self) -> Take | None:
        """The take that is chosen."""
        row = self.current_row
        return row.take if row else None

    @property
    def current_row(self) -> TakeRow | None:
        """The take that is chosen, with what a model makes of it."""
        row = self.currentIndex().row()
        return self.takes.rows[row] if 0 <= row < len(self.takes.rows) else None

    def add(self, row: TakeRow) -> None:
        """Put a take on top and choose it."""
        self.takes.add(row)
        self.selectRow(0)
