"""The lower left of the Data page: the clips that pass a filter, and how many those are."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.datasets.catalogue import Catalogue
from core.evaluation.verdicts import Verdicts
from workbench.clips.filter import ClipFilterBar
from workbench.clips.rows import SOUNDS_LIKE, UNLIKE, ClipFilter, ClipRows
from workbench.clips.table import ClipTable

NOT_JUDGED = (
    "Judge, above, lets a trained trial hear every clip. What it takes for something else than its label shows up here."
)


class ClipBrowser(QWidget):
    """Shows the clips of a catalogue."""

    changed = Signal()
    """Another clip is in sight, or others are selected."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.filter, self.table = ClipFilterBar(), ClipTable()
        self.setFocusProxy(self.table)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.filter)
        column.addWidget(self.table, 1)
        self.filter.changed.connect(self._show_filtered)
        self.table.current_changed.connect(lambda _: self.changed.emit())
        self.table.selection_changed.connect(self.changed)

    @property
    def clips(self) -> ClipRows | None:
        """The rows behind the table; None while there is no catalogue."""
        return self.table.clips.clips

    @property
    def why_none(self) -> tuple[str, str]:
        """Why no clip is in sight where none is, in a few words and in a sentence."""
        if self.clips is None:
            return "", ""
        if self.clips.verdicts is None and self.clips.filter.problem == UNLIKE:
            return "No clip was judged yet", NOT_JUDGED
        return "No clip passes the filter", ""

    def show_catalogue(self, catalogue: Catalogue) -> None:
        """Show a catalogue; of another folder from its beginning, unfiltered and unjudged."""
        if self.clips is None or self.clips.catalogue.folder != catalogue.folder:
            self.filter.clear()
            self.table.setColumnHidden(SOUNDS_LIKE, True)
        self.table.clips.show_catalogue(catalogue)
        self._show_count()
        self.changed.emit()

    def clear(self) -> None:
        """Show nothing."""
        self.table.clips.clear()

    def show_verdicts(self, verdicts: Verdicts) -> None:
        """Show the clips that a model takes for something else than their label."""
        self.table.clips.judge(verdicts)
        self.table.setColumnHidden(SOUNDS_LIKE, False)
        self.filter.choose_problem(UNLIKE)
        self.table.setFocus()

    def _show_filtered(self, wanted: ClipFilter) -> None:
        self.table.clips.show_filtered(wanted)
        self._show_count()

    def _show_count(self) -> None:
        total = len(self.clips.catalogue.names) if self.clips else 0
        self.filter.show_count(self.table.clips.rowCount(), total)
