"""The line above the clip browser that narrows it down: words, part, and what is wrong with a clip."""

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QWidget

from core.datasets.catalogue import NONE
from core.datasets.clip_facts import FAULTS
from workbench.clips.rows import ANY_FAULT, CHANGED, EXCLUDED, FAULT_WORDS, PART_WORDS, UNLIKE, ClipFilter

PROBLEMS = {
    "": "Any clip",
    ANY_FAULT: "Anything wrong",
    **{kind: FAULT_WORDS[kind][:1].upper() + FAULT_WORDS[kind][1:] for kind in FAULTS},
    UNLIKE: "Sounds unlike its label",
    EXCLUDED: "Excluded",
    CHANGED: "Relabelled or trimmed",
}


class ClipFilterBar(QWidget):
    """Says what the user wants to see; the labels come from their table."""

    changed = Signal(object)
    """The new ClipFilter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels: tuple[str, ...] = ()
        self.words = QLineEdit(placeholderText="File or speaker", clearButtonEnabled=True)
        self.words.setAccessibleName("Filter clips by file name or speaker")
        self.words.setMinimumWidth(96)
        self.part = QComboBox()
        self.part.setAccessibleName("Show clips of this part")
        self.part.addItem("Any part", None)
        for place, words in enumerate(PART_WORDS):
            self.part.addItem(words.capitalize(), place)
        self.part.addItem("Not used", NONE)
        self.problem = QComboBox()
        self.problem.setAccessibleName("Show clips with this problem")
        for problem, words in PROBLEMS.items():
            self.problem.addItem(words, problem)
        self.count = QLabel()
        self.count.setProperty("role", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        for widget in (self.part, self.problem, self.count):
            row.addWidget(widget)
        self.words.textChanged.connect(self._tell)
        self.part.currentIndexChanged.connect(self._tell)
        self.problem.currentIndexChanged.connect(self._tell)

    @property
    def filter(self) -> ClipFilter:
        """What is set."""
        return ClipFilter(self._labels, self.part.currentData(), self.problem.currentData(), self.words.text().strip())

    def choose_labels(self, labels: tuple[str, ...]) -> None:
        """Show clips of these labels alone; of all when none is named."""
        if labels != self._labels:
            self._labels = labels
            self._tell()

    def choose_problem(self, problem: str) -> None:
        """Show clips with a problem alone, whatever their part and name."""
        # Not the line's signals, by which its button to clear it learns that it is empty.
        with QSignalBlocker(self):
            self.words.clear()
            self.part.setCurrentIndex(0)
            self.problem.setCurrentIndex(self.problem.findData(problem))
        self._tell()

    def clear(self) -> None:
        """Show every clip again."""
        self._labels = ()
        self.choose_problem("")

    def show_count(self, shown: int, total: int) -> None:
        """Say how many clips are shown."""
        plural = "s" if total != 1 else ""
        self.count.setText(f"{shown:,} of {total:,}" if shown != total else f"{total:,} clip{plural}")

    def _tell(self) -> None:
        self.changed.emit(self.filter)
