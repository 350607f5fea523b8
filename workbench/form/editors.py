"""Which editor a setting has: by its name where it is about the data, else by the shape of what it holds."""

from collections.abc import Callable, Mapping

from core.section import Section, declared
from workbench.form import field_text
from workbench.form.data_editors import (
    ColumnEditor,
    make_columns_editor,
    make_folder_editor,
    make_labels_editor,
    make_table_editor,
)
from workbench.form.field_text import Shape
from workbench.form.fields import ChoiceEditor, FieldEditor, LineEditor, SwitchEditor, WholeNumberEditor, bounds_of

OF_DATA: Mapping[str, Callable[[], FieldEditor]] = {
    "folder": make_folder_editor,
    "labels": make_labels_editor,
    "file": make_table_editor,
    "targets": lambda: make_columns_editor("temperature and humidity"),
    "inputs": lambda: make_columns_editor("those forecast"),
    "time_column": lambda: ColumnEditor("the first that holds times"),
    "series_columns": lambda: make_columns_editor("found by their names", "anything"),
    "value_column": lambda: ColumnEditor("the one that holds numbers"),
}


def make_editor(section: type[Section], name: str) -> FieldEditor:
    """Return the editor for a field."""
    if name in OF_DATA:
        return OF_DATA[name]()
    field = section.model_fields[name]
    unit, at_zero = (declared(section, name)[kind] for kind in ("unit", "at_zero"))
    shape = field_text.shape_of(field)
    if shape is Shape.SWITCH:
        return SwitchEditor()
    if shape is Shape.CHOICE:
        return ChoiceEditor(field_text.choices_of(field), unit)
    if shape is Shape.WHOLE:
        return WholeNumberEditor(unit, at_zero, *bounds_of(field))
    return LineEditor(unit)
