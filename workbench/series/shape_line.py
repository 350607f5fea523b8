"""What was understood of a table, in a sentence, and the setting that corrects it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from core.datasets.table_check import TableReport
from core.spec import SeriesData
from workbench.form.editors import make_editor

CONTROL_WIDTH = 132


class ShapeLine(QFrame):
    """Says how the columns of a table were read, and asks for another reading."""

    data_wanted = Signal(object)
    """A SeriesData of the same file in another shape, whose columns are found anew."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "header")
        self.series_data = SeriesData.model_construct()
        self.sentence = QLabel(wordWrap=True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setAccessibleName("How the table was read")
        self.editor = make_editor(SeriesData, "shape")
        self.editor.setFixedWidth(CONTROL_WIDTH)
        self.editor.setToolTip(SeriesData.model_fields["shape"].description or "")
        self.editor.control.setAccessibleName("Shape of the table")
        label = QLabel("Shape")
        label.setProperty("role", "muted")
        label.setBuddy(self.editor.control)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.sentence, 1)
        row.addWidget(label)
        row.addWidget(self.editor)
        self.editor.value_chosen.connect(self._choose)
        self.hide()

    def show_data(self, data: SeriesData) -> None:
        """Show the setting of a table of which nothing is known yet."""
        self.series_data = data
        self.setVisible(bool(data.file))
        self.sentence.setText("")
        self.editor.show_value(data.shape)

    def show_report(self, report: TableReport) -> None:
        """Say how the table was read."""
        self.sentence.setText(report.understood)

    def _choose(self, shape: str) -> None:
        if shape != self.series_data.shape:
            # Series and columns have other names.
            self.data_wanted.emit(self.series_data.model_copy(update={"shape": shape, "targets": (), "inputs": ()}))
