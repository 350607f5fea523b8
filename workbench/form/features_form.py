"""The settings of the features as controls to drag, generated from the section of the spec."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from core.errors import FeatureError
from core.features.kinds import KINDS
from core.section import examine
from core.spec import Features, KeywordSpottingSpec, TrialSpec
from workbench.form.draft import Draft, fields_of
from workbench.form.row import FormRow
from workbench.form.slider_editor import SliderEditor, make_dragged_editor

SECTION = "features"
LABEL_WIDTH = 120


class FeaturesForm(QScrollArea):
    """Edits the features of a draft. Fields that do not apply are absent."""

    def __init__(self, draft: Draft, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.draft = draft
        self.rows: dict[str, FormRow] = {}
        self._reference: Features | None = None
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 8, 8)
        column.setSpacing(0)
        for path in fields_of(draft.spec_type):
            section, _, name = path.partition(".")
            if section == SECTION:
                column.addWidget(self._make_row(path, name))
        column.addStretch(1)
        self.setWidget(body)
        draft.changed.connect(self.show_state)
        draft.replaced.connect(self.show_values)
        self.show_state()

    def _make_row(self, path: str, name: str) -> FormRow:
        row = FormRow(self.draft, path, make_dragged_editor, LABEL_WIDTH)
        # What is looked at here is one setting at a time; several are compared under Class difference.
        row.mark.hide()
        if isinstance(row.editor, SliderEditor):
            row.editor.line.setAccessibleName(f"{row.editor.slider.accessibleName()}, as a number")
        self.rows[name] = row
        return row

    def show_values(self) -> None:
        """Show the values of a draft that was replaced."""
        for row in self.rows.values():
            row.show_value()

    def show_state(self) -> None:
        """Show what applies, what is wrong, and what differs from the spec in the experiment's form."""
        for name, row in self.rows.items():
            row.show_state(self._reference is not None and self._differs(name))
            row.dot.setToolTip("Differs from the experiment" if row.dot.text() else "")
        features = valid_features(self.draft)
        if features is not None:
            self._offer_what_fits(features)

    def _offer_what_fits(self, features: Features) -> None:
        """Let no slider be dragged to where it contradicts another one."""
        values = features.model_dump()

        def fits(name: str, value: float) -> bool:
            return not examine(Features, values | {name: value})[1]

        for name, row in self.rows.items():
            if isinstance(row.editor, SliderEditor):
                row.editor.offer(values[name], partial(fits, name))

    def compare_with(self, spec: TrialSpec | None) -> None:
        """Mark what differs from a spec with a dot."""
        self._reference = spec.features if spec else None
        self.show_state()

    def _differs(self, name: str) -> bool:
        return getattr(self._reference, name) != self.draft.value(f"{SECTION}.{name}")


def valid_features(draft: Draft) -> Features | None:
    """Return a draft's features when they can be computed, whatever is wrong elsewhere: no network need take them."""
    found = draft.settings.features if isinstance(draft.settings, KeywordSpottingSpec) else _without_problem(draft)
    try:
        if found is not None:
            KINDS[found.kind].require()
    except FeatureError:
        return None
    return found


def _without_problem(draft: Draft) -> Features | None:
    if any(problem.path.startswith(f"{SECTION}.") for problem in draft.problems):
        return None
    found, _ = examine(Features, draft.value(SECTION))
    return found if isinstance(found, Features) else None
