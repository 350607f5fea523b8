"""The clips of a recording session as a table, the newest on top."""

from typing import Any

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHeaderView, QWidget

from workbench import theme
from workbench.listening.tested_clips import TestedClip, TestedClips
from workbench.number_format import NOTHING
from workbench.widgets.row_table import HeadedModel, Index, RowTable

HEADERS = ("Clip", "Said", "Heard as", "%", "Verdict")
WIDTHS = (96, 54, 84, 46, 62)
VERDICTS = {True: "right", False: "wrong", None: ""}


class TestedModel(HeadedModel):
    """Follows the session."""

    headings, figures = HEADERS, (3,)

    __test__ = False

    def __init__(self, session: TestedClips) -> None:
        super().__init__()
        self.session = session
        self.clips: list[TestedClip] = []
        """As they were when last looked at."""

    def follow(self) -> None:
        """Show what the session holds now; rows stay chosen while they only change."""
        clips, count = self.session.clips, len(self.session.clips)
        if count != len(self.clips):
            self.beginResetModel()
            self.clips = clips
            self.endResetModel()
        elif count:
            self.clips = clips
            self.dataChanged.emit(self.index(0, 0), self.index(count - 1, len(HEADERS) - 1))

    def clip(self, row: int) -> TestedClip:
        """Return the clip of a row."""
        return self.clips[-1 - row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008, N802
        """Return how many clips there are."""
        return 0 if parent.isValid() else len(self.clips)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        clip = self.clip(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            percent = f"{100 * clip.heard.top_probability:.0f}"
            verdict = VERDICTS[clip.is_right]
            return (clip.name, clip.expected or NOTHING, clip.heard.label, percent, verdict)[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and index.column() == len(HEADERS) - 1:
            palette = theme.current()
            return QColor(palette.good if clip.is_right else palette.bad)
        return None


class TestedTable(RowTable):
    """Shows the session and tells which clip is looked at."""

    __test__ = False

    chosen = Signal(int)
    """Place of the clip in the session; −1 when there is none."""

    def __init__(self, session: TestedClips, parent: QWidget | None = None) -> None:
        self.session = session
        self.rows = TestedModel(session)
        super().__init__(self.rows, "Clips of this session", parent)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(32)
        for column, width in enumerate(WIDTHS):
            header.resizeSection(column, width)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.selectionModel().currentRowChanged.connect(lambda: self.chosen.emit(self.place))

    @property
    def place(self) -> int:
        """Place of the chosen clip in the session; −1 when there is none."""
        row = self.currentIndex().row()
        return len(self.rows.clips) - 1 - row if row >= 0 else -1

    def follow(self) -> None:
        """Show what the session holds now; a clip that joined is chosen."""
        before = len(self.rows.clips)
        self.rows.follow()
        if self.rows.clips and len(self.rows.clips) != before:
            # Which tells that it is chosen.
            self.selectRow(0)
        else:
            self.chosen.emit(self.place)
