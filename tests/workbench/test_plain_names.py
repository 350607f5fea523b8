"""Names that look like markup, in every place where a name can come from, on every page: each is shown as it is."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QGraphicsTextItem,
    QGraphicsView,
    QLabel,
    QLineEdit,
    QMenu,
    QToolTip,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.deploy.check import check
from core.deploy.devices import Device, keep_device
from tests.mutation.played import PlayedConnection, Said
from tests.workbench.conftest import WORKER_MS
from workbench import app
from workbench.jobs import Jobs
from workbench.main_window import MainWindow
from workbench.pages.data import DataPage
from workbench.preferences import Preferences
from workbench.session import Session
from workbench.widgets.plain_text import titled, verbatim

# The offscreen plugin says so of windows with a smallest size and of menus; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("This plugin does not support")]

NAME = "Ω&Q <b>x<img src=q>[red]"
HIDDEN = "\u202e\x1b[31m\n"
FULL = NAME + HIDDEN
"""As no study, file or label is called by who means well."""
CUT = re.compile(r"Ω(&Q( (<(b(>(x|…)|…)|…)|…)|…)|&…|…)")
"""The beginning of the name, or as much of it as fits."""

PROBED = f"""probe system=Linux
probe machine=aarch64
probe model={NAME}
probe os={NAME}
probe governor={NAME}
probe cores=4
probe memory_kib=3884360
probe free_kib=9000000
probe user={NAME}
probe home=/home/{NAME}
probe now_s=1718000000
probe release=releases/{NAME}
probe kept={NAME}
"""


@pytest.fixture
def spotting(tone_trial: Path, tmp_path: Path) -> Path:
    """A study, its clips and a trial that spots words, all under that name."""
    clips = tmp_path / FULL
    shutil.copytree(tone_trial.parents[2] / "clips", clips)
    (clips / "high").rename(clips / FULL)
    first = sorted((clips / FULL).iterdir())[0]
    first.rename(first.with_name(f"{NAME}_nohash_0.wav"))
    study = tmp_path / f"study {FULL}"
    shutil.copytree(tone_trial.parents[1], study)
    replaced = {"Tones": FULL, "high": FULL, str(tone_trial.parents[2] / "clips"): str(clips)}
    _rename(study, {json.dumps(old)[1:-1]: json.dumps(new)[1:-1] for old, new in replaced.items()})
    return study


@pytest.fixture
def forecasting(series_trial: Path, tmp_path: Path) -> Path:
    """A study of a trial that forecasts a quantity of that name, in a unit of that name."""
    table = tmp_path / f"{FULL}.csv"
    written = (series_trial.parents[2] / "weather.csv").read_text()
    table.write_text(written.replace("T (degC)", f"{NAME} ({NAME})"), encoding="utf-8")
    study = tmp_path / f"study {FULL}"
    shutil.copytree(series_trial.parents[1], study)
    old = str(series_trial.parents[2] / "weather.csv")
    _rename(
        study, {"T (degC)": f"{NAME} ({NAME})", "Weather": NAME, json.dumps(old)[1:-1]: json.dumps(str(table))[1:-1]}
    )
    return study


@pytest.fixture
def window(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> MainWindow:
    found = MainWindow(session, jobs, preferences, app.PAGES)
    found.resize(1280, 800)
    qtbot.addWidget(found)
    with qtbot.waitExposed(found):
        found.show()
    return found


def test_names_of_a_study_that_spots_words(qtbot: QtBot, window: MainWindow, session: Session, spotting: Path) -> None:
    keep_device(Device(name=NAME, host=NAME, user=NAME))
    session.open_study(spotting)
    trial = session.opened().summaries()[0].name
    session.select((trial,))
    window.page("Experiment").use_spec(session.opened().spec(trial))
    named = {entry.title: _look_at(qtbot, window, entry.title) for entry in app.PAGES}
    missing = {title for title, found in named.items() if not found}
    assert not missing
    assert NAME in window.windowTitle()


def test_names_of_a_study_that_forecasts(qtbot: QtBot, window: MainWindow, session: Session, forecasting: Path) -> None:
    session.open_study(forecasting)
    session.select((session.opened().summaries()[0].name,))
    named = {title: _look_at(qtbot, window, title) for title in ("Data", "Experiment", "Trials", "Record & test")}
    assert {"Data", "Experiment", "Trials"} <= {title for title, found in named.items() if found}


def test_messages_commands_and_undo(window: MainWindow, session: Session, spotting: Path) -> None:
    session.open_study(spotting)
    window.message.show_message(f"{FULL} is not there")
    session.undo_changed.emit(FULL)
    window.recent_menu.aboutToShow.emit()
    window.open_palette()
    assert window.message.text.text() in _names_in(window)
    assert window.header.study.text().startswith("Ω&&Q <b>")
    assert window.undo_action.text().startswith("Undo: Ω&&Q <b>")
    assert window.undo_action.iconText().startswith("Undo: Ω&Q <b>")
    [listed] = window.palette_popup.list.findItems("Undo: Ω&Q <b>", Qt.MatchFlag.MatchStartsWith)
    assert listed.text().startswith("Undo: Ω&Q <b>")
    assert [action.text() for action in window.recent_menu.actions()] == [verbatim(str(spotting))]


def test_a_name_without_end_widens_nothing(window: MainWindow, session: Session, spotting: Path) -> None:
    usual = window.minimumSizeHint().width()
    settings = spotting / "study.json"
    settings.write_text(settings.read_text().replace(json.dumps(FULL)[1:-1], 40 * "long name "))
    session.open_study(spotting)
    assert window.header.study.text().startswith("long name long")
    assert window.minimumSizeHint().width() < usual + 200
    assert window.windowTitle().endswith("long name long name ")


def test_the_name_of_a_model_from_elsewhere(qtbot: QtBot, window: MainWindow, tone_trial: Path, tmp_path: Path) -> None:
    model = shutil.copyfile(tone_trial / "model.tflite", tmp_path / f"{FULL}.tflite")
    window.show_page("Record & test")
    window.page("Record & test").open_model(model)
    named = _look_at(qtbot, window, "Record & test")
    assert any(text.endswith("Name its labels, then its settings.") for text in named)


def test_what_is_rich_text_says_so_and_a_tooltip_is_none(qtbot: QtBot) -> None:
    guessed, rich = QLabel(FULL), QLabel("<b>x</b>", textFormat=Qt.TextFormat.RichText)
    for label in (guessed, rich):
        qtbot.addWidget(label)
        label.show()
    assert (guessed.textFormat(), guessed.text()) == (Qt.TextFormat.PlainText, FULL)
    assert rich.textFormat() == Qt.TextFormat.RichText
    QToolTip.showText(QPoint(5, 5), FULL, guessed)
    [tip] = [widget for widget in QApplication.topLevelWidgets() if widget.inherits("QTipLabel")]
    assert isinstance(tip, QLabel)
    assert (tip.textFormat(), tip.text()) == (Qt.TextFormat.PlainText, FULL)
    QToolTip.hideText()


def test_a_sign_that_qt_would_take_for_its_own() -> None:
    assert verbatim("a&b\tc\n") == r"a&&b\tc\n"
    assert titled("a[*]b\u202e") == r"a[*][*]b\u202e"


def _look_at(qtbot: QtBot, window: MainWindow, title: str) -> list[str]:
    """Show a page with all it has to say, and return what it shows of the name."""
    window.show_page(title)
    page = window.page(title)
    if title == "Data":
        qtbot.waitUntil(lambda: _is_read(page), timeout=WORKER_MS)
    if title == "Devices":
        probed = PlayedConnection({"home": Said(b"/home/pi"), "probe": Said(PROBED.encode())})
        page.book.take_report(check(probed).model_copy(update={"device": NAME}))
    QApplication.processEvents()
    for menu in window.findChildren(QMenu):
        menu.aboutToShow.emit()
    QApplication.processEvents()
    return _names_in(page)


def _is_read(page: DataPage) -> bool:
    if page.tasks.currentWidget() is page.series:
        return page.series.chart.series is not None
    return page.catalogue is not None and not page.reader.is_busy and not page._turning.isActive()


def _names_in(root: QWidget) -> list[str]:
    found = []
    for widget in (root, *root.findChildren(QWidget)):
        for text in (*_shown(widget), *_shown_on_buttons(widget)):
            assert len(CUT.findall(text)) == text.upper().count("Ω"), (widget, text)
            if "Ω" in text:
                found.append(text)
    return found


def _shown(widget: QWidget) -> Iterator[str]:
    """Yield what a widget shows, as the user reads it; of tooltips see the test of them."""
    match widget:
        case QLabel():
            widget.ensurePolished()
            assert widget.textFormat() in (Qt.TextFormat.PlainText, Qt.TextFormat.RichText)
            yield _read(widget.text()) if widget.textFormat() == Qt.TextFormat.RichText else widget.text()
            assert not (widget.textFormat() == Qt.TextFormat.PlainText and _MARKUP.search(widget.text()))
        case QGraphicsView():
            for item in widget.scene().items() if widget.scene() else ():
                if isinstance(item, QGraphicsTextItem):
                    yield item.toPlainText().replace("\xa0", " ")
        case QLineEdit():
            yield widget.text()
        case QComboBox():
            yield from (widget.itemText(place) for place in range(widget.count()))
        case QAbstractItemView() if widget.model() is not None:
            yield from _cells(widget.model())


_MARKUP = re.compile("</(span|p|td|tr|table)>|<br>|&nbsp;")
"""Of the program's own: rich text in a label that takes it for plain."""


def _shown_on_buttons(widget: QWidget) -> Iterator[str]:
    """Yield the words of buttons and actions without the signs that mark keys."""
    texts = [action.text() for action in widget.actions() if isinstance(action, QAction)]
    if isinstance(widget, QAbstractButton):
        texts.append(widget.text())
    for text in texts:
        yield re.sub("&(.)", r"\1", text)


def _cells(model: QAbstractItemModel) -> Iterator[str]:
    columns = range(1 if isinstance(model, QAbstractListModel) else model.columnCount())
    headings = (model.headerData(column, Qt.Orientation.Horizontal) for column in columns)
    yield from (heading for heading in headings if isinstance(heading, str))
    for row in range(min(model.rowCount(), 50)):
        for column in columns:
            text = model.data(model.index(row, column, QModelIndex()), Qt.ItemDataRole.DisplayRole)
            if isinstance(text, str):
                yield text


def _read(html: str) -> str:
    document = QTextDocument()
    document.setHtml(html)
    return document.toPlainText().replace("\xa0", " ")


def _rename(study: Path, replaced: dict[str, str]) -> None:
    """Let the files of a study say other names."""
    settings = study / "study.json"
    settings.write_text(json.dumps({**json.loads(settings.read_bytes()), "name": FULL}), encoding="utf-8")
    for path in study.rglob("*.json*"):
        text = path.read_text(encoding="utf-8")
        for old, new in replaced.items():
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
