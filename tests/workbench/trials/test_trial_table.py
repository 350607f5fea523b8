"""The table's model: right rows in the right order, told to the view step by step."""

import random
from dataclasses import replace

import pytest
from PySide6.QtCore import QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from core.experiment.store import Constraints, TrialState, TrialSummary, letter_of
from workbench.trials.columns import NAMES
from workbench.trials.filter import TrialFilter
from workbench.trials.table_model import LETTER, NAME, TrialTableModel

ACCURACY, ZIP = NAMES.index("accuracy"), NAMES.index("zip")
ASCENDING, DESCENDING = Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder


def make_trial(number, **changes):
    finished = {"accuracy": 0.9 + (number * 37 % 100) / 1000, "zip_bytes": 1000 + number * 7919 % 50_000}
    blank = TrialSummary(
        f"{number:04d}-abc", number, letter_of(number), f"Trial of {number}", "abc", TrialState.FINISHED, float(number)
    )
    return replace(blank, **{**finished, **changes})


@pytest.fixture
def model(qapp):
    found = TrialTableModel()
    # Qt's own referee: it warns of any row told wrongly to the views, and warnings fail.
    found.tester = QAbstractItemModelTester(found, QAbstractItemModelTester.FailureReportingMode.Warning)
    return found


def test_a_thousand_trials_sort_filter_and_update_correctly(model):
    trials = {trial.name: trial for trial in (make_trial(number) for number in range(1, 1001))}
    model.show_study(trials.values(), None)
    assert model.rowCount() == 1000
    assert model.shown == sorted(trials)
    model.sort(ACCURACY, DESCENDING)
    shown = [(trials[name].accuracy, trials[name].number) for name in model.shown]
    assert shown == sorted(shown, reverse=True)
    model.show_filtered(TrialFilter(words="TRIAL 77"))
    assert {trials[name].title for name in model.shown} == {t.title for t in trials.values() if "77" in t.title}
    model.show_filtered(TrialFilter())
    best = trials[model.shown[-1]]
    model.update_trials({best.name: replace(best, accuracy=1.0), model.shown[0]: None})
    assert model.shown[0] == best.name
    assert model.rowCount() == 999


def test_updates_by_name_keep_selection_and_order(model):
    trials = [make_trial(number) for number in range(1, 40)]
    model.show_study(trials, None)
    model.sort(ZIP, ASCENDING)
    kept = QPersistentModelIndex(model.index(7, NAME))
    name = model.shown[7]
    chance = random.Random(0)
    for step in range(80):
        number = chance.randrange(1, 60)
        trial = make_trial(number, zip_bytes=chance.choice([None, 1, 500, 9000, 60_000]))
        gone = chance.random() < 0.2 and trial.name != name
        model.update_trials({trial.name: None if gone else trial})
        assert model.shown == [
            each.name
            for each in sorted(
                model.trials.values(),
                key=lambda each: (each.zip_bytes is None, each.zip_bytes or 0, each.number),
            )
        ], step
        assert model.shown[kept.row()] == name


def test_what_was_not_measured_stands_last_either_way(model):
    model.show_study([make_trial(1), make_trial(2, zip_bytes=None), make_trial(3, zip_bytes=5)], None)
    model.sort(ZIP, ASCENDING)
    assert [model.trials[name].number for name in model.shown] == [3, 1, 2]
    model.sort(ZIP, DESCENDING)
    assert [model.trials[name].number for name in model.shown] == [1, 3, 2]


def test_filter_by_state_and_constraints(model):
    trials = [make_trial(1, zip_bytes=100), make_trial(2, zip_bytes=9000), make_trial(3, state=TrialState.FAILED)]
    model.constraints = Constraints(zip_bytes_max=1000)
    model.show_study(trials, None)
    model.show_filtered(TrialFilter(feasible_only=True))
    assert [model.trials[name].number for name in model.shown] == [1]
    model.show_filtered(TrialFilter(state=TrialState.FAILED))
    assert [model.trials[name].number for name in model.shown] == [3]


def test_cells_are_right_aligned_figures_with_marks_and_blanks(model):
    model.show_study([make_trial(1, accuracy=0.98196, accuracy_low=0.97, accuracy_high=0.99, synthetic=True)], None)
    cells = {name: model.index(0, column) for column, name in enumerate(NAMES)}
    assert cells["accuracy"].data() == "98.2 ± 1.0*"
    assert cells["total"].data() == ""
    assert cells["accuracy"].data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignRight
    assert "synthetic clips" in cells["accuracy"].data(Qt.ItemDataRole.ToolTipRole)
    assert model.headerData(ZIP, Qt.Orientation.Horizontal) == "Zip, kB"
    assert cells["letter"].data() == "A"


def test_a_running_trial_shows_its_progress_in_place_of_its_state(model):
    running = make_trial(1, state=TrialState.RUNNING, accuracy=None, zip_bytes=None)
    model.show_study([running], None)
    model.progress = {running.name: ("epoch 12/20", 0.6)}
    assert model.index(0, NAMES.index("state")).data() == "epoch 12/20"
    model.update_trials({running.name: make_trial(1)})
    assert model.index(0, NAMES.index("state")).data() == "Finished"


def test_renaming_is_asked_for_not_done(model, qtbot):
    model.show_study([make_trial(1)], None)
    with qtbot.waitSignal(model.renamed) as asked:
        assert model.setData(model.index(0, NAME), "  Narrow ")
    assert asked.args == ["0001-abc", "Narrow"]
    assert not model.flags(model.index(0, LETTER)) & Qt.ItemFlag.ItemIsEditable
