from typing import Any, get_args

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from core.section import declared, field_at, override, value_at
from core.spec import KeywordSpottingSpec, parse_spec
from workbench.form import field_text
from workbench.form.data_editors import PathEditor
from workbench.form.draft import Draft, fields_of
from workbench.form.field_text import Shape
from workbench.form.fields import ChoiceEditor, SwitchEditor, WholeNumberBox, bounds_of
from workbench.form.row import FormRow
from workbench.form.spec_form import SpecForm

pytestmark = pytest.mark.usefixtures("themed")

ANOTHER_TEXT = {
    "name": "Another",
    "dataset.folder": "/elsewhere",
    "dataset.labels": "high, low",
    "split.speaker_pattern": "^([a-z]+)_",
    "model.filters": "4, 4",
    "model.kernels": "5×3",
    "model.strides": "1×1",
}


@pytest.fixture
def form(qtbot: QtBot, tiny_spec: KeywordSpottingSpec) -> SpecForm:
    form = SpecForm(Draft(tiny_spec))
    form.resize(480, 800)
    form.unfold(form.groups)
    qtbot.addWidget(form)
    with qtbot.waitExposed(form):
        form.show()
    return form


def test_where_0_is_no_amount_the_unit_gives_way_to_what_it_stands_for(form: SpecForm) -> None:
    line = form.rows["dataset.max_clips_per_label"].editor.line
    assert (line.text(), line.findChild(QLabel).text()) == ("0", "all")
    retype(form.rows["dataset.max_clips_per_label"], "20")
    assert line.findChild(QLabel).text() == "clips"


def retype(row: FormRow, text: str) -> None:
    line = row.editor.line
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text)


def another_number(spec: KeywordSpottingSpec, path: str) -> str:
    """A number within the field's bounds that it does not have."""
    _, field = field_at(KeywordSpottingSpec, path)
    value = value_at(spec, path)
    if not isinstance(value, int | float):
        return ""
    if field_text.shape_of(field) is Shape.WHOLE:
        least, most = bounds_of(field)
        return str(value + 1 if value + 1 <= most else value - 1 if value - 1 >= least else value)
    upper = [getattr(bound, name) for bound in field.metadata for name in ("le", "lt") if hasattr(bound, name)]
    return field_text.write(min([value * 0.75 + 0.003, *[0.99 * bound for bound in upper]]))


def make_apply(draft: Draft, path: str) -> None:
    """Set the siblings so that a field has an effect."""
    section, _ = field_at(KeywordSpottingSpec, path)
    prefix, _, name = path.rpartition(".")
    condition = declared(section, name)["applies"]
    if condition is not None:
        first, values = next(iter(condition.items()))
        sibling = f"{prefix}.{first}"
        make_apply(draft, sibling)
        if draft.value(sibling) not in values:
            draft.set(sibling, values[-1])


def test_every_field_has_an_editor_that_changes_the_spec(form: SpecForm, tiny_spec: KeywordSpottingSpec) -> None:
    unchanged = []
    for path in fields_of(KeywordSpottingSpec):
        form.draft.replace(tiny_spec)
        make_apply(form.draft, path)
        row, before = form.rows[path], form.draft.value(path)
        assert row.isVisible(), path
        assert row.editor.control.accessibleName(), path
        edit(row, ANOTHER_TEXT.get(path) or another_number(form.draft.valid, path))
        kept = form.draft.spec is not None and value_at(form.draft.spec, path) == before
        if form.draft.value(path) == before or kept:
            unchanged.append(path)
    assert unchanged == []


def edit(row: FormRow, text: str) -> None:
    """Choose the next of several values, turn a switch, or type."""
    editor = row.editor
    if isinstance(editor, ChoiceEditor):
        index = (editor.box.currentIndex() + 1) % editor.box.count()
        editor.box.setCurrentIndex(index)
        editor.box.activated.emit(index)
    elif isinstance(editor, SwitchEditor):
        QTest.keyClick(editor.box, Qt.Key.Key_Space)
    else:
        retype(row, text)


def test_fields_that_do_not_apply_are_absent(form: SpecForm) -> None:
    assert form.rows["features.num_mfccs"].isVisible()
    form.draft.set("features.kind", "spectrogram")
    assert not form.rows["features.num_mfccs"].isVisible()
    assert not form.rows["features.num_mel_bins"].isVisible()
    assert not form.rows["pruning.final_sparsity"].isVisible()
    form.draft.set("pruning.schedule", "constant")
    assert form.rows["pruning.final_sparsity"].isVisible()
    assert not form.rows["pruning.initial_sparsity"].isVisible()


def test_a_problem_stands_beneath_its_field_and_what_was_typed_stays(form: SpecForm) -> None:
    row = form.rows["training.initial_learning_rate"]
    retype(row, "fast")
    assert row.editor.line.text() == "fast"
    assert row.problem.text() == "Must be a number such as 0.01 or 1e-5, is 'fast'"
    assert row.problem.isVisible()
    assert row.problem.y() > row.editor.y()
    assert row.editor.control.accessibleDescription() == row.problem.text()
    retype(form.rows["training.epochs"], "5")
    assert row.editor.line.text() == "fast"
    retype(row, "1e-2")
    assert not row.problem.isVisible()
    assert form.draft.spec is not None


def test_a_whole_number_can_be_typed_out_of_bounds_but_not_stepped_there(form: SpecForm) -> None:
    row = form.rows["features.num_mel_bins"]
    retype(row, "500")
    assert "128" in row.problem.text()
    box = row.editor.control
    assert isinstance(box, WholeNumberBox)
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert row.editor.line.text() == "128"
    assert form.draft.value("features.num_mel_bins") == 128
    assert not row.problem.isVisible()


@pytest.mark.parametrize("path", ["features.num_mel_bins", "features.kind"])
def test_the_wheel_changes_nothing_without_the_focus(form: SpecForm, path: str) -> None:
    row = form.rows[path]
    before = form.draft.value(path)
    form.rows["name"].focus()
    QApplication.sendEvent(row.editor.control, wheel())
    assert form.draft.value(path) == before
    row.focus()
    QApplication.sendEvent(row.editor.control, wheel())
    assert form.draft.value(path) != before


def wheel() -> QWheelEvent:
    return QWheelEvent(
        QPointF(4, 4), QPointF(4, 4), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip


def test_a_mark_makes_a_field_vary_and_escape_gives_it_one_value_back(qtbot: QtBot, form: SpecForm) -> None:
    row = form.rows["features.num_mel_bins"]
    qtbot.mouseClick(row.mark, Qt.MouseButton.LeftButton)
    assert row.axis.isVisible()
    assert not row.editor.isVisible()
    assert row.axis.text() == "40"
    QTest.keyClicks(row.axis, ", 20")
    assert form.draft.num_trials == 2
    QTest.keyClicks(row.axis, ", x")
    assert "'x'" in row.problem.text()
    QTest.keyClick(row.axis, Qt.Key.Key_Escape)
    assert row.editor.isVisible()
    assert (form.draft.axes, form.draft.num_trials) == ({}, 1)


def test_what_differs_from_the_reference_carries_a_dot(form: SpecForm, tiny_spec: KeywordSpottingSpec) -> None:
    form.compare_with(parse_spec(override(tiny_spec.model_dump(), "training.epochs", 7)))
    assert [path for path, row in form.rows.items() if row.dot.text()] == ["training.epochs"]
    form.draft.set("training.epochs", 7)
    assert not form.rows["training.epochs"].dot.text()


def test_groups_fold_to_their_essence_and_open_at_a_problem(form: SpecForm) -> None:
    form.unfold(())
    group = form.groups["features"]
    assert not form.rows["features.kind"].isVisible()
    assert group.gist.text() == "MFCC 10 of 40 mel, 40/20 ms, 20–4000 Hz"
    form.draft.set("features.num_mfccs", 99)
    assert group.gist.text() == "1 problem"
    form.focus_field("features.num_mfccs")
    assert form.unfolded() == ["features"]
    assert form.focusWidget() is form.rows["features.num_mfccs"].editor.control
    assert form.words_of(form.draft.problems[0]).startswith("Features, MFCCs: ")


def test_tab_goes_from_a_group_through_its_fields_to_the_next(form: SpecForm) -> None:
    form.groups["split"].header.setFocus()
    met = []
    while form.focusWidget() is not form.groups["augmentation"].header and len(met) < 40:
        met.append(form.focusWidget())
        QTest.keyClick(form.focusWidget(), Qt.Key.Key_Tab)
    fields = [path for path in form.rows if path.startswith("split.") and form.rows[path].isVisible()]
    places = [met.index(form.rows[path].editor.control) for path in fields]
    assert len(fields) > 2
    assert places == sorted(places)


def test_a_click_anywhere_on_its_line_folds_a_group(qtbot: QtBot, form: SpecForm) -> None:
    form.unfold(())
    group = form.groups["training"]
    at_essence = QPoint(group.width() - 20, group.header.geometry().center().y())
    qtbot.mouseClick(group, Qt.MouseButton.LeftButton, pos=at_essence)
    assert form.unfolded() == ["training"]
    qtbot.mouseClick(group, Qt.MouseButton.LeftButton, pos=QPoint(20, group.body.geometry().bottom() + 1))
    assert form.unfolded() == ["training"]
    qtbot.mouseClick(group, Qt.MouseButton.LeftButton, pos=at_essence)
    assert form.unfolded() == []


def test_labels_are_ticked_in_a_menu_of_the_folder(form: SpecForm) -> None:
    row = form.rows["dataset.labels"]
    row.editor.menu.aboutToShow.emit()
    actions = row.editor.menu.actions()
    assert [action.text() for action in actions] == ["high", "low", "rising"]
    actions[2].trigger()
    actions[0].trigger()
    assert form.draft.valid.dataset.labels == ("high", "rising")
    assert row.editor.line.text() == "high, rising"


def test_units_stand_in_the_field_and_the_sentence_in_the_tooltip(form: SpecForm) -> None:
    for path in fields_of(KeywordSpottingSpec):
        section, field = field_at(KeywordSpottingSpec, path)
        assert form.rows[path].toolTip() == field.description
        unit = declared(section, path.rpartition(".")[2])["unit"]
        line: Any = getattr(form.rows[path].editor, "line", None)
        if unit and line is not None:
            assert line.unit == unit


def test_choices_are_those_of_the_spec(form: SpecForm) -> None:
    for path, row in form.rows.items():
        if isinstance(row.editor, ChoiceEditor):
            _, field = field_at(KeywordSpottingSpec, path)
            box = row.editor.box
            assert tuple(box.itemData(index) for index in range(box.count())) == get_args(field.annotation)
    assert isinstance(form.rows["dataset.folder"].editor, PathEditor)


def test_undo_of_text_is_the_lines_own(form: SpecForm) -> None:
    row = form.rows["name"]
    retype(row, "Other")
    while row.editor.line.isUndoAvailable():
        row.editor.line.undo()
    assert form.draft.value("name") == row.editor.line.text() == "Tones"
