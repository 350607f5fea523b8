"""What the trial will cost, from its settings alone, before anything is trained."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from core.estimate import Estimate
from core.experiment.store import Constraints
from core.spec import Features, KeywordSpottingSpec, TrialSpec
from workbench import number_format, theme
from workbench.form.feature_timer import FeatureTimer
from workbench.widgets.elided_label import ElidedLabel

FIGURES: dict[str, tuple[tuple[str, str], ...]] = {
    "keyword_spotting": (
        ("Input", "Frames × coefficients of one clip"),
        ("Filters", "Filters of each layer after the width multiplier"),
        ("Parameters", "Parameters; those of the deployed file are fewer by the folded batch normalization"),
        ("MACs, M", "Multiply-accumulates for one clip, in millions"),
        (
            "Features, ms",
            "Time of one clip's features on this machine: the least of some runs while no job runs",
        ),
    ),
    "forecasting": (
        ("Input", "Steps × columns of one window"),
        ("Outputs", "Values forecast at once: steps × quantities"),
        ("Parameters", "Parameters of the network"),
        ("MACs", "Multiply-accumulates for one forecast"),
        # What comes before a network that forecasts costs nothing to speak of.
        ("", ""),
    ),
}
SIZES = (
    ("Plain, kB", "Estimated size of model.tflite; kB = 1024 bytes"),
    ("Zipped, kB", "Estimated size of model.tflite.zip; kB = 1024 bytes"),
)
KEYS = ("input", "layers", "params", "macs", "features", "plain", "zip")
WIDE = ("layers",)


class EstimateCard(QFrame):
    """The figures of a draft; the size is red where it cannot meet the study's constraint."""

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
        self.names: dict[str, QLabel] = {}
        for column, key in enumerate(KEYS):
            name = self.names[key] = QLabel()
            name.setProperty("role", "muted")
            figure = ElidedLabel(number_format.NOTHING)
            figure.setProperty("role", "figure")
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
        self._features: tuple[Features, int] | None = None
        self.timer = FeatureTimer(self, settled_ms=0)
        self.timer.timed.connect(lambda ms: self.figures["features"].setText(number_format.milliseconds(ms)))
        self._name_figures("keyword_spotting")

    def _name_figures(self, task: str) -> None:
        self._task = task
        for key, (words, explained) in zip(KEYS, (*FIGURES[task], *SIZES), strict=True):
            self.names[key].setText(words)
            self.names[key].setToolTip(explained)
            self.figures[key].setAccessibleName(f"{words}, estimated")
            self.names[key].setVisible(bool(words))
            self.figures[key].setVisible(bool(words))

    def show_estimate(self, estimate: Estimate | None, constraints: Constraints, spec: TrialSpec) -> None:
        """Show the figures of a spec, or that there are none while the settings have a problem."""
        if spec.task != self._task:
            self._name_figures(spec.task)
        spots = isinstance(spec, KeywordSpottingSpec)
        self._features = (spec.features, spec.num_samples) if spots and estimate is not None else None
        self._time()
        if estimate is None:
            for figure in self.figures.values():
                figure.setText(number_format.NOTHING)
            theme.set_role(self.figures["zip"], "figure")
            self.note.hide()
            return
        texts = {
            "input": " × ".join(map(str, estimate.input_shape[:2])),
            "layers": _filters(estimate.filters) if spots else number_format.count(estimate.num_outputs),
            "params": number_format.count(estimate.params),
            "macs": number_format.millions(estimate.macs) if spots else number_format.count(estimate.macs),
            "plain": number_format.kilobytes(estimate.tflite_bytes),
            "zip": number_format.kilobytes(estimate.zip_bytes),
        }
        for key, text in texts.items():
            self.figures[key].setText(text)
        most = constraints.zip_bytes_max
        too_big = most is not None and estimate.zip_bytes > most
        theme.set_role(self.figures["zip"], "bad-figure" if too_big else "figure")
        self.note.setVisible(too_big)
        if too_big and most is not None:
            self.note.setText(f"The study asks for at most {number_format.kilobytes(most)} kB zipped.")

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Time what is in sight."""
        super().showEvent(event)
        self._time()

    def _time(self) -> None:
        if self._features is None:
            self.timer.stop()
        elif self.isVisible():
            self.timer.time(*self._features)
        if self._features is not None and self.timer.cost_ms is None:
            self.figures["features"].setText("…")


def _filters(filters: tuple[int, ...]) -> str:
    if len(filters) > 4 and len(set(filters)) == 1:
        return f"{len(filters)} × {filters[0]}"
    return "·".join(map(str, filters))
