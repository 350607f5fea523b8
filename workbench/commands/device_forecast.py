"""The command that forecasts on a device."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.device_session import Answers, NameArgument, PasswordOption, ask_device, follow_device
from workbench.commands.options import AsJson

if TYPE_CHECKING:
    from core.deploy.forecast import ForecastSource
    from core.events import DeviceSaid, Event


CsvOption = Annotated[str, typer.Option("--csv", metavar="PATH", help="CSV file on the device.")]
SqliteOption = Annotated[
    str, typer.Option("--sqlite", metavar="PATH", help="File of SQLite there, such as the monitor's.")
]
CommandOption = Annotated[
    str,
    typer.Option(
        "--command",
        metavar="LINE",
        help="Line for the shell there that reads a sensor, such as `python3 dht22.py`; its readings are kept.",
    ),
]
TableOption = Annotated[str, typer.Option("--table", metavar="NAME", help="Table of the file of SQLite.")]
TimeOption = Annotated[str, typer.Option("--time-column", metavar="NAME", help="Column of times.")]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column", metavar="INPUT=COLUMN", help="Which column is an input of the model. Repeatable; else by name."
    ),
]
AgeOption = Annotated[bool, typer.Option("--any-age", help="Forecast from old rows as well.")]


class Verb(StrEnum):
    """What can be done with a device that forecasts by itself."""

    install = "install"
    start = "start"
    stop = "stop"
    status = "status"
    uninstall = "uninstall"


def forecast(
    name: NameArgument,
    csv: CsvOption = "",
    sqlite: SqliteOption = "",
    command: CommandOption = "",
    table: TableOption = "",
    time_column: TimeOption = "",
    column: ColumnOption = None,
    any_age: AgeOption = False,
    follow: Annotated[bool, typer.Option("--follow", help="Go on at every step of the model, until Ctrl+C.")] = False,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Forecast on a device with the deployed model, from the last window of a table or a sensor there.

    With --follow and --json there is one JSON document a line.

    Example: `workbench device forecast garden --command "python3 dht22.py" --follow`
    """
    from core.experiment.service_jobs import FollowForecasts, ForecastOnDevice
    from workbench import console
    from workbench.commands import forecast_sheet

    source = _source({"csv": csv, "sqlite": sqlite, "command": command}, table, time_column, column or [], any_age)
    answers = Answers(password_stdin=password_stdin)
    if follow:
        follow_device(FollowForecasts(device=name, source=source), answers, _narrator(name, as_json))
        return
    answer = ask_device(ForecastOnDevice(device=name, source=source), answers)
    if as_json:
        console.answer(answer)
    else:
        forecast_sheet.show(name, answer["forecast"])


def forecaster(
    name: NameArgument,
    verb: Annotated[Verb, typer.Argument(help="What to do with it.", show_default=False)],
    csv: CsvOption = "",
    sqlite: SqliteOption = "",
    command: CommandOption = "",
    table: TableOption = "",
    time_column: TimeOption = "",
    column: ColumnOption = None,
    any_age: AgeOption = False,
    password_stdin: PasswordOption = False,
    as_json: AsJson = False,
) -> None:
    """Let the deployed model forecast at every step, from the device's start on, and see what it forecast last.

    Example: `workbench device forecaster garden install --command "python3 dht22.py"`
    """
    from core.experiment.service_jobs import ControlForecaster, InstallForecaster
    from workbench import console
    from workbench.commands import forecast_sheet

    job: ControlForecaster | InstallForecaster
    if verb is Verb.install:
        source = _source({"csv": csv, "sqlite": sqlite, "command": command}, table, time_column, column or [], any_age)
        job = InstallForecaster(device=name, source=source)
    else:
        job = ControlForecaster.model_validate({"device": name, "verb": verb.value})
    status = ask_device(job, Answers(password_stdin=password_stdin))
    if as_json:
        console.answer(status)
    else:
        forecast_sheet.show_status(status)


def _source(
    places: dict[str, str],
    table: str,
    time_column: str,
    column: list[str],
    any_age: bool,  # noqa: FBT001
) -> "ForecastSource":
    from core.deploy.forecast import ForecastSource

    given = {kind: place for kind, place in places.items() if place}
    if len(given) != 1:
        raise typer.BadParameter("name one of them to forecast from", param_hint="--csv, --sqlite or --command")
    ((kind, place),) = given.items()
    columns = {}
    for text in column:
        wanted, mark, there = text.rpartition("=")
        if not mark or not wanted or not there:
            raise typer.BadParameter(f"INPUT=COLUMN is wanted, not {text!r}", param_hint="--column")
        columns[wanted] = there
    values: dict[str, Any] = {"kind": kind, "place": place, "table": table, "time_column": time_column}
    return ForecastSource.model_validate({**values, "columns": columns, "any_age": any_age})


def _narrator(name: str, as_json: bool) -> "Any":  # noqa: FBT001
    import json

    from core.events import DeviceSaid
    from workbench import console
    from workbench.commands import forecast_sheet

    def tell(said: "DeviceSaid") -> None:
        if as_json:
            console.answer_text(json.dumps({"what": said.what, **said.values}) + "\n")
        elif said.what == "DeviceForecast":
            forecast_sheet.show(name, said.values)
        elif said.what == "ForecastTrouble":
            console.note(said.values["message"])

    def hear(event: "Event") -> None:
        if isinstance(event, DeviceSaid):
            tell(event)

    return hear
