"""The window while an experiment forecasts: from two clicks to a judged file, and no words of sound anywhere."""

import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)
from pytestqt.qtbot import QtBot

from core.experiment.jobs import RunSearch, RunSweep
from core.experiment.store import Constraints, Study, TrialState
from core.spec import ForecastingSpec, KeywordSpottingSpec, SeriesData
from tests.series import HEADER, weather, write_series
from tests.workbench.conftest import WORKER_MS, show
from workbench import app
from workbench import preferences as remembered
from workbench.form.draft import fields_of
from workbench.form.ready_sweeps import ready_sweeps
from workbench.form.starter_specs import starters
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.listening.model_menu import ModelMenu, best_trial
from workbench.main_window import MainWindow
from workbench.pages.data import DataPage
from workbench.pages.experiment import ExperimentPage
from workbench.plots.time_charts import MOST_POINTS, thinned
from workbench.preferences import Preferences
from workbench.session import Session

# The offscreen plugin says so of windows with a smallest size and of menus; it has no window manager to tell.
pytestmark = [pytest.mark.usefixtures("themed"), pytest.mark.qt_log_ignore("This plugin does not support")]

LEFT = Qt.MouseButton.LeftButton
T, RH = "T (degC)", "rh (%)"
OF_SOUND = re.compile(
    r"\b(clips?|labels?|mfccs?|spectrograms?|mel|words?|speakers?|keywords?|accurac\w+|microphones?|sounds?|confusion)\b",
    re.IGNORECASE,
)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_series(tmp_path / "weather.csv")


@pytest.fixture
def page(qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences) -> ExperimentPage:
    return show(qtbot, ExperimentPage(session, jobs, preferences))


def pick(qtbot: QtBot, menu: QMenu, words: str) -> None:
    """Click on an entry of a menu, as a user does."""
    menu.popup(QPoint(0, 0))
    action = next(action for action in menu.actions() if action.text() == words)
    qtbot.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def never_ask(*_: object) -> tuple[str, str]:
    raise AssertionError("a known table was asked for")


def test_a_starter_and_train_give_a_judged_forecaster(
    qtbot: QtBot, page: ExperimentPage, session: Session, jobs: Jobs, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(table), ""))
    with qtbot.waitSignal(page.welcome.table_ready, timeout=WORKER_MS):
        qtbot.mouseClick(page.welcome.table.button, LEFT)
    assert not page.welcome.isVisible()
    assert page.draft.valid.dataset.file == str(table)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", never_ask)
    pick(qtbot, page.starter_menu, "F, MLP in 0.8 kB")
    assert isinstance(page.draft.spec, ForecastingSpec)
    page.draft.set("training.epochs", 2)
    page.draft.set("measurement.num_runs", 10)
    with qtbot.waitSignal(jobs.ended, timeout=WORKER_MS) as ended:
        qtbot.mouseClick(page.train_button, LEFT)
    assert ended.args[0].state is JobState.FINISHED
    session.refresh()
    [trial] = session.opened().summaries()
    assert trial.state is TrialState.FINISHED
    assert [error.name for error in trial.errors] == [T, RH]
    assert page.draft.estimate is not None
    assert page.draft.estimate.params == trial.params
    curves = page.curves.curves
    drawn = {(metric.field, metric.quantity) for metric in curves.metrics if metric.chart == "quality"}
    assert drawn == {(field, column) for field in ("mae", "validation_mae") for column in (T, RH)}
    validation = next(metric for metric in curves.lines if (metric.field, metric.quantity) == ("validation_mae", RH))
    qtbot.waitUntil(lambda: list(curves.lines[validation].getData()[0]) == [1, 2])


def test_a_table_not_known_is_asked_for_once(
    qtbot: QtBot, page: ExperimentPage, preferences: Preferences, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.show_form()
    asked: list[object] = []
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: asked.append(1) or (str(table), ""))
    pick(qtbot, page.starter_menu, "F, CNN in 1 kB")
    assert page.train_button.isEnabled()
    qtbot.waitUntil(lambda: preferences.get(remembered.LAST_DATA, "forecasting") == str(table))
    pick(qtbot, page.starter_menu, "Go/stop, tiny")
    assert page.draft.spec_type is KeywordSpottingSpec
    assert set(page.form.groups) >= {"features", "augmentation"}
    pick(qtbot, page.starter_menu, "F, LSTM")
    assert (len(asked), page.draft.value("dataset.file")) == (1, str(table))
    assert set(page.form.groups) >= {"window"}
    assert "features" not in page.form.groups


def test_ready_sweeps_and_searches_begin_with_their_constraints(
    qtbot: QtBot, page: ExperimentPage, session: Session, jobs: Jobs, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[object] = []
    monkeypatch.setattr(jobs, "submit", submitted.append)
    page.begin("forecasting", str(table))
    page.sweep_menu.aboutToShow.emit()
    pick(qtbot, page.sweep_menu, "F, widths and sparsities: 7 trials")
    assert page.draft.value("name") == "F, baseline"
    assert page.message.button.text() == "Train 7 trials"
    qtbot.mouseClick(page.message.button, LEFT)
    qtbot.waitUntil(lambda: bool(submitted))
    [sweep] = submitted
    assert isinstance(sweep, RunSweep)
    titles = [session.opened().summary(name).title for name in sweep.trials]
    assert (len(titles), titles[0]) == (7, "F, α 0.05")
    pick(qtbot, page.sweep_menu, "F (b), below 1.7 kB: search of 16 trials")
    qtbot.mouseClick(page.message.button, LEFT)
    search = submitted[1]
    assert isinstance(search, RunSearch)
    assert search.num_trials == 16
    assert session.opened().constraints.mae_max == {T: 0.6, RH: 1.9}
    table.unlink()
    page.message.hide()
    page.queue.begin(next(ready for ready in ready_sweeps() if ready.search).on(str(table)), 2)
    assert page.message.isVisible()
    assert len(submitted) == 2


def test_a_table_that_cannot_be_read_is_said_at_its_field(page: ExperimentPage, table: Path, tmp_path: Path) -> None:
    page.begin("forecasting", str(table))
    page.form.unfold(["dataset"])
    rows = page.form.rows
    page.draft.set_text("dataset.targets", "T (degC), wind")
    assert rows["dataset.targets"].problem.text().startswith("Has no column 'wind'; choose among T (degC), rh (%)")
    assert not page.train_button.isEnabled()
    page.draft.set_text("dataset.targets", "")
    page.draft.set_text("dataset.inputs", "rh (%)")
    assert rows["dataset.inputs"].problem.text().startswith("The change of 'T (degC)' is forecast")
    page.draft.set_text("dataset.inputs", "")
    page.draft.set_text("dataset.time_column", "rh (%)")
    assert rows["dataset.time_column"].problem.isVisible()
    page.draft.set_text("dataset.time_column", "")
    assert page.train_button.isEnabled()
    (tmp_path / "noise.csv").write_bytes(bytes(range(256)) * 40)
    page.draft.set("dataset.file", str(tmp_path / "noise.csv"))
    assert rows["dataset.file"].problem.isVisible()
    assert page.draft.problems[0].path == "dataset.file"


def test_columns_are_ticked_in_menus_of_the_file(page: ExperimentPage, table: Path) -> None:
    page.begin("forecasting", str(table))
    page.form.unfold(["dataset"])
    targets = page.form.rows["dataset.targets"].editor
    targets.menu.aboutToShow.emit()
    assert [action.text() for action in targets.menu.actions()] == [T, RH]
    targets.menu.actions()[1].trigger()
    assert page.draft.valid.dataset.targets == (RH,)
    assert page.draft.estimate is not None
    assert page.draft.estimate.num_outputs == 6
    column = page.form.rows["dataset.time_column"].editor
    column.menu.aboutToShow.emit()
    column.menu.actions()[0].trigger()
    assert page.draft.valid.dataset.time_column == "date"


def test_a_column_with_a_comma_in_its_name_stands_in_quotes(page: ExperimentPage, table: Path) -> None:
    table.write_text(table.read_text().replace("T (degC)", '"T, outside (degC)"', 1))
    page.begin("forecasting", str(table))
    page.form.unfold(["dataset"])
    targets = page.form.rows["dataset.targets"].editor
    targets.menu.aboutToShow.emit()
    for action in targets.menu.actions():
        action.trigger()
    assert page.draft.valid.dataset.targets == ("T, outside (degC)", RH)
    assert targets.line.text() == '"T, outside (degC)", rh (%)'
    targets.menu.aboutToShow.emit()
    assert all(action.isChecked() for action in targets.menu.actions())
    page.draft.set_text("dataset.targets", targets.line.text())
    assert page.draft.valid.dataset.targets == ("T, outside (degC)", RH)


@pytest.mark.parametrize("starter", starters("forecasting"), ids=lambda starter: starter.file)
def test_every_starter_stands_on_any_table(page: ExperimentPage, starter, table: Path) -> None:
    page.use_spec(starter.spec_for(str(table)))
    assert page.draft.problems == ()
    page.form.unfold(page.form.groups)
    assert set(page.form.rows) == set(fields_of(ForecastingSpec))
    assert all(row.editor.control.accessibleName() for row in page.form.rows.values())


def test_the_table_is_shown_with_its_gaps_and_its_split(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, table: Path
) -> None:
    lines = table.read_text().splitlines()
    del lines[500:510]
    lines.insert(100, lines[100])
    lines[200] = lines[200].rpartition(",")[0] + ",-9999"
    table.write_text("\n".join(lines) + "\n")
    session.tell_spec(starters("forecasting")[0].spec_for(str(table)))
    page = show(qtbot, DataPage(session, jobs, preferences))
    view = page.series
    assert view.isVisible()
    qtbot.waitUntil(lambda: view.report is not None, timeout=WORKER_MS)
    assert all(
        words in view.sources.figures.text() for words in ("1,191 rows", "every 10 min", "10 missing", "1 repeated")
    )
    assert "gap" in view.findings.text()
    assert "rh (%) is missing in 1 row" in view.findings.text()
    chart = view.chart
    assert chart.series is not None
    assert chart.series.columns == (T, RH)
    assert [part.num_rows for part in chart.series.parts] == [833, 238, 119]
    times_s, values = chart.lines[0].getOriginalDataset()
    assert np.isnan(values).sum() == 1
    assert len(times_s) == 1191
    assert of_sound(texts_of(page)) == []
    view.table.selectRow(1)
    assert chart.series.columns == (RH,)
    wanted: list[SeriesData] = []
    session.dataset_requested.connect(wanted.append)
    forecast, see = view.table.actions()
    forecast.trigger()
    assert (wanted[0].targets, wanted[0].inputs) == ((RH,), ())
    view.table.selectRow(0)
    see.trigger()
    assert (wanted[1].targets, wanted[1].inputs) == ((RH,), (RH, T))
    view.table.clearSelection()
    assert not forecast.isEnabled()
    view.table.selectRow(1)
    assert [mark.value() for mark in chart.marks[:2]] == [part.first_s for part in chart.series.parts[1:]]
    (table.parent / "words.csv").write_text(HEADER + "\n" + "one,two,three\n" * 5)
    with qtbot.waitSignal(view.reader.failed, timeout=WORKER_MS):
        view.use_file(str(table.parent / "words.csv"))
    assert "words.csv" in view.empty.words.text()


def test_a_long_table_is_said_and_corrected_on_the_page(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, tmp_path: Path
) -> None:
    rows = [
        f"{time:%Y-%m-%d %H:%M:%S},{name},{value:.2f}"
        for time, *values in weather(300)
        for name, value in zip(("temperature", "humidity"), values, strict=True)
    ]
    table = tmp_path / "log.csv"
    table.write_text("\n".join(["time,sensor,value", *rows, ""]))
    session.tell_spec(starters("forecasting")[0].spec_for(str(table)))
    page = show(qtbot, DataPage(session, jobs, preferences))
    view = page.series
    qtbot.waitUntil(lambda: view.report is not None, timeout=WORKER_MS)
    assert view.shape.isVisible() and view.chart.series.columns == ("temperature", "humidity")
    assert view.shape.sentence.text() == "Read as a long table: 2 series named by sensor, values in value."
    with qtbot.waitSignal(session.dataset_requested) as asked:
        view.shape.editor.value_chosen.emit("wide")
    (data,) = asked.args
    assert (data.shape, data.file, data.targets) == ("wide", str(table), ())
    spec = starters("forecasting")[0].spec_for(str(table))
    session.tell_spec(spec.model_copy(update={"dataset": data.model_copy(update={"targets": ("value",)})}))
    qtbot.waitUntil(lambda: view.report is not None and view.chart.series.columns == ("value",), timeout=WORKER_MS)
    assert view.shape.sentence.text() == "Read as a wide table: 1 column of numbers, times in time."


def test_a_long_series_is_drawn_by_its_highest_and_lowest() -> None:
    values = np.zeros(1_000_000, np.float32)
    values[123_456], values[654_321] = 5, -7
    times_s, drawn = thinned(np.arange(len(values), dtype=np.float64), values)
    assert len(drawn) == len(times_s) == MOST_POINTS
    assert (drawn.max(), drawn.min()) == (5, -7)


def test_what_hears_is_not_asked_of_a_forecaster(qtbot: QtBot, series_study: Path) -> None:
    menu = ModelMenu()
    qtbot.addWidget(menu)
    opened = Study.open(series_study)
    menu.show_study(opened)
    assert [menu.itemData(place) for place in range(menu.count())] == [None, None, None]
    assert best_trial(opened) is None


def test_no_page_of_an_experiment_that_forecasts_speaks_of_sound(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, series_study: Path, table: Path
) -> None:
    preferences.set(remembered.LAST_SPEC, starters("forecasting")[0].spec_for(str(table)).model_dump_json())
    preferences.set(remembered.PAGE, "Features")
    session.open_study(series_study)
    window = MainWindow(session, jobs, preferences, app.PAGES)
    window.resize(1280, 800)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    assert window.page("Features").elsewhere.isVisible()
    session.select((session.opened().summaries()[0].name,))
    experiment = window.page("Experiment")
    experiment.form.unfold(experiment.form.groups)
    experiment.draft.vary("model.filters", "3; 4")
    experiment.draft.set("pruning.schedule", "polynomial")
    for title in ("Experiment", "Data", "Trials", "Devices"):
        window.show_page(title)
        window.toggle_help()
        page = window.page(title)
        said = [text for widget in (page, window.help) for text in texts_of(widget)]
        # Starter specs of both tasks can be begun with at any time.
        said += [action.text() for action in page.actions() if action not in experiment.starter_menu.actions()]
        assert len(said) > 10
        assert of_sound(said) == [], title
    for title in ("Features", "Record & test"):
        window.show_page(title)
        assert "forecasts" in " ".join(texts_of(window.page(title).elsewhere)), title


def test_what_a_search_found_is_said_and_shown(
    qtbot: QtBot, session: Session, jobs: Jobs, preferences: Preferences, series_study: Path
) -> None:
    session.open_study(series_study)
    window = MainWindow(session, jobs, preferences, app.PAGES)
    qtbot.addWidget(window)
    with qtbot.waitExposed(window):
        window.show()
    [trial] = session.opened().summaries()
    session.set_constraints(Constraints(mae_max={RH: 0.001}))
    search = RunSearch(study=str(series_study), base={}, axes={"training.seed": [0]})
    jobs.ended.emit(QueuedJob(search, state=JobState.FINISHED, answer=[trial.name]))
    assert window.message.text.text().startswith(
        "None of 1 trials meets the constraints. Least is missed by A, Weather"
    )
    qtbot.mouseClick(window.message.button, LEFT)
    assert (window.shown, session.selection) == ("Trials", (trial.name,))


def of_sound(said: list[str]) -> list[str]:
    return [text for text in said if OF_SOUND.search(re.sub("<[^>]*>", " ", text))]


def texts_of(root: QWidget) -> list[str]:
    """Return all that a part of the window in sight says, to the eye, under the pointer and to a screen reader."""
    said = []
    for widget in (root, *root.findChildren(QWidget)):
        if widget.isVisible():
            named = (QLabel, QAbstractButton, QLineEdit)
            shown = [widget.text()] if isinstance(widget, named) else []
            shown += [widget.placeholderText()] if isinstance(widget, QLineEdit) else []
            items = [widget.itemText(place) for place in range(widget.count())] if isinstance(widget, QComboBox) else []
            said += [*shown, *items, widget.toolTip(), widget.accessibleName()]
    return [text for text in said if text]
