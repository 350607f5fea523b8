"""What the Data page shows of a table: its columns and what is wrong at the left, its series at the right."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from core.datasets.climate import columns_of, read_table
from core.datasets.table_check import TableReport
from core.errors import DataError
from core.experiment.jobs import Download
from core.spec import ForecastingSpec, SeriesData, TimeSplit
from workbench import preferences as remembered
from workbench.form.data_editors import TABLES
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.plots.series_chart import DrawnSeries, SeriesChart, parts_of
from workbench.preferences import Preferences
from workbench.series.column_table import ColumnTable
from workbench.series.reader import TableReader
from workbench.series.shape_line import ShapeLine
from workbench.series.sources import EmptyTable, TableSources, dropped_file
from workbench.session import Session
from workbench.widgets.message_bar import MessageBar

WIDE = (560, 632)
MOST_DRAWN = 6
FORECAST, SEE = "Forecast the selected columns", "Let the network see the selected columns"
FINE = "Nothing is wrong with the rows."


class SeriesView(QWidget):
    """Shows the table of the experiment's spec, and takes other tables to it."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self.session, self.jobs, self.preferences = session, jobs, preferences
        self.data, self.split = SeriesData.model_construct(), TimeSplit()
        self.report: TableReport | None = None
        self.reader = TableReader(jobs, self)
        self._asked: SeriesData | None = None
        self._download = ""
        self._build()
        self._connect()
        self.setAcceptDrops(True)

    def _build(self) -> None:
        self.sources, self.message, self.shape = TableSources(), MessageBar(), ShapeLine()
        self.table = ColumnTable()
        self.findings = QLabel(wordWrap=True, margin=12)
        self.findings.setAccessibleName("What is wrong with the table")
        self.findings.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.chart = SeriesChart()
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.table, 1)
        column.addWidget(self.findings)
        self.across = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.across.addWidget(left)
        self.across.addWidget(self.chart)
        self.across.setStretchFactor(1, 1)
        self.across.setSizes(list(WIDE))
        self.across.restoreState(self.preferences.get(remembered.SPLITTER, "series"))
        self.empty = EmptyTable()
        self.pages = QStackedWidget()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.across)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        for widget in (self.message, self.sources, self.shape):
            whole.addWidget(widget)
        whole.addWidget(self.pages, 1)
        for words, act in (
            ("Choose CSV file…", self.ask_file),
            ("Download Jena climate 2009–2016", self.download),
            ("Show the whole series", self.chart.show_whole),
        ):
            action = QAction(words, self)
            action.triggered.connect(lambda _=False, act=act: act())
            self.addAction(action)
        self.uses = [QAction(words, self, enabled=False) for words in (FORECAST, SEE)]
        for action, act in zip(self.uses, (self.forecast_selected, self.see_selected), strict=True):
            action.triggered.connect(lambda _=False, act=act: act())
            self.addAction(action)
            self.table.addAction(action)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)

    def _connect(self) -> None:
        self.reader.read.connect(self._show_report)
        self.reader.failed.connect(self._show_trouble)
        self.reader.progressed.connect(self.sources.show_progress)
        for sender in (self.sources, self.empty):
            sender.file_wanted.connect(self.ask_file)
        self.sources.download_wanted.connect(self.download)
        self.shape.data_wanted.connect(self.session.use_dataset)
        self.table.columns_chosen.connect(self._draw)
        self.table.columns_chosen.connect(self._offer_uses)
        self.jobs.ended.connect(self._take_job)
        self.across.splitterMoved.connect(
            lambda *_: self.preferences.set(remembered.SPLITTER, self.across.saveState(), "series")
        )

    # Which table

    def follow(self, spec: ForecastingSpec) -> None:
        """Show the table of an experiment."""
        self.split = spec.split
        # Which columns are used changes nothing about how the table is read.
        columns = {"targets": (), "inputs": ()}
        another = spec.dataset.model_copy(update=columns) != self.data.model_copy(update=columns)
        self.data = spec.dataset
        if another:
            self.report = None
            self.shape.show_data(self.data)
        self._ask()

    def use_file(self, file: str) -> None:
        """Take another table to the experiment; its columns are found by their names."""
        if Path(file).suffix.lower() == ".toml":
            return
        self.session.use_dataset(SeriesData(file=file))

    def ask_file(self) -> None:
        """Let the user choose a table."""
        at = self.data.file or self.preferences.get(remembered.LAST_FOLDER)
        file, _ = QFileDialog.getOpenFileName(self, "CSV file of measurements", at, TABLES)
        if file:
            self.use_file(file)

    def forecast_selected(self) -> None:
        """Let the experiment forecast the selected columns; where it names its inputs they join them."""
        seen = self.data.inputs and tuple(dict.fromkeys((*self.data.inputs, *self.table.chosen)))
        self.session.use_dataset(self.data.model_copy(update={"targets": self.table.chosen, "inputs": seen}))

    def see_selected(self) -> None:
        """Let the network see the selected columns, and those that it forecasts."""
        seen = tuple(dict.fromkeys((*self._columns()[1], *self.table.chosen)))
        self.session.use_dataset(self.data.model_copy(update={"inputs": seen}))

    def _offer_uses(self, chosen: tuple[str, ...]) -> None:
        for action in self.uses:
            action.setEnabled(bool(chosen))

    def download(self) -> None:
        """Fetch the Jena climate, going on where an earlier attempt stopped; what is there is opened at once."""
        # Imported late: what downloads takes long to load.
        from core.datasets.jena import JENA

        if table := JENA.downloaded:
            self.use_file(str(table))
        else:
            self._download = self.jobs.submit(Download(data="jena"))

    def _take_job(self, job: QueuedJob) -> None:
        if job.id != self._download:
            return
        self._download = ""
        if job.state is JobState.FINISHED:
            self.use_file(str(job.answer))
        elif job.state is JobState.CANCELLED:
            self.message.show_message("The download was stopped", "Go on", self.download)

    def _ask(self) -> None:
        """Have the table looked through; out of sight that waits."""
        if not self.data.file:
            self._asked = self.report = None
            self.sources.show_file("")
            self.empty.invite()
            self.pages.setCurrentWidget(self.empty)
        elif self.report is not None:
            self._show_columns()
        elif self.isVisible() and self._asked != self.data:
            self._asked = self.data
            self.sources.show_file(self.data.file)
            self.empty.wait()
            self.pages.setCurrentWidget(self.empty)
            self.reader.ask(self.data)

    # What is in it

    def _show_report(self, report: TableReport) -> None:
        if Path(report.file) != Path(self.data.file).expanduser():
            return
        self.report = report
        self.message.hide()
        self.sources.show_report(report)
        self.shape.show_report(report)
        self.table.columns.show_columns(report.columns)
        # A column keeps the name it has in the file, at the beginning of a sentence too.
        names = tuple(column.name for column in report.columns)
        found = [f"{said if said.startswith(names) else said[:1].upper() + said[1:]}." for said in report.findings]
        self.findings.setText("\n".join(found) or FINE)
        self.findings.setProperty("role", "warning" if found else "good")
        self.findings.style().unpolish(self.findings)
        self.findings.style().polish(self.findings)
        self.pages.setCurrentWidget(self.across)
        self._show_columns()

    def _show_columns(self) -> None:
        inputs, targets = self._columns()
        self.table.columns.show_uses(inputs, targets)
        self._draw()

    def _columns(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        try:
            return columns_of(self.data)
        except DataError:
            # The form says so at the field; here the columns are for looking.
            return (), ()

    def _show_trouble(self, sentence: str) -> None:
        self.report = None
        self.sources.show_file(self.data.file)
        self.empty.show_trouble(sentence)
        self.pages.setCurrentWidget(self.empty)

    def _draw(self, *_: object) -> None:
        """Draw the columns that are selected, or those that are forecast."""
        if self.report is None:
            return
        names = (*self.table.chosen, *(() if self.table.chosen else self._columns()[1]))
        names = names or (self.report.columns[0].name,)
        series = read_table(self.data)  # From the cache, which the reader has filled.
        places = [series.columns.index(name) for name in names[:MOST_DRAWN]]
        training = 1 - self.split.validation_fraction - self.split.test_fraction
        shares = (
            ("training", round(training, 6)),
            ("validation", self.split.validation_fraction),
            ("test", self.split.test_fraction),
        )
        self.chart.show_series(
            DrawnSeries(
                series.times_s,
                tuple(series.columns[place] for place in places),
                series.values[:, places],
                self.report.interval_s,
                parts_of(series.times_s, shares),
            )
        )

    # Window

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Look through the table that waited."""
        super().showEvent(event)
        self._ask()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Let a file be dropped."""
        if dropped_file(event):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open the file that was dropped."""
        file = dropped_file(event)
        if file:
            event.acceptProposedAction()
            self.use_file(file)
