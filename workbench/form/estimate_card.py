"""What the trial will cost, from its settings alone, before anything is trained."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from core.estimate import Estimate
from core.experiment.store import Constraints
from workbench import number_format
from workbench.widgets.elided_label import ElidedLabel

FIGURES = (
    ("input", "Input", "Frames × coefficients of one clip"),
    ("filters", "Filters", "Filters of each layer after the width multiplier"),
    ("params", "Parameters", "Parameters; those of the deployed file are fewer by the folded batch normalization"),
    ("macs", "MACs, M", "Multiply-accumulates for one clip, in millions"),
    ("plain", "Plain, kB", "Estimated size of model.tflite; kB = 1024 bytes"),
    ("zip", "Zipped, kB", "Estimated size of model.tflite.zip; kB = 1024 bytes"),
)
WIDE = ("filters",)


class EstimateCard(QFrame):
    """Six figures; the size is red where it cannot meet the study's constraint."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("Estimate")
        title = QLabel("Estimate before training")
        title.setProperty("role", "section")
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(2)
        self.figures: dict[str, ElidedLabel] = {}
        for column, (key, words, explained) in enumerate(FIGURES):
            name = QLabel(words)
            name.setProperty("role", "muted")
            name.setToolTip(explained)
            figure = ElidedLabel(number_format.NOTHING)
            figure.setProperty("role", "figure")
            figure.setAccessibleName(f"{words}, estimated")
            figure.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
            grid.addWidget(name, 0, column)
            grid.addWidget(figure, 1, column)
            grid.setColumnStretch(column, 2 if key in WIDE else 1)
            self.figures[key] = figure
        self.note = QLabel()
        self.note.setProperty("role", "bad")
        self.note.setWordWrap(True)
        self.note.hide()
        column_layout = QVBoxLayout(self)
        column_layout.setContentsMargins(16, 12, 16, 12)
        column_layout.setSpacing(8)
        column_layout.addWidget(title)
        column_layout.addLayout(grid)
        column_layout.addWidget(self.note)

    def show_estimate(self, estimate: Estimate | None, constraints: Constraints) -> None:
        """Show the figures, or that there are none while the settings have a problem."""
        if estimate is None:
            for figure in self.figures.values():
                figure.setText(number_format.NOTHING)
            self._mark(self.figures["zip"], "figure")
            self.note.hide()
            return
        texts = {
            "input": " × ".join(map(str, estimate.input_shape[:2])),
            "filters": _filters(estimate.filters),
            "params": number_format.count(estimate.params),
            "macs": number_format.millions(estimate.macs),
            "plain": number_format.kilobytes(estimate.tflite_bytes),
            "zip": number_format.kilobytes(estimate.zip_bytes),
        }
        for key, text in texts.items():
            self.figures[key].setText(text)
        most = constraints.zip_bytes_max
        too_big = most is not None and estimate.zip_bytes > most
        self._mark(self.figures["zip"], "bad-figure" if too_big else "figure")
        self.note.setVisible(too_big)
        if too_big and most is not None:
            self.note.setText(f"The study asks for at most {number_format.kilobytes(most)} kB zipped.")

    def _mark(self, label: QLabel, role: str) -> None:
        if label.property("role") != role:
            label.setProperty("role", role)
            label.style().unpolish(label)
            label.style().polish(label)


def _filters(filters: tuple[int, ...]) -> str:
    if len(filters) > 4 and len(set(filters)) == 1:
        return f"{len(filters)} × {filters[0]}"
    return "·".join(map(str, filters))
