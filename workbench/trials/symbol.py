"""The sign of a trial: a shape in its colour, the same in every chart, table and panel.

Shapes change with every round through the colours, so that colour is never the only difference.
"""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from workbench.theme import Palette

# Outlines in a square from −1 to 1, of about equal area.
_OUTLINES = (
    (),
    ((-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)),
    ((0, -1.12), (1.12, 0), (0, 1.12), (-1.12, 0)),
    ((0, -1.1), (1.1, 0.85), (-1.1, 0.85)),
    ((0, 1.1), (1.1, -0.85), (-1.1, -0.85)),
)


def colour_of(number: int, palette: Palette) -> QColor:
    """Return the colour of a trial in a palette."""
    return QColor(palette.series[(number - 1) % len(palette.series)])


def symbol_path(number: int, centre: QPointF, radius: float, num_colours: int = 8) -> QPainterPath:
    """Return the outline of a trial's shape."""
    path = QPainterPath()
    outline = _OUTLINES[(number - 1) // num_colours % len(_OUTLINES)]
    if not outline:
        path.addEllipse(centre, radius, radius)
        return path
    path.addPolygon(QPolygonF([QPointF(centre.x() + x * radius, centre.y() + y * radius) for x, y in outline]))
    path.closeSubpath()
    return path


def paint_symbol(painter: QPainter, number: int, centre: QPointF, radius: float, palette: Palette) -> None:
    """Paint a filled sign."""
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour_of(number, palette))
    painter.drawPath(symbol_path(number, centre, radius, len(palette.series)))


def paint_hollow_symbol(painter: QPainter, number: int, centre: QPointF, radius: float, palette: Palette) -> None:
    """Paint a sign that only has an outline: a trial that is not measured yet."""
    painter.setPen(QPen(colour_of(number, palette), 1.8))
    painter.setBrush(QColor(palette.surface))
    painter.drawPath(symbol_path(number, centre, radius - 0.5, len(palette.series)))


def paint_signed_letter(painter: QPainter, box: QRectF, number: int, letter: str, palette: Palette) -> None:
    """Paint a sign and the trial's letter to its right, within a box."""
    radius = 4.5
    centre = QPointF(box.left() + radius + 1, box.center().y())
    paint_symbol(painter, number, centre, radius, palette)
    painter.setPen(QColor(palette.text))
    text = box.adjusted(2 * radius + 8, 0, 0, 0)
    painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, letter)
