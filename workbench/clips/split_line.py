"""The line that says how the clips are split, and why they could not be."""

from PySide6.QtWidgets import QLabel

from core.datasets.catalogue import Dealing, split_check
from core.spec import Dataset, Split
from workbench.form.data_fault import without_settings


class SplitLine(QLabel):
    """Good when no speaker is in two parts, a warning when one may be, bad when training would refuse."""

    def __init__(self) -> None:
        super().__init__(wordWrap=True, margin=8)
        self.setAccessibleName("How the clips are split")

    def show_dealing(self, dealing: Dealing, dataset: Dataset, split: Split) -> None:
        """Say what there is to say about a data set as it was dealt."""
        trouble = dealing.trouble or next((problem.message for problem in dataset.problems()), "")
        said = without_settings(trouble) or " ".join([split_check(dealing, split.rule), *dealing.warnings])
        self.setText(said[:1].upper() + said[1:] + ("" if said.endswith(".") else "."))
        questionable = dealing.warnings or dealing.num_shared or not dealing.num_speakers
        role = "bad" if trouble else "warning" if questionable else "good"
        if role != self.property("role"):
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)
