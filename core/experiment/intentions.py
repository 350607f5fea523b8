"""What each intention of `jobs.py` does: a call of the function that the command line would make as well."""

from collections.abc import Callable, Mapping
from typing import Any

from core.events import Emit
from core.experiment import jobs, pool, runner
from core.experiment.export import export_trial
from core.experiment.store import Study


def carry_out(job: jobs.AnyJob, emit: Emit) -> Any:
    """Do what a job asks for and return its answer. Raises WorkbenchError or TrialCancelled."""
    return _ACTIONS[type(job)](job, emit)


def _train(job: jobs.Train, emit: Emit) -> list[str]:
    return runner.run_all(Study.open(job.study), job.trials, emit)


def _sweep(job: jobs.RunSweep, emit: Emit) -> list[str]:
    return pool.run_many(Study.open(job.study), job.trials, job.num_workers, emit, job.scheduler)


def _remeasure(job: jobs.Remeasure, emit: Emit) -> list[str]:
    return runner.remeasure(Study.open(job.study), job.trials, emit)


def _export(job: jobs.Export, emit: Emit) -> list[str]:
    study = Study.open(job.study)
    return [str(path) for path in export_trial(study, job.trial, job.format, job.target)]


_ACTIONS: Mapping[type[jobs.Job], Callable[[Any, Emit], Any]] = {
    jobs.Train: _train,
    jobs.RunSweep: _sweep,
    jobs.Remeasure: _remeasure,
    jobs.Export: _export,
}
