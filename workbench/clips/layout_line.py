"""What was understood of a folder, in a sentence, and the two settings that correct it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from core.datasets.catalogue import Catalogue
from core.settings.clips import Layout, fault_of_pattern
from core.spec import Dataset, Split
from workbench.form.editors import make_editor

CONTROL_WIDTH, PATTERN_WIDTH = 132, 172
LOOKING = "Looking for labels, speakers and parts"


class LayoutLine(QFrame):
    """Says where label, speaker and part come from, and asks for other places."""

    dataset_wanted = Signal(object)
    """A Dataset of the same folder under another layout, with all of its labels."""
    split_wanted = Signal(object)
    """A Split whose speakers are found by another pattern."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "header")
        self.dataset, self.split = Dataset(), Split()
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setAccessibleName("What was understood of the folder")
        self.layout_editor = make_editor(Dataset, "layout")
        self.pattern_editor = make_editor(Split, "speaker_pattern")
        self.layout_editor.setFixedWidth(CONTROL_WIDTH)
        self.pattern_editor.setFixedWidth(PATTERN_WIDTH)
        self.layout_editor.setToolTip(Dataset.model_fields["layout"].description or "")
        self.pattern_editor.setToolTip(Split.model_fields["speaker_pattern"].description or "")
        self.layout_editor.control.setAccessibleName("Where labels come from")
        self.pattern = self.pattern_editor.line  # type: ignore[attr-defined]
        self.pattern.setAccessibleName("Pattern of the speaker in a file's name")
        self.pattern.setPlaceholderText("known kinds of names")
        self._build()
        self.layout_editor.value_chosen.connect(self._choose_layout)
        self.pattern.editingFinished.connect(self._choose_pattern)
        self.pattern.textEdited.connect(self._judge)
        self.hide()

    def _build(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.sentence, 1)
        for words, editor in (("Labels", self.layout_editor), ("Speakers", self.pattern_editor)):
            label = QLabel(words)
            label.setProperty("role", "muted")
            label.setBuddy(editor.control)
            row.addWidget(label)
            row.addWidget(editor)

    def show_settings(self, dataset: Dataset, split: Split) -> None:
        """Show the settings of a data set of which nothing is known yet."""
        self.dataset, self.split = dataset, split
        self.setVisible(bool(dataset.folder))
        self.sentence.setText(LOOKING)
        self.layout_editor.show_value(dataset.layout)
        if not self.pattern.hasFocus():
            self.pattern_editor.show_value(split.speaker_pattern)
            self._judge(split.speaker_pattern)

    def show_understood(self, catalogue: Catalogue) -> None:
        """Say what was understood."""
        self.sentence.setText(catalogue.understood)

    def show_trouble(self) -> None:
        """Say nothing: the page says why there are no clips, and this may mend it."""
        self.sentence.setText("")

    def _choose_layout(self, layout: Layout) -> None:
        if layout != self.dataset.layout:
            self.dataset_wanted.emit(self.dataset.model_copy(update={"layout": layout, "labels": ()}))

    def _choose_pattern(self) -> None:
        pattern = self.pattern.text().strip()
        if pattern != self.split.speaker_pattern and not self._judge(pattern):
            self.split_wanted.emit(self.split.model_copy(update={"speaker_pattern": pattern}))

    def _judge(self, pattern: str) -> str:
        """Mark a pattern that is none; its fault stands in the place of the sentence's tooltip."""
        fault = fault_of_pattern(pattern.strip())
        self.pattern_editor.show_fault(fault)
        explained = Split.model_fields["speaker_pattern"].description or ""
        self.pattern_editor.setToolTip(f"The pattern {fault}" if fault else explained)
        return fault
