"""The Features page: what a network gets to see of a sound, while its settings are dragged."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from core.spec import Features, KeywordSpottingSpec, TrialSpec
from workbench import theme
from workbench.features.difference_panel import DifferencePanel
from workbench.features.live_panel import LivePanel
from workbench.form.draft import Draft
from workbench.form.essences import essence
from workbench.form.features_form import FeaturesForm, valid_features
from workbench.form.starter_specs import last_of_clips, last_spec
from workbench.jobs import Jobs
from workbench.plots.mel_filters import MelFilters
from workbench.preferences import Preferences
from workbench.session import Session
from workbench.widgets.elided_label import ElidedLabel
from workbench.widgets.other_task import OtherTask

FORM_WIDTH, PICTURES_WIDTH = 392, 800
FILTERS_HEIGHT = 104
SAME = "The experiment has these settings"
FORECASTS = (
    "This page shows what a network that spots words gets of a sound, while its settings are dragged. The experiment "
    "at hand forecasts measurements, which the network takes as they are: columns and window are set on the Experiment "
    "page, and the Data page shows the series. A starter spec of keyword spotting brings this page back."
)


class FeaturesPage(QWidget):
    """Settings at the left; what they do to a sound, and to two labels, at the right."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self.session, self.jobs, self.preferences = session, jobs, preferences
        self.experiment = last_of_clips(session.spec, preferences.last_spec)
        """What the Experiment page says, or said when it was about clips."""
        self._handed: Features | None = None
        self.draft = Draft(self.experiment)
        self._build()
        self._connect()
        self._show_experiment(session.spec or last_spec(preferences.last_spec))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _build(self) -> None:
        self.form = FeaturesForm(self.draft)
        dataset = self.experiment.dataset
        self.live = LivePanel(self.draft.valid.features, dataset.clip_duration_ms, dataset.clip_position)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.live, "Live")
        self.difference = DifferencePanel(self.draft.valid.features, self.experiment.dataset)
        self.tabs.addTab(self.difference, "Class difference")
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self.splitter.addWidget(self._build_settings())
        self.splitter.addWidget(self.tabs)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setSizes([FORM_WIDTH, PICTURES_WIDTH])
        self.preferences.keep_splitter(self.splitter, "features")
        self.preferences.keep_splitter(self.live.splitter, "features-live")
        self.preferences.keep_splitter(self.live.view.splitter, "features-pictures")
        self.elsewhere = OtherTask("This experiment forecasts", FORECASTS)
        self.whole = QStackedLayout(self)
        self.whole.addWidget(self.splitter)
        self.whole.addWidget(self.elsewhere)

    def _build_settings(self) -> QWidget:
        left = QWidget()
        left.setMinimumWidth(320)
        self.gist = ElidedLabel()
        self.gist.setProperty("role", "muted")
        title = QLabel("Features")
        title.setProperty("role", "title")
        self.use_button = QPushButton("Use these settings")
        self.use_button.setProperty("role", "primary")
        self.use_button.setMinimumHeight(32)
        self.use_button.setToolTip("Take them to the Experiment page; what else it says stays")
        self.use_button.clicked.connect(self.use_settings)
        self.back_button = QPushButton("Take the experiment's")
        self.back_button.setProperty("role", "flat")
        self.back_button.setMinimumHeight(32)
        theme.set_icon(self.back_button, "ph.arrow-counter-clockwise", "muted")
        self.back_button.clicked.connect(self.take_experiments)
        self.filters = MelFilters()
        self.filters.setFixedHeight(FILTERS_HEIGHT)
        self.filter_words = ElidedLabel()
        self.filter_words.setProperty("role", "muted")
        self.state = ElidedLabel()
        self.state.setProperty("role", "muted")
        buttons = QHBoxLayout()
        buttons.addWidget(self.use_button)
        buttons.addWidget(self.back_button)
        buttons.addStretch(1)
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 12, 8, 12)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(self.gist)
        column.addWidget(self.form, 1)
        column.addWidget(self.filter_words)
        column.addWidget(self.filters)
        column.addWidget(self.state)
        column.addLayout(buttons)
        return left

    def _connect(self) -> None:
        self.draft.changed.connect(self._show_draft)
        self.session.spec_edited.connect(self._show_experiment)
        self.session.clips_edited.connect(self._read_clips_again)

    # Settings

    @property
    def features(self) -> Features | None:
        """The settings of the controls; None while there is a problem."""
        return valid_features(self.draft)

    def use_settings(self) -> None:
        """Take the settings to the form of the experiment."""
        features = self.features
        if features is not None:
            self._handed = features
            self.session.use_features(features)
            self._show_draft()

    def take_experiments(self) -> None:
        """Go back to the settings of the experiment."""
        self.draft.replace_section("features", self.experiment.features)

    def _show_experiment(self, spec: TrialSpec) -> None:
        """Follow what the experiment's form says, unless other settings are being tried here."""
        hears = isinstance(spec, KeywordSpottingSpec)
        self.whole.setCurrentWidget(self.splitter if hears else self.elsewhere)
        self.setAcceptDrops(hears)
        if not hears:
            return
        follows = self.features == self.experiment.features
        self.experiment = spec
        self._handed = None
        self.live.open_folder(spec.dataset)
        self.difference.use_dataset(spec.dataset)
        self.form.compare_with(spec)
        if follows and self.features != spec.features:
            self.draft.replace_section("features", spec.features)
        self._show_draft()

    def _read_clips_again(self, _folder: Path, _edits: object) -> None:
        self.difference.read_clips_again()

    def _show_draft(self) -> None:
        features = self.features
        in_use = features is not None and features in (self.experiment.features, self._handed)
        self.use_button.setEnabled(features is not None and not in_use)
        self.back_button.setEnabled(features != self.experiment.features)
        if features is None:
            self.state.setText("The pictures keep the last settings without a problem")
            return
        self.gist.setText(essence(features))
        self.filters.show_filters(features)
        self.filter_words.setText(self.filters.words)
        self.state.setText(SAME if in_use else f"The experiment has {essence(self.experiment.features)}")
        dataset = self.experiment.dataset
        self.live.use(features, dataset.clip_duration_ms, dataset.clip_position)
        self.difference.use(features)

    # Keys and drops

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space listens or plays; the arrows step through the clips."""
        key = event.key()
        if self.whole.currentWidget() is self.elsewhere:
            super().keyPressEvent(event)
        elif key == Qt.Key.Key_Space:
            if self.live.source.shows_clip:
                self.live.toggle_playing()
            else:
                self.live.toggle_listening()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and self.live.source.shows_clip:
            self.live.source.step(1 if key == Qt.Key.Key_Right else -1)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Look at the first file dropped."""
        self.tabs.setCurrentWidget(self.live)
        self.live.show_clip(Path(event.mimeData().urls()[0].toLocalFile()))


def main() -> None:
    """Run the page alone."""
    from workbench.app import run_page

    run_page(FeaturesPage)


if __name__ == "__main__":
    main()
