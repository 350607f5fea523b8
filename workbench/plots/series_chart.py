"""Columns of a table over time, with the parts that train, choose and test; zoomed into as far as one likes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from core.datasets.column_names import name_of, unit_of
from workbench import theme
from workbench.number_format import three_digits
from workbench.plots.time_charts import MOST_POINTS, TimeCharts, broken, legend, thinned, value_at
from workbench.theme import Palette

HEADROOM = 0.1


@dataclass(frozen=True)
class Part:
    """A stretch of time and what it is for."""

    words: str
    first_s: float
    num_rows: int


@dataclass(frozen=True)
class DrawnSeries:
    """Columns of a table, shape (rows, columns), at ascending times."""

    times_s: NDArray[np.int64]
    columns: tuple[str, ...]
    values: NDArray[np.float32]
    interval_s: float
    parts: tuple[Part, ...]


class SeriesChart(TimeCharts):
    """A chart for each column."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Series over time", parent)
        self.series: DrawnSeries | None = None
        self.lines: list[pg.PlotDataItem] = []
        self.marks: list[pg.InfiniteLine] = []

    def show_series(self, series: DrawnSeries | None) -> None:
        """Show other columns; the stretch in sight stays where it is one of the same time."""
        before, self.series = self.series, series
        span = None
        if before is not None and series is not None and self.charts:
            same = before.times_s[0] == series.times_s[0] and before.times_s[-1] == series.times_s[-1]
            span = self.span if same else None
        self.lines, self.marks = [], []
        self.lay_out(len(series.columns) if series else 0)
        if series is None:
            return
        for chart in (*self.charts, self.overview):
            for part in series.parts[1:]:
                self._mark(chart, part)
        self.limit(float(series.times_s[0]), float(series.times_s[-1]), series.interval_s, span)
        self.whole.setData(*thinned(series.times_s, series.values[:, 0]), connect="finite")
        self.dress(theme.current())
        self.draw()

    def add_lines(self, chart: pg.PlotItem) -> None:
        """Put the line into a chart."""
        # Room for the names of the parts above what is drawn.
        chart.vb.setDefaultPadding(HEADROOM)
        self.lines.append(chart.plot())

    def words_at(self, time_s: float) -> str:
        """Return what was measured at a time, and what that part of time is for."""
        assert self.series is not None
        series, said = self.series, []
        for place, column in enumerate(series.columns):
            value = value_at(series.times_s, series.values[:, place], time_s, series.interval_s)
            said.append(f"{name_of(column)} {three_digits(value)} {unit_of(column)}".strip())
        part = next((part.words for part in reversed(series.parts) if time_s >= part.first_s), "")
        return f"{datetime.fromtimestamp(time_s, UTC):%d %b %Y %H:%M}   {'   '.join(said)}   {part}"

    def _mark(self, chart: pg.PlotItem, part: Part) -> None:
        label = "" if chart is self.overview else part.words.partition(" ")[0]
        mark = pg.InfiniteLine(part.first_s, angle=90, movable=False)
        if label:
            mark.label = pg.InfLineLabel(mark, f" {label} →", movable=False, position=1, anchors=[(0, 0), (0, 0)])
        chart.addItem(mark, ignoreBounds=True)
        self.marks.append(mark)

    def draw(self) -> None:
        """Draw what is in sight; a gap parts the line."""
        if self.series is None:
            return
        for place, line in enumerate(self.lines):
            seen_s, values = self.seen(self.series.times_s, self.series.values[:, place])
            if len(seen_s) < MOST_POINTS:
                seen_s, values = broken(seen_s, values, self.series.interval_s)
            line.setData(seen_s, values, connect="finite")

    def dress(self, palette: Palette) -> None:
        """Put on a palette's colours."""
        super().dress(palette)
        if self.series is None or not self.charts:
            return
        font = theme.font()
        self.legend.setText(legend({part.words: palette.text for part in self.series.parts}))
        for place, (chart, line) in enumerate(zip(self.charts, self.lines, strict=True)):
            column = self.series.columns[place]
            self.title(chart, ", ".join(filter(None, (name_of(column), unit_of(column)))), palette)
            line.setPen(pg.mkPen(QColor(palette.series[place % len(palette.series)]), width=1.2))
        for mark in self.marks:
            mark.setPen(pg.mkPen(palette.text, width=1, style=Qt.PenStyle.DashLine))
            if getattr(mark, "label", None) is not None:
                mark.label.setColor(palette.text)
                mark.label.setFont(font)


def parts_of(times_s: NDArray[np.int64], shares: Sequence[tuple[str, float]]) -> tuple[Part, ...]:
    """Return parts of the rows that follow one another, each with its words and share."""
    found, first = [], 0
    for number, (words, share) in enumerate(shares):
        is_last = number == len(shares) - 1
        stop = len(times_s) if is_last else min(len(times_s) - 1, first + round(share * len(times_s)))
        rows = stop - first
        found.append(Part(f"{words} {100 * share:g} %, {rows:,} rows", float(times_s[first]), rows))
        first = stop
    return tuple(found)
