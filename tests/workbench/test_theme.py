import itertools
import re
from dataclasses import fields

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from workbench import theme
from workbench.style_sheet import style_sheet
from workbench.theme import DARK, LIGHT, Palette
from workbench.trials.symbol import colour_of
from workbench.widgets.empty_page import EmptyPage

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)
LEAST_FOR_TEXT = 4.5
LEAST_FOR_SHAPES = 3.0


def test_contrast_is_that_of_wcag() -> None:
    assert theme.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert theme.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert theme.contrast("#ffffff", "#777777") == theme.contrast("#777777", "#ffffff")


@PALETTES
def test_text_can_be_read_on_every_ground(palette: Palette) -> None:
    inks = {name: getattr(palette, name) for name in ("text", "muted", "accent", "good", "bad", "warning")}
    grounds = {name: getattr(palette, name) for name in ("background", "surface", "raised")}
    for (ink, colour), (ground, behind) in itertools.product(inks.items(), grounds.items()):
        assert theme.contrast(colour, behind) >= LEAST_FOR_TEXT, f"{ink} on {ground}"
    assert theme.contrast(palette.on_accent, palette.accent) >= LEAST_FOR_TEXT


def test_no_text_is_smaller_than_13_px() -> None:
    sheet = style_sheet({field.name: getattr(LIGHT, field.name) for field in fields(LIGHT)})
    rules = re.findall(r"([^{}]+)\{[^{}]*font-size: (\d+)px", sheet)
    small = [chosen.strip() for chosen, pixels in rules if int(pixels) < theme.TEXT_PIXELS]
    # A dot is no text.
    assert small == ['QLabel[role="dot"]']
    assert theme.TEXT_PIXELS == 13


@pytest.mark.usefixtures("themed")
@pytest.mark.parametrize("choice", ["light", "dark"])
def test_hints_in_empty_lines_can_be_read(qtbot: QtBot, choice: theme.Choice) -> None:
    theme.choose(choice)
    line = QLineEdit(placeholderText="Filter by name")
    qtbot.addWidget(line)
    line.ensurePolished()
    hint = line.palette().placeholderText().color()
    assert hint.alpha() == 255
    assert theme.contrast(hint.name(), theme.current().background) >= LEAST_FOR_TEXT


@pytest.mark.usefixtures("themed")
def test_an_empty_page_shows_all_of_its_heading(qtbot: QtBot) -> None:
    page = EmptyPage("Begin", 480)
    qtbot.addWidget(page)
    page.show_words("No devices yet", "They appear here.")
    assert page.heading.height() >= page.heading.fontMetrics().height() > 22


@PALETTES
def test_series_stand_out_and_differ(palette: Palette) -> None:
    assert len(set(palette.series)) == 8
    for colour in palette.series:
        assert theme.contrast(colour, palette.surface) >= LEAST_FOR_SHAPES
        assert theme.contrast(colour, palette.background) >= LEAST_FOR_SHAPES


@pytest.mark.usefixtures("themed")
def test_choosing_a_theme_recolours_qt_and_icons_and_tells_it(qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    theme.set_icon(button, "ph.play")
    before = button.icon().pixmap(32).toImage()
    with qtbot.waitSignal(theme.changed) as changed:
        theme.choose("dark")
    assert changed.args == [DARK]
    assert theme.current() is DARK
    assert QApplication.palette().window().color().name() == DARK.background
    assert button.icon().pixmap(32).toImage() != before


@pytest.mark.usefixtures("themed")
def test_system_is_light_or_dark(qtbot: QtBot) -> None:
    theme.choose("system")
    assert theme.choice() == "system"
    assert theme.current() in (LIGHT, DARK)


@PALETTES
def test_a_trial_keeps_its_colour_and_neighbours_differ(palette: Palette) -> None:
    colours = [colour_of(number, palette).name() for number in range(1, 9)]
    assert len(set(colours)) == 8
    assert colour_of(9, palette).name() == colours[0]
