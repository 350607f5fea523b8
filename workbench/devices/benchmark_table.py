"""Times of a benchmark on a device: a row for each part of the work at each number of threads."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from core.results import ThreadTiming, Timing
from workbench import number_format, theme

HEADERS = ("Threads", "Part", "Median ms", "p90 ms", "p99 ms", "Max ms")
INPUT, INFERENCE, TOTAL = "features", "inference", "total"
ROW_HEIGHT = 26
MOST_ROWS = 12
FIGURE_WIDTH = 84
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class BenchmarkTable(QTableWidget):
    """Shows timings; the total, which is measured as a whole, stands out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(HEADERS), parent)
        self.setAccessibleName("Times measured on the device")
        self.setProperty("role", "clips")
        self.setHorizontalHeaderLabels(HEADERS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for column in range(2, len(HEADERS)):
            self.horizontalHeaderItem(column).setTextAlignment(RIGHT)
        for column in range(2):
            self.horizontalHeaderItem(column).setTextAlignment(LEFT)
        self.show_timings(())

    def show_timings(self, timings: Sequence[ThreadTiming], input_part: str = INPUT) -> None:
        """Show times, those of few threads first; `input_part` is what making the input is called."""
        ordered = sorted(timings, key=lambda timing: timing.num_threads)
        rows = [(timing, part) for timing in ordered for part in (input_part, INFERENCE, TOTAL)]
        self.setRowCount(len(rows))
        for row, (timing, part) in enumerate(rows):
            taken = {INFERENCE: timing.inference, TOTAL: timing.total}.get(part, timing.feature)
            mark = " ¶" if timing.slowed else ""
            first = f"{timing.num_threads}{mark}" if part == input_part else ""
            for column, text in enumerate((first, part, *_figures(taken))):
                self.setItem(row, column, _cell(text, is_figure=column > 1, is_strong=part == TOTAL))
        height = self.horizontalHeader().sizeHint().height() + ROW_HEIGHT * min(MOST_ROWS, max(3, len(rows))) + 4
        self.setFixedHeight(height)

    def figure(self, num_threads: int, part: str) -> str:
        """Return the median of a part as it stands here; nothing where it is not."""
        threads = ""
        for row in range(self.rowCount()):
            threads = self.item(row, 0).text() or threads
            if threads == str(num_threads) and self.item(row, 1).text() == part:
                return self.item(row, 2).text()
        return ""


def _figures(taken: Timing) -> list[str]:
    return [number_format.milliseconds(value) for value in (taken.median_ms, taken.p90_ms, taken.p99_ms, taken.max_ms)]


def _cell(text: str, *, is_figure: bool, is_strong: bool) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    if is_figure:
        item.setTextAlignment(RIGHT)
    if is_strong:
        font = theme.font()
        font.setBold(True)
        item.setFont(font)
    return item
