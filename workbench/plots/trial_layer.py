"""The trials on a chart: the front, signs, letters with their leader lines, selection and hover.

Painted in the view's own pixels, so that letters can be pushed apart and nothing scales with the zoom.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from core.experiment.marks import MEANINGS
from workbench import theme
from workbench.plots.baseline_lines import BaselineLine, BaselineLines
from workbench.plots.crowd import PALE, Crowd
from workbench.plots.label_placement import Coverage, place_labels
from workbench.plots.trial_points import NO_POINTS, TrialPoints
from workbench.theme import Palette
from workbench.trials.symbol import paint_hollow_symbol, paint_symbol, symbol_path

MOST_LETTERS = 60
"""From more trials than these only the front, the reference and the selection carry letters and signs."""
RADIUS = 5.5
SETTLE_MS = 80
TEXT_HEIGHT = 14.0
NOTE_HEIGHT = 17.0
SHORTEST_LEADER = 5.0
LIMIT_BOX = (84.0, 18.0)


@dataclass
class LimitLine:
    """A constraint line's text and where it stands, in data coordinates."""

    text: str
    place: float
    vertical: bool


@dataclass
class Emphasis:
    """Which trials stand out, by name."""

    selected: tuple[str, ...] = ()
    reference: str | None = None
    hovered: str | None = None
    limits: list[LimitLine] = field(default_factory=list)


class TrialLayer(pg.GraphicsObject):
    """Paints signs and letters; from more than 60 trials most of them become dots of the `crowd`."""

    def __init__(self, plot: pg.PlotItem, palette: Palette) -> None:
        super().__init__(plot.vb)
        self.setZValue(100)
        self.plot = plot
        self.palette = palette
        self.points = NO_POINTS
        self.emphasis = Emphasis()
        self.empty_words = ""
        self.crowd = Crowd()
        self.baselines = BaselineLines()
        self._arranged = False
        self._named = np.empty(0, int)
        self._offsets = self._sizes = np.empty((0, 2))
        self._note_corner: QPointF | None = None
        # While the view moves, letters keep their place beside their points; they are pushed apart anew at rest.
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(SETTLE_MS)
        self._settling.timeout.connect(self.arrange)
        plot.vb.sigResized.connect(self._resized)
        plot.vb.sigRangeChanged.connect(self._moved)

    def boundingRect(self) -> QRectF:  # noqa: N802
        """Return the whole view."""
        return self.plot.vb.rect()

    def show_points(self, points: TrialPoints) -> None:
        """Show other points."""
        self.points = points
        self._choose_named()
        self.arrange()

    def show_baselines(self, lines: Sequence[BaselineLine]) -> None:
        """Show what forecasters must beat."""
        self.baselines.show(lines, _font())
        self.arrange()

    def show_emphasis(self, **changes: Any) -> None:
        """Change what stands out."""
        changed = {name for name, value in changes.items() if value != getattr(self.emphasis, name)}
        if not changed:
            return
        for name in changed:
            setattr(self.emphasis, name, changes[name])
        if changed & {"selected", "reference"}:
            self._choose_named()
        if changed != {"hovered"}:
            self.arrange()
        self.update()

    def dress(self, palette: Palette) -> None:
        """Put on other colours."""
        self.palette = palette
        self.update()

    def arrange(self) -> None:
        """Have the letters pushed apart anew at the next repaint."""
        self._arranged = False
        self.update()

    def pixels(self) -> np.ndarray:
        """Return where the points stand in the view, shape (n, 2)."""
        box = self.plot.vb.rect()
        (left, right), (bottom, top) = self.plot.vb.viewRange()
        return np.stack(
            [
                (self.points.x - left) / (right - left) * box.width(),
                (top - self.points.y) / (top - bottom) * box.height(),
            ],
            axis=1,
        )

    def nearest(self, place: QPointF, reach: float) -> str | None:
        """Return the trial nearest to a place in the view, None when none is within reach."""
        if not self.points.names:
            return None
        distances = np.hypot(*(self.pixels() - (place.x(), place.y())).T)
        # A trial that carries a letter is meant rather than one of the crowd beneath it.
        distances[self._named] -= 2
        best = int(np.argmin(distances))
        return self.points.names[best] if distances[best] <= reach else None

    def _place_letters(self, pixels: np.ndarray, box: QRectF) -> None:
        """Push the letters apart for the view as it is."""
        self._settling.stop()
        self._arranged = True
        self.baselines.arrange(pixels, box, self._up())
        named = pixels[self._named]
        metrics = QFontMetricsF(_font(bold=QFont.Weight.Bold))
        sizes = [[metrics.horizontalAdvance(self._text(index)), TEXT_HEIGHT] for index in self._named]
        self._sizes = np.array(sizes).reshape(-1, 2)
        self._note_corner = self._emptiest_corner(pixels, box)
        if len(named):
            baselines = self.baselines.obstacles(box, self._up())
            written = [self._limit_obstacles(box), self._note_obstacles(), baselines]
            written += [_along(line) for line in self._front_lines(pixels)]
            obstacles = np.concatenate([pixels[_inside(pixels, box)], *written])
            chart = (box.width(), box.height())
            self._offsets = place_labels(named, self._sizes, obstacles, RADIUS + 3, chart) - named

    def paint(self, painter: QPainter, *_: Any) -> None:
        """Paint everything, the least important first."""
        box = self.plot.vb.rect()
        pixels = self.pixels()
        if not self._arranged:
            self._place_letters(pixels, box)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(_font())
        if len(pixels) > MOST_LETTERS:
            # Those with a letter get their dot too, beneath their sign: the crowd need not follow the selection.
            visible = _inside(pixels, box)
            self.crowd.paint(painter, pixels[visible], self.points.numbers[visible], self.palette.series)
        self.baselines.paint(painter, box, self._up(), self.palette)
        self._paint_front(painter, pixels)
        self._paint_limits(painter, box)
        self._paint_notes(painter, box)
        visible = _inside(pixels[self._named], box)
        for index, offset, size in zip(self._named[visible], self._offsets[visible], self._sizes[visible], strict=True):
            self._paint_leader(painter, pixels[index], offset, size)
        for index in self._named[visible]:
            self._paint_point(painter, index, pixels[index])
        for index, offset in zip(self._named[visible], self._offsets[visible], strict=True):
            self._paint_letter(painter, index, pixels[index] + offset)
        if not self.points.names and self.empty_words:
            painter.setPen(QColor(self.palette.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(box.adjusted(16, 16, -16, -16), flags, self.empty_words)

    def _choose_named(self) -> None:
        """Choose who carries a letter, most important first: selection, reference, front, then the others."""
        points, wanted = self.points, self.emphasis
        positions = points.positions
        first = [positions[name] for name in (*wanted.selected, wanted.reference) if name in positions]
        front = np.flatnonzero(points.on_front).tolist()
        running = np.flatnonzero(points.hollow).tolist()
        rest = range(len(points.names)) if len(points.names) <= MOST_LETTERS else ()
        named = np.array(list(dict.fromkeys([*first, *front, *running, *rest])), dtype=int)
        if len(named) != len(self._named):
            self._offsets = self._sizes = np.zeros((len(named), 2))
        self._named = named

    def _text(self, index: int) -> str:
        reference = " ref" if self.points.names[index] == self.emphasis.reference else ""
        return self.points.letters[index] + self.points.marks[index] + reference

    def _front_lines(self, pixels: np.ndarray) -> list[np.ndarray]:
        """Return the corners of each kind's front, shape (n, 2)."""
        kinds, on_front = self.points.kinds, self.points.on_front
        lines = [pixels[on_front & (kinds == kind)] for kind in np.unique(kinds)]
        return [line[np.argsort(line[:, 0], kind="stable")] for line in lines]

    def _paint_front(self, painter: QPainter, pixels: np.ndarray) -> None:
        painter.setPen(QPen(QColor(self.palette.accent), 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for line in self._front_lines(pixels):
            painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in line]))

    def _paint_leader(self, painter: QPainter, pixel: np.ndarray, offset: np.ndarray, size: np.ndarray) -> None:
        length = float(np.hypot(*offset))
        if length < RADIUS:
            return
        direction = offset / length
        # From the rim of the point to where the line meets the box of the text.
        within_text = float(np.min((size / 2 + 2) / np.maximum(np.abs(direction), 1e-9)))
        start, end = pixel + direction * (RADIUS + 1.5), pixel + offset - direction * within_text
        if length - within_text - RADIUS < SHORTEST_LEADER:
            return
        painter.setPen(QPen(QColor(self.palette.muted), 0.8))
        painter.drawLine(QPointF(*start), QPointF(*end))

    def _paint_point(self, painter: QPainter, index: int, pixel: np.ndarray) -> None:
        name, number = self.points.names[index], int(self.points.numbers[index])
        centre = QPointF(*pixel)
        chosen = name in self.emphasis.selected or name == self.emphasis.hovered
        if chosen:
            ring = QPen(QColor(self.palette.text if name == self.emphasis.hovered else self.palette.accent), 2)
            painter.setPen(ring)
            painter.setBrush(QColor(self.palette.surface))
            painter.drawEllipse(centre, RADIUS + 4, RADIUS + 4)
        if self.points.hollow[index]:
            paint_hollow_symbol(painter, number, centre, RADIUS, self.palette)
            return
        full = chosen or self.points.on_front[index] or name == self.emphasis.reference
        painter.setOpacity(1 if full else PALE)
        paint_symbol(painter, number, centre, RADIUS, self.palette)
        painter.setOpacity(1)
        if self.points.marks[index]:
            painter.setPen(QPen(QColor(self.palette.warning), 1, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(symbol_path(number, centre, RADIUS + 2.5, len(self.palette.series)))

    def _paint_letter(self, painter: QPainter, index: int, centre: np.ndarray) -> None:
        name = self.points.names[index]
        strong = self.points.on_front[index] or name in (*self.emphasis.selected, self.emphasis.hovered)
        painter.setFont(_font(bold=QFont.Weight.Bold if strong else QFont.Weight.Normal))
        painter.setPen(QColor(self.palette.text if strong else self.palette.muted))
        painter.drawText(QRectF(centre[0] - 40, centre[1] - 9, 80, 18), Qt.AlignmentFlag.AlignCenter, self._text(index))

    def _up(self) -> tuple[float, float]:
        bottom, top = self.plot.vb.viewRange()[1]
        return bottom, top

    def _limit_box(self, line: LimitLine, box: QRectF) -> QRectF:
        """Return where a constraint's text stands: at the upper end of its line, or at the right one."""
        (left, right), (bottom, top) = self.plot.vb.viewRange()
        width, height = LIMIT_BOX
        if not line.vertical:
            y = (top - line.place) / (top - bottom) * box.height()
            return QRectF(box.right() - width - 4, y + 2, width, height)
        x = (line.place - left) / (right - left) * box.width()
        return QRectF(x + 4 if x + width < box.width() else x - width - 4, 2, width, height)

    def _limit_obstacles(self, box: QRectF) -> np.ndarray:
        """Return places along the constraint lines and their texts, shape (n, 2), that no letter should cover."""
        places = [np.empty((0, 2))]
        for line in self.emphasis.limits:
            text = self._limit_box(line, box)
            places.append(_across(text))
            if line.vertical:
                x = text.left() - 4 if text.left() > 0 else text.right() + 4
                along = np.arange(0, box.height(), 8)
                places.append(np.stack([np.full(len(along), x), along], axis=1))
            else:
                along = np.arange(0, box.width(), 8)
                places.append(np.stack([along, np.full(len(along), text.top() - 2)], axis=1))
        return np.concatenate(places)

    def _paint_limits(self, painter: QPainter, box: QRectF) -> None:
        painter.setPen(QColor(self.palette.good))
        painter.setFont(_font())
        for line in self.emphasis.limits:
            place = self._limit_box(line, box)
            at_left = line.vertical and place.left() > 0
            side = Qt.AlignmentFlag.AlignLeft if at_left else Qt.AlignmentFlag.AlignRight
            painter.drawText(place, side, line.text)

    def _notes(self) -> list[str]:
        signs = dict.fromkeys(sign for marks in self.points.marks for sign in marks)
        notes = [f"{sign} {MEANINGS[sign]}" for sign in MEANINGS if sign in signs]
        if self.points.hollow.any():
            notes.append("hollow: running, estimated")
        return notes

    def _emptiest_corner(self, pixels: np.ndarray, box: QRectF) -> QPointF | None:
        notes = self._notes()
        if not notes or not len(pixels):
            return None
        width, height = self._note_size(notes)
        low, high = 6.0, box.height() - height - 4
        corners = np.array(
            [[box.width() - width - 6, high], [6.0, high], [box.width() - width - 6, low + 16], [6.0, low]]
        )
        # A line shining through is a pity, a point covered is a lie.
        weighed = ((pixels[_inside(pixels, box)], 50), (self._limit_obstacles(box), 1))
        right, bottom = corners[:, 0] + width, corners[:, 1] + height
        covered = np.zeros(len(corners))
        for places, weight in weighed:
            coverage = Coverage(places, RADIUS, box.width(), box.height())
            covered += weight * coverage.within(corners[:, 0], corners[:, 1], right, bottom)
        return QPointF(*corners[int(np.argmin(covered))])

    def _note_size(self, notes: list[str]) -> tuple[float, float]:
        metrics = QFontMetricsF(_font())
        return max(metrics.horizontalAdvance(note) for note in notes) + 4, NOTE_HEIGHT * len(notes)

    def _note_obstacles(self) -> np.ndarray:
        if self._note_corner is None:
            return np.empty((0, 2))
        return _across(QRectF(self._note_corner, QSizeF(*self._note_size(self._notes()))))

    def _paint_notes(self, painter: QPainter, box: QRectF) -> None:
        if self._note_corner is None:
            return
        notes = self._notes()
        painter.fillRect(QRectF(self._note_corner, QSizeF(*self._note_size(notes))), QColor(self.palette.surface))
        painter.setFont(_font())
        painter.setPen(QColor(self.palette.warning))
        for line, note in enumerate(notes):
            place = QRectF(self._note_corner.x(), self._note_corner.y() + NOTE_HEIGHT * line, box.width(), NOTE_HEIGHT)
            painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, note)

    def _resized(self) -> None:
        self.prepareGeometryChange()
        self._settling.start()

    def _moved(self) -> None:
        self._settling.start()
        self.update()


def _inside(pixels: np.ndarray, box: QRectF) -> np.ndarray:
    return ((pixels >= -1) & (pixels <= (box.width() + 1, box.height() + 1))).all(axis=1)


def _across(text: QRectF) -> np.ndarray:
    """Return places all over a box of text, shape (n, 2)."""
    across, down = np.arange(text.left(), text.right(), 6), np.arange(text.top(), text.bottom(), 6)
    return np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)


def _along(line: np.ndarray) -> np.ndarray:
    """Return places along a line of corners (n, 2), some 12 pixels apart, its own corners left out."""
    places = [np.empty((0, 2))]
    for start, end in pairwise(line):
        parts = int(np.hypot(*(end - start)) // 12)
        places.append(start + (end - start) * np.arange(1, parts)[:, None] / max(parts, 1))
    return np.concatenate(places)


@cache
def _font(*, bold: QFont.Weight = QFont.Weight.Normal) -> QFont:
    font = theme.font()
    font.setWeight(bold)
    return font
