"""Long work around clips that the job strip shows: fetching them, having them spoken, judging them with a trial."""

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu

from core.datasets.data_folder import data_folder
from core.evaluation.verdicts import Verdicts, open_verdicts
from core.experiment.jobs import Download, JudgeClips, Synthesize
from core.experiment.store import TrialState, TrialSummary
from core.spec import Dataset
from workbench import number_format
from workbench.jobs import Jobs, JobState, QueuedJob
from workbench.session import Session
from workbench.widgets.plain_text import verbatim

HEARS = "keyword_spotting"
NO_TRIAL = "No trial of this study is finished yet"


class ClipJobs(QObject):
    """Submits what the Data page asks for and tells what came of it; failures are the window's to say."""

    folder_ready = Signal(str)
    verdicts_ready = Signal(object, object, str)
    """Verdicts, the folder whose clips were judged, and the letter of the trial that did."""
    download_stopped = Signal()

    def __init__(self, session: Session, jobs: Jobs, parent: QObject) -> None:
        super().__init__(parent)
        self.session, self.jobs = session, jobs
        self._own: dict[str, str] = {}
        """Jobs by their ids, with the letter of the trial that judges."""
        jobs.ended.connect(self._take)

    def download(self) -> None:
        """Fetch Mini Speech Commands, going on where an earlier attempt stopped; what is there is opened at once."""
        # Imported late: what downloads takes long to load.
        from core.datasets.speech_commands import MINI_SPEECH_COMMANDS

        if clips := MINI_SPEECH_COMMANDS.downloaded:
            self.folder_ready.emit(str(clips))
        else:
            self._own[self.jobs.submit(Download())] = ""

    def synthesize(self, job: Synthesize) -> None:
        """Have clips spoken into a folder of the user's data folder."""
        self._own[self.jobs.submit(job.model_copy(update={"folder": str(data_folder() / job.folder)}))] = ""

    def judge(self, trial: str, dataset: Dataset) -> None:
        """Judge every clip of a data set's folder with a trial's file."""
        study = self.session.opened()
        job = JudgeClips(
            trial=str(study.place_of(trial)), folder=str(Path(dataset.folder).expanduser()), layout=dataset.layout
        )
        self._own[self.jobs.submit(job)] = study.summary(trial).letter

    def fill(self, menu: QMenu, dataset: Dataset) -> None:
        """Offer every trial that can judge, the best one first."""
        menu.clear()
        trials = self.session.study.summaries() if self.session.study else []
        finished = [trial for trial in trials if trial.state is TrialState.FINISHED and trial.task == HEARS]
        for trial in sorted(finished, key=lambda trial: -(trial.accuracy or 0)):
            menu.addAction(verbatim(_title(trial)), lambda name=trial.name: self.judge(name, dataset))
        if menu.isEmpty():
            menu.addAction(NO_TRIAL).setEnabled(False)

    def _take(self, job: QueuedJob) -> None:
        if job.id not in self._own:
            return
        letter = self._own.pop(job.id)
        if job.state is JobState.CANCELLED and isinstance(job.intention, Download):
            self.download_stopped.emit()
        if job.state is not JobState.FINISHED:
            return
        if isinstance(job.intention, JudgeClips):
            verdicts: Verdicts = open_verdicts(Path(job.answer))
            self.verdicts_ready.emit(verdicts, Path(job.intention.folder), letter)
        else:
            self.folder_ready.emit(str(job.answer))


def _title(trial: TrialSummary) -> str:
    accuracy = f", {number_format.percent(trial.accuracy)} %" if trial.accuracy is not None else ""
    return f"{trial.letter}  {trial.title or trial.name}{accuracy}"
