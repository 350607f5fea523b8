"""The menu of the sweeps and searches that come with the program, each with what it is for."""

import textwrap

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from core.spec import SPECS
from workbench.form.ready_sweeps import ready_sweeps
from workbench.form.starter_menu import LINE_LENGTH


class SweepMenu(QMenu):
    """Many trials to begin with at once, by task. Its files are read when it is first opened."""

    chosen = Signal(object)
    """The ReadySweep to begin with."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        if not self.isEmpty():
            return
        for task, kind in SPECS.items():
            self.addAction(kind.title).setEnabled(False)
            for ready in ready_sweeps():
                if ready.task == task:
                    action = self.addAction(ready.title, lambda ready=ready: self.chosen.emit(ready))
                    action.setToolTip("\n".join(textwrap.wrap(ready.explained, LINE_LENGTH)))
