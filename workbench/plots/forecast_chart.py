"""What a trial forecast for the test period, against what came: to scroll and zoom through, quantity by quantity."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from core.datasets.column_names import name_of
from core.results import Forecast
from workbench.number_format import three_digits
from workbench.plots.time_charts import Line, TimeCharts, broken, legend, thinned, value_at
from workbench.theme import Palette

if TYPE_CHECKING:
    from core.evaluation.forecasting import KeptForecasts

FIRST_SEEN_STEPS = 432
"""Three days at steps of ten minutes."""
LINES = ("truth", "forecast", "persistence", "linear model")
STROKES = {"truth": "──", "forecast": "──", "persistence": "┈┈", "linear model": "╌╌"}


@dataclass(frozen=True)
class TestPeriod:
    """What was forecast for the test period, and how well. Times are seconds since 1970, in the file's own clock."""

    kept: "KeptForecasts"
    quality: Forecast

    @property
    def step_s(self) -> float:
        """Time from one value to the next."""
        return 60 * self.quality.step_minutes

    @property
    def columns(self) -> tuple[str, ...]:
        """The quantities forecast."""
        return tuple(found.name for found in self.quality.quantities)

    @property
    def ends(self) -> tuple[float, float]:
        """First and last time of the test period."""
        return float(self.kept.truth_times_s[0]), float(self.kept.truth_times_s[-1])

    def lines(self, place: int, horizon: int) -> dict[str, Line]:
        """Return the lines of one quantity, and of its forecasts made `horizon` steps before."""
        kept = self.kept
        came_s = kept.times_s + horizon * self.step_s
        return {
            "truth": self._broken(kept.truth_times_s, kept.truth[:, place]),
            "forecast": self._broken(came_s, kept.forecasts[:, horizon - 1, place]),
            "persistence": self._broken(came_s, kept.latest[:, place]),
            "linear model": self._broken(came_s, kept.linear[:, horizon - 1, place]),
        }

    def _broken(self, times_s: NDArray[np.number], values: NDArray[np.float32]) -> Line:
        # Windows may be further apart than steps.
        usual_s = max(self.step_s, float(np.median(np.diff(times_s)))) if len(times_s) > 1 else self.step_s
        return broken(times_s, values, usual_s)


class ForecastChart(TimeCharts):
    """A chart for each quantity: what came, the forecast, and what any model must beat."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Forecast against truth over the test period", parent)
        self.period: TestPeriod | None = None
        self.horizon = 1
        self.lines: list[dict[str, pg.PlotDataItem]] = []
        self.known: list[dict[str, Line]] = []
        """By quantity all that its lines are drawn from."""

    def show_period(self, period: TestPeriod | None, horizon: int) -> None:
        """Show the forecasts of a trial, made so many steps before: its first days, or those that were in sight."""
        before, self.period = self.period, period
        same_time = before is not None and period is not None and before.ends == period.ends
        span = self.span if same_time and self.charts else None
        if (before.columns if before else ()) != (period.columns if period else ()):
            self.lines, self.known = [], []
            self.lay_out(len(period.columns) if period else 0)
        if period is not None:
            self.show_horizon(horizon)
            first, last = period.ends
            self.limit(first, last, period.step_s, span or (first, first + FIRST_SEEN_STEPS * period.step_s))

    def show_horizon(self, horizon: int) -> None:
        """Show the forecasts made so many steps before."""
        assert self.period is not None
        self.horizon = horizon
        self.known = [self.period.lines(place, horizon) for place in range(len(self.charts))]
        self.whole.setData(*thinned(*self.known[0]["truth"]), connect="finite")
        self.draw()

    def draw(self) -> None:
        """Draw what is in sight."""
        for lines, known in zip(self.lines, self.known, strict=True):
            for name, line in lines.items():
                line.setData(*self.seen(*known[name]), connect="finite")

    def add_lines(self, chart: pg.PlotItem) -> None:
        """Put a quantity's lines into its chart; what matters most is drawn last."""
        self.lines.append({name: chart.plot() for name in reversed(LINES)})

    def words_at(self, time_s: float) -> str:
        """Return what came at a time and what was forecast for it."""
        assert self.period is not None
        step_s = self.period.step_s
        said = []
        for quantity, known in zip(self.period.quality.quantities, self.known, strict=True):
            came, told = (three_digits(value_at(*known[name], time_s, step_s)) for name in ("truth", "forecast"))
            said.append(f"{name_of(quantity.name)} {came} {quantity.unit}, forecast {told} {quantity.unit}")
        when = datetime.fromtimestamp(round(time_s / step_s) * step_s, UTC)
        return f"{when:%d %b %Y %H:%M}   {'   '.join(said)}"

    def dress(self, palette: Palette) -> None:
        """Put on a palette's colours."""
        super().dress(palette)
        if self.period is None or not self.charts:
            return
        colours = {
            "truth": palette.text,
            "forecast": palette.series[1],
            "persistence": palette.muted,
            "linear model": palette.series[0],
        }
        dashes = {"persistence": Qt.PenStyle.DotLine, "linear model": Qt.PenStyle.DashLine}
        self.legend.setText(legend({f"{STROKES[name]} {name}": colours[name] for name in LINES}))
        for number, (chart, lines) in enumerate(zip(self.charts, self.lines, strict=True)):
            quantity = self.period.quality.quantities[number]
            self.title(chart, ", ".join(filter(None, (name_of(quantity.name), quantity.unit))), palette)
            for name, line in lines.items():
                style = dashes.get(name, Qt.PenStyle.SolidLine)
                line.setPen(pg.mkPen(QColor(colours[name]), width=1.6 if name in LINES[:2] else 1, style=style))
