"""What a device forecasts from: a table that lies on it, or a command there that reads a sensor."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

from core.deploy.forecast import ForecastSource, SourceKind
from workbench.form.fields import guard_wheel

KINDS: dict[SourceKind, tuple[str, str, str]] = {
    "csv": ("CSV file there", "weather.csv", "CSV file on the device"),
    "sqlite": ("SQLite file there", "readings.sqlite", "SQLite file on the device"),
    "command": ("Sensor’s command there", "python3 dht22.py", "Command on the device that reads a sensor"),
}
LINE_WIDTH = 280


class SourceForm(QWidget):
    """A choice, its line, and what is needed only where names do not tell it."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = QComboBox()
        self.kind.setAccessibleName("What the device forecasts from")
        for kind, (words, _, _) in KINDS.items():
            self.kind.addItem(words, kind)
        guard_wheel(self.kind)
        self.place, self.table, self.columns = QLineEdit(), QLineEdit(), QLineEdit()
        self.place.setMinimumWidth(LINE_WIDTH)
        self.table.setPlaceholderText("The first that has the columns")
        self.table.setAccessibleName("Table of the SQLite file")
        self.columns.setPlaceholderText("By their names, or T = indoor, rh = damp")
        self.columns.setAccessibleName("Columns of the model’s inputs")
        self.any_age = QCheckBox("From old rows as well")
        self.any_age.setToolTip("Forecast even when the newest row is more than two steps old")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        self._names = {}
        for row, (words, widget) in enumerate(
            (("From", self.kind), ("", self.place), ("Table", self.table), ("Columns", self.columns))
        ):
            name = QLabel(words)
            name.setProperty("role", "muted")
            self._names[widget] = name
            grid.addWidget(name, row, 0)
            grid.addWidget(widget, row, 1)
        grid.addWidget(self.any_age, 4, 1)
        grid.setColumnStretch(1, 1)
        self.kind.currentIndexChanged.connect(self._follow)
        self.kind.activated.connect(self.edited)
        for line in (self.place, self.table, self.columns):
            line.textEdited.connect(self.edited)
        self._follow()

    def problem(self) -> str:
        """Return what has to be said yet; nothing when all is."""
        _, example, what = KINDS[self.kind.currentData()]
        if not self.place.text().strip():
            return f"Name the {what[0].lower() if what[1].islower() else what[0]}{what[1:]}, such as {example}"
        try:
            self._columns()
        except ValueError as error:
            return f"Write each column as INPUT = COLUMN, with commas between them, not {error}"
        return ""

    def source(self) -> ForecastSource:
        """Return what is said here."""
        kind = self.kind.currentData()
        return ForecastSource(
            kind=kind,
            place=self.place.text().strip(),
            table=self.table.text().strip() if kind == "sqlite" else "",
            columns=self._columns(),
            any_age=self.any_age.isChecked() and kind != "command",
        )

    def _columns(self) -> dict[str, str]:
        found = {}
        for part in filter(str.strip, self.columns.text().split(",")):
            wanted, mark, column = (piece.strip() for piece in part.rpartition("="))
            if not mark or not wanted or not column:
                raise ValueError(repr(part.strip()))
            found[wanted] = column
        return found

    def _follow(self) -> None:
        kind = self.kind.currentData()
        _, example, what = KINDS[kind]
        self.place.setPlaceholderText(example)
        self.place.setAccessibleName(what)
        for widget, is_shown in ((self.table, kind == "sqlite"), (self.any_age, kind != "command")):
            widget.setVisible(is_shown)
            if widget in self._names:
                self._names[widget].setVisible(is_shown)
