"""How a trial forecast the test period: its lines against what came, and its errors by horizon and by hour."""

from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from core.datasets.time_texts import timespan
from core.errors import DataError
from core.experiment.store import Study, TrialSummary
from core.results import Forecast
from workbench import theme
from workbench.form.fields import guard_wheel
from workbench.plots.error_charts import ErrorCharts, charts_of
from workbench.plots.forecast_chart import ForecastChart, TestPeriod
from workbench.trials.facts import title_of
from workbench.widgets.elided_label import ElidedLabel

READ_MS = 100
"""Forecasts are read a moment later, so that a held arrow key runs down the table without reading each."""
CHART_HEIGHT, ERRORS_HEIGHT = 380, 150


class HorizonChoice(QComboBox):
    """How far ahead the forecasts in sight were made."""

    horizon_chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("How far ahead the forecasts in sight are")
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.activated.connect(lambda index: self.horizon_chosen.emit(index + 1))
        guard_wheel(self)

    def offer(self, quality: Forecast) -> None:
        """Offer the horizons of a trial; the same one stays chosen, the farthest at first."""
        steps = len(quality.quantities[0].file.by_horizon)
        words = [f"{timespan(60 * step * quality.step_minutes)} ahead" for step in range(1, steps + 1)]
        if words != [self.itemText(place) for place in range(self.count())]:
            before = self.currentIndex()
            self.clear()
            self.addItems(words)
            self.setCurrentIndex(before if 0 <= before < steps else steps - 1)


class ForecastCharts(QWidget):
    """The chart over time; the errors are their owner's to place."""

    failed = Signal(str)

    def __init__(self, num_columns: int) -> None:
        super().__init__()
        self.horizons, self.chart, self.errors = HorizonChoice(), ForecastChart(), ErrorCharts(num_columns)
        self.horizons.horizon_chosen.connect(self._choose)
        self._wanted: tuple[Path, Forecast] | None = None
        self._read: Path | None = None
        # Of the widgets, so that it ends with them: they belong to a page, this to whoever asks for charts.
        self._soon = QTimer(self.horizons, singleShot=True, interval=READ_MS)
        self._soon.timeout.connect(self._read_forecasts)

    def show_trial(self, folder: Path, quality: Forecast) -> None:
        """Show another trial's forecasts: its errors at once, its lines a moment later."""
        self.errors.show_quality(quality)
        self.horizons.offer(quality)
        self._wanted = folder, quality
        if folder != self._read:
            self._soon.start()

    def _read_forecasts(self) -> None:
        if self._wanted is None:
            return
        # Imported late: it loads the interpreter, which the window does without until now.
        from core.evaluation.forecasting import load_forecasts

        folder, quality = self._wanted
        self._read = folder
        try:
            period = TestPeriod(load_forecasts(folder), quality)
        except DataError as error:
            self.chart.show_period(None, 1)
            self.failed.emit(str(error))
            return
        self.failed.emit("")
        self.chart.show_period(period, self.horizons.currentIndex() + 1)

    def _choose(self, horizon: int) -> None:
        if self.chart.period is not None:
            self.chart.show_horizon(horizon)


class ForecastSection(QWidget):
    """The narrow form, in the details of a trial."""

    enlarge_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.charts = ForecastCharts(num_columns=1)
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "problem")
        self.problem.hide()
        self.charts.failed.connect(self._show_problem)
        self.enlarge = QPushButton("Enlarge", toolTip="Show the forecasts over the whole page")
        theme.set_icon(self.enlarge, "ph.arrows-out", "muted")
        self.enlarge.clicked.connect(self.enlarge_requested)
        top = QHBoxLayout()
        top.addWidget(self.charts.horizons)
        top.addStretch(1)
        top.addWidget(self.enlarge)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.problem)
        for widget in (self.charts.chart, self.charts.errors):
            column.addWidget(widget)
        self.charts.chart.setFixedHeight(CHART_HEIGHT)
        self.charts.chart.canvas.page_scrolls = True

    def show_trial(self, folder: Path, quality: Forecast) -> None:
        """Show another trial's forecasts."""
        self.charts.errors.setFixedHeight(ERRORS_HEIGHT * len(charts_of(quality)))
        self.charts.show_trial(folder, quality)

    def _show_problem(self, sentence: str) -> None:
        self.problem.setText(sentence[:1].upper() + sentence[1:])
        self.problem.setVisible(bool(sentence))
        self.charts.chart.setVisible(not sentence)


class ForecastPage(QWidget):
    """The wide form, in the place of table and charts until it is closed."""

    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Forecasts of a trial")
        self.charts = ForecastCharts(num_columns=4)
        self.back = QPushButton("Back to the trials", toolTip="Esc")
        theme.set_icon(self.back, "ph.arrow-left", "muted")
        self.back.clicked.connect(self.closed)
        self.title = ElidedLabel()
        self.title.setProperty("role", "title")
        head = QFrame()
        head.setProperty("role", "header")
        row = QHBoxLayout(head)
        row.setContentsMargins(8, 6, 16, 6)
        row.setSpacing(12)
        row.addWidget(self.back)
        row.addWidget(self.title, 1)
        row.addWidget(self.charts.horizons)
        self.splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.splitter.addWidget(self.charts.chart)
        self.splitter.addWidget(self.charts.errors)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([480, 200])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(head)
        column.addWidget(self.splitter, 1)

    def show_trial_of(self, study: Study, trial: TrialSummary) -> bool:
        """Show the forecasts of a study's trial; tell whether there are any."""
        result = study.result(trial.name)
        if result is None or not isinstance(result.quality, Forecast):
            return False
        self.title.setText(f"{trial.letter}  {title_of(trial)}: forecasts of the test period")
        self.charts.show_trial(study.folder_of(trial.name), result.quality)
        return True

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Let the keys scroll and zoom at once."""
        super().showEvent(event)
        self.charts.chart.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc goes back."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
