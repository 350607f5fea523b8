"""The panel at the right: everything known of one trial, its figures first."""

from pathlib import Path

from PySide6.QtCore import QRectF, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from core.errors import WorkbenchError
from core.events import Event
from core.experiment.store import Constraints, Study, TrialState, TrialSummary
from core.results import Classification, Forecast, TrialResult
from workbench import theme
from workbench.plots.confusion import ConfusionMatrix
from workbench.plots.curves import TrainingCurves
from workbench.trials.facts import STATE_NAMES, Differences, limits_of, title_of
from workbench.trials.forecast_panel import ForecastSection
from workbench.trials.sheets import (
    differences_sheet,
    figures_sheet,
    files_sheet,
    labels_sheet,
    limits_sheet,
    truths_sheet,
)
from workbench.trials.symbol import paint_signed_letter

CURVES_HEIGHT = 600
NARROWEST = 300


class ElidedLabel(QLabel):
    """One line that ends in … where it does not fit, and says all of it in its tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ""
        self.setMinimumWidth(40)

    def show_words(self, words: str) -> None:
        """Show other words."""
        self._words = words
        self.setToolTip(words)
        self.setAccessibleName(words)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Fit the words to the room there is."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._words, Qt.TextElideMode.ElideRight, self.width()))


class SignLabel(QWidget):
    """A trial's sign and letter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._number, self._letter = 0, ""
        theme.changed.connect(self.update)

    def show_trial(self, trial: TrialSummary) -> None:
        """Show another trial's sign."""
        self._number, self._letter = trial.number, trial.letter
        self.setAccessibleName(f"Trial {trial.letter}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Return room for the sign and the letter."""
        font = theme.font()
        font.setBold(True)
        return QSize(22 + self.fontMetrics().horizontalAdvance(self._letter) + 4, 24)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: ARG002, N802
        """Paint it."""
        if not self._number:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.font()
        font.setBold(True)
        painter.setFont(font)
        paint_signed_letter(painter, QRectF(self.rect()), self._number, self._letter, theme.current())


class Section(QWidget):
    """A heading and what stands beneath it; hidden where there is nothing to say."""

    def __init__(self, heading: str, *contents: QWidget) -> None:
        super().__init__()
        title = QLabel(heading)
        title.setProperty("role", "section")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addWidget(title)
        for content in contents:
            column.addWidget(content)


class TrialDetails(QScrollArea):
    """Shows one trial of a study."""

    use_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(NARROWEST)
        self.setAccessibleName("Details of the trial")
        self.sign, self.title, self.state = SignLabel(), ElidedLabel(), QLabel()
        self.title.setProperty("role", "title")
        self.state.setProperty("role", "muted")
        self.use = QPushButton("Use these settings", toolTip="Take this trial's settings to the form")
        self.use.clicked.connect(self.use_requested)
        self.more = QPushButton("More")
        self.more.setAccessibleName("More actions for this trial")
        theme.set_icon(self.more, "ph.dots-three")
        self.message, self.limits, self.figures, self.truths = _sheet(), _sheet(), _sheet(), _sheet()
        self.message.setProperty("role", "bad")
        self.truths.setProperty("role", "warning")
        self.changes, self.labels, self.files = _sheet(), _sheet(), _sheet()
        self.confusion = ConfusionMatrix()
        self.curves = TrainingCurves(empty="No epoch has ended yet.", num_columns=1)
        self.curves.setFixedHeight(CURVES_HEIGHT)
        self.folder = QPushButton("Open folder")
        self.folder.clicked.connect(self.open_folder)
        self.changes_section = Section("Differs from the reference", self.changes)
        self.confusion_section = Section("Confusion", self.confusion)
        self.forecast = ForecastSection()
        self.forecast_section = Section("Forecast against truth", self.forecast)
        self.labels_section = Section("Per label", self.labels)
        self.curves_section = Section("Training", self.curves)
        self.files_section = Section("Files", self.files, self.folder)
        self._path = Path()
        self._shown: tuple[object, ...] = ()
        self._build()

    def _build(self) -> None:
        content = QFrame()
        column = QVBoxLayout(content)
        column.setContentsMargins(16, 12, 16, 16)
        column.setSpacing(8)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.sign)
        head.addWidget(self.title, 1)
        head.addWidget(self.state)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.use, 1)
        buttons.addWidget(self.more)
        column.addLayout(head)
        column.addLayout(buttons)
        for widget in (self.message, self.limits, self.figures, self.truths):
            column.addWidget(widget)
        self._sections = (
            self.changes_section, self.forecast_section, self.confusion_section, self.labels_section,
            self.curves_section, self.files_section,
        )  # fmt: skip
        for section in self._sections:
            column.addWidget(section)
        column.addStretch(1)
        self.setWidget(content)

    def show_trial(
        self, study: Study, trial: TrialSummary, differences: Differences, constraints: Constraints, device: str
    ) -> None:
        """Show a trial as it is now."""
        another = self._path != study.place_of(trial.name)
        self._path = study.place_of(trial.name)
        self.sign.show_trial(trial)
        self.title.show_words(title_of(trial))
        self.state.setText(STATE_NAMES[trial.state])
        result, trouble = _result_of(study, trial)
        _show(self.message, trouble or (trial.message if trial.state is TrialState.FAILED else ""))
        _show(self.limits, limits_sheet(limits_of(trial, constraints, device)))
        _show(self.figures, figures_sheet(trial, result, device))
        _show(self.truths, truths_sheet(trial, device))
        is_reference = trial.name == study.reference
        _show(self.changes, differences_sheet(differences.of(trial.name), is_reference=is_reference))
        self.changes_section.setVisible(study.reference is not None)
        self._show_quality(result)
        self.curves_section.setVisible(trial.state is not TrialState.QUEUED)
        _show(self.files, files_sheet(self._path))
        if another or trial.state is not TrialState.RUNNING:
            self.curves.show_events(_events_of(study, trial))
        if another:
            self.verticalScrollBar().setValue(0)

    def _show_quality(self, result: TrialResult | None) -> None:
        """Show which words were taken for which, or how the test period was forecast."""
        quality = result.quality if result else None
        words = quality if isinstance(quality, Classification) else None
        self.confusion.show_quality(words)
        _show(self.labels, labels_sheet(words.per_label) if words else "")
        for section in (self.confusion_section, self.labels_section):
            section.setVisible(words is not None)
        self.forecast_section.setVisible(isinstance(quality, Forecast))
        if isinstance(quality, Forecast):
            self.forecast.show_trial(self._path, quality)

    def take_focus(self) -> None:
        """Let the keyboard go on here, where a trial is shown."""
        if self.isVisible():
            self.use.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def open_folder(self) -> None:
        """Show the trial's files in the system's file browser."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._path)))


def _result_of(study: Study, trial: TrialSummary) -> tuple[TrialResult | None, str]:
    if trial.state is not TrialState.FINISHED:
        return None, ""
    try:
        return study.result(trial.name), ""
    except WorkbenchError as error:
        return None, str(error)


def _events_of(study: Study, trial: TrialSummary) -> list[Event]:
    """Return what a trial said; nothing of one that is not to be opened, whose message says so."""
    try:
        return study.events(trial.name)
    except WorkbenchError:
        return []


def _sheet() -> QLabel:
    sheet = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
    sheet.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
    )
    return sheet


def _show(sheet: QLabel, text: str) -> None:
    if sheet.text() != text:
        sheet.setText(text)
    sheet.setVisible(bool(text))
