"""What is to be recorded: folder, words, who speaks, how many takes."""

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from workbench.form.data_editors import make_folder_editor
from workbench.form.fields import guard_wheel
from workbench.record.takes import Batch
from workbench.widgets.labelled import labelled, side_by_side


class RecordForm(QWidget):
    """The settings of a batch."""

    edited = Signal()

    def __init__(self, folder: Path, person: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = make_folder_editor()
        self.folder.show_value(str(folder))
        self.folder.text_edited.connect(self.edited)
        self.folder.value_chosen.connect(self.edited)
        self.words = QLineEdit()
        self.words.setPlaceholderText("go, stop")
        self.person = QLineEdit(person)
        self.person.setPlaceholderText("Nobody in particular")
        self.person.setToolTip("The same name gives the same eight digits in file names, and is not kept in them")
        for line in (self.words, self.person):
            line.textEdited.connect(self.edited)
        self.takes = QSpinBox(minimum=1, maximum=1000, value=10)
        self.pause = QDoubleSpinBox(minimum=0.5, maximum=10, value=1.0, singleStep=0.5, decimals=1, suffix=" s")
        for box in (self.takes, self.pause):
            guard_wheel(box)
        folder_row = labelled("Folder", self.folder)
        self.folder.line.setAccessibleName("Folder that takes are saved in")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(folder_row)
        column.addWidget(labelled("Words, separated by commas", self.words))
        column.addWidget(labelled("Who speaks", self.person))
        column.addWidget(side_by_side(labelled("Takes a word", self.takes), labelled("Pause before each", self.pause)))

    def propose_words(self, labels: Iterable[str]) -> None:
        """Fill in words to record, unless the user wrote other ones."""
        if not self.words.isModified():
            self.words.setText(", ".join(labels))

    @property
    def chosen_folder(self) -> Path:
        """The folder, the home folder's sign resolved."""
        return Path(self.folder.line.text().strip()).expanduser()

    @property
    def batch(self) -> Batch:
        """What the controls say."""
        words = dict.fromkeys(word.strip() for word in self.words.text().split(","))
        return Batch(
            folder=self.chosen_folder,
            labels=tuple(word for word in words if word),
            takes_per_label=self.takes.value(),
            person=self.person.text(),
            pause_s=self.pause.value(),
        )
