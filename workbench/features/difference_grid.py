"""Mean pictures of two labels, their difference and its profiles; one column for each setting that is tried."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from core.datasets.class_difference import MOST_VARIANTS, ClassDifference, per_coefficient, per_frame
from workbench import theme
from workbench.plots.colour_scale import colours
from workbench.plots.profile import Profile
from workbench.plots.sound_frame import BOTTOM, TOP, paint_colour_scale
from workbench.plots.spectrogram import MAPS, DifferenceView, PictureView, difference_colours
from workbench.sound.seen_picture import seen, seen_difference, signed_range

Float32 = NDArray[np.float32]
Levels = tuple[float, float]

SCALE_WIDTH, NAME_WIDTH = 66, 84
ROW_STRETCHES = (0, 5, 5, 6, 3, 3)


class DifferenceGrid(QWidget):
    """Shows results of one picture kind with one scale in each row, so that columns can be compared by eye."""

    pointed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names = [QLabel(alignment=Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter) for _ in range(5)]
        self.columns = [_Column() for _ in range(MOST_VARIANTS)]
        self.scales = (ColourStrip(), ColourStrip())
        """Of the means and of the difference."""
        grid = QGridLayout(self)
        grid.setContentsMargins(8, 8, 8, 4)
        grid.setHorizontalSpacing(4)
        grid.setVerticalSpacing(2)
        for row, name in enumerate(self.names, 1):
            name.setWordWrap(True)
            name.setFixedWidth(NAME_WIDTH)
            grid.addWidget(name, row, 0)
        for place, column in enumerate(self.columns, 1):
            for row, part in enumerate(column.parts):
                grid.addWidget(part, row, place)
            for part in column.pictures + column.profiles:
                part.pointed.connect(self.pointed)
        grid.addWidget(self.scales[0], 1, MOST_VARIANTS + 1)
        grid.addWidget(self.scales[1], 3, MOST_VARIANTS + 1)
        for row, stretch in enumerate(ROW_STRETCHES):
            grid.setRowStretch(row, stretch)
        self._grid = grid
        self._shown = 0

    def show_results(
        self, results: list[ClassDifference], titles: list[str], duration_s: float, *, standardized: bool
    ) -> None:
        """Show one to three results; `standardized` divides differences by the standard deviation."""
        first, second = results[0].labels
        counts = results[0].counts
        names = (
            f"{first}\n{counts[0]} clips",
            f"{second}\n{counts[1]} clips",
            f"{first} − {second}" + ("\n÷ deviation" if standardized else ""),
            "size per frame",
            "size per coefficient",
        )
        for label, words in zip(self.names, names, strict=True):
            label.setText(words)
        shown = [_Shown(result, duration_s, standardized=standardized) for result in results]
        scale = _Scale(shown)
        for place, column in enumerate(self.columns):
            column.set_visible(place < len(results))
            self._grid.setColumnStretch(place + 1, int(place < len(results)))
            if place < len(results):
                column.title.setText(titles[place])
                column.show(shown[place], scale)
        self.scales[0].show_scale(scale.means, scale.mean_unit, scale.map)
        self.scales[1].show_scale(scale.difference, scale.unit, "difference")


class _Shown:
    """One result in the units of the eye."""

    def __init__(self, result: ClassDifference, duration_s: float, *, standardized: bool) -> None:
        self.means = [seen(mean, result.features, normalized=True) for mean in result.means]
        own = seen_difference(result.difference, result.features)
        self.difference, self.unit = (result.effect, "σ") if standardized else own
        self.frames, self.coefficients = per_frame(self.difference), per_coefficient(self.difference)
        self.duration_s = duration_s


class _Scale:
    """What is common to a row: the ends of its colours or of its axis."""

    def __init__(self, shown: list[_Shown]) -> None:
        first = shown[0].means[0]
        self.mean_unit, self.map = first.unit, MAPS[first.rows]
        levels = [mean.levels for one in shown for mean in one.means]
        self.means: Levels = (min(low for low, _ in levels), max(high for _, high in levels))
        most = max(signed_range(one.difference, one.means[0].rows) for one in shown)
        self.difference: Levels = (-most, most)
        self.unit = shown[0].unit
        self.frames = 1.05 * max(float(one.frames.max()) for one in shown)
        self.coefficients = 1.05 * max(float(one.coefficients.max()) for one in shown)


class _Column:
    """The widgets of one setting."""

    def __init__(self) -> None:
        self.title = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        self.title.setProperty("role", "section")
        self.pictures = [PictureView("Mean of the first label"), PictureView("Mean of the second label")]
        self.pictures.append(DifferenceView("Difference"))
        self.profiles = [Profile("Size of the difference in each frame")]
        self.profiles.append(Profile("Size of the difference in each coefficient"))
        for number, picture in enumerate(self.pictures):
            picture.narrow()
            picture.show_seconds(number == len(self.pictures) - 1)
        self.parts: list[QWidget] = [self.title, *self.pictures, *self.profiles]

    def set_visible(self, shown: bool) -> None:  # noqa: FBT001
        for part in self.parts:
            part.setVisible(shown)

    def show(self, shown: _Shown, scale: _Scale) -> None:
        rows, row_range = shown.means[0].rows, shown.means[0].row_range
        pictures = [(mean.values, scale.means, scale.mean_unit) for mean in shown.means]
        pictures.append((shown.difference, scale.difference, scale.unit))
        for view, (values, levels, unit) in zip(self.pictures, pictures, strict=True):
            view.show_picture(values, shown.duration_s, rows, row_range, levels, unit)
        self.profiles[0].show_values(shown.frames, scale.frames, (0.0, shown.duration_s), "s", "at")
        last = len(shown.coefficients) - 1
        self.profiles[1].show_values(shown.coefficients, scale.coefficients, (0.0, last), "", "coefficient")


class ColourStrip(QWidget):
    """The colours of a row of pictures, at its right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(SCALE_WIDTH)
        self._levels: Levels = (0.0, 1.0)
        self._unit, self._map = "", "viridis"
        theme.changed.connect(self.update)

    def show_scale(self, levels: Levels, unit: str, name: str) -> None:
        """Show what the colours of a map stand for; `difference` is the map of both signs."""
        self._levels, self._unit, self._map = levels, unit, name
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return a comfortable size."""
        return QSize(SCALE_WIDTH, 80)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        """Paint colours and values."""
        painter = QPainter(self)
        painter.setFont(theme.font())
        below = BOTTOM if self._map == "difference" else 4
        box = QRect(-8, TOP, 1, self.height() - TOP - below)
        table = difference_colours() if self._map == "difference" else colours(self._map)
        paint_colour_scale(painter, box, table, self._levels, self._unit)
