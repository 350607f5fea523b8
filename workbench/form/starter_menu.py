"""The menu of the specs that come with the program, each with what it is for."""

import textwrap

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from core.spec import SPECS
from workbench.form.starter_specs import Starter, starters

PUBLISHED = "Published, to compare with"
LINE_LENGTH = 72


class StarterMenu(QMenu):
    """Specs to begin with by task, those of published systems apart."""

    chosen = Signal(object)
    """The Starter to begin with."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTipsVisible(True)
        for task, kind in SPECS.items():
            own, published = (
                [starter for starter in starters(task) if starter.is_published is wanted] for wanted in (False, True)
            )
            self._add(kind.title, own or published)
            if own:
                self._add(PUBLISHED, published)

    def _add(self, heading: str, found: list[Starter]) -> None:
        self.addAction(heading).setEnabled(False)
        for starter in found:
            action = self.addAction(starter.title)
            action.setToolTip("\n".join(textwrap.wrap(starter.explained, LINE_LENGTH)))
            # The words of the command palette, where no menu says what it is.
            action.setIconText(f"Starter spec: {starter.title}")
            action.triggered.connect(lambda _=False, starter=starter: self.chosen.emit(starter))
