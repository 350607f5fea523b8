"""The command that forecasts on this machine."""

from pathlib import Path
from typing import Annotated

import typer

from workbench.commands.options import AsJson, StudyArgument, TrialArgument


def forecast(
    study: StudyArgument,
    trial: TrialArgument,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="CSV file with the inputs of the trial.", show_default=False)
    ],
    time_column: Annotated[str, typer.Option("--time-column", metavar="NAME", help="Column of times.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="INPUT=COLUMN", help="Which column is an input of the trial. Repeatable; else by name."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Forecast what follows the last rows of a CSV file, with the trial's .tflite file.

    Example: `workbench forecast studies/weather A climate.csv`
    """
    from core.errors import StudyError
    from core.experiment.forecasts import forecast_table
    from core.experiment.store import Study, TrialState
    from workbench import console
    from workbench.commands import forecast_sheet

    opened = Study.open(study)
    name = opened.find(trial)
    summary = opened.summary(name)
    if summary.state is not TrialState.FINISHED:
        raise StudyError(f"trial {summary.letter} has no model to forecast with, for {summary.plight}")
    if summary.task != "forecasting":
        raise StudyError(f"{summary.letter} spots keywords; choose a trial that forecasts")
    columns = dict(one.split("=", 1) for one in column or [] if "=" in one)
    if len(columns) != len(column or []):
        raise typer.BadParameter("must look like INPUT=COLUMN, each input once", param_hint="--column")
    found = forecast_table(opened.folder_of(name), table, time_column, columns)
    if as_json:
        console.answer(found.model_dump(mode="json"))
    else:
        forecast_sheet.show(f"{summary.letter} {summary.title}".rstrip(), found.model_dump())
