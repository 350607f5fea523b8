"""Commands around data: look a folder of clips or a CSV file through, fetch data sets, make clips."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.settings.clips import Layout
from workbench.commands.options import AsJson

if TYPE_CHECKING:
    from core.experiment.jobs import AnyJob
    from core.spec import SeriesData

app = typer.Typer(
    help="Look clips or measurements through, fetch data sets, make clips.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)


@app.command()
def check(
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", help="Folder with one sub-folder per label, or CSV file.", show_default=False),
    ],
    layout: Annotated[Layout, typer.Option("--layout", help="Where the labels of clips come from.")] = "automatic",
    speaker_pattern: Annotated[
        str,
        typer.Option(
            "--speaker-pattern", metavar="REGEX", help="Finds the speaker in a clip's name, in its one group."
        ),
    ] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="DATASET.B=V", help="How a CSV file is read; repeatable.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Look through clips (labels, speakers, rates, faulty files) or through a CSV file (columns, gaps, missing values).

    Example: `workbench data check clips` or `workbench data check history.csv --set dataset.shape=wide`
    """
    from core.datasets.check import check_folder
    from core.datasets.table_check import TableReport, check_table, is_table
    from workbench import console
    from workbench.commands import data_sheet, table_sheet

    if settings and not is_table(path):
        raise typer.BadParameter("says how a CSV file is read; for clips there is --layout", param_hint="--set")
    with console.progress() as narrator:
        report = (
            check_table(_table(path, settings or []), narrator)
            if is_table(path)
            else check_folder(path, narrator, layout, _pattern(speaker_pattern))
        )
    if as_json:
        console.answer(report.model_dump(mode="json"))
    elif isinstance(report, TableReport):
        table_sheet.show(report)
    else:
        data_sheet.show(report)


def _table(path: Path, settings: list[str]) -> "SeriesData":
    """Return a CSV file with what is said of how it is read. Raises SpecError."""
    from core.experiment.spec_file import apply_settings
    from core.spec import ForecastingSpec, of_task, parse_spec

    values = {"task": "forecasting", "dataset": {"file": str(path)}}
    return of_task(parse_spec(apply_settings(values, settings)), ForecastingSpec).dataset


def _pattern(text: str) -> str:
    from core.settings.clips import fault_of_pattern

    if fault := fault_of_pattern(text):
        raise typer.BadParameter(fault, param_hint="--speaker-pattern")
    return text


class DataSet(StrEnum):
    """What can be fetched."""

    CLIPS = "mini-speech-commands"
    JENA = "jena"


@app.command()
def download(
    data_set: Annotated[
        DataSet, typer.Argument(help="Mini Speech Commands (174 MB), or the Jena climate of 2009 to 2016 (13 MB).")
    ] = DataSet.CLIPS,
    folder: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Where to put it; your data folder when not given.")
    ] = None,
    url: Annotated[
        str, typer.Option("--from", metavar="URL", help="Another server that has the same archive, such as your own.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Fetch a data set, going on where an earlier attempt stopped.

    Example: `workbench data download` or `workbench data download jena`
    """
    from core.experiment.jobs import Download

    is_table = data_set is DataSet.JENA
    job = Download(
        data="jena" if is_table else "mini_speech_commands", folder=str(folder.resolve()) if folder else "", url=url
    )
    _run(job, "file" if is_table else "folder", as_json)


_WORDS_HELP = "Words to be spoken."
VoicesOption = Annotated[
    int, typer.Option("--voices", metavar="N", min=0, max=5000, help="Voices that share them; 0 gives each two clips.")
]
AccentsOption = Annotated[
    str, typer.Option("--accents", metavar="A,B,C", help="Of espeak-ng, such as en-us,de; English ones if none.")
]
SpeedsOption = Annotated[str, typer.Option("--speeds", metavar="LOW-HIGH", help="In words per minute.")]
PitchesOption = Annotated[str, typer.Option("--pitches", metavar="LOW-HIGH", help="Of 0 to 99.")]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Another seed picks other voices.")]
_SPEEDS, _PITCHES = "120-199", "25-75"


@app.command("synthesize")
def synthesize_folder(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.", show_default=False)],
    labels: Annotated[str, typer.Option("--labels", metavar="A,B,C", help=_WORDS_HELP)] = "go,stop",
    clips_per_label: Annotated[
        int, typer.Option("--clips", metavar="N", min=2, max=5000, help="Clips of each word.")
    ] = 100,
    voices: VoicesOption = 0,
    accents: AccentsOption = "",
    speeds: SpeedsOption = _SPEEDS,
    pitches: PitchesOption = _PITCHES,
    seed: SeedOption = 0,
    as_json: AsJson = False,
) -> None:
    """Have words spoken by espeak-ng in many voices, speeds and pitches. Results on them are marked as synthetic.

    Example: `workbench data synthesize clips --labels go,stop --clips 200`
    """
    synthesize(labels, folder, clips_per_label, voices, accents, speeds, pitches, seed, as_json)


def synthesize(
    words: Annotated[str, typer.Option("--words", metavar="A,B,C", help=_WORDS_HELP, show_default=False)],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder to make.", show_default=False)],
    clips_per_label: Annotated[
        int, typer.Option("--count", metavar="N", min=2, max=5000, help="Clips of each word.")
    ] = 100,
    voices: VoicesOption = 0,
    accents: AccentsOption = "",
    speeds: SpeedsOption = _SPEEDS,
    pitches: PitchesOption = _PITCHES,
    seed: SeedOption = 0,
    as_json: AsJson = False,
) -> None:
    """Have words spoken by espeak-ng in many voices, speeds and pitches. Results on them are marked as synthetic.

    Example: `workbench synthesize --words go,stop --count 200 --voices 50 --speeds 100-220 --out clips`
    """
    from core.experiment.jobs import Synthesize

    job = Synthesize(
        folder=str(out.resolve()),
        labels=_listed(words),
        clips_per_label=clips_per_label,
        num_voices=voices,
        accents=_listed(accents),
        speeds=_range(speeds, "--speeds"),
        pitches=_range(pitches, "--pitches"),
        seed=seed,
    )
    _run(job, "folder", as_json)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _range(text: str, option: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        raise typer.BadParameter(f"must look like 120-199, is {text!r}", param_hint=option) from None


def _run(job: "AnyJob", what: str, as_json: bool) -> None:  # noqa: FBT001
    from workbench import console
    from workbench.worker_process import run_job

    with console.progress(opening="Starting the worker") as narrator:
        found: Any = run_job(job, narrator)
    if as_json:
        console.answer({what: found})
    else:
        console.note(f"{what.capitalize()}: {found}")
