"""The trials table: keyboard, selection by name, and cells painted without a widget per row."""

from collections.abc import Iterable

from PySide6.QtCore import (
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QAction, QColor, QFont, QKeyEvent, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QMenu,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from core.experiment.store import TrialState
from workbench import theme
from workbench.trials.symbol import paint_signed_letter
from workbench.trials.table_model import LETTER, NAME, STATE, Index, TrialTableModel
from workbench.widgets.plain_text import verbatim

ROW_HEIGHT, PADDING = 28, 8
REFERENCE = "ref"
WIDEST_NAME = 420
WIDEST_DIGIT = 10
"""Pixels that no character of the table's type exceeds on average: shorter texts need no measuring."""


class TrialDelegate(QStyledItemDelegate):
    """Paints cells."""

    def __init__(self, view: QTableView, model: TrialTableModel) -> None:
        super().__init__(view)
        self._model = model
        # Made once: a font object per cell costs more than drawing its text.
        self._plain, self._bold = theme.font(), theme.font()
        self._bold.setWeight(QFont.Weight.Bold)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint one cell."""
        row, column = index.row(), index.column()
        palette, model = theme.current(), self._model
        trial = model.trial_at(row)
        inner = option.rect.adjusted(PADDING, 0, -PADDING, 0)
        if column == LETTER:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(self._bold)
            paint_signed_letter(painter, QRectF(inner), trial.number, trial.letter, palette)
            return
        text = model.text_at(row, column)
        if not text:
            return
        is_reference = column == NAME and trial.name == model.reference
        if is_reference:
            inner = self._paint_reference(painter, inner)
        painter.setFont(self._bold if is_reference else self._plain)
        painter.setPen(QColor(self._state_colour(trial.state) if column == STATE else palette.text))
        if len(text) * WIDEST_DIGIT > inner.width():
            # Trials of a sweep are named alike but for the end.
            mode = Qt.TextElideMode.ElideMiddle if column == NAME else Qt.TextElideMode.ElideRight
            text = painter.fontMetrics().elidedText(text, mode, inner.width())
        painter.drawText(inner, model.alignment(column), text)
        if column == STATE and trial.name in model.progress:
            self._paint_progress(painter, inner, model.progress[trial.name][1] or 0)

    def _paint_reference(self, painter: QPainter, inner: QRect) -> QRect:
        """Mark the row as the charts mark the point, and return the room left for the name."""
        painter.setFont(self._plain)
        painter.setPen(QColor(theme.current().muted))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, REFERENCE)
        return inner.adjusted(0, 0, -painter.fontMetrics().horizontalAdvance(REFERENCE) - PADDING, 0)

    def _state_colour(self, state: TrialState) -> str:
        palette = theme.current()
        colours = {
            TrialState.FAILED: palette.bad,
            TrialState.QUEUED: palette.muted,
            TrialState.CANCELLED: palette.muted,
        }
        return colours.get(state, palette.text)

    def _paint_progress(self, painter: QPainter, inner: QRect, fraction: float) -> None:
        track = QRectF(inner.left(), inner.bottom() - 4, inner.width(), 2)
        painter.fillRect(track, QColor(theme.current().grid))
        painter.fillRect(QRectF(track.left(), track.top(), track.width() * fraction, 2), QColor(theme.current().accent))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: ARG002, N802
        """Return the same height for every row."""
        return QSize(self._model.columns[index.column()].width, ROW_HEIGHT)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:  # noqa: ARG002, N802
        """Edit a name in place, in the room that a row has."""
        editor = QLineEdit(parent, maxLength=80)
        editor.setAccessibleName("Name of the trial")
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: ARG002, N802
        """Fill the cell."""
        editor.setGeometry(option.rect)


class TrialTable(QTableView):
    """The view: keyboard, selection by name, columns to hide."""

    details_requested = Signal()
    deletion_requested = Signal()
    chosen = Signal(tuple)
    """Names selected by the user, the current one first."""
    columns_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.trials = TrialTableModel(self)
        self.setModel(self.trials)
        self.setItemDelegate(TrialDelegate(self, self.trials))
        self.setAccessibleName("Trials of the study")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._open_column_menu)
        header.setSortIndicator(LETTER, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        header.sectionResized.connect(self._note_resizing)
        self._name_is_sized = self._fitting = False
        self._hidden: set[str] = set()
        self._fitted: tuple[str, ...] = ()
        self.trials.modelReset.connect(self._fit_columns)
        self._fit_columns()
        self.selectionModel().selectionChanged.connect(self._tell_selection)
        self._showing_selection = False

    def selected_names(self) -> tuple[str, ...]:
        """Return the selected trials, the current one first."""
        rows = [index.row() for index in self.selectionModel().selectedRows()]
        current = self.currentIndex().row()
        rows.sort(key=lambda row: (row != current, row))
        return tuple(self.trials.shown[row] for row in rows)

    def show_selection(self, names: tuple[str, ...]) -> None:
        """Select rows as the charts and the session have it."""
        if names == self.selected_names():
            return
        self._showing_selection = True
        selection = self.selectionModel()
        selection.clearSelection()
        flags = selection.SelectionFlag.Select | selection.SelectionFlag.Rows
        rows = [row for name in names if (row := self.trials.row_of(name)) is not None]
        for row in rows:
            selection.select(self.trials.index(row, NAME), flags)
        if rows:
            selection.setCurrentIndex(self.trials.index(rows[0], NAME), selection.SelectionFlag.NoUpdate)
            self.scrollTo(self.trials.index(rows[0], NAME))
        self._showing_selection = False

    def rename_current(self) -> None:
        """Edit the current trial's name in place."""
        row = self.currentIndex().row()
        if row >= 0:
            self.setColumnHidden(NAME, False)
            self.edit(self.trials.index(row, NAME))

    def hidden_columns(self) -> list[str]:
        """Return the names of the columns not shown."""
        return sorted(self._hidden)

    def hide_columns(self, names: Iterable[str]) -> None:
        """Show all columns but these."""
        self._hidden = set(filter(None, names))
        for index, name in enumerate(self.trials.column_names):
            self.setColumnHidden(index, name in self._hidden)
        self._fit_name()

    def _fit_columns(self) -> None:
        """Give other columns their widths, and hide those that are hidden by name."""
        if self._fitted == self.trials.column_names:
            return
        self._fitted = self.trials.column_names
        self._fitting = True
        for index, column in enumerate(self.trials.columns):
            self.setColumnWidth(index, column.width)
        self._fitting = False
        self.hide_columns(self._hidden)

    def _fit_name(self) -> None:
        """Let names have what room the figures leave, until the user gives them a width."""
        if self._name_is_sized:
            return
        others = sum(self.columnWidth(index) for index in range(len(self.trials.columns)) if index != NAME)
        spare = self.viewport().width() - others
        self._fitting = True
        self.setColumnWidth(NAME, max(self.trials.columns[NAME].width, min(spare, WIDEST_NAME)))
        self._fitting = False

    def _note_resizing(self, index: int) -> None:
        self._name_is_sized |= index == NAME and not self._fitting

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the columns within the view while there is room."""
        super().resizeEvent(event)
        self._fit_name()

    def fill_column_menu(self, menu: QMenu) -> None:
        """Offer every column to be shown or hidden; letter and name stay."""
        menu.clear()
        for index, column in enumerate(self.trials.columns):
            if index in (LETTER, NAME):
                continue
            action = QAction(verbatim(column.heading), menu, checkable=True, checked=not self.isColumnHidden(index))
            action.toggled.connect(lambda shown, index=index: self._show_column(index, shown))
            menu.addAction(action)

    def initViewItemOption(self, option: QStyleOptionViewItem) -> None:  # noqa: N802
        """Tint selected rows instead of filling them, so that the trials' signs keep their colours."""
        super().initViewItemOption(option)
        tint = QColor(theme.current().accent)
        tint.setAlphaF(0.20)
        option.palette.setColor(QPalette.ColorRole.Highlight, tint)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter opens the details, Del deletes, F2 renames."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.details_requested.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.deletion_requested.emit()
        elif event.key() == Qt.Key.Key_F2:
            self.rename_current()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the rows, then why a trial failed across the figures it does not have."""
        super().paintEvent(event)
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        if first < 0:
            return
        last = len(self.trials.shown) - 1 if last < 0 else last
        left = self.columnViewportPosition(STATE) + self.columnWidth(STATE) + 8
        painter = QPainter(self.viewport())
        painter.setPen(QColor(theme.current().bad))
        for row in range(first, last + 1):
            trial = self.trials.trial_at(row)
            if trial.state is TrialState.FAILED and trial.accuracy is None:
                box = QRectF(left, self.rowViewportPosition(row), self.viewport().width() - left - 8, ROW_HEIGHT)
                text = painter.fontMetrics().elidedText(trial.message, Qt.TextElideMode.ElideRight, int(box.width()))
                painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, text)

    def _tell_selection(self) -> None:
        if not self._showing_selection:
            self.chosen.emit(self.selected_names())

    def _show_column(self, index: int, shown: bool) -> None:  # noqa: FBT001
        name = self.trials.column_names[index]
        self._hidden = self._hidden - {name} if shown else self._hidden | {name}
        self.setColumnHidden(index, not shown)
        self._fit_name()
        self.columns_changed.emit()

    def _open_column_menu(self, place: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.fill_column_menu(menu)
        menu.popup(self.horizontalHeader().mapToGlobal(place))
