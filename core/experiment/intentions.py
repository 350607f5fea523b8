"""What each intention of `jobs.py` does: a call of the function that the command line would make as well."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from core.audio.synthesis import ACCENTS, VoiceRange
from core.datasets import synthetic
from core.datasets.catalogue import make_catalogue
from core.datasets.check import check_folder
from core.datasets.download import download
from core.datasets.jena import JENA
from core.datasets.speech_commands import MINI_SPEECH_COMMANDS
from core.datasets.table_check import check_table, is_table
from core.events import Emit
from core.experiment import device_intentions, jobs, latencies, pool, runner
from core.experiment.clip_judgement import judge_clips
from core.experiment.detection_report import DetectionReport, detect_file
from core.experiment.long_recording import LongRecording, kept_recording, make_long_recording
from core.experiment.quickstart import find_data, quickstart_specs
from core.experiment.search import Search
from core.experiment.search_runner import run_search
from core.experiment.spotting import open_spotter
from core.experiment.store import Study
from core.experiment.sweep import Sweep
from core.experiment.trial_folder import read_spec
from core.spec import KeywordSpottingSpec, SeriesData, of_task
from core.tasks.registry import TASKS

_TAKES_A_VOICE = 2


def carry_out(job: jobs.AnyJob, emit: Emit) -> Any:
    """Do what a job asks for and return its answer as JSON values. Raises WorkbenchError or TrialCancelled."""
    match job:
        case jobs.Train():
            return runner.run_all(Study.open(job.study), job.trials, emit)
        case jobs.RunSweep():
            return pool.run_many(Study.open(job.study), job.trials, job.num_workers, emit, job.scheduler)
        case jobs.RunSearch():
            search = Search(Sweep(job.base, job.axes), job.num_trials, job.seed)
            return run_search(Study.open(job.study), search, job.num_workers, emit, job.scheduler)
        case jobs.Remeasure():
            return latencies.remeasure(Study.open(job.study), job.trials, emit)
        case jobs.Download():
            archive = {"mini_speech_commands": MINI_SPEECH_COMMANDS, "jena": JENA}[job.data]
            archive = replace(archive, url=job.url or archive.url)
            return str(download(archive, Path(job.folder) if job.folder else None, emit))
        case jobs.Synthesize():
            return _synthesize(job, emit)
        case jobs.MakeRecording():
            return _make_recording(job, emit).model_dump(mode="json")
        case jobs.Detect():
            return _detect(job, emit).model_dump(mode="json")
        case jobs.CheckData():
            path = Path(job.folder).expanduser()
            if is_table(path):
                return check_table(job.table or SeriesData(file=job.folder), emit).model_dump(mode="json")
            return check_folder(path, emit, job.layout, job.speaker_pattern).model_dump(mode="json")
        case jobs.Catalogue():
            return str(make_catalogue(job.dataset, job.split, emit))
        case jobs.JudgeClips():
            return str(judge_clips(Path(job.trial), Path(job.folder), emit, job.layout))
        case jobs.Quickstart():
            return _quickstart(job, emit)
        case _:
            return device_intentions.carry_out(job, emit)


def _synthesize(job: jobs.Synthesize, emit: Emit) -> str:
    num_voices = job.num_voices or -(-job.clips_per_label // _TAKES_A_VOICE)
    takes = -(-job.clips_per_label // num_voices)
    among = VoiceRange(job.accents or ACCENTS, job.speeds, job.pitches)
    return str(synthetic.make_clips(Path(job.folder), job.labels, num_voices, takes, job.seed, emit, among))


def _make_recording(job: jobs.MakeRecording, emit: Emit) -> LongRecording:
    spec = of_task(read_spec(Path(job.trial)), KeywordSpottingSpec)
    if job.wav:
        return make_long_recording(spec, Path(job.wav), job.minutes, job.seed, job.background_volume, emit)
    return kept_recording(spec, job.minutes, job.seed, job.background_volume, emit)


def _detect(job: jobs.Detect, emit: Emit) -> DetectionReport:
    spotter = open_spotter(job.model, job.settings)
    return detect_file(spotter, Path(job.wav), Path(job.truth) if job.truth else None, emit)


def _quickstart(job: jobs.Quickstart, emit: Emit) -> dict[str, Any]:
    data = find_data(Path(job.data) if job.data else None, emit)
    specs = quickstart_specs(data)
    TASKS[specs[0].task].find_data(specs[0])
    study = Study.open_or_create(job.study, "Quick start")
    names = [study.add(spec) for spec in specs]
    runner.run_all(study, names, emit)
    # One session for all three, so that their times can be compared.
    latencies.remeasure(study, names, emit)
    is_synthetic = any(study.summary(name).synthetic for name in names)
    return {"study": str(study.folder), "data": str(data), "synthetic": is_synthetic, "trials": names}
