"""The curves of what trains now, and of what trained since the study was opened."""

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from core.errors import WorkbenchError
from core.events import Event, TrialFailed, TrialFinished, TrialStarted, TrialStopped
from core.experiment.store import TrialState, TrialSummary
from workbench import theme
from workbench.form.fields import guard_wheel
from workbench.plots.curve_series import EMPTY, CurveSeries
from workbench.session import Session
from workbench.trials.facts import STATE_NAMES
from workbench.trials.sheets import outcome
from workbench.widgets.elided_label import ElidedLabel, shortened

if TYPE_CHECKING:
    from workbench.plots.curves import TrainingCurves

ENDED = (TrialState.FINISHED, TrialState.FAILED, TrialState.CANCELLED)
MOST_KEPT = 40
TITLE_LENGTH = 40


class LiveCurves(QFrame):
    """Follows the trial that started last, until the user chooses another one; says what came of it."""

    trial_requested = Signal(str)
    """Name of a trial that shall be shown among the others."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.session = session
        self._series: dict[str, CurveSeries] = {}
        self._running: set[str] = set()
        self.empty = QLabel(EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self.empty.setProperty("role", "muted")
        self.choice = QComboBox()
        self.choice.setAccessibleName("Trial whose curves are shown")
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.choice.activated.connect(lambda index: self._show(self.choice.itemData(index)))
        guard_wheel(self.choice)
        title = QLabel("Curves")
        title.setProperty("role", "section")
        top = QHBoxLayout()
        top.addWidget(title)
        top.addStretch(1)
        top.addWidget(self.choice)
        self.outcome = ElidedLabel()
        self.outcome.setProperty("role", "section")
        self.lead = QPushButton("Show in Trials")
        self.lead.setToolTip("See the trial as a point on the charts, with its details")
        self.lead.clicked.connect(lambda: self.trial_requested.emit(self.shown))
        self.ending = QWidget()
        below = QHBoxLayout(self.ending)
        below.setContentsMargins(0, 0, 0, 0)
        below.addWidget(self.outcome, 1)
        below.addWidget(self.lead)
        self.ending.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 8, 8)
        column.addLayout(top)
        column.addWidget(self.ending)
        column.addWidget(self.empty, 1)
        self._column = column
        self.choice.hide()
        session.event_received.connect(self._take)
        session.trials_changed.connect(self._rename)
        session.study_opened.connect(self._forget)

    @cached_property
    def curves(self) -> "TrainingCurves":
        """The charts, loaded when there is something to draw, so that the window is shown before."""
        from workbench.plots.curves import TrainingCurves

        found = TrainingCurves()
        self._column.replaceWidget(self.empty, found)
        self.empty.hide()
        return found

    @property
    def shown(self) -> str:
        """Name of the trial in sight; empty when there is none."""
        return self.choice.currentData() or ""

    def _take(self, event: Event) -> None:
        if not event.trial:
            return
        if isinstance(event, TrialStarted):
            self._begin(event)
        elif isinstance(event, TrialFinished | TrialFailed | TrialStopped):
            self._running.discard(event.trial)
            self._rename(frozenset([event.trial]))
        elif event.trial in self._series:
            if event.trial == self.shown:
                self.curves.add_event(event)
            else:
                self._series[event.trial].add(event)

    def _begin(self, event: TrialStarted) -> None:
        series = self._series[event.trial] = CurveSeries()
        if event.resumed:
            for earlier in self._earlier(event.trial):
                series.add(earlier)
        follow = self.shown not in self._running
        self._running.add(event.trial)
        if self.choice.findData(event.trial) < 0:
            self.choice.insertItem(0, self._words(event.trial), event.trial)
        self._drop_old()
        self.choice.show()
        if follow:
            self._show(event.trial)
        self._rename(frozenset([event.trial]))

    def _earlier(self, trial: str) -> list[Event]:
        try:
            return self.session.opened().events(trial)
        except WorkbenchError:
            return []

    def _show(self, trial: str) -> None:
        self.choice.setCurrentIndex(self.choice.findData(trial))
        self.curves.show_series(self._series[trial])
        self._show_outcome()

    def _show_outcome(self) -> None:
        """Say what came of the trial in sight, once it ended."""
        summary = self._summary(self.shown)
        if summary is None or summary.state not in ENDED:
            self.ending.hide()
            return
        self.ending.show()
        failed = summary.state is TrialState.FAILED
        words = summary.message if failed else outcome(summary, self.session.device)
        self.outcome.setText(words[:1].upper() + words[1:] if words else STATE_NAMES[summary.state])
        theme.set_role(self.outcome, "bad" if failed else "section")

    def _drop_old(self) -> None:
        while self.choice.count() > MOST_KEPT:
            last = self.choice.count() - 1
            self._series.pop(self.choice.itemData(last), None)
            self.choice.removeItem(last)

    def _rename(self, names: frozenset[str]) -> None:
        for name in names:
            index = self.choice.findData(name)
            if index >= 0:
                self.choice.setItemText(index, self._words(name))
        if self.shown in names:
            self._show_outcome()

    def _summary(self, trial: str) -> TrialSummary | None:
        try:
            return self.session.opened().summary(trial)
        except WorkbenchError:
            return None

    def _words(self, trial: str) -> str:
        summary = self._summary(trial)
        if summary is None:
            return trial
        state = ", running" if trial in self._running else ""
        return f"{summary.letter}  {shortened(summary.title, TITLE_LENGTH)}".strip() + state

    def _forget(self, _study: object) -> None:
        self._series.clear()
        self.choice.clear()
        self.choice.hide()
        self.ending.hide()
        if "curves" in self.__dict__:
            self.curves.clear()
