"""A table of which rows are chosen, one at a time as a rule; keys that do not move about in it are its owner's."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from PySide6.QtCore import QAbstractItemModel, QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QKeyEvent, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyleOptionViewItem, QTableView, QWidget

from workbench import theme

Index = QModelIndex | QPersistentModelIndex
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ROW_HEIGHT = 26
TINT = 0.12


class HeadedModel(QAbstractTableModel):
    """Rows under headings that stay as they are. Figures stand at the right, as do their headings."""

    headings: ClassVar[Sequence[str]]
    meanings: ClassVar[Sequence[str]] = ()
    """What each column means; none where the headings say it."""
    figures: ClassVar[Collection[int]] = ()
    """Columns that hold figures."""

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many columns there are."""
        return 0 if parent.isValid() else len(self.headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return what stands above a column."""
        if orientation is Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.headings[section]
        if role == Qt.ItemDataRole.ToolTipRole and self.meanings:
            return self.meanings[section]
        return self.alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def alignment(self, column: int) -> Qt.AlignmentFlag:
        """Return where the cells of a column stand."""
        return RIGHT if column in self.figures else LEFT


class RowTable(QTableView):
    """Shows a model; Qt's search by letters would eat the shortcuts of the page."""

    def __init__(self, model: QAbstractItemModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(name)
        self.setProperty("role", "clips")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeader().setHighlightSections(False)

    def initViewItemOption(self, option: QStyleOptionViewItem) -> None:  # noqa: N802
        """Tint selected rows instead of filling them, so that words keep their colours."""
        super().initViewItemOption(option)
        tint = QColor(theme.current().accent)
        # The style lays it over the row and over each cell.
        tint.setAlphaF(TINT)
        option.palette.setColor(QPalette.ColorRole.Highlight, tint)
        option.palette.setColor(QPalette.ColorRole.HighlightedText, option.palette.color(QPalette.ColorRole.Text))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move about and select."""
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)
        if plain and event.text() and event.text().isprintable():
            event.ignore()
        else:
            super().keyPressEvent(event)
