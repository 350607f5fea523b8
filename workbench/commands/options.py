"""Options and arguments that several commands share, with the words that --help shows."""

from pathlib import Path
from typing import Annotated

import typer

_JSON = "workbench.json"


def _remember(context: typer.Context, given: bool) -> bool:  # noqa: FBT001 (typer hands the value over)
    context.meta[_JSON] = given
    return given


def wants_json(context: typer.Context) -> bool:
    """Tell whether the command that ran was asked for JSON."""
    return bool(context.meta.get(_JSON))


AsJson = Annotated[
    bool, typer.Option("--json", callback=_remember, help="Write one JSON document to stdout and nothing else.")
]
StudyArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the study.", show_default=False)]
TrialArgument = Annotated[
    str, typer.Argument(metavar="TRIAL", help="Letter, number, title or folder name of the trial.", show_default=False)
]
StudyOption = Annotated[
    Path,
    typer.Option("--study", metavar="DIR", help="Folder of the study; made when it is not there.", show_default=False),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="PATH",
        help="Folder with one sub-folder of clips per label, or CSV file, as the spec needs.",
        show_default=False,
    ),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="A.B=V", help="Lay one setting over the file; repeatable.", show_default=False),
]
LabelsOption = Annotated[
    str,
    typer.Option("--labels", metavar="A,B,C", help="Labels in the order of the model's outputs.", show_default=False),
]
SpecArgument = Annotated[
    Path, typer.Argument(metavar="SPEC.toml", help="Settings; see resources/specs.", show_default=False)
]
