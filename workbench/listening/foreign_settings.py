"""Asks how a model from elsewhere wants its input, where nothing beside the file says so."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QLineEdit, QPushButton, QToolButton, QWidget

from core.datasets.preprocessing import Preprocessing
from core.errors import WorkbenchError
from core.experiment.model_choice import preprocessing_of_spec
from core.experiment.typed_lists import texts_of
from workbench import theme

SPECS = "Settings of a trial (*.toml)"


class ForeignSettings(QFrame):
    """A line with the model's name, its labels and the file of its settings."""

    settings_given = Signal(object, object)
    """Path of the model and its Preprocessing."""
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "header")
        self.model = Path()
        self.words = QLabel(wordWrap=True)
        self.labels = QLineEdit()
        self.labels.setPlaceholderText("Labels in the order of its outputs: go, stop")
        self.labels.setAccessibleName("Labels in the order of the model's outputs")
        self.choose = QPushButton("Choose settings…")
        self.choose.setToolTip("A TOML file with the features and clip duration that the model was trained with")
        self.choose.clicked.connect(self.ask)
        dismiss = QToolButton(toolTip="Close this line")
        dismiss.setAccessibleName("Close this line")
        dismiss.setProperty("role", "mark")
        theme.set_icon(dismiss, "ph.x", "muted")
        dismiss.clicked.connect(self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 8, 8)
        row.setSpacing(12)
        row.addWidget(self.words, 2)
        row.addWidget(self.labels, 1)
        row.addWidget(self.choose)
        row.addWidget(dismiss)
        self.hide()

    def ask_for(self, model: Path) -> None:
        """Ask for the settings of a model."""
        self.model = model
        self.words.setText(f"{model.name} has no preprocessing.json beside it. Name its labels, then its settings.")
        self.show()
        self.labels.setFocus()

    def ask(self) -> None:
        """Let the user choose the file of the settings."""
        path, _ = QFileDialog.getOpenFileName(self, f"Settings of {self.model.name}", str(self.model.parent), SPECS)
        if path:
            self.take(Path(path))

    def take(self, path: Path) -> None:
        """Read settings from a spec's TOML file."""
        order = texts_of(self.labels.text())
        try:
            preprocessing: Preprocessing = preprocessing_of_spec(path, order)
        except WorkbenchError as error:
            self.failed.emit(str(error))
            return
        self.hide()
        self.settings_given.emit(self.model, preprocessing)
