"""Which trials the table shows: words in their name or settings, their state, whether they meet the constraints."""

from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel, QLineEdit, QToolButton, QWidget

from core.experiment.store import Constraints, TrialState, TrialSummary
from workbench import theme
from workbench.trials.facts import STATE_NAMES, title_of


@dataclass(frozen=True)
class TrialFilter:
    """What a trial must be to be shown."""

    words: str = ""
    state: TrialState | None = None
    feasible_only: bool = False

    def admits(self, trial: TrialSummary, changes: str, constraints: Constraints, device: str) -> bool:
        """Tell whether a trial passes; `changes` are the words of what differs from the reference."""
        if self.state is not None and trial.state is not self.state:
            return False
        if self.feasible_only and not constraints.met_by(trial, device):
            return False
        if not self.words:
            return True
        text = f"{trial.letter} {title_of(trial)} {changes}".lower()
        return all(word in text for word in self.words.lower().split())


class FilterBar(QWidget):
    """The line above the table that narrows it down."""

    changed = Signal(object)
    """The new TrialFilter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = QLineEdit(placeholderText="Filter by name or by what differs", clearButtonEnabled=True)
        self.words.setAccessibleName("Filter trials by name or by what differs from the reference")
        self.words.setMinimumWidth(120)
        self.state = QComboBox()
        self.state.setAccessibleName("Show trials in this state")
        self.state.addItem("Any state", None)
        for state, name in STATE_NAMES.items():
            self.state.addItem(name, state)
        self.feasible = QCheckBox("Meets constraints")
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        self.columns = QToolButton(toolTip="Choose columns", popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.columns.setAccessibleName("Choose columns")
        self.columns.setProperty("role", "flat")
        theme.set_icon(self.columns, "ph.columns", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        for widget in (self.state, self.feasible, self.count, self.columns):
            row.addWidget(widget)
        self.words.textChanged.connect(self._tell)
        self.state.currentIndexChanged.connect(self._tell)
        self.feasible.toggled.connect(self._tell)

    @property
    def filter(self) -> TrialFilter:
        """What is set."""
        return TrialFilter(self.words.text().strip(), self.state.currentData(), self.feasible.isChecked())

    def clear(self) -> None:
        """Show every trial again."""
        blockers = [QSignalBlocker(widget) for widget in (self.words, self.state, self.feasible)]
        self.words.clear()
        self.state.setCurrentIndex(0)
        self.feasible.setChecked(False)
        for blocker in blockers:
            blocker.unblock()
        self._tell()

    def show_count(self, shown: int, total: int, unread: int) -> None:
        """Say how many trials are shown; `unread` of them have settings that are still being read."""
        words = f"{shown:,} of {total:,}" if shown != total else f"{total:,} trial{'s' if total != 1 else ''}"
        self.count.setText(f"{words}, reading the settings of {unread:,}" if unread else words)

    def _tell(self) -> None:
        self.changed.emit(self.filter)
