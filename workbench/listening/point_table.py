"""The working points of a curve as a table: what the chart draws, for the keyboard and the screen reader."""

from typing import Any

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QHeaderView, QWidget

from workbench.listening.threshold_curve import ThresholdCurve
from workbench.number_format import three_digits
from workbench.widgets.row_table import HeadedModel, Index, RowTable

HEADERS = ("Threshold", "Missed %", "False / h")


class PointModel(HeadedModel):
    """A row for each working point, the lowest threshold first."""

    headings, figures = HEADERS, range(len(HEADERS))

    def __init__(self) -> None:
        super().__init__()
        self.curve: ThresholdCurve | None = None

    def show_curve(self, curve: ThresholdCurve | None) -> None:
        """Show the points of a curve, or none."""
        self.beginResetModel()
        self.curve = curve
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many points there are."""
        return len(self.curve.points) if self.curve and not parent.isValid() else 0

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role != Qt.ItemDataRole.DisplayRole or self.curve is None:
            return None
        point = self.curve.points[index.row()]
        missed = f"{100 * point.false_reject_rate:.1f}"
        return (f"{point.threshold:.3f}", missed, three_digits(point.false_accepts_per_hour))[index.column()]


class PointTable(RowTable):
    """Shows the points; the chosen row is the working point."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        self.points = PointModel()
        super().__init__(self.points, "Working points", parent)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(lambda now: now.isValid() and self.chosen.emit(now.row()))

    def show_place(self, place: int) -> None:
        """Choose a row because the working point lies there."""
        if self.currentIndex().row() != place:
            with QSignalBlocker(self):
                self.selectRow(place)
            # A table that was filled a moment ago cannot scroll yet.
            QTimer.singleShot(0, self, lambda: self.scrollTo(self.currentIndex()))
