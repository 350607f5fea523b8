"""The top of the page of a table: which file is open, what is in it, and ways to others."""

from datetime import UTC, datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QVBoxLayout

from core.datasets.table_check import TableReport
from core.datasets.time_texts import timespan
from workbench.widgets.card import flat_button
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.empty_page import EmptyPage

STEPS = 1000
WORDS_WIDTH = 520


class TableSources(QFrame):
    """One line about the file, and the buttons that choose and fetch others."""

    file_wanted = Signal()
    download_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "header")
        self.file = ElidedLabel(mode=Qt.TextElideMode.ElideMiddle)
        self.file.setProperty("role", "section")
        self.figures = ElidedLabel()
        self.figures.setProperty("role", "muted")
        self.bar = QProgressBar(textVisible=False, maximum=STEPS)
        self.bar.setAccessibleName("Rows read")
        self.bar.setFixedWidth(160)
        self.choose = flat_button(
            "Choose file…", "ph.table", "A CSV file with a column of times and columns of numbers"
        )
        self.download = flat_button(
            "Download Jena climate 2009–2016",
            "ph.download-simple",
            "420,551 rows of ten minutes from a weather station, 13 MB",
        )
        self.choose.clicked.connect(self.file_wanted)
        self.download.clicked.connect(self.download_wanted)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.bar)
        below.addWidget(self.figures, 1)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.file)
        words.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(4)
        row.addLayout(words, 1)
        for button in (self.choose, self.download):
            row.addWidget(button)
        self.show_file("")

    def show_file(self, file: str) -> None:
        """Name a file that was not looked through yet."""
        self.file.setText(file or "No table yet")
        self.figures.setText("")
        self.bar.hide()

    def show_progress(self, done: float, total: float) -> None:
        """Say how much was read."""
        self.bar.setVisible(total > 0)
        self.bar.setValue(round(STEPS * done / total) if total else 0)
        self.figures.setText("reading rows")

    def show_report(self, report: TableReport) -> None:
        """Say what is in the table."""
        self.bar.hide()
        self.file.setText(report.file)
        first, last = (datetime.fromtimestamp(time_s, UTC) for time_s in (report.first_s, report.last_s))
        said = [
            f"{report.num_rows:,} rows",
            f"every {timespan(report.interval_s)}",
            f"{first:%d %b %Y %H:%M} to {last:%d %b %Y %H:%M}",
            f"{report.num_missing_steps:,} missing in gaps" if report.num_missing_steps else "no gaps",
            f"{report.num_repeated:,} repeated" if report.num_repeated else "no repeated ones",
            f"time: {report.time_column}, {report.time_format}",
        ]
        self.figures.setText(" · ".join(said))


class EmptyTable(EmptyPage):
    """Says what will be shown here, that it is on its way, or why it is not there."""

    file_wanted = Signal()

    def __init__(self) -> None:
        super().__init__("Choose CSV file…", WORDS_WIDTH)
        self.button.clicked.connect(self.file_wanted)
        self.invite()

    def invite(self) -> None:
        """Say what will be shown here."""
        self._show(
            "No table yet",
            "The series of a CSV file appear here: every column with its unit, range and missing values, what is wrong "
            "with the rows, and which part of time trains, chooses and tests. Choose or drop a file with a column of "
            "times and columns of numbers, or download eight years of weather from Jena.",
        )

    def wait(self) -> None:
        """Say that a table is on its way."""
        self._show("Reading the table", "Every row is read once; what was read is remembered for the next time.")
        self.button.hide()

    def show_trouble(self, sentence: str) -> None:
        """Say why there is no series."""
        self._show("This table cannot be read", f"{sentence[:1].upper()}{sentence[1:]}.")

    def _show(self, heading: str, words: str) -> None:
        self.button.show()
        self.show_words(heading, words)


def dropped_file(event: QDropEvent) -> str:
    """Return the first of what is dropped, or nothing."""
    return next(filter(None, (url.toLocalFile() for url in event.mimeData().urls())), "")
