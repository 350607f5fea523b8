"""Commands around folders of clips: look one through, fetch one, make one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.options import AsJson

if TYPE_CHECKING:
    from core.experiment.jobs import Job

app = typer.Typer(
    help="Look a folder of clips through, fetch one, make one.", no_args_is_help=True, rich_markup_mode="markdown"
)


@app.command()
def check(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder with one sub-folder per label.", show_default=False)
    ],
    as_json: AsJson = False,
) -> None:
    """Count labels, speakers, durations and rates; name corrupt, silent, clipped and duplicate files.

    Example: `workbench data check clips`
    """
    from core.datasets.check import check_folder
    from workbench import console
    from workbench.commands import data_sheet

    with console.progress() as narrator:
        report = check_folder(folder, narrator)
    if as_json:
        console.answer(report.model_dump(mode="json"))
    else:
        data_sheet.show(report)


@app.command()
def download(
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to put it; your data folder when not given.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch Mini Speech Commands (182 MB), going on where an earlier attempt stopped.

    Example: `workbench data download`
    """
    from core.experiment.jobs import Download

    _run(Download(folder=str(folder.resolve()) if folder else ""), "folder", as_json)


@app.command()
def synthesize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.", show_default=False)],
    labels: Annotated[str, typer.Option("--labels", metavar="A,B,C", help="Words to be spoken.")] = "go,stop",
    clips_per_label: Annotated[
        int, typer.Option("--clips", metavar="N", min=2, max=5000, help="Clips of each word.")
    ] = 100,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Another seed picks other voices.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Have words spoken by espeak-ng in many voices, speeds and pitches. Results on them are marked as synthetic.

    Example: `workbench data synthesize clips --labels go,stop --clips 200`
    """
    from core.experiment.jobs import Synthesize

    words = tuple(word.strip() for word in labels.split(",") if word.strip())
    job = Synthesize(folder=str(folder.resolve()), labels=words, clips_per_label=clips_per_label, seed=seed)
    _run(job, "folder", as_json)


def _run(job: "Job", what: str, as_json: bool) -> None:  # noqa: FBT001
    from workbench import console
    from workbench.worker_process import run_job

    with console.progress(opening="Starting the worker") as narrator:
        found: Any = run_job(job, narrator)
    if as_json:
        console.answer({what: found})
    else:
        console.note(f"{what.capitalize()}: {found}")
