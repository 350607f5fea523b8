"""The two Pareto charts side by side, with what can be chosen about each above it."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from core.estimate import Estimate
from core.experiment.store import Constraints, TrialSummary
from workbench import theme
from workbench.number_format import BYTES_PER_KB
from workbench.plots.pareto import ParetoChart
from workbench.plots.trial_points import PLAIN_SIZE, TOTAL_LATENCY, ZIP_SIZE, PointCollector
from workbench.theme import Palette
from workbench.trials.constraint_bar import with_limit
from workbench.trials.facts import devices_of

DEVICE_WIDTH = 208


class TrialCharts(QWidget):
    """Accuracy over size and over latency. They share the accuracy axis, letters, colours and constraints."""

    trial_clicked = Signal(str, bool)
    limit_dragged = Signal(str, float)
    constraints_changed = Signal(object)
    device_chosen = Signal(str)
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
        self._trials: Mapping[str, TrialSummary] = {}
        self._device = ""
        self._devices: tuple[str, ...] = ()
        splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        splitter.addWidget(_titled("Accuracy and size", self.size_kind, self.size_chart))
        splitter.addWidget(_titled("Accuracy and latency", self.device, self.latency_chart))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(splitter)
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
        self._sizes = PointCollector(self.size_kind.currentData(), device)
        self._latencies = PointCollector(TOTAL_LATENCY, device)
        self._devices = ()
        self.update_trials(trials, {})

    def update_trials(self, changed: Mapping[str, TrialSummary | None], estimates: Mapping[str, Estimate]) -> None:
        """Take over trials that changed; None stands for one that is gone. `estimates` place the running ones."""
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
        self._sizes = PointCollector(self.size_kind.currentData(), self._device)
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
        if field == "accuracy_min":
            for chart in self.charts:
                if chart is not self.sender():
                    chart.show_constraints(with_limit(self._constraints, field, value))
        self.limit_dragged.emit(field, value)

    def _take_limit(self, field: str, value: float) -> None:
        self.constraints_changed.emit(with_limit(self._constraints, field, value))


def _titled(title: str, choice: QComboBox, chart: ParetoChart) -> QFrame:
    frame = QFrame()
    frame.setProperty("role", "chart")
    label = QLabel(title)
    label.setProperty("role", "section")
    head = QHBoxLayout()
    head.setContentsMargins(12, 4, 8, 0)
    head.addWidget(label, 1)
    head.addWidget(choice)
    column = QVBoxLayout(frame)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    column.addLayout(head)
    column.addWidget(chart, 1)
    return frame
