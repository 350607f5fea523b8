"""The two Pareto charts side by side, with what can be chosen about them above."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from core.estimate import Estimate
from core.experiment.baselines import Baseline, baselines_of
from core.experiment.pareto import ACCURACY, Objective, quality_objectives
from core.experiment.store import Constraints, TrialSummary
from workbench import theme
from workbench.number_format import BYTES_PER_KB
from workbench.plots.pareto import ParetoChart
from workbench.plots.trial_points import (
    ACCURACY_RATING,
    PLAIN_SIZE,
    TOTAL_LATENCY,
    UNKNOWN_ERROR,
    ZIP_SIZE,
    PointCollector,
    Rating,
    rating_of,
)
from workbench.theme import Palette
from workbench.trials.facts import devices_of

DEVICE_WIDTH = 208


class TrialCharts(QWidget):
    """Quality over size and over latency. They share its axis, letters, colours and constraints.

    Of words the quality is the accuracy; of forecasts the error of one quantity, which is chosen.
    """

    trial_clicked = Signal(str, bool)
    limit_dragged = Signal(str, float)
    constraints_changed = Signal(object)
    device_chosen = Signal(str)
    ratings_changed = Signal()
    """Trials can be rated by something else than before."""
    size_changed = Signal()
    """Another size is shown; running trials have to be placed anew."""
    export_requested = Signal(object, str)
    """A chart, and PNG, SVG or CSV."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        palette = theme.current()
        self.size_chart = ParetoChart(ZIP_SIZE, palette)
        self.latency_chart = ParetoChart(TOTAL_LATENCY, palette)
        self.latency_chart.share_rating_axis(self.size_chart)
        self.ratings: tuple[Rating, ...] = (ACCURACY_RATING,)
        self.rating_kind = QComboBox()
        self.rating_kind.setAccessibleName("Error shown")
        self.rating_kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.rating_kind.activated.connect(lambda index: self.show_rating(self.rating_kind.itemData(index)))
        self.rating_kind.hide()
        self.size_kind = QComboBox()
        self.size_kind.setAccessibleName("Size shown")
        self.size_kind.addItem("Zipped", ZIP_SIZE)
        self.size_kind.addItem("Plain file", PLAIN_SIZE)
        self.size_kind.currentIndexChanged.connect(self._change_size)
        self.device = QComboBox()
        self.device.setAccessibleName("Device whose latency is shown")
        self.device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        # A processor's whole name would push the chart's title away at 1280 pixels.
        self.device.setMaximumWidth(DEVICE_WIDTH)
        self.device.activated.connect(lambda index: self.device_chosen.emit(self.device.itemData(index)))
        self._constraints = Constraints()
        self._sizes, self._latencies = PointCollector(ZIP_SIZE), PointCollector(TOTAL_LATENCY)
        self._objectives: dict[Objective, None] = {}
        self._baselines: dict[Baseline, None] = {}
        """Those met in the study, as sets that keep their order."""
        self._trials: Mapping[str, TrialSummary] = {}
        self._device = ""
        self._devices: tuple[str, ...] = ()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.titles = QLabel(), QLabel()
        self.splitter.addWidget(_titled(self.titles[0], (self.rating_kind, self.size_kind), self.size_chart))
        self.splitter.addWidget(_titled(self.titles[1], (self.device,), self.latency_chart))
        self._name_charts()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.splitter)
        for chart in self.charts:
            chart.trial_clicked.connect(self.trial_clicked)
            chart.limit_dragged.connect(self._follow_drag)
            chart.limit_changed.connect(self._take_limit)
            chart.export_requested.connect(lambda kind, chart=chart: self.export_requested.emit(chart, kind))

    @property
    def charts(self) -> tuple[ParetoChart, ParetoChart]:
        """Both charts."""
        return self.size_chart, self.latency_chart

    @property
    def describe(self) -> Callable[[str], str]:
        """What gives the rich text for a trial under the pointer."""
        return self.size_chart.describe

    @describe.setter
    def describe(self, describe: Callable[[str], str]) -> None:
        for chart in self.charts:
            chart.describe = describe

    def show_study(self, trials: Mapping[str, TrialSummary], device: str) -> None:
        """Show the trials of another study, or with the latencies of another device."""
        self._trials, self._device = trials, device
        self._objectives, self._baselines = {}, {}
        self._collect_anew()
        self._devices = ()
        self.update_trials(trials, {})

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """What the forecasters of the study must beat."""
        return tuple(self._baselines)

    @property
    def rating(self) -> Rating:
        """What both charts rate trials by."""
        return self.size_chart.rating

    def show_rating(self, rating: Rating) -> None:
        """Rate the trials by something else."""
        for chart in self.charts:
            chart.show_rating(rating)
        self._name_charts()
        self._collect_anew()
        self.update_trials(self._trials, {})
        self.size_chart.reset_view()
        self.size_changed.emit()

    def _collect_anew(self) -> None:
        self._sizes = PointCollector(self.size_kind.currentData(), self._device, self.rating)
        self._latencies = PointCollector(TOTAL_LATENCY, self._device, self.rating)

    def _meet(self, trials: Sequence[TrialSummary]) -> bool:
        """Take note of what trials can be rated by and must beat; tell whether they are rated by something else now."""
        self._objectives |= dict.fromkeys(quality_objectives(trials) if trials else ())
        self._baselines |= dict.fromkeys(baselines_of(trials))
        known = sorted(self._objectives, key=lambda objective: objective != ACCURACY)
        ratings = tuple(map(rating_of, known)) or ((UNKNOWN_ERROR,) if self._trials else (ACCURACY_RATING,))
        shown = self.rating
        if ratings != self.ratings:
            self._offer(ratings)
        for chart in self.charts:
            chart.show_baselines(self._baselines)
        return self.rating != shown

    def _offer(self, ratings: tuple[Rating, ...]) -> None:
        """Offer what trials can be rated by; the one shown stays if it can."""
        self.ratings = ratings
        self.rating_kind.clear()
        for rating in ratings:
            self.rating_kind.addItem(rating.title, rating)
        self.rating_kind.setVisible(len(ratings) > 1)
        if self.rating not in ratings:
            for chart in self.charts:
                chart.show_rating(ratings[0])
            self._name_charts()
            self._collect_anew()
        self.rating_kind.setCurrentIndex(ratings.index(self.rating))
        self.ratings_changed.emit()

    def _name_charts(self) -> None:
        word = "Error" if self.rating is not ACCURACY_RATING else "Accuracy"
        for label, other in zip(self.titles, ("size", "latency"), strict=True):
            label.setText(f"{word} and {other}")

    def update_trials(self, changed: Mapping[str, TrialSummary | None], estimates: Mapping[str, Estimate]) -> None:
        """Take over trials that changed; None stands for one that is gone. `estimates` place the running ones."""
        present = [trial for trial in changed.values() if trial is not None]
        if self._meet(present):
            changed = {**self._trials, **changed}
        attribute = self._sizes.quantity.objective.key
        expected = {name: getattr(found, attribute) / BYTES_PER_KB for name, found in estimates.items()}
        self._sizes.take(changed, expected)
        self._latencies.take(changed)
        self._show_devices(devices_of(trial for trial in changed.values() if trial is not None))
        self.size_chart.show_points(self._sizes.points)
        self.latency_chart.show_points(self._latencies.points)

    def show_selection(self, names: tuple[str, ...], reference: str | None) -> None:
        """Let the selected trials and the reference stand out."""
        for chart in self.charts:
            chart.show_selection(names, reference)

    def show_constraints(self, constraints: Constraints) -> None:
        """Draw the constraints."""
        self._constraints = constraints
        for chart in self.charts:
            chart.show_constraints(constraints)

    def dress(self, palette: Palette) -> None:
        """Put on other colours."""
        for chart in self.charts:
            chart.dress(palette)

    def _change_size(self) -> None:
        self._sizes = PointCollector(self.size_kind.currentData(), self._device, self.rating)
        self.size_chart.show_quantity(self._sizes.quantity)
        self.update_trials(self._trials, {})
        self.size_chart.reset_view()
        self.size_changed.emit()

    def _show_devices(self, met: tuple[str, ...]) -> None:
        devices = tuple(dict.fromkeys((*self._devices, *met)))
        if devices != self._devices or not devices:
            self._devices = devices
            self.device.clear()
            for name in devices:
                self.device.addItem(name, name)
                self.device.setItemData(self.device.count() - 1, name, Qt.ItemDataRole.ToolTipRole)
        self.device.setVisible(bool(devices))
        self.device.setCurrentIndex(max(0, self.device.findData(self._device)) if devices else -1)

    def _follow_drag(self, field: str, value: float) -> None:
        if field == self.rating.limit:
            for chart in self.charts:
                if chart is not self.sender():
                    chart.show_constraints(self._constraints.with_bound(field, value))
        self.limit_dragged.emit(field, value)

    def _take_limit(self, field: str, value: float) -> None:
        self.constraints_changed.emit(self._constraints.with_bound(field, value))


def _titled(label: QLabel, choices: tuple[QComboBox, ...], chart: ParetoChart) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "chart")
    label.setProperty("role", "section")
    head = QHBoxLayout()
    head.setContentsMargins(12, 4, 8, 0)
    head.addWidget(label, 1)
    for choice in choices:
        head.addWidget(choice)
    column = QVBoxLayout(frame)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addLayout(head)
    column.addWidget(chart, 1)
    return frame
