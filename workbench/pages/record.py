"""The Record & test page: words are recorded, tried on a model, spotted live, and the detector's threshold is tuned.

Runs alone too: ``python -m workbench.pages.record STUDY``.
"""

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from core.audio.microphone import MicrophoneState
from core.datasets.clips import known_labels
from core.datasets.data_folder import data_folder
from core.datasets.layout import place_for_takes
from core.datasets.preprocessing import Preprocessing
from core.errors import WorkbenchError
from core.evaluation.detection import DetectionSettings
from core.experiment.model_choice import ChosenModel
from core.experiment.store import Study
from core.spec import Dataset, KeywordSpottingSpec, TrialSpec
from workbench.form.starter_specs import last_spec
from workbench.jobs import Jobs
from workbench.listening.clip_test_panel import ClipTestPanel
from workbench.listening.foreign_settings import ForeignSettings
from workbench.listening.model import ListeningModel, SettingsMissing, open_listening
from workbench.listening.model_menu import ModelMenu, best_trial
from workbench.listening.part import Listener, NoModel
from workbench.listening.spotting_panel import SpottingPanel
from workbench.listening.tuner_panel import TunerPanel
from workbench.model_words import form_words
from workbench.plots.level_meter import LevelMeter
from workbench.preferences import Preference, Preferences
from workbench.record.panel import RecordPanel
from workbench.session import Session, Undoable
from workbench.sound.microphone_feed import MicrophoneFeed
from workbench.sound.microphone_menu import DeviceMenu
from workbench.widgets.message_bar import MessageBar

FOLDER = Preference("record/folder", "")
PERSON = Preference("record/person", "")
MODEL_SUFFIX = ".tflite"
TRAIN_FIRST = "Train a trial first, or choose a .tflite file above."
FORECASTS = (
    "This page is for keyword spotting: words are recorded and models tried on them. The experiment at hand forecasts "
    "measurements, and what it trains does not listen; how well it does stands on the Trials page."
)
WITHOUT_MODEL = (
    "Record, choose or drop clips, and see what a trained model makes of them: the label it hears, every "
    f"probability, the features it saw, and how often it is right. {TRAIN_FIRST}",
    "Speak, and see the words fire as a trained model hears them: every label's probability over time, the threshold "
    f"they must reach, and what each hop costs. {TRAIN_FIRST}",
    "In a long recording whose words are known, each threshold misses some words and fires at others that nobody "
    f"said. See both errors as a curve and choose the working point on it. {TRAIN_FIRST}",
)


class RecordPage(QWidget):
    """One microphone and one model for all tabs; only the tab in sight listens."""

    def __init__(self, session: Session, jobs: Jobs, preferences: Preferences) -> None:
        super().__init__()
        self.session, self.jobs, self.preferences = session, jobs, preferences
        self.feed = MicrophoneFeed(self)
        self.chosen: ChosenModel | None = None
        self._followed: tuple[str, ...] = ()
        """The trial selected elsewhere that was taken up last."""
        self._build()
        self._connect()
        self._show_task()
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # Building

    def _build(self) -> None:
        folder = Path(str(self.preferences.get(FOLDER)) or data_folder() / "recordings")
        self.message = MessageBar()
        self.foreign = ForeignSettings()
        self.record = RecordPanel(folder, str(self.preferences.get(PERSON)))
        self.preferences.keep_splitter(self.record.splitter, "record")
        self.test = ClipTestPanel(self._place_to_add)
        self.spotting = SpottingPanel()
        self.tuner = TunerPanel(self.jobs)
        self.without_model = [NoModel(words) for words in WITHOUT_MODEL]
        by_model = zip(self.without_model, (self.test, self.spotting, self.tuner), strict=True)
        self.stacks = [_stack(empty, panel) for empty, panel in by_model]
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.record, "Record")
        for stack, words in zip(self.stacks, ("Test", "Live spotting", "Threshold"), strict=True):
            self.tabs.addTab(stack, words)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self.form_note = QLabel(wordWrap=True, margin=8, textFormat=Qt.TextFormat.PlainText)
        self.form_note.setProperty("role", "muted")
        self.form_note.setAccessibleName("How the model takes sound and gives probabilities")
        self.form_note.hide()
        self.elsewhere = QLabel(FORECASTS, wordWrap=True, margin=8)
        self.elsewhere.setProperty("role", "muted")
        self.elsewhere.setContentsMargins(8, 0, 8, 0)
        for widget in (self._build_bar(), self.message, self.elsewhere, self.foreign, self.form_note):
            column.addWidget(widget)
        column.addWidget(self.tabs, 1)

    def _build_bar(self) -> QFrame:
        bar = QFrame()
        bar.setProperty("role", "header")
        self.device = DeviceMenu()
        self.meter = LevelMeter()
        self.model = ModelMenu()
        row = QHBoxLayout(bar)
        row.setContentsMargins(16, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.device, 1)
        row.addWidget(self.meter)
        row.addSpacing(8)
        row.addWidget(self.model, 1)
        return bar

    @property
    def panels(self) -> tuple[Listener, ...]:
        """The tabs, in order."""
        return self.record, self.test, self.spotting, self.tuner

    @property
    def panel(self) -> Listener:
        """The tab in sight."""
        return self.panels[self.tabs.currentIndex()]

    def _connect(self) -> None:
        for panel in self.panels:
            panel.microphone_wanted.connect(self._take_wish)
            panel.said.connect(self._say)
        for empty in self.without_model:
            empty.trial_wanted.connect(self._open_experiment)
        self.feed.heard.connect(self._hear)
        self.feed.state_told.connect(self._show_state)
        self.feed.listening_changed.connect(self._on_listening_changed)
        self.feed.troubled.connect(self._tell_trouble)
        self.device.opened.connect(self.look_for_devices)
        self.device.device_chosen.connect(self._choose_device)
        self.model.target_chosen.connect(self.open_model)
        self.foreign.settings_given.connect(self.open_model)
        self.foreign.failed.connect(self._say)
        self.tabs.currentChanged.connect(self._on_tab)
        self.record.form.edited.connect(self._remember)
        self.record.data_chosen.connect(self._use_as_data)
        for panel in (self.record, self.test):
            panel.undoable.connect(lambda words, undo: self.session.remember(Undoable(words, undo)))
        for panel in (self.spotting, self.tuner):
            panel.settings_changed.connect(self.use_settings)
            panel.keep_clicked.connect(self.keep_working_point)
        self.spotting.quiet_wanted.connect(self._train_quieter)
        self.test.added.connect(lambda take: self._say(f"Added to the data: {take.path}"))
        self.session.spec_edited.connect(self._show_task)
        self.session.study_opened.connect(self._show_study)
        self.session.trials_changed.connect(self._show_trials)

    # Microphone

    def look_for_devices(self) -> None:
        """Offer the microphones that are there now."""
        if not self.feed.is_listening:
            self.device.show_devices(self.feed.devices())

    def _take_wish(self, wanted: bool) -> None:  # noqa: FBT001
        if not wanted:
            self.feed.stop()
            return
        if self.feed.is_listening:
            return
        if self.device.chosen is None:
            self.look_for_devices()
        if self.device.chosen is None or not self.feed.start(self.device.chosen):
            self.panel.end_listening()

    def _choose_device(self, _: object) -> None:
        if self.feed.is_listening:
            self.feed.start(self.device.chosen)

    def _hear(self, samples: np.ndarray) -> None:
        self.panel.hear(samples)

    def _show_state(self, state: MicrophoneState) -> None:
        self.meter.show_level(state.level_dbfs, state.peak, state.clipped)
        self.spotting.show_state(state)

    def _on_listening_changed(self, listening: bool) -> None:  # noqa: FBT001
        if not listening:
            self.meter.clear()
            self.panel.end_listening()

    def _tell_trouble(self, sentence: str) -> None:
        if sentence:
            self.message.show_message(sentence, "Try again", self._try_again)
        else:
            self.message.hide()

    def _try_again(self) -> None:
        self.feed.stop()
        self.look_for_devices()
        if self.device.chosen is not None and not self.panel.is_active:
            self.panel.toggle()

    # Model

    def open_model(self, target: Path, preprocessing: Preprocessing | None = None) -> None:
        """Let a model listen, or say why it cannot."""
        try:
            self._use_model(open_listening(target, preprocessing))
        except SettingsMissing:
            self.foreign.ask_for(target)
        except WorkbenchError as error:
            self._say(str(error))
        # Where that failed, the menu goes back to the model that listens.
        self.model.show_target(self.target)

    @property
    def target(self) -> Path | None:
        """Folder of the trial, or the file, that listens; None when nothing does."""
        return self.chosen and (self.chosen.trial or self.chosen.path)

    def _use_model(self, model: ListeningModel | None) -> None:
        self.foreign.hide()
        self._say("")
        if model is None:
            self.spotting.stop()
        self.chosen = model.chosen if model else None
        said = form_words(model.spotter.form, model.spotter.labels) if model else []
        self.form_note.setText(" ".join(said))
        self.form_note.setVisible(bool(said))
        self.record.use_model(model.classifier if model else None)
        self.test.use_model(model.classifier if model else None)
        self.spotting.use_model(model.spotter if model else None)
        self.tuner.use_model(self.chosen, self.spotting.form.settings)
        for stack in self.stacks:
            stack.setCurrentIndex(int(model is not None))

    def use_settings(self, settings: DetectionSettings) -> None:
        """Put a working point in force, live and in the tuner."""
        self.spotting.use_settings(settings)
        self.tuner.use_settings(self.spotting.form.settings)

    def keep_working_point(self) -> None:
        """Save the working point with the model, for whoever spots with it."""
        from core.experiment.spotting import save_working_point

        if self.chosen is None:
            return
        try:
            path = save_working_point(self.chosen, self.spotting.form.settings)
        except WorkbenchError as error:
            self._say(f"the working point was not kept: {error}")
            return
        self._say(f"Kept with the model: {path}")

    def _show_study(self, study: Study | None) -> None:
        if not self.isVisible():
            return
        self.model.show_study(study)
        wanted = self._wanted(study) if study else None
        if wanted is not None:
            self.open_model(wanted)
        elif self.chosen is not None and not self.model.offers(self.target):
            self._use_model(None)
            self.model.show_target(None)

    def _show_task(self, _spec: TrialSpec | None = None) -> None:
        clips = self._clips
        self.elsewhere.setVisible(clips is None)
        # Looking into the folder waits until somebody would read what is in it.
        if clips is not None and clips.folder and self.isVisible():
            self.record.form.propose_words(clips.labels or known_labels(Path(clips.folder).expanduser(), clips.layout))

    def _show_trials(self, _: frozenset[str]) -> None:
        self._show_study(self.session.study)

    def _wanted(self, study: Study) -> Path | None:
        """Return the trial that was selected elsewhere since, else the best one while none listens."""
        selected = self.session.selection[:1]
        if selected and selected != self._followed:
            self._followed = selected
            folder = study.place_of(selected[0])
            if folder != self.target and self.model.offers(folder):
                return folder
        best = None if self.model.offers(self.target) else best_trial(study)
        return study.place_of(best) if best else None

    # Data

    @property
    def _clips(self) -> Dataset | None:
        """The clips that the experiment is about; None where it is about something else."""
        spec = self.session.spec or last_spec(self.preferences.last_spec)
        return spec.dataset if isinstance(spec, KeywordSpottingSpec) else None

    def _place_to_add(self) -> tuple[Path, str]:
        clips = self._clips
        folder = place_for_takes(clips) if clips else None
        speaker = self.record.recorder.speaker_of(self.record.form.person.text())
        return folder or self.record.form.chosen_folder, speaker

    def _use_as_data(self, folder: Path) -> None:
        clips = self._clips or Dataset()
        self.session.use_dataset(clips.model_copy(update={"folder": str(folder), "labels": ()}))
        self._open_experiment()

    def _train_quieter(self) -> None:
        clips = self._clips or Dataset()
        self.session.use_dataset(clips.model_copy(update={"include_silence": True, "include_unknown": True}))
        self._open_experiment()

    def _remember(self) -> None:
        self.preferences.set(FOLDER, self.record.form.folder.line.text())
        self.preferences.set(PERSON, self.record.form.person.text())

    # Window

    def _say(self, sentence: str) -> None:
        if sentence:
            self.message.show_message(sentence)
        else:
            self.message.hide()

    def _on_tab(self) -> None:
        for panel in self.panels:
            panel.stop()
        self.feed.stop()
        self.setFocus()

    def _open_experiment(self) -> None:
        for action in self.window().actions():
            if action.text() == "Experiment":
                action.trigger()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Space begins and ends what the tab in sight does."""
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.panel.toggle()
        elif event.key() == Qt.Key.Key_Escape and self.panel.is_active:
            self.panel.stop()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Listen with a model that is dropped; let the model hear clips that are."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls()]
        models = [path for path in paths if path.suffix == MODEL_SUFFIX]
        if models:
            self.open_model(models[0])
        clips = [path for path in paths if path not in models]
        if clips:
            self.tabs.setCurrentWidget(self.stacks[0])
            self.test.hear_files(clips)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Look for microphones and models once the page is drawn."""
        super().showEvent(event)
        if not event.spontaneous():
            QTimer.singleShot(0, self, self._arrive)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Nobody is listened to out of sight."""
        super().hideEvent(event)
        if not event.spontaneous():
            for panel in self.panels:
                panel.stop()
            self.feed.stop()

    def _arrive(self) -> None:
        self._show_task()
        self._show_study(self.session.study)
        self.look_for_devices()


def _stack(*pages: QWidget) -> QStackedWidget:
    stack = QStackedWidget()
    for page in pages:
        stack.addWidget(page)
    return stack


def main() -> None:
    """Run the page alone."""
    from workbench.app import run_page

    run_page(RecordPage)


if __name__ == "__main__":
    main()
