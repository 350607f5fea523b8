"""The line above a chart: its name, and what its curves are called, in their colours."""

from html import escape

import pyqtgraph as pg

from workbench import theme


def set_title(chart: pg.PlotItem, *words: tuple[str, str], bold: bool = False) -> None:
    """Name a chart by words, each in its colour; pyqtgraph's titles are rich text, in which names are escaped."""
    said = [f"<span style='color:{colour}'>{_escaped(word, bold=bold)}</span>" for word, colour in words]
    chart.setTitle("&nbsp;&nbsp;&nbsp;".join(said), size=f"{theme.TEXT_PIXELS}px", justify="left")


def _escaped(word: str, *, bold: bool) -> str:
    return f"<b>{escape(word)}</b>" if bold else escape(word)
