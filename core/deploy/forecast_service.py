"""The forecasting service: the deployed model as a systemd user unit that forecasts at every step."""

from typing import TypeVar

from pydantic import BaseModel

from core.deploy.connection import Connection
from core.deploy.forecast import DeviceForecast, ForecastSource, arguments
from core.deploy.layout import Layout
from core.deploy.service_unit import ServiceUnit, UnitStatus, unit_text

UNIT = "tinyml-workbench-forecaster.service"

_Kept = TypeVar("_Kept", bound=BaseModel)

_STATE_FILE, _SOURCE_FILE, _FORECAST_FILE = "forecaster-state.json", "source.json", "forecast.json"


class ForecastStatus(UnitStatus):
    """How the forecasting service of a device does."""

    source: ForecastSource | None = None
    forecast: DeviceForecast | None = None
    """The last one; it outlives releases and the service."""


class ForecastingService:
    """The service at the other end of a connection. Methods raise DeviceError with a sentence."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._layout = Layout(connection.home)
        self._unit = ServiceUnit(connection, UNIT, "forecasting service", _STATE_FILE)

    def install(self, source: ForecastSource) -> ForecastStatus:
        """Put the deployed model to work on a source, in place of what was installed before, and see that it runs."""
        layout = self._layout
        given = [*arguments(source, layout.home), f"--data={layout.data}", "--json", "--follow"]
        given += [f"--state={self._unit.state_file}", f"--keep={layout.data / _FORECAST_FILE}"]
        text = unit_text(layout, "forecasts from the latest values", "forecast", given)
        hint = self._unit.install(text, {layout.service / _SOURCE_FILE: source.model_dump_json().encode()})
        status = self.status()
        return status.model_copy(update={"message": status.message or hint})

    def start(self) -> None:
        """Start it, or start it anew with what is deployed now. Raises DeviceError with why when it ends at once."""
        self._unit.start()

    def stop(self) -> None:
        """Stop it; it starts again with the device."""
        self._unit.stop()

    def restart_if_running(self) -> None:
        """Let a running service take up the release that was just activated; nothing happens where there is none."""
        self._unit.restart_if_running()

    def uninstall(self) -> None:
        """Take it away; readings and the last forecast stay in the device's data folder."""
        self._unit.remove()
        self._connection.run("rm", "-f", str(self._layout.service / _SOURCE_FILE))

    def status(self) -> ForecastStatus:
        """Return how it does, and what it forecast last."""
        found = self._unit.status()
        source = None
        if found.state != "absent":
            source = self._kept(ForecastSource, str(self._layout.service / _SOURCE_FILE))
        forecast = self._kept(DeviceForecast, str(self._layout.data / _FORECAST_FILE))
        return ForecastStatus(**found.model_dump(), source=source, forecast=forecast)

    def _kept(self, kind: type[_Kept], path: str) -> _Kept | None:
        """Return what is in a file on the device; None where there is none of use."""
        answer = self._connection.run("cat", path)
        try:
            return kind.model_validate_json(answer.out) if answer.status == 0 else None
        except ValueError:
            return None
