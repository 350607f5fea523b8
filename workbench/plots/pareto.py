"""How good trials are over size or latency: each a letter, the Pareto front a line, constraints are lines to drag."""

import html
import math
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QWidget

from core.experiment.baselines import Baseline, baselines_of
from core.experiment.pareto import ERROR
from core.experiment.store import Constraints, TrialSummary
from workbench.number_format import plain
from workbench.plots.baseline_lines import BaselineLine
from workbench.plots.export import save_picture
from workbench.plots.figure_axis import Backdrop, FigureAxis
from workbench.plots.trial_layer import LimitLine, TrialLayer
from workbench.plots.trial_points import (
    ACCURACY_RATING,
    TOTAL_LATENCY,
    ZIP_SIZE,
    PointCollector,
    Quantity,
    Rating,
    TrialPoints,
)
from workbench.theme import DARK, LIGHT, Palette
from workbench.theme import font as theme_font

HOVER_REACH = 14.0
PICTURE_WIDTH, PICTURE_HEIGHT = 800, 500
EXPORTS = ("PNG", "SVG", "CSV")


class ParetoChart(pg.PlotWidget):
    """One chart. It shows what it is given and tells what the user does; it changes no trial itself."""

    trial_clicked = Signal(str, bool)
    """Name of a trial, and whether it joins the selection (Ctrl or Shift held)."""
    limit_dragged = Signal(str, float)
    """Field of Constraints and its value while a line is dragged: a fraction, bytes or milliseconds."""
    limit_changed = Signal(str, float)
    """The same, when the line is let go."""
    export_requested = Signal(str)
    """PNG, SVG or CSV."""

    def __init__(self, quantity: Quantity, palette: Palette, parent: QWidget | None = None) -> None:
        axes = {"bottom": FigureAxis("bottom", "log"), "left": FigureAxis("left", "linear")}
        super().__init__(parent, axisItems=axes, enableMenu=False)
        self.quantity, self.rating = quantity, ACCURACY_RATING
        self.describe: Callable[[str], str] = html.escape
        """Gives the rich text shown for a trial under the pointer."""
        self.constraints = Constraints()
        self._fitted = True
        self._fits_rating = True
        self.plotItem.hideButtons()
        self.plotItem.layout.setContentsMargins(4, 10, 14, 4)
        self.plotItem.vb.setLimits(xMin=-5, xMax=9, minXRange=0.01)
        self.backdrop = Backdrop(self.plotItem)
        self.layer = TrialLayer(self.plotItem, palette)
        self._rating_line = self._add_line(0)
        self._quantity_line = self._add_line(90)
        self._card = QLabel(self)
        self._card.setProperty("role", "card")
        self._card.setContentsMargins(8, 6, 8, 6)
        self._card.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._card.setTextFormat(Qt.TextFormat.RichText)
        self._card.setWordWrap(True)
        self._card.hide()
        self.plotItem.vb.sigRangeChangedManually.connect(self._leave_fit)
        self.scene().sigMouseClicked.connect(self._take_click)
        self.dress(palette)
        self.show_quantity(quantity)

    def show_quantity(self, quantity: Quantity) -> None:
        """Change what lies on the horizontal axis."""
        self.quantity = quantity
        self._name_axes()

    def show_rating(self, rating: Rating) -> None:
        """Change what lies on the vertical axis."""
        self.rating = rating
        self._name_axes()

    def _name_axes(self) -> None:
        title = self.rating.title
        self.setAccessibleName(f"{title[:1].upper()}{title[1:]} over {self.quantity.title}")
        self.layer.empty_words = f"Finished trials appear here: {title} over {self.quantity.title}."
        if self.rating is ACCURACY_RATING:
            self.plotItem.vb.setLimits(yMin=-10, yMax=110, minYRange=0.05)
        else:
            self.plotItem.vb.setLimits(yMin=-1, yMax=1e6, minYRange=1e-3)
        self.backdrop.rises = self.rating.objective.sign < 0
        self.dress(self.layer.palette)
        self.show_constraints(self.constraints)

    def show_points(self, points: TrialPoints) -> None:
        """Show trials; the view follows them until the user has zoomed or panned."""
        if points is self.layer.points:
            return
        self.layer.show_points(points)
        if self._fitted:
            self.reset_view()

    def show_selection(self, names: tuple[str, ...], reference: str | None) -> None:
        """Let the selected trials and the reference stand out."""
        self.layer.show_emphasis(selected=names, reference=reference)

    def show_constraints(self, constraints: Constraints) -> None:
        """Draw the constraint lines and tint what lies within them."""
        self.constraints = constraints
        bounds = constraints.bounds()
        most, bound = bounds.get(self.quantity.limit), bounds.get(self.rating.limit)
        place_x = None if most is None else math.log10(max(most, 1e-9) / self.quantity.divisor)
        place_y = None if bound is None else self.rating.factor * bound
        for line, place in ((self._rating_line, place_y), (self._quantity_line, place_x)):
            line.setVisible(place is not None)
            if place is not None:
                line.setValue(place)
        self._show_region()
        if self._fitted:
            self.reset_view()

    def show_baselines(self, baselines: Iterable[Baseline]) -> None:
        """Draw what forecasters must beat in the error that is shown, as lines across."""
        found = tuple(baselines)
        several = len({baseline.horizon_minutes for baseline in found}) > 1
        lines = []
        for baseline in found:
            error = baseline.error_of(self.rating.objective.key.removeprefix(ERROR))
            if error is not None:
                ahead = f", {baseline.horizon_minutes:g} min" if several else ""
                lines.append(BaselineLine(f"{baseline.title}{ahead}", self.rating.factor * error.mae))
        self.layer.show_baselines(lines)
        if self._fitted:
            self.reset_view()

    def dress(self, palette: Palette) -> None:
        """Put on a palette's colours."""
        font = theme_font()
        self.setBackground(palette.surface)
        self.plotItem.getAxis("bottom").dress(palette, font, f"{self.quantity.title}, {self.quantity.unit}")
        rated = ", ".join(filter(None, (self.rating.title, self.rating.unit)))
        self.plotItem.getAxis("left").dress(palette, font, rated)
        self.plotItem.getAxis("left").setWidth(56)
        self.plotItem.getAxis("bottom").setHeight(46)
        self.backdrop.grid = QColor(palette.grid)
        self.backdrop.tint = QColor(palette.good)
        self.backdrop.tint.setAlphaF(0.10)
        for line in (self._rating_line, self._quantity_line):
            line.setPen(pg.mkPen(palette.good, width=1.2, style=Qt.PenStyle.DashLine))
            line.setHoverPen(pg.mkPen(palette.good, width=2.5))
        self._hover(None)
        self.layer.dress(palette)
        self.backdrop.update()

    def share_rating_axis(self, other: "ParetoChart") -> None:
        """Show the same range of the rating as another chart, which decides it."""
        self.plotItem.setYLink(other.plotItem)
        self._fits_rating = False

    def reset_view(self) -> None:
        """Show every trial and constraint, and follow new ones from here on."""
        points = self.layer.points
        xs = [*points.x, *([self._quantity_line.value()] if self._quantity_line.isVisible() else [])]
        ys = [*points.y, *([self._rating_line.value()] if self._rating_line.isVisible() else [])]
        ys += [line.place for line in self.layer.baselines.lines]
        low, high = (min(xs), max(xs)) if xs else (0.0, 2.0)
        margin = max(0.1 * (high - low), 0.08)
        self.plotItem.vb.setXRange(low - margin, high + margin, padding=0)
        if self._fits_rating:
            empty = (50.0, 100.0) if self.rating is ACCURACY_RATING else (0.0, 1.0)
            low, high = (min(ys), max(ys)) if ys else empty
            margin = max(0.12 * (high - low), 0.5 if self.rating is ACCURACY_RATING else 0.02 * high)
            self.plotItem.vb.setYRange(low - margin, high + margin, padding=0)
        self._fitted = True

    def view_position(self, name: str) -> QPointF | None:
        """Return where a trial's point stands within the viewport, None when it is not on the chart."""
        index = self.layer.points.positions.get(name)
        if index is None:
            return None
        pixel = QPointF(*self.layer.pixels()[index])
        return QPointF(self.mapFromScene(self.plotItem.vb.mapToScene(pixel)))

    def limit_line(self, field: str) -> pg.InfiniteLine:
        """Return the line of a constraint."""
        return self._rating_line if field == self.rating.limit else self._quantity_line

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Say at once what lies under the pointer."""
        super().mouseMoveEvent(event)
        dragging = event.buttons() != Qt.MouseButton.NoButton
        self._hover(None if dragging else self._trial_at(self.mapToScene(event.position().toPoint())))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Keep the event: what the chart's scene leaves unaccepted would go on to the page beneath."""
        super().mousePressEvent(event)
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Keep the event, as above."""
        super().mouseReleaseEvent(event)
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Show everything again."""
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset_view()
        event.accept()

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        """Take the card away with the pointer."""
        super().leaveEvent(event)
        self._hover(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Reset the view on Home."""
        if event.key() == Qt.Key.Key_Home:
            self.reset_view()
            return
        super().keyPressEvent(event)

    def _trial_at(self, scene_place: QPointF) -> str | None:
        view = self.plotItem.vb
        if not view.sceneBoundingRect().contains(scene_place):
            return None
        return self.layer.nearest(view.mapFromScene(scene_place), HOVER_REACH)

    def _hover(self, name: str | None) -> None:
        if name == self.layer.emphasis.hovered:
            return
        self.layer.show_emphasis(hovered=name)
        if name is None:
            self._card.hide()
            return
        self._card.setText(self.describe(name))
        self._card.setFixedWidth(min(280, max(160, self.width() - 40)))
        self._card.adjustSize()
        place = self.view_position(name) or QPointF()
        right_of = place.x() + 16
        x = right_of if right_of + self._card.width() < self.width() else place.x() - 16 - self._card.width()
        y = min(max(4, place.y() - self._card.height() / 2), max(4, self.height() - self._card.height() - 4))
        self._card.move(max(4, int(x)), int(y))
        self._card.show()

    def _take_click(self, click: object) -> None:
        if click.button() == Qt.MouseButton.RightButton:
            self._open_menu(click.screenPos().toPoint())
        elif click.button() == Qt.MouseButton.LeftButton and not click.double():
            name = self._trial_at(click.scenePos())
            if name:
                joins = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
                self.trial_clicked.emit(name, bool(click.modifiers() & joins))

    def export_menu(self) -> QMenu:
        """Return the menu of the right click."""
        menu = QMenu(self)
        for kind in EXPORTS:
            action = QAction(f"Export {kind}…", menu)
            action.triggered.connect(lambda _checked=False, kind=kind: self.export_requested.emit(kind))
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction("Show everything", self.reset_view)
        return menu

    def _open_menu(self, place: object) -> None:
        menu = self.export_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    def _leave_fit(self, _axes: object) -> None:
        self._fitted = False

    def _add_line(self, angle: int) -> pg.InfiniteLine:
        line = pg.InfiniteLine(angle=angle, movable=True)
        line.setZValue(50)
        line.hide()
        self.plotItem.addItem(line, ignoreBounds=True)
        line.sigDragged.connect(lambda: self._take_drag(line, self.limit_dragged))
        line.sigPositionChangeFinished.connect(lambda: self._take_drag(line, self.limit_changed))
        return line

    def _take_drag(self, line: pg.InfiniteLine, told: Signal) -> None:
        self._show_region()
        value = line.value()
        if line is self._rating_line and self.rating is ACCURACY_RATING:
            told.emit(self.rating.limit, round(min(max(value, 0), 100), 1) / 100)
        elif line is self._rating_line:
            told.emit(self.rating.limit, float(f"{max(value, 0):.3g}"))
        else:
            told.emit(self.quantity.limit, float(f"{10.0**value:.3g}") * self.quantity.divisor)

    def _show_region(self) -> None:
        lines, most, bound = [], None, None
        if self._quantity_line.isVisible():
            most = self._quantity_line.value()
            lines.append(LimitLine(f"≤ {plain(float(f'{10.0**most:.3g}'))} {self.quantity.unit}", most, vertical=True))
        if self._rating_line.isVisible():
            bound = self._rating_line.value()
            lines.append(LimitLine(self._bound_in_words(bound), bound, vertical=False))
        self.backdrop.feasible = (most, bound)
        self.backdrop.update()
        self.layer.show_emphasis(limits=lines)

    def _bound_in_words(self, bound: float) -> str:
        if self.rating is ACCURACY_RATING:
            return f"≥ {plain(round(bound, 1))} %"
        return f"≤ {plain(float(f'{bound:.3g}'))} {self.rating.unit}"


def render_pareto(
    summaries: Iterable[TrialSummary],
    x: Literal["size", "latency"],
    path: Path,
    theme: Literal["light", "dark"] = "light",
    constraints: Constraints | None = None,
    reference: str | None = None,
    device: str = "",
    rating: Rating = ACCURACY_RATING,
) -> None:
    """Draw the chart of a study into a PNG of 1600 × 1000 pixels or an SVG, without a window.

    Raises WorkbenchError when the path ends otherwise or cannot be written.
    """
    application = QApplication.instance()
    if application is None:
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        application = QApplication(["workbench"])
    chart = ParetoChart(ZIP_SIZE if x == "size" else TOTAL_LATENCY, LIGHT if theme == "light" else DARK)
    chart.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
    chart.show_rating(rating)
    chart.resize(PICTURE_WIDTH, PICTURE_HEIGHT)
    chart.show()
    chart.show_constraints(constraints or Constraints())
    chart.layer.show_emphasis(reference=reference)
    trials = tuple(summaries)
    chart.show_baselines(baselines_of(trials))
    collector = PointCollector(chart.quantity, device, rating)
    collector.take({trial.name: trial for trial in trials})
    chart.show_points(collector.points)
    application.processEvents()
    save_picture(chart, Path(path), chart.accessibleName())
    chart.close()
    chart.deleteLater()
