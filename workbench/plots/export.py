"""Pictures of charts for papers and reports: sharp PNG at any size, SVG with its text as text."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRect, QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QGraphicsView

from core.errors import WorkbenchError

PICTURE_SCALE = 2
"""Pixels of a PNG per pixel of the screen."""
DOTS_PER_INCH = 96


def save_picture(view: QGraphicsView, path: Path, title: str = "") -> None:
    """Write what a chart shows as PNG or SVG, by the ending of the name.

    Raises WorkbenchError when the ending is another one or the file cannot be written.
    """
    writers = {".png": _png, ".svg": _svg}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise WorkbenchError(f"a picture ends in .png or .svg, {path.name} does not; give it one of these endings")
    try:
        path.write_bytes(write(view, title))
    except OSError as error:
        raise WorkbenchError(f"{path} could not be written ({error.strerror}); choose another place") from error


def _png(view: QGraphicsView, title: str) -> bytes:
    size = view.viewport().size()
    image = QImage(size * PICTURE_SCALE, QImage.Format.Format_RGB32)
    image.fill(view.backgroundBrush().color())
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    _render(view, painter, QRectF(0, 0, image.width(), image.height()))
    # Only now: axes are kept as QPictures, which would be replayed at twice the size on a device of twice the density.
    image.setDotsPerMeterX(round(PICTURE_SCALE * DOTS_PER_INCH / 0.0254))
    image.setDotsPerMeterY(image.dotsPerMeterX())
    image.setText("Title", title)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(content.data())


def _svg(view: QGraphicsView, title: str) -> bytes:
    # Qt's own generator: it keeps text as text and, from SVG 1.1 on, clips. pyqtgraph's exporter loses what items
    # paint in pixels instead of data coordinates, as letters and signs are here.
    size = view.viewport().size()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator(QSvgGenerator.SvgVersion.Svg11)
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(size))
    generator.setResolution(DOTS_PER_INCH)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle(title)
    generator.setDescription("TinyML Workbench")
    painter = QPainter(generator)
    painter.fillRect(0, 0, size.width(), size.height(), view.backgroundBrush())
    _render(view, painter, QRectF(0, 0, size.width(), size.height()))
    return bytes(content.data())


def _render(view: QGraphicsView, painter: QPainter, target: QRectF) -> None:
    try:
        view.render(painter, target, view.viewport().rect())
    finally:
        painter.end()
