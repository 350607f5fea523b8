"""Colours, type and icons of the whole program, for Qt and pyqtgraph alike.

The only module that sets a style sheet. `current()` gives the palette in force, `changed` tells of
another one; a trial has the same colour everywhere (`trials.symbol`).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import cache
from typing import Literal

import qtawesome
from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from workbench.style_sheet import style_sheet

Choice = Literal["system", "light", "dark"]
CHOICES: tuple[Choice, ...] = ("system", "light", "dark")
ICON_PROPERTY = "iconName"
ICON_ROLE_PROPERTY = "iconRole"
TEXT_PIXELS = 13
ICON_PIXELS = (14, 16, 22, 28)


@dataclass(frozen=True)
class Palette:
    """One set of colours, as #rrggbb. `series` is Okabe–Ito (2008), brightened or darkened to stand out."""

    name: str
    background: str
    surface: str
    raised: str
    text: str
    muted: str
    accent: str
    on_accent: str
    border: str
    grid: str
    good: str
    bad: str
    warning: str
    series: tuple[str, ...]


LIGHT = Palette(
    name="light",
    background="#f4f5f7",
    surface="#ffffff",
    raised="#e9ecf0",
    text="#1b1f24",
    muted="#59616c",
    accent="#0b68ae",
    on_accent="#ffffff",
    border="#cfd4db",
    grid="#e1e4e9",
    good="#0f714c",
    bad="#b3261e",
    warning="#855600",
    series=("#0072b2", "#c95800", "#00805e", "#b5588c", "#a86f00", "#2a87bf", "#807700", "#4a4f57"),
)
DARK = Palette(
    name="dark",
    background="#16181c",
    surface="#1e2126",
    raised="#2a2e35",
    text="#e6e8eb",
    muted="#a0a7b1",
    accent="#5ba8f0",
    on_accent="#0d1117",
    border="#3a404a",
    grid="#2b3037",
    good="#4cc38a",
    bad="#ff8078",
    warning="#e3b341",
    series=("#4b97e6", "#f07a3c", "#21c296", "#de94bd", "#e69f00", "#86cdf7", "#f0e442", "#c4c9d0"),
)


class _Theme(QObject):
    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.choice: Choice = "system"
        self.palette = LIGHT
        self.following = False


_theme = _Theme()
changed = _theme.changed
"""Signal with the new Palette."""


def current() -> Palette:
    """Return the palette in force."""
    return _theme.palette


def choice() -> Choice:
    """Return what the user chose: a theme, or to follow the system."""
    return _theme.choice


def choose(chosen: Choice) -> None:
    """Put a theme in force; `system` follows the desktop's light or dark setting from now on."""
    _theme.choice = chosen
    if not _theme.following:
        QApplication.styleHints().colorSchemeChanged.connect(_follow_system)
        _theme.following = True
    _put_in_force({"light": LIGHT, "dark": DARK}.get(chosen) or _system_palette())


def icon(name: str, role: str = "text") -> QIcon:
    """Return an icon of the Phosphor family in a colour of the palette in force."""
    return _drawn_icon(name, getattr(_theme.palette, role))


@cache
def _drawn_icon(name: str, colour: str) -> QIcon:
    """Draw once for every size in use: qtawesome's own icons draw anew at every paint."""
    # On a disabled button the frame says so; an icon beside nothing to press keeps its colour.
    drawn = qtawesome.icon(name, color=colour, color_disabled=colour)
    found = QIcon()
    for ratio in (1.0, 2.0):
        for pixels in ICON_PIXELS:
            pixmap = drawn.pixmap(QSize(pixels, pixels), ratio)
            found.addPixmap(pixmap)
            found.addPixmap(pixmap, QIcon.Mode.Disabled)
    return found


def set_icon(target: QAbstractButton | QAction, name: str, role: str = "text") -> None:
    """Give a button or action an icon that follows the theme."""
    target.setProperty(ICON_PROPERTY, name)
    target.setProperty(ICON_ROLE_PROPERTY, role)
    target.setIcon(icon(name, role))


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget another role in the style sheet."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def font() -> QFont:
    """Return the program's type: Inter where it is installed, the system's otherwise; tabular figures."""
    chosen = QFont("Inter") if _has_inter() else QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    chosen.setPixelSize(TEXT_PIXELS)
    chosen.setFeature(QFont.Tag("tnum"), 1)
    return chosen


@cache
def _has_inter() -> bool:
    # Charts ask for their type at every paint, and listing all families takes long.
    return "Inter" in QFontDatabase.families()


def fixed_font() -> QFont:
    """Return the type of logs and paths."""
    chosen = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    chosen.setPixelSize(TEXT_PIXELS)
    return chosen


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.1, relative luminance), from 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = QColor(colour).getRgbF()[:3]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _system_palette() -> Palette:
    return DARK if QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT


def _follow_system() -> None:
    if _theme.choice == "system":
        _put_in_force(_system_palette())


def _put_in_force(palette: Palette) -> None:
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    if palette is _theme.palette and app.styleSheet():
        return
    _theme.palette = palette
    with _uncollected():
        _dress(app, palette)
    _theme.changed.emit(palette)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep Python's garbage collector from destroying widgets while Qt walks over all of them.

    Widgets that only Python owns, as the menus of a plot that is gone, die in the collector: a list of all
    widgets taken meanwhile would point at them.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _dress(app: QApplication, palette: Palette) -> None:
    if not app.styleSheet():
        app.setStyle("Fusion")
    # Without the old sheet font and palette reach the widgets once, not once for every rule.
    app.setStyleSheet("")
    app.setFont(font())
    app.setPalette(_qt_palette(palette))
    app.setStyleSheet(style_sheet({field.name: getattr(palette, field.name) for field in fields(palette)}))
    _recolour_icons(app)


def _recolour_icons(app: QApplication) -> None:
    targets: list[QWidget | QAction] = [*app.allWidgets()]
    for window in app.topLevelWidgets():
        targets += window.findChildren(QAction)
    for target in targets:
        name = target.property(ICON_PROPERTY)
        if name:
            target.setIcon(icon(name, target.property(ICON_ROLE_PROPERTY)))


def _qt_palette(palette: Palette) -> QPalette:
    roles = QPalette.ColorRole
    colours = {
        roles.Window: palette.background,
        roles.WindowText: palette.text,
        roles.Base: palette.surface,
        roles.AlternateBase: palette.background,
        roles.ToolTipBase: palette.raised,
        roles.ToolTipText: palette.text,
        roles.Text: palette.text,
        roles.PlaceholderText: palette.muted,
        roles.Button: palette.raised,
        roles.ButtonText: palette.text,
        roles.BrightText: palette.bad,
        roles.Link: palette.accent,
        roles.Highlight: palette.accent,
        roles.HighlightedText: palette.on_accent,
        roles.Light: palette.surface,
        roles.Midlight: palette.raised,
        roles.Mid: palette.border,
        roles.Dark: palette.border,
        roles.Shadow: palette.background,
        roles.Accent: palette.accent,
    }
    qt = QPalette()
    for role, colour in colours.items():
        qt.setColor(role, QColor(colour))
    for role in (roles.Text, roles.WindowText, roles.ButtonText):
        qt.setColor(QPalette.ColorGroup.Disabled, role, QColor(palette.muted))
    return qt
