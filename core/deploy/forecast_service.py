"""The forecasting service: the deployed model as a systemd user unit that forecasts at every step."""

from typing import TypeVar

from pydantic import BaseModel

from core.deploy.forecast import DeviceForecast, ForecastSource, arguments
from core.deploy.service_unit import ServiceUnit, UnitStatus, unit_text

UNIT = "tinyml-workbench-forecaster.service"

_Kept = TypeVar("_Kept", bound=BaseModel)

_FORECAST_FILE = "forecast.json"


class ForecastStatus(UnitStatus):
    """How the forecasting service of a device does."""

    source: ForecastSource | None = None
    forecast: DeviceForecast | None = None
    """The last one; it outlives releases and the service."""


class ForecastingService(ServiceUnit):
    """The forecasting service at the other end of a connection. Methods raise DeviceError with a sentence."""

    name = UNIT
    what = "forecasting service"
    state_name = "forecaster-state.json"
    settings_name = "source.json"

    def install(self, source: ForecastSource) -> ForecastStatus:
        """Put the deployed model to work on a source, in place of what was installed before, and see that it runs."""
        layout = self.layout
        given = [*arguments(source, layout.home), f"--data={layout.data}", "--json", "--follow"]
        given += [f"--state={self.state_file}", f"--keep={layout.data / _FORECAST_FILE}"]
        text = unit_text(layout, "forecasts from the latest values", "forecast", given)
        hint = self._put_to_work(text, source.model_dump_json().encode())
        status = self.status()
        return status.model_copy(update={"message": status.message or hint})

    def status(self) -> ForecastStatus:
        """Return how it does, and what it forecast last."""
        found = super().status()
        source = None
        if found.state != "absent":
            source = self._kept(ForecastSource, str(self.settings_file))
        forecast = self._kept(DeviceForecast, str(self.layout.data / _FORECAST_FILE))
        return ForecastStatus(**found.model_dump(), source=source, forecast=forecast)

    def _kept(self, kind: type[_Kept], path: str) -> _Kept | None:
        """Return what is in a file on the device; None where there is none of use."""
        answer = self._connection.run("cat", path)
        try:
            return kind.model_validate_json(answer.out) if answer.status == 0 else None
        except ValueError:
            return None
