"""Class difference: what tells two labels apart, under up to three values of one setting."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from core.datasets.class_difference import MOST_VARIANTS, ClassDifference
from core.datasets.clips import extra_labels, known_labels
from core.section import declared, examine
from core.spec import Dataset, Features
from workbench.features.difference_grid import DifferenceGrid
from workbench.features.difference_run import DifferenceRun
from workbench.form import field_text
from workbench.form.fields import guard_wheel
from workbench.widgets.elided_label import ElidedLabel

FOLLOW_MS = 33
VALUES_WIDTH, WIDEST = 120, 184
NOTHING = "nothing"
EMPTY = (
    "Here the mean pictures of two labels stand beside their difference.\n"
    "Choose a folder with a sub-folder of clips for each label: under Data on the Experiment page."
)
PLAIN, STANDARDIZED = "Difference", "÷ deviation"


class DifferencePanel(QWidget):
    """Asks for two labels and what varies, and follows the settings."""

    def __init__(self, features: Features, dataset: Dataset, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.features, self.dataset = features, dataset
        self.results: list[ClassDifference] = []
        self.seconds = 0.0
        """What the last comparison took."""
        self.run = DifferenceRun(self)
        self.run.finished.connect(self._show_results)
        self.run.advanced.connect(self._show_progress)
        self.run.failed.connect(self._show_problem)
        self._titles: list[str] = []
        self._picked = False
        """Whether the user chose the labels; else they are the first of the data set."""
        self._soon = QTimer(self, singleShot=True, interval=FOLLOW_MS)
        self._soon.timeout.connect(self._compare)
        self._build()
        self.use_dataset(dataset)

    def _build(self) -> None:
        self.first, self.second = _menu("First label", 5), _menu("Second label", 5)
        self.varied = _menu("Setting that varies", 8)
        self.varied.addItem(NOTHING, "")
        for name in Features.model_fields:
            self.varied.addItem(field_text.label_of(Features, name), name)
        self.values = QLineEdit()
        self.values.setAccessibleName("Values to compare")
        self.values.setMinimumWidth(VALUES_WIDTH)
        self.values.textEdited.connect(self._follow)
        self.values.hide()
        self.shown = _menu("Unit of the difference", 7)
        self.shown.addItems([PLAIN, STANDARDIZED])
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("role", "problem")
        self.problem.hide()
        self.status = ElidedLabel()
        self.readout = ElidedLabel()
        self.readout.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        for label in (self.status, self.readout):
            label.setProperty("role", "muted")
        self.first.activated.connect(self._pick)
        self.second.activated.connect(self._pick)
        self.varied.activated.connect(self._vary)
        self.shown.activated.connect(self._redraw)
        self.grid = DifferenceGrid()
        self.grid.pointed.connect(self.readout.setText)
        empty = QLabel(EMPTY, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        empty.setProperty("role", "muted")
        self.pictures = QStackedWidget()
        self.pictures.addWidget(empty)
        self.pictures.addWidget(self.grid)
        card = QFrame()
        card.setProperty("role", "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(2, 2, 2, 2)
        inside.setSpacing(0)
        inside.addWidget(self.pictures, 1)
        footer = QHBoxLayout()
        footer.setContentsMargins(12, 0, 12, 2)
        footer.addWidget(self.status, 1)
        footer.addWidget(self.readout, 1)
        inside.addLayout(footer)
        area = QVBoxLayout()
        area.setContentsMargins(8, 8, 8, 8)
        area.setSpacing(8)
        area.addWidget(self.problem)
        area.addWidget(card, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._build_bar())
        column.addLayout(area, 1)

    def _build_bar(self) -> QFrame:
        bar = QFrame()
        bar.setProperty("role", "header")
        row = QHBoxLayout(bar)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(6)
        for part in (self.first, "against", self.second, "varying", self.varied, self.values):
            if isinstance(part, str):
                row.addWidget(QLabel(part))
            else:
                row.addWidget(part, 8)
                part.setMaximumWidth(WIDEST)
        row.addStretch(1)
        row.addWidget(self.shown)
        return bar

    # What the page asks for

    def use(self, features: Features) -> None:
        """Follow the settings."""
        if features != self.features:
            self.features = features
            if not self.values.isModified():
                self._propose_values()
            self._follow()

    def use_dataset(self, dataset: Dataset) -> None:
        """Offer the labels of a data set; those chosen before stay while it has them."""
        chosen = [menu.currentText() for menu in (self.first, self.second)] if self._picked else []
        self.dataset = dataset
        names = _labels_of(dataset)
        wanted = [label for label in chosen if label in names] or [label for label in dataset.labels if label in names]
        wanted = (wanted + [label for label in names if label not in wanted])[:2]
        for menu, label in zip((self.first, self.second), wanted or ["", ""], strict=False):
            menu.clear()
            menu.addItems(names)
            menu.setCurrentText(label)
            menu.setEnabled(len(names) > 1)
        self._follow()

    def read_clips_again(self) -> None:
        """Average anew what was read before: clips were excluded, relabelled or trimmed."""
        self.run.forget_clips()
        self._follow()

    # What the user does

    def compare_values(self, name: str, text: str) -> None:
        """Vary a setting over values separated by commas, as typed."""
        self.varied.setCurrentIndex(self.varied.findData(name))
        self._vary()
        self.values.setText(text)
        self.values.setModified(True)
        self._follow()

    def _pick(self) -> None:
        self._picked = True
        self._follow()

    def _vary(self) -> None:
        self.values.setVisible(bool(self.varied.currentData()))
        self._propose_values()
        self._follow()

    def _propose_values(self) -> None:
        """Begin with the value at hand and two beside it, or with the choices there are."""
        name = self.varied.currentData()
        if not name:
            return
        field = Features.model_fields[name]
        if field_text.shape_of(field) in (field_text.Shape.CHOICE, field_text.Shape.SWITCH):
            self.values.setText(field_text.example(field))
        else:
            value = getattr(self.features, name)
            beside = [value, type(value)(value * 0.75), type(value)(value / 2)]
            self.values.setText(field_text.write_values(field, list(dict.fromkeys(beside))))
        self.values.setToolTip(f"Up to {MOST_VARIANTS} values, separated by commas")

    def _follow(self, *_: Any) -> None:
        if self.isVisible() and not self._soon.isActive():
            self._soon.start()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up with what changed out of sight."""
        super().showEvent(event)
        self._follow()

    # Comparing

    def _compare(self) -> None:
        if self.first.count() < 2:
            self.pictures.setCurrentIndex(0)
            return
        try:
            variants, titles = self._compared()
        except ValueError as error:
            self._show_problem(str(error))
            return
        self.problem.hide()
        self._titles = titles
        self.run.compare(self.dataset, (self.first.currentText(), self.second.currentText()), variants)

    def _variants(self) -> tuple[list[Features], list[str]]:
        """Return the settings to try and what to call them. Raises ValueError with a sentence."""
        name = self.varied.currentData()
        if not name:
            return [self.features], ["with the settings at the left"]
        values = field_text.read_values(Features.model_fields[name], self.values.text())
        if len(values) > MOST_VARIANTS:
            raise ValueError(
                f"at most {MOST_VARIANTS} values stand side by side, {len(values)} are given; leave some out"
            )
        variants, titles = [], []
        for value in values:
            found, problems = examine(Features, {**self.features.model_dump(), name: value})
            titles.append(_title(name, value))
            if problems:
                raise ValueError(f"{titles[-1]}: {problems[0].message}")
            assert isinstance(found, Features)
            variants.append(found)
        return variants, titles

    def _compared(self) -> tuple[list[Features], list[str]]:
        """Return the settings to compare and what to call them. Raises ValueError with a sentence."""
        variants, titles = self._variants()
        if not all(features.has_picture for features in variants):
            raise ValueError("a waveform has no picture to average; choose another kind")
        return variants, titles

    def _show_problem(self, sentence: str) -> None:
        self.problem.setText(sentence[:1].upper() + sentence[1:])
        self.problem.show()

    def _show_progress(self, done: int, total: int) -> None:
        if done < total:
            self.status.setText(f"Clip {done:,} of {total:,}")

    def _show_results(self, results: list[ClassDifference], seconds: float) -> None:
        self.results, self.seconds = results, seconds
        self._redraw()

    def _redraw(self) -> None:
        if not self.results:
            return
        standardized = self.shown.currentText() == STANDARDIZED
        titles = [
            f"{title}, {result.difference.shape[0]} × {result.difference.shape[1]}"
            for title, result in zip(self._titles, self.results, strict=False)
        ]
        self.grid.show_results(self.results, titles, self.dataset.clip_duration_ms / 1000, standardized=standardized)
        self.pictures.setCurrentWidget(self.grid)
        self.status.setText(f"{sum(self.results[0].counts):,} clips, averaged in {self.seconds:.2f} s")


def _labels_of(dataset: Dataset) -> list[str]:
    """Return the labels of a folder, and the extra ones that it has clips for."""
    if not dataset.folder:
        return []
    folder = Path(dataset.folder).expanduser()
    return [*known_labels(folder, dataset.layout), *extra_labels(folder, dataset.layout)]


def _title(name: str, value: Any) -> str:
    unit = declared(Features, name)["unit"]
    return f"{field_text.label_of(Features, name)} {field_text.words_of(field_text.write(value))} {unit}".rstrip()


def _menu(words: str, length: int) -> QComboBox:
    menu = QComboBox()
    menu.setAccessibleName(words)
    menu.setMinimumContentsLength(length)
    menu.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    guard_wheel(menu)
    return menu
