"""The forecast of the release in force on a device, of a table or a sensor there."""

from collections.abc import Generator
from contextlib import closing
from pathlib import PurePosixPath
from typing import Literal, Self

from pydantic import BaseModel, Field, model_validator

from core.deploy import programs
from core.deploy.connection import Connection
from core.deploy.layout import Layout
from core.deploy.told import TOLD, Moment, objects, understood
from core.errors import DeviceError

SourceKind = Literal["csv", "sqlite", "command"]


class _Told(BaseModel):
    model_config = TOLD


class ForecastSource(_Told):
    """Where the latest values come from."""

    kind: SourceKind
    place: str = Field(
        min_length=1, description="Path on the device, seen from the home folder, or a line for the shell."
    )
    table: str = Field("", description="Of SQLite; the first that has the columns when empty.")
    time_column: str = Field("", description="Column of times; found by its name when empty.")
    columns: dict[str, str] = Field(default_factory=dict, description="Inputs of the model, and the column of each.")
    any_age: bool = Field(False, description="Forecast from old rows as well.")


class Quantity(_Told):
    """Values of one quantity over a stretch of time."""

    column: str
    name: str
    unit: str
    values: tuple[float, ...]


class Stretch(_Told):
    """Times, with the device's time zone where its source tells one, and the values at each."""

    times: tuple[Moment, ...]
    quantities: tuple[Quantity, ...]

    @model_validator(mode="after")
    def _one_value_a_time(self) -> Self:
        if any(len(quantity.values) != len(self.times) for quantity in self.quantities):
            raise ValueError("there is not one value for each time")
        return self


class DeviceForecast(_Told):
    """What a device forecasts, and the values that it goes by."""

    source: str
    step_minutes: float = Field(gt=0)
    past: Stretch
    coming: Stretch


class SensorReading(_Told):
    """What a sensor's command told."""

    time: Moment
    values: dict[str, float]


class ForecastTrouble(_Told):
    """Why there is no forecast at this step."""

    message: str
    is_waiting: bool = Field(description="Rows are still missing; they will come with time.")


ForecastTold = DeviceForecast | SensorReading | ForecastTrouble


def forecast_once(connection: Connection, source: ForecastSource) -> tuple[DeviceForecast, SensorReading | None]:
    """Return the forecast of this moment, with the reading taken for it. Raises DeviceError with a sentence."""
    reading, forecast = None, None
    with closing(_told(connection, source)) as told:
        for line in told:
            if isinstance(line, SensorReading):
                reading = line
            elif isinstance(line, DeviceForecast):
                forecast = line
    if forecast is None:
        raise DeviceError(f"{connection.name}: ended without a forecast; deploy the model again")
    return forecast, reading


def follow_forecasts(connection: Connection, source: ForecastSource) -> Generator[ForecastTold, None, None]:
    """Yield forecasts step by step for as long as the caller takes them; closing the iterator ends it there."""
    return _told(connection, source, "--follow")


def _told(connection: Connection, source: ForecastSource, *options: str) -> Generator[ForecastTold, None, None]:
    layout = Layout(connection.home)
    given = [*arguments(source, layout.home), f"--data={layout.data}", "--json", *options]
    with closing(objects(programs.lines(connection, "forecast", *given), connection.name)) as told:
        for values in told:
            match values["kind"]:
                case "forecast":
                    yield understood(DeviceForecast, values, connection.name)
                case "reading":
                    yield understood(SensorReading, values, connection.name)
                case "waiting" | "warned" as kind:
                    told_of = {**values, "is_waiting": kind == "waiting"}
                    yield understood(ForecastTrouble, told_of, connection.name)


def arguments(source: ForecastSource, home: PurePosixPath) -> list[str]:
    """Return a source as the program on the device takes it."""
    # The program runs in the folder of its release, where nobody keeps a table.
    is_path = source.kind != "command" and not source.place.startswith("~")
    place = str(home / source.place) if is_path else source.place
    found = [f"--{source.kind}={place}"]
    found += [f"--table={source.table}"] if source.table else []
    found += [f"--time-column={source.time_column}"] if source.time_column else []
    found += [f"--column={wanted}={column}" for wanted, column in source.columns.items()]
    return [*found, *(["--any-age"] if source.any_age else [])]
