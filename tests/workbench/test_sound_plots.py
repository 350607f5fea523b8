"""Pictures of sound: right pixels, and no more of them than are new."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from core.evaluation.classification import tally
from core.features.decibels import log_mel_decibels, magnitude_decibels
from core.features.mel import FeatureExtractor
from core.spec import Features
from workbench import theme
from workbench.plots.colour_scale import coded, colours, diverging, pixel, stretched
from workbench.plots.confusion import ConfusionMatrix
from workbench.plots.level_meter import LevelMeter
from workbench.plots.mel_filters import MelFilters
from workbench.plots.pixel_ring import PixelRing
from workbench.plots.profile import Profile
from workbench.plots.row_scale import RowScale
from workbench.plots.sound_frame import SoundFrame
from workbench.plots.spectrogram import PictureView, ScrollingPicture
from workbench.plots.waveform import ScrollingWaveform, WaveformView

pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("propagateSizeHints")]

LEVELS = (-100.0, 0.0)


def shown(qtbot: QtBot, widget: QWidget, width: int = 500, height: int = 160) -> QWidget:
    widget.resize(width, height)
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    return widget


def pixels_of(frame: SoundFrame) -> np.ndarray:
    """What is painted inside a frame, as 0xffRRGGBB (height, width)."""
    image = frame.grab(frame.picture_box()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint32)
    return flat.reshape(image.height(), image.bytesPerLine() // 4)[:, : image.width()].copy()


def test_a_ring_shows_its_newest_columns_in_order(qapp: object) -> None:
    ring = PixelRing(10, 2, 0xFF000000)
    columns = np.uint32(0xFF000000) + np.arange(23, dtype=np.uint32)
    for piece in np.split(columns, [3, 4, 13, 20]):
        ring.write(np.stack([piece, piece]))
        image = QImage(12, 2, QImage.Format.Format_RGB32)
        image.fill(0xFFFFFFFF)
        painter = QPainter(image)
        ring.paint(painter, QPoint(1, 0))
        painter.end()
        held = columns[max(0, ring.written - 10) : ring.written]
        expected = [0xFFFFFFFF, *[0xFF000000] * (10 - len(held)), *held.tolist(), 0xFFFFFFFF]
        assert [image.pixel(x, 1) for x in range(12)] == expected


def test_a_narrow_peak_does_not_vanish_between_pixels() -> None:
    values = np.full((1000, 3), -90, np.float32)
    values[617] = -10
    for count in (10, 37, 999):
        assert (stretched(values, count).max(axis=0) == -10).all()
    np.testing.assert_array_equal(stretched(values, 2000), np.repeat(values, 2, axis=0))


def test_colours_go_from_the_lowest_to_the_highest_value() -> None:
    table = colours("magma")
    found = table[coded(np.array([-200, -100, -50, 0, 10], np.float32), LEVELS)]
    assert found.tolist() == [table[0], table[0], table[127], table[255], table[255]]
    both = diverging("#ff0000", "#ffffff", "#0000ff")
    assert (hex(both[0]), hex(both[-1])) == ("0xffff0000", "0xff0000ff")
    assert min(both[127] & 0xFF, both[128] & 0xFF) > 0xFC


@pytest.mark.parametrize("num_columns", [90, 392, 2000])
def test_scrolling_shows_the_same_as_drawing_anew(qtbot: QtBot, num_columns: int) -> None:
    """Fewer columns than pixels, as many, and more; pieces of any size, over three rounds of the ring."""
    rng = np.random.default_rng(0)
    values = rng.uniform(-100, 0, (3 * num_columns + 17, 12)).astype(np.float32)
    scrolled = shown(qtbot, ScrollingPicture("Scrolled"))
    scrolled.restart(RowScale("hertz", 12), num_columns, (-10.0, 0.0), LEVELS)
    for piece in np.split(values, np.sort(rng.integers(0, len(values), 40))):
        scrolled.append(piece)
        pixels_of(scrolled)
    whole = shown(qtbot, ScrollingPicture("Whole"))
    whole.restart(RowScale("hertz", 12), num_columns, (-10.0, 0.0), LEVELS)
    whole.append(values)
    # The oldest column may have lost its first pixels to a newer one.
    edge = math.ceil(pixels_of(whole).shape[1] / num_columns)
    np.testing.assert_array_equal(pixels_of(scrolled)[:, edge:], pixels_of(whole)[:, edge:])


def test_only_new_columns_are_turned_into_pixels(qtbot: QtBot) -> None:
    picture = shown(qtbot, ScrollingPicture("Picture"))
    picture.restart(RowScale("hertz", 8), 500, (-10.0, 0.0), LEVELS)
    picture.append(np.zeros((500, 8), np.float32))
    pixels_of(picture)
    width = picture.pixel_size()[0]
    assert picture.columns_coloured == width
    for _ in range(10):
        picture.append(np.zeros((5, 8), np.float32))
        pixels_of(picture)
    assert picture.columns_coloured == width + 50 * width // 500


def test_out_of_sight_nothing_is_drawn_and_in_sight_everything(qtbot: QtBot) -> None:
    picture = ScrollingPicture("Picture")
    qtbot.addWidget(picture)
    picture.restart(RowScale("hertz", 8), 500, (-10.0, 0.0), LEVELS)
    for _ in range(30):
        picture.append(np.full((50, 8), -50, np.float32))
    assert picture.columns_coloured == 0
    shown(qtbot, picture)
    np.testing.assert_array_equal(pixels_of(picture), colours("magma")[127])
    assert picture.columns_coloured == picture.pixel_size()[0]


def test_the_newest_sound_is_at_the_right_edge_and_low_rows_below(qtbot: QtBot) -> None:
    picture = shown(qtbot, ScrollingPicture("Picture"))
    picture.restart(RowScale("hertz", 4), 100, (-10.0, 0.0), LEVELS)
    columns = np.full((250, 4), -100, np.float32)
    columns[-1, 0] = 0
    picture.append(columns)
    found = pixels_of(picture)
    bright = np.argwhere(found == colours("magma")[255])
    height, width = found.shape
    assert bright[:, 1].min() >= width - math.ceil(width / 100)
    assert bright[:, 1].max() == width - 1
    assert bright[:, 0].min() == pytest.approx(0.75 * height, abs=1)


def test_before_there_is_sound_the_picture_is_empty_at_its_left(qtbot: QtBot) -> None:
    picture = shown(qtbot, ScrollingPicture("Picture"))
    picture.restart(RowScale("hertz", 4), 100, (-10.0, 0.0), LEVELS)
    picture.append(np.full((50, 4), 0, np.float32))
    found = pixels_of(picture)
    half = found.shape[1] // 2
    assert (found[:, : half - 1] == pixel(theme.current().background)).all()
    assert (found[:, half + 1 :] == colours("magma")[255]).all()
    theme.choose("dark")
    assert (pixels_of(picture)[:, : half - 1] == pixel(theme.DARK.background)).all()


def test_a_scrolling_waveform_shows_the_same_as_drawing_anew_and_marks_what_clips(qtbot: QtBot) -> None:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-0.5, 0.5, 70000).astype(np.float32)
    samples[65000:65010] = 1
    scrolled = shown(qtbot, ScrollingWaveform())
    scrolled.restart(32000, (-2.0, 0.0))
    for piece in np.split(samples, np.sort(rng.integers(0, len(samples), 40))):
        scrolled.append(piece)
        pixels_of(scrolled)
    whole = shown(qtbot, ScrollingWaveform())
    whole.restart(32000, (-2.0, 0.0))
    whole.append(samples)
    found = pixels_of(scrolled)
    np.testing.assert_array_equal(found[:, 1:], pixels_of(whole)[:, 1:])
    clipped = np.argwhere(found == pixel(theme.current().bad))[:, 1]
    assert clipped.mean() == pytest.approx(found.shape[1] * (1 - 5000 / 32000), abs=2)


def test_a_still_waveform_has_its_samples_and_a_cursor(qtbot: QtBot) -> None:
    view = shown(qtbot, WaveformView())
    samples = np.zeros(16000, np.float32)
    samples[8000:12000] = 0.5
    view.show_samples(samples, 16000)
    found = pixels_of(view)
    blue = pixel(theme.current().accent)
    loud = np.flatnonzero((found == blue).sum(axis=0) > 0)
    top = np.argwhere(found[:, int(0.6 * found.shape[1])] == blue).min()
    assert len(loud) == found.shape[1]
    assert top == pytest.approx(found.shape[0] / 4, abs=2)
    view.set_cursor(0.25)
    changed = np.flatnonzero((pixels_of(view) != found).any(axis=0))
    assert changed.mean() == pytest.approx(found.shape[1] / 4, abs=2)
    view.set_cursor(None)
    np.testing.assert_array_equal(pixels_of(view), found)


def test_fewer_samples_than_pixels_are_held(qtbot: QtBot) -> None:
    view = shown(qtbot, WaveformView())
    view.show_samples(np.array([0.5, -0.5], np.float32), 2)
    found = pixels_of(view)
    blue = np.argwhere(found == pixel(theme.current().accent))
    assert blue[blue[:, 1] < found.shape[1] // 2][:, 0].max() < found.shape[0] / 2
    assert blue[blue[:, 1] >= found.shape[1] // 2][:, 0].min() > found.shape[0] / 2


def test_a_tone_lies_at_its_frequency_and_level(qtbot: QtBot) -> None:
    """A sine of a tenth of full scale is −20 dB, where the axis says 2 kHz and the pointer says so."""
    tone = 0.1 * np.sin(2 * np.pi * 2000 * np.arange(16000) / 16000)
    features = Features(kind="spectrogram")
    magnitudes = FeatureExtractor(features, 16000).compute(tone[np.newaxis].astype(np.float32))[0]
    view = shown(qtbot, PictureView())
    view.show_picture(magnitude_decibels(magnitudes, features.frame_length), 1.0, "hertz", (0.0, 8000.0))
    with qtbot.waitSignal(view.pointed) as said:
        box = view.picture_box()
        qtbot.mouseMove(view, QPoint(box.center().x(), round(box.bottom() + 1 - 0.25 * box.height())))
    time, place, level = said.args[0].split(" · ")
    assert time == "0.50 s"
    pixel_hertz = 8000 / box.height()
    assert float(place.split()[0].replace(",", "")) == pytest.approx(2000, abs=1.5 * pixel_hertz)
    assert float(level.split()[0].replace("−", "-")) == pytest.approx(-20, abs=1.5)
    assert ("2", pytest.approx(0.25)) in [(text, at) for at, text in view.row_ticks(130)]


def test_log_mel_has_the_same_reference() -> None:
    """One filter with one bin in it gives what the bin gives."""
    magnitudes = np.array([16.0], np.float32)
    assert log_mel_decibels(np.log(magnitudes), 640) == pytest.approx(magnitude_decibels(magnitudes, 640))


def test_the_mel_axis_names_the_frequencies_of_its_filters(qtbot: QtBot) -> None:
    scale = RowScale("mel", 40, (20.0, 4000.0))
    for hertz in (500, 1000, 2000):
        row = min(39, int(scale.place_of(hertz) * 40))
        assert float(scale.words_at((row + 0.5) / 40).split(", ")[1].split()[0].replace(",", "")) == pytest.approx(
            hertz, rel=0.08
        )
    assert {text for _, text in scale.ticks(130)} >= {"0.5", "1", "2"}
    assert [text for _, text in RowScale("mfcc", 10, unit="").ticks(100)] == ["0", "5"]


def test_a_click_names_its_time(qtbot: QtBot) -> None:
    view = shown(qtbot, PictureView())
    view.show_picture(np.zeros((49, 10), np.float32), 2.0, "mfcc")
    with qtbot.waitSignal(view.place_clicked) as clicked:
        qtbot.mouseClick(view, Qt.MouseButton.LeftButton, pos=view.picture_box().center())
    assert clicked.args[0] == pytest.approx(1.0, abs=0.02)


def test_an_empty_picture_says_nothing(qtbot: QtBot) -> None:
    view = shown(qtbot, PictureView())
    assert (pixels_of(view) == pixel(theme.current().background)).all()
    view.show_picture(np.zeros((49, 10), np.float32), 1.0, "mfcc")
    assert (pixels_of(view) != pixel(theme.current().background)).all()
    view.clear()
    assert (pixels_of(view) == pixel(theme.current().background)).all()


def test_the_level_meter_shows_level_peak_and_clipping(qtbot: QtBot) -> None:
    meter = shown(qtbot, LevelMeter())
    meter.show_level(-30.0, 0.5, clipped=False)
    quiet = meter.grab().toImage()
    bar = meter._bar()
    y = int(bar.center().y())
    assert quiet.pixelColor(int(bar.left() + 0.45 * bar.width()), y).name() == theme.current().good
    assert quiet.pixelColor(int(bar.left() + 0.55 * bar.width()), y).name() == theme.current().raised
    assert meter.accessibleDescription() == "-30 dB"
    meter.show_level(-2.0, 1.0, clipped=True)
    loud = meter.grab().toImage()
    assert loud.pixelColor(int(bar.left() + 0.45 * bar.width()), y).name() == theme.current().warning
    assert loud.pixelColor(meter.width() - 8, 8).name() == theme.current().bad
    assert meter.accessibleDescription() == "clipped"


def test_filters_too_narrow_to_hold_a_frequency_are_counted(qtbot: QtBot) -> None:
    filters = shown(qtbot, MelFilters())
    filters.show_filters(Features())
    assert filters.num_deaf == 0
    filters.show_filters(Features(num_mel_bins=128, frame_length_ms=16.0))
    assert filters.num_deaf > 5
    assert filters.words.startswith(f"{filters.num_deaf} of 128 mel filters hold no frequency")
    filters.show_filters(Features(kind="spectrogram"))
    assert filters.words == "No mel filters: the network gets every frequency"


def test_a_profile_says_what_its_bars_are(qtbot: QtBot) -> None:
    profile = shown(qtbot, Profile("Size per coefficient"))
    profile.show_values(np.array([0.1, 0.4, 0.2, 0.3], np.float32), 0.5, (0, 3), "", "coefficient")
    with qtbot.waitSignal(profile.pointed) as said:
        qtbot.mouseMove(profile, profile._box().center().toPoint() + QPoint(8, 0))
    assert said.args[0] == "coefficient 2 · 0.200"


@pytest.mark.parametrize("count", [2, 12, 36])
def test_every_label_of_a_confusion_matrix_has_its_cells(qtbot: QtBot, count: int) -> None:
    labels = (*(f"word {number}" for number in range(count - 1)), "_unknown_")
    everything = np.arange(count)
    matrix = ConfusionMatrix()
    matrix.show_quality(tally(everything, everything, labels))
    shown(qtbot, matrix, 312, matrix.heightForWidth(312))
    last = matrix.cell_box(count - 1, count - 1)
    assert last.right() <= 312 and last.bottom() <= matrix.height()
    assert matrix.words_at(last.center()) == "1 of 1 clips of _unknown_ recognised (100.0 %)"
    # The last heading ends before the edge of the picture.
    edge = matrix.grab(QRect(310, 0, 2, round(matrix.cell_box(0, 0).top()))).toImage()
    assert len({edge.pixel(x, y) for x in range(edge.width()) for y in range(edge.height())}) == 1
