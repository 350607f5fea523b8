"""Threshold: both errors in a long recording with known words, and the working point chosen on their curve."""

import dataclasses
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from core.evaluation.detection import DetectionSettings
from core.events import Event, Progressed
from core.experiment.jobs import AnyJob, Detect, MakeRecording
from core.experiment.model_choice import ChosenModel
from workbench import theme
from workbench.form.fields import guard_wheel
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.listening.detection_form import DetectionForm
from workbench.listening.point_table import PointTable
from workbench.listening.threshold_curve import ThresholdCurve, read_curve
from workbench.plots.det_chart import DetChart
from workbench.sound.file_choice import sound_filter
from workbench.widgets.card import card, icon_button
from workbench.widgets.labelled import labelled

FORM_WIDTH, TABLE_WIDTH = 296, 264
MAKE = "Make a recording and spot in it"
STEPS = 1000
SETTLED_MS = 500
"""A setting that is turned is tried on the recording when it rests."""
WORDS_HEIGHT = 60
READY = (
    "Make a recording: clips of the trial's test part, whose voices it never trained on, at known times over the noise "
    "recordings. Or choose one of your own with a CSV of the same name beside it: time_s,label."
)
READY_WITHOUT_TRIAL = (
    "Choose a recording with a CSV of the same name beside it: time_s,label. One can be made for a trial alone, of "
    "which it is known which clips it never trained on."
)


class TunerPanel(QWidget):
    """Jobs make the recording and spot in it; the rest is looking and choosing."""

    microphone_wanted = Signal(bool)
    said = Signal(str)
    settings_changed = Signal(object)
    """DetectionSettings that the user wants."""
    keep_clicked = Signal()
    is_active = False

    def __init__(self, jobs: Jobs, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Beside what trains, which may take hours.
        self.jobs = jobs.beside()
        self.chosen: ChosenModel | None = None
        self.curve: ThresholdCurve | None = None
        self.recording: Path | None = None
        self._job = ""
        """Identity of the job that is waited for."""
        self._settle = QTimer(self, singleShot=True, interval=SETTLED_MS)
        self._settle.timeout.connect(self._spot)
        self._build()
        self._connect()
        self._show_curve(None)

    def _build(self) -> None:
        self.minutes = QSpinBox(minimum=1, maximum=60, value=10, suffix=" min")
        guard_wheel(self.minutes)
        self.make = QPushButton(MAKE)
        self.make.setProperty("role", "primary")
        self.choose = icon_button(
            "Choose a recording…", "ph.folder-open", "A file of sound with a CSV of its words beside it"
        )
        self.form = DetectionForm()
        self.progress = QProgressBar(maximum=STEPS, textVisible=False)
        self.progress.setAccessibleName("How far the recording is")
        self.doing = QLabel()
        self.doing.setProperty("role", "muted")
        self.keep = icon_button("Keep this working point", "ph.push-pin", "Save it with the model, for the device too")
        length = labelled("Length", self.minutes)
        left = QWidget()
        left.setFixedWidth(FORM_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(16, 16, 8, 12)
        column.setSpacing(12)
        for widget in (length, self.make, self.choose, self.form, self.keep, self.progress, self.doing):
            column.addWidget(widget)
        column.addStretch(1)
        self.chart = DetChart()
        self.table = PointTable()
        self.words = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self.words.setFixedHeight(WORDS_HEIGHT)
        self.words.setContentsMargins(12, 8, 12, 0)
        self.note = QLabel(wordWrap=True)
        self.note.setProperty("role", "warning")
        self.note.setContentsMargins(12, 0, 12, 8)
        stage = card(self.chart, self.words, self.note)
        stage.layout().setStretch(0, 1)
        beside = card(self.table, margins=(1, 1, 1, 1))
        beside.setFixedWidth(TABLE_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 12, 12)
        row.setSpacing(8)
        row.addWidget(left)
        right = QHBoxLayout()
        right.setContentsMargins(0, 12, 0, 0)
        right.addWidget(stage, 1)
        right.addWidget(beside)
        row.addLayout(right, 1)

    def _connect(self) -> None:
        self.make.clicked.connect(self.toggle)
        self.choose.clicked.connect(self.ask_recording)
        self.keep.clicked.connect(self.keep_clicked)
        self.form.settings_changed.connect(self.settings_changed)
        self.chart.point_dragged.connect(self._take_place)
        self.chart.point_chosen.connect(self._take_place)
        self.table.chosen.connect(self._take_place)
        self.jobs.ended.connect(self._on_job_ended)
        self.jobs.session.event_received.connect(self._take_event)

    # What the user does

    def toggle(self) -> None:
        """Make a recording, where that can be, or cancel what goes on."""
        if self._job:
            self.jobs.cancel(self._job)
        else:
            self.make_recording()

    def make_recording(self) -> None:
        """Have test clips put over noise, and spot in them."""
        if self.chosen is not None and self.chosen.trial is not None:
            self._submit(MakeRecording(trial=str(self.chosen.trial), minutes=self.minutes.value()))

    def ask_recording(self) -> None:
        """Let the user choose a recording."""
        path, _ = QFileDialog.getOpenFileName(
            self, "Recording with known words", str(self.recording or ""), sound_filter()
        )
        if path:
            self.spot_in(Path(path))

    def spot_in(self, recording: Path) -> None:
        """Draw the curve of a recording."""
        self.recording = recording
        self._spot()

    def stop(self) -> None:
        """Jobs go on."""

    # What the page tells

    def use_model(self, chosen: ChosenModel | None, settings: DetectionSettings) -> None:
        """Tune another model."""
        if chosen is not None and self.chosen is not None and chosen.trial != self.chosen.trial:
            self.recording = None
        self.chosen = chosen
        self._forget_job()
        self.form.show_settings(settings)
        self._show_curve(None)
        self._show_busy()

    def use_settings(self, settings: DetectionSettings) -> None:
        """Take up settings changed here or elsewhere; but for the threshold they give another curve."""
        self.form.show_settings(settings)
        if self.curve is None:
            return
        if dataclasses.replace(settings, threshold=self.curve.settings.threshold) != self.curve.settings:
            self._settle.start()
        self._show_place(self.curve.at(settings.threshold))

    def hear(self, samples: np.ndarray) -> None:
        """Nothing is heard live here."""

    def end_listening(self) -> None:
        """Nothing is heard live here."""

    # Jobs

    def _submit(self, job: AnyJob) -> None:
        self.said.emit("")
        self._forget_job()
        self._job = self.jobs.submit(job)
        self._show_busy()

    def _spot(self) -> None:
        if self.chosen is not None and self.recording is not None:
            target = self.chosen.trial or self.chosen.path
            self._submit(Detect(model=str(target), wav=str(self.recording), settings=self.form.settings))

    def _on_job_ended(self, job: QueuedJob) -> None:
        if job.id != self._job:
            return
        self._job = ""
        if job.state is JobState.FINISHED and isinstance(job.intention, MakeRecording):
            self.spot_in(Path(job.answer["wav"]))
        elif job.state is JobState.FINISHED:
            self._take_report(job.answer)
        elif job.state is JobState.FAILED:
            self.said.emit(job.message)
        self._show_busy()

    def _forget_job(self) -> None:
        job, self._job = self._job, ""
        if job:
            self.jobs.cancel(job)

    def _take_event(self, event: Event) -> None:
        if isinstance(event, Progressed) and event.job == self._job:
            self.progress.setValue(round(STEPS * event.done / max(1, event.total)))
            self.doing.setText(event.what[:1].upper() + event.what[1:])

    def _take_report(self, report: dict) -> None:
        curve = read_curve(report)
        if curve is None:
            name = Path(report["wav"]).name
            self.said.emit(f"{name}: it is not known what was said; put a CSV of its name beside it: time_s,label")
        self._show_curve(curve)

    # What is shown

    def _show_busy(self) -> None:
        waiting = bool(self._job)
        self.progress.setVisible(waiting)
        self.doing.setVisible(waiting)
        self.progress.setValue(0)
        self.doing.setText("Waiting for a worker")
        self.make.setText("Cancel" if waiting else MAKE)
        theme.set_icon(self.make, "ph.stop" if waiting else "ph.play", "on_accent")
        self.make.setEnabled(waiting or (self.chosen is not None and self.chosen.trial is not None))
        self.make.setToolTip("Clips of the test part over the noise recordings (Space)")
        self.choose.setEnabled(not waiting and self.chosen is not None)

    def _show_curve(self, curve: ThresholdCurve | None) -> None:
        self.curve = curve
        self.chart.show_curve(curve)
        self.table.points.show_curve(curve)
        notes = curve.warnings if curve else ()
        if curve and curve.synthetic:
            notes = ("Synthetic voices: people will sound different.", *notes)
        self.note.setText(" ".join(notes))
        self.note.setVisible(bool(notes))
        if curve is None:
            self.words.setText(READY if self.chosen is None or self.chosen.trial else READY_WITHOUT_TRIAL)
        else:
            self._show_place(curve.at(self.form.settings.threshold))

    def _show_place(self, place: int) -> None:
        if self.curve is not None:
            self.chart.show_place(place)
            self.table.show_place(place)
            self.words.setText(self.curve.words(place))

    def _take_place(self, place: int) -> None:
        """The hand is on a working point: its threshold is in force."""
        if self.curve is not None:
            threshold = self.curve.points[place].threshold
            self._show_place(place)
            if threshold != self.form.settings.threshold:
                self.settings_changed.emit(dataclasses.replace(self.form.settings, threshold=threshold))
