"""What stands at the right of the trials: the details of one, two of them compared, or what is to be seen there."""

from collections.abc import Sequence

from PySide6.QtWidgets import QStackedWidget

from core.experiment.store import Study, TrialSummary
from workbench.trials.compare import TrialComparison
from workbench.trials.details import TrialDetails
from workbench.trials.facts import Differences
from workbench.widgets.empty_page import invitation


class TrialsBeside(QStackedWidget):
    """Follows the selection: one trial has details, two are compared, of more the first has details."""

    def __init__(self) -> None:
        super().__init__()
        self.nothing = invitation("Select a trial to see its figures, what differs and how it was trained.")
        self.details = TrialDetails()
        self.comparison = TrialComparison()
        for beside in (self.nothing, self.details, self.comparison):
            self.addWidget(beside)

    def show_trials(
        self, study: Study | None, trials: Sequence[TrialSummary], differences: Differences | None, device: str
    ) -> None:
        """Show what is known of the selected trials."""
        if study is None or differences is None or not trials:
            self.setCurrentWidget(self.nothing)
        elif len(trials) == 2:
            # The reference, or else the older trial, is what the other is measured by.
            one, other = sorted(trials, key=lambda trial: (trial.name != study.reference, trial.number))
            self.comparison.show_trials(study, one, other, device)
            self.setCurrentWidget(self.comparison)
        else:
            self.details.show_trial(study, trials[0], differences, study.constraints, device)
            self.setCurrentWidget(self.details)
