"""Commands that train: one spec, a sweep, or a trial that was interrupted."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.options import (
    AsJson,
    DataOption,
    SettingsOption,
    SpecArgument,
    StudyArgument,
    StudyOption,
    TrialArgument,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.experiment.jobs import AnyJob
    from core.experiment.store import Study, TrialSummary

WorkersOption = Annotated[int, typer.Option("--workers", metavar="N", min=1, max=256, help="Trials at a time.")]


def train(
    spec: SpecArgument,
    study: StudyOption,
    data: DataOption = None,
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Train, compress and measure one trial.

    Example: `workbench train resources/specs/go-stop-tiny.toml --study studies/mine --data clips --set training.seed=1`

    Ctrl+C stops after the batch at hand; `workbench resume` goes on from the last epoch.
    """
    from core.experiment.jobs import Train
    from core.experiment.spec_file import load_spec
    from core.experiment.store import Study
    from core.tasks.registry import find_data

    parsed = load_spec(spec, settings or [], data)
    # Said now instead of by a trial that fails seconds later.
    find_data([parsed])
    opened = Study.open_or_create(study)
    names = (opened.add(parsed),)
    _run(opened, names, Train(study=str(study.resolve()), trials=names), as_json)


def sweep(
    sweep: Annotated[
        Path, typer.Argument(metavar="SWEEP.toml", help="Base and axes; see resources/sweeps.", show_default=False)
    ],
    study: StudyOption,
    workers: WorkersOption = 2,
    data: DataOption = None,
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Train every trial of a sweep, several at a time.

    Features and trained bases are computed once and shared; latencies are measured again at the end, one by one.
    Given again, the command goes on with what is not finished and adds only what is new. The constraints of the sweep,
    if it has any, become those of the study.

    Example: `workbench sweep resources/sweeps/system-b.toml --study studies/b --data clips --workers 2`
    """
    from core.experiment.jobs import RunSweep
    from core.experiment.store import Study
    from core.experiment.sweep import load_sweep
    from core.spec import identity
    from core.tasks.registry import find_data

    loaded = load_sweep(sweep, settings or [], data)
    specs = loaded.expand()
    find_data(specs)
    opened = Study.open_or_create(study)
    if loaded.constraints is not None:
        opened.set_constraints(loaded.constraints)
    known = {summary.identity: summary.name for summary in opened.summaries()}
    names = tuple(known.get(identity(spec)) or opened.add(spec) for spec in specs)
    _run(opened, names, RunSweep(study=str(study.resolve()), trials=names, num_workers=workers), as_json)


def search(
    search: Annotated[
        Path,
        typer.Argument(
            metavar="SEARCH.toml", help="Base, axes and constraints; see resources/searches.", show_default=False
        ),
    ],
    study: StudyOption,
    workers: WorkersOption = 2,
    trials: Annotated[
        int | None,
        typer.Option(
            "--trials", metavar="N", min=1, help="Trials in all; as the file says when not given.", show_default=False
        ),
    ] = None,
    data: DataOption = None,
    settings: SettingsOption = None,
    as_json: AsJson = False,
) -> None:
    """Try some combinations of a sweep's axes, chosen by what earlier trials showed and by constraints.

    Says how many of them meet the constraints, and which of these is the smallest. Trials of the study that lie on the
    axes count and are learnt from, so the command given again goes on, with a higher --trials beyond where it ended.
    The constraints of the file, if it has any, become those of the study.

    Example: `workbench search resources/searches/system-f-b.toml --study studies/f --data climate.csv --workers 2`
    """
    from core.experiment.search import load_search, search_job
    from core.experiment.store import Study
    from core.tasks.registry import find_data
    from workbench import console
    from workbench.commands import trial_table
    from workbench.trials import search_outcome

    loaded = load_search(search, settings or [], data)
    find_data(loaded.examples())
    opened = Study.open_or_create(study)
    if loaded.sweep.constraints is not None:
        opened.set_constraints(loaded.sweep.constraints)
    names = _run_job(opened, search_job(loaded, opened, workers, trials))
    opened.refresh()
    summaries = [opened.summary(name) for name in names]
    if as_json:
        document = trial_table.as_document(opened, summaries)
        console.answer({**document, "search": search_outcome.as_values(opened, summaries)})
    else:
        trial_table.show(opened, summaries)
        if found := search_outcome.sentence(opened, summaries):
            console.note(found)
    _leave_if_unfinished(summaries)


def resume(study: StudyArgument, trial: TrialArgument, as_json: AsJson = False) -> None:
    """Go on with a trial that was cancelled, failed or killed, from its last epoch.

    Example: `workbench resume studies/mine B`
    """
    from core.experiment.jobs import Train
    from core.experiment.store import Study

    opened = Study.open(study)
    names = (opened.find(trial),)
    _run(opened, names, Train(study=str(study.resolve()), trials=names), as_json)


def finalize(study: StudyArgument, trial: TrialArgument, as_json: AsJson = False) -> None:
    """Train the final model: the settings of a finished trial once more, on every clip.

    It has no test of its own, so its accuracy is that of the trial it came from, and marked so. The epochs are as many
    as that trial took to the weights that it kept. Given again, the command goes on or shows what is there.

    Example: `workbench finalize studies/mine B`
    """
    from core.experiment.final import add_final
    from core.experiment.jobs import Train
    from core.experiment.store import Study

    opened = Study.open(study)
    names = (add_final(opened, opened.find(trial)),)
    _run(opened, names, Train(study=str(study.resolve()), trials=names), as_json)


def remeasure(
    study: StudyArgument,
    trials: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TRIAL]...", help="Letters or folder names; all finished ones when none is given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Time finished trials again beside the reference trial, all in one session.

    Example: `workbench remeasure studies/mine A B`
    """
    from core.errors import StudyError
    from core.experiment.jobs import Remeasure
    from core.experiment.store import Study, TrialState

    opened = Study.open(study)
    finished = [summary.name for summary in opened.summaries() if summary.state is TrialState.FINISHED]
    names = tuple(map(opened.find, trials or finished))
    unfinished = [opened.summary(name).letter for name in names if name not in finished]
    if unfinished:
        raise StudyError(f"{', '.join(unfinished)} can not be timed, having no model yet; `workbench resume` trains on")
    _run(opened, names, Remeasure(study=str(study.resolve()), trials=names), as_json)


def _run(study: "Study", names: tuple[str, ...], job: "AnyJob", as_json: bool) -> None:  # noqa: FBT001
    """Run a job over trials and show them; exit with 1 when one of them has no result."""
    from workbench import console
    from workbench.commands import trial_table

    _run_job(study, job)
    study.refresh()
    summaries = [study.summary(name) for name in names]
    if as_json:
        console.answer(trial_table.as_document(study, summaries))
    else:
        trial_table.show(study, summaries)
    _leave_if_unfinished(summaries)


def _run_job(study: "Study", job: "AnyJob") -> Any:
    """Run a job in a worker, showing what it says, and return its answer."""
    from functools import partial

    from workbench import console
    from workbench.commands import trial_table
    from workbench.worker_process import run_job

    with console.progress(partial(trial_table.words, study), "Starting the worker") as narrator:
        return run_job(job, narrator)


def _leave_if_unfinished(summaries: "Sequence[TrialSummary]") -> None:
    from core.experiment.store import TrialState

    if any(summary.state is not TrialState.FINISHED for summary in summaries):
        raise typer.Exit(1)
