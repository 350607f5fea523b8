"""The command that forecasts on a device."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.device_session import Answers, NameArgument, PasswordOption, ask_device
from workbench.commands.options import AsJson

if TYPE_CHECKING:
    from core.deploy.forecast import ForecastSource
    from core.events import DeviceSaid, Event

_KINDS = ("csv", "sqlite", "command")


def forecast(
    name: NameArgument,
    csv: Annotated[str, typer.Option("--csv", metavar="PATH", help="CSV file on the device.")] = "",
    sqlite: Annotated[
        str, typer.Option("--sqlite", metavar="PATH", help="File of SQLite there, such as the monitor's.")
    ] = "",
    command: Annotated[
        str,
        typer.Option(
            "--command",
            metavar="LINE",
            help="Line for the shell there that reads a sensor, such as `python3 dht22.py`; its readings are kept.",
        ),
    ] = "",
    table: Annotated[str, typer.Option("--table", metavar="NAME", help="Table of the file of SQLite.")] = "",
    time_column: Annotated[str, typer.Option("--time-column", metavar="NAME", help="Column of times.")] = "",
    column: Annotated[
        list[str] | None,
        typer.Option(
            "--column", metavar="INPUT=COLUMN", help="Which column is an input of the model. Repeatable; else by name."
        ),
    ] = None,
    any_age: Annotated[bool, typer.Option("--any-age", help="Forecast from old rows as well.")] = False,
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

    given = {kind: place for kind, place in zip(_KINDS, (csv, sqlite, command), strict=True) if place}
    if len(given) != 1:
        raise typer.BadParameter("name one of them to forecast from", param_hint="--csv, --sqlite or --command")
    ((kind, place),) = given.items()
    source = _source(kind, place, table, time_column, column or [], any_age)
    answers = Answers(password_stdin=password_stdin)
    if follow:
        ask_device(FollowForecasts(device=name, source=source), answers, narrator=_narrator(name, as_json))
        return
    answer = ask_device(ForecastOnDevice(device=name, source=source), answers)
    if as_json:
        console.answer(answer)
    else:
        forecast_sheet.show(name, answer["forecast"])


def _source(
    kind: str,
    place: str,
    table: str,
    time_column: str,
    column: list[str],
    any_age: bool,  # noqa: FBT001
) -> "ForecastSource":
    from core.deploy.forecast import ForecastSource

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
