"""Editors of where the data are and of what is in them: folder and labels, table and columns."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QToolButton, QWidget

from core.datasets.climate import table_form
from core.datasets.clips import known_labels
from core.errors import DataError
from core.experiment.typed_lists import texts_of
from core.settings.clips import Layout
from workbench import theme
from workbench.form import field_text
from workbench.form.fields import FieldEditor, UnitLine
from workbench.widgets.plain_text import verbatim

TABLES = "Tables (*.csv *.txt *.tsv);;All files (*)"


class PathEditor(FieldEditor):
    """A place on the disk: typed, dropped, or chosen where `ask` lets the user, from the place in sight on."""

    def __init__(self, invitation: str, verb: str, icon: str, ask: Callable[[QWidget, str], str]) -> None:
        super().__init__()
        self._ask = ask
        self.line = UnitLine()
        self.line.setPlaceholderText(invitation)
        self.line.setAcceptDrops(False)
        self.line.textEdited.connect(self.text_edited)
        self.setAcceptDrops(True)
        self.hold(self.line, _tool(verb, icon, self._browse))

    def show_value(self, value: Any) -> None:
        """Show a path; the whole of it is the tooltip."""
        if self.line.text() != value:
            self.line.setText(str(value))
        self.line.setToolTip(str(value))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take anything from the file browser."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Take the first of what is dropped."""
        self._choose(event.mimeData().urls()[0].toLocalFile())

    def _browse(self) -> None:
        self._choose(self._ask(self, self.line.text()))

    def _choose(self, path: str) -> None:
        if path:
            self.line.setText(path)
            self.value_chosen.emit(path)


def make_folder_editor() -> PathEditor:
    """Return the editor of a folder of clips."""

    def ask(parent: QWidget, at: str) -> str:
        return QFileDialog.getExistingDirectory(parent, "Folder of clips", at)

    return PathEditor("Drop a folder here", "Choose the folder", "ph.folder-open", ask)


def make_table_editor() -> PathEditor:
    """Return the editor of a CSV file."""

    def ask(parent: QWidget, at: str) -> str:
        return QFileDialog.getOpenFileName(parent, "CSV file of measurements", at, TABLES)[0]

    return PathEditor("Drop a CSV file here", "Choose the CSV file", "ph.table", ask)


class NamesEditor(FieldEditor):
    """Names of things in the data, typed or ticked in a menu; `find` returns those of a place, or why not."""

    def __init__(self, placeholder: str, verb: str, find: Callable[[str, Layout], tuple[Sequence[str], str]]) -> None:
        super().__init__()
        self._find = find
        self.place = ""
        self.layout: Layout = "automatic"
        self.line = UnitLine()
        self.line.setPlaceholderText(placeholder)
        self.line.textEdited.connect(self.text_edited)
        button = _tool(verb, "ph.check-square", None)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = _StayingMenu(self)
        self.menu.aboutToShow.connect(self._fill)
        button.setMenu(self.menu)
        self.hold(self.line, button)

    def show_value(self, value: Any) -> None:
        """Show names, in the order typed while it names the same ones."""
        if sorted(texts_of(self.line.text())) != sorted(value):
            self.line.setText(field_text.write(value))
            self.line.setCursorPosition(0)
        self.line.setToolTip(field_text.write(value))

    def show_data(self, place: str, layout: Layout = "automatic") -> None:
        """Offer what is in other data."""
        self.place, self.layout = place, layout

    def _fill(self) -> None:
        self.menu.clear()
        chosen = texts_of(self.line.text())
        names, trouble = self._find(self.place, self.layout)
        for name in names:
            action = self.menu.addAction(verbatim(name))
            action.setData(name)
            action.setCheckable(True)
            action.setChecked(name in chosen)
            action.toggled.connect(self._read_menu)
        if self.menu.isEmpty():
            self.menu.addAction(verbatim(trouble)).setEnabled(False)

    def _read_menu(self) -> None:
        names = tuple(action.data() for action in self.menu.actions() if action.isChecked())
        self.line.setText(field_text.write(names))
        self.value_chosen.emit(names)


def make_labels_editor() -> NamesEditor:
    """Return the editor of labels of a folder's sub-folders."""

    def find(folder: str, layout: Layout) -> tuple[Sequence[str], str]:
        return known_labels(Path(folder), layout) if folder else (), "Choose a folder of labels first"

    return NamesEditor("every label", "Tick labels of the folder", find)


def make_columns_editor(placeholder: str, holding: str = "numbers") -> NamesEditor:
    """Return the editor of columns of a CSV file that hold numbers, or anything."""
    return NamesEditor(placeholder, "Tick columns of the file", lambda file, _: columns_in(file, holding))


class ColumnEditor(FieldEditor):
    """One column of a CSV file, typed or chosen in a menu."""

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self.place = ""
        self.line = UnitLine()
        self.line.setPlaceholderText(placeholder)
        self.line.textEdited.connect(self.text_edited)
        button = _tool("Choose a column of the file", "ph.columns", None)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu = QMenu(self)
        self.menu.aboutToShow.connect(self._fill)
        button.setMenu(self.menu)
        self.hold(self.line, button)

    def show_value(self, value: Any) -> None:
        """Show a column's name."""
        if self.line.text() != value:
            self.line.setText(str(value))

    def show_data(self, place: str, layout: Layout = "automatic") -> None:  # noqa: ARG002
        """Offer the columns of another file."""
        self.place = place

    def _fill(self) -> None:
        self.menu.clear()
        names, trouble = columns_in(self.place, "anything")
        for name in names:
            self.menu.addAction(verbatim(name), lambda name=name: self._choose(name))
        if self.menu.isEmpty():
            self.menu.addAction(verbatim(trouble)).setEnabled(False)
        else:
            self.menu.addSeparator()
            self.menu.addAction("Find it", lambda: self._choose(""))

    def _choose(self, name: str) -> None:
        self.line.setText(name)
        self.value_chosen.emit(name)


def columns_in(file: str, holding: str) -> tuple[Sequence[str], str]:
    """Return columns of a CSV file that hold numbers, or anything, or why there are none. Reads its two ends alone."""
    if not file:
        return (), "Choose a CSV file first"
    try:
        form = table_form(Path(file))
    except DataError as error:
        return (), str(error)
    return (form.numeric if holding == "numbers" else form.columns), ""


class _StayingMenu(QMenu):
    """A menu that stays open while several entries are ticked."""

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802
        action = self.activeAction()
        if action is not None and action.isCheckable():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)


def _tool(verb: str, icon: str, act: Any) -> QToolButton:
    button = QToolButton(toolTip=verb)
    button.setAccessibleName(verb)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    theme.set_icon(button, icon)
    if act is not None:
        button.clicked.connect(act)
    return button
