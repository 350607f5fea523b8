"""What stands on the Trials page while a study has no trials."""

from PySide6.QtGui import QAction

from core.experiment.store import Study
from workbench.widgets.empty_page import EmptyPage

WORDS_WIDTH = 480


class EmptyTrials(EmptyPage):
    """Says what is missing; its button leads to where settings are made."""

    def __init__(self) -> None:
        super().__init__("Set up a trial", WORDS_WIDTH)
        self._action: QAction | None = None
        self.button.clicked.connect(self._act)

    def show_study(self, study: Study | None, action: QAction | None) -> None:
        """Say what is missing; the button does the action, and is absent without one."""
        self.show_words(
            "No trials yet" if study else "No study is open",
            "Every trial of the study appears here: a row with how well it does, its size and latency, all measured on "
            "the deployed file, and a point on two charts that show which trials no other one beats.",
        )
        self._action = action
        self.button.setVisible(action is not None)

    def _act(self) -> None:
        if self._action is not None:
            self._action.trigger()
