"""The working point of a detector as controls: threshold, averaging, suppression, minimum count, hop."""

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QDoubleSpinBox, QGridLayout, QLabel, QSlider, QSpinBox, QVBoxLayout, QWidget

from core.errors import DataError
from core.evaluation.detection import DetectionSettings
from workbench.form.fields import guard_wheel

STEPS = 1000
WHOLE = (
    ("average_window_ms", "Averaging", " ms", 0, 10_000, 50, "Time that the probabilities are averaged over"),
    ("suppression_ms", "Suppression", " ms", 0, 60_000, 100, "Time after a word in which none fires"),
    ("minimum_count", "Minimum count", "", 1, 1000, 1, "Runs of the network before a word may fire"),
    ("hop_ms", "Hop", " ms", 10, 1000, 10, "Time from one run of the network to the next"),
)


class DetectionForm(QWidget):
    """Shows detection settings and says when the user wants others."""

    settings_changed = Signal(object)
    """DetectionSettings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.settings = DetectionSettings()
        self.threshold = QDoubleSpinBox(minimum=0, maximum=1, singleStep=0.01, decimals=3)
        self.threshold.setAccessibleName("Threshold")
        self.threshold.setToolTip("Averaged probability at which a word fires")
        self.slider = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=STEPS)
        self.slider.setAccessibleName("Threshold, to drag")
        self.fault = QLabel(wordWrap=True)
        self.fault.setProperty("role", "problem")
        self.fault.hide()
        grid = QGridLayout()
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(0, 1)
        self._add(grid, 0, "Threshold", self.threshold)
        grid.addWidget(self.slider, 1, 0, 1, 2)
        self.boxes: dict[str, QSpinBox] = {}
        for row, (name, words, unit, least, most, step, explained) in enumerate(WHOLE, 2):
            box = QSpinBox(minimum=least, maximum=most, singleStep=step, suffix=unit)
            box.setAccessibleName(words)
            box.setToolTip(explained)
            self.boxes[name] = box
            self._add(grid, row, words, box)
        for control in (self.threshold, self.slider, *self.boxes.values()):
            guard_wheel(control)
        self.threshold.valueChanged.connect(self._read)
        self.slider.valueChanged.connect(lambda place: self.threshold.setValue(place / STEPS))
        for box in self.boxes.values():
            box.valueChanged.connect(self._read)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addWidget(self.fault)
        self.show_settings(self.settings)

    def show_settings(self, settings: DetectionSettings) -> None:
        """Show settings that came from elsewhere."""
        self.settings = settings
        self._show_fault("")
        controls = (self.threshold, self.slider, *self.boxes.values())
        blocked = [QSignalBlocker(control) for control in controls]
        self.threshold.setValue(settings.threshold)
        self.slider.setValue(round(STEPS * settings.threshold))
        for name, box in self.boxes.items():
            box.setValue(round(getattr(settings, name)))
        del blocked

    def _read(self) -> None:
        from core.experiment.spotting import changed_settings

        with QSignalBlocker(self.slider):
            self.slider.setValue(round(STEPS * self.threshold.value()))
        # What was not turned keeps its value: a hop need not be whole.
        turned = {
            name: box.value() for name, box in self.boxes.items() if box.value() != round(getattr(self.settings, name))
        }
        if abs(self.threshold.value() - self.settings.threshold) > 5e-4:
            turned["threshold"] = self.threshold.value()
        try:
            settings = changed_settings(self.settings, **turned)
        except DataError as error:
            self._show_fault(str(error))
            return
        self._show_fault("")
        if settings != self.settings:
            self.settings = settings
            self.settings_changed.emit(settings)

    def _show_fault(self, words: str) -> None:
        self.fault.setText(words[:1].upper() + words[1:])
        self.fault.setVisible(bool(words))

    def _add(self, grid: QGridLayout, row: int, words: str, control: QWidget) -> None:
        name = QLabel(words)
        name.setProperty("role", "muted")
        name.setBuddy(control)
        control.setMinimumWidth(108)
        grid.addWidget(name, row, 0)
        grid.addWidget(control, row, 1)
