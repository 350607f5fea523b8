"""The whole main job without a window: data, three trials, a table and a picture."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.options import AsJson, DataOption

STUDIES = Path("studies")


def quickstart(
    data: DataOption = None,
    study: Annotated[
        Path | None,
        typer.Option("--study", metavar="DIR", help="Folder of the study; a new one in studies/ when not given."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Do the whole job once: find clips, train three networks, compare them. About three minutes.

    Clips come from --data, else Mini Speech Commands (downloaded once, 174 MB), else from a speech synthesizer; then
    every number is marked as synthetic. With a CSV file of measurements as --data three networks forecast it instead,
    in half a minute.

    Example: `workbench quickstart --data clips --study studies/first`
    """
    from core.experiment.jobs import Quickstart
    from core.experiment.store import Study
    from workbench import console
    from workbench.commands import pareto_picture, trial_table
    from workbench.worker_process import run_job

    folder = study or _unused(STUDIES / "quickstart")
    # The worker makes the study; its trials have names by the time they speak.
    with console.progress(lambda name: trial_table.words(Study.open(folder), name), "Starting TensorFlow") as narrator:
        done = run_job(Quickstart(study=str(folder.resolve()), data=str(data.resolve()) if data else ""), narrator)
    opened = Study.open(folder)
    summaries = [opened.summary(name) for name in done["trials"]]
    picture = opened.folder / "pareto.png"
    pareto_picture.draw(opened, "size", picture)
    if as_json:
        document = trial_table.as_document(opened, summaries)
        console.answer(
            {**document, "data": done["data"], "synthetic": done["synthetic"], "picture": str(picture.resolve())}
        )
        return
    trial_table.show(opened, summaries)
    spoken = " (synthetic clips: the accuracies say little about people's voices)" if done["synthetic"] else ""
    console.note(f"Data: {done['data']}{spoken}")
    console.note(f"Picture: {picture.resolve()}")
    console.note(f"Study: {opened.folder.resolve()}")


def _unused(folder: Path) -> Path:
    """Return the folder, or the first of folder-2, folder-3, … that is not there yet."""
    number = 2
    candidate = folder
    while candidate.exists():
        candidate = folder.with_name(f"{folder.name}-{number}")
        number += 1
    return candidate
